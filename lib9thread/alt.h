/*
 * A call of alt, for alt.c and for altfd.c, which has the descriptors among its
 * entries.
 */
#ifndef L9ALT_H
#define L9ALT_H

#include "chan.h"

typedef struct Round Round;

/* one call of alt; lies on the caller's stack, with its arrays */
struct Round
{
	Alt	*alt;
	Proc	*proc;		/* that runs it */
	int	n;		/* entries, without the terminator */
	bool	ordered;	/* take the first ready entry, not any */
	int	timeout;	/* the entry with the earliest deadline, or -1 */
	int	nfd;		/* entries with a descriptor */
	int64_t	deadline;
	Waiter	*waiter;	/* one an entry */
	bool	*fdready;	/* likewise: it has a descriptor that is ready; nil: none has one */
	/* each channel once, in locking order; nlock 0: each entry's, in the array's order */
	Channel	**lock;
	int	nlock;
	bool	allown;		/* all channels are the proc's own */
	Channel	*theirs;	/* one that is another proc's own: cannot be locked */
};

static inline bool
hasfd(Alt *a)
{
	return a->op == CHANFDIN || a->op == CHANFDOUT;
}

/* r is counted, nothing is locked, and lock and waiter have room: alt's result */
int	l9altfd(Round *r, Task *t);

/*
 * Lock all channels and do one of the entries that can proceed.  Its index, and
 * the locks are free; -1: there is none, and they are held.
 */
int	l9altdo(Round *r);
void	l9altunlock(Round *r);

/* with the locks held: what the call returns since it must not wait, or -1 */
int	l9altnowait(Round *r);

/* t's wait has begun: queue in all channels, and free their locks */
void	l9altqueue(Round *r, Task *t);

/* t's wait ended, but not for a descriptor: take t out of all channels; alt's result */
int	l9altwaited(Round *r, Task *t, int why);
/* the same, of a wait that was ended by t itself or for a descriptor */
void	l9altleave(Round *r);

#endif
