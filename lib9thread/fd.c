/*
 * Descriptors that tasks wait for.
 *
 * Each number has an Fd, made when the number is first used and never freed.
 * Those who wait stand there, tasks of all procs in one line for each side.
 * Each has the poller of its own proc armed.  At an event the proc wakes the
 * first of its own tasks, and arms again if more of its tasks are left.  Arming
 * counts what is there already.  So nothing is lost that came between a try
 * and the wait, nor what a woken task leaves since it was killed, or had a
 * small buffer.
 *
 * Waking is no promise: another may be quicker, the event may be old, the number
 * may be another file's by now.  The woken one tries, and if it would
 * block, waits again, at its old place in the line.
 *
 * Arming is a system call, and most waits do without.  A poller tells whenever
 * a descriptor becomes ready.  Its proc remembers in a Seen that it has armed the
 * number, and since when the file was empty (or full): the last try found it
 * so, and no event was told since.  Both are known exactly, since the proc
 * alone tries, remembers and is told.  Then the next event is sure to come.
 * (An end that was told together with the data before it is no event any more:
 * Seen.ended.)
 * But numbers are closed and given out again, and only ioclose says so.
 * Hence a wait trusts a Seen only if
 *	the number was not closed by ioclose since, by anybody,
 *	the task is the one that armed it, other than for an alt: another task,
 *		another connection,
 *	the last try found no end and no error.
 * And it does not trust it for long: a wait that lasts, without an event, arms after
 * all (l9fdcheck).  So a task that closes by close(2), gets the same
 * number and at once waits for it may notice what is there 2*Trustms late, and
 * later behind thousands of other waits that trust.
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
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>

#include "hot.h"

enum {
	Firstbits = 6,
	First = 1<<Firstbits,	/* numbers in the first chunk; each next one has as many as all before */
	Nchunk = 32 - Firstbits,
	Ncheck = 64,		/* waits that l9fdcheck arms for in one go, if no descriptor was ready; */
	Ntold = 16,		/* or fewer than so many; else one for so many */
	/* cache lines of a stack, below the beginning of an Fdcall and from there on: prefetch */
	Nbelow = 5,
	Nabove = 5,
};

struct Fd
{
	_Alignas(Cacheline) _Atomic uint64_t	use;
	Spin	lk;
	uint32_t	turn;		/* lk: the next one's in the line */
	Waitq	q[Nfdside];	/* lk: in the order of their turns.  Waiter.v is the Fdcall */
	_Atomic bool	waits[Nfdside];	/* lk to write: q is not empty.  Looked at without, as a hint */
	_Atomic bool	nosocket;	/* a hint: no order */
};

