#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dial.h"

static const char dirprefix[] = "/dev/fd/";

static int
parseunix(Addr *a, const char *path)
{
	if(strlen(path) == 0 || strlen(path) >= sizeof a->un.sun_path)
		return l9err(EINVAL, "bad dial string: path empty or too long");
	a->un.sun_family = AF_UNIX;
	strcpy(a->un.sun_path, path);
	a->unixinfo = (struct addrinfo){
		.ai_family = AF_UNIX,
		.ai_socktype = SOCK_STREAM,
		.ai_addr = (struct sockaddr*)&a->un,
		.ai_addrlen = sizeof a->un,
	};
	a->list = &a->unixinfo;
	return 0;
}

/* getaddrinfo's errors are of a kind of their own */
static int
lookuperr(int e, const char *host)
{
	char buf[ERRMAX];

	if(e == EAI_SYSTEM)
		return l9err(errno, strerror(errno));
	if(e == EAI_MEMORY)
		return l9err(ENOMEM, "out of memory");
	snprintf(buf, sizeof buf, "%s: %s", host, gai_strerror(e));
	return l9err(EHOSTUNREACH, buf);
}

/* getaddrinfo takes a number for a port without a look at its size */
static bool
badport(const char *service)
{
	char *end;
	long n;

	n = strtol(service, &end, 10);
	return end != service && *end == '\0' && (n < 0 || n > 65535);
}

/* rest: host!service */
static int
parseinet(Addr *a, const char *rest, int type, bool passive)
{
	struct addrinfo hints;
	char host[256];
	const char *service;
	size_t n;
	int e;

	service = strchr(rest, '!');
	if(service == nil || service == rest || service[1] == '\0' || strchr(service+1, '!') != nil)
		return l9err(EINVAL, "bad dial string: not network!host!service");
	if(badport(service+1))
		return l9err(EINVAL, "bad dial string: port out of range");
	n = (size_t)(service - rest);
	if(n >= sizeof host)
		return l9err(EINVAL, "bad dial string: host too long");
	memcpy(host, rest, n);
	host[n] = '\0';
	a->any = strcmp(host, "*") == 0;
	if(a->any && !passive)
		return l9err(EINVAL, "bad dial string: cannot dial *");
	memset(&hints, 0, sizeof hints);
	hints.ai_family = AF_UNSPEC;
	hints.ai_socktype = type;
	hints.ai_flags = passive? AI_PASSIVE: 0;
	e = getaddrinfo(a->any? nil: host, service+1, &hints, &a->info);
	if(e != 0)
		return lookuperr(e, rest);
	a->list = a->info;
	return 0;
}

static const struct {
	const char	*name;
	int	type;
} nets[] = {
	{"tcp", SOCK_STREAM},
	{"udp", SOCK_DGRAM},
	{"net", SOCK_STREAM},
};

/* the network's name has n bytes.  Its type of socket, or -1 */
static int
nettype(const char *name, size_t n)
{
	size_t i;

	for(i = 0; i < sizeof nets/sizeof nets[0]; i++)
		if(strlen(nets[i].name) == n && memcmp(nets[i].name, name, n) == 0)
			return nets[i].type;
	return -1;
}

int
l9dialparse(Addr *a, const char *addr, bool passive)
{
	char buf[ERRMAX];
	const char *rest;
	size_t n;
	int type;

	memset(a, 0, sizeof *a);
	/* where Plan 9 has its networks */
	if(addr != nil && strncmp(addr, "/net/", 5) == 0)
		addr += 5;
	rest = addr == nil? nil: strchr(addr, '!');
	if(rest == nil)
		return l9err(EINVAL, "bad dial string: not net!address");
	n = (size_t)(rest - addr);
	rest++;
	if(n == 4 && memcmp(addr, "unix", n) == 0)
		return parseunix(a, rest);
	type = nettype(addr, n);
	if(type >= 0)
		return parseinet(a, rest, type, passive);
	snprintf(buf, sizeof buf, "unknown network: %.*s", (int)n, addr);
	return l9err(EPROTONOSUPPORT, buf);
}

void
l9dialfree(Addr *a)
{
	if(a->info != nil)
		freeaddrinfo(a->info);
}

int
l9dialsocket(const struct addrinfo *ai)
{
	int fd, one;

	fd = l9socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
	if(fd >= 0 && ai->ai_family != AF_UNIX && ai->ai_socktype == SOCK_STREAM){
		one = 1;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	}
	return fd;
}

int
l9setnonblock(int fd, bool on)
{
	int mode;

	mode = fcntl(fd, F_GETFL);
	if(mode < 0)
		return -1;
	return fcntl(fd, F_SETFL, on? mode|O_NONBLOCK: mode & ~O_NONBLOCK);
}

void
l9dirput(char dir[NETPATHLEN], int fd)
{
	snprintf(dir, NETPATHLEN, "%s%d", dirprefix, fd);
}

int
l9dirget(const char *dir)
{
	char *end;
	long long fd;

	if(dir == nil || strncmp(dir, dirprefix, sizeof dirprefix - 1) != 0)
		return l9err(EINVAL, "bad network directory");
	dir += sizeof dirprefix - 1;
	/* wider than an int everywhere: what is too large must not become one */
	fd = strtoll(dir, &end, 10);
	if(end == dir || *end != '\0' || fd < 0 || fd > INT_MAX)
		return l9err(EINVAL, "bad network directory");
	return (int)fd;
}

int
l9dialerr(const char *call, const char *addr)
{
	enum { Room = 64 };	/* for the address: the reason must fit too */
	char old[ERRMAX], buf[2*ERRMAX];
	bool cut;
	int e;

	e = errno;
	rerrstr(old, sizeof old);
	if(addr == nil)
		addr = "(nil)";
	cut = strlen(addr) > Room;
	snprintf(buf, sizeof buf, "%s %.*s%s: %s", call, cut? Room-3: Room, addr, cut? "...": "", old);
	return l9err(e, buf);
}
