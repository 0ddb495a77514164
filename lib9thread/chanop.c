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
 * The wait of the running task in a queue of c's did not end with a message, or the
 * task was killed.  1, or Fail with errstr.
 */
static int
unmet(bool sends)
{
	Channel *c;
	Task *t;
	int why;

	t = l9cur();
	why = t->why;
	if(why == Wdone){
		l9maydie(t);
		return 1;
	}
	/* a close or free took the waiter out; the others do not know of it */
	if(why >= Wtimeout){
		c = (Channel*)(uintptr_t)t->waiton;
		l9chanleave(c, sends? &c->sendq: &c->recvq, &t->waiter);
	}
	return l9errwhy(why);
}

static long
oddsend(long v)
{
	(void)v;
	return unmet(true);
}

static long
oddrecv(long v)
{
	(void)v;
	return unmet(false);
}

/* a call that returns the value itself */
static long
oddrecvword(long v)
{
	return unmet(false) == 1? v: 0;
}

/*
 * c was begun with, and is ended here: have the running task, whose value is at v, wait in q.
 * 0: it has begun to.  Fail with errstr.
 */
static inline __attribute__((always_inline)) int
queue(Channel *c, bool own, Task *t, Waitq *q, void *v, const char *what)
{
	Waiter *w;
	int why;

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
	return 0;
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

/*
 * 1, or Fail with errstr; Wouldblock: nothing was done, and c is not ended with.  own is a
 * constant in the calls: compiled for each of the two ways to have c.
 */
static inline __attribute__((always_inline)) int
dosend(Channel *c, Proc *p, bool own, const void *v, uint32_t size)
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
		if(!own)
			l9chanaheadput(c, size);
		l9chandone(c, p, own);
	}else
		return Wouldblock;
	l9progress(p);
	return 1;
}

/* likewise */
static inline __attribute__((always_inline)) int
dorecv(Channel *c, Proc *p, bool own, void *v, uint32_t size)
{
	Waiter *w;
	Task *t;

	w = l9claimfirst(c, &c->sendq, own);
	if(c->n > 0){
		l9changet(c, v, size);
		if(!own)
			l9chanaheadget(c, size);
		/* a sender waited since nothing more fitted: now it does */
		if(w != nil)
			l9chanput(c, w->v, size);
	}else if(w != nil)
		l9chanmove(v, w->v, size);
	else if(c->closed){
		l9chanend(c, p, own);
		return l9errwhy(Wclosed);
	}else
		return Wouldblock;
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

/*
 * The calls.  Those that block end with the switch: what they return is made ready here, or
 * by whoever wakes the task, and nothing of theirs is on its stack meanwhile.  So a word
 * that waits to be sent or received has its place in the Task.
 */
static inline __attribute__((always_inline)) int
sendown(Channel *c, Proc *p, bool own, const void *v, bool word)
{
	Task *t;
	int r;

	r = dosend(c, p, own, v, word? sizeof t->out: c->elsize);
	if(r != Wouldblock)
		return r;
	t = l9cur();
	t->val = 1;
	if(word)
		memcpy(&t->out, v, sizeof t->out);
	if(unlikely(queue(c, own, t, &c->sendq, word? &t->out: (void*)(uintptr_t)v, "send") < 0))
		return Fail;
	return endpassint(t, oddsend);
}

static inline __attribute__((always_inline)) int
recvown(Channel *c, Proc *p, bool own, void *v)
{
	Task *t;
	int r;

	r = dorecv(c, p, own, v, c->elsize);
	if(r != Wouldblock)
		return r;
	t = l9cur();
	t->val = 1;
	if(unlikely(queue(c, own, t, &c->recvq, v, "recv") < 0))
		return Fail;
	return endpassint(t, oddrecv);
}

static inline __attribute__((always_inline)) long
recvwordown(Channel *c, Proc *p, bool own)
{
	Task *t;
	long v;
	int r;

	v = 0;
	r = dorecv(c, p, own, &v, sizeof v);
	if(r != Wouldblock)
		return v;
	t = l9cur();
	if(unlikely(queue(c, own, t, &c->recvq, &t->val, "recv") < 0))
		return 0;
	return endpass(t, oddrecvword);
}

static inline __attribute__((always_inline)) int
send(Channel *c, const void *v, bool word)
{
	Proc *p;

	p = l9proc;
	if(l9chanbegin(c, p))
		return sendown(c, p, true, v, word);
	return sendown(c, p, false, v, word);
}

static inline __attribute__((always_inline)) int
recv(Channel *c, void *v)
{
	Proc *p;

	p = l9proc;
	if(l9chanbegin(c, p))
		return recvown(c, p, true, v);
	return recvown(c, p, false, v);
}

static inline __attribute__((always_inline)) long
recvword(Channel *c)
{
	Proc *p;

	p = l9proc;
	if(l9chanbegin(c, p))
		return recvwordown(c, p, true);
	return recvwordown(c, p, false);
}

static inline __attribute__((always_inline)) int
nbsend(Channel *c, const void *v, uint32_t size)
{
	Proc *p;
	bool own;
	int r;

	p = l9proc;
	own = l9chanbegin(c, p);
	r = own? dosend(c, p, true, v, size): dosend(c, p, false, v, size);
	if(r == Wouldblock)
		l9chanend(c, p, own);
	return r;
}

static inline __attribute__((always_inline)) int
nbrecv(Channel *c, void *v, uint32_t size)
{
	Proc *p;
	bool own;
	int r;

	p = l9proc;
	own = l9chanbegin(c, p);
	r = own? dorecv(c, p, true, v, size): dorecv(c, p, false, v, size);
	if(r == Wouldblock)
		l9chanend(c, p, own);
	return r;
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
	return send(c, v, false);
}

int
chanrecv(Channel *c, void *v)
{
	checknil(c, "recv");
	return recv(c, v);
}

int
chansendp(Channel *c, void *v)
{
	check(c, sizeof v, "sendp");
	return send(c, &v, true);
}

void*
chanrecvp(Channel *c)
{
	check(c, sizeof(void*), "recvp");
	return (void*)recvword(c);
}

int
chansendul(Channel *c, unsigned long v)
{
	check(c, sizeof v, "sendul");
	return send(c, &v, true);
}

unsigned long
chanrecvul(Channel *c)
{
	check(c, sizeof(unsigned long), "recvul");
	return (unsigned long)recvword(c);
}

int
p9nbsend(Channel *c, const void *v)
{
	checknil(c, "nbsend");
	return nbsend(c, v, c->elsize);
}

int
p9nbrecv(Channel *c, void *v)
{
	checknil(c, "nbrecv");
	return nbrecv(c, v, c->elsize);
}

int
p9nbsendp(Channel *c, void *v)
{
	check(c, sizeof v, "nbsendp");
	return nbsend(c, &v, sizeof v);
}

int
p9nbsendul(Channel *c, unsigned long v)
{
	check(c, sizeof v, "nbsendul");
	return nbsend(c, &v, sizeof v);
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
	return nbresult(nbrecv(c, &v, sizeof v)) == 1? v: nil;
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
	return nbresult(nbrecv(c, &v, sizeof v)) == 1? v: 0;
}
