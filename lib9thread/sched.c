/*
 * The scheduler.  There is no scheduler context: a task that has to wait
 * picks the next one of its proc and switches straight to it, or idles on
 * its own stack until there is one, or finds that it is itself the next.
 *
 * The run queue is the owner's alone.  A task that has been claimed while it
 * still runs here (its waker was quicker than its switch away) just turns up
 * in the queue: only this proc resumes it, and not before it has left.
 */
#include "hot.h"

_Thread_local Proc	*l9proc __attribute__((tls_model("initial-exec")));

static inline Task*
take(Queue *q)
{
	Task *t;

	t = q->first;
	if(t != nil)
		q->first = t->next;
	return t;
}

/* runput, where t is not of the default priority */
void
l9otherput(Proc *p, Task *t)
{
	qappend(&p->other[t->prio], t);
	p->nother++;
	p->odd |= Oddprio;
}

/* move all of q to the run queue */
static void
readyall(Proc *p, Queue *q)
{
	Task *t, *next;

	for(t = q->first; t != nil; t = next){
		next = t->next;
		runput(p, t);
	}
	*q = (Queue){nil, nil};
}

/* the other priorities have somebody too */
static Task*
getother(Proc *p)
{
	Queue *q;
	Task *t;
	int i, step;

	/* the highest first; every so often the lowest, so that low ones still run */
	i = Nprio - 1;
	step = -1;
	if(--p->untillow <= 0){
		p->untillow = Nlow;
		i = 0;
		step = 1;
	}
	for(; i >= 0 && i < Nprio; i += step){
		q = i == Defprio? &p->runq: &p->other[i];
		t = take(q);
		if(t == nil)
			continue;
		if(i != Defprio && --p->nother == 0)
			p->odd &= ~Oddprio;
		return t;
	}
	return nil;
}

static inline bool
anyready(Proc *p)
{
	return p->runq.first != nil || p->nother > 0;
}

/*
 * C++ keeps the exceptions that are being handled in two words a thread;
 * they go with the task, or a rethrow after a switch takes another's.
 */
static void
cxxswitch(Proc *p, Task *from, Task *to)
{
	memcpy(from->cxx, p->cxx, sizeof from->cxx);
	memcpy(p->cxx, to->cxx, sizeof to->cxx);
}

/*
 * What is called on t's own stack when it is resumed, and its result is what the
 * switch away returns; nil: that is t->val.  A wait that ended with Wdone, and whose task
 * nobody has killed, has nothing to put in order.
 */
static inline Odd*
oddof(Task *t)
{
	return unlikely(t->why != Wdone || ldrlx(&t->word) & Wordkill)? t->odd: nil;
}

/* what t's switch away returns, on t's stack */
static long
outcome(Task *t)
{
	Odd *odd;

	odd = oddof(t);
	return odd != nil? odd(t->val): t->val;
}

/* all that there is to do for a switch from a task to another, but for l9ctxswitch itself */
static inline __attribute__((always_inline)) void
swap(Proc *p, Task *from, Task *to)
{
	int *e;

	e = p->errnop;
	from->errnum = *e;
	*e = to->errnum;
	if(unlikely(p->cxx != nil))
		cxxswitch(p, from, to);
	p->cur = to;
	p->nswitch++;
	p->burst = 0;
	if(L9ASAN)
		p->from = from;
}

/* with a sanitizer, which is to be told after the switch, on the stack switched to */
static __attribute__((noinline)) long
sanswitch(Proc *p, Task *from, Task *to)
{
	l9sanswitch(&from->san, &to->san, false);
	l9ctxswitch(&from->ctx, &to->ctx, nil, 0);
	/* another task switched to us: p->from is that one, and p is ours still */
	l9sanswitched(&from->san, L9ASAN? &p->from->san: nil);
	return outcome(from);
}

static void
wakeidlers(Proc *p)
{
	readyall(p, &p->idlers);
}

