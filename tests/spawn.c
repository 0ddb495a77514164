/*
 * Starting programs and waiting for them; daemonize.
 *
 * The programs that are started are this one, told by its first argument what
 * to be.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "t.h"

#ifndef NSIG
#define NSIG _NSIG
#endif

enum {
	Nproc = 4,
	Nspawn = 250,		/* by each of them */
	Nlive = 100,
	Nrace = 200,
};

static char *self;	/* this program */

/*
 * What it can be.
 */

static int
befds(void)
{
	int i;

	for(i = 0; i < 4096; i++)
		if(fcntl(i, F_GETFD) >= 0)
			dprintf(1, "%d ", i);
	return 0;
}

/* what comes in goes out; `err' on 2 */
static int
becat(void)
{
	char buf[100];
	ssize_t n;

	while((n = read(0, buf, sizeof buf)) > 0)
		if(write(1, buf, (size_t)n) != n)
			return 1;
	return write(2, "err", 3) != 3;
}

/* how many signals are blocked or ignored, but for SIGHUP, which only then is ignored if hup */
static int
besignals(bool hup)
{
	struct sigaction sa;
	sigset_t set;
	int i, n;

	n = 0;
	sigprocmask(SIG_SETMASK, NULL, &set);
	for(i = 1; i < NSIG; i++){
		if(sigismember(&set, i) == 1)
			n++;
		/* sanitizers have handlers of their own */
		if(sigaction(i, NULL, &sa) == 0 && (sa.sa_handler == SIG_IGN) != (hup && i == SIGHUP))
			n++;
	}
	return n;
}

static int
bedaemon(void)
{
	if(threadinit() < 0 || threaddaemonize() < 0)
		return 1;
	dprintf(1, "%s", getsid(0) == getpid()? "leads": "does not lead");
	/* the library works on */
	if(threadsleep(Millisecond) < 0)
		return 1;
	dprintf(1, " and sleeps");
	return 0;
}

static void
nothing(void *v)
{
	(void)v;
}

static int
bethreaded(void)
{
	char err[ERRMAX];
	int r;

	if(threadinit() < 0 || proccreate(nothing, NULL, 0) < 0)
		return 1;
	threadsleep(Millisecond);
	r = threaddaemonize();
	rerrstr(err, sizeof err);
	dprintf(1, "%d %s", r, err);
	return 0;
}

static int
be(int argc, char *argv[])
{
	char buf[1000];

	if(strcmp(argv[1], "fds") == 0)
		return befds();
	if(strcmp(argv[1], "cat") == 0)
		return becat();
	if(strcmp(argv[1], "signals") == 0)
		return besignals(false);
	if(strcmp(argv[1], "nohup") == 0)
		return besignals(true);
	if(strcmp(argv[1], "daemon") == 0)
		return bedaemon();
	if(strcmp(argv[1], "threaded") == 0)
		return bethreaded();
	if(strcmp(argv[1], "exit") == 0)
		return argc > 2? atoi(argv[2]): 0;
	if(strcmp(argv[1], "pwd") == 0)
		return getcwd(buf, sizeof buf) == NULL || dprintf(1, "%s", buf) < 0;
	if(strcmp(argv[1], "term") == 0){
		signal(SIGTERM, SIG_DFL);
		raise(SIGTERM);
	}
	return 99;
}

/*
 * Helpers.
 */

static void
checkerr(const char *want)
{
	char err[ERRMAX];

	rerrstr(err, sizeof err);
	assert_string_equal(err, want);
}

/* the timer proc looks into /proc now and then */
static int
inproc(int fd)
{
	char name[40], to[6];

	snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
	return readlink(name, to, sizeof to) == sizeof to && memcmp(to, "/proc/", sizeof to) == 0;
}

static int
nfds(void)
{
	int i, n;

	n = 0;
	for(i = 0; i < 4096; i++)
		n += fcntl(i, F_GETFD) >= 0 && !inproc(i) && fcntl(i, F_GETFD) >= 0;
	return n;
}

/* msg of the child; freed */
static void
checkmsg(int pid, const char *want)
{
	Waitmsg *m;

	m = procwait(pid);
	assert_non_null(m);
	assert_int_equal(m->pid, pid);
	assert_string_equal(m->msg, want);
	free(m);
}

