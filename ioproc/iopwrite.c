#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "ioimpl.h"

/* all of it, as iowrite */
static long
dopwrite(va_list *arg)
{
	int fd;
	const char *buf;
	long n, r, done;
	int64_t off;

	fd = va_arg(*arg, int);
	buf = va_arg(*arg, const void*);
	n = va_arg(*arg, long);
	off = va_arg(*arg, int64_t);
	done = 0;
	do{
		L9IO(r, fd, POLLOUT, pwrite(fd, buf + done, (size_t)(n - done), off + done));
		if(r < 0)
			return l9iosofar(done);
		done += r;
		if(done < n && l9iocancelled()){
			errno = EINTR;
			return l9iosofar(done);
		}
	}while(done < n && r > 0);
	return done;
}

long
iopwrite(Ioproc *io, int fd, const void *buf, long n, int64_t off)
{
	if(n < 0)
		return l9err(EINVAL, "negative count");
	return l9iocall(io, "iopwrite", fd, nil, dopwrite, fd, buf, n, off);
}
