#ifndef L9EXECIMPL_H
#define L9EXECIMPL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "arch.h"
#include "lib9thread.h"
#include "upper.h"

typedef struct Child Child;
typedef struct Message Message;
typedef struct Program Program;

/* what to start, and how */
struct Program
{
	const char	*call;	/* whose misuse to report */
	const int	*fd;	/* its 0, 1 and 2; nil: the caller's */
	const char	*cmd;
	char	**argv;
	const char	*dir;	/* nil: the caller's */
};

/* start.c: the pid; -1 with errstr */
int	l9start(const Program*);
/* pipe2(2), close-on-exec, with both ends above 2 */
int	l9pipe(int fd[2]);
/* fd, or a copy of it above 2 in its place; -1 stays -1 */
int	l9above2(int fd);

enum {
	Textlen = 64,		/* of a Waitmsg's msg */
};

/* one block: who gets the Waitmsg, which is first, frees it */
struct Message
{
	Waitmsg	m;
	Message	*next;		/* l9children.lk: of those that are still to be sent */
	char	text[Textlen];
};

/*
 * A child has its record before it is started, so that nothing can fail once
 * it is there.
 */
struct Child
{
	/* l9children.lk */
	Child	*next;		/* in its bucket */
	Child	*nextlive;	/* the living */
	Child	**prevlive;
	Message	*msg;		/* made with the record, so that an end needs no memory */
	Task	*task;		/* in procwait for it */
	Waitmsg	**slot;		/* where task wants msg */
	Task	*exec;		/* that became it: threadexec */
	bool	ended;

	/* set once */
	int	pid;
	int	fd;		/* polls as readable when it has ended; -1 */
	uint64_t	serial;	/* no other child has it */
	int64_t	start;
};

typedef struct Children Children;
struct Children
{
	pthread_mutex_t	lk;
	Child	*bucket[256];	/* lk: by pid */
	Child	*live;		/* lk */
	size_t	nlive;		/* lk */
	uint64_t	serial;	/* lk */
	Channel	*chan;		/* lk: nil until threadwaitchan */
	Message	*unsent;	/* lk: those that chan has no memory for; in order */
	Message	*lastunsent;	/* lk */
	bool	waker;		/* lk: there are some, which may wake a task */
};
extern Children	l9children;

/* children.c: the table */
Child	*l9childnew(void);	/* nil with errstr */
void	l9childfree(Child*);
uint64_t	l9childrun(Child*, int pid);	/* its serial */
Child	*l9childfind(int pid, uint64_t serial);	/* with lk; serial 0: the latest with this pid */
Waitmsg	*l9childtake(Child*);	/* with lk: the message of one that has ended; frees it */
bool	l9childreap(Child*);	/* false: it lives */
bool	l9childsend(void);	/* false: there is still no memory for all that is to be sent */

/* waiter.c: the OS thread that calls l9childreap */
int	l9waiterstart(void);	/* 0; -1 with errstr */
void	l9waiterwake(void);	/* there are new children */

/* waitpid.c */
void	l9childawait(int pid, uint64_t serial);

/* notename.c: Plan 9's name for a signal; nil: it has none */
const char	*l9notename(int sig);

#endif
