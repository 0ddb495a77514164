/*
 * Send and receive on one channel.  They do not go through alt: one lock,
 * one waiter that lies in the Task.
 *
 * The life of an operation, from l9chanbegin to l9chanend: a partner that waits is claimed and
 * served; else the buffer serves; else the task waits, unless an interrupt
 * is pending.  Claiming the partner is the commit; a buffered operation
 * commits at the change of c->n.
 */
#include "chan.h"

enum {
	Wouldblock = 0,
	Fail = -1,
};

/*
 * c was begun with, and is ended here: wait in q.  Returns 1, or Fail with errstr.
 * In line: each return on the way up from a switch is guessed wrong where the
 * one before was of another kind.
 */
static inline __attribute__((always_inline)) int
block(Channel *c, bool own, Waitq *q, void *v, const char *what)
{
	Waiter *w;
	Task *t;
	int why;

	t = l9cur();
	/* before the waiter can be found: an interrupt from now on claims us */
	if(!own || unlikely(!beginown(t))){
		why = beginwait(t, Waitint);
		if(unlikely(why != 0)){
			l9chanend(c, t->proc, own);
			return l9errwhy(why);
		}
	}
	l9waiting(t, what, c, c->name);
	w = &t->waiter;
	w->v = v;
	wqput(q, w);
	l9chanend(c, t->proc, own);
	why = endwait(t);
	if(likely(why == Wdone)){
		l9maydie(t);
		return 1;
	}
	/* a close or free took the waiter out; the others do not know of it */
	if(why >= Wtimeout)
		l9chanleave(c, q, w);
	return l9errwhy(why);
}

/* t waited in a channel: in one that is p's own, only p's tasks do */
static inline void
wake(Proc *p, bool own, Task *t)
{
	if(own)
		runput(p, t);
	else
		makeready(t);
}

static inline __attribute__((always_inline)) int
dosend(Channel *c, Proc *p, bool own, const void *v, uint32_t size, bool canblock)
{
	Waiter *w;
	Task *t;

	if(unlikely(c->closed)){
		l9chanend(c, p, own);
		return l9errwhy(Wclosed);
	}
	w = l9claimfirst(c, &c->recvq, own);
	if(w != nil){
		/* committed: w's task is ours until it is ready */
		t = w->task;
		l9chanmove(w->v, v, size);
		t->why = Wdone;
		l9chandone(c, p, own);
		wake(p, own, t);
	}else if(l9chanroom(c) || c->nel == CHANUNBOUNDED){
		if(unlikely(!l9chanput(c, v, size))){
			l9chanend(c, p, own);
			return l9err(ENOMEM, "out of memory");
		}
		l9chandone(c, p, own);
	}else if(canblock)
		return block(c, own, &c->sendq, (void*)(uintptr_t)v, "send");
	else{
		l9chanend(c, p, own);
		return Wouldblock;
	}
	l9progress(p);
	return 1;
}

static inline __attribute__((always_inline)) int
dorecv(Channel *c, Proc *p, bool own, void *v, uint32_t size, bool canblock)
{
	Waiter *w;
	Task *t;

	w = l9claimfirst(c, &c->sendq, own);
	if(c->n > 0){
		l9changet(c, v, size);
		/* a sender waited since nothing more fitted: now it does */
		if(w != nil)
			l9chanput(c, w->v, size);
	}else if(w != nil)
		l9chanmove(v, w->v, size);
	else if(c->closed){
		l9chanend(c, p, own);
		return l9errwhy(Wclosed);
	}else if(canblock)
		return block(c, own, &c->recvq, v, "recv");
	else{
		l9chanend(c, p, own);
		return Wouldblock;
	}
	if(w == nil)
		l9chandone(c, p, own);
	else{
		t = w->task;
		t->why = Wdone;
		l9chandone(c, p, own);
		wake(p, own, t);
	}
	l9progress(p);
	return 1;
}

