/*
 * QLock, Lock, RWLock, Rendez, Sema, Waitgroup, Barrier: what each promises,
 * alone, and among procs with random kills, interrupts and deadlines.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib9thread.h"

static Channel *done;
static char trace[256];

static void
setup(void)
{
	done = chancreate(sizeof(void*), CHANUNBOUNDED);
	assert_non_null(done);
	trace[0] = '\0';
}

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

static int
start(void (*f)(void*), void *arg)
{
	int id;

	id = threadcreate(f, arg, 0);
	assert_true(id > 0);
	return id;
}

static QLock ql;
static RWLock rw;
static Rendez rz = {.l = &ql};

static void
locker(void *v)
{
	qlock(&ql);
	strcat(trace, v);
	threadyield();
	qunlock(&ql);
}

static void
test_qlock(void **state)
{
	int b;

	(void)state;
	setup();
	assert_int_equal(canqlock(&ql), 1);
	assert_int_equal(canqlock(&ql), 0);
	start(locker, "a");
	b = start(locker, "b");
	start(locker, "c");
	settle();
	assert_string_equal(trace, "");
	/* an interrupt does not end a plain wait, a kill does and leaves no corpse */
	assert_int_equal(threadint(b), 0);
	settle();
	assert_int_equal(threadkill(b), 0);
	settle();
	qunlock(&ql);
	settle();
	assert_string_equal(trace, "ac");
	assert_int_equal(canqlock(&ql), 1);
	assert_int_equal(qlockuntil(&ql, threadnow() + Millisecond), -1);
	checkerr("deadline");
	threadint(threadid());
	assert_int_equal(qlockuntil(&ql, INT64_MAX), -1);
	checkerr("interrupted");
	qunlock(&ql);
	assert_int_equal(qlockuntil(&ql, 0), 0);
	qunlock(&ql);
	chanfree(done);
}

static Lock lk;

static void
lklocker(void *v)
{
	p9lock(&lk);
	strcat(trace, v);
	p9unlock(&lk);
}

static void
test_lock(void **state)
{
	(void)state;
	setup();
	assert_int_equal(p9canlock(&lk), 1);
	assert_int_equal(p9canlock(&lk), 0);
	start(lklocker, "a");
	start(lklocker, "b");
	settle();
	assert_string_equal(trace, "");
	p9unlock(&lk);
	settle();
	assert_string_equal(trace, "ab");
	assert_int_equal(p9canlock(&lk), 1);
	p9unlock(&lk);
	chanfree(done);
}

/* killed after the lock was handed to it, before it ran */
static void
test_handed(void **state)
{
	int id;

	(void)state;
	setup();
	qlock(&ql);
	id = start(locker, "x");
	settle();
	qunlock(&ql);
	assert_int_equal(threadkill(id), 0);
	settle();
	assert_string_equal(trace, "");
	assert_int_equal(canqlock(&ql), 1);
	qunlock(&ql);
	chanfree(done);
}

static void
reader(void *v)
{
	rlock(&rw);
	strcat(trace, v);
	threadyield();
	runlock(&rw);
}

static void
writer(void *v)
{
	wlock(&rw);
	strcat(trace, v);
	threadyield();
	wunlock(&rw);
}

static void
test_rwlock(void **state)
{
	int w;

	(void)state;
	setup();
	rlock(&rw);
	assert_int_equal(canrlock(&rw), 1);
	runlock(&rw);
	assert_int_equal(canwlock(&rw), 0);
	start(writer, "W");
	settle();
	/* readers do not overtake a writer that waits */
	assert_int_equal(canrlock(&rw), 0);
	start(reader, "r");
	start(reader, "r");
	start(writer, "V");
	settle();
	assert_string_equal(trace, "");
	runlock(&rw);
	settle();
	assert_string_equal(trace, "WrrV");
	/* a writer that goes away lets the readers behind it in */
	rlock(&rw);
	w = start(writer, "!");
	start(reader, "s");
	settle();
	threadkill(w);
	settle();
	assert_string_equal(trace, "WrrVs");
	assert_int_equal(wlockuntil(&rw, threadnow() + Millisecond), -1);
	checkerr("deadline");
	runlock(&rw);
	wlock(&rw);
	assert_int_equal(rlockuntil(&rw, threadnow() + Millisecond), -1);
	wunlock(&rw);
	assert_int_equal(canwlock(&rw), 1);
	wunlock(&rw);
	chanfree(done);
}

static void
sleeper(void *v)
{
	qlock(&ql);
	rsleep(&rz);
	strcat(trace, v);
	qunlock(&ql);
}

