/*
 * One message, a send and a receive, between tasks of different procs.
 */
#include "bench.h"
#include "lib.h"
#include "os.h"

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
	t = wallnow();
	startproc(ping, NULL);
	startproc(pong, NULL);
	await(2);
	*v = (double)(wallnow() - t)/(double)(2*nop);
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
	int i;

	nop = b->n/b->arg + 1;
	c1 = mkchan(128);
	t = wallnow();
	for(i = 0; i < b->arg; i++){
		startproc(produce, NULL);
		startproc(consume, NULL);
	}
	await(2*b->arg);
	*v = (double)(wallnow() - t)/(double)(nop*b->arg);
	chanfree(c1);
}

static const Figure unbuf = {"xproc0", "message, unbuffered, two procs", "ns wall", 0, 0};
static const Figure unbufone = {"xproc0one", "message, unbuffered, two procs, one CPU", "ns wall", 0, 0};
static const Figure buf1 = {"xproc128x1", "message, buffered (128), 1 proc to 1", "ns wall", 0, 0};
static const Figure buf4 = {"xproc128x4", "message, buffered (128), 4 procs to 4", "ns wall", 0, 0};

#define HANDOVER {"futex hand-over", futexover}, {"2000 spins, then futex", spinover}

static Bench benches[] = {
	{&unbuf, 1, 30000, 1000, 0, 0, {{"lib9thread", pingpong}, HANDOVER}},
	{&unbufone, 1, 30000, 1000, 0, Onecpu, {{"lib9thread", pingpong}, {"futex hand-over", futexover}}},
	{&buf1, 1, 1000000, 1000, 1, 0, {{"lib9thread", buffered}, {"mutex, conditions, ring", ring}}},
	{&buf4, 1, 1000000, 1000, 4, 0, {{"lib9thread", buffered}, {"mutex, conditions, ring", ring}}},
};

int
main(int argc, char *argv[])
{
	return benchmain("xproc", benches, NELEM(benches), argc, argv);
}
