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
	bool	part;		/* ret is what was done before an error */
	int	errnum;
	char	errstr[ERRMAX];

	/* without an Ioproc, on a descriptor: fdcalls.c */
	Helper	*helper;
	Call	*next;
	Call	*prev;
	bool	closed;		/* by ioclose */
};

/* the results of a call that was not made: this error, or the one that l9errwhy(why) would set */
void	l9callfail(Call*, int e, const char *msg);
void	l9callfailwhy(Call*, int why);

/* the error is the caller's to see */
static inline bool
l9callfailed(const Call *c)
{
	return c->ret < 0 || c->part;
}

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

/*
 * l9iocall, for an op that can be tried: without an Ioproc the calling OS thread
 * makes it, and while it would block the task waits for this side of fd (upper.h).
 * Such an op leaves by l9ioagain or l9iopoll where it would wait.  It may
 * return Tryunsure: it cannot be known whether it would block; or Trypool: it
 * will, and not for fd.  Then a helper makes the call.
 */
long	l9fdcall(Ioproc*, const char *what, int fd, int side, long (*op)(va_list*), ...);
enum {
	Tryunsure = -2,
	Trypool = -3,
};

/* calls on fd that helpers make without an Ioproc end with "closed", and are over */
void	l9fdcallsend(int fd);

/* in an op: it is only tried; and what send and recv have to be told then */
bool	l9iotrying(void);
int	l9iodontwait(void);

/* in an op: the call that is being made was interrupted */
bool	l9iocancelled(void);

/* in an op that fails with errno: what to return if it had done so much before.  The caller sees the error, too */
long	l9iosofar(long done);

/* in an op: poll(2) fd for POLLIN or POLLOUT.  0; -1 with errno, EINTR: interrupted */
int	l9iopoll(int fd, int events);

/*
 * In an op: the system call on fd failed, and is to be made again: a signal that
 * is none of ours ended it, or fd is in non-blocking mode and is ready now.
 */
bool	l9ioagain(int fd, int events);

/* in an op: connect(2), to its end; how that of a socket that polls as writable came out.  0; -1 with errno */
struct sockaddr;
int	l9connect(int fd, const struct sockaddr *addr, unsigned int len);
int	l9connected(int fd);

/* make the call in this OS thread: no Ioproc, no interrupt */
long	l9iodirect(long (*op)(va_list*), ...);

/* the system call x, made again when a signal that is none of ours ended it */
#define L9RETRY(r, x)	do (r) = (x); while((r) < 0 && errno == EINTR && !l9iocancelled())

/* the system call x on fd, made until it is not to be made again */
#define L9IO(r, fd, events, x)	do (r) = (x); while((r) < 0 && l9ioagain(fd, events))

#endif
