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

/* helper.c: an OS thread that makes calls.  Never freed, only used again */
Helper	*l9helper(void);
void	l9helperfree(Helper*);
void	l9helpercall(Helper*, Call*);
void	l9helperint(Helper*);
void	l9helperclose(Helper*);

/* iocall, as the call `what' on this descriptor, or -1, or this file or address, or nil */
long	l9iocall(Ioproc*, const char *what, int fd, const char *name, long (*op)(va_list*), ...);

/* in an op: the call that is being made was interrupted */
bool	l9iocancelled(void);

/* make the call in this OS thread: no Ioproc, no interrupt */
long	l9iodirect(long (*op)(va_list*), ...);

/* the system call x, made again when a signal that is none of ours ended it */
#define L9RETRY(r, x)	do (r) = (x); while((r) < 0 && errno == EINTR && !l9iocancelled())

#endif
