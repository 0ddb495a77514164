/*
 * Memory and OS threads run out: every call says so with -1 or nil and an
 * error string, what exists goes on, and what is freed can be had again.
 *
 * The address space of this process is limited before anything else.
 */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib9thread.h"

enum {
	Space = 2000,		/* MiB beyond what is in use at the start */
	Most = 1700,		/* MiB of it */
	Big = 64*1024*1024,	/* a stack: a few of them fill the space */
	Max = 4096,
};

static Channel *go, *done;

static void
waiter(void *v)
{
	chanrecv(go, NULL);
	chansendp(done, v);
}

static void
checkerr(const char *want)
{
	char err[ERRMAX];

	rerrstr(err, sizeof err);
	assert_string_equal(err, want);
}

/* let n waiters go; they end */
static void
release(int n)
{
	int i;

	for(i = 0; i < n; i++)
		assert_int_equal(chansend(go, NULL), 1);
	for(i = 0; i < n; i++)
		chanrecvp(done);
	/* they run once more, to end */
	while(threadyield() > 0)
		;
}

static int
fill(int (*create)(void(*)(void*), void*, unsigned int), unsigned int stack)
{
	int n;

	for(n = 0; n < Max; n++)
		if(create(waiter, NULL, stack) < 0)
			return n;
	return n;
}

static void
test_tasks(void **state)
{
	int first, again;

	(void)state;
	first = fill(threadcreate, Big);
	assert_in_range(first, 1, Max-1);
	checkerr("out of memory");
	assert_int_equal(errno, ENOMEM);
	release(first);
	/* the stacks are used again */
	again = fill(threadcreate, Big);
	assert_int_equal(again, first);
	release(again);
}

static void
test_procs(void **state)
{
	int n;

	(void)state;
	/* the tasks' stacks are there already: what runs out is the OS threads' */
	n = fill(proccreate, 0);
	assert_in_range(n, 1, Max-1);
	assert_true(errno == ENOMEM || errno == EAGAIN);
	release(n);
}

static _Atomic bool enough;

enum {
	Group = 7,
	Nrefused = 4000,
};

static void
joiner(void *v)
{
	while(!enough)
		threadjoingrp(Group);
	chansendp(done, v);
}

/* a thread that was begun, and found by its group, does not come into being: who joined it goes on */
static void
test_joined(void **state)
{
	Threadattr a = {.group = Group, .joinable = 1};
	int n, nrefused, id;

	(void)state;
	/* OS threads of the last test may still be there */
	while(proccreate(joiner, NULL, 0) < 0)
		threadsleep(Millisecond);
	n = fill(proccreate, 0);
	assert_in_range(n, 1, Max-1);
	for(nrefused = 0; nrefused < Nrefused;){
		a.paused = nrefused%2;
		id = proccreatex(&a, waiter, NULL);
		if(id < 0){
			nrefused++;
			continue;
		}
		/* OS threads of the last test have gone just now */
		n++;
		if(a.paused)
			assert_int_equal(threadresume(id), 0);
		assert_int_equal(threaddetach(id), 0);
	}
	enough = true;
	/* the joiner has its turn with the last of them */
	release(n);
	chanrecvp(done);
}

static void
test_channels(void **state)
{
	Channel *c;

	(void)state;
	errno = 0;
	c = chancreate(1024*1024, 1024*1024);
	assert_null(c);
	checkerr("out of memory");
	assert_int_equal(errno, ENOMEM);
}

/* for who writes to all that he gets: that takes long */
static void*
takemost(void)
{
	void *p;

	p = mmap(NULL, (size_t)Most<<20, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);
	assert_true(p != MAP_FAILED);
	return p;
}

/* an unbounded channel that cannot grow refuses, and keeps what it has */
static void
test_unbounded(void **state)
{
	static char big[8*1024*1024];
	Channel *c;
	void *taken;
	int n, i, r;

	(void)state;
	taken = takemost();
	c = chancreate(sizeof big, CHANUNBOUNDED);
	assert_non_null(c);
	for(n = 0; n < Max; n++){
		memset(big, n & 0xff, 1);
		big[sizeof big - 1] = (char)n;
		r = chansend(c, big);
		if(r != 1)
			break;
	}
	assert_int_equal(r, -1);
	checkerr("out of memory");
	assert_true(n > 0);
	for(i = 0; i < n; i++){
		assert_int_equal(chanrecv(c, big), 1);
		assert_int_equal((unsigned char)big[0], i & 0xff);
		assert_int_equal(big[sizeof big - 1], (char)i);
	}
	assert_int_equal(p9nbrecv(c, big), 0);
	chanfree(c);
	munmap(taken, (size_t)Most<<20);
}

