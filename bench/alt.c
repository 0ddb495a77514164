/*
 * One round trip: a task waits in an alt over several channels, another
 * sends to one of them, in turn, and gets a reply on a plain channel.
 */
#include "bare.h"
#include "bench.h"
#include "lib.h"

enum {
	Maxalt = 64,
};

static Channel *chan[Maxalt], *reply;
static int nchan;
static long nop;

static void
alter(void *v)
{
	Alt a[Maxalt+1];
	long i;
	int j;

	for(j = 0; j < nchan; j++)
		a[j] = (Alt){.c = chan[j], .v = &v, .op = CHANRCV};
	a[j] = (Alt){.op = CHANEND};
	for(i = 0; i < nop; i++){
		chanalt(a);
		chansendp(reply, v);
	}
	done();
}

static void
waker(void *v)
{
	long i;

	for(i = 0; i < nop; i++){
		chansendp(chan[i%nchan], v);
		chanrecvp(reply);
	}
	done();
}

static void
roundtrip(Bench *b, double *v)
{
	int64_t t;
	int i;

	nop = b->n;
	nchan = b->arg;
	reply = mkchan(0);
	for(i = 0; i < nchan; i++)
		chan[i] = mkchan(0);
	t = cpunow();
	start(alter, NULL);
	start(waker, NULL);
	await(2);
	*v = (double)(cpunow() - t)/(double)nop;
	for(i = 0; i < nchan; i++)
		chanfree(chan[i]);
	chanfree(reply);
}

static const Figure alt2 = {"alt2", "alt over 2 channels, round trip", "ns cpu", 0, 0};
static const Figure alt8 = {"alt8", "alt over 8 channels, round trip", "ns cpu", 0, 0};
static const Figure alt64 = {"alt64", "alt over 64 channels, round trip", "ns cpu", 0, 0};

static Bench benches[] = {
	{&alt2, 1, 2000000, 10000, 2, 0, {{"lib9thread", roundtrip}, BARE(alt)}},
	{&alt8, 1, 1000000, 10000, 8, 0, {{"lib9thread", roundtrip}, BARE(alt)}},
	{&alt64, 1, 200000, 1000, 64, 0, {{"lib9thread", roundtrip}, BARE(alt)}},
};

int
main(int argc, char *argv[])
{
	return benchmain("alt", benches, NELEM(benches), argc, argv);
}
