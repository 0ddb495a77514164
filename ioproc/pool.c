/*
 * Helpers that nobody has, and calls without an Ioproc.
 *
 * Such a call takes an idle helper or makes one.  It does not wait for one that
 * is busy, which may be blocked in a call that this one is to end.  Only where
 * the system refuses an OS thread it waits, until a helper comes free or the
 * system has changed its mind: it asks again now and then.
 *
 * pool.lk guards the lists.  Who gives a helper to a waiter claims it under
 * the lock.
 */
#include <errno.h>
#include <string.h>

#include "helper.h"

typedef struct Wait Wait;

#define Firstask	Millisecond	/* until the system is asked again, doubled each time */
#define Lastask	Second

/* a call that waits for a helper; on its caller's stack */
struct Wait
{
	Task	*task;
	Helper	*helper;	/* who claims the task writes it before */
	bool	queued;		/* pool.lk */
	Wait	*next;		/* pool.lk */
	Wait	*prev;		/* pool.lk */
};

static struct {
	Spin	lk;
	Helper	*idle;		/* the one used last is the first: the others may end */
	int	nlent;		/* helpers that make calls without an Ioproc */
	Wait	*first;		/* the calls that wait, the oldest first */
	Wait	*last;
} pool;

/* with pool.lk: h is idle from now on */
static void
put(Helper *h)
{
	h->idle = true;
	h->prev = nil;
	h->next = pool.idle;
	if(pool.idle != nil)
		pool.idle->prev = h;
	pool.idle = h;
}

/* with pool.lk: h is idle no longer */
static void
take(Helper *h)
{
	h->idle = false;
	if(h->prev != nil)
		h->prev->next = h->next;
	else
		pool.idle = h->next;
	if(h->next != nil)
		h->next->prev = h->prev;
}

bool
l9poolleave(Helper *h)
{
	bool leaves;

	l9lock(&pool.lk);
	leaves = h->idle;
	if(leaves)
		take(h);
	l9unlock(&pool.lk);
	return leaves;
}

/* with pool.lk */
static void
enqueue(Wait *w)
{
	w->queued = true;
	w->next = nil;
	w->prev = pool.last;
	if(pool.last != nil)
		pool.last->next = w;
	else
		pool.first = w;
	pool.last = w;
}

/* with pool.lk */
static void
dequeue(Wait *w)
{
	w->queued = false;
	if(w->prev != nil)
		w->prev->next = w->next;
	else
		pool.first = w->next;
	if(w->next != nil)
		w->next->prev = w->prev;
	else
		pool.last = w->prev;
}

/* h to the first who waits for one, or to the idle; lent: a call without an Ioproc had it */
static void
giveback(Helper *h, int lent)
{
	Task *t;
	Wait *w;

	t = nil;
	h->refuse = false;	/* nobody else has h */
	l9lock(&pool.lk);
	pool.nlent -= lent;
	while(t == nil && (w = pool.first) != nil){
		dequeue(w);
		if(!l9claim(w->task))
			continue;
		t = w->task;
		w->helper = h;
		l9setwhy(t, Wdone);
		pool.nlent++;
	}
	if(t == nil)
		put(h);
	l9unlock(&pool.lk);
	if(t != nil)
		l9ready(t);
}

/* an idle one or a new one.  0 or an errno value */
static int
get(Helper **hp, int lent)
{
	Helper *h;
	int e;

	l9lock(&pool.lk);
	h = pool.idle;
	if(h != nil){
		take(h);
		pool.nlent += lent;
	}
	l9unlock(&pool.lk);
	*hp = h;
	if(h != nil)
		return 0;
	e = l9helpernew(hp);
	if(e == 0 && lent){
		l9lock(&pool.lk);
		pool.nlent++;
		l9unlock(&pool.lk);
	}
	return e;
}

Helper*
l9helper(void)
{
	Helper *h;
	int e;

	if(l9timer->start() < 0)
		return nil;
	e = get(&h, 0);
	if(e != 0){
		l9err(e, e == ENOMEM? "out of memory": strerror(e));
		return nil;
	}
	return h;
}

void
l9helperfree(Helper *h)
{
	giveback(h, 0);
}

/* begin to wait for a helper.  0; else c has failed, with e if nobody has one to give back */
static int
begin(Wait *w, Call *c, int e)
{
	int why;

	why = 0;
	l9lock(&pool.lk);
	if(pool.nlent > 0){
		e = 0;
		why = l9waitbegin(w->task, Waitint);
		if(why == 0)
			enqueue(w);
	}
	l9unlock(&pool.lk);
	if(e != 0)
		l9callfail(c, e, e == ENOMEM? "out of memory": strerror(e));
	else if(why != 0)
		l9callfailwhy(c, why);
	return e != 0 || why != 0? -1: 0;
}

/* wait until when, at most, as begin has begun; why that ended */
static int
waituntil(Wait *w, Call *c, int64_t when)
{
	Sleeper s;
	int why;

	l9waitingfor(w->task, c->what, "an OS thread");
	s = (Sleeper){.when = when, .task = w->task, .why = Wtimeout};
	l9timer->arm(&s);	/* cannot fail: the timer proc runs */
	why = l9wait(w->task);
	if(why != Wtimeout)
		l9timer->disarm(&s);
	l9lock(&pool.lk);
	if(w->queued)
		dequeue(w);
	l9unlock(&pool.lk);
	return why;
}

/* a helper, as soon as there is one; nil: c has failed */
static Helper*
await(Call *c)
{
	Wait w;
	Helper *h;
	int64_t delay;
	int e, why;

	w.task = l9self();
	for(delay = Firstask; (e = get(&h, 1)) != 0; delay = delay < Lastask? 2*delay: Lastask){
		if(begin(&w, c, e) < 0)
			return nil;
		why = waituntil(&w, c, l9nsec() + delay);
		if(why == Wdone)
			return w.helper;
		if(why != Wtimeout){
			l9callfailwhy(c, why);
			return nil;
		}
	}
	return h;
}

void
l9poolcall(Call *c)
{
	Helper *h;

	if(l9timer->start() < 0){
		c->ret = -1;
		l9errget(&c->errnum, c->errstr);
		return;
	}
	h = await(c);
	if(h == nil)
		return;
	l9fdcallbegin(c, h);
	l9helpercall(h, c);
	l9fdcallend(c);
	giveback(h, 1);
}
