/*
 * Locks that block the task, not the proc: for qlock.c, rwlock.c, sema.c.
 *
 * All are queues of Waiters under a Spin in the lock itself.  What is waited
 * for is handed over: whoever gives it back and finds a waiter claims that
 * one, and it has it from then on.  So nobody overtakes, and a claim that
 * fails (that waiter was killed or gave up at this moment) goes on to the
 * next.
 *
 * The public types hold the same in fields of plain types: a header for C++
 * has no _Atomic.  Hence may_alias.
 */
#ifndef L9LOCK_H
#define L9LOCK_H

#include "hot.h"

typedef struct Lockq Lockq;
struct __attribute__((may_alias)) Lockq
{
	Spin	lk;
	int	n;		/* what it counts */
	Waitq	q;
};
_Static_assert(sizeof(Lockq) == sizeof(QLock), "lib9thread.h");

/*
 * l->lk is held, and is free on return.  Wait until handed over what w stands
 * for; why.  If something else ended the wait and w was still in the queue,
 * undo is taken off l->n and w->index is Gone: it has not come.  If not, it
 * had just been counted out.
 */
enum {
	Gone = -1,
};
int	l9lockwait(Lockq *l, Waiter *w, int kind, int how, int undo, const char *what);

/* with l->lk held: claim the first waiter that can be, and take it out */
Waiter*	l9lockfirst(Lockq *l);

#endif
