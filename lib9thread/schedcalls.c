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

/* 0: its OS thread has been made, and has not begun */
static int
pidof(int id)
{
	Task *t;
	int pid;

	t = l9pin(id);
	if(t == nil)
		return l9err(ESRCH, "no such thread");
	pid = ldrlx(&t->proc->ospid);
	l9unpin(t);
	return pid;
}

int
threadpid(int id)
{
	int i, pid;

	if(id == 0)
		return ldrlx(&l9cur()->proc->ospid);
	for(i = 0; (pid = pidof(id)) == 0; i++)
		l9spinpause(i);
	return pid;
}
