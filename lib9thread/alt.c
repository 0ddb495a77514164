/*
 * Alt over several channels.
 *
 * All its channels are locked, so that looking for a ready entry and
 * queueing on all of them if there is none is one step: no partner can come
 * between.  Nobody waits for a lock out of the order of addresses; nearly
 * always all are free, and then the array's order does.  From then on each
 * lock guards one entry, and the task's claim word decides between the
 * partners (upper.h).  Afterwards the task takes its entries out of the
 * channels that did not win, one lock at a time.
 *
 * All that is said of locks is about channels that are not the proc's own.
 * Those that are need none: the proc is in its section from before the first
 * lock until after the last (own.c).
 *
 * Entries with a descriptor are altfd.c's, and so is a call that has any.
 */
#include <alloca.h>

#include "alt.h"

static inline bool
haschan(Alt *a)
{
	return (a->op == CHANSND || a->op == CHANRCV) && a->c != nil;
}

static inline Waitq*
ownq(Alt *a)
{
	return a->op == CHANSND? &a->c->sendq: &a->c->recvq;
}

/* an entry that is about no channel; false: it is the end */
static bool
other(Round *r, Alt *a)
{
	int64_t t;

	switch(a->op){
	case CHANEND:
	case CHANNOBLK:
		return false;
	case CHANSND:
	case CHANRCV:
	case CHANNOP:
		break;
	case CHANTIMEOUT:
		if(a->v == nil)
			l9misuse("alt", "entry %td: CHANTIMEOUT with nil v", a - r->alt);
		t = *(int64_t*)a->v;
		if(r->timeout < 0 || t < r->deadline){
			r->timeout = (int)(a - r->alt);
			r->deadline = t;
		}
		break;
	case CHANFDIN:
	case CHANFDOUT:
		r->nfd++;
		break;
	default:
		l9misuse("alt", "entry %td: op %d is none", a - r->alt, a->op);
	}
	return true;
}

static inline bool
isown(Round *r, Channel *c)
{
	return ldrlx(&c->owner) == r->proc;
}

/* somebody waits there who can still be claimed, as far as one can see */
static inline bool
waits(Waitq *q)
{
	Waiter *w;

	for(w = q->first; w != nil; w = w->next)
		if(ldrlx(&w->task->word) & Wordwait || ldrlx(&w->task->local))
			return true;
	return false;
}

static inline bool
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

static void
unlockfirst(Round *r, int n)
{
	Alt *a;

	for(a = r->alt; a < r->alt + n; a++)
		if(haschan(a) && !isown(r, a->c))
			l9unlock(&a->c->lk);
}

/*
 * Lock each channel, as long as all are free, and see whether an entry is
 * ready.  Errors of the last call are forgotten.  False: a lock is taken,
 * perhaps by ourselves, for another entry of the same channel, a channel is
 * another proc's, or there is a descriptor; those before are free again.
 */
static inline __attribute__((always_inline)) bool
lockfree(Round *r, bool *ready)
{
	Alt *a;

	*ready = false;
	r->allown = true;
	for(a = r->alt;; a++){
		a->err = nil;
		if(!haschan(a)){
			if(unlikely(hasfd(a)))
				break;
			if(other(r, a))
				continue;
			r->n = (int)(a - r->alt);
			return true;
		}
		if(!isown(r, a->c)){
			/* acquire: as l9lock */
			if(unlikely(xchgacq(&a->c->lk.held, 1) != 0))
				break;
			if(unlikely(ldrlx(&a->c->owner) != nil)){
				l9unlock(&a->c->lk);
				break;
			}
			r->allown = false;
		}
		*ready |= isready(a);
	}
	unlockfirst(r, (int)(a - r->alt));
	return false;
}

