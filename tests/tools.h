/*
 * What the suites on ioprocs, the network and timers share, beyond t.h.
 */
#ifndef TOOLS_H
#define TOOLS_H

#include <dirent.h>

#include "t.h"

enum {
	Patience = 60,		/* seconds that a test waits for what must come */
};

/* entries of a folder, and a constant; -1 where there is none */
static inline int
nentry(const char *dir)
{
	DIR *d;
	int n;

	d = opendir(dir);
	if(d == nil)
		return -1;
	for(n = 0; readdir(d) != nil; n++)
		;
	closedir(d);
	return n;
}

/* remove a folder of files */
static inline int
rmall(const char *dir)
{
	struct dirent *e;
	DIR *d;

	d = opendir(dir);
	if(d == nil)
		return -1;
	while((e = readdir(d)) != nil)
		if(e->d_name[0] != '.')
			unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	return rmdir(dir);
}

/*
 * How many descriptors are open, but for the two that each proc's poller keeps.
 * Where those are a pipe they cannot be told from others: always -1.
 */
static inline int
nfd(void)
{
#if defined(TOSNUMBERS) && !TOSNUMBERS
	return -1;
#else
	char name[64];
	struct dirent *e;
	ssize_t len;
	DIR *d;
	int n;

	d = opendir("/proc/self/fd");
	if(d == nil)
		return -1;
	for(n = 0; (e = readdir(d)) != nil;){
		len = readlinkat(dirfd(d), e->d_name, name, sizeof name - 1);
		name[len < 0? 0: len] = '\0';
		if(strcmp(name, "anon_inode:[eventpoll]") != 0 && strcmp(name, "anon_inode:[eventfd]") != 0)
			n++;
	}
	closedir(d);
	return n;
#endif
}

static inline int
nthread(void)
{
	return nentry("/proc/self/task");
}

static inline Channel*
mkchan(int elsize, int nel)
{
	Channel *c;

	c = chancreate(elsize, nel);
	assert_non_null(c);
	return c;
}

static inline Ioproc*
mkioproc(void)
{
	Ioproc *io;

	io = ioproc();
	assert_non_null(io);
	return io;
}

/* as assert_err, where errno is of no matter */
static inline void
assert_errstr(const char *want)
{
	char err[ERRMAX];

	rerrstr(err, sizeof err);
	assert_string_equal(err, want);
}

/* receive from c what must come: a hang is the end of the test and not of the suite */
static inline void
mustrecv(Channel *c, void *v)
{
	int64_t limit;
	Alt a[] = {
		{.c = c, .v = v, .op = CHANRCV},
		{.v = &limit, .op = CHANTIMEOUT},
		{.op = CHANEND},
	};

	limit = threadnow() + Patience*Second;
	if(p9alt(a) != 0)
		fail_msg("nothing came in %d s", Patience);
	assert_null(a[0].err);
}

/* f(arg) prints line on fd 2 and aborts: in a child, which has but this OS thread */
static inline void
mustabort(void (*f)(void*), void *arg, const char *line)
{
	char buf[512];
	pid_t pid;
	int p[2], status;

	assert_int_equal(pipe(p), 0);
	pid = fork();
	assert_true(pid >= 0);
	if(pid == 0){
		nocore();
		signal(SIGABRT, SIG_DFL);
		dup2(p[1], 2);
		f(arg);
		_exit(0);
	}
	close(p[1]);
	readall(p[0], buf, sizeof buf);
	status = reap(pid);
	if(strncmp(buf, line, strlen(line)) != 0)
		fail_msg("printed `%s', not `%s'", buf, line);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

#endif
