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
 *
 * What is said to be done with c->lk held may also be done by the proc that
 * owns c, inside its section: own.c.
 */
#ifndef L9CHAN_H
#define L9CHAN_H

#include "hot.h"

typedef struct Leak Leak;

/*
 * A message between CPUs costs as much as the lines of the caches that go from one to the
 * other.  What each message changes is in the first line; the others are only read once
 * the channel is known to be shared.
 */
struct Channel
{
	Spin	lk;		/* guards all the rest */
	bool	closed;
	bool	freed;
	bool	shared;		/* several procs use it: it becomes nobody's own any more */
	uint32_t	n;	/* elements buffered */
	uint32_t	first;	/* the oldest one's place */
	Proc	*_Atomic owner;	/* need not lock it; nil: all must.  own.c */
	Waitq	sendq;
	Waitq	recvq;

	char	*buf;		/* the second line */
	uint32_t	size;	/* places in buf */
	uint32_t	elsize;
	int	nel;		/* as chancreate was told */
	int	nsame;		/* how often in a row last used it, and how often that was another: hints */
	int	nother;
	int	nleave;		/* waiters taken out dead, whose tasks have yet to come by */
	Proc	*last;		/* who used it last */
	char	name[Channamelen];
	Leak	*leak;		/* nil: not in the report of leaks */
	void	*base;		/* what malloc gave: c is the first line in it */
};
_Static_assert(offsetof(Channel, buf) <= Cacheline, "a message changes one line");

enum {
	Nown = L9OWNAFTER,	/* uses in a row that make a channel its user's own */
	Nshared = 64,		/* uses by another than the one before that make it shared for good */
	Nahead = 16,		/* elements: two lines of words */
};

/* own.c */
void	l9chanshare(Channel*);
void	l9chanown(Channel*, Proc*);

/*
 * Begin to use c: p is the running proc, or nil.  True: c is p's own, and p
 * inside its section.  False: c->lk is held.
 */
static inline bool
l9chanbegin(Channel *c, Proc *p)
{
	/* relaxed: a hint, looked at again where only p itself or who stops it changes it */
	if(ldrlx(&c->owner) == p && p != nil){
		enterown(p);
		if(likely(ldrlx(&c->owner) == p))
			return true;
		leaveown(p);
	}
	l9lock(&c->lk);
	if(unlikely(ldrlx(&c->owner) != nil))
		l9chanshare(c);
	return false;
}

static inline void
l9chanend(Channel *c, Proc *p, bool own)
{
	if(own)
		leaveown(p);
	else
		l9unlock(&c->lk);
}

/* with c->lk held: p, or nil, has used c */
static inline void
l9chanused(Channel *c, Proc *p)
{
	if(likely(c->shared))
		return;
	if(c->last == p)
		c->nsame++;
	else{
		c->last = p;
		c->nsame = 0;
		c->shared = ++c->nother >= Nshared;
	}
}

/* l9chanend, after a message */
static inline void
l9chandone(Channel *c, Proc *p, bool own)
{
	if(!own){
		l9chanused(c, p);
		if(unlikely(c->nsame >= Nown))
			l9chanown(c, p);
	}
	l9chanend(c, p, own);
}

/* all with c->lk held */
Waiter	*l9claimnext(Channel*, Waitq*, bool own);
bool	l9changrow(Channel*);
void	l9chanshrink(Channel*);

void	l9chandestroy(Channel*);

/* leak.c: c is new; c, whose leak is not nil, goes */
void	l9leakadd(Channel *c);
void	l9leakdel(Channel *c);

char	*l9channame(Channel*, char buf[Channamelen+32]);

/*
 * From one task's place to another's; nil is zeros, or nowhere.  size is
 * c->elsize, a constant in the calls for one type.
 */
static inline __attribute__((always_inline)) void
l9chanmove(void *dst, const void *src, uint32_t size)
{
	if(dst == nil)
		return;
	if(src == nil)
		memset(dst, 0, size);
	else if(size == sizeof(void*))
		memcpy(dst, src, sizeof(void*));
	else
		memcpy(dst, src, size);
}

/*
 * Take out the first waiter that can still be claimed: the operation with
 * it is then committed, and its task's to be told by which, why and l9ready.
 */
static inline __attribute__((always_inline)) Waiter*
l9claimfirst(Channel *c, Waitq *q, bool own)
{
	Waiter *w;

	w = q->first;
	if(w == nil)
		return nil;
	wqpop(q, w);
	if(unlikely(!(own? claimown(w->task): claim(w->task))))
		return l9claimnext(c, q, own);
	w->task->which = w->index;
	return w;
}

/*
 * w's task was claimed by another than c's side.  Take w out, unless somebody
 * did already.  True: c is to be destroyed.
 */
static inline bool
l9chanout(Channel *c, Waitq *q, Waiter *w)
{
	if(likely(w->queued))
		wqdel(q, w);
	else
		c->nleave--;
	/* freed: the queues are empty and stay so */
	return c->freed && c->nleave == 0;
}

/* l9chanout, which begins and ends by itself */
static inline void
l9chanleave(Channel *c, Waitq *q, Waiter *w)
{
	Proc *p;
	bool own, last;

	p = l9proc;
	own = l9chanbegin(c, p);
	last = l9chanout(c, q, w);
	l9chanend(c, p, own);
	if(unlikely(last))
		l9chandestroy(c);
}

/* the place of the i-th element, or of the one that would be it; i < c->size */
static inline char*
l9chanplace(Channel *c, uint32_t i, uint32_t size)
{
	i += c->first;
	if(i >= c->size)
		i -= c->size;
	return c->buf + (size_t)i*size;
}

/*
 * Where the other side may be on another CPU: some elements ahead of what is sent or
 * received, so that their line comes while those before them are.
 */
static inline __attribute__((always_inline)) void
l9chanaheadput(Channel *c, uint32_t size)
{
	if(c->n + Nahead < c->size)
		__builtin_prefetch(l9chanplace(c, c->n + Nahead, size), 1);
}

static inline __attribute__((always_inline)) void
l9chanaheadget(Channel *c, uint32_t size)
{
	if(c->n > Nahead)
		__builtin_prefetch(l9chanplace(c, Nahead, size), 0);
}

/* append *v; false: c is unbounded, full, and there is no memory */
static inline __attribute__((always_inline)) bool
l9chanput(Channel *c, const void *v, uint32_t size)
{
	char *to;

	if(unlikely(c->n == c->size) && !l9changrow(c))
		return false;
	to = l9chanplace(c, c->n, size);
	c->n++;
	midway();
	l9chanmove(to, v, size);
	return true;
}

/* take the oldest element */
static inline __attribute__((always_inline)) void
l9changet(Channel *c, void *v, uint32_t size)
{
	l9chanmove(v, c->buf + (size_t)c->first*size, size);
	midway();
	if(++c->first == c->size)
		c->first = 0;
	if(--c->n == 0 && unlikely(c->nel == CHANUNBOUNDED))
		l9chanshrink(c);
}

/* there is room for one more, without growing */
static inline bool
l9chanroom(Channel *c)
{
	return c->n < c->size;
}

#endif
