#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "ioimpl.h"

static long
dosendto(va_list *arg)
{
	int fd, flags;
	const void *buf, *addr;
	long n, r;
	socklen_t len;

	fd = va_arg(*arg, int);
	buf = va_arg(*arg, const void*);
	n = va_arg(*arg, long);
	flags = va_arg(*arg, int);
	addr = va_arg(*arg, const void*);
	len = va_arg(*arg, socklen_t);
	if(flags & MSG_DONTWAIT)
		L9RETRY(r, sendto(fd, buf, (size_t)n, flags|MSG_NOSIGNAL, addr, len));
	else
		L9IO(r, fd, POLLOUT, sendto(fd, buf, (size_t)n, flags|MSG_NOSIGNAL|l9iodontwait(), addr, len));
	return r;
}

long
iosendto(Ioproc *io, int fd, const void *buf, long n, int flags, const void *addr, unsigned int len)
{
	if(n < 0)
		return l9err(EINVAL, "negative count");
	if(io == nil && flags & MSG_DONTWAIT)
		return l9iodirect(dosendto, fd, buf, n, flags, addr, len);
	return l9fdcall(io, "iosendto", fd, Fdout, dosendto, fd, buf, n, flags, addr, len);
}
