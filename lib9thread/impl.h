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

typedef struct Arena Arena;
typedef struct Cleanup Cleanup;
typedef struct Exitrec Exitrec;
typedef struct Idtab Idtab;
typedef long Odd(long);
typedef struct Priv Priv;
typedef struct Queue Queue;
typedef struct Seen Seen;
typedef struct Waiter Waiter;
typedef struct Waitq Waitq;

enum {
	Cacheline = 64,
	Ntpriv = 64,
	Namelen = 32,		/* of a task, its 0 included */
	Channamelen = 32,
	Nwaitname = 4,		/* entries of an alt that a report tells of */
	Trustms = 100,		/* how long a wait trusts what the poller knows of a number: fd.c */
	Nwaitfd = -1,		/* Task.nwait: waiton is a descriptor's number */
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
	Wordpin = 1<<8,		/* not to end just now: l9pin */
	Worddetach = 1<<9,	/* nobody wants its status: join.c */
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

/* for locks too: lock.h */
struct __attribute__((may_alias)) Waitq
{
	Waiter	*first;
	Waiter	*last;
};

struct Priv
{
	void	*v;
	uint32_t	gen;	/* of the key when v was set */
};

/* laid out by cache lines, of 64 bytes on most CPUs: stack.c places a Task at the start of one */
struct Task
{
	/* touched at every switch and wait */
	Ctx	ctx;		/* owner */
	Task	*next;		/* whose queue it is in: run queue, inbox, batch */
	Proc	*proc;		/* set at creation, never changes */
	_Atomic uint64_t	word;
	int64_t	deadline;	/* self: every wait ends then; INT64_MAX: none */
	long	val;		/* self before it waits, or who claims it: what the call that waits returns: l9pass */
	Odd	*odd;		/* self, at each switch away: nil, or what is called for that if the wait ended oddly */
	int	errnum;		/* owner: errno while not running */
	uint8_t	why;		/* a wait's result: claim writes, self and its proc read */
	uint8_t	prio;		/* owner */
	_Atomic bool	local;	/* its proc's own: waits, unseen by others: own.c */

	/* touched by a wait on a channel */
	Waiter	waiter;		/* for send and recv, its task set once; alt has its own */
	unsigned long	out;	/* self before it waits; who claims it reads: the value of a send, where that is a word */
	/* self writes; for reports, others read it torn: debug.c */
	const char	*waitfor;	/* "send", "qlock" ... */
	const void	*waiton;	/* of a send or recv the channel, also for itself */
	int64_t	waitsince;
	int64_t	waituntil;	/* the wait's own end; INT64_MAX: none */
	int	nwait;		/* of an alt: how many entries are told of below; else 0 */
	uint8_t	waitop[Nwaitname];
	/* the channels', or the number of a descriptor, an int; or in the first what else there is to say */
	char	waitname[Nwaitname][Channamelen];

	int	which;		/* claim writes, self reads: Waiter.index */
	int	holdkill;	/* self: depth of l9holdkill */
	_Atomic int	group;	/* self writes; others read it to pick whom to interrupt: no order needed */

	/* touched at the begin and the end */
	void	(*fn)(void*);
	void	*arg;
	Cleanup	*cleanup;	/* self: what to do at the end, last first */
	Priv	*priv;		/* self: Ntpriv of them, or nil: tpriv.c */
	Exitrec	*exitrec;	/* self, from creation on: nil if nobody keeps the status */
	void	*data;		/* self: threaddata */
	void	*cxx[2];	/* owner: C++'s exception state while not running */

	bool	newborn;	/* until its proc counts it: made by another */
	int	errstrnum;	/* errno when errstr was set */
	char	name[Namelen];	/* self writes; others may read it torn, for reports */
	char	errstr[ERRMAX];	/* self */

	/* the stack, kept when the slot is used again: stack.c */
	char	*stack;		/* lowest byte of the slot: the guard */
	size_t	guard;		/* bytes of it */
	size_t	slot;		/* bytes of all */
	Arena	*arena;
	San	san;

