#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "dial.h"

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
	fd = l9dialany(to.list, &local);
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