/* the end of a pipe, to be given away, of which the other is *mine */
static int
pipeend(int *mine, int which)
{
	int p[2];

	assert_int_equal(pipe(p), 0);
	*mine = p[!which];
	fcntl(*mine, F_SETFD, FD_CLOEXEC);
	return p[which];
}

/* all that comes from fd until its end, which is closed */
static char*
slurp(int fd)
{
	static char buf[1000];
	ssize_t n;
	size_t len;

	len = 0;
	while((n = read(fd, buf+len, sizeof buf - 1 - len)) > 0 || (n < 0 && errno == EINTR))
		if(n > 0)
			len += (size_t)n;
	buf[len] = '\0';
	close(fd);
	return buf;
}

/* a child that ends when *fd is closed */
static int
blocked(int *fd)
{
	int f[3], pid;

	f[0] = pipeend(fd, 0);
	f[1] = open("/dev/null", O_RDWR);
	f[2] = dup(f[1]);
	pid = threadspawnl(f, self, "t", "cat", NULL);
	assert_true(pid > 0);
	return pid;
}

static int
quick(void)
{
	return threadspawnl(NULL, self, "t", "exit", NULL);
}

static void
untilgone(int pid)
{
	while(kill(pid, 0) == 0)
		threadsleep(Millisecond);
}

/* no child is left, and no descriptor more than before */
static int fdsbefore;

static int
setup(void **state)
{
	(void)state;
	/* the waiter's are there from now on */
	free(procwait(quick()));
	fdsbefore = nfds();
	return 0;
}

static int
teardown(void **state)
{
	int pid;

	(void)state;
	while((pid = waitpid(-1, NULL, 0)) < 0 && errno == EINTR)
		;
	if(pid != -1 || errno != ECHILD){
		fprintf(stderr, "a child is left: %d\n", pid);
		return -1;
	}
	if(nfds() != fdsbefore){
		fprintf(stderr, "%d descriptors, there were %d\n", nfds(), fdsbefore);
		return -1;
	}
	return 0;
}

/*
 * Descriptors.
 */

static void
test_fds(void **state)
{
	int fd[3], in, out, err, pid, i;

	(void)state;
	fd[0] = pipeend(&in, 0);
	fd[1] = pipeend(&out, 1);
	fd[2] = pipeend(&err, 1);
	pid = threadspawn(fd, self, (char*[]){"t", "cat", NULL});
	assert_true(pid > 0);
	for(i = 0; i < 3; i++){
		assert_int_equal(fcntl(fd[i], F_GETFD), -1);
		assert_int_equal(errno, EBADF);
	}
	assert_int_equal(write(in, "hello", 5), 5);
	close(in);
	assert_string_equal(slurp(out), "hello");
	assert_string_equal(slurp(err), "err");
	checkmsg(pid, "");
}

static void
test_same(void **state)
{
	int fd[3], out;

	(void)state;
	fd[0] = open("/dev/null", O_RDONLY);
	fd[1] = fd[2] = pipeend(&out, 1);
	checkmsg(threadspawnl(fd, self, "t", "cat", NULL), "");
	assert_string_equal(slurp(out), "err");
}

/* what is to be 1 and 2 is our 0, and what is to be 0 our 2 */
static void
test_low(void **state)
{
	int save0, save2, out, end, null, pid;

	(void)state;
	fflush(NULL);
	save0 = dup(0);
	save2 = dup(2);
	end = pipeend(&out, 1);
	null = open("/dev/null", O_RDONLY);
	dup2(end, 0);
	dup2(null, 2);
	close(end);
	close(null);
	pid = threadspawnl((int[]){2, 0, 0}, self, "t", "cat", NULL);
	dup2(save0, 0);
	dup2(save2, 2);
	close(save0);
	close(save2);
	checkmsg(pid, "");
	assert_string_equal(slurp(out), "err");
}

static void
test_onlythree(void **state)
{
	int fd[3], out, many[20], i;

	(void)state;
	for(i = 0; i < 20; i++)
		many[i] = dup(2);
	fcntl(many[0], F_DUPFD, 900);
	fd[0] = open("/dev/null", O_RDONLY);
	fd[1] = pipeend(&out, 1);
	fd[2] = dup(2);
	checkmsg(threadspawnl(fd, self, "t", "fds", NULL), "");
	assert_string_equal(slurp(out), "0 1 2 ");
	for(i = 0; i < 20; i++)
		close(many[i]);
	close(900);
}

