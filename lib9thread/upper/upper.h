/*
 * What the core offers the rooms above it (ioproc, timers, entry), and the
 * one thing that it needs from above.
 *
 * How a task waits.  Whoever makes it wait (a channel, an Ioproc, a timer
 * heap) has a lock and a record of the waiting task, and does:
 *
 *	waiter				waker
 *	lock				lock
 *	l9waitbegin			find the record
 *	leave the record		take it out
 *	unlock				won = l9claim(t); set t's result
 *	l9wait				unlock
 *					if(won) l9ready(t)
 *
 * Between l9waitbegin and l9wait's return anybody may claim the task, once:
 * the partner, a close, a timer, an interrupt.  The claim is what commits;
 * the loser leaves the task alone.  A task that was claimed by somebody who
 * did not take its record out (l9wait returns Wintr, say) takes the lock
 * and removes the record itself before its frame goes.  That is also why a
 * waker claims under the lock: the record's task cannot go away before.
 */
#ifndef L9UPPER_H
#define L9UPPER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "atom.h"

#define nil	((void*)0)

typedef struct Proc Proc;
typedef struct Task Task;
typedef struct Spin Spin;
typedef struct Batch Batch;
typedef struct Sleeper Sleeper;
typedef struct Timerhooks Timerhooks;
typedef struct Channel Channel;	/* lib9thread.h */

/*
 * A lock for a few instructions, never held across a switch or a system
 * call that may sleep.  The most is a malloc, to grow an unbounded channel or
 * when an OS thread that is no proc yet waits for the first time.  All zero
 * is unlocked.  Lock ranks: HACKING.md.
 */
struct Spin
{
	_Atomic uint32_t	held;
};
void	l9spinslow(Spin*);

static inline void
l9lock(Spin *l)
{
	/* acquire pairs with the release in l9unlock */
	if(xchgacq(&l->held, 1) != 0)
		l9spinslow(l);
}

/* the last access to *l: its memory may be freed by whoever locks it next */
static inline void
l9unlock(Spin *l)
{
	strel(&l->held, 0);
}

/*
 * Why a wait ended.  From Wtimeout on: whoever ended it knows nothing of the
 * record, and the task takes it out itself.
 */
enum {
	Wdone = 1,	/* the partner completed the operation */
	Wclosed,
	Wfreed,
	Wtimeout,	/* the time that this wait has of itself */
	Wdeadline,	/* threaddeadline's */
	Wintr,
	Wkilled,
};

/* how to wait: l9waitbegin's flags */
enum {
	Waitint = 0,		/* threadint, threadkill and the task's deadline end it */
	Waitnoint = 1<<1,	/* threadint leaves its flag for later; no deadline */
	Waitnokill = 1<<2,	/* threadkill leaves its flag for later */
};

/* the running task; an OS thread that the library did not make is adopted */
Task*	l9self(void);

/*
 * 0: waiting from now on.  Wintr: an interrupt was pending, and is used up.
 * Wkilled: the task is to end.  Wdeadline: that has passed.
 */
int	l9waitbegin(Task*, int how);

/* give the proc to others until claimed and made ready; why */
int	l9wait(Task*);

/*
 * A task that was killed ends in l9errwhy and in l9checkkill, which stand where a call has nothing left to put in order.  A call that makes
 * others in the middle holds its end off meanwhile: they return -1 then.
 */
void	l9holdkill(Task*);
void	l9allowkill(Task*);	/* ends it now if it was killed meanwhile */
void	l9laterkill(Task*);	/* or, where the caller gets what nobody else knows of, at the next wait */
void	l9checkkill(Task*);

/* 1: the caller and nobody else ends this wait, with l9setwhy and l9ready */
int	l9claim(Task*);
void	l9setwhy(Task*, int why);
/* an interrupt that ended a wait turned out to be too late: leave it for the next */
void	l9intagain(Task*);

/* let a claimed task run.  Nothing of it may be touched after this */
void	l9ready(Task*);

/*
 * Claimed tasks to be made ready together: one wake a proc where they stand
 * next to each other.  All zero is empty.
 */
struct Batch
{
	Task	*first;
	Task	*last;
};
void	l9batchadd(Batch*, Task*);
void	l9batchready(Batch*);

/* set errstr and errno, and return -1 */
int	l9err(int e, const char *msg);
int	l9errwhy(int why);
/*
 * What a report says of the wait that t begins: what is a string that stays;
 * fmt, if not nil, says more.
 */
