/*
 * Kill, join, groups, suspend, deadlines, cleanup, attributes.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib9thread.h"

static Channel *c, *done;
static char trace[64];

static void
setup(void)
{
	c = chancreate(sizeof(int), 0);
	done = chancreate(sizeof(int), CHANUNBOUNDED);
	assert_non_null(c);
	assert_non_null(done);
	trace[0] = '\0';
}

static void
teardown(void)
{
	chanfree(c);
	chanfree(done);
}

/* let the others of this proc run until they all wait */
static void
settle(void)
{
	while(threadyield() > 0)
		;
}

static void
checkerr(const char *want)
{
	char err[ERRMAX];

	rerrstr(err, sizeof err);
	assert_string_equal(err, want);
}

static void
note(void *v)
{
	strcat(trace, v);
}

static void
blockrecv(void *v)
{
	int x;

	threadcleanup(note, "a");
	threadcleanup(note, v);
	x = chanrecv(c, &x);
	chansend(done, &x);
	threadexits("not killed");
}

static void
test_kill_blocked(void **state)
{
	char status[ERRMAX];
	int id, x;

	(void)state;
	setup();
	id = threadcreate(blockrecv, "b", 0);
	settle();
	assert_int_equal(threadkill(id), 0);
	assert_int_equal(threadjoin(id, status, sizeof status), 0);
	assert_string_equal(status, "killed");
	assert_string_equal(trace, "ba");
	/* it takes no value with it */
	x = 1;
	assert_int_equal(p9nbsend(c, &x), 0);
	assert_int_equal(p9nbrecv(done, &x), 0);
	assert_int_equal(threadkill(id), -1);
	checkerr("no such thread");
	teardown();
}

static void
test_kill_unstarted(void **state)
{
	int id, x;

	(void)state;
	setup();
	id = threadcreate(blockrecv, "b", 0);
	assert_int_equal(threadkill(id), 0);
	settle();
	assert_string_equal(trace, "");
	assert_int_equal(p9nbrecv(done, &x), 0);
	assert_int_equal(threadkill(id), -1);
	teardown();
}

static void
test_kill_ready(void **state)
{
	int id, x;

	(void)state;
	setup();
	id = threadcreate(blockrecv, "b", 0);
	settle();
	x = 7;
	/* it has the value and is ready, but does not run on */
	assert_int_equal(chansend(c, &x), 1);
	assert_int_equal(threadkill(id), 0);
	settle();
	assert_int_equal(p9nbrecv(done, &x), 0);
	assert_string_equal(trace, "ba");
	teardown();
}

static void
killself(void *v)
{
	(void)v;
	threadkill(threadid());
	strcat(trace, "on ");
	threadyield();
	strcat(trace, "and on");
}

static void
test_kill_self(void **state)
{
	(void)state;
	setup();
	threadcreate(killself, NULL, 0);
	settle();
	assert_string_equal(trace, "on ");
	teardown();
}

static void
exiter(void *v)
{
	threadexits(v);
}

static void
test_join_status(void **state)
{
	Threadattr a = {.joinable = 1, .name = "joinee"};
	char status[ERRMAX];
	int id;

	(void)state;
	setup();
	/* live */
	id = threadcreate(exiter, "done well", 0);
	assert_int_equal(threadjoin(id, status, sizeof status), 0);
	assert_string_equal(status, "done well");
	/* ended: only a joinable one keeps it, once */
	id = threadcreate(exiter, "gone", 0);
	settle();
	assert_int_equal(threadjoin(id, status, sizeof status), -1);
	checkerr("no such thread");
	id = threadcreatex(&a, exiter, "kept");
	settle();
	assert_int_equal(threadjoin(id, status, sizeof status), 0);
	assert_string_equal(status, "kept");
	assert_int_equal(threadjoin(id, status, sizeof status), -1);
	/* from another proc */
	id = proccreatex(&a, exiter, "proc");
	assert_int_equal(threadjoin(id, status, 3), 0);
	assert_string_equal(status, "pr");
	assert_int_equal(threadjoin(threadid(), status, sizeof status), -1);
	teardown();
}

static void
member(void *v)
{
	int x;

	(void)v;
	x = chanrecv(c, &x);
	chansend(done, &x);
}

