#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"

enum {
	Nround = 7,
};

static int64_t
now(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec*1000000000 + t.tv_nsec;
}

int64_t
cpunow(void)
{
	return now(CLOCK_PROCESS_CPUTIME_ID);
}

int64_t
wallnow(void)
{
	return now(CLOCK_MONOTONIC);
}

static int
cmp(const void *a, const void *b)
{
	double x, y;

	x = *(const double*)a;
	y = *(const double*)b;
	return (x > y) - (x < y);
}

static void
run(Bench *b)
{
	double lib[Nround], bound[Nround], ratio[Nround];
	int i;

	b->lib();
	b->bound();
	for(i = 0; i < Nround; i++){
		lib[i] = b->lib();
		bound[i] = b->bound();
		ratio[i] = lib[i]/bound[i];
	}
	qsort(lib, Nround, sizeof lib[0], cmp);
	qsort(bound, Nround, sizeof bound[0], cmp);
	qsort(ratio, Nround, sizeof ratio[0], cmp);
	printf("%-34s %9.1f %9.1f %9.1f | %9.1f %9.1f | %6.2f %6.2f %6.2f  %s\n", b->name,
		lib[Nround/2], lib[0], lib[Nround-1], bound[Nround/2], bound[0],
		ratio[Nround/2], ratio[0], ratio[Nround-1], b->base);
	fflush(stdout);
}

static int
chosen(Bench *b, int argc, char *argv[])
{
	int i;

	for(i = 1; i < argc; i++)
		if(strncmp(b->name, argv[i], strlen(argv[i])) == 0)
			return 1;
	return argc < 2;
}

void
benchmain(Bench *b, int n, int argc, char *argv[])
{
	int i;

	printf("%-34s %9s %9s %9s | %9s %9s | %6s %6s %6s  %s\n", "ns an operation, of 7 runs",
		"median", "min", "max", "bound", "min", "ratio", "min", "max", "lower bound");
	for(i = 0; i < n; i++)
		if(chosen(&b[i], argc, argv))
			run(&b[i]);
}
