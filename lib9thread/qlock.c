/*
 * QLock, Lock and Rendez.
 *
 * A Rendez's queue is guarded by its lock's Spin, not by one of its own: so a
 * sleeper that is woken moves from the one queue to the other without
 * running in between, and gets the lock in its turn.
 */
#include "lock.h"

enum {
	Asleep,		/* Waiter.index: in a Rendez's queue */
	Wantslock,	/* in the lock's */
};

typedef struct Sleepq Sleepq;
struct __attribute__((may_alias)) Sleepq
{
	QLock	*l;
	Waitq	q;		/* l's Spin */
};
_Static_assert(sizeof(Sleepq) == sizeof(Rendez), "lib9thread.h");

static Lockq*
lockq(QLock *q, const char *call)
{
	if(q == nil)
		l9misuse(call, "nil lock");
	return (Lockq*)q;
}

/* with l->lk held, l->n set: hand over to the first waiter, or let go.  l->lk is free on return */
static void
handover(Lockq *l)
{
	Waiter *w;

	w = l9lockfirst(l);
	if(w == nil)
		l->n = 0;
	l9unlock(&l->lk);
	if(w != nil)
		makeready(w->task);
}

static void
release(Lockq *l, const char *call)
{
	l9lock(&l->lk);
	if(l->n == 0)
		l9misuse(call, "not locked");
	handover(l);
}

/* why: Wdone if it is ours */
static int
acquire(Lockq *l, int how)
{
	Waiter w;
	Task *t;
	int why;

	l9lock(&l->lk);
	if(l->n == 0){
		l->n = 1;
		l9unlock(&l->lk);
		return Wdone;
	}
	why = l9lockwait(l, &w, Wantslock, how, 0, "qlock");
	t = l9cur();
	if(why == Wdone && l9killed(t)){
		/* killed after it was handed over: nobody else would ever get it */
		l9lock(&l->lk);
		handover(l);
		return Wkilled;
	}
	return why;
}

static void
plain(QLock *q, const char *call)
{
	int why;

	why = acquire(lockq(q, call), Waitnoint);
	if(why != Wdone)
		l9errwhy(why);
}

static int
try(QLock *q, const char *call)
{
	Lockq *l;
	int got;

	l = lockq(q, call);
	l9lock(&l->lk);
	got = l->n == 0;
	l->n = 1;
	l9unlock(&l->lk);
	return got;
}

void
qlock(QLock *q)
{
	plain(q, "qlock");
}

int
canqlock(QLock *q)
{
	return try(q, "canqlock");
}

int
qlockuntil(QLock *q, int64_t when)
{
	int64_t old;
	int why;

	old = threaddeadline(when);
	why = acquire(lockq(q, "qlockuntil"), Waitint);
	threadundeadline(old);
	return why == Wdone? 0: l9errwhy(why);
}

void
qunlock(QLock *q)
{
	release(lockq(q, "qunlock"), "qunlock");
}

void
p9lock(Lock *l)
{
	if(l == nil)
		l9misuse("lock", "nil lock");
	plain(&l->l9q, "lock");
}

int
p9canlock(Lock *l)
{
	if(l == nil)
		l9misuse("canlock", "nil lock");
	return try(&l->l9q, "canlock");
}

void
p9unlock(Lock *l)
{
	if(l == nil)
		l9misuse("unlock", "nil lock");
	release(lockq(&l->l9q, "unlock"), "unlock");
}

/* a Rendez's lock, which must be held */
static Lockq*
rendezlock(Sleepq *s, const char *call)
{
	if(s == nil || s->l == nil)
		l9misuse(call, "nil Rendez, or no lock in it");
	return (Lockq*)s->l;
}

/* with l->lk held: the first sleeper who can still be woken goes to the lock's queue */
static int
move(Sleepq *s, Lockq *l)
{
	Waiter *w;

	for(w = s->q.first; w != nil; w = w->next)
		/* one who was claimed elsewhere takes itself out */
		if(ldrlx(&w->task->word) & Wordwait){
			wqdel(&s->q, w);
			w->index = Wantslock;
			wqput(&l->q, w);
			return 1;
		}
	return 0;
}

/*
 * The sleep ended by something else than a wake-up.  If it had been woken
 * and only wants the lock, that counts; a wake-up for a task that was killed
 * goes to another.  1: it was woken
 */
static int
leave(Sleepq *s, Lockq *l, Waiter *w, int why)
{
	int woken;

	l9lock(&l->lk);
	woken = w->index == Wantslock;
	if(w->queued)
		wqdel(woken? &l->q: &s->q, w);
	if(woken && why == Wkilled)
		move(s, l);
	if(woken && l->n == 0){
		/* it stood in the way of whoever was moved just now */
		l->n = 1;
		handover(l);
	}else
		l9unlock(&l->lk);
	return woken;
}

/* t has the lock, and its caller does not know of it: killed, it lets go first */
static void
diewithout(Lockq *l, Task *t)
{
	if(!l9killed(t))
		return;
	l9lock(&l->lk);
	handover(l);
	l9checkkill(t);
}

/* 0, with the lock; -1 with errstr, with the lock too */
static int
sleepon(Sleepq *s, Lockq *l, int how)
{
	Waiter w;
	Task *t;
	int why, woken;

	t = l9cur();
	l9lock(&l->lk);
	if(l->n == 0)
		l9misuse("rsleep", "lock not held");
	why = beginwait(t, how);
	if(why == Wkilled){
		handover(l);
		return l9errwhy(why);
	}
	if(why != 0){
		l9unlock(&l->lk);
		return l9errset(why);
	}
	l9waiting(t, "rsleep", s, nil);
	w.task = t;
	w.index = Asleep;
	wqput(&s->q, &w);
	handover(l);
	why = endwait(t);
	if(why == Wdone){
		diewithout(l, t);
		return 0;
	}
	woken = leave(s, l, &w, why);
	l9checkkill(t);
	if(woken && why == Wintr)
		/* it came too late for this wait: for the next */
		l9intagain(t);
	/* an interrupt or a deadline is over; to go on without the lock is not an option */
	plain((QLock*)s->l, "rsleep");
	diewithout(l, t);
	return woken? 0: l9errset(why);
}

void
rsleep(Rendez *r)
{
	Sleepq *s;

	s = (Sleepq*)r;
	sleepon(s, rendezlock(s, "rsleep"), Waitnoint);
}

int
rsleepuntil(Rendez *r, int64_t when)
{
	Sleepq *s;
	int64_t old;
	int n;

	s = (Sleepq*)r;
	old = threaddeadline(when);
	n = sleepon(s, rendezlock(s, "rsleepuntil"), Waitint);
	threadundeadline(old);
	return n;
}

static int
wake(Rendez *r, int max, const char *call)
{
	Sleepq *s;
	Lockq *l;
	int n;

	s = (Sleepq*)r;
	l = rendezlock(s, call);
	l9lock(&l->lk);
	if(l->n == 0)
		l9misuse(call, "lock not held");
	for(n = 0; n < max && move(s, l); n++)
		;
	l9unlock(&l->lk);
	return n;
}

int
rwakeup(Rendez *r)
{
	return wake(r, 1, "rwakeup");
}

int
rwakeupall(Rendez *r)
{
	return wake(r, INT32_MAX, "rwakeupall");
}
