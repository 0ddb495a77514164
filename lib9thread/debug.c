/*
 * What a program can be told about itself: the table of procs and tasks, and
 * the report of a deadlock.
 *
 * The table is read while everybody runs, without a lock: each line was true
 * at some moment, not all of them at the same.  Tasks and Procs are never
 * unmapped, and a name may be read half old and half new, but with its end.
 */
#include <stdio.h>
#include <unistd.h>

#include "impl.h"

static _Atomic int wakers;
static _Atomic bool off;

enum {
	/*
	 * OS threads besides the library's: the first, and ThreadSanitizer's
	 * own.  Any other, an emulator's too, is taken for one that may wake a
	 * task.
	 */
	Baseline = 1 + L9TSAN,
};

void
l9wakers(int n)
{
	/* release pairs with l9deadhint's acquire: the wake-up came before */
	addar(&wakers, n);
}

void
l9waitingfor(Task *t, const char *what, const char *fmt, ...)
{
	va_list arg;

	l9waiting(t, what, nil, nil);
	if(fmt == nil)
		return;
	va_start(arg, fmt);
	vsnprintf(t->waitname[0], sizeof t->waitname[0], fmt, arg);
	va_end(arg);
}

void
l9waitinguntil(Task *t, int64_t when)
{
	t->waituntil = when;
}

/* a line of the table, to be written in one piece */
typedef struct Text Text;
struct Text
{
	char	s[400];		/* enough for all there is to say */
	size_t	n;
};

static __attribute__((format(printf, 2, 3))) void
add(Text *x, const char *fmt, ...)
{
	va_list arg;
	int n;

	va_start(arg, fmt);
	n = vsnprintf(x->s + x->n, sizeof x->s - x->n, fmt, arg);
	va_end(arg);
	if(n > 0)
		x->n += (size_t)n;
	if(x->n > sizeof x->s - 1)
		x->n = sizeof x->s - 1;
}

static void
put(Text *x, int fd)
{
	char *p;
	ssize_t n;

	for(p = x->s; x->n > 0; p += n, x->n -= (size_t)n){
		n = write(fd, p, x->n);
		if(n < 0 && errno == EINTR)
			n = 0;
		else if(n < 0)
			return;		/* nowhere to say it */
	}
}

/* a task, as it was found */
typedef struct Look Look;
struct Look
{
	int	id;
	unsigned int	proc;
	bool	system;
	bool	foreign;
	bool	running;
	uint64_t	word;
	bool	waits;
	const char	*waitfor;
	const void	*waiton;
	int64_t	since;
	int64_t	until;
	size_t	used;
	size_t	size;
	int	nwait;
	uint8_t	waitop[Nwaitname];
	char	waitname[Nwaitname][Channamelen];
	char	name[Namelen];
};

L9RACY static void
racymove(void *dst, const void *src, size_t n)
{
	char *d;
	const char *s;

	for(d = dst, s = src; n > 0; n--)
		*d++ = *s++;
}

/* a string in n bytes */
L9RACY static void
racycopy(char *dst, const char *src, size_t n)
{
	racymove(dst, src, n-1);
	dst[n-1] = '\0';
}

/* how much of its stack t uses.  0: not known, since another OS thread runs it, or the stack is not ours */
L9RACY static size_t
stackused(Task *t, Proc *p, bool running)
{
	char *top, *sp;
	Ctx ctx;

	if(t == &p->self)
		return 0;
	sp = nil;
	if(!running){
		racymove(&ctx, &t->ctx, sizeof ctx);
		sp = l9ctxsp(&ctx);
	}else if(p == l9proc)
		sp = __builtin_frame_address(0);
	else if(l9asleep(ldrlx(&p->inbox)))
		sp = p->idlesp;		/* the last to run idles on its own stack */
	top = t->stack + t->slot;
	return sp > t->stack && sp < top? (size_t)(top - sp): 0;
}

