#include <stdio.h>

#include "impl.h"

int
threadcreate(void (*f)(void*), void *arg, unsigned int stacksize)
{
	Proc *p;
	Task *t;
	int id;

	p = l9cur()->proc;
	if(p->adopted && p->altstack == nil)
		l9altstack(p);
	t = l9stackalloc(p, stacksize);
	if(t == nil)
		return -1;
	l9tasknew(t, p, f, arg);
	id = l9idnew(p, t);
	if(id < 0){
		p->ntask--;
		l9stackfree(p, t);
		return -1;
	}
	l9qput(&p->runq, t);
	return id;
}

void
threadsetname(const char *fmt, ...)
{
	Task *t;
	va_list arg;

	t = l9cur();
	va_start(arg, fmt);
	vsnprintf(t->name, sizeof t->name, fmt, arg);
	va_end(arg);
}

char*
threadgetname(void)
{
	return l9cur()->name;
}

void**
threaddata(void)
{
	return &l9cur()->data;
}
