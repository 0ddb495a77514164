/*
 * Counting: Sema, Waitgroup and Barrier.  Their waits can be interrupted, and
 * end at the task's deadline.
 */
#include "lock.h"

/* all of them begin with what they are */
_Static_assert(offsetof(Sema, l9q) == 0 && offsetof(Waitgroup, l9q) == 0 && offsetof(Barrier, l9q) == 0, "lib9thread.h");

static Lockq*
lockq(void *v, const char *call)
{
	if(v == nil)
		l9misuse(call, "nil argument");
	return v;
}

/* with l->lk held, free on return: everybody who waits goes on */
static void
wakeall(Lockq *l)
{
	Batch b = {nil, nil};
	Waiter *w;

	while((w = l9lockfirst(l)) != nil)
		l9batchadd(&b, w->task);
	l9unlock(&l->lk);
	l9batchready(&b);
}

/* with l->lk held, free on return */
static int
await(Lockq *l, const char *what)
{
	Waiter w;
	int why;

	why = l9lockwait(l, &w, 0, Waitint, 0, what);
	if(why != Wdone)
		return l9errwhy(why);
	return 0;
}

int
semacquire(Sema *s)
{
	Lockq *l;
	Task *t;

	l = lockq(s, "semacquire");
	l9lock(&l->lk);
	if(l->n > 0){
		l->n--;
		l9unlock(&l->lk);
		return 0;
	}
	if(await(l, "semacquire") < 0)
		return -1;
	t = l9cur();
	if(l9killed(t)){
		/* handed over to one who is to end: to the next.  One look: a kill may come after it */
		semrelease(s, 1);
		l9checkkill(t);
	}
	return 0;
}

int
cansemacquire(Sema *s)
{
	Lockq *l;
	int got;

	l = lockq(s, "cansemacquire");
	l9lock(&l->lk);
	got = l->n > 0;
	l->n -= got;
	l9unlock(&l->lk);
	return got;
}

void
semrelease(Sema *s, int n)
{
	Batch b = {nil, nil};
	Lockq *l;
	Waiter *w;

	l = lockq(s, "semrelease");
	if(n < 0)
		l9misuse("semrelease", "%d", n);
	l9lock(&l->lk);
	for(; n > 0 && (w = l9lockfirst(l)) != nil; n--)
		l9batchadd(&b, w->task);
	if(l->n > INT32_MAX - n)
		l9misuse("semrelease", "count overflows");
	l->n += n;
	l9unlock(&l->lk);
	l9batchready(&b);
}

void
wgadd(Waitgroup *g, int n)
{
	Lockq *l;

	l = lockq(g, "wgadd");
	l9lock(&l->lk);
	if(n < 0? l->n < -(int64_t)n: l->n > INT32_MAX - n)
		l9misuse("wgadd", "count of %d by %d", l->n, n);
	l->n += n;
	if(l->n == 0)
		wakeall(l);
	else
		l9unlock(&l->lk);
}

void
wgdone(Waitgroup *g)
{
	wgadd(g, -1);
}

int
wgwait(Waitgroup *g)
{
	Lockq *l;
	int r;

	l = lockq(g, "wgwait");
	l9lock(&l->lk);
	if(l->n == 0){
		l9unlock(&l->lk);
		return 0;
	}
	r = await(l, "wgwait");
	if(r == 0)
		l9checkkill(l9cur());
	return r;
}

/* as wgwait, and nothing ends it: what is waited for has its memory here */
void
l9wgwaitout(Waitgroup *g)
{
	Waiter w;
	Lockq *l;

	l = (Lockq*)&g->l9q;
	l9lock(&l->lk);
	if(l->n == 0)
		l9unlock(&l->lk);
	else
		l9lockwait(l, &w, 0, Waitnoint|Waitnokill, 0, "threadpar");
}

/* the last of n to come lets them all go.  1 for that one, 0 for the others */
int
barrierwait(Barrier *b, int n)
{
	Waiter w;
	Lockq *l;
	int why;

	l = lockq(b, "barrierwait");
	if(n < 1)
		l9misuse("barrierwait", "for %d", n);
	l9lock(&l->lk);
	if(++l->n >= n){
		l->n = 0;
		wakeall(l);
		return 1;
	}
	/* who gives up has not come; but who was counted with the others has */
	why = l9lockwait(l, &w, 0, Waitint, 1, "barrierwait");
	if(why != Wdone && w.index == Gone)
		return l9errwhy(why);
	if(why == Wintr)
		l9intagain(l9cur());
	l9checkkill(l9cur());
	return 0;
}
