/*
 * The few steps that every operation takes, in line: the run queue, the claim
 * word, channels' queues.  What is rare about each is a call.
 */
#ifndef L9HOT_H
#define L9HOT_H

#include "impl.h"

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)

/* append t to the end of q */
static inline void
qappend(Queue *q, Task *t)
{
	t->next = nil;
	if(q->first == nil)
		q->first = t;
	else
		q->last->next = t;
	q->last = t;
}

/* t will run on p, which is the running proc, or does not run yet */
static inline void
runput(Proc *p, Task *t)
{
	/* nearly all tasks have this one, so its queue is handled without a look at the others */
	if(likely(t->prio == Defprio))
		qappend(&p->runq, t);
	else
		l9otherput(p, t);
}

/* l9ready */
static inline void
makeready(Task *t)
{
	Proc *p;

	p = t->proc;
	if(likely(p == l9proc))
		runput(p, t);
	else
		l9push(p, t, t);
}

/* l9claim */
static inline bool
claim(Task *t)
{
	uint64_t w;

	w = ldrlx(&t->word);
	do
		if(!(w & Wordwait))
			return false;
	/* acquire pairs with beginwait; release with the next one */
	while(!casar(&t->word, &w, w & ~(uint64_t)Wordstate));
	return true;
}

/* l9waitbegin */
static inline int
beginwait(Task *t, int how)
{
	uint64_t w;

	w = ldrlx(&t->word);
	if(likely(t->deadline == INT64_MAX && !(w & (Wordint|Wordkill)))
	/* release: the claimer's result of this wait comes after what self read of the last */
	&& likely(casar(&t->word, &w, w | Wordwait | how)))
		return 0;
	return l9waitbegin(t, how);
}

/* l9wait, after beginwait without Waitnoint */
static inline int
endwait(Task *t)
{
	if(unlikely(t->deadline != INT64_MAX))
		return l9wait(t);
	l9sched();
	return t->why;
}

static inline void
wqput(Waitq *q, Waiter *w)
{
	w->queued = true;
	w->next = nil;
	w->prev = q->last;
	if(q->last == nil)
		q->first = w;
	else
		q->last->next = w;
	q->last = w;
}

static inline void
wqdel(Waitq *q, Waiter *w)
{
	if(w->prev == nil)
		q->first = w->next;
	else
		w->prev->next = w->next;
	if(w->next == nil)
		q->last = w->prev;
	else
		w->next->prev = w->prev;
	w->queued = false;
}

#endif
