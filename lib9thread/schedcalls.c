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