/* false: it has ended meanwhile */
L9RACY static bool
look(Look *l, Task *t, int id)
{
	Proc *p;
	int i;

	/* nil: its memory went back to the system */
	p = t->proc;
	if(p == nil)
		return false;
	l->id = id;
	l->proc = p->index;
	l->system = p->system;
	l->foreign = p->foreign;
	l->word = ldrlx(&t->word);
	l->waits = l->word & Wordwait || ldrlx(&t->local);
	l->running = p->cur == t;
	l->waitfor = t->waitfor;
	l->waiton = t->waiton;
	l->since = t->waitsince;
	l->until = t->waituntil;
	if(!(l->word & Wordnoint) && t->deadline < l->until)
		l->until = t->deadline;
	l->nwait = t->nwait;
	for(i = 0; i < Nwaitname; i++){
		l->waitop[i] = t->waitop[i];
		racycopy(l->waitname[i], t->waitname[i], sizeof l->waitname[i]);
	}
	racycopy(l->name, t->name, sizeof l->name);
	l->used = stackused(t, p, l->running);
	l->size = t->slot - t->guard;
	return l9isid(l->word, id);
}

static const char*
state(Look *l)
{
	if(l->waits)
		return "waiting";
	/* one that runs may have been told to stop; put aside, it may be idling for its proc */
	if(l->word & Wordheld || (l->word & Wordsusp && !l->running))
		return "suspended";
	return l->running? "running": "ready";
}

static long long
msfrom(int64_t from, int64_t to)
{
	return to > from? (to - from)/Millisecond: 0;
}

static void
addentry(Text *x, int op, const char *name)
{
	int fd;

	if(op == CHANFDIN || op == CHANFDOUT){
		memcpy(&fd, name, sizeof fd);
		add(x, "%s fd %d", op == CHANFDIN? "read": "write", fd);
		return;
	}
	add(x, "%s%s%s", op == CHANSND? "send": "recv", name[0] != '\0'? " ": "", name);
}

/* what an alt waits for */
static void
addentries(Text *x, Look *l)
{
	int i;

	for(i = 0; i < l->nwait && i < Nwaitname; i++){
		add(x, "%s", i == 0? " (": ", ");
		addentry(x, l->waitop[i], l->waitname[i]);
	}
	add(x, l->nwait > Nwaitname? " ...)": ")");
}

static void
addwait(Text *x, Look *l, int64_t now)
{
	add(x, " %s", l->waitfor);
	if(l->nwait == Nwaitfd)
		add(x, " (fd %d)", (int)(intptr_t)l->waiton);
	else if(l->nwait > 0)
		addentries(x, l);
	else if(l->waitname[0][0] != '\0')
		add(x, " (%s)", l->waitname[0]);
	else if(l->waiton != nil)
		add(x, " %p", l->waiton);
	add(x, ", %lld ms", msfrom(l->since, now));
	if(l->until != INT64_MAX)
		add(x, ", %lld ms left", msfrom(now, l->until));
}

static void
puttask(Look *l, int fd, int64_t now)
{
	Text x = {.n = 0};

	add(&x, "%10d %4u %-9s", l->id, l->proc, state(l));
	if(l->waits && l->waitfor != nil)
		addwait(&x, l, now);
	if(l->used > 0)
		add(&x, ", stack %zu of %zu", l->used, l->size);
	if(l->word & Wordint)
		add(&x, ", interrupt pending");
	if(l->word & Wordkill)
		add(&x, ", killed");
	add(&x, "%s%s\n", l->name[0] != '\0'? ": ": "", l->name);
	put(&x, fd);
}

typedef struct Dump Dump;
struct Dump
{
	int	fd;
	int64_t	now;
};

static void
dumptask(Task *t, int id, void *v)
{
	Dump *d;
	Look l;

	d = v;
	if(look(&l, t, id))
		puttask(&l, d->fd, d->now);
}

typedef struct Leaks Leaks;
struct Leaks
{
	void	(*heading)(void*);
	void	*arg;
	int64_t	now;
};

/* those of procs that do not keep the program alive are there to the end, and so is who exits */
static void
leaktask(Task *t, int id, void *v)
{
	Leaks *k;
	Look l;

	k = v;
	if(!look(&l, t, id) || l.system || l.foreign || (l9proc != nil && t == l9proc->cur))
		return;
	k->heading(k->arg);
	puttask(&l, 2, k->now);
}