	/* kept when the slot is used again: join.c */
	Spin	joinlk;
	Waitq	joinq;		/* joinlk */
};

enum {
	/* 16 KiB << 19 is more than an unsigned int can ask for; << 17 the most that a size_t of 32 bits holds */
	Nsizeclass = sizeof(size_t) < 8? 18: 20,
	Ncached = 64,		/* free stacks a proc keeps of a class before it gives half away */
};

struct Proc
{
	/*
	 * What others made ready: nil, a stack of tasks linked by next, or
	 * Parked or Polling while the owner sleeps.  Others push with release;
	 * the owner takes all with acquire.  The one who replaces Parked or
	 * Polling wakes.
	 */
	_Alignas(Cacheline) _Atomic uintptr_t	inbox;

	/* owner from here on, but where noted; these at every switch */
	_Alignas(Cacheline) Task	*cur;
	Queue	runq;		/* of the default priority */
	_Atomic uint32_t	inside;	/* owner writes: in its section: own.c */
	_Atomic uint32_t	stopped;	/* stoplk: not to be in there */
	int	*errnop;	/* &errno of the OS thread */
	void	**cxx;		/* C++'s exception state of the OS thread, or nil */
	int	odd;		/* what the next switch has to heed: Oddprio ... */
	int	untiltakein;	/* switches until the next look at inbox */
	int	burst;		/* ops since the last switch */
	int	quota;		/* ops in a row without a switch */
	uint64_t	nswitch;
	int64_t	now;		/* the time, some switches ago: for reports */
	char	*idlesp;	/* the stack of cur, while it idles: for reports */
	int	ntask;		/* live ones */
	uint32_t	nextid;		/* id.c */

	Queue	other[Nprio];	/* of the other priorities */
	int	nother;		/* how many stand in those */
	int	noswitch;	/* depth of threadnoswitch; cur's, as there is no other meanwhile */
	Task	*from;		/* who switched last: kept for AddressSanitizer alone */
	uint32_t	rand;		/* never 0: alt.c */
	int	untillow;	/* picks until the lowest priority has its turn */
	Task	*pinned;	/* it alone runs: threadpin; nil: all do */
	Queue	aside;		/* ready, but another is pinned */
	_Atomic int	ospid;	/* of the OS thread; 0: it has not begun.  No order needed */
	bool	system;		/* does not keep the program alive */
	Queue	idlers;		/* in threadidle: run when nothing is ready */
	bool	adopted;	/* its OS thread is not the library's: self is a task */
	bool	foreign;	/* adopted, and does not keep the program alive */
	void	*altstack;	/* the library's own for signals, or nil */
	Task	*freestack[Nsizeclass];
	int	nfreestack[Nsizeclass];
	int64_t	ncut;		/* slots that were new when it took them */
	void	*data;		/* procdata */

	Spin	stoplk;		/* who keeps the owner out of its section */
	_Atomic bool	owns;	/* owner writes: it has ever owned a channel */

	/* lingering before parking: idle.c */
	int	skip;		/* times to leave it out */
	int	back;		/* and after the next failure, doubled */

	/* waiting for descriptors: poll.c */
	Poller	*poller;	/* nil until the first wait; then it stays.  Others read it after Polling */
	int	nfdwait;	/* such waits of its tasks */
	Seen	*seen;		/* nseen of them, by number: fd.c */
	int	nseen;
	Fdcall	*doubt;		/* waits that trust the poller, the oldest first; and the last */
	Fdcall	*doubtlast;
	int	untilpoll;	/* looks until the next one at the poller, while busy */
	int64_t	polled;		/* l9nsecold at the last one */

	/* ids: id.c */
	uint32_t	lastid;	/* others read it, in newblock: written with ids.lk */
	Idtab	*_Atomic idtab;	/* owner writes with release, others read with acquire */

