/*
 * Calls without an Ioproc on a descriptor that can be waited for: the calling
 * OS thread makes the system call, in a form that does not block, and in
 * between the task waits in its proc's poller.
 */
#ifndef L9TRY_H
#define L9TRY_H

#include "ioimpl.h"

typedef struct Try Try;
struct Try
{
	/* what it returns, or Tryunsure or Trypool; else -1 with errno */
	long	(*op)(Try*);
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

/* t->op until it does not block, or else why not: -1 with errstr, or Trypool */
long	l9try(Try *t, const char *what, int side);

#endif
