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
typedef struct Priv Priv;
typedef struct Queue Queue;
typedef struct Waiter Waiter;
typedef struct Waitq Waitq;

enum {
	Cacheline = 64,
	Ntpriv = 64,
	Namelen = 32,		/* of a task, its 0 included */
	Channamelen = 32,
	Defquota = 16,		/* ops in a row that may do without a switch: HACKING.md */
	Nprio = 4,
	Defprio = 1,
	Nlow = 32,		/* picks until the lowest priority has its turn */
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
	Wordpin = 1<<8,		/* not to end just now: create.c */
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

struct Priv
{
	void	*v;
	uint32_t	gen;	/* of the key when v was set */
};

struct Task
{
	/* touched at every switch */
	Ctx	ctx;		/* owner */
	Task	*next;		/* whose queue it is in: run queue, inbox, batch */
	Proc	*proc;		/* set at creation, never changes */
	int	errnum;		/* owner: errno while not running */
	int	prio;		/* owner */
	bool	newborn;	/* until its proc counts it: made by another */
	_Atomic uint64_t	word;
	int64_t	deadline;	/* self: every wait ends then; INT64_MAX: none */

	/* a wait and its result */
	int	why;		/* claim writes, self reads */
	int	which;		/* claim writes, self reads: Waiter.index */
	Waiter	waiter;		/* for send and recv; alt has its own */

	/* for reports alone; self writes, others read it torn: debug.c */
	const char	*waitfor;	/* "send", "qlock" ... */
	const void	*waiton;
	char	waitname[Channamelen];
	int64_t	waitsince;

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
	int	noswitch;	/* self: depth of threadnoswitch */
	Cleanup	*cleanup;	/* self: what to do at the end, last first */
	Priv	*priv;		/* self: Ntpriv of them, or nil: tpriv.c */
	Exitrec	*exitrec;	/* self, from creation on: nil if nobody keeps the status */

	/* kept when the slot is used again: join.c */
	Spin	joinlk;
	Waitq	joinq;		/* joinlk */

	int	errstrnum;	/* errno when errstr was set */
	char	errstr[ERRMAX];	/* self */
	char	name[Namelen];	/* self writes; others may read it torn, for reports */
};

enum {
	Nsizeclass = 20,	/* 16 KiB << 19 is more than an unsigned int can ask for */
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
	Queue	runq;		/* of the default priority */
	Queue	other[Nprio];	/* of the others */
	int	nother;		/* how many stand in those */
	Task	*dead;		/* ended; its stack is freed by the next to run */
	Task	*from;		/* who switched last: kept for AddressSanitizer alone */
	int	*errnop;	/* &errno of the OS thread */
	void	**cxx;		/* C++'s exception state of the OS thread, or nil */
	uint64_t	nswitch;
	int64_t	now;		/* the time, some switches ago: for reports */
	uint32_t	rand;		/* never 0: alt.c */
	int	burst;		/* ops since the last switch */
	int	untiltakein;	/* switches until the next look at inbox */
	int	untillow;	/* picks until the lowest priority has its turn */
	int	quota;		/* ops in a row without a switch */
	Task	*pinned;	/* it alone runs: threadpin; nil: all do */
	Queue	aside;		/* ready, but another is pinned */
	int	ospid;		/* of the OS thread */
	bool	system;		/* does not keep the program alive */
	Queue	idlers;		/* in threadidle: run when nothing is ready */
	int	ntask;		/* live ones */
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
	uint32_t	lastid;	/* others read it, in newblock: written with ids.lk */
	Idtab	*_Atomic idtab;	/* owner writes with release, others read with acquire */

	unsigned int	index;	/* set once */
	Proc	*nextfree;	/* procs.lk */
	Proc	*nextall;	/* set once: older Procs */
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
void	l9qput(Proc*, Task*);
void	l9sched(void);
void	l9runproc(Proc*);
void	l9tasknew(Task*, Proc*, void (*)(void*), void*, const Threadattr*);
_Noreturn void	l9taskend(void);

/* idle.c */
void	l9push(Proc*, Task *first, Task *last);
bool	l9takein(Proc*);
void	l9idle(Proc*);
void	l9awake(Proc*, bool);
int	l9nawake(void);
uint32_t	l9nwoken(void);

/* proc.c */
int	l9proccreate(void (*)(void*), void*, const Threadattr*);
Proc	*l9adopt(bool foreign);
Proc	*l9allprocs(void);
void	l9setstatus(Proc*, int);
_Noreturn void	l9adoptedend(Proc*);
_Noreturn void	l9exit(int status);

/* task.c */
void	l9setname(Task*, const char*);

/* create.c */
Task	*l9firsttask(Proc*, void (*)(void*), void*, const Threadattr*, int *id);
void	l9undofirst(Task*);

/* stack.c */
Task	*l9stackalloc(Proc*, unsigned int size, bool exact);
void	l9stackfree(Proc*, Task*);
void	l9stackgive(Proc*);
void	l9taskclear(Task*);

/* id.c */
int	l9idinit(void);
int	l9idnew(Proc*, Task*, uint64_t bits);
uint64_t	l9idend(Task*);
Task	*l9idtask(int id);
void	l9eachtask(void (*f)(Task*, int id, void*), void*);

static inline bool
l9isid(uint64_t word, int id)
{
	return (uint32_t)(word>>32) == (uint32_t)id;
}

/* debug.c */
bool	l9deadhint(void);
void	l9deadoff(void);

/* interrupt.c */
Task	*l9idword(int id, uint64_t *word);
bool	l9held(Task*);

/* join.c */
Exitrec	*l9exitrec(void);
void	l9exitrecfree(Exitrec*);
void	l9joinend(Task*, const char *status);

/* tpriv.c */
void	l9tprivend(Task*);

/* exit.c */
_Noreturn void	l9die(Task*);
void	l9runend(Task*);
int	l9cleanup(Task*, void (*)(void*), void*);

/* sema.c */
void	l9wgwaitout(Waitgroup*);

/* channels' queues, used for other waits too: chan.c */
void	l9wqput(Waitq*, Waiter*);
void	l9wqdel(Waitq*, Waiter*);

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

/* what a report says of the wait that follows; name: nil or Channamelen bytes */
static inline void
l9waiting(Task *t, const char *what, const void *on, const char *name)
{
	t->waitfor = what;
	t->waiton = on;
	t->waitsince = t->proc->now;
	if(name != nil && name[0] != '\0')
		memcpy(t->waitname, name, sizeof t->waitname);
	else
		t->waitname[0] = '\0';
}

/* the running task is to end as soon as it has put things in order */
static inline bool
l9killed(Task *t)
{
	return (ldrlx(&t->word) & Wordkill) != 0 && t->holdkill == 0;
}

/* l9checkkill, where it must cost nothing */
static inline void
l9maydie(Task *t)
{
	if(__builtin_expect((ldrlx(&t->word) & Wordkill) != 0, 0))
		l9checkkill(t);
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
	if(p != nil && ++p->burst >= p->quota)
		threadyield();
}

#endif
