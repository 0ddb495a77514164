/*
 * Whose turn it is: control.h.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "turn.h"

enum {
	Maxthread = 64,
};

#define Start	((int64_t)1000000000)		/* the time at the beginning */
#define Longest	((int64_t)86400*1000000000)	/* who sleeps so long waits for nothing that comes */

static struct {
	Plan	plan;
	Ran	ran;
	uint64_t	rand;
	int64_t	now;
	int64_t	lowest;		/* priority given so far */
	uint64_t	change[Maxchange];	/* the points of the plan's nchange */
	Osthread	thread[Maxthread];
	int	n;
	bool	over;
} ctl;

static _Thread_local Osthread *me;

Osthread*
l9me(void)
{
	return ctl.over? NULL: me;
}

const Plan*
l9plan(void)
{
	return &ctl.plan;
}

int64_t
l9time(void)
{
	return ctl.now;
}

/* splitmix64 */
static uint64_t
rand64(void)
{
	uint64_t x;

	x = ctl.rand += 0x9e3779b97f4a7c15;
	x = (x ^ x>>30)*0xbf58476d1ce4e5b9;
	x = (x ^ x>>27)*0x94d049bb133111eb;
	return x ^ x>>31;
}

uint32_t
l9choice(uint32_t n)
{
	return (uint32_t)((rand64()>>32)*n >> 32);
}

void
l9controlnote(uint64_t v)
{
	ctl.ran.hash = (ctl.ran.hash ^ v)*0x100000001b3;
}

static void
fail(const char *why)
{
	ctl.plan.failed(why);
	abort();
}

static Osthread*
add(void)
{
	Osthread *t;

	if(ctl.n == Maxthread)
		return NULL;
	t = &ctl.thread[ctl.n++];
	*t = (Osthread){.state = Ready, .fn = "start"};
	t->prio = 1 + ctl.plan.nchange + (int64_t)l9choice(1<<20);
	return t;
}

/* whoever sleeps until now no longer does */
static void
settime(int64_t now)
{
	Osthread *t;

	if(now > ctl.now)
		ctl.now = now;
	for(t = ctl.thread; t < ctl.thread + ctl.n; t++)
		if(t->state == Sleeps && t->until <= ctl.now)
			t->state = Ready;
}

/* nobody can run */
static void
passtime(void)
{
	Osthread *t;
	int64_t min;

	min = INT64_MAX;
	for(t = ctl.thread; t < ctl.thread + ctl.n; t++){
		if(t->state != Sleeps)
			continue;
		if(atomic_load(t->word) != t->val)
			fail("lost wake-up: everybody sleeps, one of them on a word that has changed");
		if(t->until < min)
			min = t->until;
	}
	if(min == INT64_MAX)
		fail("deadlock: everybody sleeps, and nobody until a time");
	if(min > Start + Longest)
		fail("everybody sleeps, and the first wakes in a day");
	settime(min);
}

/* end one sleep for no reason, or since its time has come while others were slow */
static void
nudge(void)
{
	Osthread *t, *one;
	uint32_t n;

	one = NULL;
	n = 0;
	for(t = ctl.thread; t < ctl.thread + ctl.n; t++)
		if(t->state == Sleeps && l9choice(++n) == 0)
			one = t;
	if(one == NULL)
		return;
	if(one->until != INT64_MAX && l9choice(2) == 0)
		settime(one->until);
	else
		one->state = Ready;
}

/* of those who are ready; not is not asked unless it is alone.  NULL: there is none */
static Osthread*
pick(Osthread *not)
{
	Osthread *t, *one;
	uint32_t n;

	one = NULL;
	n = 0;
	for(t = ctl.thread; t < ctl.thread + ctl.n; t++){
		if(t->state != Ready || t == not)
			continue;
		if(ctl.plan.priorities? one == NULL || t->prio > one->prio: l9choice(++n) == 0)
			one = t;
	}
	if(one == NULL && not != NULL && not->state == Ready)
		return not;
	return one;
}

/* the turn goes to t */
static void
give(Osthread *t)
{
	atomic_store_explicit(&t->turn, 1, memory_order_release);
	l9realwakeword(&t->turn);
}

static void
awaitturn(void)
{
	while(atomic_exchange_explicit(&me->turn, 0, memory_order_acquire) == 0)
		l9realwaitword(&me->turn, 0, INT64_MAX);
}

static void
to(Osthread *t)
{
	l9controlnote((uint64_t)(t - ctl.thread));
	if(t == me)
		return;
	ctl.ran.nswitch++;
	give(t);
	awaitturn();
}