/* 0 to 2 are not ours to close */
static void
test_nofds(void **state)
{
	(void)state;
	checkmsg(quick(), "");
	assert_true(fcntl(0, F_GETFD) >= 0);
	assert_true(fcntl(1, F_GETFD) >= 0);
	assert_true(fcntl(2, F_GETFD) >= 0);
}

static void
test_dir(void **state)
{
	int fd[3], out;

	(void)state;
	fd[0] = open("/dev/null", O_RDONLY);
	fd[1] = pipeend(&out, 1);
	fd[2] = dup(2);
	checkmsg(threadspawnd(fd, self, (char*[]){"t", "pwd", NULL}, "/"), "");
	assert_string_equal(slurp(out), "/");
}

static void
test_path(void **state)
{
	(void)state;
	checkmsg(threadspawnl(NULL, "true", "true", NULL), "");
	checkmsg(threadspawnl(NULL, "false", "false", NULL), "1");
}

static void
caught(int sig)
{
	(void)sig;
}

static void
test_signals(void **state)
{
	struct sigaction sa;
	sigset_t set, old;
	int i;

	(void)state;
	/* whatever started the suite */
	for(i = 1; i < NSIG; i++)
		if(sigaction(i, NULL, &sa) == 0 && sa.sa_handler == SIG_IGN)
			signal(i, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR1, caught);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, &old);
	checkmsg(threadspawnl(NULL, self, "t", "signals", NULL), "");
	signal(SIGHUP, SIG_IGN);
	checkmsg(threadspawnl(NULL, self, "t", "nohup", NULL), "");
	assert_ptr_equal(signal(SIGHUP, SIG_DFL), SIG_IGN);
	/* here all is as it was */
	assert_ptr_equal(signal(SIGPIPE, SIG_DFL), SIG_IGN);
	assert_ptr_equal(signal(SIGUSR1, SIG_DFL), caught);
	sigprocmask(SIG_SETMASK, &old, &set);
	assert_int_equal(sigismember(&set, SIGCHLD), 1);
	assert_int_equal(sigismember(&set, SIGUSR1), 0);
}

/*
 * Failures.
 */

