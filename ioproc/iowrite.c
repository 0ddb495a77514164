#include <errno.h>
#include <unistd.h>

#include "try.h"

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
		L9RETRY(r, write(fd, buf + done, (size_t)(n - done)));
		if(r < 0)
			return done > 0? done: -1;
		done += r;
		/* the signal of an interrupt makes a write short, not fail, if it moved anything */
	}while(done < n && r > 0 && !l9iocancelled());
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