/* compiled for each of the two ways to have c: own is a constant in there */
static inline __attribute__((always_inline)) int
send(Channel *c, const void *v, uint32_t size, bool canblock)
{
	Proc *p;

	p = l9proc;
	if(l9chanbegin(c, p))
		return dosend(c, p, true, v, size, canblock);
	return dosend(c, p, false, v, size, canblock);
}

static inline __attribute__((always_inline)) int
recv(Channel *c, void *v, uint32_t size, bool canblock)
{
	Proc *p;

	p = l9proc;
	if(l9chanbegin(c, p))
		return dorecv(c, p, true, v, size, canblock);
	return dorecv(c, p, false, v, size, canblock);
}

static _Noreturn __attribute__((noinline, cold)) void
misfit(Channel *c, size_t size, const char *call)
{
	char buf[Channamelen+32];

	if(c == nil)
		l9misuse(call, "nil channel");
	l9misuse(call, "%s has elements of %u bytes, not %zu", l9channame(c, buf), c->elsize, size);
}

/* misuse of the forms for one type */
static inline void
check(Channel *c, size_t size, const char *call)
{
	if(unlikely(c == nil || c->elsize != size))
		misfit(c, size, call);
}

static void
checknil(Channel *c, const char *call)
{
	if(c == nil)
		l9misuse(call, "nil channel");
}

/* where plan9port says -1, and Plan 9 says 0 */
static int
nbresult(int r)
{
	return r == Wouldblock? l9err(EAGAIN, "would block"): r;
}

int
chansend(Channel *c, const void *v)
{
	checknil(c, "send");
	return send(c, v, c->elsize, true);
}

int
chanrecv(Channel *c, void *v)
{
	checknil(c, "recv");
	return recv(c, v, c->elsize, true);
}

int
chansendp(Channel *c, void *v)
{
	check(c, sizeof v, "sendp");
	return send(c, &v, sizeof v, true);
}

void*
chanrecvp(Channel *c)
{
	void *v;

	check(c, sizeof v, "recvp");
	v = nil;
	return recv(c, &v, sizeof v, true) == 1? v: nil;
}

int
chansendul(Channel *c, unsigned long v)
{
	check(c, sizeof v, "sendul");
	return send(c, &v, sizeof v, true);
}

unsigned long
chanrecvul(Channel *c)
{
	unsigned long v;

	check(c, sizeof v, "recvul");
	v = 0;
	return recv(c, &v, sizeof v, true) == 1? v: 0;
}

int
p9nbsend(Channel *c, const void *v)
{
	checknil(c, "nbsend");
	return send(c, v, c->elsize, false);
}

int
p9nbrecv(Channel *c, void *v)
{
	checknil(c, "nbrecv");
	return recv(c, v, c->elsize, false);
}

int
p9nbsendp(Channel *c, void *v)
{
	check(c, sizeof v, "nbsendp");
	return send(c, &v, sizeof v, false);
}

int
p9nbsendul(Channel *c, unsigned long v)
{
	check(c, sizeof v, "nbsendul");
	return send(c, &v, sizeof v, false);
}

int
channbsend(Channel *c, const void *v)
{
	return nbresult(p9nbsend(c, v));
}

int
channbrecv(Channel *c, void *v)
{
	return nbresult(p9nbrecv(c, v));
}

int
channbsendp(Channel *c, void *v)
{
	return nbresult(p9nbsendp(c, v));
}

void*
channbrecvp(Channel *c)
{
	void *v;

	check(c, sizeof v, "nbrecvp");
	v = nil;
	return nbresult(recv(c, &v, sizeof v, false)) == 1? v: nil;
}

int
channbsendul(Channel *c, unsigned long v)
{
	return nbresult(p9nbsendul(c, v));
}

unsigned long
channbrecvul(Channel *c)
{
	unsigned long v;

	check(c, sizeof v, "nbrecvul");
	v = 0;
	return nbresult(recv(c, &v, sizeof v, false)) == 1? v: 0;
}
