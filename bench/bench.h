/*
 * A benchmark is a pair: the library's way and a hand-written lower bound
 * that does the same work with none of its services.  They run in turn, A B A
 * B, in one process; what counts is the ratio, pair by pair.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>

typedef struct Bench Bench;
struct Bench
{
	const char	*name;
	const char	*base;		/* what the lower bound is */
	double	(*lib)(void);		/* ns an operation */
	double	(*bound)(void);
};

/* run all whose name begins with one of argv's words, or all */
void	benchmain(Bench*, int n, int argc, char *argv[]);

/* CPU time of the process, and of the wall, in ns */
int64_t	cpunow(void);
int64_t	wallnow(void);

#endif
