/*
 * One OS thread waits for all children.
 *
 * It polls a descriptor of each (pidfd), so it wakes for no child that the
 * program made by itself, and takes the end of none from the program.  A child
 * that has no such descriptor, since the system has none or no more, is looked
 * at now and then.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "execimpl.h"

enum {
	Stack = 64*1024,
	Nfirst = 64,
	Firstlook = 1,		/* ms until the next look at a child without a descriptor, doubled each time */
	Lastlook = 64,
	Deadlook = 500,		/* ms until the next look for a deadlock, where an OS thread of the program's may still wake a task */
};

/* what to poll: wakefd, then the living; only this OS thread takes one away */
typedef struct Set Set;
struct Set
{
	struct pollfd	*fd;
	Child	**child;
	size_t	npoll;		/* the first ones have a descriptor */
	size_t	n;
	size_t	max;
};

static Set set;
static int wakefd[2];	/* a pipe that ends the poll */
static bool started;	/* starting */
static pthread_mutex_t starting = PTHREAD_MUTEX_INITIALIZER;

static int
grow(Set *s, size_t n)
{
	struct pollfd *fd;
	Child **child;

	if(n <= s->max)
		return 0;
	n *= 2;
	fd = realloc(s->fd, n*sizeof fd[0]);
	if(fd == nil)
		return ENOMEM;
	s->fd = fd;
	child = realloc(s->child, n*sizeof child[0]);
	if(child == nil)
		return ENOMEM;
	s->child = child;
	s->max = n;
	return 0;
}

/* with lk: those that have a descriptor, or those that have none */
static void
add(Set *s, bool have)
{
	Child *c;

	for(c = l9children.live; c != nil; c = c->nextlive)
		if((c->fd >= 0) == have && s->n < s->max){
			s->fd[s->n] = (struct pollfd){.fd = c->fd, .events = POLLIN};
			s->child[s->n++] = c;
		}
}

/* true: poll does not see them all */
static bool
collect(Set *s)
{
	size_t nlive;

	pthread_mutex_lock(&l9children.lk);
	nlive = l9children.nlive;
	pthread_mutex_unlock(&l9children.lk);
	/* no memory for all: some must end before there is room for the rest */
	grow(s, nlive+1);
	s->fd[0] = (struct pollfd){.fd = wakefd[0], .events = POLLIN};
	s->n = 1;
	pthread_mutex_lock(&l9children.lk);
	add(s, true);
	s->npoll = s->n;
	add(s, false);
	nlive = l9children.nlive;
	pthread_mutex_unlock(&l9children.lk);
	return s->npoll < nlive+1;
}

/* true: there are new children */
static bool
drain(void)
{
	char buf[64];

	return read(wakefd[0], buf, sizeof buf) > 0;
}

/*
 * How long to poll.  If the end of the last child woke nobody, and all procs
 * sleep, then this is the only thread left to notice a deadlock.
 */
static int
patience(const Set *s, bool blind, int look)
{
	if(blind)
		return look;
	return s->n == 1 && l9deadlook()? Deadlook: -1;
}

static void
waiter(void *v)
{
	Set *s;
	size_t i;
	bool blind;
	int look;

	s = v;
	l9neverproc();
	look = Firstlook;
	for(;;){
		blind = collect(s);
		/* its messages, too, are looked at now and then */
		blind |= !l9childsend();
		/* it fails for want of memory alone */
		if(poll(s->fd, s->npoll, patience(s, blind, look)) < 0)
			usleep(Firstlook*1000);
		look = drain()? Firstlook: look < Lastlook? 2*look: Lastlook;
		for(i = 1; i < s->n; i++)
			if(i >= s->npoll || s->fd[i].revents != 0)
				l9childreap(s->child[i]);
	}
}

/* the first time; 0 or an errno value */
static int
begin(void)
{
	int e;

	e = grow(&set, Nfirst);
	if(e != 0)
		return e;
	if(l9pipe(wakefd) < 0)
		return errno;
	fcntl(wakefd[0], F_SETFL, O_NONBLOCK);
	fcntl(wakefd[1], F_SETFL, O_NONBLOCK);
	e = l9osthread(waiter, &set, Stack, 1);
	if(e != 0){
		close(wakefd[0]);
		close(wakefd[1]);
	}
	return e;
}

int
l9waiterstart(void)
{
	int e;

	e = 0;
	pthread_mutex_lock(&starting);
	if(!started){
		e = begin();
		started = e == 0;
	}
	pthread_mutex_unlock(&starting);
	return e == 0? 0: l9err(e, strerror(e));
}

void
l9waiterwake(void)
{
	if(write(wakefd[1], "", 1) < 0){
		/* full: it is awake, or about to be */
	}
}