static void
mayswitch(Proc *p)
{
	if(p->noswitch > 0)
		l9misuse("threadnoswitch", "thread %d (%s) was about to switch", threadid(), p->cur->name);
}

/* next, whatever there is to heed */
static __attribute__((noinline)) Task*
nextodd(Proc *p)
{
	Task *t;

	if(p->untiltakein <= 0){
		p->untiltakein = Ntakein;
		p->now = l9nsecold();
		l9takein(p);
		if(p->nfdwait > 0)
			l9polllook(p);
	}
	mayswitch(p);
	for(;;){
		t = p->nother > 0? getother(p): take(&p->runq);
		if(t != nil){
			/* one that is suspended waits for threadresume instead */
			if(ldrlx(&t->word) & Wordsusp && l9held(t))
				continue;
			if(p->pinned != nil && t != p->pinned){
				qappend(&p->aside, t);
				continue;
			}
			return t;
		}
		if(l9takein(p))
			continue;
		if(p->idlers.first != nil && p->pinned == nil){
			/* nothing is ready, perhaps no descriptor either */
			if(p->nfdwait == 0 || !l9pollnow(p))
				wakeidlers(p);
		}else
			l9idle(p);
	}
}

/* the next task to run; idles until there is one */
static inline Task*
next(Proc *p)
{
	Task *t;

	t = p->runq.first;
	if(unlikely(--p->untiltakein <= 0 || p->odd != 0 || t == nil || ldrlx(&t->word) & Wordsusp))
		return nextodd(p);
	p->runq.first = t->next;
	return t;
}

/*
 * Leave to the next task.  In l9pass, l9passint and l9sched the switch is the last deed, and
 * so a jump: the call returns to where it was called from, with what whoever resumes the
 * task knows that it returns.  l9passint is written out, since compilers jump only to a
 * function that returns what the one that jumps does.
 */
long
l9pass(Odd *odd)
{
	Proc *p;
	Task *t, *n;

	p = l9proc;
	t = p->cur;
	t->odd = odd;
	n = next(p);
	if(n == t)
		return outcome(t);
	swap(p, t, n);
	if(L9SAN)
		return sanswitch(p, t, n);
	return l9ctxswitch(&t->ctx, &n->ctx, oddof(n), n->val);
}

int
l9passint(Odd *odd)
{
	Proc *p;
	Task *t, *n;

	p = l9proc;
	t = p->cur;
	t->odd = odd;
	n = next(p);
	if(n == t)
		return (int)outcome(t);
	swap(p, t, n);
	if(L9SAN)
		return (int)sanswitch(p, t, n);
	return l9ctxswitchint(&t->ctx, &n->ctx, oddof(n), n->val);
}

long
l9passtimed(Task *t, Odd *odd)
{
	l9wait(t);
	t->odd = odd;
	return outcome(t);
}

void
l9sched(void)
{
	l9pass(nil);
}

int
threadyield(void)
{
	Proc *p;
	Task *t;
	uint64_t n;

	t = l9cur();
	p = t->proc;
	p->burst = 0;
	n = p->nswitch;
	/* alone, it does not come by nextodd */
	if(unlikely(p->nfdwait > 0) && !anyready(p))
		l9polllook(p);
	if(anyready(p) || l9takein(p)){
		runput(p, t);
		l9sched();
	}
	l9maydie(t);
	return (int)(p->nswitch - n);
}

/* until nothing else is ready.  A kill ends it as any yield */
int
threadidle(void)
{
	Proc *p;
	Task *t;
	uint64_t n;

	t = l9cur();
	p = t->proc;
	n = p->nswitch;
	/* while it is pinned none of the others runs */
	if(p->pinned != t){
		qappend(&p->idlers, t);
		l9sched();
	}
	l9maydie(t);
	return (int)(p->nswitch - n);
}

