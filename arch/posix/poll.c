/*
 * A poller with what POSIX has: poll(2) on an array, and a pipe by which it
 * is woken.  An entry is taken out when it is told, so each is told once.
 *
 * poll knows numbers and not files.  A number that was closed and given out
 * again while somebody waits for it is waited for as the new file.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "arch.h"

enum {
	Minroom = 64,
};

struct Poller
{
	int	wake;		/* the pipe's end to write to */
	struct pollfd	*fd;	/* the first is the pipe's other end */
	int	n;
	int	room;		/* for so many, in ready too */
	struct pollfd	*ready;	/* of the last wait */
	/* slot[fd] is where it stands in fd, or 0 */
	int	*slot;
	int	nslot;
};

static int
flags(int fd)
{
	return fcntl(fd, F_SETFD, FD_CLOEXEC) < 0? -1: fcntl(fd, F_SETFL, O_NONBLOCK);
}

/* make room for one more */
static int
grow(Poller *p)
{
	struct pollfd *f;
	int n;

	if(p->n < p->room)
		return 0;
	n = p->room == 0? Minroom: 2*p->room;
	f = realloc(p->fd, (size_t)n*sizeof *f);
	if(f == NULL)
		return -1;
	p->fd = f;
	f = realloc(p->ready, (size_t)n*sizeof *f);
	if(f == NULL)
		return -1;
	p->ready = f;
	p->room = n;
	return 0;
}

static int
growslot(Poller *p, int fd)
{
	int *s, n;

	if(fd < p->nslot)
		return 0;
	n = fd < Minroom? Minroom: fd + fd/2 + 1;
	s = realloc(p->slot, (size_t)n*sizeof *s);
	if(s == NULL)
		return -1;
	memset(s + p->nslot, 0, (size_t)(n - p->nslot)*sizeof *s);
	p->slot = s;
	p->nslot = n;
	return 0;
}

static int
init(Poller *p)
{
	int fd[2];

	if(grow(p) < 0 || pipe(fd) < 0)
		return -1;
	if(flags(fd[0]) < 0 || flags(fd[1]) < 0){
		close(fd[0]);
		close(fd[1]);
		return -1;
	}
	p->fd[0] = (struct pollfd){.fd = fd[0], .events = POLLIN};
	p->n = 1;
	p->wake = fd[1];
	return 0;
}

Poller*
l9pollnew(void)
{
	Poller *p;
	int e;

	p = calloc(1, sizeof *p);
	if(p == NULL)
		return NULL;
	if(init(p) < 0){
		e = errno;
		free(p->fd);
		free(p->ready);
		free(p);
		errno = e;
		return NULL;
	}
	return p;
}

int
l9pollarm(Poller *p, int fd, int what)
{
	struct pollfd *f;

	if(fcntl(fd, F_GETFD) < 0 || grow(p) < 0 || growslot(p, fd) < 0)
		return -1;
	if(p->slot[fd] == 0)
		p->slot[fd] = p->n++;
	f = &p->fd[p->slot[fd]];
	*f = (struct pollfd){.fd = fd};
	if(what & Pollin)
		f->events |= POLLIN;
	if(what & Pollout)
		f->events |= POLLOUT;
	return Pollonce;
}

/* the last one takes the place of the i-th */
static void
takeout(Poller *p, int i)
{
	p->slot[p->fd[i].fd] = 0;
	if(i != --p->n){
		p->fd[i] = p->fd[p->n];
		p->slot[p->fd[i].fd] = i;
	}
}

static void
drain(int fd)
{
	char buf[64];

	while(read(fd, buf, sizeof buf) > 0)
		;
}

/*
 * poll(2) itself fails: no memory, or RLIMIT_NOFILE was lowered below what is
 * open.  Then all may look for themselves, now and then.
 */
static void
blind(Poller *p)
{
	static const struct timespec nap = {0, 1000*1000};
	int i;

	nanosleep(&nap, NULL);
	p->fd[0].revents = POLLIN;
	for(i = 1; i < p->n; i++)
		p->fd[i].revents = p->fd[i].events;
}

int
l9pollwait(Poller *p, int ms)
{
	int i, n, cancel;

	/* its owner would be left half asleep */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	n = poll(p->fd, (nfds_t)p->n, ms);
	if(n < 0 && errno != EINTR){
		blind(p);
		n = 1;
	}
	pthread_setcancelstate(cancel, NULL);
	if(n <= 0)
		return 0;
	if(p->fd[0].revents != 0)
		drain(p->fd[0].fd);
	n = 0;
	/* downwards: what takes the place of one has been looked at */
	for(i = p->n - 1; i > 0; i--)
		if(p->fd[i].revents != 0){
			p->ready[n++] = p->fd[i];
			takeout(p, i);
		}
	return n;
}

int
l9pollready(Poller *p, int i, int *what)
{
	short ev;

	ev = p->ready[i].revents;
	*what = 0;
	if(ev & (POLLIN|POLLERR|POLLHUP|POLLNVAL))
		*what |= Pollin;
	if(ev & (POLLOUT|POLLERR|POLLHUP|POLLNVAL))
		*what |= Pollout;
	return p->ready[i].fd;
}

void
l9pollwake(Poller *p)
{
	int e;

	e = errno;
	/* fails if the pipe is full of wakes, which is as good */
	if(write(p->wake, "", 1) < 0)
		errno = e;
	errno = e;
}

/* only what does not block anyway */
static int
willblock(int fd)
{
	int fl;

	fl = fcntl(fd, F_GETFL);
	if(fl >= 0 && fl & O_NONBLOCK)
		return 0;
	if(fl >= 0)
		errno = EOPNOTSUPP;
	return 1;
}

long
l9tryread(int fd, void *buf, size_t n)
{
	return willblock(fd)? -1: read(fd, buf, n);
}

long
l9trywrite(int fd, const void *buf, size_t n)
{
	return willblock(fd)? -1: write(fd, buf, n);
}
