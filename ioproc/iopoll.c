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

/* in the proc's poller.  What is ready; -1 with errstr; Trypool: there is no poller */
static int
polltask(int fd, int how)
{
	Alt a[] = {
		{.v = (void*)(intptr_t)fd, .op = how & IOPOLLIN? CHANFDIN: CHANNOP},
		{.v = (void*)(intptr_t)fd, .op = how & IOPOLLOUT? CHANFDOUT: CHANNOP},
		{.op = CHANEND},
	};
	static const int bit[] = {IOPOLLIN, IOPOLLOUT};
	int i;

	i = p9alt(a);
	if(i < 0)
		return errno == EINTR || errno == ETIMEDOUT || errno == ECANCELED? -1: Trypool;
	if(a[i].err != nil)
		return l9err(EBADF, strcmp(a[i].err, "closed") == 0? "closed": strerror(EBADF));
	/* and the other one, if that was asked for? */
	a[i].op = CHANNOP;
	a[2].op = CHANNOBLK;
	return p9alt(a) == !i && a[!i].err == nil? how: bit[i];
}

int
iopoll(Ioproc *io, int fd, int how)
{
	int r;

	if(how == 0 || how & ~(IOPOLLIN|IOPOLLOUT))
		return l9err(EINVAL, "bad readiness");
	if(fd < 0)
		return l9err(EBADF, strerror(EBADF));
	r = io == nil? polltask(fd, how): Trypool;
	if(r != Trypool)
		return r;
	/* 0: another was quicker */
	do
		r = (int)l9iocall(io, "iopoll", fd, nil, dopoll, fd, how);
	while(r == 0);
	return r;
}
