/*
 * One message, a send and a receive, between two tasks of one proc.
 */
#include "bare.h"
#include "bench.h"
#include "lib.h"

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

static void
pingpong(Bench *b, double *v)
{
	int64_t t;

	nop = b->n/2 + 1;
	c1 = mkchan(0);
	c2 = mkchan(0);
	t = cpunow();
	start(ping, NULL);
	start(pong, NULL);
	await(2);
	*v = (double)(cpunow() - t)/(double)(2*nop);
	chanfree(c1);
	chanfree(c2);
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

static void
buffered(Bench *b, double *v)
{
	int64_t t;

	nop = b->n;
	c1 = mkchan(b->arg);
	t = cpunow();
	start(produce, NULL);
	start(consume, NULL);
	await(2);
	*v = (double)(cpunow() - t)/(double)nop;
	chanfree(c1);
}

static const Figure unbuf = {"chan0", "message, unbuffered, one proc", "ns cpu", 0, 0};
static const Figure buf = {"chan128", "message, buffered (128), one proc", "ns cpu", 0, 0};

static Bench benches[] = {
	{&unbuf, 1, 4000000, 10000, 0, 0, {{"lib9thread", pingpong}, BARE(pingpong)}},
	{&buf, 1, 8000000, 10000, 128, 0, {{"lib9thread", buffered}, BARE(buffered)}},
};

int
main(int argc, char *argv[])
{
	return benchmain("chan", benches, NELEM(benches), argc, argv);
}
