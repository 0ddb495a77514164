/*
 * Notes: signals on a task and in channels, and what happens to those that
 * nobody handles, in a program of its own.
 *
 * Signals are sent by the process to itself.  Before it waits for what they
 * lead to, it makes a system call that ThreadSanitizer knows: there it lets a
 * signal's handler run.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib9thread.h"

enum {
	Nproc = 4,
	Nstorm = 2000,		/* by each of them */
};

static const struct {
	int	sig;
	const char	*note;
} kinds[] = {
	{SIGINT, "interrupt"},
	{SIGTERM, "kill"},
	{SIGHUP, "hangup"},
	{SIGQUIT, "quit"},
	{SIGALRM, "alarm"},
	{SIGPIPE, "sys: write on closed pipe"},
	{SIGUSR1, "sys: usr1"},
	{SIGUSR2, "sys: usr2"},
	{SIGCHLD, "sys: child"},
	{SIGWINCH, "sys: window size change"},
};
enum { Nkind = sizeof kinds/sizeof kinds[0] };

static char *self;
static Channel *got;	/* the signals that note functions got, as numbers */
static Channel *done;
static int mainid;

static int
sigof(const char *note)
{
	int i;

	for(i = 0; i < Nkind; i++)
		if(strcmp(kinds[i].note, note) == 0)
			return kinds[i].sig;
	return -1;
}

static void
sendsig(int sig)
{
	kill(getpid(), sig);
	usleep(1);
}

static int
takes(void *u, char *note)
{
	int sig;

	(void)u;
	sig = sigof(note);
	/* it runs on a task, so it may wait, and the text is its own */
	threadsleep(1);
	note[0] = '\0';
	chansendul(got, threadid() == mainid? 0: (unsigned long)sig);
	return 1;
}

static int
refuses(void *u, char *note)
{
	(void)u;
	(void)note;
	return 0;
}

static int
isdefault(int sig)
{
	struct sigaction sa;

	return sigaction(sig, NULL, &sa) == 0 && sa.sa_handler == SIG_DFL;
}

static int
alldefault(void)
{
	int i, n;

	n = 0;
	for(i = 0; i < Nkind; i++)
		n += isdefault(kinds[i].sig);
	return n == Nkind;
}

static int
setup(void **state)
{
	(void)state;
	return alldefault()? 0: -1;
}

/*
 * A channel may have its note before the functions are asked.  Those that came
 * before are through when two more of the last kind are.
 */
static int
teardown(void **state)
{
	int i;

	(void)state;
	threadnotify(takes, 1);
	for(i = 0; i < 2; i++){
		sendsig(SIGWINCH);
		while(chanrecvul(got) != SIGWINCH)
			;
	}
	threadnonotes();
	return alldefault()? 0: -1;
}

static void
checkerr(const char *want)
{
	char err[ERRMAX];

	rerrstr(err, sizeof err);
	assert_string_equal(err, want);
}

/*
 * What the program can be, told by its first argument: it sends itself the
 * signal of its second.
 */
static int
die(int sig)
{
	if(threadinit() < 0 || threadnotify(refuses, 1) != 1)
		return 1;
	sendsig(sig);
	/* not for ever, should it be lost */
	threadsleep(100*Second);
	return 1;
}

static int
live(int sig)
{
	if(threadinit() < 0 || threadnotify(refuses, 1) != 1)
		return 1;
	sendsig(sig);
	/* by the time that a second one came through, the first has */
	done = chancreate(sizeof(char*), CHANUNBOUNDED);
	if(notechan(done, "sys: usr1", 1) < 0)
		return 1;
	sendsig(SIGUSR1);
	return strcmp(chanrecvp(done), "sys: usr1") != 0;
}

static int
be(char *argv[])
{
	if(strcmp(argv[1], "die") == 0)
		return die(atoi(argv[2]));
	return live(atoi(argv[2]));
}

static void
run(const char *what, int sig, const char *want)
{
	char num[20];
	Waitmsg *m;

	snprintf(num, sizeof num, "%d", sig);
	m = procwait(threadspawnl(NULL, self, "t", what, num, NULL));
	assert_non_null(m);
	/* a core may be dumped or not */
	assert_int_equal(strncmp(m->msg, want, strlen(want)), 0);
	if(want[0] == '\0')
		assert_string_equal(m->msg, "");
	free(m);
}

static void
test_each(void **state)
{
	int i;

	(void)state;
	assert_int_equal(threadnotify(takes, 1), 1);
	for(i = 0; i < Nkind; i++){
		assert_false(isdefault(kinds[i].sig));
		sendsig(kinds[i].sig);
		assert_int_equal(chanrecvul(got), kinds[i].sig);
	}
	assert_int_equal(threadnotify(takes, 0), 1);
	assert_true(alldefault());
	assert_int_equal(threadnotify(takes, 0), 0);
	checkerr("no such note function");
	assert_int_equal(errno, ENOENT);
}

