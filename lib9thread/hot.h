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

/* for the compiler alone: for the CPU there is l9barrier, own.c */
static inline void
ownfence(void)
{
	atomic_signal_fence(memory_order_seq_cst);
}

/* the running proc touches what is its own: own.c */
static inline void
enterown(Proc *p)
{
	strlx(&p->inside, 1);
	ownfence();
	/* acquire pairs with l9letgo */
	if(unlikely(ldacq(&p->stopped) != 0))
		l9enterslow(p);
}

static inline void
leaveown(Proc *p)
{
	/* release pairs with l9stop */
	strel(&p->inside, 0);
}

/* claim, inside the section of t's proc */
static inline bool
claimown(Task *t)
{
	if(likely(ldrlx(&t->local))){
		strlx(&t->local, false);
		return true;
	}
	return claim(t);
}

/*
 * l9waitbegin, inside the section of t's proc, where all its records will be
 * in what is that proc's own.  False: l9waitbegin knows why.
 */
static inline bool
beginown(Task *t)
{
	if(unlikely(t->deadline != INT64_MAX))
		return false;
	strlx(&t->local, true);
	/* before the look, or an interrupt comes between: l9showwait */
	ownfence();
	if(likely(!(ldrlx(&t->word) & (Wordint|Wordkill))))
		return true;
	strlx(&t->local, false);
	return false;
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

/* endwait, for a caller that returns what this does: l9pass */
static inline long
endpass(Task *t, Odd *odd)
{
	if(unlikely(t->deadline != INT64_MAX))
		return l9passtimed(t, odd);
	return l9pass(odd);
}

static inline int
endpassint(Task *t, Odd *odd)
{
	if(unlikely(t->deadline != INT64_MAX))
		return (int)l9passtimed(t, odd);
	return l9passint(odd);
}

static inline void
wqput(Waitq *q, Waiter *w)
{
	w->queued = true;
	w->next = nil;
	w->prev = q->last;
	midway();
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
	midway();
	if(w->next == nil)
		q->last = w->prev;
	else
		w->next->prev = w->prev;
	w->queued = false;
}

/* wqdel, of the first */
static inline void
wqpop(Waitq *q, Waiter *w)
{
	q->first = w->next;
	midway();
	if(w->next == nil)
		q->last = nil;
	else
		w->next->prev = nil;
	w->queued = false;
}

#endif
