/*
 * Tasks that run off their stacks: one line on fd 2, then the program dies of
 * the fault as it would have.  Each case is a run of this program; the line to
 * expect it writes to fd 1.
 */
#include <pthread.h>
#include <setjmp.h>

#include "t.h"

enum {
	Default	= 192*1024,	/* a slot of 256 KiB, less 64 KiB of guard */
};

static volatile int forever = 1;
static int size = Default;

static void
expect(void)
{
	const char *name;

	name = threadgetname();
	if(name[0] == '\0')
		dprintf(1, "lib9thread: thread %d overflowed its stack of %d bytes\n", threadid(), size);
	else
		dprintf(1, "lib9thread: thread %d (%s) overflowed its stack of %d bytes\n", threadid(), name, size);
}

static __attribute__((noinline)) int
recurse(int n)
{
	volatile char frame[100];

	frame[n%100] = (char)n;
	if(!forever)
		return frame[0];
	return recurse(n+1) + frame[n%100];
}

static void
overflow(void *v)
{
	expect();
	recurse(0);
}

static void
named(void *v)
{
	threadsetname("%s", (char*)v);
	overflow(nil);
}

static void
start(void (*f)(void*), void *arg, unsigned int stacksize)
{
	threadcreate(f, arg, stacksize);
	threadyield();
}

static void
task(void)
{
	start(overflow, nil, 0);
}

static void
namedtask(void)
{
	start(named, (void*)(uintptr_t)"deep one", 0);
}

static void
proc(void)
{
	proccreate(overflow, nil, 0);
	threadsleep(Hour);
}

static void
makesone(void *v)
{
	threadcreate(named, (void*)(uintptr_t)"in a proc", 0);
}

static void
taskofproc(void)
{
	proccreate(makesone, nil, 0);
	threadsleep(Hour);
}

static void*
foreign(void *v)
{
	start(named, (void*)(uintptr_t)"of a foreign thread", 0);
	return nil;
}

static void
taskofforeign(void)
{
	pthread_t t;

	pthread_create(&t, nil, foreign, nil);
	pthread_join(t, nil);
}

/* 1 MiB and the guard do not fit into a slot of 1 MiB */
static void
large(void)
{
	size = 2*1024*1024 - 64*1024;
	start(overflow, nil, 1024*1024);
}

/* one frame that is larger than a page, and one that is larger than the guard */
static __attribute__((noinline)) int
hugeframe(int n)
{
	volatile char frame[300*1024];

	frame[n] = 1;
	return frame[0] + recurse(n);
}

static void
huge1(void *v)
{
	expect();
	hugeframe(0);
}

static void
huge(void)
{
	start(huge1, nil, 0);
}

/* in libc, whose frames nobody compiled for us */
static __attribute__((noinline)) int
printing(int n)
{
	char buf[64];

	if(!forever)
		return n;
	snprintf(buf, sizeof buf, "%d %.17g %s", n, n/3.0, "string");
	return printing(n+1) + buf[0];
}

static void
inprintf1(void *v)
{
	expect();
	printing(0);
}

static void
inprintf(void)
{
	start(inprintf1, nil, 0);
}

static int
sorter(const void *a, const void *b)
{
	int x[10] = {3, 1, 2};

	if(forever)
		qsort(x, 10, sizeof x[0], sorter);
	return *(const int*)a - *(const int*)b + x[0];
}

static void
inqsort1(void *v)
{
	expect();
	sorter(&size, &size);
}

static void
inqsort(void)
{
	start(inqsort1, nil, 0);
}

/* after many others have ended, on a stack that was used before */
static void
nop(void *v)
{
}

static void
used(void)
{
	int i;

	for(i = 0; i < 1000; i++){
		threadcreate(nop, nil, 0);
		threadyield();
	}
	start(named, (void*)(uintptr_t)"used", 0);
}

/*
 * No overflow: no line.
 */
/* a member of what nil points at; UBSan looks for nil itself, first */
static volatile uintptr_t member = 16;

