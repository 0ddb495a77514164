/*
 * Programs whose every interleaving must come out right, and what checks it.
 * The controller (arch/control) runs one OS thread at a time, so plain
 * variables will do for what they all share.
 */
#ifndef EXPLORE_H
#define EXPLORE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib9thread.h"

typedef struct Entry Entry;
typedef struct Op Op;
typedef struct Program Program;

#define nil	((void*)0)

enum {
	Maxop = 64,		/* one bit each in a uint64_t: model.c */
	Maxentry = 3,		/* of an alt */
	Maxchan = 4,
	Maxtask = 8,		/* the main one, number 0, included */
};

struct Program
{
	const char	*name;
	const char	*about;
	void	(*run)(uint64_t seed);	/* in the main task of a new process */
	bool	calm;		/* time passes only when nobody can run: who slept finds all others asleep */
	bool	deadlock;	/* it must end in the library's report of a deadlock */
};
extern const Program	programs[];
extern const int	nprogram;

/* explore.c: the program has failed.  Does not return */
_Noreturn void	failed(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
#define check(x)	((x)? (void)0: failed("%s:%d: %s", __FILE__, __LINE__, #x))

/* a program's own choices: rand.c */
uint32_t	choice(uint64_t *state, uint32_t n);

/* history.c: calls that are written down, with how they end, for model.c */
enum {
	Comm = 1,		/* send, recv, alt: entries */
	Close, Free,		/* obj: a channel */
	Interrupt, Kill, Join,	/* obj: a task */
	Sleep,
	Acquire, Release,	/* the semaphore */
	End,			/* of the calling task: does not return */
};

/* how a call ends */
enum {
	Unknown,		/* not at all */
	Done,
	Wouldblock,
	Closed,
	Freed,
	Interrupted,
	Deadline,		/* threaddeadline's */
	Timeout,		/* CHANTIMEOUT's, sleep's */
	Nosuch,
};

struct Entry
{
	bool	send;
	int	chan;
};

struct Op
{
	int	kind;
	int	task;
	int	obj;
	/* Comm */
	Entry	entry[Maxentry];
	int	nentry;
	bool	alt;
	bool	noblock;
	bool	ordered;
	int64_t	timeout;	/* CHANTIMEOUT, Sleep: from now; 0: none */
	int64_t	deadline;	/* threaddeadline: from now; 0: none */
	/* the result */
	int	out;
	int	index;		/* the entry that was done */
	unsigned long	got;	/* what it received */
	int	ret;		/* in the order of all calls and returns: model.c */
	int64_t	begun;		/* when */
	int64_t	at;		/* when it returned */
};

extern Op	ops[Maxop];
extern int	nop;
/* what happened, in order: i for the call of ops[i], ~i for its return */
extern int	events[2*Maxop];
extern int	nevent;

extern Channel	*chans[Maxchan];	/* of unsigned long */
extern int	nelof[Maxchan];
extern int	taskids[Maxtask];	/* 0: not made yet */

void	hchan(int i, int nel);
/* by the task number i, when it begins: its end is written down too */
void	hbegin(int i);
/* do what op says; its result.  op is copied */
Op	*hdo(const Op *op);
Op	*hsend(int task, int chan);
Op	*hrecv(int task, int chan);
Op	*hcall(int task, int kind, int obj);
Op	*halt(int task, int nentry, const Entry *entry);
/* the task number i, joinable: f(i) on the proc of task `at', while that lives, or a new one */
void	hstart(int i, int at, void (*f)(int));
void	hdrain(int chan);
/* close n channels, join the tasks 1 to ntask, take what is left and check it all */
void	hfinish(int n, int ntask);
void	hprint(void);
/* the value that entry e of ops[i] sends */
unsigned long	hvalue(int i, int e);

/* model.c: no sequential order of the calls explains how they ended?  Then the program failed */
void	hcheck(void);

#endif