static void
test_rendez(void **state)
{
	int b;

	(void)state;
	setup();
	start(sleeper, "a");
	b = start(sleeper, "b");
	start(sleeper, "c");
	start(sleeper, "d");
	settle();
	qlock(&ql);
	threadkill(b);
	settle();
	assert_int_equal(rwakeup(&rz), 1);
	settle();
	assert_string_equal(trace, "");
	qunlock(&ql);
	settle();
	assert_string_equal(trace, "a");
	qlock(&ql);
	assert_int_equal(rwakeupall(&rz), 2);
	assert_int_equal(rwakeup(&rz), 0);
	qunlock(&ql);
	settle();
	assert_string_equal(trace, "acd");
	qlock(&ql);
	assert_int_equal(rsleepuntil(&rz, threadnow() + Millisecond), -1);
	checkerr("deadline");
	assert_int_equal(canqlock(&ql), 0);
	qunlock(&ql);
	/* a wake-up for one that is then killed goes to the next */
	b = start(sleeper, "x");
	start(sleeper, "y");
	settle();
	qlock(&ql);
	assert_int_equal(rwakeup(&rz), 1);
	threadkill(b);
	settle();
	qunlock(&ql);
	settle();
	assert_string_equal(trace, "acdy");
	chanfree(done);
}

static Sema sem;
static Waitgroup wg;
static Barrier bar;

static void
acquirer(void *v)
{
	if(semacquire(&sem) == 0)
		strcat(trace, v);
	else
		strcat(trace, "-");
}

static void
waiter(void *v)
{
	if(wgwait(&wg) == 0)
		strcat(trace, v);
	else
		strcat(trace, "-");
}

static void
comer(void *v)
{
	switch(barrierwait(&bar, 3)){
	case 1:
		strcat(trace, "!");
		break;
	case 0:
		strcat(trace, v);
		break;
	default:
		strcat(trace, "-");
	}
}

static void
test_counting(void **state)
{
	int id;

	(void)state;
	setup();
	assert_int_equal(cansemacquire(&sem), 0);
	semrelease(&sem, 2);
	assert_int_equal(semacquire(&sem), 0);
	assert_int_equal(cansemacquire(&sem), 1);
	start(acquirer, "a");
	id = start(acquirer, "b");
	start(acquirer, "c");
	settle();
	threadint(id);
	settle();
	assert_string_equal(trace, "-");
	semrelease(&sem, 3);
	settle();
	assert_string_equal(trace, "-ac");
	assert_int_equal(semacquire(&sem), 0);
	assert_int_equal(cansemacquire(&sem), 0);
	/* killed when it had been handed over: goes to the next */
	id = start(acquirer, "x");
	start(acquirer, "y");
	settle();
	semrelease(&sem, 1);
	threadkill(id);
	settle();
	assert_string_equal(trace, "-acy");

	trace[0] = '\0';
	assert_int_equal(wgwait(&wg), 0);
	wgadd(&wg, 2);
	start(waiter, "a");
	id = start(waiter, "b");
	settle();
	wgdone(&wg);
	threadint(id);
	settle();
	assert_string_equal(trace, "-");
	wgdone(&wg);
	settle();
	assert_string_equal(trace, "-a");

	trace[0] = '\0';
	start(comer, "a");
	id = start(comer, "b");
	settle();
	threadint(id);
	settle();
	assert_string_equal(trace, "-");
	start(comer, "c");
	settle();
	assert_string_equal(trace, "-");
	start(comer, "d");
	settle();
	assert_int_equal(strlen(trace), 4);
	assert_non_null(strchr(trace, '!'));
	chanfree(done);
}

/*
 * The storm: procs that lock in every form, while others interrupt and kill
 * them.  The data that the locks guard is plain, so that a race checker sees
 * it too.
 */
enum {
	Nproc = 4,
	Ntask = 4,
	Nkill = 200,
	Nkilled	= 5000,
};

static long nop;
static int inside, readers, writing;		/* ql; rw (readers by themselves: atomic) */
static long shared, sharedrw;
static uint32_t seed;
static _Atomic int stop;
static _Atomic long total;

static uint32_t
nrand(uint32_t *s)
{
	*s = *s*1664525u + 1013904223u;
	return *s>>8;
}

static void
critical(void)
{
	if(inside++ != 0)
		abort();
	shared++;
	if(shared % 7 == 0)
		threadyield();
	if(--inside != 0)
		abort();
}

static void
unlockql(void *v)
{
	(void)v;
	inside = 0;
	qunlock(&ql);
}

static void
unlockw(void *v)
{
	(void)v;
	writing = 0;
	wunlock(&rw);
}

static void
unlockr(void *v)
{
	(void)v;
	__atomic_sub_fetch(&readers, 1, __ATOMIC_RELAXED);
	runlock(&rw);
}

static void
writerpart(void)
{
	threadcleanup(unlockw, NULL);
	if(writing++ != 0 || __atomic_load_n(&readers, __ATOMIC_RELAXED) != 0)
		abort();
	sharedrw++;
	if(sharedrw % 5 == 0)
		threadyield();
	threaduncleanup(1);
}

static void
readerpart(void)
{
	__atomic_add_fetch(&readers, 1, __ATOMIC_RELAXED);
	threadcleanup(unlockr, NULL);
	if(writing != 0)
		abort();
	threadyield();
	threaduncleanup(1);
}