/* how many entries there are */
static int
count(Round *r)
{
	Alt *a;

	for(a = r->alt; haschan(a) || other(r, a); a++)
		a->err = nil;
	a->err = nil;
	return (int)(a - r->alt);
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
unlockall(Round *r)
{
	int i;

	for(i = 0; i < r->nlock; i++)
		l9unlock(&r->lock[i]->lk);
	if(r->nlock == 0 && !r->allown)
		unlockfirst(r, r->n);
}

/* free all locks, and be done with what is the proc's own */
static inline void
end(Round *r)
{
	unlockall(r);
	leaveown(r->proc);
}

/* lock each channel once, in the order of their addresses.  False: r->theirs */
static bool
locksorted(Round *r)
{
	Alt *a;
	int i, n;

	n = 0;
	for(a = r->alt; a < r->alt + r->n; a++)
		if(haschan(a) && !isown(r, a->c))
			r->lock[n++] = a->c;
	sort(r->lock, n);
	r->nlock = 0;
	r->allown = false;
	for(i = 0; i < n; i++){
		if(i > 0 && r->lock[i] == r->lock[i-1])
			continue;
		l9lock(&r->lock[i]->lk);
		r->lock[r->nlock++] = r->lock[i];
		r->theirs = r->lock[i];
		if(unlikely(ldrlx(&r->theirs->owner) != nil)){
			unlockall(r);
			return false;
		}
	}
	return true;
}

/* locksorted, until no other proc owns any of the channels */
static void
lockall(Round *r)
{
	while(!locksorted(r)){
		/* not in here: own.c */
		leaveown(r->proc);
		l9chanend(r->theirs, r->proc, l9chanbegin(r->theirs, r->proc));
		enterown(r->proc);
	}
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

static inline bool
canproceed(Round *r, int i)
{
	if(haschan(&r->alt[i]))
		return isready(&r->alt[i]);
	return unlikely(r->fdready != nil) && r->fdready[i];
}

/* one of the ready entries, each as likely as the others (or the first); -1: none */
static int
pick(Round *r)
{
	int i, n, nready;

	nready = 0;
	n = -1;
	for(i = 0; i < r->n; i++)
		if(canproceed(r, i)){
			nready++;
			if(nready == 1 || nrand(r->proc, (uint32_t)nready) == 0)
				n = i;
			if(r->ordered)
				break;
		}
	return n;
}

/*
 * Do entry a.  *peer is the partner, claimed, to be made ready once the locks
 * are free.  False: the only partner was just claimed by another.  With a
 * descriptor there is nothing to do.
 */
static bool
perform(Round *r, Alt *a, Task **peer)
{
	Channel *c;
	Waiter *w;
	bool own;

	if(unlikely(hasfd(a)))
		return true;
	c = a->c;
	own = isown(r, c);
	w = nil;
	if(a->op == CHANSND){
		if(c->closed){
			a->err = (char*)(uintptr_t)"channel closed";
			return true;
		}
		w = l9claimfirst(c, &c->recvq, own);
		if(w != nil)
			l9chanmove(w->v, a->v, c->elsize);
		else if(!l9chanroom(c) && c->nel != CHANUNBOUNDED)
			return false;
		else if(!l9chanput(c, a->v, c->elsize))
			a->err = (char*)(uintptr_t)"out of memory";
	}else{
		w = l9claimfirst(c, &c->sendq, own);
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
	if(!own)
		l9chanused(c, r->proc);
	return true;
}

/* with all locks held: the entry that was done, or -1 */
static int
tryall(Round *r, Task **peer)
{
	int i;

	while((i = pick(r)) >= 0)
		if(perform(r, &r->alt[i], peer))
			return i;
	return -1;
}

/* what a report says of the i-th channel that t waits for */
static inline void
waitentry(Task *t, int i, Alt *a)
{
	t->waitop[i] = (uint8_t)a->op;
	if(likely(a->c->name[0] == '\0'))
		t->waitname[i][0] = '\0';
	else
		memcpy(t->waitname[i], a->c->name, Channamelen);
}

/*
 * Queue on all channels and free their locks.  A partner may claim the task
 * before the last entry is queued: that one is then one more to take out.
 */
static inline __attribute__((always_inline)) void
enqueue(Round *r, Task *t)
{
	Alt *a, *e;
	Waiter *w;
	int n;

	n = 0;
	w = r->waiter;
	e = r->alt + r->n;
	for(a = r->alt; a < e; a++, w++){
		if(!haschan(a))
			continue;
		if(n < Nwaitname)
			waitentry(t, n, a);
		n++;
		w->task = t;
		w->v = a->v;
		w->index = (int)(a - r->alt);
		wqput(ownq(a), w);
		if(r->nlock == 0 && !isown(r, a->c))
			l9unlock(&a->c->lk);
	}
	t->nwait = n > Nwaitname? Nwaitname+1: n;
	if(r->nlock > 0)
		unlockall(r);
	leaveown(r->proc);
}

/* take all entries out but the one that won, which its partner took out */
static inline __attribute__((always_inline)) void
leave(Round *r, int winner)
{
	Alt *a;
	int i;

	for(i = 0, a = r->alt; i < r->n; i++, a++)
		if(haschan(a) && i != winner)
			l9chanleave(a->c, ownq(a), &r->waiter[i]);
}

/* the wait ended: an index, or -1 with errstr */
static inline int
waited(Round *r, Task *t, int why)
{
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

/* the task is queued and the locks are free: wait.  An index, or -1 with errstr */
static inline __attribute__((always_inline)) int
await(Round *r, Task *t)
{
	Sleeper s;
	int why;
	bool armed;

	armed = r->timeout >= 0;
	if(unlikely(armed)){
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
	if(unlikely(armed))
		l9timer->disarm(&s);
	return waited(r, t, why);
}

/* no entry is ready: what the call returns since it must not wait, or -1 */
static inline int
nowait(Round *r)
{
	if(unlikely(r->timeout >= 0) && r->deadline <= l9nsec())
		return r->timeout;
	return r->alt[r->n].op == CHANNOBLK? r->n: -1;
}

/* the locks are held */
static inline __attribute__((always_inline)) int
wait(Round *r, Task *t)
{
	int i, why;

	i = nowait(r);
	if(i >= 0){
		end(r);
		return i;
	}
	/*
	 * A timer is not the proc's own.  One that has never owned a channel is not
	 * stopped to see who waits there: l9showwait.
	 */
	if(!(r->allown && ldrlx(&r->proc->owns) && r->timeout < 0 && likely(beginown(t)))){
		why = beginwait(t, Waitint);
		if(why != 0){
			end(r);
			return l9errwhy(why);
		}
	}
	l9waiting(t, "alt", r->alt, nil);
	if(unlikely(r->timeout >= 0))
		t->waituntil = r->deadline;
	enqueue(r, t);
	return await(r, t);
}

/* with all locks held: the entry that was done, and then they are free; or -1 */
static inline int
doany(Round *r)
{
	Task *peer;
	int i;

	peer = nil;
	i = tryall(r, &peer);
	if(i < 0)
		return -1;
	end(r);
	if(peer != nil)
		makeready(peer);
	l9progress(r->proc);
	return i;
}

/*
 * The arrays lie on the stack, since an alt must not fail for lack of memory.
 * All that an alt does which waits is in line: its steps as calls cost a fifth
 * of one over two channels (HACKING.md).
 */
static inline __attribute__((always_inline)) int
doalt(Alt *alt, bool ordered)
{
	Round r;
	Task *t;
	bool ready;
	int i;

	if(alt == nil)
		l9misuse("alt", "nil array");
	t = l9cur();
	r = (Round){.alt = alt, .proc = t->proc, .ordered = ordered, .timeout = -1};
	enterown(r.proc);
	if(unlikely(!lockfree(&r, &ready))){
		r.timeout = -1;
		r.n = count(&r);
		r.lock = alloca((size_t)r.n*sizeof r.lock[0]);
		if(r.nfd > 0){
			leaveown(r.proc);
			r.waiter = alloca((size_t)r.n*sizeof r.waiter[0]);
			return l9altfd(&r, t);
		}
		lockall(&r);
		ready = true;
	}
	if(ready){
		i = doany(&r);
		if(i >= 0)
			return i;
	}
	r.waiter = alloca((size_t)r.n*sizeof r.waiter[0]);
	return wait(&r, t);
}

int
l9altdo(Round *r)
{
	enterown(r->proc);
	lockall(r);
	return doany(r);
}

void
l9altunlock(Round *r)
{
	end(r);
}

int
l9altnowait(Round *r)
{
	return nowait(r);
}

void
l9altqueue(Round *r, Task *t)
{
	enqueue(r, t);
}

int
l9altwaited(Round *r, Task *t, int why)
{
	return waited(r, t, why);
}

void
l9altleave(Round *r)
{
	leave(r, -1);
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
