/*
 * lib9thread: Plan 9's threads and channels for C on Unix.
 *
 * Manual: lib9thread(7) introduces; thread(3), channel(3), alt(3),
 * ioproc(3) and timer(3) say what each call does.
 *
 * Everything here is a real function, an opaque type or a constant, so
 * this header may stand before or after any other, in C and in C++.
 * The short names of Plan 9 (send, recv, alt, yield ...) are macros in
 * plan9/thread.h; see p9names(7).
 *
 * Calls that can fail in a way that a program can cope with return -1 or
 * a null pointer and set the error string (and errno where the cause is
 * the system's).  Misuse prints one line on fd 2 and aborts.
 */
#ifndef LIB9THREAD_H
#define LIB9THREAD_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __GNUC__
#pragma GCC visibility push(default)	/* what the library exports; it hides the rest */
#endif
#ifdef __cplusplus
extern "C" {
#define L9NORETURN [[noreturn]]
#else
#define L9NORETURN _Noreturn
#endif
#if defined(__GNUC__)
#define L9PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define L9PRINTF(fmt, args)
#endif

typedef struct Alt Alt;
typedef struct Barrier Barrier;
typedef struct Chaninfo Chaninfo;
typedef struct Channel Channel;
typedef struct Ioproc Ioproc;
typedef struct Lock Lock;
typedef struct QLock QLock;
typedef struct RWLock RWLock;
typedef struct Ref Ref;
typedef struct Rendez Rendez;
typedef struct Sema Sema;
typedef struct Threadattr Threadattr;
typedef struct Timer Timer;
typedef struct Waitgroup Waitgroup;
typedef struct Waitmsg Waitmsg;

/*
 * Time is nanoseconds in an int64_t; a point in time is CLOCK_MONOTONIC's.
 */
#define Microsecond	((int64_t)1000)
#define Millisecond	((int64_t)1000000)
#define Second		((int64_t)1000000000)
#define Minute		(60*Second)
#define Hour		(60*Minute)

enum {
	ERRMAX = 128,		/* bytes of an error string, its 0 included */
	NETPATHLEN = 40,	/* bytes of a network directory's name */
};

/*
 * The program: thread(3).
 * A program defines threadmain and is entered there; one that keeps its
 * own main calls threadinit before any other call.
 */
extern void	threadmain(int argc, char *argv[]);
extern int	mainstacksize;		/* of threadmain, in bytes; 0: the default */
extern char	*argv0;			/* the program's name, for sysfatal; may be null */
int	threadinit(void);		/* 0, also when called again; -1 with errno */

/*
 * Threads (tasks) and procs: thread(3).
 * stacksize is a hint in bytes: 0 is the default, small ones are raised.
 */
int	proccreate(void (*f)(void*), void *arg, unsigned int stacksize);	/* id > 0; -1 */
int	threadcreate(void (*f)(void*), void *arg, unsigned int stacksize);	/* id > 0; -1 */
L9NORETURN void	threadexits(const char *status);
L9NORETURN void	threadexitsall(const char *status);
int	threadid(void);
int	threadyield(void);		/* the number of switches made */

/*
 * What else a new thread can be told: all zero is what threadcreate and
 * proccreate do.
 */
struct Threadattr
{
	const char	*name;		/* null: none */
	unsigned int	stack;		/* bytes: a hint */
	int	exact;		/* the caller insists on so small a stack */
	int	priority;	/* 1 to 4; 0: the creator's */
	int	group;		/* 0: the creator's */
	int	paused;		/* starts when threadresume says so */
	int	joinable;	/* its status is kept until somebody joins */
	int	system;		/* proccreatex: does not keep the program alive */
	int	proc;		/* threadcreatex: start on the proc of the thread with this id */
};
int	proccreatex(const Threadattr*, void (*f)(void*), void *arg);	/* id > 0; -1 */
int	threadcreatex(const Threadattr*, void (*f)(void*), void *arg);	/* id > 0; -1 */

/*
 * One thread and another: threadint(3).  -1: no such thread.
 */
int	threadint(int id);
int	threadkill(int id);
int	threadsuspend(int id);
int	threadresume(int id);		/* -1 also where it is not suspended */
int	threadgetgrp(void);
int	threadsetgrp(int grp);		/* the old one */
int	threadintgrp(int grp);		/* how many */
int	threadkillgrp(int grp);		/* how many */
int	threadjoin(int id, char *status, unsigned int n);	/* 0; -1 */
int	threadjoingrp(int grp);		/* 0; -1 */
int	threaddetach(int id);		/* 0; -1 */
int64_t	threaddeadline(int64_t when);	/* the old one; INT64_MAX: none */
void	threadundeadline(int64_t old);
int	threadcleanup(void (*f)(void*), void *arg);	/* 0; -1 */
void	threaduncleanup(int run);

/*
 * Scheduling: threadsched(3).
 */
int	threadsetprio(int prio);	/* 1 to 4; the old one */
int	threadgetprio(void);
int	threadquota(int n);		/* operations in a row without a switch; the old one */
int	threadidle(void);		/* until nothing else is ready; the number of switches made */
int	threadpin(void);		/* no other thread of this proc runs: 0 */
int	threadunpin(void);		/* 0 */
void	threadnoswitch(int on);		/* abort if a switch is tried; it nests */
void	needstack(int n);		/* abort unless n bytes are left */
int	procsetsys(int on);		/* this proc does not keep the program alive; the old setting */
int	threadpid(int id);		/* the OS's id of its proc; 0: this thread's; -1 */
int	threadpar(int n, int (*f)(void*), void *arg[], int result[]);	/* f(arg[i]) in n threads; 0; -1 */

/*
 * OS threads that the library did not make: thread(3).
 */
int	threadattach(void);		/* 0; -1 with errno */
void	threaddetachproc(void);

/*
 * Debugging: threadinfo(3).
 */
void	threadinfo(int fd);		/* a line for each thread, and for each proc */
int	threadinfonote(const char *note, int fd);	/* when that note comes; fd -1: no more.  0; -1 */
int	threaddeadlock(int on);		/* report deadlocks (they are); the old setting */
int	threadleaks(int on);		/* report at exit what is still there (it is not); the old setting */

/*
 * Data of each thread by key: thread(3).
 */
int	tprivalloc(void (*end)(void*));	/* a key; -1: no more */
void**	tprivaddr(int key);		/* null: out of memory */
void	tprivfree(int key);

void	threadsetname(const char *fmt, ...) L9PRINTF(1, 2);
char*	threadgetname(void);		/* never null; valid until set again */
void**	threaddata(void);
void**	procdata(void);

struct Ref
{
	long	ref;
};
long	incref(Ref*);			/* the new count */
long	decref(Ref*);			/* the new count */

/*
 * Locks: lock(3).  They block the thread, not the proc.  All zero is the
 * initial state; they are not copied.  The timed forms return 0, or -1 when
 * interrupted or at the deadline `when'; the plain ones wait on.
 */
struct QLock
{
	unsigned int	l9lk;
	int	l9n;
	void	*l9first;
	void	*l9last;
};
struct Lock
{
	QLock	l9q;
};
struct RWLock
{
	QLock	l9q;
};
struct Rendez
{
	QLock	*l;		/* set before use */
	void	*l9first;
	void	*l9last;
};
void	qlock(QLock*);
int	canqlock(QLock*);		/* 1: it is locked now; 0 */
int	qlockuntil(QLock*, int64_t when);
void	qunlock(QLock*);
void	p9lock(Lock*);
int	p9canlock(Lock*);
void	p9unlock(Lock*);
void	rlock(RWLock*);
int	canrlock(RWLock*);
int	rlockuntil(RWLock*, int64_t when);
void	runlock(RWLock*);
void	wlock(RWLock*);
int	canwlock(RWLock*);
int	wlockuntil(RWLock*, int64_t when);
void	wunlock(RWLock*);
void	rsleep(Rendez*);		/* r->l is held, before and after */
int	rsleepuntil(Rendez*, int64_t when);	/* the same, also when -1 */
int	rwakeup(Rendez*);		/* how many: 1 or 0 */
int	rwakeupall(Rendez*);		/* how many */

/*
 * Counting: sema(3).  All zero is the initial state.
 */
struct Sema
{
	QLock	l9q;
};
struct Waitgroup
{
	QLock	l9q;
};
struct Barrier
{
	QLock	l9q;
};
int	semacquire(Sema*);		/* 0; -1 */
int	cansemacquire(Sema*);		/* 1: acquired; 0 */
void	semrelease(Sema*, int n);
void	wgadd(Waitgroup*, int n);
void	wgdone(Waitgroup*);
int	wgwait(Waitgroup*);		/* 0; -1 */
int	barrierwait(Barrier*, int n);	/* 1: the last of n; 0; -1 */

/*
 * Errors: thread(3).  One error string and one errno a task.
 */
void	werrstr(const char *fmt, ...) L9PRINTF(1, 2);
void	rerrstr(char *buf, unsigned int n);	/* copies it */
int	errstr(char *buf, unsigned int n);	/* exchanges it with buf; 0 */
L9NORETURN void	sysfatal(const char *fmt, ...) L9PRINTF(1, 2);

/*
 * Channels: channel(3).
 * nel is the number of buffered elements: 0 none, CHANUNBOUNDED no limit.
 */
enum {
	CHANUNBOUNDED = -1,
};
Channel*	chancreate(int elsize, int nel);	/* null: see errstr */
void	chanfree(Channel*);
int	chanclose(Channel*);		/* 0; -1: closed before */
int	chanclosing(Channel*);		/* -1: open; else elements left */
void	chansetname(Channel*, const char *fmt, ...) L9PRINTF(2, 3);
int	chanprint(Channel*, const char *fmt, ...) L9PRINTF(2, 3);	/* as chansendp, of a malloced string */
int	p9chanprint(Channel*, const char *fmt, ...);	/* the same, with the verbs of p9print */

struct Chaninfo
{
	int	elsize;
	int	nel;		/* as chancreate was told */
	int	n;		/* elements buffered */
	int	senders;	/* threads that wait to send */
	int	receivers;	/* threads that wait to receive */
	int	closed;
	char	name[32];
};
void	chaninfo(Channel*, Chaninfo*);

/* 1; -1: closed, freed or interrupted.  v null: zeros are sent, or the element is dropped */
int	chansend(Channel*, const void *v);
int	chanrecv(Channel*, void *v);
int	chansendp(Channel*, void*);
void*	chanrecvp(Channel*);		/* null where chanrecv would say -1 */
int	chansendul(Channel*, unsigned long);
unsigned long	chanrecvul(Channel*);	/* 0 where chanrecv would say -1 */

/* plan9port's: 1; -1 also where it would block */
int	channbsend(Channel*, const void *v);
int	channbrecv(Channel*, void *v);
int	channbsendp(Channel*, void*);
void*	channbrecvp(Channel*);
int	channbsendul(Channel*, unsigned long);
unsigned long	channbrecvul(Channel*);

/* Plan 9's nbsend, nbrecv ...: 1; 0 where it would block; -1 */
int	p9nbsend(Channel*, const void *v);
int	p9nbrecv(Channel*, void *v);
int	p9nbsendp(Channel*, void*);
int	p9nbsendul(Channel*, unsigned long);

/*
 * Alt: alt(3).  An array of entries, ended by CHANEND or CHANNOBLK.
 */
enum {
	CHANEND,		/* last entry: block until one can proceed */
	CHANSND,		/* send *v to c */
	CHANRCV,		/* receive *v from c */
	CHANNOP,		/* skipped */
	CHANNOBLK,		/* last entry: do not block */
	CHANTIMEOUT,		/* v points at an int64_t, a point in time (threadnow) */
	CHANFDIN,		/* until (int)(intptr_t)v, a descriptor, can be read */
	CHANFDOUT,		/* likewise, can be written */
};
struct Alt
{
	Channel	*c;
	void	*v;
	int	op;
	char	*err;		/* set on return: why this entry failed, or null */
};
int	chanalt(Alt*);		/* index; -1: interrupted, or would block (plan9port) */
int	altordered(Alt*);	/* as p9alt, but of the ready entries the first */
int	p9alt(Alt*);		/* index, of the CHANNOBLK where it would block; -1: interrupted */

/*
 * Time: timer(3).
 */
int64_t	threadnow(void);
int	threadsleep(int64_t ns);	/* 0; -1: interrupted */
int	threadsleepuntil(int64_t t);	/* 0; -1: interrupted */

struct Timer
{
	Channel	*c;		/* of int64_t: when it was due; belongs to the timer */
	/* the rest is private */
};
Timer*	after(int64_t ns);		/* one message; null: see errstr */
Timer*	ticker(int64_t ns);		/* a message every ns > 0 */
int	timerstop(Timer*);		/* 1: it was running; 0 */
int	timerreset(Timer*, int64_t ns);	/* runs again from now; 1: it was running; 0 */
void	timerfree(Timer*);		/* stops it and frees its channel too */

/*
 * Blocking calls in an OS thread of their own: ioproc(3).  Without an Ioproc
 * (null) one of a pool makes the call.
 */
Ioproc*	ioproc(void);			/* null: see errstr */
void	closeioproc(Ioproc*);
void	iointerrupt(Ioproc*);	/* not null */
int	ioflush(Ioproc*);	/* 0: there is nothing to flush; not null */
long	iocall(Ioproc*, long (*op)(va_list*), ...);	/* what op returns; -1 */
int	ioopen(Ioproc*, const char *file, int flags, ...);	/* as open(2), close-on-exec */
int	ioclose(Ioproc*, int fd);
long	ioread(Ioproc*, int fd, void *buf, long n);
long	ioreadn(Ioproc*, int fd, void *buf, long n);
long	iowrite(Ioproc*, int fd, const void *buf, long n);
long	iopread(Ioproc*, int fd, void *buf, long n, int64_t off);
long	iopwrite(Ioproc*, int fd, const void *buf, long n, int64_t off);
int	ioread9pmsg(Ioproc*, int fd, void *buf, int n);	/* its length; 0: the end; -1 */
int	iosleep(Ioproc*, long ms);
enum {
	IOPOLLIN = 1<<0,	/* reading, or accepting, would not block */
	IOPOLLOUT = 1<<1,	/* writing would not; connecting has come to its end */
};
int	iopoll(Ioproc*, int fd, int how);	/* wait for any of how: those that are so; -1 */
/* as connect(2), sendto(2), recvfrom(2): addr is a socket address, len its socklen_t */
int	ioconnect(Ioproc*, int fd, const void *addr, unsigned int len);
long	iosendto(Ioproc*, int fd, const void *buf, long n, int flags, const void *addr, unsigned int len);
long	iorecvfrom(Ioproc*, int fd, void *buf, long n, int flags, void *addr, unsigned int *len);
int	iosendfd(Ioproc*, int s, int fd);	/* over a Unix socket; 0; -1 */
int	iorecvfd(Ioproc*, int s);		/* close-on-exec; -1 */
int	iodial(Ioproc*, const char *addr, const char *local, char *dir, int *cfdp);
int	ioannounce(Ioproc*, const char *addr, char *dir);
int	iolisten(Ioproc*, const char *dir, char *newdir);
int	ioaccept(Ioproc*, int ctl, const char *dir);
int	ioreject(Ioproc*, int ctl, const char *dir, const char *cause);	/* 0; -1 */

/*
 * Other programs: threadspawn(3).
 * fd[] becomes the program's 0, 1 and 2 and is closed here once it runs; null:
 * ours.  The arguments end with a null pointer.
 */
int	threadspawn(int fd[3], const char *cmd, char *argv[]);	/* pid; -1 */
int	threadspawnd(int fd[3], const char *cmd, char *argv[], const char *dir);	/* pid; -1 */
int	threadspawnl(int fd[3], const char *cmd, ...);	/* pid; -1 */

/* in place of the calling thread: return only to say -1.  pidc gets the pid, or ~0 */
int	threadexec(Channel *pidc, int fd[3], const char *cmd, char *argv[]);
int	threadexecl(Channel *pidc, int fd[3], const char *cmd, ...);
int	procexec(Channel *pidc, const char *prog, char *args[]);
int	procexecl(Channel *pidc, const char *prog, ...);

struct Waitmsg
{
	int	pid;
	unsigned long	time[3];	/* user, system and real time, in ms */
	char	*msg;		/* empty: it succeeded */
};
Channel*	threadwaitchan(void);	/* of Waitmsg*, which the receiver frees */
Waitmsg*	procwait(int pid);	/* to be freed; null: see errstr */
int	threaddaemonize(void);	/* 0; -1 */

/*
 * Notes: threadnotify(3).
 */
int	threadnotify(int (*f)(void*, char*), int in);	/* 1; 0: see errstr */
int	notechan(Channel *c, const char *note, int in);	/* 0; -1.  c is of char* */
void	threadnonotes(void);

#ifdef __cplusplus
}
#endif
#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#endif