static void
test_groups(void **state)
{
	Threadattr a = {.group = 17};
	int i, x;

	(void)state;
	setup();
	assert_int_equal(threadgetgrp(), 0);
	for(i = 0; i < 10; i++)
		assert_true(threadcreatex(&a, member, NULL) > 0);
	assert_int_equal(threadsetgrp(17), 0);
	assert_true(threadcreate(member, NULL, 0) > 0);	/* inherits it */
	assert_int_equal(threadsetgrp(0), 17);
	settle();
	assert_int_equal(threadintgrp(17), 11);
	for(i = 0; i < 11; i++){
		assert_int_equal(chanrecv(done, &x), 1);
		assert_int_equal(x, -1);
	}
	for(i = 0; i < 10; i++)
		assert_true(proccreatex(&a, member, NULL) > 0);
	assert_true(threadkillgrp(17) <= 10);
	assert_int_equal(threadjoingrp(17), 0);
	assert_int_equal(threadintgrp(17), 0);
	teardown();
}

static void
counter(void *v)
{
	int *n;

	for(n = v; *n < 1000; ++*n)
		threadyield();
}

static void
test_suspend(void **state)
{
	Threadattr a = {.paused = 1};
	int id, n, i;

	(void)state;
	setup();
	n = 0;
	id = threadcreatex(&a, counter, &n);
	settle();
	assert_int_equal(n, 0);
	assert_int_equal(threadresume(id), 0);
	assert_int_equal(threadresume(id), -1);
	checkerr("not suspended");
	for(i = 0; i < 10; i++)
		threadyield();
	assert_true(n > 0);
	assert_int_equal(threadsuspend(id), 0);
	threadyield();
	i = n;
	settle();
	assert_int_equal(n, i);
	assert_int_equal(threadresume(id), 0);
	assert_int_equal(threadjoin(id, NULL, 0), 0);
	assert_int_equal(n, 1000);
	/* a suspended one can be killed */
	n = 0;
	id = threadcreatex(&a, counter, &n);
	assert_int_equal(threadkill(id), 0);
	settle();
	assert_int_equal(n, 0);
	assert_int_equal(threadresume(id), -1);
	teardown();
}

static void
stops(void *v)
{
	int *n;

	n = v;
	*n = 1;
	threadsuspend(threadid());
	*n = 2;
}

/* itself, until somebody else resumes or kills it */
static void
test_suspendself(void **state)
{
	int id, n;

	(void)state;
	setup();
	n = 0;
	id = threadcreatex(NULL, stops, &n);
	settle();
	assert_int_equal(n, 1);
	assert_int_equal(threadresume(id), 0);
	settle();
	assert_int_equal(n, 2);
	n = 0;
	id = threadcreate(stops, &n, 0);
	settle();
	assert_int_equal(n, 1);
	assert_int_equal(threadkill(id), 0);
	settle();
	assert_int_equal(n, 1);
	assert_int_equal(threadresume(id), -1);
	checkerr("no such thread");
	teardown();
}

/* they run out, and come back */
static void
test_privkeys(void **state)
{
	int key[1000], i, n;

	(void)state;
	setup();
	for(n = 0; n < 1000 && (key[n] = tprivalloc(NULL)) >= 0; n++)
		;
	assert_true(n > 0 && n < 1000);
	assert_int_equal(errno, EAGAIN);
	checkerr("no more keys");
	tprivfree(key[n/2]);
	assert_int_equal(tprivalloc(NULL), key[n/2]);
	for(i = 0; i < n; i++)
		tprivfree(key[i]);
	teardown();
}

static void
test_deadline(void **state)
{
	Alt a[] = {{NULL, NULL, CHANRCV, NULL}, {NULL, NULL, CHANEND, NULL}};
	Ioproc *io;
	int64_t old, t;
	int x;

	(void)state;
	setup();
	a[0].c = c;
	t = threadnow() + 2*Millisecond;
	old = threaddeadline(t);
	assert_true(old == INT64_MAX);
	assert_int_equal(chanrecv(c, &x), -1);
	checkerr("deadline");
	assert_int_equal(errno, ETIMEDOUT);
	assert_true(threadnow() >= t);
	assert_int_equal(chanalt(a), -1);
	checkerr("deadline");
	assert_int_equal(threadsleep(Second), -1);
	io = ioproc();
	assert_int_equal(iosleep(io, 1000), -1);
	checkerr("deadline");
	/* what can proceed does */
	x = 5;
	assert_int_equal(chansend(done, &x), 1);
	assert_int_equal(chanrecv(done, &x), 1);
	/* an inner one never extends it */
	assert_true(threaddeadline(INT64_MAX) == t);
	assert_int_equal(chanrecv(c, &x), -1);
	threadundeadline(INT64_MAX);
	assert_int_equal(threadsleep(Microsecond), 0);
	t = threadnow() + 2*Millisecond;
	threaddeadline(t);
	assert_int_equal(iosleep(io, 10000), -1);
	checkerr("deadline");
	threadundeadline(old);
	assert_int_equal(iosleep(io, 1), 0);
	closeioproc(io);
	teardown();
}