	unsigned int	index;	/* set once */
	Proc	*nextfree;	/* procs.lk */
	Proc	*nextall;	/* set once: older Procs */
	Task	self;		/* the OS thread's own stack */
};

/* Proc.odd */
enum {
	Oddprio = 1<<0,		/* nother > 0 */
	Oddpin = 1<<1,		/* pinned != nil */
	Oddnoswitch = 1<<2,	/* noswitch > 0 */
};

/* Proc.inbox while the owner sleeps: no Task has these addresses */
enum {
	Parked = 1,		/* on the word itself */
	Polling = 2,		/* in its poller */
};

static inline bool
l9asleep(uintptr_t inbox)
{
	return inbox == Parked || inbox == Polling;
}

/*
 * Tasks do not move between OS threads, so the address of a thread-local
 * variable stays right across a switch.
 */
extern _Thread_local Proc	*l9proc __attribute__((tls_model("initial-exec")));

extern int	l9cpus;			/* set at start */

/* cxx.c: C++'s exception state of this OS thread, or nil in a program without C++ */
void	**l9cxxstate(void);

/* sched.c */
void	l9otherput(Proc*, Task*);
void	l9sched(void);
/*
 * l9sched, and the same for the caller that returns what this one does, by a jump: t->val, or
 * odd(t->val), called afterwards, if the wait did not end with Wdone or the task was
 * killed.  l9passint: both are an int.
 */
long	l9pass(Odd*);
int	l9passint(Odd*);
/* likewise, for a task with a deadline */
long	l9passtimed(Task*, Odd*);
void	l9runproc(Proc*);
void	l9taskmain(void*);
_Noreturn void	l9taskend(void);
void	l9selfend(Proc*);

/* idle.c */
void	l9push(Proc*, Task *first, Task *last);
bool	l9takein(Proc*);
void	l9idle(Proc*);
void	l9awake(Proc*);
void	l9awakeend(Proc*);
int	l9nawake(void);
uint32_t	l9nwoken(void);

/* poll.c */
int	l9pollmake(Proc*);
void	l9polltell(Proc*, int n);
bool	l9pollnow(Proc*);
void	l9polllook(Proc*);

/* fd.c */
void	l9fdready(Proc*, int fd, int what);
void	l9fdcheck(Proc*, int ntold);
int	l9fdqueue(Fdcall*, Waiter*);
void	l9fdleave(Fdcall*, Waiter*);
bool	l9fdgone(Fdcall*);
bool	l9fdhold(Fdcall*);
void	l9fdletgo(Fdcall*);

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
void	l9stackinit(void);
Task	*l9stackalloc(Proc*, unsigned int size, bool exact);
void	l9stackfree(Proc*, Task*);
void	l9stackgive(Proc*);

/* id.c */
int	l9idinit(void);
void	l9idfree(void);
int	l9idnew(Proc*, Task*, uint64_t bits);
uint64_t	l9idend(Task*);
Task	*l9idtask(int id);
Task	*l9pin(int id);
void	l9unpin(Task*);
Proc	*l9idproc(int id);
void	l9eachtask(void (*f)(Task*, int id, void*), void*);

static inline bool
l9isid(uint64_t word, int id)
{
	return (uint32_t)(word>>32) == (uint32_t)id;
}

/* own.c */
extern bool	l9canown;		/* set at start */
void	l9owninit(void);
void	l9enterslow(Proc*);
void	l9stop(Proc*);
void	l9letgo(Proc*);
void	l9showwait(int id);

/* err.c */
int	l9errset(int why);

/* debug.c */
/* threadinfo's lines, on fd 2, of the tasks that are left at exit; heading is called before each */
void	l9leaktasks(void (*heading)(void*), void*);
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
void	l9end(Task*, const char *status);
int	l9cleanup(Task*, void (*)(void*), void*);

/* sema.c */
void	l9wgwaitout(Waitgroup*);

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

/* a new life: nothing of the last one is left.  What is not cleared here is set elsewhere */
static inline void
l9taskclear(Task *t)
{
	t->errnum = 0;
	t->odd = nil;		/* it may be killed before it runs, and has no switch to come back from */
	t->deadline = INT64_MAX;
	t->holdkill = 0;
	t->cleanup = nil;
	t->priv = nil;
	t->exitrec = nil;
	t->data = nil;
	memset(t->cxx, 0, sizeof t->cxx);
	t->newborn = false;
	t->errstrnum = 0;
	t->errstr[0] = '\0';
	t->name[0] = '\0';
}

/* what a report says of the wait that follows; name: nil or Channamelen bytes */
static inline void
l9waiting(Task *t, const char *what, const void *on, const char *name)
{
	t->waitfor = what;
	t->waiton = on;
	t->waitsince = t->proc->now;
	t->waituntil = INT64_MAX;
	t->nwait = 0;
	if(name != nil && name[0] != '\0')
		memcpy(t->waitname[0], name, Channamelen);
	else
		t->waitname[0][0] = '\0';
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
 * quota of them lets the others run.  p: the running proc; nil, a timer proc
 * or the like, which is never adopted for a send.
 */
static inline void
l9progress(Proc *p)
{
	if(p != nil && ++p->burst >= p->quota)
		threadyield();
}

#endif
