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

/*
 * n descriptors are ready, and will be told of: before p sleeps or looks again.  Its
 * tasks run in between, so what is told may be old: fd.c, "waking is no promise".
 */
void
l9pollgot(Proc *p, int n)
{
	p->event = 0;
	p->nevent = n;
}

/* let those run who wait for the next of what is ready, n at most */
void
l9polltell(Proc *p, int n)
{
	int fd, what;

	for(; n > 0 && p->event < p->nevent; n--){
		fd = l9pollready(p->poller, p->event++, &what);
		/* a negative one is the wake */
		if(fd >= 0)
			l9fdready(p, fd, what);
	}
	if(p->doubt != nil)
		l9fdcheck(p, p->now);
}

/* all, without waiting.  True: some are */
bool
l9pollnow(Proc *p)
{
	int n;

	p->untilpoll = Npoll;
	p->now = l9nsecold();
	if(!l9polluntold(p))
		l9pollgot(p, l9pollwait(p->poller, 0));
	n = p->nevent - p->event;
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
