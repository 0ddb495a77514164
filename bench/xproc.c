/*
 * One message, a send and a receive, between tasks of different procs.
 */
#include "bench.h"
#include "lib.h"
#include "os.h"

static void
unbuffered(Bench *b, double *v)
{
	*v = pingpong(b->n, startproc, wallnow);
}

static void
buffered(Bench *b, double *v)
{
	*v = stream(b->n, b->arg, startproc, wallnow);
}

static const Figure unbuf = {"xproc0", "message, unbuffered, two procs", "ns wall", 0, 0};
static const Figure unbufone = {"xproc0one", "message, unbuffered, two procs, one CPU", "ns wall", 0, 0};
static const Figure buf1 = {"xproc128x1", "message, buffered (128), 1 proc to 1", "ns wall", 0, 0};
static const Figure buf4 = {"xproc128x4", "message, buffered (128), 4 procs to 4", "ns wall", 0, 0};

#define HANDOVER {"futex hand-over", futexover}, {"2000 spins, then futex", spinover}

static Bench benches[] = {
	{&unbuf, 1, 30000, 1000, 0, 0, {{"lib9thread", unbuffered}, HANDOVER}},
	{&unbufone, 1, 30000, 1000, 0, Onecpu, {{"lib9thread", unbuffered}, {"futex hand-over", futexover}}},
	{&buf1, 1, 1000000, 1000, 1, 0, {{"lib9thread", buffered}, {"mutex, conditions, ring", ring}}},
	{&buf4, 1, 1000000, 1000, 4, 0, {{"lib9thread", buffered}, {"mutex, conditions, ring", ring}}},
};

int
main(int argc, char *argv[])
{
	return benchmain("xproc", benches, NELEM(benches), argc, argv);
}
