/*
 * The core's private header: what the rooms above may not see.
 *
 * Who may touch what:
 *	owner	the OS thread of the task's proc, alone
 *	self	the running task itself (so the owner, too)
 *	claim	whoever moved the task's word from waiting to not waiting,
 *		until l9ready
 *	c->lk	whoever holds that lock
 *	atomic	anybody; the comment names the partner
 *
 * Lock ranks, taken in this order: a timer heap's lock; channel locks, by
 * address; an Ioproc's lock; procs.lk, stacks.lk, ids.lk.  Nothing is
 * waited for with one of them held.
 *
 * A Task lies at the top of its own stack; stacks and Procs are recycled and
 * never unmapped, so that a stale pointer to one may be followed as far as
 * its atomic fields.
 */
#ifndef L9IMPL_H
#define L9IMPL_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "lib9thread.h"
#include "san.h"
#include "upper.h"

typedef struct Cleanup Cleanup;
typedef struct Exitrec Exitrec;
typedef struct Idtab Idtab;
typedef struct Queue Queue;
typedef struct Waiter Waiter;
typedef struct Waitq Waitq;

enum {
	Cacheline = 64,
	Namelen = 32,		/* of a task, its 0 included */
	Channamelen = 32,
	Nquota = 16,		/* ops in a row that may do without a switch: HACKING.md */
	Ntakein = 16,		/* switches between looks at what others made ready */
};

/*
 * Task.word: the id in the upper half, these bits in the lower.  Wait is
 * set by the task itself, before any record of the wait can be found, and
 * cleared by the one who claims it.
 */
enum {
	Wordwait = 1<<0,
	Wordnoint = Waitnoint,	/* with Wordwait: threadint only leaves Wordint */
	Wordnokill = Waitnokill,	/* with Wordwait: threadkill only leaves Wordkill */
	Wordstate = Wordwait|Wordnoint|Wordnokill,
	Wordint = 1<<3,		/* an interrupt that no wait has taken yet */
	Wordkill = 1<<4,	/* to end at the next occasion */
	Wordsusp = 1<<5,	/* not to run: threadsuspend */
	Wordheld = 1<<6,	/* with Wordsusp: it would run, and is in no queue */
	Wordjoin = 1<<7,	/* somebody waits for the end: join.c */
};

/* one place in a channel's queue; guarded by that channel's lock */
struct Waiter
{
	Waiter	*next;
	Waiter	*prev;
	Task	*task;
	void	*v;		/* the value's place; nil: zeros, or nowhere */
	int	index;		/* the entry's, in an alt */
	bool	queued;
};

struct Queue
{
	Task	*first;
	Task	*last;
};

struct Waitq
{
	Waiter	*first;
	Waiter	*last;
};

struct Task
{
	/* touched at every switch */
	Ctx	ctx;		/* owner */
	Task	*next;		/* whose queue it is in: run queue, inbox, batch */
	Proc	*proc;		/* set at creation, never changes */
	int	errnum;		/* owner: errno while not running */
	int	prio;		/* owner */
	_Atomic uint64_t	word;
	int64_t	deadline;	/* self: every wait ends then; INT64_MAX: none */

	/* a wait and its result */
	int	why;		/* claim writes, self reads */
	int	which;		/* claim writes, self reads: Waiter.index */
	Waiter	waiter;		/* for send and recv; alt has its own */

	void	(*fn)(void*);
	void	*arg;
	void	*data;		/* self: threaddata */
	void	*cxx[2];	/* owner: C++'s exception state while not running */

	/* the stack, kept when the slot is used again: stack.c */
	char	*stack;		/* lowest byte of the slot: the guard */
	size_t	guard;		/* bytes of it */
	size_t	slot;		/* bytes of all */
	int	sizeclass;
	San	san;

	_Atomic int	group;	/* self writes; others read it to pick whom to interrupt: no order needed */
	int	holdkill;	/* self: depth of l9holdkill */
	Cleanup	*cleanup;	/* self: what to do at the end, last first */
	const char	*status;	/* self: what threadexits was told */
	Exitrec	*exitrec;	/* self, from creation on: nil if nobody keeps the status */

