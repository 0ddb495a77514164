/*
 * RWLock: many readers or one writer, in the order in which they came.  A
 * reader that comes while anybody waits queues too, so writers do not starve;
 * and readers that stand together enter together, so neither do they.
 */
#include "lock.h"

enum {
	Reader,		/* Waiter.index */
	Writer,
};

/* Lockq.n: readers inside, or this */
enum {
	Written = -1,
};

static Lockq*
lockq(RWLock *l, const char *call)
{
	if(l == nil)
		l9misuse(call, "nil lock");
	return (Lockq*)&l->l9q;
}

static bool
admits(Lockq *l, int kind)
{
	return kind == Writer? l->n == 0: l->n >= 0;
}

static void
enter(Lockq *l, int kind)
{
	l->n = kind == Writer? Written: l->n + 1;
}

/* with l->lk held, free on return: let in whoever is first and may */
static void
admit(Lockq *l)
{
	Batch b = {nil, nil};
	Waiter *w;
	Task *t;

	while((w = l->q.first) != nil && admits(l, w->index)){
		wqdel(&l->q, w);
		t = w->task;
		if(!claim(t))
			continue;
		enter(l, w->index);
		t->why = Wdone;
		l9batchadd(&b, t);
	}
	l9unlock(&l->lk);
	l9batchready(&b);
}

static void
leave(Lockq *l, int kind, const char *call)
{
	l9lock(&l->lk);
	if(kind == Writer? l->n != Written: l->n <= 0)
		l9misuse(call, "not locked");
	l->n = kind == Writer? 0: l->n - 1;
	admit(l);
}

static int
acquire(Lockq *l, int kind, int how, const char *call)
{
	Waiter w;
	Task *t;
	int why;

	l9lock(&l->lk);
	if(l->q.first == nil && admits(l, kind)){
		enter(l, kind);
		l9unlock(&l->lk);
		return Wdone;
	}
	why = l9lockwait(l, &w, kind, how, 0, kind == Writer? "wlock": "rlock");
	if(why != Wdone){
		/* those behind may have waited for this one only */
		l9lock(&l->lk);
		admit(l);
		return why;
	}
	t = l9cur();
	if(l9killed(t)){
		leave(l, kind, call);
		return Wkilled;
	}
	return why;
}

static void
plain(RWLock *l, int kind, const char *call)
{
	int why;

	why = acquire(lockq(l, call), kind, Waitnoint, call);
	if(why != Wdone)
		l9errwhy(why);
}

static int
timed(RWLock *l, int kind, int64_t when, const char *call)
{
	int64_t old;
	int why;

	old = threaddeadline(when);
	why = acquire(lockq(l, call), kind, Waitint, call);
	threadundeadline(old);
	return why == Wdone? 0: l9errwhy(why);
}

static int
try(RWLock *rw, int kind, const char *call)
{
	Lockq *l;
	bool got;

	l = lockq(rw, call);
	l9lock(&l->lk);
	got = l->q.first == nil && admits(l, kind);
	if(got)
		enter(l, kind);
	l9unlock(&l->lk);
	return got;
}

void rlock(RWLock *l) { plain(l, Reader, "rlock"); }
void wlock(RWLock *l) { plain(l, Writer, "wlock"); }
int canrlock(RWLock *l) { return try(l, Reader, "canrlock"); }
int canwlock(RWLock *l) { return try(l, Writer, "canwlock"); }
int rlockuntil(RWLock *l, int64_t when) { return timed(l, Reader, when, "rlockuntil"); }
int wlockuntil(RWLock *l, int64_t when) { return timed(l, Writer, when, "wlockuntil"); }
void runlock(RWLock *l) { leave(lockq(l, "runlock"), Reader, "runlock"); }
void wunlock(RWLock *l) { leave(lockq(l, "wunlock"), Writer, "wunlock"); }
