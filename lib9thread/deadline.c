#include "impl.h"

/* the earlier of t and the one in force; returns the one in force before */
int64_t
threaddeadline(int64_t when)
{
	Task *t;
	int64_t old;

	t = l9cur();
	old = t->deadline;
	if(when < old)
		t->deadline = when;
	return old;
}

void
threadundeadline(int64_t old)
{
	l9cur()->deadline = old;
}
