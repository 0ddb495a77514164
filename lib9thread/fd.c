/*
 * Descriptors that tasks wait for.
 *
 * Each number has an Fd, made when the number is first used and never freed.
 * Those who wait stand there, tasks of all procs in one line for each side.
 * Each arms the poller of its own proc for one event.  When that
 * comes the proc wakes the first of its own tasks, and arms again if more of
 * its tasks are left.  Arming counts what is there already.  So nothing is
 * lost that came between a try and the wait, nor what a woken task leaves
 * since it was killed, or had a small buffer.
 *
 * Waking is no promise: another may be quicker, the event may be old, the number
 * may be another file's by now.  The woken one tries, and if it would
 * block, waits again, at its old place in the line.
 *
 * ioclose.  The upper half of d->use counts it, the lower counts calls that
 * are at a try.  A call that began before the count changed ends with Wclosed,
 * be it waiting or about to; the close waits for tries, which do not block.  So
 * no call comes to the file that gets the number next.  Somebody who begins
 * a call between that and close(2) waits for a file that goes: hence
 * l9fdclosed, which has all try again.
 *
 * close(2) of a number that somebody waits for is the caller's error, but does
 * no harm to others: whoever arms it next in the same proc is told that it
 * is another file now, and those who waited get Wclosed.
 */
#include <pthread.h>

#include "hot.h"

enum {
	Firstbits = 6,
	First = 1<<Firstbits,	/* numbers in the first chunk; each next one has as many as all before */
	Nchunk = 32 - Firstbits,
};

struct Fd
{
	_Alignas(Cacheline) _Atomic uint64_t	use;
	Spin	lk;
	uint32_t	turn;		/* lk: the next one's in the line */
	Waitq	q[Nfdside];	/* lk: Waiter.index is the turn */
	_Atomic bool	waits[Nfdside];	/* lk to write: q is not empty.  Looked at without, as a hint */
	/* hints alone: no order */
	_Atomic bool	drained;	/* the last read got less than it asked for */
	_Atomic bool	nosocket;
};

static Fd *_Atomic chunk[Nchunk];

static int
nlog2(uint32_t x)
{
	return 31 - __builtin_clz(x);
}

/* the chunk of number n, and n made the place in it */
static int
place(uint32_t *n)
{
	int k;

	if(*n < First)
		return 0;
	k = nlog2(*n) - Firstbits + 1;
	*n -= (uint32_t)First<<(k-1);
	return k;
}

/* nil: the number has never been used */
static Fd*
find(int fd)
{
	uint32_t n;
	Fd *c;

	n = (uint32_t)fd;
	/* acquire pairs with addchunk */
	c = ldacq(&chunk[place(&n)]);
	return c == nil? nil: &c[n];
}

/* nil: no memory */
static Fd*
addchunk(int k)
{
	size_t size;
	Fd *c, *old;

	size = ((size_t)First<<(k == 0? 0: k-1))*sizeof *c;
	c = l9memmap(size);
	if(c == nil)
		return nil;
	old = nil;
	/* release: its zeros */
	if(cas1ar(&chunk[k], &old, c))
		return c;
	l9memunmap(c, size);
	return ldacq(&chunk[k]);
}

int
l9fdbegin(Fdcall *c, const char *what, int fd, int side)
{
	uint32_t n;

	if(fd < 0){
		errno = EBADF;
		return -1;
	}
	c->d = find(fd);
	if(c->d == nil){
		n = (uint32_t)fd;
		if(addchunk(place(&n)) == nil)
			return -1;
		c->d = find(fd);
	}
	c->what = what;
	c->fd = fd;
	c->side = side;
	c->waited = false;
	/* acquire pairs with l9fdclosing */
	c->closes = (uint32_t)(ldacq(&c->d->use)>>32);
	return 0;
}

int
l9fdtry(Fdcall *c)
{
	Fd *d;

	d = c->d;
	if(!c->waited && (ldrlx(&d->waits[c->side]) || (c->side == Fdin && ldrlx(&d->drained))))
		return Fdwait;
	/* whoever is cancelled in the middle would be waited for in vain */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &c->cancel);
	/* acquire and release: after l9fdclosing's count, or before its look */
	if(addar(&d->use, 1)>>32 == c->closes)
		return Fdgo;
	l9fdtried(c, false);
	return Fdclosed;
}

void
l9fdtried(Fdcall *c, bool drained)
{
	if(drained && c->side == Fdin)
		strlx(&c->d->drained, true);
	addar(&c->d->use, -1);
	pthread_setcancelstate(c->cancel, nil);
}

bool
l9fdnosocket(Fdcall *c)
{
	return ldrlx(&c->d->nosocket);
}

void
l9fdsetnosocket(Fdcall *c)
{
	strlx(&c->d->nosocket, true);
}

/* with d->lk, as the next ones */
static void
put(Fd *d, int side, Waiter *w)
{
	wqput(&d->q[side], w);
	strlx(&d->waits[side], true);
}

static void
del(Fd *d, int side, Waiter *w)
{
	wqdel(&d->q[side], w);
	strlx(&d->waits[side], d->q[side].first != nil);
}

/* before those whose turn is later */
static void
putagain(Fd *d, int side, Waiter *w)
{
	Waitq *q;
	Waiter *x;

	q = &d->q[side];
	for(x = q->first; x != nil && (int32_t)((uint32_t)x->index - (uint32_t)w->index) < 0; x = x->next)
		;
	if(x == nil){
		put(d, side, w);
		return;
	}
	w->queued = true;
	w->next = x;
	w->prev = x->prev;
	x->prev = w;
	if(w->prev == nil)
		q->first = w;
	else
		w->prev->next = w;
}

