/*
 * A new process, from one that has many OS threads.
 *
 * vfork: the child borrows the memory of the parent, whose OS thread stands
 * still until the child has called exec or _exit.  So nothing is copied,
 * which a large program has no memory or time for, and no lock is copied in
 * its locked state.  In return the child must make system calls only, with all
 * signals blocked until no handler is left that could run in it.
 *
 * What went wrong in the child comes back through a pipe that exec closes, not
 * through the shared memory: emulators and ThreadSanitizer make a fork of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "execimpl.h"

#ifndef NSIG
#define NSIG _NSIG
#endif

typedef struct Report Report;
struct Report
{
	int	step;		/* what failed */
	int	errnum;
};

enum {
	Stepexec,
	Stepdir,
	Stepfd,
};

int
l9above2(int fd)
{
	int up, e;

	if(fd < 0 || fd > 2)
		return fd;
	up = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	e = errno;
	close(fd);
	errno = e;
	return up;
}

int
l9pipe(int fd[2])
{
	int p[2], e;

	if(pipe2(p, O_CLOEXEC) < 0)
		return -1;
	fd[0] = l9above2(p[0]);
	e = errno;
	fd[1] = l9above2(p[1]);
	if(fd[0] >= 0 && fd[1] >= 0)
		return 0;
	if(fd[0] >= 0){
		e = errno;
		close(fd[0]);
	}
	if(fd[1] >= 0)
		close(fd[1]);
	errno = e;
	return -1;
}

/*
 * In the child from here to the next such line.
 */

/* whoever ignores these two does it for itself: a program that finds them ignored may not work */
static bool
own(int sig)
{
	return sig == SIGPIPE || sig == SIGCHLD;
}

/*
 * What exec would do: one that is ignored, by nohup or a shell, stays so; one
 * with a handler does not, but would have it until then.
 */
static void
defaults(void)
{
	struct sigaction dfl, is;
	int sig;

	memset(&dfl, 0, sizeof dfl);
	dfl.sa_handler = SIG_DFL;
	for(sig = 1; sig < NSIG; sig++)
		if(own(sig) || sigaction(sig, nil, &is) < 0 || is.sa_flags & SA_SIGINFO || is.sa_handler != SIG_IGN)
			sigaction(sig, &dfl, nil);
}

static int
place(const int fd[3])
{
	int from[3], i;

	/* out of the way first: what one dup2 replaces may be the source of the next */
	for(i = 0; i < 3; i++){
		from[i] = fd[i];
		if(fd[i] < 3 && fd[i] != i && (from[i] = fcntl(fd[i], F_DUPFD_CLOEXEC, 3)) < 0)
			return -1;
	}
	for(i = 0; i < 3; i++)
		if((from[i] == i? fcntl(i, F_SETFD, 0): dup2(from[i], i)) < 0)
			return -1;
	return 0;
}

static int
become(const Program *p, int report)
{
	sigset_t none;

	defaults();
	if(p->fd != nil && place(p->fd) < 0)
		return Stepfd;
	l9closefrom(3, report);
	if(p->dir != nil && chdir(p->dir) < 0)
		return Stepdir;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, nil);
	execvp(p->cmd, p->argv);
	return Stepexec;
}

static _Noreturn void
child(const Program *p, int report)
{
	Report r;

	r.step = become(p, report);
	r.errnum = errno;
	if(write(report, &r, sizeof r) < 0){
		/* the parent is gone */
	}
	_exit(127);
}

/*
 * In the parent again.
 */

/* a function of its own, so that the child finds no variable of the parent to spoil */
static __attribute__((noinline)) pid_t
newprocess(const Program *p, int report)
{
	pid_t pid;

	pid = vfork();
	if(pid == 0)
		child(p, report);
	return pid;
}

static int
fail(const Program *p, int step, int e)
{
	char buf[ERRMAX];

	if(step == Stepdir)
		snprintf(buf, sizeof buf, "chdir %s: %s", p->dir, strerror(e));
	else
		snprintf(buf, sizeof buf, "exec %s: %s", p->cmd, strerror(e));
	return l9err(e, buf);
}

/* true, with r: it failed before exec had succeeded */
static bool
failed(int fd, Report *r)
{
	ssize_t n;

	while((n = read(fd, r, sizeof *r)) < 0 && errno == EINTR)
		;
	return n == sizeof *r;
}

static int
start(const Program *p, const int pfd[2], Report *r)
{
	sigset_t all, old;
	pid_t pid;
	int e;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pid = newprocess(p, pfd[1]);
	e = errno;
	pthread_sigmask(SIG_SETMASK, &old, nil);
	close(pfd[1]);
	if(pid < 0){
		*r = (Report){Stepexec, e};
		return -1;
	}
	if(!failed(pfd[0], r))
		return (int)pid;
	/* it has no record: nobody else waits for it */
	while(waitpid(pid, nil, 0) < 0 && errno == EINTR)
		;
	return -1;
}

int
l9start(const Program *p)
{
	Report r;
	int pfd[2], pid, i;

	if(p->cmd == nil || p->argv == nil)
		l9misuse(p->call, "no program or no arguments");
	/* looked at before the pipe, which else might be what a wrong number means */
	for(i = 0; p->fd != nil && i < 3; i++)
		if(fcntl(p->fd[i], F_GETFD) < 0)
			return fail(p, Stepfd, errno);
	if(l9pipe(pfd) < 0)
		return fail(p, Stepexec, errno);
	pid = start(p, pfd, &r);
	close(pfd[0]);
	return pid < 0? fail(p, r.step, r.errnum): pid;
}
