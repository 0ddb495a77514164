/*
 * The controller, for tests/explore.  From l9control on one OS thread runs
 * at a time, of those that the library makes and the calling one, and at every
 * point (an atomic operation, a lock, a sleep, a wake, a new OS thread) the plan
 * says which goes on.  The time is the controller's too: it stands still while
 * anybody can run, and then jumps to the end of the first timed sleep.  So what
 * a program does depends on the plan alone.
 *
 * Who has the turn may read and write all of the controller; it is handed on by
 * a futex word of each OS thread.  What the program does between two
 * points nobody else sees half done.
 */
#ifndef L9CONTROL_H
#define L9CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "weak.h"

typedef struct Plan Plan;
typedef struct Ran Ran;

struct Plan
{
	uint64_t	seed;
	/*
	 * Priorities: each OS thread has a random one, the highest runs, and at
	 * nchange points of the first span the running one gets the lowest
	 * (probabilistic concurrency testing).  Otherwise, on average, it goes on
	 * for stay points, and anybody is next.
	 */
	bool	priorities;
	int	nchange;
	uint64_t	span;
	uint32_t	stay;
	uint32_t	nudge;		/* about one point in so many ends somebody's sleep early; 0: none does */
	bool	odd;		/* weak exchanges may fail for no reason, and relaxed stores be seen late */
	uint64_t	maxpoint;	/* more than so many: it makes no progress */
	bool	trace;		/* each point a line on fd 2 */
	/* a mutation: the atomic operations in this function are done so: weak.h.  NULL: none */
	const char	*weakfn;
	int	weak;
	void	(*failed)(const char *why);	/* does not return */
};

struct Ran
{
	uint64_t	npoint;
	uint64_t	nswitch;
	uint64_t	hash;		/* of who ran when */
};

enum {
	Maxchange = 8,
};

void	l9control(const Plan*);
void	l9controlran(Ran*);
/* points are points no longer, and the caller alone runs: for reports */
void	l9controlend(void);
/* a line on fd 2 for each OS thread */
void	l9controlwho(void);
/* something of the program's own that the hash is to tell of */
void	l9controlnote(uint64_t);

#endif
