/*
 * New tasks, on this proc, on a new one, and on somebody else's.
 */
#include "hot.h"

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
static inline __attribute__((always_inline)) Task*
new(Proc *p, void (*f)(void*), void *arg, const Threadattr *a)
{
	Task *t, *self;
	char *usable;

	self = l9cur();
	t = l9stackalloc(self->proc, a->stack, a->exact != 0);
	if(unlikely(t == nil))
		return nil;
	l9taskclear(t);
	if(a->joinable && (t->exitrec = l9exitrec()) == nil){
		l9stackfree(self->proc, t);
		l9err(ENOMEM, "out of memory");
		return nil;
	}
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
	l9ctxinit(&t->ctx, usable, ((uintptr_t)t & ~(uintptr_t)15) - (uintptr_t)usable, l9taskmain, t);
	return t;
}

static void
undo(Task *t)
{
	l9exitrecfree(t->exitrec);
	l9sanend(&t->san);
	l9stackfree(l9proc, t);
}

/* t has an id, by which others may have found it, and does not come into being: they see it end */
static void
withdraw(Task *t)
{
	l9exitrecfree(t->exitrec);
	t->exitrec = nil;
	l9joinend(t, nil);
	undo(t);
}

/*
 * A paused task stands in the run queue, and is put aside when its turn comes.
 * So whoever resumes or kills one that is withdrawn puts it in no queue.
 */
static uint64_t
firstbits(const Threadattr *a)
{
	return a->paused? Wordsusp: 0;
}

/* p is the running proc, or does not run yet.  nil with errstr */
static inline __attribute__((always_inline)) Task*
createhere(Proc *p, void (*f)(void*), void *arg, const Threadattr *a, int *id)
{
	Task *t;

	t = new(p, f, arg, a);
	if(unlikely(t == nil))
		return nil;
	*id = l9idnew(p, t, firstbits(a));
	if(unlikely(*id < 0)){
		undo(t);
		return nil;
	}
	p->ntask++;
	runput(p, t);
	return t;
}

/* the task whose id was given may not end while its proc, there, is used: l9pin */
static int
createthere(Proc *self, Proc *there, void (*f)(void*), void *arg, const Threadattr *a)
{
	Task *t, *at;
	int id;

	t = new(there, f, arg, a);
	if(t == nil)
		return -1;
	t->newborn = true;
	id = l9idnew(self, t, firstbits(a));
	if(id < 0){
		undo(t);
		return -1;
	}
	at = l9pin(a->proc);
	if(at == nil){
		withdraw(t);
		return l9err(ESRCH, "no such thread");
	}
	l9push(there, t, t);
	l9unpin(at);
	return id;
}

/* the running proc, where tasks will run */
static inline Proc*
home(void)
{
	Proc *p;

	p = l9cur()->proc;
	if(unlikely(p->adopted && p->altstack == nil))
		l9altstack(p);
	return p;
}

int
threadcreatex(const Threadattr *a, void (*f)(void*), void *arg)
{
	Proc *p, *there;
	int id;

	if(a == nil)
		a = &defaults;
	check("threadcreatex", f, a);
	p = home();
	if(a->proc != 0){
		there = l9idproc(a->proc);
		if(there == nil)
			return l9err(ESRCH, "no such thread");
		if(there != p)
			return createthere(p, there, f, arg, a);
	}
	return createhere(p, f, arg, a, &id) == nil? -1: id;
}

/* threadcreatex, made for the one attribute */
int
threadcreate(void (*f)(void*), void *arg, unsigned int stacksize)
{
	const Threadattr a = {.stack = stacksize};
	int id;

	check("threadcreate", f, &a);
	return createhere(home(), f, arg, &a, &id) == nil? -1: id;
}

/* proc.c has made p, which does not run yet, and starts it */
Task*
l9firsttask(Proc *p, void (*f)(void*), void *arg, const Threadattr *a, int *id)
{
	return createhere(p, f, arg, a, id);
}

void
l9undofirst(Task *t)
{
	withdraw(t);
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
	const Threadattr a = {.stack = stacksize};

	check("proccreate", f, &a);
	return l9proccreate(f, arg, &a);
}
