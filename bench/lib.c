#include "bench.h"
#include "lib.h"

static Channel *donechan;	/* there before the first task is started */

Channel*
mkchan(int n)
{
	Channel *c;

	c = chancreate(sizeof(void*), n);
	if(c == NULL)
		fail("chancreate");
	return c;
}

static void
mkdone(void)
{
	if(donechan == NULL)
		donechan = mkchan(0);
}

void
start(void (*f)(void*), void *arg)
{
	mkdone();
	if(threadcreate(f, arg, 0) < 0)
		fail("threadcreate");
}

void
startproc(void (*f)(void*), void *arg)
{
	mkdone();
	if(proccreate(f, arg, 0) < 0)
		fail("proccreate");
}

void
await(int n)
{
	while(n-- > 0)
		chanrecvp(donechan);
}

void
done(void)
{
	chansendp(donechan, NULL);
}
