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
	Proc	*_Atomic all;	/* lk to write: every Proc ever made */
	_Atomic int	nuser;	/* that keep the program alive */
	_Atomic int	status;	/* what the last task to end said; ordered by its id's end and by nuser */
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
		p->nextall = ldrlx(&procs.all);
		/* release: p's fields, for l9eachtask */
		strel(&procs.all, p);
		l9unlock(&procs.lk);
	}
	p->self.proc = p;
	p->self.waiter.task = &p->self;
	if(p->rand == 0)
		p->rand = (uint32_t)l9nsec()*2654435761u | 1;
	p->runq = (Queue){nil, nil};
	memset(p->other, 0, sizeof p->other);
	p->nother = 0;
	p->odd = 0;
	p->noswitch = 0;
	p->untillow = Nlow;
	p->quota = Defquota;
	p->pinned = nil;
	p->aside = (Queue){nil, nil};
	p->idlers = (Queue){nil, nil};
	p->system = false;
	p->ntask = 0;
	p->adopted = false;
	p->foreign = false;
	p->untiltakein = Ntakein;
	p->nfdwait = 0;
	p->data = nil;
	strlx(&p->ospid, 0);
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
	strlx(&p->ospid, l9ospid());
	p->cxx = l9cxxstate();
	p->now = l9nsecold();
	l9santhread(&p->self.san);
}

static bool
keepsalive(Proc *p)
{
	return !p->foreign && !p->system;
}

static void
procadd(Proc *p)
{
	addrlx(&procs.nuser, keepsalive(p));
	l9awake(p);
}

/* on p's OS thread: it is p no longer; if p was the last, the program ends */
static void
procend(Proc *p)
{
	bool last;

	/* acq_rel: the last one out sees what the others did */
	last = keepsalive(p) && addar(&procs.nuser, -1) == 1;
	l9altstackfree(p);
	/* the last one stays awake until l9exit, or a program that ends looks like one in which all wait */
	if(!last)
		l9awakeend(p);
	l9proc = nil;
	procfree(p);
	if(last)
		l9exit(ldrlx(&procs.status));
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
l9proccreate(void (*f)(void*), void *arg, const Threadattr *a)
{
	Proc *p;
	Task *t;
	int id, e;

	p = procalloc();
	if(p == nil)
		return l9err(ENOMEM, "out of memory");
	t = l9firsttask(p, f, arg, a, &id);
	if(t == nil){
		procfree(p);
		return -1;
	}
	p->system = a->system != 0;
	procadd(p);
	e = l9osthread(procmain, p, Osstack, 0);
	if(e == 0)
		return id;
	/* a foreign thread may create while the last other proc ends */
	if(keepsalive(p) && addar(&procs.nuser, -1) == 1)
		l9exit(ldrlx(&procs.status));
	l9awakeend(p);
	l9undofirst(t);
	procfree(p);
	return l9err(e, strerror(e));
}

/*
 * Make the calling OS thread a proc with one task, which runs on the stack
 * that it already has.  An errno value.
 */
static int
adopt(bool foreign)
{
	Proc *p;
	Task *t;

	if(l9timer == nil)
		l9misuse("threadinit", "must be called before anything else by a program with its own main");
	p = procalloc();
	if(p == nil)
		return ENOMEM;
	t = &p->self;
	l9taskclear(t);
	t->prio = Defprio;
	strlx(&t->group, 0);
	p->adopted = true;
	p->foreign = foreign;
	p->ntask = 1;
	if(foreign && pthread_setspecific(procs.key, p) != 0){
		procfree(p);
		return ENOMEM;
	}
	procbegin(p);
	if(l9idnew(p, t, 0) < 0){
		l9proc = nil;
		pthread_setspecific(procs.key, nil);
		procfree(p);
		return ENOMEM;
	}
	procadd(p);
	return 0;
}

Proc*
l9adopt(bool foreign)
{
	if(adopt(foreign) != 0)
		l9misuse("threadattach", "out of memory for an OS thread that uses the library");
	return l9proc;
}

int
threadattach(void)
{
	if(l9proc == nil && (errno = adopt(true)) != 0)
		return -1;
	return 0;
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

/* that task ends, and its frame stays */
static void
selfend(Proc *p)
{
	l9runend(&p->self);
	l9joinend(&p->self, nil);
	l9selfend(p);
	adoptedrest(p);
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

/*
 * An OS thread that the library did not make is a proc no longer, once the
 * other tasks that it made there have ended.
 */
void
threaddetachproc(void)
{
	Proc *p;

	p = l9proc;
	if(p == nil)
		return;
	if(!p->foreign || p->cur != &p->self)
		l9misuse("threaddetachproc", "not the first thread of an OS thread that the program made");
	pthread_setspecific(procs.key, nil);
	selfend(p);
}

/* an adopted OS thread returned from its start function: pthread_key_create */
static void
threadgone(void *v)
{
	selfend(v);
}

int
l9coreinit(const Timerhooks *timer)
{
	int e;

	l9cpus = l9ncpu();
	l9stackinit();
	if(l9idinit() < 0)
		return ENOMEM;
	e = pthread_key_create(&procs.key, threadgone);
	if(e != 0){
		l9idfree();
		return e;
	}
	l9owninit();
	l9timer = timer;
	e = adopt(false);
	if(e != 0){
		/* all as before: it may be tried again */
		l9timer = nil;
		pthread_key_delete(procs.key);
		l9idfree();
		return e;
	}
	l9faultinit();
	return 0;
}

/* a task of p ends with this exit status.  The look first spares a line that all procs read */
void
l9setstatus(Proc *p, int status)
{
	if(keepsalive(p) && ldrlx(&procs.status) != status)
		strlx(&procs.status, status);
}

Proc*
l9allprocs(void)
{
	/* pairs with procalloc's release */
	return ldacq(&procs.all);
}

/* the running proc keeps the program alive no longer, or does again; what it did before */
int
procsetsys(int on)
{
	Proc *p;
	int old;

	p = l9cur()->proc;
	old = !keepsalive(p);
	if(p->foreign || old == (on != 0))
		return old;
	p->system = on != 0;
	if(!on)
		addrlx(&procs.nuser, 1);
	/* acq_rel: as in procend */
	else if(addar(&procs.nuser, -1) == 1)
		l9exit(ldrlx(&procs.status));
	return old;
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
