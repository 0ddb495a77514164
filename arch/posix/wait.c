/*
 * Waiting on a word with what POSIX has: words are hashed to buckets, each
 * a lock and a list of those who sleep, each with a condition of its own.
 *
 * No wake is lost.  A sleeper compares the word and goes on the list in one
 * hold of its bucket's lock; a waker changes the word first, then takes
 * the lock.  If the waker had the lock first, the sleeper sees the new value; if
 * the sleeper had it first, it is on the list.  That the word itself is not
 * changed under the lock does no harm.
 *
 * One condition for a whole bucket would wake all of its sleepers for one;
 * and glibc's lost wake-ups of conditions with several waiters, now and then,
 * until 2.41 (its bug 25847).  A bucket's lock is held over no other lock.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#include "arch.h"

enum
{
	Bits	= 6,
	Nbucket	= 1<<Bits,
};

typedef struct Bucket Bucket;
typedef struct Sleep Sleep;

/* on the stack of who sleeps; guarded by its bucket's lock */
struct Sleep
{
	Sleep	*next;
	_Atomic uint32_t	*w;
	bool	woken;		/* and off the list */
	pthread_cond_t	c;
};

struct Bucket
{
	_Alignas(64) pthread_mutex_t	lk;	/* a cache line of its own */
	Sleep	*first;		/* lk */
};

static Bucket buckets[Nbucket];		/* set up once, by init */
static pthread_condattr_t attr;		/* likewise */
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* not CLOCK_REALTIME: somebody may set that */
static void
init(void)
{
	int i;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	for(i = 0; i < Nbucket; i++)
		pthread_mutex_init(&buckets[i].lk, NULL);
}

/* Fibonacci hashing: the top bits of the product depend on all of the address */
static Bucket*
bucket(_Atomic uint32_t *w)
{
	pthread_once(&once, init);
	return &buckets[(uint64_t)(uintptr_t)w * 0x9e3779b97f4a7c15 >> (64-Bits)];
}

/* where the one on w stands, or the list's end */
static Sleep**
find(Bucket *b, _Atomic uint32_t *w)
{
	Sleep **l;

	for(l = &b->first; *l != NULL && (*l)->w != w; l = &(*l)->next)
		;
	return l;
}

/* called with b->lk held */
static void
sleepon(Bucket *b, _Atomic uint32_t *w, int64_t until)
{
	struct timespec t;
	Sleep self, **l;
	int e;

	self = (Sleep){.next = b->first, .w = w};
	pthread_cond_init(&self.c, &attr);
	b->first = &self;
	if(until < 0)
		until = 0;	/* a negative tv_nsec is an error; the past is the past */
	t = (struct timespec){.tv_sec = until/1000000000, .tv_nsec = until%1000000000};
	e = 0;
	while(!self.woken && e == 0)
		e = until == INT64_MAX? pthread_cond_wait(&self.c, &b->lk): pthread_cond_timedwait(&self.c, &b->lk, &t);
	if(!self.woken){
		for(l = &b->first; *l != &self; l = &(*l)->next)
			;
		*l = self.next;
	}
	pthread_cond_destroy(&self.c);
}

void
l9waitword(_Atomic uint32_t *w, uint32_t val, int64_t until)
{
	Bucket *b;
	int e, cancel;

	e = errno;
	b = bucket(w);
	/* a thread cancelled in its wait would die with the lock held */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	pthread_mutex_lock(&b->lk);
	/* relaxed: the lock orders it after the change that a wake followed */
	if(atomic_load_explicit(w, memory_order_relaxed) == val)
		sleepon(b, w, until);
	pthread_mutex_unlock(&b->lk);
	pthread_setcancelstate(cancel, NULL);
	errno = e;
}

void
l9wakeword(_Atomic uint32_t *w)
{
	Sleep **l, *s;
	Bucket *b;
	int e;

	e = errno;
	b = bucket(w);
	pthread_mutex_lock(&b->lk);
	l = find(b, w);
	s = *l;
	if(s != NULL){
		*l = s->next;
		s->woken = true;
		/* before the lock is free, and s gone */
		pthread_cond_signal(&s->c);
	}
	pthread_mutex_unlock(&b->lk);
	errno = e;
}

int
l9ncpu(void)
{
	long n;

	n = sysconf(_SC_NPROCESSORS_ONLN);
	return n > 0? (int)n: 1;
}

/* POSIX has no way to ask */
int
l9nosthread(void)
{
	return -1;
}

/* POSIX names no OS threads to the outside */
int
l9ospid(void)
{
	return (int)getpid();
}