static void
wheremain(void *v)
{
	int *id;

	id = v;
	*id = *(int*)procdata();
	threadexits("there");
}

static void
host(void *v)
{
	int x;

	*(int*)procdata() = 42;
	chansend(done, v);
	chanrecv(c, &x);
}

static void
test_elsewhere(void **state)
{
	Threadattr a = {.joinable = 1};
	char status[ERRMAX];
	int i, x, where, id;

	(void)state;
	setup();
	x = 0;
	a.proc = proccreate(host, &x, 0);
	assert_true(a.proc > 0);
	chanrecv(done, &x);
	for(i = 0; i < 1000; i++){
		where = 0;
		id = threadcreatex(&a, wheremain, &where);
		assert_true(id > 0);
		assert_int_equal(threadjoin(id, status, sizeof status), 0);
		assert_string_equal(status, "there");
		assert_int_equal(where, 42);
	}
	chansend(c, &x);
	while(threadjoin(a.proc, NULL, 0) == 0)
		;
	assert_int_equal(threadcreatex(&a, wheremain, &where), -1);
	checkerr("no such thread");
	teardown();
}

/* several procs make threads in one at once */
enum {
	Nmaker	= 4,
	Nmade	= 2000,
};

static int nmade;	/* all run in one proc */

static void
made(void *v)
{
	nmade++;
	if(nmade == Nmaker*Nmade)
		chansend(done, &nmade);
}

static void
maker(void *v)
{
	Threadattr a = {.proc = *(int*)v};
	int i;

	for(i = 0; i < Nmade; i++)
		if(threadcreatex(&a, made, NULL) < 0)
			threadexits("not made");
}

static void
test_elsewheremany(void **state)
{
	Threadattr a = {.joinable = 1};
	char status[ERRMAX];
	int i, x, peer, id[Nmaker];

	(void)state;
	setup();
	nmade = 0;
	peer = proccreate(host, &x, 0);
	assert_true(peer > 0);
	chanrecv(done, &x);
	for(i = 0; i < Nmaker; i++){
		id[i] = proccreatex(&a, maker, &peer);
		assert_true(id[i] > 0);
	}
	for(i = 0; i < Nmaker; i++){
		assert_int_equal(threadjoin(id[i], status, sizeof status), 0);
		assert_string_equal(status, "");
	}
	chanrecv(done, &x);
	assert_int_equal(x, Nmaker*Nmade);
	chansend(c, &x);
	teardown();
}

static int nended;

static void
privend(void *v)
{
	nended += *(int*)v;
}

static void
privuser(void *v)
{
	static int one = 1;
	int key;

	key = *(int*)v;
	if(*tprivaddr(key) != NULL)
		threadexits("not fresh");
	*tprivaddr(key) = &one;
	threadyield();
	if(*tprivaddr(key) != &one)
		threadexits("lost");
}

static void
test_tpriv(void **state)
{
	char status[ERRMAX];
	int key, i, id;

	(void)state;
	setup();
	key = tprivalloc(privend);
	assert_true(key >= 0);
	nended = 0;
	for(i = 0; i < 5; i++){
		id = threadcreate(privuser, &key, 0);
		assert_int_equal(threadjoin(id, status, sizeof status), 0);
		assert_string_equal(status, "");
	}
	assert_int_equal(nended, 5);
	*tprivaddr(key) = &nended;
	tprivfree(key);
	i = tprivalloc(NULL);
	assert_int_equal(i, key);
	assert_null(*tprivaddr(key));
	tprivfree(key);
	teardown();
}

static void
byprio(void *v)
{
	strcat(trace, v);
}

static void
spinner(void *v)
{
	int *stop;

	stop = v;
	while(!*stop)
		threadyield();
}

