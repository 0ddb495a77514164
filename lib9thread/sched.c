/*
 * The scheduler.  There is no scheduler context: a task that has to wait
 * picks the next one of its proc and switches straight to it, or idles on
 * its own stack until there is one, or finds that it is itself the next.
 *
 * The run queue is the owner's alone.  A task that has been claimed while it
 * still runs here (its waker was quicker than its switch away) just turns up
 * in the queue: only this proc resumes it, and not before it has left.
 */
#include "impl.h"

_Thread_local Proc	*l9proc __attribute__((tls_model("initial-exec")));

static inline void
append(Queue *q, Task *t)
{
	t->next = nil;
	if(q->first == nil)
		q->first = t;
	else
		q->last->next = t;
	q->last = t;
}

static inline Task*
take(Queue *q)
{
	Task *t;

	t = q->first;
	if(t != nil)
		q->first = t->next;
	return t;
}

/*
 * Nearly all tasks have the default priority, so that queue is handled
 * without a look at the others.
 */
void
l9qput(Proc *p, Task *t)
{
	if(__builtin_expect(t->prio != Defprio, 0)){
		append(&p->other[t->prio], t);
		p->nother++;
	}else
		append(&p->runq, t);
}

/* move all of q to the run queue */
static void
readyall(Proc *p, Queue *q)
{
	Task *t, *next;

	for(t = q->first; t != nil; t = next){
		next = t->next;
		l9qput(p, t);
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
		if(t != nil){
			p->nother -= i != Defprio;
			return t;
		}
	}
	return nil;
}

static inline Task*
qget(Proc *p)
{
	if(__builtin_expect(p->nother > 0, 0))
		return getother(p);
	return take(&p->runq);
}

static inline bool
anyready(Proc *p)
{
	return p->runq.first != nil || p->nother > 0;
}

/* whoever gains the proc frees the task that ended before it */
static void
reap(Proc *p)
{
	Task *t;

	t = p->dead;
	p->dead = nil;
	l9stackfree(p, t);
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

static inline void
switchto(Proc *p, Task *from, Task *to, bool dying)
{
	from->errnum = *p->errnop;
	if(__builtin_expect(p->cxx != nil, 0))
		cxxswitch(p, from, to);
	p->cur = to;
	p->nswitch++;
	p->burst = 0;
	if(L9ASAN)
		p->from = from;
	l9sanswitch(&from->san, &to->san, dying);
	l9ctxswitch(&from->ctx, &to->ctx);
	/* another task switched to us: p->from is that one, and p is ours still */
	l9sanswitched(&from->san, L9ASAN? &p->from->san: nil);
	*p->errnop = from->errnum;
	if(__builtin_expect(p->dead != nil, 0))
		reap(p);
}

static void
wakeidlers(Proc *p)
{
	readyall(p, &p->idlers);
}

/* the next task to run; idles until there is one */
static Task*
next(Proc *p)
{
	Task *t;

	if(--p->untiltakein <= 0){
		p->untiltakein = Ntakein;
		p->now = l9nsecold();
		l9takein(p);
	}
	for(;;){
		t = qget(p);
		if(t != nil){
			/* one that is suspended waits for threadresume instead */
			if(ldrlx(&t->word) & Wordsusp && l9held(t))
				continue;
			if(p->pinned != nil && t != p->pinned){
				append(&p->aside, t);
				continue;
			}
			return t;
		}
		if(l9takein(p))
			continue;
		if(p->idlers.first != nil && p->pinned == nil)
			wakeidlers(p);
		else
			l9idle(p);
	}
}

void
l9sched(void)
{
	Proc *p;
	Task *t, *n;

	p = l9proc;
	t = p->cur;
	if(__builtin_expect(t->noswitch > 0, 0))
		l9misuse("threadnoswitch", "thread %d (%s) was about to switch", threadid(), t->name);
	n = next(p);
	if(n != t)
		switchto(p, t, n, false);
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
	if(anyready(p) || l9takein(p)){
		l9qput(p, t);
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
	append(&p->idlers, t);
	l9sched();
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
	readyall(t->proc, &t->proc->aside);
	return 0;
}

void
l9ready(Task *t)
{
	Proc *p;

	p = t->proc;
	if(p == l9proc)
		l9qput(p, t);
	else
		l9push(p, t, t);
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
			l9qput(p, t);
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

/* the first function of every task: what l9ctxinit starts */
static void
taskmain(void *v)
{
	Task *t;

	t = v;
	l9sanswitched(&t->san, L9ASAN? &t->proc->from->san: nil);
	if(t->proc->dead != nil)
		reap(t->proc);
	*t->proc->errnop = 0;
	l9maydie(t);
	t->fn(t->arg);
	threadexits(nil);
}

/* t, fresh from l9stackalloc, will run f(arg) on p.  The id comes separately */
void
l9tasknew(Task *t, Proc *p, void (*f)(void*), void *arg, const Threadattr *a)
{
	Task *self;
	char *usable;

	self = l9cur();
	t->proc = p;
	t->fn = f;
	t->arg = arg;
	t->prio = a->priority == 0? self->prio: a->priority - 1;
	strlx(&t->group, a->group == 0? ldrlx(&self->group): a->group);
	if(a->name != nil)
		l9setname(t, a->name);
	usable = t->stack + t->guard;
	l9sanbegin(&t->san);
	/* below the Task, on a 16-byte boundary */
	l9ctxinit(&t->ctx, usable, ((uintptr_t)t & ~(uintptr_t)15) - (uintptr_t)usable, taskmain, t);
}

/*
 * Run p's tasks until the last has ended, on the OS thread's own stack,
 * which is p->self's.
 */
void
l9runproc(Proc *p)
{
	Task *n;

	while(p->ntask > 0){
		n = next(p);
		switchto(p, &p->self, n, false);
	}
}

/*
 * The running task, which nobody finds any more, ends.  Its stack is freed by whoever runs next, so this
 * idles on it if nobody is ready yet.
 */
_Noreturn void
l9taskend(void)
{
	Proc *p;
	Task *t, *n;

	p = l9proc;
	t = p->cur;
	if(p->pinned == t)
		threadunpin();
	p->ntask--;
	if(p->ntask == 0)
		/* somebody may have started a task here while this one was live */
		l9takein(p);
	if(t == &p->self)
		l9adoptedend(p);
	n = p->ntask > 0? next(p): &p->self;
	p->dead = t;
	switchto(p, t, n, true);
	abort();
}
