/*
 * Very many tasks, each created to sleep once for a random time up to a
 * second: the CPU time of it all, and how late they wake.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "bench.h"
#include "lib.h"
#include "os.h"

static uint64_t seed;

/* up to a second */
static int64_t
nap(void)
{
	seed = seed*6364136223846793005u + 1442695040888963407u;
	return (int64_t)((seed >> 33)%(uint64_t)Second);
}

static double *late;
static long nlate;

static void
begin(Bench *b)
{
	seed = 1;
	nlate = 0;
	late = calloc((size_t)b->n, sizeof late[0]);
	if(late == NULL)
		fail("calloc");
}

static void
end(Bench *b, double *v, int64_t t)
{
	v[0] = (double)(cpunow() - t)/1e6;
	v[1] = quantile(late, b->n, 0.5)/1e6;
	v[2] = quantile(late, b->n, 0.99)/1e6;
}

static void
sleeper(void *v)
{
	int64_t t;

	(void)v;
	t = wallnow() + nap();
	threadsleepuntil(t);
	late[nlate++] = (double)(wallnow() - t);
}

static void
sleepers(Bench *b, double *v)
{
	int64_t t;
	long i;

	begin(b);
	t = cpunow();
	for(i = 0; i < b->n; i++){
		start(sleeper, NULL);
		if(i%64 == 63)
			threadyield();
	}
	while(nlate < b->n)
		threadsleep(10*Millisecond);
	end(b, v, t);
}

/* the bound: a stack for each, and a heap of times that one OS thread sleeps for */
static int64_t *heap;
static long nheap;

static void
push(int64_t t)
{
	long i;

	for(i = nheap++; i > 0 && heap[(i-1)/2] > t; i = (i-1)/2)
		heap[i] = heap[(i-1)/2];
	heap[i] = t;
}

static void
pop(void)
{
	int64_t t;
	long i, j;

	t = heap[--nheap];
	for(i = 0; (j = 2*i+1) < nheap; i = j){
		if(j+1 < nheap && heap[j+1] < heap[j])
			j++;
		if(heap[j] >= t)
			break;
		heap[i] = heap[j];
	}
	heap[i] = t;
}

static void
expire(void)
{
	int64_t t;

	t = wallnow();
	while(nheap > 0 && heap[0] <= t){
		late[nlate++] = (double)(t - heap[0]);
		pop();
	}
}

static void
sleepto(int64_t t)
{
	struct timespec ts;

	ts.tv_sec = t/Second;
	ts.tv_nsec = t%Second;
	while(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

static void
bound(Bench *b, double *v)
{
	int64_t t;
	long i;

	begin(b);
	heap = calloc((size_t)b->n, sizeof heap[0]);
	if(heap == NULL)
		fail("calloc");
	t = cpunow();
	for(i = 0; i < b->n; i++){
		if(i%64 == 0)
			stacks(b->n - i < 64? b->n - i: 64);
		push(wallnow() + nap());
		if(i%64 == 63)
			expire();
	}
	while(nheap > 0){
		sleepto(heap[0]);
		expire();
	}
	end(b, v, t);
}

static const Figure figs[] = {
	{"sleepers", "100,000 sleepers: all of it", "ms cpu", 0, 0},
	{"sleepers.p50", "100,000 sleepers: lateness, median", "ms", 0, 0},
	{"sleepers.p99", "100,000 sleepers: lateness, 99%", "ms", 0, 0},
};

static Bench benches[] = {
	{figs, NELEM(figs), 100000, 1000, 0, Cold, {{"lib9thread", sleepers}, {"stacks, heap, nanosleep", bound}}},
};

int
main(int argc, char *argv[])
{
	return benchmain("sleepers", benches, NELEM(benches), argc, argv);
}
