/*
 * One yield: the task goes to the end of the run queue, the first of it runs.
 */
#include "bare.h"
#include "bench.h"
#include "lib.h"

static long nop;		/* each task's share */

static void
yielder(void *v)
{
	long i;

	(void)v;
	for(i = 0; i < nop; i++)
		threadyield();
	done();
}

static void
yield(Bench *b, double *v)
{
	int64_t t;
	int i;

	nop = b->n/b->arg + 1;
	t = cpunow();
	for(i = 0; i < b->arg; i++)
		start(yielder, NULL);
	await(b->arg);
	*v = (double)(cpunow() - t)/(double)(nop*b->arg);
}

static const Figure two = {"yield2", "yield, 2 tasks", "ns cpu", 0, 0};
static const Figure many = {"yield1000", "yield, 1000 tasks", "ns cpu", 0, 0};

static Bench benches[] = {
	{&two, 1, 8000000, 10000, 2, 0, {{"lib9thread", yield}, BARE(yield)}},
	{&many, 1, 8000000, 10000, 1000, 0, {{"lib9thread", yield}, BARE(yield)}},
};

int
main(int argc, char *argv[])
{
	return benchmain("yield", benches, NELEM(benches), argc, argv);
}
