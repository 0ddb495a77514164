/*
 * What the library needs of a CPU and of an OS: the contract of this
 * folder, which knows nothing of tasks or channels.
 *
 * A CPU is a folder with ctx.h and ctx.S (or ctx.c); an OS is a folder
 * with wait.c, poll.c, mem.c and child.c.  Meson picks one of each.  What only needs POSIX
 * stands in this folder itself.
 */
#ifndef L9ARCH_H
#define L9ARCH_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "ctx.h"	/* the CPU's: typedef struct Ctx Ctx, l9cpurelax() and l9ctxsp() */

/*
 * A Ctx stays at its address from l9ctxinit on, and may first be run by
 * another OS thread than made it.  The signal mask is the OS thread's, not
 * the context's.
 *
 * Make *c a context that, when first switched to, calls fn(arg) on the
 * given stack with the floating-point control state of the caller of
 * l9ctxinit.  fn must not return.  base is the lowest byte; base+size
 * is 16-byte aligned.
 */
void	l9ctxinit(Ctx *c, void *base, size_t size, void (*fn)(void*), void *arg);

/*
 * Save the running context in *from and resume *to.  Saves what the ABI
 * calls callee-saved and the floating-point control state; no more, and
 * no system call.
 *
 * In *to, the l9ctxswitch that left it returns v, or if then is not null, then(v), which is
 * called there.  So whoever resumes a context can say what its call comes back with, and a
 * function that would only hand that on leaves to l9ctxswitch by a jump: then between
 * the switch and the caller of the library there is no return, which the CPU would guess
 * wrong.  then must be null for a context that has not run yet: it has nothing to return from.
 */
long	l9ctxswitch(Ctx *from, Ctx *to, long (*then)(long), long v);

/* the same, for functions that return int: v, or what then returns, is one */
int	l9ctxswitchint(Ctx *from, Ctx *to, long (*then)(long), long v);

/*
 * l9ctxleave, which is the CPU's too, is l9ctxswitch from a context that will not be
 * resumed: it need not be saved, and nothing is returned.
 */

/*
 * Sleep while *w is val, until l9wakeword or the time `until`
 * (CLOCK_MONOTONIC ns; INT64_MAX: no limit).  May return early for no
 * reason: the caller looks again.
 */
void	l9waitword(_Atomic uint32_t *w, uint32_t val, int64_t until);

/*
 * Wake one sleeper on w.  w is used as a name alone and never read, so the
 * memory may have another owner by now.  errno is left alone.  Not for signal
 * handlers.
 */
void	l9wakeword(_Atomic uint32_t *w);

/*
 * l9barrier: every OS thread of this process has passed a full fence between
 * the call and the return: the one half of a pair of which the other half then
 * needs none.  May change errno.  Call l9barrierinit once before: 0; -1: this OS has no
 * such thing.
 */
int	l9barrierinit(void);
void	l9barrier(void);

/*
 * A poller: one OS thread, its owner, waits by it until some of many descriptors
 * can be read or written.  All is the owner's but for l9pollwake.
 */
typedef struct Poller Poller;

enum {
	Pollin = 1<<0,		/* reading would not block */
	Pollout = 1<<1,		/* writing would not block */
	Pollend = 1<<2,		/* told with these: after what is there to be read comes the end, or an error */
};

/* NULL with errno.  There is no way to free one */
Poller	*l9pollnew(void);

/*
 * Have l9pollwait tell when the descriptor is ready for one of `what`: now, if
 * it is, and whenever it becomes so; replaces what was asked of it before.
 * Returns -1 with errno: EBADF; EPERM, it cannot be waited for; ENOMEM, ENOSPC.
 * There is no disarming: a file that is closed is forgotten.
 */
int	l9pollarm(Poller *p, int fd, int what);
enum {
	Pollknown = 0,		/* the number means the file that it meant when it was last armed */
	Pollnew = 1,		/* it does not, or was never armed */
	Pollonce = 2,		/* this OS cannot tell, and will tell of one event alone */
};

/*
 * How many descriptors are ready.  If none is, sleep until one is, or l9pollwake,
 * or so many ms have passed; for ever, if negative.  May return 0 for no reason.
 */
int	l9pollwait(Poller *p, int ms);

/* the i-th of them, and in *what for what.  An error is readiness for all */
int	l9pollready(Poller *p, int i, int *what);

/* have the owner's l9pollwait, or the next one, return.  By any OS thread; errno is left alone */
void	l9pollwake(Poller *p);

/*
 * read(2) and write(2) of a descriptor that is no socket, without blocking
 * whatever its mode is.  -1 with errno: EAGAIN, it would block; EOPNOTSUPP,
 * there is no way to tell.
 */
long	l9tryread(int fd, void *buf, size_t n);
long	l9trywrite(int fd, const void *buf, size_t n);

/*
 * Address space for stacks, zero when first touched, committed as it is
 * touched.  Null, with errno, if there is none.
 */
void	*l9memmap(size_t n);
void	l9memunmap(void *p, size_t n);

/*
 * Give back the memory of n bytes at p, which are zero then.  Guards in there
 * stay.  0; -1: each page is zero or as it was, since this OS cannot, or
 * somebody has locked one.
 */
int	l9memdrop(void *p, size_t n);

/*
 * Both take k regions, at most L9nregion, of n bytes each: the first at p, each
 * next one stride bytes further.  All three are multiples of l9pagesize().
 *
 * l9memguard makes them fault on access.  0; -1: some got no guard (that
 * memory stays usable).
 * l9mempopulate is a hint: they will be written soon, so their memory may be had at once.
 */
int	l9memguard(void *p, size_t n, size_t stride, int k);
void	l9mempopulate(void *p, size_t n, size_t stride, int k);
enum { L9nregion = 16 };
size_t	l9pagesize(void);

/* a guard for an OS that has nothing better: by mprotect, and not without limit.  0 or -1 */
int	l9protect(void *p, size_t n);

/* CLOCK_MONOTONIC, in ns */
int64_t	l9nsec(void);

/* CLOCK_MONOTONIC as of the last tick, in ns: cheaper, some ms old */
int64_t	l9nsecold(void);

/*
 * The caller looks for what another OS thread is about to do, and the i-th look
 * (from 0 on) was in vain.  errno is left alone.
 */
void	l9spinpause(int i);

/* how many OS threads this process has; -1: not known */
int	l9nosthread(void);

/* how many CPUs this process may run on, at least 1 */
int	l9ncpu(void);

/* what ps calls the calling OS thread */
int	l9ospid(void);

/* how many of l9osthread's run */
int	l9nmade(void);

/*
 * Run fn(arg) on a new detached OS thread with a stack of at least
 * `stack` bytes, with every signal blocked if quiet is not 0.  Returns 0 or
 * an errno value.
 */
int	l9osthread(void (*fn)(void*), void *arg, size_t stack, int quiet);

/*
 * A descriptor that polls as readable when the child has ended; it is closed
 * on exec.  -1 with errno: there is none.
 */
int	l9pidfd(int pid);

/*
 * socket(2), accept(2), recvmsg(2); the descriptors that they return or
 * receive are close-on-exec, and what is accepted is in blocking mode.
 */
struct msghdr;
int	l9socket(int family, int type, int protocol);
int	l9accept(int fd);
long	l9recvmsg(int fd, struct msghdr *m, int flags);

/*
 * In a child between vfork and exec: close all descriptors from lo on, but for
 * keep > lo.
 */
void	l9closefrom(int lo, int keep);

#endif
