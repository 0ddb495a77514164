#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include "try.h"

_Static_assert(_Generic((socklen_t)0, unsigned int: 1, default: 0), "lib9thread.h has lengths of addresses as unsigned int");

int
l9connected(int fd)
{
	socklen_t len;
	int e;

	len = sizeof e;
	if(getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &len) < 0)
		return -1;
	errno = e;
	return e == 0? 0: -1;
}

/*
 * A signal that ends the wait ends a Unix socket's connecting, which is tried
 * again; that of others goes on, and connect may not be called twice.
 */
int
l9connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	int r;

	if(addr->sa_family == AF_UNIX){
		L9RETRY(r, connect(fd, addr, len));
		return r;
	}
	r = connect(fd, addr, len);
	if(r == 0 || (errno != EINPROGRESS && (errno != EINTR || l9iocancelled())))
		return r;
	if(l9iopoll(fd, POLLOUT) < 0)
		return -1;
	return l9connected(fd);
}

static long
doconnect(va_list *arg)
{
	const void *addr;
	int fd;

	fd = va_arg(*arg, int);
	addr = va_arg(*arg, const void*);
	return l9connect(fd, addr, va_arg(*arg, socklen_t));
}

/* in blocking mode it would block; a Unix socket whose server has no room does not tell when there is some */
static long
connectop(Try *t)
{
	int mode;

	mode = fcntl(t->fd, F_GETFL);
	if(mode >= 0 && !(mode & O_NONBLOCK))
		return Trypool;
	/* again, after a wait: it says how the first came out */
	if(connect(t->fd, t->buf, (socklen_t)t->n) == 0 || (t->call.waited && errno == EISCONN))
		return 0;
	if(errno == EAGAIN)
		return Trypool;
	if(errno == EINPROGRESS || errno == EALREADY)
		errno = EAGAIN;
	return -1;
}

int
ioconnect(Ioproc *io, int fd, const void *addr, unsigned int len)
{
	Try t;
	long r;

	if(io == nil){
		t = (Try){.fd = fd, .buf = (void*)(uintptr_t)addr, .n = len};
		r = l9try(&t, "ioconnect", Fdout, connectop);
		if(r != Trypool)
			return (int)r;
	}
	return (int)l9iocall(io, "ioconnect", fd, nil, doconnect, fd, addr, len);
}
