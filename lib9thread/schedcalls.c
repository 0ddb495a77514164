/*
 * What a program may say about scheduling.
 */
#include "impl.h"

int
threadsetprio(int prio)
{
	Task *t;
	int old;

	if(prio < 1 || prio > Nprio)
		l9misuse("threadsetprio", "priority %d", prio);
	t = l9cur();
	old = t->prio + 1;
	t->prio = prio - 1;
	return old;
}

int
threadgetprio(void)
{
	return l9cur()->prio + 1;
}

/* of this proc */
int
threadquota(int n)
{
	Proc *p;
	int old;

	if(n < 1)
		l9misuse("threadquota", "%d operations", n);
	p = l9cur()->proc;
	old = p->quota;
	p->quota = n;
	return old;
}

/* more, or fewer: it nests */
void
threadnoswitch(int on)
{
	Proc *p;

	p = l9cur()->proc;
	if(!on && p->noswitch == 0)
		l9misuse("threadnoswitch", "not in force");
	p->noswitch += on? 1: -1;
	if(p->noswitch > 0)
		p->odd |= Oddnoswitch;
	else
		p->odd &= ~Oddnoswitch;
}

/* the program would overflow its stack if it went on */
void
needstack(int n)
{
	char here[1];
	Task *t;
	size_t left;

	t = l9cur();
	if(t == &t->proc->self)
		return;		/* an OS thread's own stack: not ours to know */
	left = (size_t)(here - (t->stack + t->guard));
	if(n > 0 && left < (size_t)n)
		l9misuse("needstack", "thread %d (%s) needs %d bytes of stack, and has %zu",
			threadid(), t->name, n, left);
}

int
threadpid(int id)
{
	Task *t;
	Proc *p;

	t = id == 0? l9cur(): l9idtask(id);
	/* nil: it ended meanwhile, and its memory went back to the system */
	p = t != nil? t->proc: nil;
	if(p == nil)
		return l9err(ESRCH, "no such thread");
	return p->ospid;
}
