/*
 * Alt over several channels.
 *
 * All its channels are locked, in the order of their addresses, so that
 * looking for a ready entry and queueing on all of them if there is none is
 * one step: no partner can come between.  From then on each lock guards one
 * entry, and the task's claim word decides between the partners (upper.h).
 * Afterwards the task takes its entries out of the channels that did not win,
 * one lock at a time.
 */
#include <alloca.h>

#include "chan.h"

typedef struct Round Round;

/* one call of alt; lies on the caller's stack, with its arrays */
struct Round
{
	Alt	*alt;
	int	n;		/* entries, without the terminator */
	int	nlock;
	Channel	**lock;		/* each channel once, in locking order */
	Waiter	*waiter;	/* one an entry */
	bool	ordered;	/* take the first ready entry, not any */
	int	timeout;	/* the entry with the earliest deadline, or -1 */
	int64_t	deadline;
};

static bool
haschan(Alt *a)
{
	return (a->op == CHANSND || a->op == CHANRCV) && a->c != nil;
}

static Waitq*
ownq(Alt *a)
{
	return a->op == CHANSND? &a->c->sendq: &a->c->recvq;
}

/* find the end; errors of the last call are forgotten */
static void
scan(Round *r, Alt *alt)
{
	Alt *a;
	int64_t t;

	*r = (Round){.alt = alt, .timeout = -1};
	for(a = alt; a->op != CHANEND && a->op != CHANNOBLK; a++){
		a->err = nil;
		switch(a->op){
		case CHANSND:
		case CHANRCV:
		case CHANNOP:
			break;
		case CHANTIMEOUT:
			if(a->v == nil)
				l9misuse("alt", "entry %td: CHANTIMEOUT with nil v", a - alt);
			t = *(int64_t*)a->v;
			if(r->timeout < 0 || t < r->deadline){
				r->timeout = (int)(a - alt);
				r->deadline = t;
			}
			break;
		default:
			l9misuse("alt", "entry %td: op %d is none", a - alt, a->op);
		}
	}
	a->err = nil;
	r->n = (int)(a - alt);
}

/* heap sort: no recursion, no memory, never slow */
static void
sift(Channel **c, int i, int n)
{
	Channel *x;
	int j;

	x = c[i];
	while((j = 2*i + 1) < n){
		if(j+1 < n && (uintptr_t)c[j+1] > (uintptr_t)c[j])
			j++;
		if((uintptr_t)x >= (uintptr_t)c[j])
			break;
		c[i] = c[j];
		i = j;
	}
	c[i] = x;
}

static void
sort(Channel **c, int n)
{
	Channel *x;
	int i;

	for(i = n/2 - 1; i >= 0; i--)
		sift(c, i, n);
	for(i = n-1; i > 0; i--){
		x = c[0];
		c[0] = c[i];
		c[i] = x;
		sift(c, 0, i);
	}
}

static void
lockall(Round *r)
{
	Alt *a;
	int i, n;
	bool sorted;

	sorted = true;
	n = 0;
	for(a = r->alt; a < r->alt + r->n; a++){
		if(!haschan(a))
			continue;
		if(n > 0 && (uintptr_t)a->c < (uintptr_t)r->lock[n-1])
			sorted = false;
		r->lock[n++] = a->c;
	}
	if(!sorted)
		sort(r->lock, n);
	r->nlock = 0;
	for(i = 0; i < n; i++){
		if(i > 0 && r->lock[i] == r->lock[i-1])
			continue;
		r->lock[r->nlock++] = r->lock[i];
		l9lock(&r->lock[i]->lk);
	}
}

static void
unlockall(Round *r)
{
	int i;

	for(i = 0; i < r->nlock; i++)
		l9unlock(&r->lock[i]->lk);
}

/* somebody waits there who can still be claimed, as far as one can see */
static bool
waits(Waitq *q)
{
	Waiter *w;

	for(w = q->first; w != nil; w = w->next)
		if(ldrlx(&w->task->word) & Wordwait)
			return true;
	return false;
}

static bool
isready(Alt *a)
{
	Channel *c;

	c = a->c;
	if(c->closed)
		return true;
	if(a->op == CHANSND)
		return l9chanroom(c) || c->nel == CHANUNBOUNDED || waits(&c->recvq);
	return c->n > 0 || waits(&c->sendq);
}

/* xorshift: a fair choice, not a secret one */
static uint32_t
nrand(Proc *p, uint32_t n)
{
	uint32_t x;

	x = p->rand;
	x ^= x<<13;
	x ^= x>>17;
	x ^= x<<5;
	p->rand = x;
	return (uint32_t)(((uint64_t)x*n)>>32);
}

/* one of the ready entries, each as likely as the others (or the first); -1: none */
static int
pick(Round *r, Proc *p)
{
	int i, n, nready;

	nready = 0;
	n = -1;
	for(i = 0; i < r->n; i++)
		if(haschan(&r->alt[i]) && isready(&r->alt[i])){
			nready++;
			if(nready == 1 || nrand(p, (uint32_t)nready) == 0)
				n = i;
			if(r->ordered)
				break;
		}
	return n;
}

