/*
 * The timer proc: one OS thread that ends every wait for a time.
 *
 * Sleepers lie in heaps, one for the procs of a number, each with a lock; a
 * heap's earliest time is also in an atomic word, min.  The timer proc
 * publishes in sleepto what it will sleep towards, then looks at all min
 * again; whoever puts an earlier sleeper first sets min, then looks at
 * sleepto, and wakes if it is later.  Both sequentially consistent, so one
 * of the two sees the other: no sleeper is overslept.
 *
 * Lock order: a heap's lock comes before a channel's and an Ioproc's.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "arch.h"
#include "lib9thread.h"
#include "timerimpl.h"

enum {
	Nheap = 64,	/* procs with the same number mod Nheap share one */
	Nbatch = 64,	/* sleepers ended before the heap's lock is free for a moment */
	Stack = 64*1024,
};

#define Nap	(500*Millisecond)

struct Heap
{
	_Alignas(64) Spin	lk;
	_Atomic int64_t	min;		/* lk to write: when there is something to do; INT64_MAX: no sleepers */
	Wheel	w;			/* lk */
};

static Heap heaps[Nheap];
static _Atomic int64_t sleepto = INT64_MAX;
static _Atomic uint32_t wakes;		/* what the timer proc sleeps on */
static _Atomic bool started;
static pthread_mutex_t starting = PTHREAD_MUTEX_INITIALIZER;

static void
setmin(Heap *h)
{
	/* sc: pairs with the timer proc's second look */
	stsc(&h->min, l9wheelmin(&h->w));
}

static int64_t
minall(void)
{
	int64_t t, min;
	int i;

	min = INT64_MAX;
	for(i = 0; i < Nheap; i++){
		/* sc: pairs with setmin, after the store to sleepto */
		t = ldsc(&heaps[i].min);
		if(t < min)
			min = t;
	}
	return min;
}

/* with h->lk: end up to Nbatch waits that are due, or steps towards that; true: there are more */
static bool
expire(Heap *h, int64_t now, Batch *b)
{
	Sleeper *s;
	int64_t again;
	int i;

	for(i = 0; i < Nbatch; i++){
		if(l9wheelturn(&h->w, now))
			continue;
		s = h->w.root;
		if(s == nil || s->when > now)
			break;
		l9wheeldel(&h->w, s);
		if(s->task != nil){
			if(l9claim(s->task)){
				l9setwhy(s->task, s->why);
				l9batchadd(b, s->task);
			}
			continue;
		}
		again = s->fire(s, now);
		if(again != INT64_MAX){
			s->when = again;
			l9wheelput(&h->w, s);
		}
	}
	setmin(h);
	return i == Nbatch;
}

static void
expireall(int64_t now)
{
	Batch b = {nil, nil};
	Heap *h;
	bool more;

	for(h = heaps; h < heaps + Nheap; h++)
		while(ldrlx(&h->min) <= now){
			l9lock(&h->lk);
			more = expire(h, now, &b);
			l9unlock(&h->lk);
			l9batchready(&b);
			if(!more)
				break;
		}
}

/*
 * Nothing is pending any more.  If the last timer woke nobody, and all procs
 * sleep, then this is the only thread left to notice a deadlock.
 */
static void
idle(uint32_t seen)
{
	if(l9deadlook())
		l9waitword(&wakes, seen, l9nsec() + Nap);
	else
		l9waitword(&wakes, seen, INT64_MAX);
}

static int
pending(void)
{
	return ldacq(&started) && minall() != INT64_MAX;
}

static void
timerproc(void *v)
{
	uint32_t seen;
	int64_t t, now;

	(void)v;
	/* a program may close the channel of its timer */
	l9neverproc();
	for(;;){
		/* before the look: a wake that comes after it ends the sleep */
		seen = ldacq(&wakes);
		t = minall();
		stsc(&sleepto, t);
		if(minall() < t)
			continue;
		now = l9nsec();
		if(t <= now){
			/* from before the last one is taken out until its task is ready: upper.h */
			l9wakers(1);
			expireall(now);
			l9wakers(-1);
		}else if(t == INT64_MAX)
			idle(seen);
		else
			l9waitword(&wakes, seen, t);
	}
}

/* the first time */
static int
begin(void)
{
	Heap *h;

	for(h = heaps; h < heaps + Nheap; h++){
		l9wheelinit(&h->w, l9nsec());
		setmin(h);
	}
	return l9osthread(timerproc, nil, Stack, 1);
}

static int
start(void)
{
	int e;

	/* acquire pairs with the store below */
	if(ldacq(&started))
		return 0;
	pthread_mutex_lock(&starting);
	e = 0;
	if(!ldrlx(&started)){
		e = begin();
		if(e == 0)
			/* release: the heaps are set up */
			strel(&started, true);
	}
	pthread_mutex_unlock(&starting);
	return e == 0? 0: l9err(e, strerror(e));
}

Heap*
l9heaplock(Sleeper *s)
{
	Heap *h;

	if(s->heap == nil)
		s->heap = &heaps[l9procindex(l9self()) % Nheap];
	h = s->heap;
	l9lock(&h->lk);
	return h;
}

void
l9heapunlock(Heap *h)
{
	int64_t old, min;

	old = ldrlx(&h->min);
	setmin(h);
	min = ldrlx(&h->min);
	l9unlock(&h->lk);
	/* sc: pairs with the timer proc's store, which comes before its second look at min */
	if(min < old && min < ldsc(&sleepto)){
		/* release pairs with the acquire in timerproc */
		addrel(&wakes, 1);
		l9wakeword(&wakes);
	}
}

int
l9heaptake(Heap *h, Sleeper *s)
{
	if(s->prev == nil)
		return 0;
	l9wheeldel(&h->w, s);
	return 1;
}

void
l9heapadd(Heap *h, Sleeper *s)
{
	l9wheelput(&h->w, s);
}

static int
arm(Sleeper *s)
{
	Heap *h;

	if(start() < 0)
		return -1;
	h = l9heaplock(s);
	l9heapadd(h, s);
	/* from here on s may be gone: its time may have come */
	l9heapunlock(h);
	return 0;
}

static int
disarm(Sleeper *s)
{
	Heap *h;
	int in;

	if(s->heap == nil)
		return 0;	/* never armed */
	h = l9heaplock(s);
	in = l9heaptake(h, s);
	l9heapunlock(h);
	return in;
}

const Timerhooks l9timerhooks = {
	.pending = pending,
	.start = start,
	.arm = arm,
	.disarm = disarm,
};
