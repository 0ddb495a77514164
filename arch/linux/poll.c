/*
 * A poller is an epoll with an eventfd in it, by which it is woken.
 *
 * Edge-triggered: a wait by EPOLLONESHOT would be a system call more, a fifth of
 * what a small request costs.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "arch.h"

enum {
	Nevent = 32,		/* told at a time: few enough that what is touched of a task to wake it is in the cache when it runs */
	Nowait = 8,		/* RWF_NOWAIT, which musl has not */
};

struct Poller
{
	int	ep;
	int	wake;
	struct epoll_event	ev[Nevent];
};

/* edge-triggered: it needs not be read to fall silent */
static int
init(Poller *p)
{
	struct epoll_event ev;

	p->ep = epoll_create1(EPOLL_CLOEXEC);
	if(p->ep < 0)
		return -1;
	p->wake = eventfd(0, EFD_CLOEXEC|EFD_NONBLOCK);
	ev = (struct epoll_event){.events = EPOLLIN|EPOLLET, .data.fd = -1};
	if(p->wake >= 0 && epoll_ctl(p->ep, EPOLL_CTL_ADD, p->wake, &ev) == 0)
		return 0;
	if(p->wake >= 0)
		close(p->wake);
	close(p->ep);
	return -1;
}

Poller*
l9pollnew(void)
{
	Poller *p;
	int e;

	p = malloc(sizeof *p);
	if(p == NULL)
		return NULL;
	if(init(p) < 0){
		e = errno;
		free(p);
		errno = e;
		return NULL;
	}
	return p;
}

int
l9pollarm(Poller *p, int fd, int what)
{
	struct epoll_event ev;

	ev = (struct epoll_event){.events = EPOLLET, .data.fd = fd};
	if(what & Pollin)
		ev.events |= EPOLLIN|EPOLLRDHUP;
	if(what & Pollout)
		ev.events |= EPOLLOUT;
	if(epoll_ctl(p->ep, EPOLL_CTL_MOD, fd, &ev) == 0)
		return Pollknown;
	if(errno != ENOENT)
		return -1;
	return epoll_ctl(p->ep, EPOLL_CTL_ADD, fd, &ev) == 0? Pollnew: -1;
}

int
l9pollwait(Poller *p, int ms)
{
	int n, cancel;

	/* its owner would be left half asleep */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	n = epoll_wait(p->ep, p->ev, Nevent, ms);
	pthread_setcancelstate(cancel, NULL);
	/* somebody has closed what is not his: to sleep is impossible, and not to is as bad */
	if(n < 0 && errno != EINTR)
		abort();
	return n < 0? 0: n;
}

int
l9pollready(Poller *p, int i, int *what)
{
	uint32_t ev;

	ev = p->ev[i].events;
	*what = 0;
	if(ev & (EPOLLIN|EPOLLERR|EPOLLHUP))
		*what |= Pollin;
	if(ev & (EPOLLOUT|EPOLLERR|EPOLLHUP))
		*what |= Pollout;
	if(ev & (EPOLLRDHUP|EPOLLERR|EPOLLHUP))
		*what |= Pollend;
	return p->ev[i].data.fd;
}

void
l9pollwake(Poller *p)
{
	static const uint64_t one = 1;
	int e;

	e = errno;
	/* fails only if 2^64 wakes came before */
	if(write(p->wake, &one, sizeof one) < 0)
		errno = e;
	errno = e;
}

/* by its number: an old libc has no such call.  At the file's own place */
static long
trymove(long call, int fd, void *buf, size_t n)
{
	struct iovec v;

	v = (struct iovec){buf, n};
	return syscall(call, fd, &v, 1L, -1L, -1L, Nowait);
}

/* after a try that failed: the file does not know of Nowait, but does not block anyway */
static int
plain(int fd)
{
	int flags;

	if(errno != EOPNOTSUPP && errno != ENOSYS)
		return 0;
	flags = fcntl(fd, F_GETFL);
	if(flags >= 0 && flags & O_NONBLOCK)
		return 1;
	errno = EOPNOTSUPP;
	return 0;
}

long
l9tryread(int fd, void *buf, size_t n)
{
	long r;

	r = trymove(SYS_preadv2, fd, buf, n);
	return r < 0 && plain(fd)? read(fd, buf, n): r;
}

long
l9trywrite(int fd, const void *buf, size_t n)
{
	long r;

	r = trymove(SYS_pwritev2, fd, (void*)(uintptr_t)buf, n);
	return r < 0 && plain(fd)? write(fd, buf, n): r;
}
