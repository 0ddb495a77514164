#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "ioimpl.h"

static long
dopread(va_list *arg)
{
	int fd;
	void *buf;
	long n, r;
	int64_t off;

	fd = va_arg(*arg, int);
	buf = va_arg(*arg, void*);
	n = va_arg(*arg, long);
	off = va_arg(*arg, int64_t);
	L9IO(r, fd, POLLIN, pread(fd, buf, (size_t)n, off));
	return r;
}

long
iopread(Ioproc *io, int fd, void *buf, long n, int64_t off)
{
	if(n < 0)
		return l9err(EINVAL, "negative count");
	return l9iocall(io, "iopread", fd, nil, dopread, fd, buf, n, off);
}