static void
test_ioprocs(void **state)
{
	static Ioproc *io[Max];
	int n, i;

	(void)state;
	for(n = 0; n < Max; n++)
		if((io[n] = ioproc()) == NULL)
			break;
	assert_in_range(n, 1, Max-1);
	assert_true(errno == ENOMEM || errno == EAGAIN);
	assert_int_equal(iosleep(io[0], 0), 0);
	for(i = 0; i < n; i++)
		closeioproc(io[i]);
	/* their OS threads are used again */
	io[0] = ioproc();
	assert_non_null(io[0]);
	assert_int_equal(iosleep(io[0], 1), 0);
	closeioproc(io[0]);
}

/* bytes of address space in use */
static size_t
inuse(void)
{
	unsigned long pages;
	FILE *f;

	f = fopen("/proc/self/statm", "r");
	if(f == NULL || fscanf(f, "%lu", &pages) != 1)
		return 0;
	fclose(f);
	return pages*(size_t)sysconf(_SC_PAGESIZE);
}

/*
 * Programs are started without copying this one's memory, so little is
 * needed; where there is none at all, the call says so.
 */
typedef struct Piece Piece;
struct Piece
{
	Piece	*next;
};

static Piece*
eat(Piece *all, size_t size)
{
	Piece *p;

	while((p = malloc(size)) != NULL){
		p->next = all;
		all = p;
	}
	return all;
}

static int
starttrue(void)
{
	return threadspawnl(NULL, "true", "true", NULL);
}

static void
waittrue(int pid)
{
	Waitmsg *m;

	assert_true(pid > 0);
	m = procwait(pid);
	assert_non_null(m);
	assert_string_equal(m->msg, "");
	free(m);
}

static void
test_spawn(void **state)
{
	Piece *all, *p;
	void *taken;
	int i, pid;

	(void)state;
	taken = takemost();
	waittrue(starttrue());
	all = eat(NULL, 1<<20);
	assert_non_null(all);
	p = all;
	all = p->next;
	free(p);
	for(i = 0; i < 20; i++)
		waittrue(starttrue());
	all = eat(all, 4096);
	all = eat(all, sizeof *p);
	for(i = 0; i < 20; i++){
		pid = starttrue();
		if(pid > 0)
			waittrue(pid);
		else{
			assert_int_equal(errno, ENOMEM);
			checkerr("out of memory");
		}
	}
	while((p = all) != NULL){
		all = p->next;
		free(p);
	}
	waittrue(starttrue());
	munmap(taken, (size_t)Most<<20);
}

/* a number that is no descriptor needs no memory, however large it is */
static void
test_badfd(void **state)
{
	Alt a[] = {{.v = (void*)(intptr_t)INT_MAX, .op = CHANFDIN}, {.op = CHANEND}};

	(void)state;
	assert_int_equal(p9alt(a), 0);
	assert_string_equal(a[0].err, "bad descriptor");
	assert_int_equal(ioread(NULL, INT_MAX, NULL, 0), -1);
	assert_int_equal(errno, EBADF);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		/* in this order: address space that stacks have had stays theirs */
		cmocka_unit_test(test_badfd),
		cmocka_unit_test(test_channels),
		cmocka_unit_test(test_unbounded),
		cmocka_unit_test(test_spawn),
		cmocka_unit_test(test_tasks),
		cmocka_unit_test(test_procs),
		cmocka_unit_test(test_joined),
		cmocka_unit_test(test_ioprocs),
	};
	struct rlimit r;
	size_t n;

	if(threadinit() < 0)
		return 1;
	go = chancreate(sizeof(int), 0);
	done = chancreate(sizeof(void*), 0);
	n = inuse();
	r.rlim_cur = r.rlim_max = n + (size_t)Space*1024*1024;
	if(n == 0 || setrlimit(RLIMIT_AS, &r) < 0)
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