static void
test_noprogram(void **state)
{
	int fd[3], i;

	(void)state;
	for(i = 0; i < 3; i++)
		fd[i] = dup(2);
	assert_int_equal(threadspawnl(fd, "/nonexistent/x", "x", NULL), -1);
	checkerr("exec /nonexistent/x: No such file or directory");
	assert_int_equal(errno, ENOENT);
	assert_int_equal(threadspawnl(fd, "lib9thread-has-no-such-program", "x", NULL), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(threadspawnl(fd, "/", "x", NULL), -1);
	checkerr("exec /: Permission denied");
	assert_int_equal(errno, EACCES);
	assert_int_equal(threadspawnd(fd, self, (char*[]){"t", "exit", NULL}, "/nonexistent"), -1);
	checkerr("chdir /nonexistent: No such file or directory");
	/* still ours */
	for(i = 0; i < 3; i++)
		assert_int_equal(close(fd[i]), 0);
	assert_int_equal(threadspawn((int[]){0, 1, 987}, "true", (char*[]){"true", NULL}), -1);
	checkerr("exec true: Bad file descriptor");
	assert_int_equal(errno, EBADF);
	assert_null(procwait(987654321));
	checkerr("no such child");
	assert_int_equal(errno, ECHILD);
}

/* descriptors run out */
static void
test_nofiles(void **state)
{
	struct rlimit old, few;
	int pid, fd;

	(void)state;
	pid = blocked(&fd);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = old;
	few.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(quick(), -1);
	assert_int_equal(errno, EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	checkmsg(quick(), "");
	close(fd);
	checkmsg(pid, "");
}

/*
 * Ends.
 */

static void
test_status(void **state)
{
	Waitmsg *m;
	int pid;

	(void)state;
	checkmsg(threadspawnl(NULL, self, "t", "exit", "3", NULL), "3");
	checkmsg(threadspawnl(NULL, self, "t", "term", NULL), "signal: kill");
	pid = quick();
	m = procwait(pid);
	assert_non_null(m);
	/* the times are some: real time is not less than a child's own on one CPU, in ms */
	assert_true(m->time[0] + m->time[1] <= m->time[2] + 20);
	free(m);
}

/* it ended long before anybody asked; and only once */
static void
test_late(void **state)
{
	int pid;

	(void)state;
	pid = threadspawnl(NULL, self, "t", "exit", "4", NULL);
	untilgone(pid);
	checkmsg(pid, "4");
	assert_null(procwait(pid));
	checkerr("no such child");
}

/* a child of the program's own is left to it */
static void
test_own(void **state)
{
	int pid, status;

	(void)state;
	pid = fork();
	if(pid == 0)
		_exit(7);
	checkmsg(quick(), "");
	assert_null(procwait(pid));
	checkerr("no such child");
	checkmsg(quick(), "");
	status = reap(pid);
	assert_int_equal(WEXITSTATUS(status), 7);
}

static void
test_lost(void **state)
{
	int pid, fd;

	(void)state;
	pid = blocked(&fd);
	signal(SIGCHLD, SIG_IGN);
	close(fd);
	checkmsg(pid, "lost");
	signal(SIGCHLD, SIG_DFL);
}

static Channel *done;

static void
spawner(void *v)
{
	Waitmsg *m;
	unsigned long bad;
	int i, pid;

	(void)v;
	bad = 0;
	for(i = 0; i < ntimes(Nspawn); i++){
		pid = threadspawnl(NULL, "true", "true", NULL);
		m = pid < 0? NULL: procwait(pid);
		if(m == NULL || m->pid != pid || m->msg[0] != '\0')
			bad++;
		free(m);
	}
	chansendul(done, bad);
}

static void
test_many(void **state)
{
	int i;

	(void)state;
	for(i = 0; i < Nproc; i++)
		assert_true(proccreate(spawner, NULL, 0) > 0);
	for(i = 0; i < Nproc; i++)
		assert_int_equal(chanrecvul(done), 0);
}

static void*
foreign(void *v)
{
	spawner(v);
	return NULL;
}

/* an OS thread that is not the library's, with all signals blocked */
static void
test_foreign(void **state)
{
	sigset_t all, old;
	pthread_t id;

	(void)state;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	assert_int_equal(pthread_create(&id, NULL, foreign, NULL), 0);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	assert_int_equal(chanrecvul(done), 0);
	pthread_join(id, NULL);
}

/* nobody waits: they leave nothing */
static void
test_unwaited(void **state)
{
	siginfo_t si;
	int i;

	(void)state;
	for(i = 0; i < ntimes(Nspawn); i++)
		assert_true(threadspawnl(NULL, "true", "true", NULL) > 0);
	/* looks, and takes none */
	while(waitid(P_ALL, 0, &si, WEXITED|WNOHANG|WNOWAIT) == 0)
		threadsleep(Millisecond);
	assert_int_equal(errno, ECHILD);
	/* nobody was told when the last one's descriptor was closed */
	while(nfds() != fdsbefore)
		threadsleep(Millisecond);
}

static void
test_live(void **state)
{
	int pid[Nlive], fd[Nlive], i;

	(void)state;
	for(i = 0; i < Nlive; i++)
		pid[i] = blocked(&fd[i]);
	for(i = Nlive-1; i >= 0; i--)
		close(fd[i]);
	for(i = 0; i < Nlive; i++)
		checkmsg(pid[i], "");
}

/*
 * Waits that end otherwise.
 */

typedef struct Job Job;
struct Job
{
	int	pid;
	int	id;
	Waitmsg	*m;
	int	errnum;
	char	err[ERRMAX];
};

static void
waitjob(void *v)
{
	Job *j;

	j = v;
	j->m = procwait(j->pid);
	j->errnum = errno;
	rerrstr(j->err, sizeof j->err);
	chansendul(done, 0);
}

static void
settle(void)
{
	while(threadyield() > 0)
		;
}

static void
test_int(void **state)
{
	Job j;
	int fd;

	(void)state;
	j.pid = blocked(&fd);
	j.id = threadcreate(waitjob, &j, 0);
	settle();
	assert_null(procwait(j.pid));
	checkerr("another thread waits for it");
	assert_int_equal(errno, EBUSY);
	threadint(j.id);
	chanrecvul(done);
	assert_null(j.m);
	assert_string_equal(j.err, "interrupted");
	assert_int_equal(j.errnum, EINTR);
	/* pending */
	threadint(threadid());
	assert_null(procwait(j.pid));
	checkerr("interrupted");
	close(fd);
	checkmsg(j.pid, "");
}

static void
test_kill(void **state)
{
	Job j;
	int fd;

	(void)state;
	j.pid = blocked(&fd);
	j.id = threadcreate(waitjob, &j, 0);
	settle();
	threadkill(j.id);
	settle();
	close(fd);
	checkmsg(j.pid, "");
}

static void
test_deadline(void **state)
{
	int64_t old;
	int pid, fd;

	(void)state;
	pid = blocked(&fd);
	old = threaddeadline(threadnow() + 2*Millisecond);
	assert_null(procwait(pid));
	threadundeadline(old);
	assert_int_equal(errno, ETIMEDOUT);
	close(fd);
	checkmsg(pid, "");
}

static void
interrupter(void *v)
{
	Job *j;

	j = v;
	threadint(j->id);
	chansendul(done, 1);
}

/* an interrupt and the end: the message comes now or later, but comes */
static void
test_race(void **state)
{
	Job j;
	int i;

	(void)state;
	for(i = 0; i < ntimes(Nrace); i++){
		j.pid = threadspawnl(NULL, "true", "true", NULL);
		assert_true(j.pid > 0);
		j.id = threadcreate(waitjob, &j, 0);
		settle();
		if(i % 2)
			threadsleep(i*10*Microsecond);
		assert_true(proccreate(interrupter, &j, 0) > 0);
		chanrecvul(done);
		chanrecvul(done);
		if(j.m == NULL){
			assert_string_equal(j.err, "interrupted");
			checkmsg(j.pid, "");
		}else{
			assert_string_equal(j.m->msg, "");
			free(j.m);
			assert_null(procwait(j.pid));
		}
	}
}

/* a kill and the end: nothing is left of either */
static void
test_killrace(void **state)
{
	Job j;
	unsigned long ul;
	int i;

	(void)state;
	for(i = 0; i < ntimes(Nrace); i++){
		j.pid = threadspawnl(NULL, "true", "true", NULL);
		assert_true(j.pid > 0);
		j.id = threadcreate(waitjob, &j, 0);
		settle();
		if(i % 2)
			threadsleep(i*10*Microsecond);
		threadkill(j.id);
		settle();
		if(p9nbrecv(done, &ul) == 1)
			free(j.m);
		untilgone(j.pid);
		free(procwait(j.pid));
	}
}

/*
 * threadexec.
 */

static Channel *pidc;

static void
execer(void *v)
{
	char *name, err[ERRMAX];
	int r;

	name = v;
	r = threadexecl(pidc, NULL, name, name, "exit", NULL);
	rerrstr(err, sizeof err);
	chansendul(done, r == -1 && errno == ENOENT && strcmp(err, "exec /nonexistent: No such file or directory") == 0);
}

static void
test_exec(void **state)
{
	Threadattr a = {.joinable = 1};
	char status[ERRMAX];
	unsigned long pid;
	int id;

	(void)state;
	id = threadcreatex(&a, execer, self);
	pid = chanrecvul(pidc);
	assert_true(pid > 0 && pid != ~0ul);
	assert_int_equal(threadjoin(id, status, sizeof status), 0);
	assert_string_equal(status, "");
	/* the thread lived as long as the program */
	assert_int_equal(kill((pid_t)pid, 0), -1);
	checkmsg((int)pid, "");

	assert_true(proccreate(execer, "/nonexistent", 0) > 0);
	assert_true(chanrecvul(pidc) == ~0ul);
	assert_int_equal(chanrecvul(done), 1);
}

static void
procexecer(void *v)
{
	procexec(pidc, self, v);
}

static void
procexeclister(void *v)
{
	procexecl(pidc, v, "t", "exit", "6", NULL);
	chansendul(done, errno == ENOENT);
}

static void
test_procexec(void **state)
{
	char *argv[] = {"t", "exit", "5", NULL};

	(void)state;
	assert_true(proccreate(procexecer, argv, 0) > 0);
	checkmsg((int)chanrecvul(pidc), "5");
	assert_true(proccreate(procexeclister, self, 0) > 0);
	checkmsg((int)chanrecvul(pidc), "6");
	/* they return if they fail, and have said so on the channel */
	assert_true(proccreate(procexeclister, "/nonexistent", 0) > 0);
	assert_true(chanrecvul(pidc) == ~0ul);
	assert_int_equal(chanrecvul(done), 1);
}

/* the thread that became a program is killed: the program is not */
static void
fdexecer(void *v)
{
	threadexecl(pidc, v, self, "t", "cat", NULL);
}

static void
test_execkill(void **state)
{
	int f[3], fd, id, pid;

	(void)state;
	f[0] = pipeend(&fd, 0);
	f[1] = open("/dev/null", O_RDWR);
	f[2] = dup(f[1]);
	id = threadcreate(fdexecer, f, 0);
	pid = (int)chanrecvul(pidc);
	settle();
	threadint(id);
	settle();
	assert_int_equal(kill(pid, 0), 0);
	assert_int_equal(threadkill(id), 0);
	settle();
	assert_int_equal(threadkill(id), -1);
	assert_int_equal(kill(pid, 0), 0);
	close(fd);
	checkmsg(pid, "");
}

/*
 * daemonize
 */

static void
test_daemonize(void **state)
{
	int fd[3], out;

	(void)state;
	fd[0] = open("/dev/null", O_RDONLY);
	fd[1] = pipeend(&out, 1);
	fd[2] = dup(2);
	/* the first process ends at once, the daemon is not our child */
	checkmsg(threadspawnl(fd, self, "t", "daemon", NULL), "");
	assert_string_equal(slurp(out), "leads and sleeps");

	fd[0] = open("/dev/null", O_RDONLY);
	fd[1] = pipeend(&out, 1);
	fd[2] = dup(2);
	checkmsg(threadspawnl(fd, self, "t", "threaded", NULL), "");
	/* the proc may have ended: then only threadsleep's timer proc is there */
	assert_string_equal(slurp(out), "-1 the program has other OS threads");
	assert_int_equal(threaddaemonize(), -1);
}

/*
 * The wait channel, last: it takes what nobody waits for.
 */

static void
test_waitchan(void **state)
{
	int pid[Nlive], fd, i, k, n;
	Channel *c;
	Waitmsg *m;
	Job j;

	(void)state;
	c = threadwaitchan();
	assert_non_null(c);
	assert_ptr_equal(c, threadwaitchan());
	for(i = 0; i < Nlive; i++){
		pid[i] = threadspawnl(NULL, "true", "true", NULL);
		assert_true(pid[i] > 0);
	}
	for(n = 0; n < Nlive; n++){
		m = chanrecvp(c);
		assert_non_null(m);
		for(k = 0; k < Nlive && pid[k] != m->pid; k++)
			;
		assert_true(k < Nlive);
		pid[k] = -1;
		assert_string_equal(m->msg, "");
		assert_null(procwait(m->pid));
		free(m);
	}
	/* who waits for one comes first */
	j.pid = blocked(&fd);
	j.id = threadcreate(waitjob, &j, 0);
	settle();
	close(fd);
	chanrecvul(done);
	assert_non_null(j.m);
	free(j.m);
	assert_int_equal(p9nbrecv(c, &m), 0);
	/* unread ones hold nobody up */
	for(i = 0; i < Nlive; i++)
		assert_true(threadspawnl(NULL, "true", "true", NULL) > 0);
	for(n = 0; n < Nlive; n++)
		free(chanrecvp(c));
}

int
main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(test_fds), T(test_same), T(test_low), T(test_onlythree), T(test_nofds),
		T(test_dir), T(test_path), T(test_signals), T(test_noprogram), T(test_nofiles),
		T(test_status), T(test_late), T(test_own), T(test_lost),
		T(test_many), T(test_foreign), T(test_unwaited), T(test_live),
		T(test_int), T(test_kill), T(test_deadline), T(test_race), T(test_killrace),
		T(test_exec), T(test_procexec), T(test_execkill), T(test_daemonize),
		cmocka_unit_test(test_waitchan),
	};

	self = argv[0];
	if(argc > 1)
		return be(argc, argv);
	if(threadinit() < 0)
		return 1;
	done = chancreate(sizeof(unsigned long), CHANUNBOUNDED);
	pidc = chancreate(sizeof(unsigned long), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
