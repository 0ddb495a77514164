#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "tryrw.h"

/* what was read before an error or an interrupt counts */
static long
doreadn(va_list *arg)
{
	int fd;
	char *buf;
	long n, r, done;

	fd = va_arg(*arg, int);
	buf = va_arg(*arg, void*);
	n = va_arg(*arg, long);
	for(done = 0; done < n; done += r){
		L9IO(r, fd, POLLIN, read(fd, buf + done, (size_t)(n - done)));
		if(r < 0 && done == 0)
			return -1;
		if(r <= 0)
			break;
		/* the signal of an interrupt makes a read short, not fail, if it moved anything */
		if(done + r < n && l9iocancelled())
			return done + r;
	}
	return done;
}

long
ioreadn(Ioproc *io, int fd, void *buf, long n)
{
	if(n < 0)
		return l9err(EINVAL, "negative count");
	if(io == nil)
		return l9tryread1("ioreadn", fd, buf, n, true, doreadn);
	return l9iocall(io, "ioreadn", fd, nil, doreadn, fd, buf, n);
}