/* what a proc knows of a number: the owner's alone */
struct Seen
{
	uint32_t	closes;		/* true of the file that it was then */
	uint32_t	id[Nfdside];	/* of the task that armed this side; 0: none */
	uint8_t	armed;		/* Pollin, Pollout */
	uint8_t	empty;		/* likewise: a try found nothing more, and no event came since */
	bool	stream;
	bool	ended;		/* Pollend was told: a read that gets less than it asked for says nothing */
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

/* find, where that found none.  nil with errno */
static __attribute__((noinline)) Fd*
mkfd(int fd)
{
	uint32_t n;

	n = (uint32_t)fd;
	/* not for what is no file: the chunk of a large number is larger than some address spaces */
	if(fcntl(fd, F_GETFD) < 0 || addchunk(place(&n)) == nil)
		return nil;
	return find(fd);
}

static int
bit(int side)
{
	return side == Fdin? Pollin: Pollout;
}

/* p's of the number; nil: none yet */
static inline Seen*
seen(Proc *p, int fd)
{
	return fd < p->nseen? &p->seen[fd]: nil;
}

/* the same, made if need be; nil: no memory */
static Seen*
mkseen(Proc *p, int fd)
{
	Seen *s;
	int n;

	if(fd >= p->nseen){
		n = fd < First? First: fd + fd/2;
		s = realloc(p->seen, (size_t)n*sizeof *s);
		if(s == nil)
			return nil;
		memset(s + p->nseen, 0, (size_t)(n - p->nseen)*sizeof *s);
		p->seen = s;
		p->nseen = n;
	}
	return &p->seen[fd];
}

static inline uint32_t
idof(Task *t)
{
	return (uint32_t)(ldrlx(&t->word)>>32);
}

/* what s says is true of c's file, as far as anybody knows */
static inline bool
trusted(Seen *s, Fdcall *c, Task *t)
{
	return s != nil && s->closes == c->closes && s->id[c->side] == idof(t) && s->armed & bit(c->side);
}

int
l9fdbegin(Fdcall *c, const char *what, int fd, int side)
{
	if(fd < 0){
		errno = EBADF;
		return -1;
	}
	c->d = find(fd);
	if(unlikely(c->d == nil)){
		c->d = mkfd(fd);
		if(c->d == nil)
			return -1;
	}
	c->what = what;
	c->fd = fd;
	c->side = side;
	c->index = 0;
	c->waited = false;
	/* acquire pairs with l9fdclosing */
	c->closes = (uint32_t)(ldacq(&c->d->use)>>32);
	return 0;
}

/* the wait would end at once: then the try must be, since something may have come that nobody was told of yet */
static bool
maynotwait(Task *t)
{
	return ldrlx(&t->word) & Wordint || (t->deadline != INT64_MAX && t->deadline <= l9nsec());
}

/* it would be in vain */
static bool
vain(Fdcall *c)
{
	Seen *s;
	Task *t;

	if(c->waited)
		return false;
	if(ldrlx(&c->d->waits[c->side]))
		return true;
	t = l9cur();
	s = seen(t->proc, c->fd);
	return trusted(s, c, t) && s->empty & bit(c->side) && !maynotwait(t);
}

/* keep ioclose waiting, for an operation that does not block.  False: it was first */
bool
l9fdhold(Fdcall *c)
{
	/* whoever is cancelled in the middle would be waited for in vain: of OS threads, those that the program made */
	if(unlikely(l9cur()->proc->foreign))
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &c->cancel);
	/* acquire and release: after l9fdclosing's count, or before its look */
	if(addar(&c->d->use, 1)>>32 == c->closes)
		return true;
	l9fdletgo(c);
	return false;
}

void
l9fdletgo(Fdcall *c)
{
	/* release pairs with l9fdclosing */
	addar(&c->d->use, -1);
	if(unlikely(l9cur()->proc->foreign))
		pthread_setcancelstate(c->cancel, nil);
}

int
l9fdtry(Fdcall *c)
{
	if(vain(c))
		return Fdwait;
	return l9fdhold(c)? Fdgo: Fdclosed;
}

void
l9fdtried(Fdcall *c, int found)
{
	Task *t;
	Seen *s;

	l9fdletgo(c);
	t = l9cur();
	s = seen(t->proc, c->fd);
	if(found == Fdmore || !trusted(s, c, t))
		return;
	if(found == Fdends)
		s->id[c->side] = 0;
	else if(found == Fdempty || (s->stream && !s->ended))
		s->empty |= (uint8_t)bit(c->side);
}

bool
l9fdnosocket(Fdcall *c)
{
	return ldrlx(&c->d->nosocket);
}

