/*
 * Waiting on a word with what POSIX has: words are hashed to buckets, each
 * a lock and a condition.
 *
 * No wake is lost.  A sleeper compares the word and goes to sleep in one
 * hold of its bucket's lock; a waker changes the word first, then takes
 * the lock.  If the waker had the lock first, the sleeper sees the new value; if
 * the sleeper had it first, it is on the condition before the broadcast.
 * That the word itself is not changed under the lock does no harm.
 *
 * Words that share a bucket share its wakes, so each must go to all of its
 * sleepers; those of another word look again and sleep on.  A bucket's
 * lock is held over no other lock.
 */
#include <errno.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "arch.h"

enum
{
	Bits	= 6,
	Nbucket	= 1<<Bits,
};

typedef struct Bucket Bucket;
struct Bucket
{
	_Alignas(64) pthread_mutex_t	lk;	/* a cache line of its own */
	pthread_cond_t	c;	/* lk */
};

static Bucket buckets[Nbucket];		/* set up once, by init */
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* not PTHREAD_COND_INITIALIZER, whose clock is CLOCK_REALTIME: somebody may set that */
static void
init(void)
{
	pthread_condattr_t attr;
	int i;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	for(i = 0; i < Nbucket; i++){
		pthread_mutex_init(&buckets[i].lk, NULL);
		pthread_cond_init(&buckets[i].c, &attr);
	}
	pthread_condattr_destroy(&attr);
}

/* Fibonacci hashing: the top bits of the product depend on all of the address */
static Bucket*
bucket(_Atomic uint32_t *w)
{
	pthread_once(&once, init);
	return &buckets[(uint64_t)(uintptr_t)w * 0x9e3779b97f4a7c15 >> (64-Bits)];
}

/* called with b->lk held */
static void
sleepon(Bucket *b, int64_t until)
{
	struct timespec t;

	if(until == INT64_MAX){
		pthread_cond_wait(&b->c, &b->lk);
		return;
	}
	if(until < 0)
		until = 0;	/* a negative tv_nsec is an error; the past is the past */
	t = (struct timespec){.tv_sec = until/1000000000, .tv_nsec = until%1000000000};
	pthread_cond_timedwait(&b->c, &b->lk, &t);
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
		sleepon(b, until);
	pthread_mutex_unlock(&b->lk);
	pthread_setcancelstate(cancel, NULL);
	errno = e;
}

void
l9wakeword(_Atomic uint32_t *w)
{
	Bucket *b;
	int e;

	e = errno;
	b = bucket(w);
	pthread_mutex_lock(&b->lk);
	pthread_cond_broadcast(&b->c);
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
