/*
 * The program as a process: fork while procs run, and its end while they do.
 */
#include <pthread.h>

#include "t.h"

enum {
	Nproc = 4,
	Nfork = 200,
	Nexit = Asan? 2: 5,
	/* more than a thread keeps by itself: malloc's lock is taken, too.  AddressSanitizer keeps what is freed, and a fork copies that */
	Blocksize = Asan? 16: 2000,
};

static _Atomic bool stop;
static Channel *ring[Nproc];

/* switches, memory, a lock of the C library's, timers: all that may be half done at a fork */
static void
busy(void *v)
{
	unsigned long u;
	int i;

	i = (int)(uintptr_t)v;
	while(!atomic_load(&stop)){
		free(malloc(Blocksize));
		if(channbsendul(ring[i], 1) == 1)
			u = channbrecvul(ring[(i+1)%Nproc]);
		else
			u = channbrecvul(ring[i]);
		if(u == 1)
			threadsleep(Microsecond);
		threadyield();
	}
}

static void
begin(void)
{
	Threadattr a = {.group = 2};
	int i;

	atomic_store(&stop, false);
	for(i = 0; i < Nproc; i++){
		ring[i] = chancreate(sizeof(unsigned long), CHANUNBOUNDED);
		if(ring[i] == nil)
			abort();
	}
	for(i = 0; i < Nproc; i++)
		if(proccreatex(&a, busy, (void*)(uintptr_t)i) < 0)
			abort();
}

/* what a child may do: the system calls of signal handlers, another program, its end */
static void
inchild(int i, const char *self, int fd)
{
	static const char said[] = "child";

	if(i%4 == 0){
		dup2(fd, 1);
		execl(self, self, "say", (char*)nil);
		_exit(127);
	}
	_exit(write(fd, said, sizeof said - 1) != sizeof said - 1);
}

static void
test_fork(void **state)
{
	char buf[32];
	int i, p[2], status;
	pid_t pid;

	begin();
	for(i = 0; i < ntimes(Nfork); i++){
		assert_int_equal(pipe(p), 0);
		pid = fork();
		assert_true(pid >= 0);
		if(pid == 0)
			inchild(i, tself, p[1]);
		close(p[1]);
		readall(p[0], buf, sizeof buf);
		assert_string_equal(buf, "child");
		status = reap(pid);
		assert_int_equal(status, 0);
		threadyield();
	}
	atomic_store(&stop, true);
	assert_int_equal(threadjoingrp(2), 0);
	for(i = 0; i < Nproc; i++)
		chanfree(ring[i]);
}

static void*
foreign(void *v)
{
	return chanrecvp(v);
}

/* all that a program may leave as it is: waiting threads, calls in helpers, a program, an OS thread */
static void
leave(void)
{
	static char *argv[] = {"sleep", "0.1", nil};
	Channel *never;
	pthread_t t;
	int p[2];

	begin();
	never = chancreate(sizeof(void*), 0);
	if(never == nil || pipe(p) < 0 || ticker(Millisecond) == nil || threadspawn(nil, "sleep", argv) < 0
	|| pthread_create(&t, nil, foreign, never) != 0)
		abort();
	threadsleep(Millisecond);
}

static void
ender(void *v)
{
	(void)v;
	exit(3);
}

static int
child(const char *how)
{
	/* it has nothing that a leak checker should look for */
	if(strcmp(how, "say") == 0)
		_exit(write(1, "child", 5) != 5);
	nocore();
	if(threadinit() < 0)
		return 1;
	leave();
	if(strcmp(how, "exit") == 0)
		exit(3);
	if(strcmp(how, "exit of a thread") == 0){
		threadcreate(ender, nil, 0);
		threadyield();
	}
	if(strcmp(how, "exit of a proc") == 0){
		proccreate(ender, nil, 0);
		for(;;)
			threadsleep(Second);
	}
	if(strcmp(how, "threadexitsall") == 0)
		threadexitsall("no");
	if(strcmp(how, "_exit") == 0)
		_exit(3);
	return 3;
}

static void
test_exit(void **state)
{
	static const struct {
		const char	*how;
		int	status;
	} ends[] = {
		{"exit", 3},
		{"exit of a thread", 3},
		{"exit of a proc", 3},
		{"threadexitsall", 1},
		{"_exit", 3},
		{"return", 3},
	};
	Child c;
	int i, j;

	for(j = 0; j < ntimes(Nexit); j++)
		for(i = 0; i < nelem(ends); i++){
			runself(&c, ends[i].how);
			if(!WIFEXITED(c.status) || WEXITSTATUS(c.status) != ends[i].status || c.err[0] != '\0')
				fail_msg("%s: status %#x, `%s'", ends[i].how, c.status, c.err);
		}
}

int
main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		TEST(test_fork),
		TEST(test_exit),
	};

	tself = argv[0];
	if(argc > 1)
		return child(argv[1]);
	if(threadinit() < 0)
		return 1;
	return cmocka_run_group_tests(tests, nil, nil);
}
