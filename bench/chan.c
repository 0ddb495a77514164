/*
 * One message, a send and a receive, between two tasks of one proc.
 */
#include "bare.h"
#include "bench.h"
#include "lib.h"

static void
unbuffered(Bench *b, double *v)
{
	*v = pingpong(b->n, start, cpunow);
}

static void
buffered(Bench *b, double *v)
{
	*v = stream(b->n, 1, start, cpunow);
}

static const Figure unbuf = {"chan0", "message, unbuffered, one proc", "ns cpu", 0, 0};
static const Figure buf = {"chan128", "message, buffered (128), one proc", "ns cpu", 0, 0};

static Bench benches[] = {
	{&unbuf, 1, 4000000, 10000, 0, 0, {{"lib9thread", unbuffered}, BARE(pingpong)}},
	{&buf, 1, 8000000, 10000, 128, 0, {{"lib9thread", buffered}, BARE(buffered)}},
};

int
main(int argc, char *argv[])
{
	return benchmain("chan", benches, NELEM(benches), argc, argv);
}
