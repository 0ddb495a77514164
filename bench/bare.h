/*
 * Baselines on the bare scheduler (mini.h), each the same work as the library's
 * side in the program of that name.
 */
#ifndef BARE_H
#define BARE_H

#include "bench.h"

enum {
	Npair = 1000,
	Maxpairproc = 8,
};

#define BAREFNS(form)\
	void	form##yield(Bench*, double*);\
	void	form##pingpong(Bench*, double*);\
	void	form##buffered(Bench*, double*);\
	void	form##alt(Bench*, double*);\
	void	form##create(Bench*, double*);\
	void	form##sieve(Bench*, double*);\
	void	form##pairs(Bench*, double*);
BAREFNS(bare)
BAREFNS(called)
#undef BAREFNS

/* the sides of a Bench */
#if HAVEBARE
#define BARE(f) {"bare scheduler", bare##f}, {"the same, called, with locks", called##f}
#else
#define BARE(f) {NULL, NULL}	/* it is written for one CPU */
#endif

#endif