int
threadpin(void)
{
	Task *t;

	t = l9cur();
	if(t->proc->pinned != nil)
		l9misuse("threadpin", "thread %d is pinned already", threadid());
	t->proc->pinned = t;
	t->proc->odd |= Oddpin;
	return 0;
}

int
threadunpin(void)
{
	Task *t;

	t = l9cur();
	if(t->proc->pinned != t)
		l9misuse("threadunpin", "thread %d is not pinned", threadid());
	t->proc->pinned = nil;
	t->proc->odd &= ~Oddpin;
	readyall(t->proc, &t->proc->aside);
	return 0;
}

void
l9ready(Task *t)
{
	makeready(t);
}

void
l9batchadd(Batch *b, Task *t)
{
	t->next = nil;
	if(b->first == nil)
		b->first = t;
	else
		b->last->next = t;
	b->last = t;
}

/*
 * Neighbours of one proc go into its inbox in one piece.  An inbox is a
 * stack: turn the piece round, so that it comes out in order.
 */
void
l9batchready(Batch *b)
{
	Task *t, *next, *first, *last;
	Proc *p;

	for(t = b->first; t != nil; t = next){
		p = t->proc;
		if(p == l9proc){
			next = t->next;
			runput(p, t);
			continue;
		}
		first = last = t;
		for(next = t->next; next != nil && next->proc == p; next = t){
			t = next->next;
			next->next = first;
			first = next;
		}
		l9push(p, first, last);
	}
	*b = (Batch){nil, nil};
}

/* t, the running task, which nobody finds any more, is p's no longer, and what it asked of p is over */
static inline __attribute__((always_inline)) void
uncount(Proc *p, Task *t)
{
	if(unlikely(p->odd != 0)){
		p->noswitch = 0;
		p->odd &= ~Oddnoswitch;
		if(p->pinned == t)
			threadunpin();
	}
	p->ntask--;
	if(unlikely(p->ntask == 0))
		/* somebody may have started a task here while this one was live */
		l9takein(p);
}

/* the OS thread's own task has ended, and does not switch away */
void
l9selfend(Proc *p)
{
	uncount(p, &p->self);
}

/*
 * The running task, which nobody finds any more, leaves.  It idles on its
 * stack if nobody is ready yet, and gives it to its proc's free ones right
 * before the switch: only this proc takes from those, and not before.
 */
static inline __attribute__((always_inline)) void
leave(Proc *p)
{
	Task *t, *n;

	t = p->cur;
	uncount(p, t);
	if(unlikely(t == &p->self))
		l9adoptedend(p);
	n = p->ntask > 0? next(p): &p->self;
	l9sanend(&t->san);
	l9stackfree(p, t);
	swap(p, t, n);
	l9sanswitch(&t->san, &n->san, true);
	l9ctxleave(&t->ctx, &n->ctx, L9SAN? nil: oddof(n), n->val);
}

/*
 * The first function of every task: what l9ctxinit starts.  It leaves by
 * itself, not by threadexits, and by a jump as its last deed: so calls and returns
 * are paired between the first switch and the last, and the CPU guesses
 * right the returns that follow.
 */
void
l9taskmain(void *v)
{
	Task *t;

	t = v;
	l9sanswitched(&t->san, L9ASAN? &t->proc->from->san: nil);
	l9maydie(t);
	t->fn(t->arg);
	l9end(t, nil);
	leave(t->proc);
}

/*
 * Run p's tasks until the last has ended, on the OS thread's own stack,
 * which is p->self's.
 */
void
l9runproc(Proc *p)
{
	Task *n;

	/* it may have been a task, whose last wait is put in order already: each switch away says */
	p->self.odd = nil;
	while(p->ntask > 0){
		n = next(p);
		swap(p, &p->self, n);
		if(L9SAN)
			sanswitch(p, &p->self, n);
		else
			l9ctxswitch(&p->self.ctx, &n->ctx, oddof(n), n->val);
	}
}

_Noreturn void
l9taskend(void)
{
	leave(l9proc);
	abort();
}
