/*
 * call host port, call path: connect, say nothing, and copy what comes to fd
 * 1.  call -p: print a TCP port that is free on the loopback interface.
 *
 * The other side of the greet test, on socket calls alone.  Patient for 30 s.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static int
freeport(void)
{
	struct sockaddr_in a;
	socklen_t len;
	int fd;

	fd = socket(AF_INET, SOCK_STREAM, 0);
	a = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	len = sizeof a;
	if(fd < 0 || bind(fd, (struct sockaddr*)&a, sizeof a) < 0
	|| getsockname(fd, (struct sockaddr*)&a, &len) < 0)
		die("call: port");
	printf("%d\n", ntohs(a.sin_port));
	return 0;
}

static int
calltcp(const char *host, const char *port)
{
	struct sockaddr_in a;
	int fd;

	a = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((in_port_t)atoi(port))};
	if(inet_pton(AF_INET, host, &a.sin_addr) != 1)
		die(host);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if(fd < 0 || connect(fd, (struct sockaddr*)&a, sizeof a) < 0)
		die("call");
	return fd;
}

static int
callunix(const char *path)
{
	struct sockaddr_un a;
	int fd;

	a = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if(fd < 0 || connect(fd, (struct sockaddr*)&a, sizeof a) < 0)
		die("call");
	return fd;
}

int
main(int argc, char *argv[])
{
	char buf[512];
	ssize_t n;
	int fd;

	alarm(30);
	if(argc == 2 && strcmp(argv[1], "-p") == 0)
		return freeport();
	if(argc != 2 && argc != 3){
		fprintf(stderr, "usage: call host port | call path | call -p\n");
		return 2;
	}
	fd = argc == 3? calltcp(argv[1], argv[2]): callunix(argv[1]);
	while((n = read(fd, buf, sizeof buf)) > 0)
		if(write(1, buf, (size_t)n) != n)
			die("call: write");
	if(n < 0)
		die("call: read");
	return 0;
}
