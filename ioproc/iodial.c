#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "dial.h"

/* where addr and localaddr, which may be nil, lead.  0, and both are to be freed; -1 with errstr */
static int
parse(Addr *to, const char *addr, Addr *local, const char *localaddr)
{
	local->list = nil;
	local->info = nil;
	if(l9dialparse(to, addr, false) < 0)
		return l9dialerr("dial", addr);
	if(localaddr != nil && l9dialparse(local, localaddr, true) < 0){
		l9dialfree(to);
		return l9dialerr("dial", localaddr);
	}
	return 0;
}

static void
freeboth(Addr *to, Addr *local)
{
	int e;

	e = errno;
	l9dialfree(to);
	l9dialfree(local);
	errno = e;
}

static long
dodial(va_list *arg)
{
	Addr to, local;
	const char *addr;
	int fd;

	addr = va_arg(*arg, const char*);
	if(parse(&to, addr, &local, va_arg(*arg, const char*)) < 0)
		return -1;
	fd = l9dialany(to.list, &local);
	freeboth(&to, &local);
	return fd < 0? l9dialerr("dial", addr): fd;
}

static long
doparse(va_list *arg)
{
	Addr *to, *local;
	const char *addr;

	to = va_arg(*arg, Addr*);
	addr = va_arg(*arg, const char*);
	local = va_arg(*arg, Addr*);
	return parse(to, addr, local, va_arg(*arg, const char*));
}

/* looking up names blocks, and so does connecting a Unix socket (dialany.c): those are for a helper, waiting is not */
static int
dialnil(const char *addr, const char *localaddr)
{
	Addr to, local;
	int fd, e;

	e = errno;
	if(addr != nil && (strncmp(addr, "unix!", 5) == 0 || strncmp(addr, "/net/unix!", 10) == 0))
		return (int)l9iocall(nil, "iodial", -1, addr, dodial, addr, localaddr);
	if(l9iocall(nil, "iodial", -1, addr, doparse, &to, addr, &local, localaddr) < 0)
		return -1;
	fd = l9dialtask(to.list, &local);
	freeboth(&to, &local);
	if(fd >= 0)
		errno = e;
	return fd == -1? l9dialerr("dial", addr): fd;
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
	Task *t;
	int fd;

	if(io != nil)
		return dialed((int)l9iocall(io, "iodial", -1, addr, dodial, addr, local), addr, dir, cfdp);
	t = l9self();
	l9checkkill(t);
	l9holdkill(t);
	fd = dialnil(addr, local);	/* or Dialended, which has said why */
	if(fd >= 0)
		l9laterkill(t);
	else
		l9allowkill(t);
	return dialed(fd, addr, dir, cfdp);
}

int
p9dial(const char *addr, const char *local, char *dir, int *cfdp)
{
	return dialed((int)l9iodirect(dodial, addr, local), addr, dir, cfdp);
}
