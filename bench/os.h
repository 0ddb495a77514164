/*
 * Baselines of the bare system: OS threads, futexes, pages.
 */
#ifndef OS_H
#define OS_H

#include "bench.h"

/*
 * One message: a word handed from one OS thread to another, which waits for
 * it by futex, at once or after a while of spinning.
 */
void	futexover(Bench*, double*);
void	spinover(Bench*, double*);

/* n messages through a ring of 128 between arg and arg OS threads, with a mutex and conditions */
void	ring(Bench*, double*);

/*
 * n stacks: each a slot of address space, of which the lower end is made a
 * guard and the top is touched.  It returns where they lie.
 */
enum {
	Slot = 256*1024,
	Guard = 64*1024,
};
char	*stacks(long n);

#endif
