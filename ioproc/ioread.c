#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "tryrw.h"

static long
doread(va_list *arg)
{
	int fd;
	void *buf;
	long n, r;

	fd = va_arg(*arg, int);
	buf = va_arg(*arg, void*);
	n = va_arg(*arg, long);
	L9IO(r, fd, POLLIN, read(fd, buf, (size_t)n));
	return r;
}

long
ioread(Ioproc *io, int fd, void *buf, long n)
{
	if(n < 0)
		return l9err(EINVAL, "negative count");
	if(io == nil)
		return l9tryread1("ioread", fd, buf, n, false, doread);
	return l9iocall(io, "ioread", fd, nil, doread, fd, buf, n);
}
