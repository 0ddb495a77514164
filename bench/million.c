/*
 * Very many tasks, each parked in a receive from one channel: what it takes to get there, and what
 * memory they hold, and what the process holds when they have ended.
 */
#include <sys/mman.h>

#include "bench.h"
#include "lib.h"
#include "os.h"

static long nended;

static void
park(void *v)
{
	chanrecvp(v);
	nended++;
}

/* the base's and the library's figures */
typedef struct Memory Memory;
struct Memory
{
	int64_t	t;
	double	rss;
	double	pte;
};

static Memory
beforehand(void)
{
	Memory m;

	m.rss = procstatus("VmRSS");
	m.pte = procstatus("VmPTE");
	m.t = cpunow();
	return m;
}

static void
parked(Memory m, long n, double *v)
{
	v[0] = (double)(cpunow() - m.t)/1e3/(double)n;
	v[1] = (procstatus("VmRSS") - m.rss)/(double)n;
	v[2] = (procstatus("VmPTE") - m.pte)/(double)n;
}

static void
ended(Memory m, long n, double *v)
{
	v[3] = (procstatus("VmRSS") - m.rss)/(double)n;
}

static void
million(Bench *b, double *v)
{
	Channel *c;
	Memory m;
	long i;

	c = mkchan(0);
	m = beforehand();
	for(i = 0; i < b->n; i++){
		start(park, c);
		threadyield();
	}
	parked(m, b->n, v);
	chanclose(c);
	while(nended < b->n)
		threadyield();
	ended(m, b->n, v);
}

static void
pages(Bench *b, double *v)
{
	Memory m;
	char *p;

	m = beforehand();
	p = stacks(b->n);
	parked(m, b->n, v);
	madvise(p, (size_t)b->n*Slot, MADV_DONTNEED);
	ended(m, b->n, v);
}

static const Figure figs[] = {
	{"million", "1,000,000 tasks: create and park one", "us cpu", 0, 0},
	{"million.rss", "1,000,000 tasks: memory of one", "bytes", 0, 0},
	{"million.pte", "1,000,000 tasks: page tables of one", "bytes", 0, 0},
	{"million.left", "1,000,000 tasks: memory of one, after all", "bytes", 0, 0},
};

static Bench benches[] = {
	{figs, NELEM(figs), 1000000, 1000, 0, Cold, {{"lib9thread", million}, {"guard, first touch", pages}}},
};

int
main(int argc, char *argv[])
{
	return benchmain("million", benches, NELEM(benches), argc, argv);
}