	/* kept when the slot is used again: join.c */
	Spin	joinlk;
	Waitq	joinq;		/* joinlk */

	int	errstrnum;	/* errno when errstr was set */
	char	errstr[ERRMAX];	/* self */
	char	name[Namelen];	/* self writes; others may read it torn, for reports */
};

enum {
	Nsizeclass = 16,	/* 256 KiB << 15 is more than an unsigned int can ask for */
	Ncached = 64,		/* free stacks a proc keeps of a class before it gives half away */
};

struct Proc
{
	/*
	 * What others made ready: nil, a stack of tasks linked by next, or
	 * Parked while the owner sleeps.  Others push with release; the owner
	 * takes all with acquire.  The one who replaces Parked wakes.
	 */
	_Alignas(Cacheline) _Atomic uintptr_t	inbox;

	/* owner from here on, but where noted */
	_Alignas(Cacheline) Task	*cur;
	Queue	runq;
	Task	*dead;		/* ended; its stack is freed by the next to run */
	Task	*from;		/* who switched last: kept for AddressSanitizer alone */
	int	*errnop;	/* &errno of the OS thread */
	void	**cxx;		/* C++'s exception state of the OS thread, or nil */
	uint64_t	nswitch;
	uint32_t	rand;		/* never 0: alt.c */
	int	burst;		/* ops since the last switch */
	int	untiltakein;	/* switches until the next look at inbox */
	int	ntask;		/* live ones */
	int	status;		/* exit status if this proc is the last */
	bool	adopted;	/* its OS thread is not the library's: self is a task */
	bool	foreign;	/* adopted, and does not keep the program alive */
	void	*altstack;	/* the library's own for signals, or nil */
	Task	*freestack[Nsizeclass];
	int	nfreestack[Nsizeclass];
	void	*data;		/* procdata */

	/* spinning before parking: idle.c */
	int	spinskip;
	int	spinback;

	/* ids: id.c */
	uint32_t	nextid;
	uint32_t	lastid;
	Idtab	*_Atomic idtab;	/* owner writes with release, others read with acquire */

	unsigned int	index;	/* set once */
	Proc	*nextfree;	/* procs.lk */
	Task	self;		/* the OS thread's own stack */
};

enum {
	Parked = 1,		/* Proc.inbox: no Task has this address */
};

/*
 * Tasks do not move between OS threads, so the address of a thread-local
 * variable stays right across a switch.
 */
extern _Thread_local Proc	*l9proc __attribute__((tls_model("initial-exec")));

extern int	l9cpus;			/* set at start */

/* cxx.c: C++'s exception state of this OS thread, or nil in a program without C++ */
void	**l9cxxstate(void);

/* sched.c */
void	l9qput(Queue*, Task*);
void	l9sched(void);
void	l9runproc(Proc*);
void	l9tasknew(Task*, Proc*, void (*)(void*), void*);
_Noreturn void	l9taskend(void);

/* idle.c */
void	l9push(Proc*, Task *first, Task *last);
bool	l9takein(Proc*);
void	l9idle(Proc*);
void	l9awake(Proc*, bool);

/* proc.c */
Proc	*l9adopt(bool foreign);
_Noreturn void	l9adoptedend(Proc*);
_Noreturn void	l9exit(int status);

/* stack.c */
Task	*l9stackalloc(Proc*, unsigned int size);
void	l9stackfree(Proc*, Task*);
void	l9stackgive(Proc*);

/* id.c */
int	l9idinit(void);
int	l9idnew(Proc*, Task*);
void	l9idend(Task*);
Task	*l9idtask(int id);

/* fault.c */
void	l9faultinit(void);
int	l9altstack(Proc*);
void	l9altstackfree(Proc*);

static inline Task*
l9cur(void)
{
	Proc *p;

	p = l9proc;
	if(__builtin_expect(p == nil, 0))
		p = l9adopt(true);
	return p->cur;
}

/*
 * After an operation that did not need to block: a task that has had its
 * quota of them lets the others run.
 */
static inline void
l9progress(void)
{
	Proc *p;

	/* nil: a timer proc or the like, which is never adopted for a send */
	p = l9proc;
	if(p != nil && ++p->burst >= Nquota)
		threadyield();
}

#endif
