/*
 * A client as servers fear it, on socket calls alone.
 *
 *	toolclient port			print a TCP port that is free on the loopback interface
 *	toolclient say port		fd 0 to the server, what it says to fd 1, until it hangs up
 *	toolclient loris n port		n connections; a byte of a head now and then on each, until
 *					the server has hung up on all; prints how many said 408
 *	toolclient reset n port path	n times: ask for path, take a little, and reset
 *	toolclient stall port path	ask for path, take nothing for a second, then all: prints how
 *					much that was
 *	toolclient half port		fd 0 to the server, say that this was all, then what it says to fd 1
 *
 * Patient for 60 s.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
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
		die("toolclient: port");
	printf("%d\n", ntohs(a.sin_port));
	return 0;
}

static int
call(const char *port)
{
	struct sockaddr_in a;
	int fd;

	a = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons((in_port_t)atoi(port)),
		.sin_addr = {htonl(INADDR_LOOPBACK)},
	};
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if(fd < 0 || connect(fd, (struct sockaddr*)&a, sizeof a) < 0)
		die("toolclient: call");
	return fd;
}

static void
writeall(int fd, const char *buf, ssize_t n)
{
	ssize_t r;

	for(; n > 0; n -= r, buf += r){
		r = write(fd, buf, (size_t)n);
		if(r < 0)
			die("toolclient: write");
	}
}

/* some of what it says to fd 1 */
static ssize_t
copysome(int fd)
{
	char buf[8192];
	ssize_t n;

	n = read(fd, buf, sizeof buf);
	if(n > 0)
		writeall(1, buf, n);
	return n;
}

/* some of fd 0 to it: 0 at the end */
static int
some(int fd)
{
	char buf[8192];
	ssize_t n, r, m;

	n = read(0, buf, sizeof buf);
	for(m = 0; m < n; m += r){
		r = send(fd, buf + m, (size_t)(n - m), MSG_NOSIGNAL|MSG_DONTWAIT);
		if(r < 0 && errno != EAGAIN)
			return 0;
		if(r < 0){
			/* it may wait for us to take what it says */
			struct pollfd p = {.fd = fd, .events = POLLIN|POLLOUT};

			poll(&p, 1, -1);
			if(p.revents & POLLIN && copysome(fd) <= 0)
				return 0;
			r = 0;
		}
	}
	return n > 0;
}

/* both ways at once, until it hangs up; a reset is an end too */
static int
say(int fd, int end)
{
	struct pollfd p[] = {
		{.fd = fd, .events = POLLIN},
		{.fd = 0, .events = POLLIN},
	};

	for(;;){
		if(poll(p, 2, -1) < 0)
			die("toolclient: poll");
		if(p[0].revents != 0 && copysome(fd) <= 0)
			return 0;
		if(p[1].revents != 0 && !some(fd)){
			p[1].fd = -1;
			if(end)
				shutdown(fd, SHUT_WR);
		}
	}
}

static int
loris(int n, const char *port)
{
	static const char begin[] = "GET / HTTP/1.1\r\nHost: x\r\nX: ";
	struct rlimit lim;
	struct pollfd *p;
	char buf[512];
	ssize_t r;
	int i, left, told;

	getrlimit(RLIMIT_NOFILE, &lim);
	lim.rlim_cur = lim.rlim_max;
	setrlimit(RLIMIT_NOFILE, &lim);
	p = calloc((size_t)n, sizeof *p);
	if(p == NULL)
		die("toolclient");
	for(i = 0; i < n; i++){
		p[i] = (struct pollfd){.fd = call(port), .events = POLLIN};
		writeall(p[i].fd, begin, sizeof begin - 1);
	}
	printf("%d calls\n", n);
	fflush(stdout);
	told = 0;
	for(left = n; left > 0;){
		if(poll(p, (nfds_t)n, 500) < 0)
			die("toolclient: poll");
		for(i = 0; i < n; i++){
			if(p[i].fd < 0)
				continue;
			if(p[i].revents == 0){
				send(p[i].fd, "y", 1, MSG_NOSIGNAL);
				continue;
			}
			r = read(p[i].fd, buf, sizeof buf - 1);
			if(r > 0){
				buf[r] = '\0';
				told += strstr(buf, " 408 ") != NULL;
				continue;
			}
			close(p[i].fd);
			p[i].fd = -1;
			left--;
		}
	}
	free(p);
	printf("%d told\n", told);
	return 0;
}

static int
ask(const char *port, const char *path)
{
	char buf[1024];
	int fd;

	fd = call(port);
	writeall(fd, buf, snprintf(buf, sizeof buf, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path));
	return fd;
}

static int
reset(int n, const char *port, const char *path)
{
	struct linger l = {1, 0};
	char buf[100];
	int fd;

	while(n-- > 0){
		fd = ask(port, path);
		if(n%2 == 0 && read(fd, buf, sizeof buf) < 0)
			die("toolclient: read");
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
		close(fd);
	}
	return 0;
}

static int
stall(const char *port, const char *path)
{
	char buf[65536];
	long total;
	ssize_t n;
	int fd;

	fd = ask(port, path);
	sleep(1);
	for(total = 0; (n = read(fd, buf, sizeof buf)) > 0; total += n)
		;
	printf("%ld\n", total);
	return 0;
}

int
main(int argc, char *argv[])
{
	alarm(60);
	if(argc == 2 && strcmp(argv[1], "port") == 0)
		return freeport();
	if(argc == 3 && strcmp(argv[1], "say") == 0)
		return say(call(argv[2]), 0);
	if(argc == 3 && strcmp(argv[1], "half") == 0)
		return say(call(argv[2]), 1);
	if(argc == 4 && strcmp(argv[1], "loris") == 0)
		return loris(atoi(argv[2]), argv[3]);
	if(argc == 5 && strcmp(argv[1], "reset") == 0)
		return reset(atoi(argv[2]), argv[3], argv[4]);
	if(argc == 4 && strcmp(argv[1], "stall") == 0)
		return stall(argv[2], argv[3]);
	fprintf(stderr, "usage: toolclient port|say|half|loris|reset|stall ...\n");
	return 1;
}