/*
 * Do entry a.  *peer is the partner, claimed, to be made ready once the locks
 * are free.  False: the only partner was just claimed by another.
 */
static bool
perform(Alt *a, Task **peer)
{
	Channel *c;
	Waiter *w;

	c = a->c;
	w = nil;
	if(a->op == CHANSND){
		if(c->closed){
			a->err = (char*)(uintptr_t)"channel closed";
			return true;
		}
		w = l9claimfirst(c, &c->recvq);
		if(w != nil)
			l9chanmove(w->v, a->v, c->elsize);
		else if(!l9chanroom(c) && c->nel != CHANUNBOUNDED)
			return false;
		else if(!l9chanput(c, a->v, c->elsize))
			a->err = (char*)(uintptr_t)"out of memory";
	}else{
		w = l9claimfirst(c, &c->sendq);
		if(c->n > 0){
			l9changet(c, a->v, c->elsize);
			if(w != nil)
				l9chanput(c, w->v, c->elsize);
		}else if(w != nil)
			l9chanmove(a->v, w->v, c->elsize);
		else if(c->closed)
			a->err = (char*)(uintptr_t)"channel closed";
		else
			return false;
	}
	if(w != nil){
		w->task->why = Wdone;
		*peer = w->task;
	}
	return true;
}

/* with all locks held: the entry that was done, or -1 */
static int
tryall(Round *r, Task *t, Task **peer)
{
	int i;

	while((i = pick(r, t->proc)) >= 0)
		if(perform(&r->alt[i], peer))
			return i;
	return -1;
}

static void
enqueue(Round *r, Task *t)
{
	Alt *a;
	Waiter *w;
	int i;

	for(i = 0; i < r->n; i++){
		a = &r->alt[i];
		if(!haschan(a))
			continue;
		w = &r->waiter[i];
		w->task = t;
		w->v = a->v;
		w->index = i;
		wqput(ownq(a), w);
	}
}

/* take all entries out but the one that won, which its partner took out */
static void
leave(Round *r, int winner)
{
	Alt *a;
	int i;

	for(i = 0; i < r->n; i++){
		a = &r->alt[i];
		if(haschan(a) && i != winner)
			l9chanleave(a->c, ownq(a), &r->waiter[i]);
	}
}

/* the task is queued and the locks are free: wait.  An index, or -1 with errstr */
static int
await(Round *r, Task *t)
{
	Sleeper s;
	int why;
	bool armed;

	armed = r->timeout >= 0;
	if(armed){
		s = (Sleeper){.when = r->deadline, .task = t, .why = Wtimeout};
		if(l9timer->arm(&s) < 0){
			armed = false;
			if(claim(t)){
				leave(r, -1);
				return -1;
			}
		}
	}
	why = endwait(t);
	if(armed)
		l9timer->disarm(&s);
	leave(r, why >= Wtimeout? -1: t->which);
	switch(why){
	case Wdone:
		break;
	case Wtimeout:
		return r->timeout;
	case Wclosed:
		r->alt[t->which].err = (char*)(uintptr_t)"channel closed";
		break;
	case Wfreed:
		r->alt[t->which].err = (char*)(uintptr_t)"channel freed";
		break;
	default:
		return l9errwhy(why);
	}
	l9maydie(t);
	return t->which;
}

static int
lookandwait(Round *r, Task *t)
{
	Task *peer;
	int i, why;

	lockall(r);
	peer = nil;
	i = tryall(r, t, &peer);
	if(i >= 0){
		unlockall(r);
		if(peer != nil)
			makeready(peer);
		l9progress();
		return i;
	}
	if(r->timeout >= 0 && r->deadline <= l9nsec()){
		unlockall(r);
		return r->timeout;
	}
	if(r->alt[r->n].op == CHANNOBLK){
		unlockall(r);
		return r->n;
	}
	why = beginwait(t, Waitint);
	if(why != 0){
		unlockall(r);
		return l9errwhy(why);
	}
	l9waiting(t, "alt", r->alt, r->nlock > 0? r->lock[0]->name: nil);
	enqueue(r, t);
	unlockall(r);
	return await(r, t);
}

static inline __attribute__((always_inline)) int
doalt(Alt *alt, bool ordered)
{
	Round r;

	if(alt == nil)
		l9misuse("alt", "nil array");
	scan(&r, alt);
	r.ordered = ordered;
	/* on the stack, since an alt must not fail for lack of memory */
	r.waiter = alloca((size_t)r.n*sizeof r.waiter[0]);
	r.lock = alloca((size_t)r.n*sizeof r.lock[0]);
	return lookandwait(&r, l9cur());
}

int
p9alt(Alt *alt)
{
	return doalt(alt, false);
}

int
altordered(Alt *alt)
{
	return doalt(alt, true);
}

int
chanalt(Alt *alt)
{
	int i;

	i = p9alt(alt);
	if(i >= 0 && alt[i].op == CHANNOBLK)
		return l9err(EAGAIN, "would block");
	return i;
}
