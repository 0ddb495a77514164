/*
 * Timers with a channel.
 *
 * Only the timer proc sends on the channel, under its heap's lock and
 * without blocking; the channel holds one message.  So once a Sleeper is
 * disarmed nothing more can come, and draining the channel then leaves no
 * stale message.
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
	int64_t	period;		/* ns; 0: fires once */
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

int
timerstop(Timer *t)
{
	int was;

	if(t == nil)
		l9misuse("timerstop", "nil timer");
	was = l9timer->disarm(&((Clock*)(void*)t)->s);
	p9nbrecv(t->c, nil);
	return was;
}

int
timerreset(Timer *t, int64_t ns)
{
	Clock *c;
	int was;

	if(t == nil)
		l9misuse("timerreset", "nil timer");
	c = (Clock*)(void*)t;
	if(c->period != 0 && ns <= 0)
		l9misuse("timerreset", "period of %lld ns", (long long)ns);
	was = timerstop(t);
	if(c->period != 0)
		c->period = ns;
	c->s.when = l9fromnow(ns);
	/* cannot fail: there is a timer proc since the timer was made */
	l9timer->arm(&c->s);
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