/* the calling one cannot go on */
static Osthread*
other(void)
{
	Osthread *t;

	while((t = pick(NULL)) == NULL)
		passtime();
	return t;
}

static void
trace(const char *fn)
{
	char buf[128];
	int n;

	n = snprintf(buf, sizeof buf, "%6llu %8lld thread %d %s\n", (unsigned long long)ctl.ran.npoint,
		(long long)(ctl.now - Start), (int)(me - ctl.thread), fn);
	if(write(2, buf, (size_t)n) < 0)
		ctl.plan.trace = false;
}

/* a point is reached */
static void
count(const char *fn)
{
	int i;

	me->fn = fn;
	if(++ctl.ran.npoint > ctl.plan.maxpoint)
		fail("no progress");
	if(ctl.plan.trace)
		trace(fn);
	if(ctl.plan.nudge != 0 && l9choice(ctl.plan.nudge) == 0)
		nudge();
	for(i = 0; i < ctl.plan.nchange; i++)
		if(ctl.change[i] == ctl.ran.npoint)
			me->prio = i + 1;
}

void
l9step(const char *fn)
{
	count(fn);
	if(!ctl.plan.priorities && ctl.plan.stay > 0 && l9choice(ctl.plan.stay + 1) != 0)
		l9controlnote((uint64_t)(me - ctl.thread));
	else
		to(pick(NULL));
}

void
l9stepback(const char *fn)
{
	count(fn);
	me->prio = --ctl.lowest;
	to(pick(me));
}

void
l9sleep(_Atomic uint32_t *w, uint32_t val, int64_t until)
{
	l9seen(me);
	l9step("l9waitword");
	if(atomic_load(w) != val || until <= ctl.now)
		return;
	me->word = w;
	me->val = val;
	me->until = until;
	me->state = Sleeps;
	to(other());
}

void
l9wakeone(_Atomic uint32_t *w)
{
	Osthread *t, *one;
	uint32_t n;

	l9seen(me);
	l9step("l9wakeword");
	one = NULL;
	n = 0;
	for(t = ctl.thread; t < ctl.thread + ctl.n; t++)
		if(t->state == Sleeps && t->word == w && l9choice(++n) == 0)
			one = t;
	if(one != NULL)
		one->state = Ready;
}

Osthread*
l9newthread(void (*main)(void*), void *arg)
{
	Osthread *t;

	t = add();
	if(t != NULL){
		t->main = main;
		t->arg = arg;
	}
	return t;
}

/* the last one made did not come into being */
void
l9unthread(void)
{
	ctl.n--;
}

void
l9threadmain(void *v)
{
	me = v;
	atomic_store(&me->begun, 1);
	l9realwakeword(&me->begun);
	awaitturn();
	me->main(me->arg);
	l9seen(me);
	me->state = Ended;
	give(other());
}

/* so that what it does before its first turn is over */
void
l9threadbegun(Osthread *t)
{
	while(atomic_load(&t->begun) == 0)
		l9realwaitword(&t->begun, 0, INT64_MAX);
}

void
l9allseen(void)
{
	Osthread *t;

	for(t = ctl.thread; t < ctl.thread + ctl.n; t++)
		l9seen(t);
}

void
l9control(const Plan *plan)
{
	int i;

	ctl.plan = *plan;
	if(ctl.plan.nchange > Maxchange)
		ctl.plan.nchange = Maxchange;
	ctl.rand = plan->seed;
	ctl.now = Start;
	ctl.ran.hash = 0xcbf29ce484222325;
	for(i = 0; i < ctl.plan.nchange; i++)
		ctl.change[i] = 1 + rand64()%plan->span;
	me = add();
}

void
l9controlran(Ran *r)
{
	*r = ctl.ran;
}

void
l9controlend(void)
{
	ctl.over = true;
}

void
l9controlwho(void)
{
	static const char *const state[] = {"sleeps", "ready", "ended"};
	char buf[160];
	Osthread *t;
	int n;

	for(t = ctl.thread; t < ctl.thread + ctl.n; t++){
		n = snprintf(buf, sizeof buf, "%s OS thread %d: %s, in %s", t == me? "*": " ",
			(int)(t - ctl.thread), state[t->state], t->fn);
		if(t->state == Sleeps)
			n += snprintf(buf + n, sizeof buf - (size_t)n, ", while the word (%u) is %u",
				(unsigned)atomic_load(t->word), (unsigned)t->val);
		buf[n++] = '\n';
		if(write(2, buf, (size_t)n) < 0)
			return;
	}
}