void	l9waitingfor(Task *t, const char *what, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* and that it ends by itself then */
void	l9waitinguntil(Task *t, int64_t when);

/*
 * n more things (fewer, if negative) that may still wake a task, and that the
 * core knows nothing of: a call in a helper, a child, a note handler.  While
 * there are any, no deadlock is reported.
 */
void	l9wakers(int n);

/* every proc sleeps, and no timer is pending: is that a deadlock?  1: look again later */
int	l9deadlook(void);

/*
 * The calling OS thread is the library's own and stays what it is: what fails
 * there sets errno alone, and does not make a proc of it.
 */
void	l9neverproc(void);

/* errno and errstr of the running task, put into those of another place */
void	l9errget(int *e, char *buf);
void	l9errput(int e, const char *buf);

/* chanprint: send s, which was malloced, or free it */
int	l9chansendstr(Channel *c, char *s);
/* c, which is new, is called that in reports */
void	l9chancalled(Channel *c, const char *name);
/* c is the library's own, to the end: it is no leak */
void	l9chanstays(Channel *c);

/* forget what is buffered in c, on which nobody waits to send */
void	l9chandrop(Channel *c);

/* print "lib9thread: call: what" on fd 2 and abort */
_Noreturn void	l9misuse(const char *call, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Waiting for descriptors.  A call that is to be made on one says so by
 * l9fdbegin; then, until it has done what it came for:
 *
 *	l9fdtry		is it worth trying?  if so, with Fdgo, a try that
 *			does not block, and l9fdtried
 *	l9fdwait	if not, and after a try that would have blocked
 *
 * l9fdwait returning Wdone only says that it is worth trying again.
 */
typedef struct Fd Fd;
typedef struct Fdcall Fdcall;

enum {
	Fdin,		/* to read, or to accept */
	Fdout,		/* to write, or to be connected */
	Nfdside,
};
struct Fdcall
{
	const char	*what;	/* for reports: the call */
	int	fd;
	int	side;
	int	index;		/* altfd.c: the entry's; Task.which of whoever is woken */
	/* fd.c's */
	Fd	*d;
	uint32_t	closes;		/* how often the number had been closed when the call began */
	uint32_t	turn;		/* its place in the order of waiting */
	bool	waited;		/* turn was given out */
	int	cancel;		/* pthread_setcancelstate's, during a try */
	/* owner: a wait that trusts the poller */
	bool	doubtful;	/* it is in the list of its proc */
	int64_t	since;
	Fdcall	*next;
	Fdcall	*prev;
};

/* 0; -1 with errno: such a number there is not, or no memory for it */
int	l9fdbegin(Fdcall*, const char *what, int fd, int side);

/* l9fdtry */
enum {
	Fdgo,		/* try, then call l9fdtried: ioclose waits that long */
	Fdwait,		/* others were here before, or there was nothing left last time */
	Fdclosed,	/* by ioclose, since l9fdbegin */
};
int	l9fdtry(Fdcall*);

/* what the try found */
enum {
	Fdmore,		/* perhaps there is more */
	Fdpart,		/* less than it asked for: if fd is a stream, there is no more for now */
	Fdempty,	/* it would have blocked */
	Fdends,		/* the end, or an error: the number may soon be another file's */
};
void	l9fdtried(Fdcall*, int found);

/*
 * An operation that did not need to wait is done: a task that has had its quota of them lets
 * others run.  A kill meanwhile is for the next call: the caller has yet to get what this one has.
 */
void	l9worked(void);

/* why, as l9wait's; Wclosed is ioclose.  -1 with errno: it cannot be waited for */
int	l9fdwait(Fdcall*);

/* fd is no socket, as far as anybody knows.  Only a hint */
bool	l9fdnosocket(Fdcall*);
void	l9fdsetnosocket(Fdcall*, bool);

/* before and after close(2): calls on fd end with Wclosed, and none is at it any more */
void	l9fdclosing(int fd);
void	l9fdclosed(int fd);

/*
 * The core waits for points in time by way of these, which timers/ provides
 * and entry/ hands over at start.
 */
struct Sleeper
{
	int64_t	when;		/* set before arm */
	Task	*task;		/* set before arm; nil: fire is called instead */
	int	why;		/* Wtimeout or Wdeadline: what task is claimed with */
	/*
	 * Called by the timer proc, with the heap's lock held: may take an
	 * Ioproc's lock or send without blocking, no more.  Returns the time
	 * to be called again, or INT64_MAX.
	 */
	int64_t	(*fire)(Sleeper*, int64_t now);
	/* the heap's: timers/heap.c, wheel.c */
	Sleeper	*child;
	Sleeper	*next;
	Sleeper	**prev;		/* nil: in no heap */
	bool	inheap;
	void	*heap;		/* the one to use; chosen at the first arm */
};
struct Timerhooks
{
	/* a timed wait is to come to its end by itself */
	int	(*pending)(void);
	/* see that there is a timer proc, so that arm cannot fail.  0; -1 with errstr */
	int	(*start)(void);
	/*
	 * At s->when claim s->task (which waits: l9waitbegin) with Wtimeout, or
	 * call s->fire.  0; -1 with errstr
	 */
	int	(*arm)(Sleeper *s);
	/* s is in no heap after this, and nobody looks at it.  1: it was in one */
	int	(*disarm)(Sleeper *s);
};
extern const Timerhooks	*l9timer;	/* set at start; nil before */

/* once, before any other call; the calling OS thread becomes a proc: entry/.  0 or an errno value */
int	l9coreinit(const Timerhooks*);
/* the number of t's proc: small, and used again after the proc has ended */
unsigned int	l9procindex(Task *t);

#endif
