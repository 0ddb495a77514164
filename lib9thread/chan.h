/*
 * Channels, for chan.c, chanop.c and alt.c.
 *
 * Invariants, whenever c->lk is free:
 *	receivers wait only if nothing is buffered; senders only if nothing
 *	more fits; so both wait at once only where alts of one task, or dead
 *	waiters, stand on one side
 *	a waiter in a queue belongs to a task that has not yet taken notice:
 *	waiting, or claimed elsewhere and on its way to take itself out
 *	once closed: nobody in a queue can still be claimed
 *	storage is freed when freed is set and the queues are empty and
 *	nleave is 0
 */
#ifndef L9CHAN_H
#define L9CHAN_H

#include "impl.h"

struct Channel
{
	Spin	lk;		/* guards all the rest */
	bool	closed;
	bool	freed;
	uint32_t	elsize;
	int	nel;		/* as chancreate was told */
	uint32_t	n;	/* elements buffered */
	uint32_t	first;	/* the oldest one's place */
	uint32_t	size;	/* places in buf */
	char	*buf;
	Waitq	sendq;
	Waitq	recvq;
	int	nleave;		/* waiters taken out dead, whose tasks have yet to come by */
	char	name[Channamelen];
};

/* all with c->lk held */
Waiter	*l9claimfirst(Channel*, Waitq*);
bool	l9chanput(Channel*, const void *v);
void	l9changet(Channel*, void *v);

/* takes c->lk; the waiter's task was claimed by another than c's side */
void	l9chanleave(Channel*, Waitq*, Waiter*);

char	*l9channame(Channel*, char buf[Channamelen+32]);

static inline void
l9chancopy(Channel *c, void *dst, const void *src)
{
	if(c->elsize == sizeof(void*))
		memcpy(dst, src, sizeof(void*));
	else
		memcpy(dst, src, c->elsize);
}

/* from one task's place to another's; nil is zeros, or nowhere */
static inline void
l9chanmove(Channel *c, void *dst, const void *src)
{
	if(dst == nil)
		return;
	if(src == nil)
		memset(dst, 0, c->elsize);
	else
		l9chancopy(c, dst, src);
}

/* there is room for one more, without growing */
static inline bool
l9chanroom(Channel *c)
{
	return c->n < c->size;
}

#endif