void
l9fdsetnosocket(Fdcall *c, bool is)
{
	strlx(&c->d->nosocket, is);
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

static uint32_t
turn(Waiter *w)
{
	return ((Fdcall*)w->v)->turn;
}

/* before those whose turn is later */
static void
putagain(Fd *d, int side, Waiter *w)
{
	Waitq *q;
	Waiter *x;

	q = &d->q[side];
	for(x = q->first; x != nil && (int32_t)(turn(x) - turn(w)) < 0; x = x->next)
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
	for(side = 0; side < Nfdside; side++){
		for(w = d->q[side].first; w != nil && w->task->proc != p; w = w->next)
			;
		if(w != nil)
			what |= bit(side);
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
	w->task->which = w->index;
	return true;
}

/* what a task touches of its stack first when it runs, around its Fdcall: so it is in the cache by then */
static inline void
prefetch(void *call)
{
	int i;

	for(i = -Nbelow; i < Nabove; i++)
		__builtin_prefetch((char*)call + i*Cacheline, 1);
}

static void
wakefirst(Fd *d, int side, Proc *p)
{
	Waiter *w, *next;

	for(w = d->q[side].first; w != nil; w = next){
		next = w->next;
		if(w->task->proc == p && wake(d, side, w, Wdone)){
			prefetch(w->v);
			runput(p, w->task);
			return;
		}
	}
}

/*
 * All of p's, or of all procs if p is nil; but for one, who may be nil.
 * Wreused: the number means another file than those knew who had the poller armed.
 */
enum {
	Wreused = -1,
};
static void
wakeall(Fd *d, Proc *p, Task *but, int why)
{
	Waiter *w, *next;
	Batch b;
	int side, y;

	b = (Batch){nil, nil};
	l9lock(&d->lk);
	for(side = 0; side < Nfdside; side++)
		for(w = d->q[side].first; w != nil; w = next){
			next = w->next;
			if(w->task == but || (p != nil && w->task->proc != p))
				continue;
			y = why;
			if(y == Wreused)
				y = ((Fdcall*)w->v)->doubtful? Wdone: Wclosed;
			if(wake(d, side, w, y))
				l9batchadd(&b, w->task);
		}
	l9unlock(&d->lk);
	l9batchready(&b);
}

static bool
isstream(int fd)
{
	socklen_t len;
	int type;

	len = sizeof type;
	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM;
}

/* have p's poller tell of fd for this, and for what it told of before.  As l9pollarm */
static int
rearm(Fd *d, Proc *p, Seen *s, int fd, int what)
{
	uint32_t closes;
	int r;

	closes = (uint32_t)(ldacq(&d->use)>>32);
	if(s->closes != closes)
		*s = (Seen){.closes = closes};
	r = l9pollarm(p->poller, fd, s->armed | what);
	if(r == Pollnew)
		*s = (Seen){.closes = closes};
	s->armed = r == Pollknown || r == Pollnew? s->armed | (uint8_t)what: 0;
	return r;
}

/*
 * Arm for c, which is queued.  False: it cannot be waited for; errno.  before:
 * what other tasks of t's proc wait for there, and so have armed.
 */
static bool
arm(Fdcall *c, Task *t, int before)
{
	Proc *p;
	Seen *s;
	int r;

	p = t->proc;
	s = mkseen(p, c->fd);
	if(s == nil)
		return false;
	r = rearm(c->d, p, s, c->fd, before | bit(c->side));
	if(r < 0)
		return false;
	if(r == Pollnew && before != 0)
		wakeall(c->d, p, t, Wreused);
	return true;
}

/* p's poller is armed for c: from now on t may trust it, if it tells more than once */
static void
trust(Fdcall *c, Task *t)
{
	Seen *s;

	s = &t->proc->seen[c->fd];
	if(s->armed == 0 || s->id[c->side] == idof(t))
		return;
	s->id[c->side] = idof(t);
	s->stream = isstream(c->fd);
	s->ended = false;
}

/* c waits, and trusts the poller for now */
static void
doubt(Proc *p, Fdcall *c)
{
	c->doubtful = true;
	c->since = p->now;
	c->next = nil;
	c->prev = p->doubtlast;
	if(c->prev == nil)
		p->doubt = c;
	else
		c->prev->next = c;
	p->doubtlast = c;
}

static void
undoubt(Proc *p, Fdcall *c)
{
	c->doubtful = false;
	if(c->prev == nil)
		p->doubt = c->next;
	else
		c->prev->next = c->next;
	if(c->next == nil)
		p->doubtlast = c->prev;
	else
		c->next->prev = c->prev;
}

/*
 * Arm for waits that have trusted the poller for long.  Not for many where many were ready
 * (ntold): of thousands of connections that are in use each may wait as long, and
 * is told of all the same.
 */
void
l9fdcheck(Proc *p, int ntold)
{
	Fdcall *c;
	int n;

	for(n = ntold < Ntold? Ncheck: ntold/Ntold; n > 0; n--){
		c = p->doubt;
		if(c == nil || p->now - c->since < Trustms*Millisecond)
			break;
		undoubt(p, c);
		/* if it cannot be armed any more, a try says why */
		if(rearm(c->d, p, &p->seen[c->fd], c->fd, bit(c->side)) < 0)
			wakeall(c->d, p, nil, Wdone);
	}
}

/* by p: its poller tells that fd is ready */
void
l9fdready(Proc *p, int fd, int what)
{
	Fd *d;
	Seen *s;
	int left, r;

	d = find(fd);
	s = &p->seen[fd];
	s->empty &= (uint8_t)~what;
	if(what & Pollend)
		s->ended = true;
	l9lock(&d->lk);
	if(what & Pollin)
		wakefirst(d, Fdin, p);
	if(what & Pollout)
		wakefirst(d, Fdout, p);
	left = asked(d, p);
	l9unlock(&d->lk);
	/*
	 * Not for a side that is armed still and of which nothing was told: that would have the
	 * poller tell of the other at once, if it is ready, though nobody waits for it,
	 * and so on for ever.
	 */
	if((left & (what | ~s->armed)) == 0)
		return;
	r = rearm(d, p, s, fd, left);
	if(r < 0 || r == Pollnew)
		wakeall(d, p, nil, Wdone);
}

/*
 * The number was closed by ioclose since l9fdbegin.  Relaxed: l9fdclosing counts before it
 * locks; if it has locked d->lk before us, we see the count.
 */
bool
l9fdgone(Fdcall *c)
{
	return (uint32_t)(ldrlx(&c->d->use)>>32) != c->closes;
}

/* with d->lk: queue w; what other tasks of p wait for there */
static int
queue(Fdcall *c, Waiter *w, Proc *p)
{
	Fd *d;
	int before;

	d = c->d;
	before = d->q[Fdin].first == nil && d->q[Fdout].first == nil? 0: asked(d, p);
	w->v = c;
	w->index = c->index;
	if(c->waited)
		putagain(d, c->side, w);
	else{
		c->waited = true;
		c->turn = d->turn++;
		put(d, c->side, w);
	}
	return before;
}

void
l9fdleave(Fdcall *c, Waiter *w)
{
	l9lock(&c->d->lk);
	if(w->queued)
		del(c->d, c->side, w);
	l9unlock(&c->d->lk);
}

/*
 * t is queued: arm for c, and trust that.  False: it cannot be waited for; errno.
 * Held, or ioclose's close(2) may come between the queue and the poller; if that
 * has begun, it ends the wait.
 */
static bool
armopen(Fdcall *c, Task *t, int before)
{
	bool armed;

	if(!l9fdhold(c))
		return true;
	armed = arm(c, t, before);
	if(armed)
		trust(c, t);
	l9fdletgo(c);
	return armed;
}

/*
 * t is queued: see that its poller tells.  If it cannot, and nobody has ended the
 * wait meanwhile, we do: -1 with errno.
 */
static int
await(Fdcall *c, Task *t, int before)
{
	Proc *p;
	Seen *s;
	int why, e;

	p = t->proc;
	s = seen(p, c->fd);
	c->doubtful = false;
	if(trusted(s, c, t) && s->empty & bit(c->side))
		doubt(p, c);
	else if(!armopen(c, t, before)){
		e = errno;
		if(claim(t)){
			errno = e;
			return -1;
		}
	}
	p->nfdwait++;
	why = endwait(t);
	p->nfdwait--;
	if(c->doubtful)
		undoubt(p, c);
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
	why = l9fdgone(c)? Wclosed: beginwait(t, Waitint);
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
		l9fdleave(c, w);
	errno = e;
	if(why == Wdone)
		l9maydie(t);
	return why;
}

/*
 * The wait of w's task, the running one, has begun, and this is one of several
 * things that it waits for: queue w and arm, whatever the proc has seen of the number.
 * It is no reason to trust the poller later: t may read by read(2) and close by close(2).
 * 0; Wclosed; -1 with errno: it cannot be waited for.
 */
int
l9fdqueue(Fdcall *c, Waiter *w)
{
	Task *t;
	int before, r;

	t = w->task;
	c->doubtful = false;
	/* held: or ioclose's close(2) may come between the queue and the poller */
	if(!l9fdhold(c))
		return Wclosed;
	r = Wclosed;
	l9lock(&c->d->lk);
	if(l9fdgone(c))
		l9unlock(&c->d->lk);
	else{
		before = queue(c, w, t->proc);
		l9unlock(&c->d->lk);
		r = arm(c, t, before)? 0: -1;
	}
	l9fdletgo(c);
	return r;
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
	Task *t;
	Proc *p;

	t = l9cur();
	p = t->proc;
	if(++p->burst < p->quota)
		return;
	l9holdkill(t);
	threadyield();
	l9laterkill(t);
}