static void
null1(void *v)
{
	*(volatile int*)member = 1;
}

static void
null(void)
{
	start(null1, nil, 0);
}

static void
nullmain(void)
{
	null1(nil);
}

static void
sent(void)
{
	kill(getpid(), SIGSEGV);
	threadsleep(Hour);
}

static void
sent1(void *v)
{
	raise(SIGSEGV);
}

static void
raised(void)
{
	start(sent1, nil, 0);
}

/*
 * A handler that was there first gets the fault afterwards, and may go on.
 */
static sigjmp_buf mended;
static volatile bool mend;

static void
mine(int sig, siginfo_t *si, void *v)
{
	if(mend)
		siglongjmp(mended, 1);
	(void)!write(2, "mine\n", 5);
	_exit(7);
}

/* the handler recovers from a few faults; an overflow is reported all the same */
static void
recovers1(void *v)
{
	volatile int i;

	mend = true;
	for(i = 0; i < 3; i++)
		if(sigsetjmp(mended, 1) == 0)
			null1(nil);
	mend = false;
	overflow(nil);
}

static void
recovers(void)
{
	start(recovers1, nil, 0);
}

static void
handler(void)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof sa);
	sa.sa_sigaction = mine;
	sa.sa_flags = SA_SIGINFO|SA_ONSTACK;
	sigaction(SIGSEGV, &sa, nil);
	sigaction(SIGBUS, &sa, nil);
}

typedef struct Case Case;
struct Case
{
	const char	*name;
	void	(*f)(void);
	bool	handled;
};

static Case cases[] = {
	{"task", task, false},
	{"named task", namedtask, false},
	{"proc", proc, false},
	{"task of a proc", taskofproc, false},
	{"task of a foreign thread", taskofforeign, false},
	{"large stack", large, false},
	{"huge frame", huge, false},
	{"in snprintf", inprintf, false},
	{"in qsort", inqsort, false},
	{"used stack", used, false},
	{"null", null, false},
	{"null in main", nullmain, false},
	{"sent", sent, false},
	{"raised", raised, false},
	{"handled", namedtask, true},
	{"handled null", null, true},
	{"handled after recovery", recovers, true},
};

static void
dies(void **state)
{
	static Child c;
	char want[8300];
	Case *k;

	k = *state;
	runself(&c, k->name);
	if((Tsan || Asan) && !k->handled){
		/* a report of its own follows */
		assert_memory_equal(c.err, c.out, strlen(c.out));
		if(c.out[0] == '\0')
			assert_null(strstr(c.err, "lib9thread: thread"));
		assert_true(!WIFEXITED(c.status) || WEXITSTATUS(c.status) != 0);
		return;
	}
	snprintf(want, sizeof want, "%s%s", c.out, k->handled? "mine\n": "");
	assert_string_equal(c.err, want);
	if(k->handled){
		assert_true(WIFEXITED(c.status));
		assert_int_equal(WEXITSTATUS(c.status), 7);
	}else{
		assert_true(WIFSIGNALED(c.status));
		assert_true(WTERMSIG(c.status) == SIGSEGV || WTERMSIG(c.status) == SIGBUS);
	}
}

static int
child(const char *name)
{
	int i;

	nocore();
	for(i = 0; i < nelem(cases); i++)
		if(strcmp(cases[i].name, name) == 0){
			if(cases[i].handled)
				handler();
			if(threadinit() < 0)
				return 2;
			cases[i].f();
		}
	dprintf(2, "%s: nothing happened\n", name);
	return 0;
}

int
main(int argc, char *argv[])
{
	struct CMUnitTest tests[nelem(cases)];
	int i;

	tself = argv[0];
	if(argc > 1)
		return child(argv[1]);
	for(i = 0; i < nelem(cases); i++)
		tests[i] = (struct CMUnitTest){cases[i].name, dies, nil, nil, &cases[i]};
	return cmocka_run_group_tests(tests, nil, nil);
}
