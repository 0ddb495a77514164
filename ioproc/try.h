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
	/* what it returns, or one of the below; else -1 with errno */
	long	(*op)(Try*);
	int	fd;
	/* what is left to move, and what was */
	void	*buf;
	size_t	n;
	size_t	done;
	bool	all;		/* not over before n is 0 or there is no more */
	bool	part;		/* the last try moved less than it asked for */
	Fdcall	call;
};

/* what an op may say, too; as a result: Trypool */
enum {
	Tryunsure = -2,		/* whether it would block is not to be known */
	Trypool = -3,		/* it may block, and the descriptor is none to wait for: a helper has to do it */
};

/* t->op until it does not block, or else why not: -1 with errstr, or Trypool */
long	l9try(Try *t, const char *what, int side);

/*
 * Read or write without an Ioproc; if that must be left to a helper, it makes
 * the call op(fd, buf, n), for what is left then.
 */
long	l9tryread1(const char *what, int fd, void *buf, long n, bool all, long (*op)(va_list*));
long	l9trywrite1(const char *what, int fd, const void *buf, long n, long (*op)(va_list*));

#endif