static void
storm(void *v)
{
	uint32_t s;
	long i;

	s = (uint32_t)(uintptr_t)v;
	for(i = 0; i < nop && !stop; i++){
		total++;
		switch(nrand(&s) % 8){
		case 0: case 1:
			qlock(&ql);
			threadcleanup(unlockql, NULL);
			critical();
			threaduncleanup(1);
			break;
		case 2:
			if(qlockuntil(&ql, threadnow() + nrand(&s)%20*Microsecond) == 0){
				threadcleanup(unlockql, NULL);
				critical();
				threaduncleanup(1);
			}
			break;
		case 3:
			qlock(&ql);
			threadcleanup(unlockql, NULL);
			rwakeup(&rz);
			critical();
			threaduncleanup(1);
			break;
		case 4:
			qlock(&ql);
			rsleepuntil(&rz, threadnow() + nrand(&s)%50*Microsecond);
			threadcleanup(unlockql, NULL);
			critical();
			threaduncleanup(1);
			break;
		case 5:
			wlock(&rw);
			writerpart();
			break;
		case 6:
			rlock(&rw);
			readerpart();
			break;
		case 7:
			if(nrand(&s)%2 == 0){
				if(wlockuntil(&rw, threadnow() + nrand(&s)%20*Microsecond) == 0)
					writerpart();
			}else if(rlockuntil(&rw, threadnow() + nrand(&s)%20*Microsecond) == 0)
				readerpart();
			break;
		}
	}
}

static int ids[Nproc*Ntask];

static void
stormproc(void *v)
{
	int i, base;

	base = (int)(intptr_t)v;
	for(i = 0; i < Ntask; i++)
		ids[base+i] = threadcreate(storm, (void*)(uintptr_t)(seed + (uint32_t)(base+i)*7919), 0);
	chansendp(done, NULL);
}

static void
test_storm(void **state)
{
	uint32_t s;
	int i, round, grp;

	(void)state;
	setup();
	s = seed;
	grp = 99;
	threadsetgrp(grp);
	for(round = 0; round < 3; round++){
		stop = 0;
		for(i = 0; i < Nproc; i++)
			assert_true(proccreate(stormproc, (void*)(intptr_t)(i*Ntask), 0) > 0);
		for(i = 0; i < Nproc; i++)
			chanrecvp(done);
		for(i = 0; i < Nkill; i++){
			if(nrand(&s)%8 != 0)
				threadint(ids[nrand(&s)%(Nproc*Ntask)]);
			else
				threadkill(ids[nrand(&s)%(Nproc*Ntask)]);
			threadsleep(nrand(&s)%100*Microsecond);
			if(i % 3 == 0)
				/* the killed are made up for */
				threadcreate(storm, (void*)(uintptr_t)nrand(&s), 0);
		}
		stop = 1;
		assert_int_equal(threadjoingrp(grp), 0);
		assert_int_equal(canqlock(&ql), 1);
		qunlock(&ql);
		assert_int_equal(canwlock(&rw), 1);
		wunlock(&rw);
	}
	threadsetgrp(0);
	printf("%ld operations, %ld and %ld inside\n", (long)total, shared, sharedrw);
	chanfree(done);
}

/*
 * rsleepuntil whose time is past returns at once with the lock, or, killed,
 * ends without: never the one with the other.
 */
static void
shortsleeper(void *v)
{
	(void)v;
	for(;;){
		qlock(&ql);
		rsleepuntil(&rz, 0);
		threadcleanup(unlockql, NULL);
		threadyield();
		threaduncleanup(1);
	}
}

static void
stay(void *v)
{
	chanrecvp(v);
}

static void
test_killed(void **state)
{
	Threadattr a = {.joinable = 1};
	int i, id, there;
	int64_t until;
	uint32_t s;

	(void)state;
	setup();
	s = seed;
	there = proccreate(stay, done, 0);
	assert_true(there > 0);
	a.proc = there;
	for(i = 0; i < Nkilled; i++){
		id = threadcreatex(&a, shortsleeper, NULL);
		assert_true(id > 0);
		until = threadnow() + 20*Microsecond + nrand(&s)%3000;
		while(threadnow() < until)
			;
		assert_int_equal(threadkill(id), 0);
		assert_int_equal(threadjoin(id, NULL, 0), 0);
		assert_int_equal(canqlock(&ql), 1);
		qunlock(&ql);
	}
	assert_int_equal(chansendp(done, NULL), 1);
	chanfree(done);
}

int
main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_qlock),
		cmocka_unit_test(test_lock),
		cmocka_unit_test(test_handed),
		cmocka_unit_test(test_rwlock),
		cmocka_unit_test(test_rendez),
		cmocka_unit_test(test_counting),
		cmocka_unit_test(test_storm),
		cmocka_unit_test(test_killed),
	};
	char *e;

	e = getenv("L9SEED");
	seed = argc > 1? (uint32_t)atol(argv[1]): e != NULL? (uint32_t)atol(e): (uint32_t)threadnow();
	printf("seed %u\n", seed);
	nop = 1000000;
	if(threadinit() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
