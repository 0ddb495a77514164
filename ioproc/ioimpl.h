#ifndef L9IOIMPL_H
#define L9IOIMPL_H

#include <stdarg.h>
#include <stdbool.h>

#include "arch.h"
#include "lib9thread.h"
#include "upper.h"

typedef struct Call Call;
typedef struct Helper Helper;

/* one iocall; lies on the caller's stack until the helper has let go of it */
struct Call
{
	long	(*op)(va_list*);
	va_list	arg;
	/* for reports */
	const char	*what;		/* the call */
	int	fd;		/* its descriptor, or -1 */
	const char	*name;		/* its file or address, or nil */

	Task	*task;		/* who waits */
	bool	cancel;		/* helper->lk: it was interrupted */
	bool	done;		/* helper->lk: the results are there */
	long	ret;		/* the results: helper writes before done */
	int	errnum;
	char	errstr[ERRMAX];
};

/* the results of a call that was not made: this error, or the one that l9errwhy(why) would set */
void	l9callfail(Call*, int e, const char *msg);
void	l9callfailwhy(Call*, int why);

/* pool.c: a helper for as long as one likes.  nil with errstr */
Helper	*l9helper(void);
void	l9helperfree(Helper*);

/* make the call in a helper of the pool, and fill in its results.  A kill is held off meanwhile */
void	l9poolcall(Call*);

/*
 * iocall, as the call `what' on this descriptor, or -1, or this file or address, or nil.
 * All io calls come through here; those without an Ioproc go to the pool.
 */
long	l9iocall(Ioproc*, const char *what, int fd, const char *name, long (*op)(va_list*), ...);

/* in an op: the call that is being made was interrupted */
bool	l9iocancelled(void);

/* make the call in this OS thread: no Ioproc, no interrupt */
long	l9iodirect(long (*op)(va_list*), ...);

/* the system call x, made again when a signal that is none of ours ended it */
#define L9RETRY(r, x)	do (r) = (x); while((r) < 0 && errno == EINTR && !l9iocancelled())

#endif