static void
stopper(void *v)
{
	*(int*)v = 1;
}

static void
test_prio(void **state)
{
	Threadattr low = {.priority = 1}, high = {.priority = 4}, mid = {.priority = 3};
	int stop;

	(void)state;
	setup();
	assert_int_equal(threadgetprio(), 2);
	threadcreatex(&low, byprio, "l");
	threadcreatex(&mid, byprio, "m");
	threadcreatex(&high, byprio, "h");
	/* who yields lets those of its own priority and above run */
	assert_int_equal(threadsetprio(1), 2);
	settle();
	assert_string_equal(trace, "hml");
	/* low ones still run beside one that is always ready */
	stop = 0;
	threadcreatex(&high, spinner, &stop);
	threadcreatex(&low, stopper, &stop);
	settle();
	assert_int_equal(stop, 1);
	threadsetprio(2);
	teardown();
}

static void
endswith(void *v)
{
	int x;

	chanrecv(c, &x);
	threadexits(v);
}

static void
joiner(void *v)
{
	char status[ERRMAX];
	int x;

	x = threadjoin(*(int*)v, status, sizeof status) == 0 && strcmp(status, "later") == 0;
	chansend(done, &x);
}

static int
notthere(int id)
{
	char err[ERRMAX];

	if(threadjoin(id, NULL, 0) == 0)
		return 0;
	rerrstr(err, sizeof err);
	return strcmp(err, "no such thread") == 0;
}

static void
test_detach(void **state)
{
	Threadattr a = {.joinable = 1};
	int id, x;

	(void)state;
	setup();
	/* ended */
	x = 0;
	id = threadcreatex(&a, endswith, "later");
	settle();
	chansend(c, &x);
	settle();
	assert_int_equal(threaddetach(id), 0);
	assert_true(notthere(id));
	assert_int_equal(threaddetach(id), -1);
	checkerr("no such thread");
	/* live; and once more */
	id = threadcreatex(&a, endswith, "later");
	settle();
	assert_int_equal(threaddetach(id), 0);
	assert_int_equal(threaddetach(id), 0);
	chansend(c, &x);
	settle();
	assert_true(notthere(id));
	/* not yet run, and killed */
	id = threadcreatex(&a, endswith, "later");
	assert_int_equal(threaddetach(id), 0);
	threadkill(id);
	settle();
	assert_true(notthere(id));
	/* who waits already is told */
	id = threadcreatex(&a, endswith, "later");
	threadcreate(joiner, &id, 0);
	settle();
	assert_int_equal(threaddetach(id), 0);
	chansend(c, &x);
	settle();
	assert_int_equal(p9nbrecv(done, &x), 1);
	assert_int_equal(x, 1);
	assert_true(notthere(id));
	/* one that keeps nothing anyway */
	id = threadcreate(endswith, "later", 0);
	settle();
	assert_int_equal(threaddetach(id), 0);
	chansend(c, &x);
	settle();
	assert_int_equal(threaddetach(id), -1);
	checkerr("no such thread");
	teardown();
}

static void
endsatonce(void *v)
{
	threadexits(v);
}

/* while it ends, in another proc: whichever is first, nothing is left */
static void
test_detachrace(void **state)
{
	Threadattr a = {.joinable = 1};
	int i, id;

	(void)state;
	for(i = 0; i < 2000; i++){
		id = proccreatex(&a, endsatonce, "x");
		assert_true(id > 0);
		if(i%2 == 0)
			threadyield();
		assert_int_equal(threaddetach(id), 0);
		while(threadint(id) == 0)
			threadsleep(10*Microsecond);
		/* its end looks for the detaching after its id has gone */
		assert_int_equal(threadjoingrp(threadgetgrp()), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kill_blocked),
		cmocka_unit_test(test_kill_unstarted),
		cmocka_unit_test(test_kill_ready),
		cmocka_unit_test(test_kill_self),
		cmocka_unit_test(test_join_status),
		cmocka_unit_test(test_detach),
		cmocka_unit_test(test_detachrace),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_suspend),
		cmocka_unit_test(test_suspendself),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_elsewhere),
		cmocka_unit_test(test_elsewheremany),
		cmocka_unit_test(test_tpriv),
		cmocka_unit_test(test_privkeys),
		cmocka_unit_test(test_prio),
	};

	if(threadinit() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
