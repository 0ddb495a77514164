/*
 * New tasks, on this proc, on a new one, and on somebody else's.
 */
#include "impl.h"

static const Threadattr defaults;

static void
check(const char *call, void (*f)(void*), const Threadattr *a)
{
	if(f == nil)
		l9misuse(call, "nil function");
	if(a->priority < 0 || a->priority > Nprio)
		l9misuse(call, "priority %d", a->priority);
}

/* a Task with all its memory but no id: nil with errstr */
static Task*
new(Proc *p, void (*f)(void*), void *arg, const Threadattr *a)
{
	Task *t;
	Proc *self;

	self = l9cur()->proc;
	t = l9stackalloc(self, a->stack, a->exact != 0);
	if(t == nil)
		return nil;
	if(a->joinable && (t->exitrec = l9exitrec()) == nil){
		l9stackfree(self, t);
		l9err(ENOMEM, "out of memory");
		return nil;
	}
	l9tasknew(t, p, f, arg, a);
	return t;
}

static void
undo(Task *t)
{
	l9exitrecfree(t->exitrec);
	l9stackfree(l9proc, t);
}

static uint64_t
firstbits(const Threadattr *a)
{
	return a->paused? Wordsusp|Wordheld: 0;
}

static int
createhere(Proc *p, void (*f)(void*), void *arg, const Threadattr *a)
{
	Task *t;
	int id;

	t = new(p, f, arg, a);
	if(t == nil)
		return -1;
	id = l9idnew(p, t, firstbits(a));
	if(id < 0){
		undo(t);
		return -1;
	}
	p->ntask++;
	if(!a->paused)
		l9qput(p, t);
	return id;
}

/*
 * The task whose id was given may not end while we use its proc: Wordpin.  A
 * paused task goes by way of the inbox too, so that its proc counts it: it is
 * suspended, but not yet put aside.
 */
static int
createthere(Proc *self, int peer, void (*f)(void*), void *arg, const Threadattr *a)
{
	Task *t, *at;
	uint64_t w;
	int id;

	at = l9idword(peer, &w);
	if(at == nil)
		return l9err(ESRCH, "no such thread");
	t = new(at->proc, f, arg, a);
	if(t == nil)
		return -1;
	t->newborn = true;
	id = l9idnew(self, t, a->paused? Wordsusp: 0);
	if(id < 0){
		undo(t);
		return -1;
	}
	do
		if(!l9isid(w, peer)){
			l9idend(t);
			undo(t);
			return l9err(ESRCH, "no such thread");
		}
	while((w & Wordpin) || !casar(&at->word, &w, w | Wordpin));
	l9push(at->proc, t, t);
	/* release: l9idend's look finds the push done */
	atomic_fetch_and_explicit(&at->word, ~(uint64_t)Wordpin, memory_order_release);
	return id;
}

int
threadcreatex(const Threadattr *a, void (*f)(void*), void *arg)
{
	Proc *p;
	Task *at;

	if(a == nil)
		a = &defaults;
	check("threadcreatex", f, a);
	p = l9cur()->proc;
	if(p->adopted && p->altstack == nil)
		l9altstack(p);
	if(a->proc == 0)
		return createhere(p, f, arg, a);
	at = l9idtask(a->proc);
	if(at != nil && at->proc == p)
		return createhere(p, f, arg, a);
	return createthere(p, a->proc, f, arg, a);
}

int
threadcreate(void (*f)(void*), void *arg, unsigned int stacksize)
{
	Threadattr a;

	a = defaults;
	a.stack = stacksize;
	return threadcreatex(&a, f, arg);
}

/* proc.c has made p, which does not run yet, and starts it */
Task*
l9firsttask(Proc *p, void (*f)(void*), void *arg, const Threadattr *a, int *id)
{
	Task *t;

	t = new(p, f, arg, a);
	if(t == nil)
		return nil;
	*id = l9idnew(p, t, firstbits(a));
	if(*id < 0){
		undo(t);
		return nil;
	}
	p->ntask++;
	if(!a->paused)
		l9qput(p, t);
	return t;
}

void
l9undofirst(Task *t)
{
	l9idend(t);
	undo(t);
}

int
proccreatex(const Threadattr *a, void (*f)(void*), void *arg)
{
	if(a == nil)
		a = &defaults;
	check("proccreatex", f, a);
	return l9proccreate(f, arg, a);
}

int
proccreate(void (*f)(void*), void *arg, unsigned int stacksize)
{
	Threadattr a;

	a = defaults;
	a.stack = stacksize;
	return proccreatex(&a, f, arg);
}
