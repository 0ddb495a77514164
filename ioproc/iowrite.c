#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "tryrw.h"

/*
 * All of it; what was written before an error or an interrupt counts.  A
 * helper blocks SIGPIPE, so a reader that has gone is EPIPE.
 */
static long
dowrite(va_list *arg)
{
	int fd;
	const char *buf;
	long n, r, done;

	fd = va_arg(*arg, int);
	buf = va_arg(*arg, const void*);
	n = va_arg(*arg, long);
	done = 0;
	do{
		L9IO(r, fd, POLLOUT, write(fd, buf + done, (size_t)(n - done)));
		if(r < 0)
			return l9iosofar(done);
		done += r;
		/* the signal of an interrupt makes a write short, not fail, if it moved anything */
		if(done < n && l9iocancelled()){
			errno = EINTR;
			return l9iosofar(done);
		}
	}while(done < n && r > 0);
	return done;
}

long
iowrite(Ioproc *io, int fd, const void *buf, long n)
{
	if(n < 0)
		return l9err(EINVAL, "negative count");
	if(io == nil)
		return l9trywrite1("iowrite", fd, buf, n, dowrite);
	return l9iocall(io, "iowrite", fd, nil, dowrite, fd, buf, n);
}