void
l9leaktasks(void (*heading)(void*), void *arg)
{
	Leaks k;

	k = (Leaks){heading, arg, l9nsec()};
	l9eachtask(leaktask, &k);
}

/* a Proc that is not in use has no tasks */
L9RACY static void
dumpproc(Proc *p, int fd)
{
	Text x = {.n = 0};
	Task *t;
	int n, id;

	n = p->ntask;
	if(n <= 0)
		return;
	t = p->cur;	/* nil, or without an id: it begins or ends */
	id = t == nil? 0: (int)(ldrlx(&t->word)>>32);
	add(&x, "%10u %9d %8d ", p->index, ldrlx(&p->ospid), n);
	if(l9asleep(ldrlx(&p->inbox)))
		add(&x, "asleep");
	else if(id != 0)
		add(&x, "awake, thread %d", id);
	else
		add(&x, "awake");
	add(&x, ", %llu switches", (unsigned long long)p->nswitch);
	if(p->pinned != nil)
		add(&x, ", pinned");
	if(p->system)
		add(&x, ", system");
	if(p->foreign)
		add(&x, ", the program's");
	add(&x, "\n");
	put(&x, fd);
}

void
threadinfo(int fd)
{
	Text x = {.n = 0};
	Dump d;
	Proc *p;
	int e;

	e = errno;
	d = (Dump){fd, l9nsec()};
	add(&x, "%10s %4s %s\n", "thread", "proc", "state");
	put(&x, fd);
	l9eachtask(dumptask, &d);
	add(&x, "%10s %9s %8s %s\n", "proc", "OS thread", "threads", "state");
	put(&x, fd);
	for(p = l9allprocs(); p != nil; p = p->nextall)
		dumpproc(p, fd);
	errno = e;
}

/* the program ends */
void
l9deadoff(void)
{
	strlx(&off, true);
}

/*
 * Worth looking closer?  Asked by a proc that falls asleep last, so it must
 * be cheap.  The timer proc counts itself as a waker before its last timer
 * ceases to be pending: hence this order.
 */
bool
l9deadhint(void)
{
	return !ldrlx(&off) && !l9timer->pending() && ldacq(&wakers) == 0;
}

static _Noreturn void
deadlock(void)
{
	static atomic_flag begun;
	static const char msg[] = "lib9thread: deadlock: every thread waits, and nothing is left to wake one\n";

	if(!atomic_flag_test_and_set_explicit(&begun, memory_order_relaxed)){
		if(write(2, msg, sizeof msg - 1) < 0){
			/* nowhere to say it */
		}
		threadinfo(2);
		threadleaks(0);		/* they are all there already */
	}
	l9exit(1);
}

/*
 * What can go on is in one of three places: a proc is awake, a timer is
 * pending, a waker is counted.  Once no proc is awake, only a wake-up gets one
 * awake, which nwoken shows, and so nobody arms a timer; the timer proc counts
 * itself before its last timer is taken out, so looking at timers first and
 * at wakers then misses neither; and a waker ceases to be one only after the
 * wake-up, which counts nawake before nwoken.  So if all three are empty, in
 * this order, and nobody was woken meanwhile, nothing can ever happen again,
 * but for OS threads that the library did not make: while there is one, look
 * again later.
 */
int
l9deadlook(void)
{
	uint32_t woken;
	int n;

	woken = l9nwoken();
	if(l9nawake() != 0)
		return 0;
	/* first what is cheap; and again, as an OS thread that is counted no more may have left a timer */
	if(!l9deadhint())
		return 0;
	n = l9nosthread();
	if(n < 0 || !l9deadhint())
		return 0;
	if(n > Baseline + l9nmade())
		return 1;
	if(l9nwoken() == woken)
		deadlock();
	return 0;
}

int
threaddeadlock(int on)
{
	return !atomic_exchange_explicit(&off, !on, memory_order_relaxed);
}