static void
test_order(void **state)
{
	(void)state;
	assert_int_equal(threadnotify(refuses, 1), 1);
	assert_int_equal(threadnotify(takes, 1), 1);
	/* the second is not asked: there would be two */
	assert_int_equal(threadnotify(takes, 1), 1);
	sendsig(SIGUSR1);
	assert_int_equal(chanrecvul(got), SIGUSR1);
	assert_int_equal(threadnotify(refuses, 0), 1);
	assert_int_equal(threadnotify(takes, 0), 1);
	sendsig(SIGUSR2);
	assert_int_equal(chanrecvul(got), SIGUSR2);
}

static void
test_full(void **state)
{
	int n;

	(void)state;
	for(n = 0; n < 100; n++)
		if(threadnotify(takes, 1) == 0)
			break;
	assert_int_equal(n, 32);
	checkerr("too many note functions");
	assert_int_equal(errno, ENOMEM);
}

static void
handler(int sig)
{
	(void)sig;
}

/* what the program has seen to stays as it is */
static void
test_own(void **state)
{
	(void)state;
	signal(SIGHUP, SIG_IGN);
	signal(SIGUSR1, handler);
	threadnotify(takes, 1);
	sendsig(SIGHUP);
	sendsig(SIGUSR1);
	sendsig(SIGUSR2);
	assert_int_equal(chanrecvul(got), SIGUSR2);
	/* changed meanwhile */
	signal(SIGTERM, handler);
	threadnotify(takes, 0);
	assert_ptr_equal(signal(SIGHUP, SIG_DFL), SIG_IGN);
	assert_ptr_equal(signal(SIGUSR1, SIG_DFL), handler);
	assert_ptr_equal(signal(SIGTERM, SIG_DFL), handler);
}

static void
mask(int how)
{
	sigset_t set;
	int i;

	sigemptyset(&set);
	for(i = 0; i < Nkind; i++)
		sigaddset(&set, kinds[i].sig);
	pthread_sigmask(how, &set, NULL);
}

/*
 * Only these take the signals, and only in the loop: ThreadSanitizer loses
 * those that come when an OS thread begins or ends, and itself at that.
 */
static void
stormer(void *v)
{
	int i;

	mask(SIG_UNBLOCK);
	for(i = 0; i < Nstorm; i++)
		kill(getpid(), kinds[(i + (int)(intptr_t)v) % Nkind].sig);
	usleep(1);
	mask(SIG_BLOCK);
	chansendul(done, 0);
}

static void
test_storm(void **state)
{
	unsigned long sig;
	int seen[NSIG] = {0};
	int i, n;

	(void)state;
	threadnotify(takes, 1);
	mask(SIG_BLOCK);	/* the new procs have it from us */
	for(i = 0; i < Nproc; i++)
		assert_true(proccreate(stormer, (void*)(intptr_t)i, 0) > 0);
	for(i = 0; i < Nproc; i++)
		chanrecvul(done);
	/* what they have not taken is ours */
	mask(SIG_UNBLOCK);
	usleep(1);
	/* each came at least once, after each was sent */
	for(n = 0; n < Nkind;){
		sig = chanrecvul(got);
		assert_in_range(sig, 1, NSIG-1);
		n += seen[sig]++ == 0;
	}
}

static void
test_unhandled(void **state)
{
	(void)state;
	run("die", SIGINT, "signal: interrupt");
	run("die", SIGTERM, "signal: kill");
	run("die", SIGHUP, "signal: hangup");
	run("die", SIGQUIT, "signal: quit");
	run("die", SIGALRM, "signal: alarm");
	run("die", SIGPIPE, "signal: sys: write on closed pipe");
	run("die", SIGUSR1, "signal: sys: usr1");
	run("die", SIGUSR2, "signal: sys: usr2");
	run("live", SIGCHLD, "");
	run("live", SIGWINCH, "");
}

static int
exiter(void *u, char *note)
{
	(void)u;
	chansendul(got, (unsigned long)sigof(note));
	threadexits("done");
}

static void
test_exits(void **state)
{
	int i;

	(void)state;
	threadnotify(exiter, 1);
	for(i = 0; i < Nkind; i++)
		sendsig(kinds[i].sig);
	for(i = 0; i < Nkind; i++)
		assert_int_not_equal(chanrecvul(got), 0);
	sendsig(SIGINT);
	assert_int_equal(chanrecvul(got), SIGINT);
}

static int
once(void *u, char *note)
{
	threadnotify(once, 0);
	return takes(u, note);
}

static void
test_once(void **state)
{
	(void)state;
	threadnotify(once, 1);
	threadnotify(takes, 1);
	sendsig(SIGUSR1);
	assert_int_equal(chanrecvul(got), SIGUSR1);
	assert_int_equal(threadnotify(once, 0), 0);
	sendsig(SIGUSR1);
	assert_int_equal(chanrecvul(got), SIGUSR1);
}

