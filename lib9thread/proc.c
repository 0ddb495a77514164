/*
 * Procs: OS threads that run tasks, made here or adopted.
 *
 * A Proc is never freed, only used again: a waker may still hold one that
 * has ended (idle.c), and a stale id may lead to one (id.c).
 */
#include <pthread.h>
#include <unistd.h>

#include "impl.h"

enum {
	/* of an OS thread made here: tasks have their own, but atexit handlers may run on it */
	Osstack = 256*1024,
};

static struct {
	Spin	lk;
	Proc	*free;		/* lk */
	unsigned int	n;	/* lk: made so far */
	_Atomic int	nuser;	/* that keep the program alive */
	pthread_key_t	key;	/* ends an adopted OS thread's proc with it */
} procs;

int l9cpus = 1;
const Timerhooks *l9timer;

static Proc*
procalloc(void)
{
	Proc *p;

	l9lock(&procs.lk);
	p = procs.free;
	if(p != nil)
		procs.free = p->nextfree;
	l9unlock(&procs.lk);
	if(p == nil){
		p = aligned_alloc(Cacheline, (sizeof *p + Cacheline-1)/Cacheline*Cacheline);
		if(p == nil)
			return nil;
		memset(p, 0, sizeof *p);
		l9lock(&procs.lk);
		p->index = procs.n++;
		l9unlock(&procs.lk);
	}
	p->self.proc = p;
	if(p->rand == 0)
		p->rand = (uint32_t)l9nsec()*2654435761u | 1;
	p->runq = (Queue){nil, nil};
	p->ntask = 0;
	p->status = 0;
	p->adopted = false;
	p->foreign = false;
	p->untiltakein = Ntakein;
	p->data = nil;
	return p;
}

static void
procfree(Proc *p)
{
	l9stackgive(p);
	l9lock(&procs.lk);
	p->nextfree = procs.free;
	procs.free = p;
	l9unlock(&procs.lk);
}

/* on p's OS thread: it is p from now on */
static void
procbegin(Proc *p)
{
	l9proc = p;
	p->cur = &p->self;
	p->errnop = &errno;
	p->cxx = l9cxxstate();
	l9santhread(&p->self.san);
}

/* on p's OS thread: it is p no longer; if p was the last, the program ends */
static void
procend(Proc *p)
{
	int status;
	bool foreign;

	status = p->status;
	foreign = p->foreign;
	l9altstackfree(p);
	l9awake(p, false);
	l9proc = nil;
	procfree(p);
	/* acq_rel: the last one out sees what the others did */
	if(!foreign && addar(&procs.nuser, -1) == 1)
		l9exit(status);
}

static void
procmain(void *v)
{
	Proc *p;

	p = v;
	procbegin(p);
	/* without one an overflow ends as a plain SIGSEGV: not worth failing for */
	l9altstack(p);
	l9runproc(p);
	procend(p);
}

int
proccreate(void (*f)(void*), void *arg, unsigned int stacksize)
{
	Proc *p;
	Task *t;
	int id, e;

	t = l9stackalloc(l9cur()->proc, stacksize);
	if(t == nil)
		return -1;
	p = procalloc();
	if(p == nil){
		l9stackfree(l9proc, t);
		return l9err(ENOMEM, "out of memory");
	}
	l9tasknew(t, p, f, arg);
	id = l9idnew(p, t);
	e = 0;
	if(id > 0){
		l9qput(&p->runq, t);
		addrlx(&procs.nuser, 1);
		l9awake(p, true);
		e = l9osthread(procmain, p, Osstack, 0);
		if(e == 0)
			return id;
		l9awake(p, false);
		addrlx(&procs.nuser, -1);
		l9idend(t);
	}
	l9stackfree(l9proc, t);
	procfree(p);
	return e == 0? -1: l9err(e, strerror(e));
}

/*
 * Make the calling OS thread a proc with one task, which runs on the stack
 * that it already has.
 */
Proc*
l9adopt(bool foreign)
{
	Proc *p;
	Task *t;

	if(l9timer == nil)
		l9misuse("threadinit", "must be called before anything else by a program with its own main");
	p = procalloc();
	if(p == nil)
		l9misuse("threadinit", "out of memory for an OS thread that uses the library");
	t = &p->self;
	t->errstrnum = 0;
	t->errstr[0] = '\0';
	t->name[0] = '\0';
	t->data = nil;
	p->adopted = true;
	p->foreign = foreign;
	p->ntask = 1;
	procbegin(p);
	if(l9idnew(p, t) < 0 || (foreign && pthread_setspecific(procs.key, p) != 0))
		l9misuse("threadinit", "out of memory for an OS thread that uses the library");
	if(!foreign)
		addrlx(&procs.nuser, 1);
	l9awake(p, true);
	return p;
}

/*
 * The OS thread's own task has ended, its other tasks have not: they run on
 * until the last one ends.
 */
static void
adoptedrest(Proc *p)
{
	l9runproc(p);
	procend(p);
}

/* threadexits on the OS thread's own stack */
_Noreturn void
l9adoptedend(Proc *p)
{
	_Atomic uint32_t never = 0;
	bool foreign;

	foreign = p->foreign;
	adoptedrest(p);
	if(foreign){
		pthread_setspecific(procs.key, nil);
		pthread_exit(nil);
	}
	/* other procs go on: the process's first OS thread stays, as its end would be seen by ps and wait */
	for(;;)
		l9waitword(&never, 0, INT64_MAX);
}

/* an adopted OS thread returned from its start function: pthread_key_create */
static void
threadgone(void *v)
{
	Proc *p;

	p = v;
	l9idend(&p->self);
	p->ntask--;
	adoptedrest(p);
}

int
l9coreinit(const Timerhooks *timer)
{
	int e;

	l9cpus = l9ncpu();
	if(l9idinit() < 0)
		return ENOMEM;
	e = pthread_key_create(&procs.key, threadgone);
	if(e != 0)
		return e;
	l9faultinit();
	l9timer = timer;
	l9adopt(false);
	return 0;
}

unsigned int
l9procindex(Task *t)
{
	return t->proc->index;
}

void**
procdata(void)
{
	return &l9cur()->proc->data;
}
