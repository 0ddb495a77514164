/*
 * A proc's poller (arch.h): made when the first of its tasks waits for a
 * descriptor, and kept with the Proc.  All here is called by the owner.
 */
#include "hot.h"

enum {
	Npoll = 8,		/* looks at the inbox for one at the poller, unless the clock ticks before */
};

/* 0, or -1 with errno */
int
l9pollmake(Proc *p)
{
	if(unlikely(p->poller == nil))
		p->poller = l9pollnew();
	return p->poller == nil? -1: 0;
}

/* n descriptors are ready: let those run who wait for them */
void
l9polltell(Proc *p, int n)
{
	int i, fd, what;

	for(i = 0; i < n; i++){
		fd = l9pollready(p->poller, i, &what);
		/* a negative one is the wake */
		if(fd >= 0)
			l9fdready(p, fd, what);
	}
	if(p->doubt != nil)
		l9fdcheck(p, n);
}

/* without waiting.  True: some are */
bool
l9pollnow(Proc *p)
{
	int n;

	p->untilpoll = Npoll;
	p->now = l9nsecold();
	n = l9pollwait(p->poller, 0);
	l9polltell(p, n);
	return n > 0;
}

/*
 * By a proc that has others to run: every so many times, and where each time
 * takes long, at each tick of the cheap clock.
 */
void
l9polllook(Proc *p)
{
	int64_t now;

	now = l9nsecold();
	if(--p->untilpoll > 0 && now == p->polled)
		return;
	p->polled = now;
	l9pollnow(p);
}