static void
made(void *v)
{
	(void)v;
	chansendul(got, 1000);
}

static int
maker(void *u, char *note)
{
	(void)u;
	(void)note;
	threadcreate(made, NULL, 0);
	return 1;
}

/* a task that a function makes runs */
static void
test_create(void **state)
{
	(void)state;
	threadnotify(maker, 1);
	sendsig(SIGUSR1);
	assert_int_equal(chanrecvul(got), 1000);
	threadnotify(maker, 0);
}

static void
test_chan(void **state)
{
	Channel *a, *b;

	(void)state;
	a = chancreate(sizeof(char*), CHANUNBOUNDED);
	b = chancreate(sizeof(char*), CHANUNBOUNDED);
	signal(SIGUSR2, SIG_IGN);
	assert_int_equal(notechan(a, "interrupt", 1), 0);
	assert_int_equal(notechan(a, "interrupt", 1), 0);
	assert_int_equal(notechan(a, "sys: usr2", 1), 0);
	assert_int_equal(notechan(b, NULL, 1), 0);
	/* asked for by name, it comes though it was ignored */
	sendsig(SIGUSR2);
	assert_string_equal(chanrecvp(a), "sys: usr2");
	assert_string_equal(chanrecvp(b), "sys: usr2");
	sendsig(SIGTERM);
	assert_string_equal(chanrecvp(b), "kill");
	sendsig(SIGINT);
	assert_string_equal(chanrecvp(a), "interrupt");
	assert_string_equal(chanrecvp(b), "interrupt");
	assert_int_equal(notechan(b, NULL, 0), 0);
	assert_true(isdefault(SIGTERM));
	assert_false(isdefault(SIGINT));
	assert_int_equal(notechan(b, NULL, 0), -1);
	checkerr("channel gets no such note");
	assert_int_equal(errno, ENOENT);
	assert_int_equal(notechan(a, "interrupt", 0), 0);
	assert_true(isdefault(SIGINT));
	assert_int_equal(notechan(a, "interrupt", 0), -1);
	assert_int_equal(notechan(a, "sys: kill", 1), -1);
	checkerr("no such note");
	assert_int_equal(errno, EINVAL);
	assert_int_equal(notechan(a, "sys: usr2", 0), 0);
	assert_ptr_equal(signal(SIGUSR2, SIG_DFL), SIG_IGN);
	chanfree(a);
	chanfree(b);
}

/* a channel that has it handles it, full, closed or not; functions hear of it too */
static void
test_chanfull(void **state)
{
	Channel *c;

	(void)state;
	c = chancreate(sizeof(char*), 1);
	notechan(c, "sys: usr1", 1);
	threadnotify(takes, 1);
	threadnotify(refuses, 1);
	sendsig(SIGUSR1);
	assert_int_equal(chanrecvul(got), SIGUSR1);
	threadnotify(takes, 0);
	sendsig(SIGUSR1);
	chanclose(c);
	sendsig(SIGUSR1);
	threadnotify(takes, 1);
	sendsig(SIGUSR2);
	/* or still the last SIGUSR1, if it came late */
	while(chanrecvul(got) != SIGUSR2)
		;
	assert_string_equal(chanrecvp(c), "sys: usr1");
	threadnonotes();
	chanfree(c);
}

static void
test_pipe(void **state)
{
	int p[2];

	(void)state;
	assert_int_equal(pipe(p), 0);
	close(p[0]);
	threadnotify(takes, 1);
	assert_int_equal(write(p[1], "x", 1), -1);
	assert_int_equal(errno, EPIPE);
	usleep(1);
	assert_int_equal(chanrecvul(got), SIGPIPE);
	close(p[1]);
}

/* whoever started us may ignore some (nohup, a shell in the background), and so would the programs that we start */
static void
defaults(void)
{
	int i;

	for(i = 0; i < Nkind; i++)
		signal(kinds[i].sig, SIG_DFL);
}

int
main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(test_each), T(test_order), T(test_full), T(test_own),
		T(test_unhandled), T(test_exits), T(test_once), T(test_create),
		T(test_chan), T(test_chanfull), T(test_pipe),
		/* last: some may still be on their way */
		cmocka_unit_test(test_storm),
	};

	self = argv[0];
	if(argc > 2)
		return be(argv);
	defaults();
	if(threadinit() < 0)
		return 1;
	mainid = threadid();
	/* the notes' own proc takes no signals: the storm is for others */
	mask(SIG_BLOCK);
	threadnotify(takes, 1);
	threadnonotes();
	mask(SIG_UNBLOCK);
	got = chancreate(sizeof(unsigned long), CHANUNBOUNDED);
	done = chancreate(sizeof(unsigned long), CHANUNBOUNDED);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
