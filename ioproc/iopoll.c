#include <errno.h>
#include <poll.h>
#include <string.h>

#include "ioimpl.h"

static int
events(int how)
{
	return (how & IOPOLLIN? POLLIN: 0) | (how & IOPOLLOUT? POLLOUT: 0);
}

/* what fd is ready for now; an error is readiness for all.  -1 with errno */
static int
ready(int fd, int how)
{
	struct pollfd p;
	int r;

	p = (struct pollfd){.fd = fd, .events = (short)events(how)};
	do
		r = poll(&p, 1, 0);
	while(r < 0 && errno == EINTR);
	if(r < 0)
		return -1;
	if(p.revents & POLLNVAL){
		errno = EBADF;
		return -1;
	}
	if(p.revents & (POLLERR|POLLHUP))
		return how;
	return (p.revents & POLLIN? IOPOLLIN: 0) | (p.revents & POLLOUT? IOPOLLOUT: 0);
}

static long
dopoll(va_list *arg)
{
	int fd, how;

	fd = va_arg(*arg, int);
	how = va_arg(*arg, int);
	return l9iopoll(fd, events(how)) < 0? -1: ready(fd, how);
}

/* in the proc's poller.  0: it is worth a look; -1 with errstr; Trypool: it has none */
static int
await(int fd, int how)
{
	Alt a[] = {
		{.v = (void*)(intptr_t)fd, .op = how & IOPOLLIN? CHANFDIN: CHANNOP},
		{.v = (void*)(intptr_t)fd, .op = how & IOPOLLOUT? CHANFDOUT: CHANNOP},
		{.op = CHANEND},
	};
	int i;

	i = p9alt(a);
	if(i >= 0)
		return a[i].err != nil && strcmp(a[i].err, "closed") == 0? l9err(EBADF, "closed"): 0;
	return errno == EINTR || errno == ETIMEDOUT || errno == ECANCELED? -1: Trypool;
}

int
iopoll(Ioproc *io, int fd, int how)
{
	int r;

	if(how == 0 || how & ~(IOPOLLIN|IOPOLLOUT))
		return l9err(EINVAL, "bad readiness");
	if(fd < 0)
		return l9err(EBADF, strerror(EBADF));
	r = io == nil? 0: Trypool;
	while(r == 0){
		r = ready(fd, how);
		if(r < 0)
			return l9err(errno, strerror(errno));
		if(r == 0)
			r = await(fd, how);
		else
			l9worked();
	}
	if(r != Trypool)
		return r;
	do
		r = (int)l9iocall(io, "iopoll", fd, nil, dopoll, fd, how);
	while(r == 0);
	return r;
}
