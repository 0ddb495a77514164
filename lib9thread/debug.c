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
	/* pairs with nothingpending's acquire */
	addar(&wakers, n);
}

void
l9waitingfor(Task *t, const char *what, const void *on)
{
	l9waiting(t, what, on, nil);
}

typedef struct Line Line;
struct Line
{
	int	id;
	unsigned int	proc;
	bool	running;
	uint64_t	word;
	const char	*waitfor;
	const void	*waiton;
	int64_t	since;
	size_t	used;
	size_t	size;
	char	waitname[Channamelen];
	char	name[Namelen];
};

L9RACY static void
racycopy(char *dst, const char *src, size_t n)
{
	size_t i;

	for(i = 0; i < n-1; i++)
		dst[i] = src[i];
	dst[n-1] = '\0';
}

/* false: it has ended meanwhile */
L9RACY static bool
look(Line *l, Task *t, int id)
{
	char *top, *sp;
	Proc *p;

	/* nil: its memory went back to the system */
	p = t->proc;
	if(p == nil)
		return false;
	l->id = id;
	l->proc = p->index;
	l->word = ldrlx(&t->word);
	l->running = p->cur == t;
	l->waitfor = t->waitfor;
	l->waiton = t->waiton;
	l->since = t->waitsince;
	racycopy(l->waitname, t->waitname, sizeof l->waitname);
	racycopy(l->name, t->name, sizeof l->name);
	l->used = 0;
	l->size = 0;
	if(t != &p->self){
		top = t->stack + t->slot;
		sp = l9ctxsp(&t->ctx);
		l->size = t->slot - t->guard;
		if(!l->running && sp > t->stack && sp < top)
			l->used = (size_t)(top - sp);
	}
	return l9isid(l->word, id);
}

static const char*
state(Line *l)
{
	if(l->word & Wordwait)
		return "waiting";
	if(l->word & Wordheld)
		return "suspended";
	return l->running? "running": "ready";
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
	Line l;

	d = v;
	if(!look(&l, t, id))
		return;
	dprintf(d->fd, "%10d %4u %-9s", l.id, l.proc, state(&l));
	if(l.word & Wordwait && l.waitfor != nil){
		dprintf(d->fd, " %s", l.waitfor);
		if(l.waitname[0] != '\0')
			dprintf(d->fd, " (%s)", l.waitname);
		else if(l.waiton != nil)
			dprintf(d->fd, " %p", l.waiton);
		dprintf(d->fd, ", %lld ms", (long long)(d->now > l.since? (d->now - l.since)/Millisecond: 0));
	}
	if(l.used > 0)
		dprintf(d->fd, ", stack %zu of %zu", l.used, l.size);
	if(l.word & Wordint)
		dprintf(d->fd, ", interrupt pending");
	if(l.word & Wordkill)
		dprintf(d->fd, ", killed");
	dprintf(d->fd, "%s%s\n", l.name[0] != '\0'? ": ": "", l.name);
}

void
threadinfo(int fd)
{
	Dump d;
	int e;

	e = errno;
	d = (Dump){fd, l9nsec()};
	dprintf(fd, "%10s %4s %s\n", "thread", "proc", "state");
	l9eachtask(dumptask, &d);
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
