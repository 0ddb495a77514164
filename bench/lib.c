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

static Channel *c1, *c2;
static long nop;

static void
ping(void *v)
{
	long i;

	for(i = 0; i < nop; i++){
		chansendp(c1, v);
		chanrecvp(c2);
	}
	done();
}

static void
pong(void *v)
{
	long i;

	for(i = 0; i < nop; i++){
		chanrecvp(c1);
		chansendp(c2, v);
	}
	done();
}

double
pingpong(long n, Starter *startone, int64_t (*now)(void))
{
	int64_t t;

	nop = n/2 + 1;
	c1 = mkchan(0);
	c2 = mkchan(0);
	t = now();
	startone(ping, NULL);
	startone(pong, NULL);
	await(2);
	t = now() - t;
	chanfree(c1);
	chanfree(c2);
	return (double)t/(double)(2*nop);
}

static void
produce(void *v)
{
	long i;

	for(i = 0; i < nop; i++)
		chansendp(c1, v);
	done();
}

static void
consume(void *v)
{
	long i;

	(void)v;
	for(i = 0; i < nop; i++)
		chanrecvp(c1);
	done();
}

double
stream(long n, int npair, Starter *startone, int64_t (*now)(void))
{
	int64_t t;
	int i;

	nop = n/npair + 1;
	c1 = mkchan(128);
	t = now();
	for(i = 0; i < npair; i++){
		startone(produce, NULL);
		startone(consume, NULL);
	}
	await(2*npair);
	t = now() - t;
	chanfree(c1);
	return (double)t/(double)(nop*npair);
}
