#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "dial.h"

/* from local's addresses, the one of ai's kind */
static int
bindlocal(int fd, Addr *local, const struct addrinfo *ai)
{
	struct addrinfo *l;

	for(l = local->list; l != nil; l = l->ai_next)
		if(l->ai_family == ai->ai_family)
			return bind(fd, l->ai_addr, l->ai_addrlen);
	errno = EAFNOSUPPORT;
	return -1;
}

/* a connection to one place, or -1 with errno */
static int
try(const struct addrinfo *ai, Addr *local)
{
	int fd, e;

	fd = l9dialsocket(ai);
	if(fd < 0)
		return -1;
	if((local->list == nil || bindlocal(fd, local, ai) == 0) && l9connect(fd, ai->ai_addr, ai->ai_addrlen) == 0)
		return fd;
	e = errno;
	close(fd);
	errno = e;
	return -1;
}

/* the first place that answers; the last one's error */
static int
connectany(Addr *to, Addr *local)
{
	struct addrinfo *ai;
	int fd;

	fd = -1;
	for(ai = to->list; ai != nil && fd < 0; ai = ai->ai_next){
		if(l9iocancelled()){
			errno = EINTR;
			return -1;
		}
		fd = try(ai, local);
	}
	return fd;
}

static long
dodial(va_list *arg)
{
	Addr to, local;
	const char *addr, *localaddr;
	int fd, e;

	addr = va_arg(*arg, const char*);
	localaddr = va_arg(*arg, const char*);
	local.list = nil;
	local.info = nil;
	if(l9dialparse(&to, addr, false) < 0)
		return l9dialerr("dial", addr);
	if(localaddr != nil && l9dialparse(&local, localaddr, true) < 0){
		l9dialfree(&to);
		return l9dialerr("dial", localaddr);
	}
	fd = connectany(&to, &local);
	e = errno;
	l9dialfree(&to);
	l9dialfree(&local);
	errno = e;
	return fd < 0? l9dialerr("dial", addr): fd;
}

/* the rest of what a caller of dial gets */
static int
dialed(int fd, const char *addr, char *dir, int *cfdp)
{
	int cfd, e;

	if(fd < 0)
		return -1;
	if(cfdp != nil){
		/* Plan 9's control file: here another descriptor of the socket */
		cfd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if(cfd < 0){
			e = errno;
			close(fd);
			l9err(e, strerror(e));
			return l9dialerr("dial", addr);
		}
		*cfdp = cfd;
	}
	if(dir != nil)
		l9dirput(dir, fd);
	return fd;
}

int
iodial(Ioproc *io, const char *addr, const char *local, char *dir, int *cfdp)
{
	return dialed((int)l9iocall(io, "iodial", -1, addr, dodial, addr, local), addr, dir, cfdp);
}

int
p9dial(const char *addr, const char *local, char *dir, int *cfdp)
{
	return dialed((int)l9iodirect(dodial, addr, local), addr, dir, cfdp);
}
