/*
 * Timers with a channel.
 *
 * A timer is guarded by its heap's lock.  Only the timer proc sends on the
 * channel, with that lock and without blocking; the channel holds one
 * message.  So whoever has the lock, takes the Sleeper out and drops what is
 * in the channel leaves no stale message, whatever others do with the timer
 * at the same time.
 */
#include <errno.h>
#include <stdlib.h>

#include "arch.h"
#include "lib9thread.h"
#include "timerimpl.h"

typedef struct Clock Clock;
struct Clock
{
	Timer	pub;		/* first: a Timer* is a Clock* */
	Sleeper	s;
	int64_t	period;		/* the heap's lock: ns; 0: fires once */
};

static Clock*
clockof(Sleeper *s)
{
	return (Clock*)(void*)((char*)s - offsetof(Clock, s));
}

/* the next time on the grid that is still to come: ticks may be missed, the pace is kept */
static int64_t
nextdue(Clock *c, int64_t now)
{
	int64_t late;

	late = now - c->s.when;
	if(c->s.when > INT64_MAX - c->period - late)
		return INT64_MAX;
	return c->s.when + (late/c->period + 1)*c->period;
}

static int64_t
fire(Sleeper *s, int64_t now)
{
	Clock *c;
	int64_t due;

	c = clockof(s);
	due = s->when;
	/* if the last message is still there, this one is dropped */
	p9nbsend(c->pub.c, &due);
	return c->period == 0? INT64_MAX: nextdue(c, now);
}

static Timer*
timernew(int64_t ns, int64_t period)
{
	Clock *c;

	c = calloc(1, sizeof *c);
	if(c == nil){
		l9err(ENOMEM, "out of memory");
		return nil;
	}
	c->pub.c = chancreate(sizeof(int64_t), 1);
	if(c->pub.c == nil){
		free(c);
		return nil;
	}
	l9chancalled(c->pub.c, "timer");
	c->period = period;
	c->s = (Sleeper){.when = l9fromnow(ns), .fire = fire};
	if(l9timer->arm(&c->s) < 0){
		chanfree(c->pub.c);
		free(c);
		return nil;
	}
	return &c->pub;
}

Timer*
after(int64_t ns)
{
	return timernew(ns, 0);
}

Timer*
ticker(int64_t ns)
{
	if(ns <= 0)
		l9misuse("ticker", "period of %lld ns", (long long)ns);
	return timernew(ns, ns);
}

/* out of the heap, and no message left.  1: it was running */
static int
stop(Clock *c, Heap *h)
{
	int was;

	was = l9heaptake(h, &c->s);
	l9chandrop(c->pub.c);
	return was;
}

int
timerstop(Timer *t)
{
	Clock *c;
	Heap *h;
	int was;

	if(t == nil)
		l9misuse("timerstop", "nil timer");
	c = (Clock*)(void*)t;
	h = l9heaplock(&c->s);
	was = stop(c, h);
	l9heapunlock(h);
	return was;
}

int
timerreset(Timer *t, int64_t ns)
{
	Clock *c;
	Heap *h;
	int was;
	bool bad;

	if(t == nil)
		l9misuse("timerreset", "nil timer");
	c = (Clock*)(void*)t;
	h = l9heaplock(&c->s);
	bad = c->period != 0 && ns <= 0;
	was = 0;
	if(!bad){
		was = stop(c, h);
		if(c->period != 0)
			c->period = ns;
		c->s.when = l9fromnow(ns);
		l9heapadd(h, &c->s);
	}
	l9heapunlock(h);
	if(bad)
		l9misuse("timerreset", "period of %lld ns", (long long)ns);
	return was;
}

void
timerfree(Timer *t)
{
	if(t == nil)
		return;
	timerstop(t);
	chanfree(t->c);
	free(t);
}
