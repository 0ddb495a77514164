/*
 * Helpers: OS threads that make calls.  helper.c has one, pool.c those that
 * nobody has.
 */
#ifndef L9HELPER_H
#define L9HELPER_H

#include <pthread.h>

#include "ioimpl.h"

struct Helper
{
	Spin	lk;
	Call	*call;		/* lk: posted and not done */
	bool	running;	/* lk: in call->op; signals make sense */
	bool	refuse;		/* lk: closed, makes no more calls */
	bool	again;		/* lk: sleeper is in a heap, or about to be */
	int64_t	delay;		/* the heap's lock: sleeper's */
	Sleeper	sleeper;
	_Atomic uint32_t	posted;	/* a call is there: what the helper sleeps on */
	bool	sent;		/* lk: a signal, during call */
	pthread_t	thread;	/* set by the helper before it first runs a call */

	/* pool.lk */
	bool	idle;		/* in the list of those that nobody has */
	Helper	*next;
	Helper	*prev;
};

/* a new one, which has no call.  0 or an errno value */
int	l9helpernew(Helper**);

/* by h, which has had no call for long.  True: nobody had it, and nobody gets it any more */
bool	l9poolleave(Helper*);

/* have h, which is idle, make call c, and fill in its results */
void	l9helpercall(Helper*, Call*);

/* interrupt the call that is being made, if one is */
void	l9helperint(Helper*);

/* as l9helperint, and no call that is not yet posted is made */
void	l9helperclose(Helper*);

/* fdcalls.c: around a call that h makes without an Ioproc */
void	l9fdcallbegin(Call*, Helper *h);
void	l9fdcallend(Call*);

#endif
