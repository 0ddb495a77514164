#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "ioimpl.h"

static long
dorecvfrom(va_list *arg)
{
	int fd, flags;
	void *buf, *addr;
	long n, r;
	socklen_t *len;

	fd = va_arg(*arg, int);
	buf = va_arg(*arg, void*);
	n = va_arg(*arg, long);
	flags = va_arg(*arg, int);
	addr = va_arg(*arg, void*);
	len = va_arg(*arg, socklen_t*);
	if(flags & MSG_DONTWAIT)
		L9RETRY(r, recvfrom(fd, buf, (size_t)n, flags, addr, len));
	else
		L9IO(r, fd, POLLIN, recvfrom(fd, buf, (size_t)n, flags|l9iodontwait(), addr, len));
	return r;
}

long
iorecvfrom(Ioproc *io, int fd, void *buf, long n, int flags, void *addr, unsigned int *len)
{
	if(n < 0)
		return l9err(EINVAL, "negative count");
	if(io == nil && flags & MSG_DONTWAIT)
		return l9iodirect(dorecvfrom, fd, buf, n, flags, addr, len);
	/* to wait for all is not to be tried */
	if(flags & MSG_WAITALL)
		return l9iocall(io, "iorecvfrom", fd, nil, dorecvfrom, fd, buf, n, flags, addr, len);
	return l9fdcall(io, "iorecvfrom", fd, Fdin, dorecvfrom, fd, buf, n, flags, addr, len);
}
