#include "arch.h"
#include "lib9thread.h"
#include "timerimpl.h"

int64_t
threadnow(void)
{
	return l9nsec();
}

int64_t
l9fromnow(int64_t ns)
{
	int64_t now;

	now = l9nsec();
	return ns > INT64_MAX - now? INT64_MAX: now + ns;
}

int
threadsleepuntil(int64_t when)
{
	Sleeper s;
	Task *t;
	int why;

	if(when <= l9nsec()){
		threadyield();
		return 0;
	}
	t = l9self();
	why = l9waitbegin(t, Waitint);
	if(why != 0)
		return l9errwhy(why);
	l9waitingfor(t, "threadsleep", nil);
	l9waitinguntil(t, when);
	s = (Sleeper){.when = when, .task = t, .why = Wtimeout};
	/* failed, and not yet interrupted: then nobody will end the wait */
	if(l9timer->arm(&s) < 0 && l9claim(t))
		return -1;
	why = l9wait(t);
	if(why == Wtimeout){
		l9checkkill(t);
		return 0;
	}
	l9timer->disarm(&s);
	return l9errwhy(why);
}

int
threadsleep(int64_t ns)
{
	return threadsleepuntil(l9fromnow(ns));
}
