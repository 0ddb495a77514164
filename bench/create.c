/*
 * Create, run and end an empty task.
 */
#include "bare.h"
#include "bench.h"
#include "lib.h"

static void
empty(void *v)
{
	(void)v;
}

static void
create(Bench *b, double *v)
{
	int64_t t;
	long i;

	t = cpunow();
	for(i = 0; i < b->n; i++){
		start(empty, NULL);
		threadyield();
	}
	*v = (double)(cpunow() - t)/(double)b->n;
}

static const Figure fig = {"create", "create, run, exit", "ns cpu", 0, 0};

static Bench benches[] = {
	{&fig, 1, 2000000, 10000, 0, 0, {{"lib9thread", create}, BARE(create)}},
};

int
main(int argc, char *argv[])
{
	return benchmain("create", benches, NELEM(benches), argc, argv);
}
