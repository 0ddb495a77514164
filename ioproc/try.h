/*
 * Calls without an Ioproc on a descriptor that can be waited for: the calling
 * OS thread makes the system call, in a form that does not block, and in
 * between the task waits in its proc's poller.
 */
#ifndef L9TRY_H
#define L9TRY_H

#include <errno.h>

#include "ioimpl.h"

typedef struct Try Try;

/* what the call returns, or Tryunsure or Trypool; else -1 with errno */
typedef long Tryop(Try*);

struct Try
{
	int	fd;
	/* reading and writing: what is left to move, and what was moved */
	void	*buf;
	size_t	n;
	size_t	done;
	bool	all;		/* not over before n is 0 or there is no more */
	bool	part;		/* the last try moved less than it asked for */
	/* other calls */
	long	(*vop)(va_list*);
	va_list	arg;
	Fdcall	call;
};

/* the call ended, and not as it should: what to return */
long	l9tryfail(Try*, int e);
long	l9trygaveup(Try*, int why);

/* what r, of an op, and errno say of the descriptor */
static inline int
l9tryfound(Try *t, long r, int e)
{
	if(t->part)
		return Fdpart;
	if(r == -1)
		return e == EAGAIN? Fdempty: Fdends;
	return r == 0? Fdends: Fdmore;
}

/* with Fdgo: op once.  Its result; -1 with EAGAIN: later */
static inline __attribute__((always_inline)) long
l9tryonce(Try *t, Tryop *op)
{
	long r;
	int e;

	t->part = false;
	do
		r = op(t);
	while(r == -1 && errno == EINTR);
	e = errno == EWOULDBLOCK? EAGAIN: errno;
	l9fdtried(&t->call, l9tryfound(t, r, e));
	errno = e;
	return r;
}

/*
 * op until it does not block, or else why not: -1 with errstr, or Trypool.
 * In line, and op in it: the processor forgets in a system call where it was called
 * from, and guesses wrong each return that follows.
 */
static inline __attribute__((always_inline)) long
l9tryin(Try *t, const char *what, int side, Tryop *op)
{
	bool unsure;
	long r;
	int e, why;

	l9checkkill(l9self());
	e = errno;
	if(l9fdbegin(&t->call, what, t->fd, side) < 0)
		return l9trygaveup(t, -1);
	unsure = false;
	for(;;){
		switch(l9fdtry(&t->call)){
		case Fdclosed:
			return l9trygaveup(t, Wclosed);
		case Fdgo:
			r = l9tryonce(t, op);
			if(r >= 0){
				errno = e;
				l9worked();
				return r;
			}
			if(r == -1 && errno != EAGAIN)
				return l9tryfail(t, errno);
			/* a helper may block in it; but not for as long as nothing is there */
			if(r == Trypool || (r == Tryunsure && unsure)){
				errno = e;
				return Trypool;
			}
			unsure = r == Tryunsure;
		}
		why = l9fdwait(&t->call);
		if(why != Wdone)
			return l9trygaveup(t, why);
	}
}

/* the same, called: with t->vop, or with op if that is nil */
long	l9try(Try *t, const char *what, int side, Tryop *op);

#endif