/* what p's tasks wait for there */
static int
asked(Fd *d, Proc *p)
{
	Waiter *w;
	int side, what;

	what = 0;
	for(side = 0; side < Nfdside; side++)
		for(w = d->q[side].first; w != nil; w = w->next)
			if(w->task->proc == p){
				what |= side == Fdin? Pollin: Pollout;
				break;
			}
	return what;
}

/* w leaves; true: its task's wait ends with this */
static bool
wake(Fd *d, int side, Waiter *w, int why)
{
	del(d, side, w);
	if(!claim(w->task))
		return false;
	w->task->why = why;
	return true;
}

static void
wakefirst(Fd *d, int side, Proc *p)
{
	Waiter *w, *next;

	for(w = d->q[side].first; w != nil; w = next){
		next = w->next;
		if(w->task->proc == p && wake(d, side, w, Wdone)){
			runput(p, w->task);
			return;
		}
	}
}

/* all of p's, or of all procs if p is nil; but for one, who may be nil */
static void
wakeall(Fd *d, Proc *p, Task *but, int why)
{
	Waiter *w, *next;
	Batch b;
	int side;

	b = (Batch){nil, nil};
	l9lock(&d->lk);
	for(side = 0; side < Nfdside; side++)
		for(w = d->q[side].first; w != nil; w = next){
			next = w->next;
			if(w->task != but && (p == nil || w->task->proc == p) && wake(d, side, w, why))
				l9batchadd(&b, w->task);
		}
	l9unlock(&d->lk);
	l9batchready(&b);
}

/*
 * p's poller is to tell of fd, for which tasks of p wait.  False: it cannot be
 * waited for; errno.  known: it was armed before for some of them.
 */
static bool
arm(Fd *d, int fd, Proc *p, Task *t, int what, bool known)
{
	int r;

	r = l9pollarm(p->poller, fd, what);
	if(r == 1 && known)
		wakeall(d, p, t, Wclosed);
	return r >= 0;
}

/* by p: its poller tells that fd is ready */
void
l9fdready(Proc *p, int fd, int what)
{
	Fd *d;
	int left;

	d = find(fd);
	l9lock(&d->lk);
	if(what & Pollin)
		wakefirst(d, Fdin, p);
	if(what & Pollout)
		wakefirst(d, Fdout, p);
	left = asked(d, p);
	l9unlock(&d->lk);
	/* if it cannot be armed any more, a try says why */
	if(left != 0 && !arm(d, fd, p, nil, left, true))
		wakeall(d, p, nil, Wdone);
}

/* with d->lk: queue w; what its proc had asked for before */
static int
queue(Fdcall *c, Waiter *w, Proc *p)
{
	Fd *d;
	int before;

	d = c->d;
	before = d->q[Fdin].first == nil && d->q[Fdout].first == nil? 0: asked(d, p);
	if(c->side == Fdin)
		strlx(&d->drained, false);
	if(c->waited){
		w->index = (int)c->turn;
		putagain(d, c->side, w);
	}else{
		c->waited = true;
		c->turn = d->turn++;
		w->index = (int)c->turn;
		put(d, c->side, w);
	}
	return before;
}

static void
leave(Fdcall *c, Waiter *w)
{
	l9lock(&c->d->lk);
	if(w->queued)
		del(c->d, c->side, w);
	l9unlock(&c->d->lk);
}

/*
 * t is queued.  If the poller cannot be armed and nobody has ended the wait
 * meanwhile, we do: -1 with errno.
 */
static int
await(Fdcall *c, Task *t, int before)
{
	Proc *p;
	int why, e;

	p = t->proc;
	if(!arm(c->d, c->fd, p, t, before | (c->side == Fdin? Pollin: Pollout), before != 0)){
		e = errno;
		if(claim(t)){
			errno = e;
			return -1;
		}
	}
	p->nfdwait++;
	why = endwait(t);
	p->nfdwait--;
	return why;
}

int
l9fdwait(Fdcall *c)
{
	Waiter *w;
	Task *t;
	Fd *d;
	int why, before, e;

	t = l9cur();
	d = c->d;
	if(l9pollmake(t->proc) < 0)
		return -1;
	l9lock(&d->lk);
	/* relaxed: l9fdclosing counts before it locks; if it has locked before us, we see the count */
	why = (uint32_t)(ldrlx(&d->use)>>32) != c->closes? Wclosed: beginwait(t, Waitint);
	if(why != 0){
		l9unlock(&d->lk);
		return why;
	}
	l9waiting(t, c->what, (void*)(intptr_t)c->fd, nil);
	t->nwait = Nwaitfd;
	w = &t->waiter;
	before = queue(c, w, t->proc);
	l9unlock(&d->lk);
	why = await(c, t, before);
	e = errno;
	if(why != Wdone && why != Wclosed)
		leave(c, w);
	errno = e;
	if(why == Wdone)
		l9maydie(t);
	return why;
}

void
l9fdclosing(int fd)
{
	Fd *d;
	int i;

	d = fd < 0? nil: find(fd);
	if(d == nil)
		return;
	/* release pairs with l9fdbegin; acquire and release with l9fdtry */
	addar(&d->use, (uint64_t)1<<32);
	wakeall(d, nil, nil, Wclosed);
	/* acquire pairs with l9fdtried */
	for(i = 0; (uint32_t)ldacq(&d->use) != 0; i++)
		l9spinpause(i);
	strlx(&d->drained, false);
	strlx(&d->nosocket, false);
}

void
l9fdclosed(int fd)
{
	Fd *d;

	d = fd < 0? nil: find(fd);
	if(d != nil)
		wakeall(d, nil, nil, Wdone);
}

void
l9worked(void)
{
	l9progress();
}
