/*
 * threadnow, threadsleep, threadsleepuntil.
 */
#include <pthread.h>
#include <sched.h>
#include <sys/time.h>

#include "tools.h"

/* the clock */

static void
test_clock(void **state)
{
	struct timespec ts;
	int64_t t, last, sys;
	int i;

	last = 0;
	for(i = 0; i < 1000; i++){
		t = threadnow();
		clock_gettime(CLOCK_MONOTONIC, &ts);
		sys = ts.tv_sec*Second + ts.tv_nsec;
		assert_true(t >= last);
		assert_true(sys >= t);
		last = sys;
	}
}

/* order */

typedef struct Sleeper Sleeper;
struct Sleeper
{
	int64_t	when;
	int64_t	woke;
	int	ret;
	int	rank;		/* the how manieth to wake */
	int	*nwoken;	/* one proc's */
	Channel	*done;
};

static void
sleeper(void *v)
{
	Sleeper *s;

	s = v;
	s->ret = threadsleepuntil(s->when);
	s->woke = threadnow();
	if(s->nwoken != nil)
		s->rank = (*s->nwoken)++;
	chansend(s->done, nil);
}

enum {
	Nsleeper = 300,
};

/* in one proc they wake in the order of their times, however they began */
static void
test_order(void **state)
{
	Sleeper s[Nsleeper];
	Channel *done;
	int64_t base, began;
	int i, k, nwoken;

	done = mkchan(1, Nsleeper);
	nwoken = 0;
	base = threadnow();
	for(i = 0; i < Nsleeper; i++){
		k = i*77 % Nsleeper;	/* 77 and Nsleeper have no divisor in common */
		s[k] = (Sleeper){.when = base + 20*Millisecond + k*(Millisecond/10), .nwoken = &nwoken, .done = done};
		assert_true(threadcreate(sleeper, &s[k], 0) > 0);
	}
	threadyield();
	began = threadnow();
	for(i = 0; i < Nsleeper; i++)
		mustrecv(done, nil);
	for(i = 0; i < Nsleeper; i++){
		assert_int_equal(s[i].ret, 0);
		assert_true(s[i].woke >= s[i].when);
	}
	/* on a busy machine the first may have been due before all slept: no order among those */
	for(i = 1; i < Nsleeper; i++)
		if(s[i-1].when > began && s[i].rank < s[i-1].rank)
			fail_msg("%d woke before %d", i, i-1);
	chanfree(done);
}

/* spans */

static void
test_never_early(void **state)
{
	static const int64_t spans[] = {
		1, 999, Microsecond, 10*Microsecond, 100*Microsecond, Millisecond, 3*Millisecond, 30*Millisecond,
	};
	int64_t t;
	int i, k;

	for(k = 0; k < 5; k++)
		for(i = 0; i < nelem(spans); i++){
			t = threadnow();
			assert_int_equal(threadsleep(spans[i]), 0);
			assert_true(threadnow() - t >= spans[i]);
			t = threadnow() + spans[i];
			assert_int_equal(threadsleepuntil(t), 0);
			assert_true(threadnow() >= t);
		}
}

static void
count(void *v)
{
	++*(int*)v;
}

/* no more than a threadyield: others run, an interrupt stays remembered */
static void
test_past(void **state)
{
	static const int64_t spans[] = {0, -1, -Second, INT64_MIN};
	static const int64_t times[] = {0, 1, -1, INT64_MIN};
	int i, n;

	n = 0;
	for(i = 0; i < nelem(spans); i++){
		assert_true(threadcreate(count, &n, 0) > 0);
		assert_int_equal(threadsleep(spans[i]), 0);
		assert_int_equal(n, 2*i + 1);
		assert_true(threadcreate(count, &n, 0) > 0);
		assert_int_equal(threadsleepuntil(times[i]), 0);
		assert_int_equal(n, 2*i + 2);
	}
	assert_int_equal(threadint(threadid()), 0);
	for(i = 0; i < nelem(spans); i++){
		assert_int_equal(threadsleep(spans[i]), 0);
		assert_int_equal(threadsleepuntil(times[i]), 0);
	}
	assert_int_equal(threadsleep(Hour), -1);
	assert_err(EINTR, "interrupted");
}

/* the proc's others run on, and a sleep is no wait for any of them */
static void
test_others_run(void **state)
{
	Channel *done;
	Sleeper s;
	int i, n;

	done = mkchan(1, 1);
	s = (Sleeper){.when = threadnow() + 30*Millisecond, .done = done};
	assert_true(threadcreate(sleeper, &s, 0) > 0);
	threadyield();
	n = 0;
	for(i = 0; i < 10; i++){
		assert_true(threadcreate(count, &n, 0) > 0);
		threadyield();
	}
	assert_int_equal(n, 10);
	mustrecv(done, nil);
	assert_true(s.woke >= s.when);
	chanfree(done);
}

/* interrupts */

typedef struct Victim Victim;
struct Victim
{
	int64_t	when;
	int	ret;
	int	errnum;
	char	err[ERRMAX];
	int	again;		/* what a second sleep returned */
	Channel	*done;
};

static void
victim(void *v)
{
	Victim *s;

	s = v;
	s->ret = threadsleepuntil(s->when);
	s->errnum = errno;
	rerrstr(s->err, sizeof s->err);
	s->again = threadsleep(1);
	chansend(s->done, nil);
}

/* however long the sleep */
static void
test_interrupt(void **state)
{
	static const int64_t spans[] = {Second, Hour, INT64_MAX/2, INT64_MAX};
	Victim v;
	int i, k, id;

	for(i = 0; i < nelem(spans); i++)
		for(k = 0; k < 2; k++){
			v = (Victim){.when = INT64_MAX, .done = mkchan(1, 1)};
			if(spans[i] < INT64_MAX/2)
				v.when = threadnow() + spans[i] + Hour;
			id = threadcreate(victim, &v, 0);
			assert_true(id > 0);
			/* k 0: it has not run yet; 1: it sleeps */
			if(k == 1)
				threadyield();
			assert_int_equal(threadint(id), 0);
			mustrecv(v.done, nil);
			assert_int_equal(v.ret, -1);
			assert_int_equal(v.errnum, EINTR);
			assert_string_equal(v.err, "interrupted");
			assert_int_equal(v.again, 0);
			chanfree(v.done);
		}
	/* the same by threadsleep, where the sum may be beyond time */
	for(i = 0; i < nelem(spans); i++){
		assert_int_equal(threadint(threadid()), 0);
		assert_int_equal(threadsleep(spans[i]), -1);
		assert_err(EINTR, "interrupted");
	}
}

static void
longsleeper(void *v)
{
	Victim *s;

	s = v;
	s->ret = threadsleep(s->when);
	chansend(s->done, nil);
}

/* a sum beyond the end of time is no sleep of none */
static void
test_huge(void **state)
{
	static const int64_t spans[] = {INT64_MAX, INT64_MAX-1, INT64_MAX/2};
	Victim v[3];
	int i, id[3];

	for(i = 0; i < 3; i++){
		v[i] = (Victim){.when = spans[i], .ret = 7, .done = mkchan(1, 1)};
		id[i] = threadcreate(longsleeper, &v[i], 0);
		assert_true(id[i] > 0);
	}
	assert_int_equal(threadsleep(5*Millisecond), 0);
	for(i = 0; i < 3; i++){
		assert_int_equal(v[i].ret, 7);
		assert_int_equal(threadint(id[i]), 0);
		mustrecv(v[i].done, nil);
		assert_int_equal(v[i].ret, -1);
		chanfree(v[i].done);
	}
}

/* threadint from another proc against the end of a sleep: one of both, exactly */
typedef struct Racer Racer;
struct Racer
{
	int	victim;
	_Atomic int	go;	/* the round; -1: end */
	_Atomic int	gone;
	_Atomic int64_t	when;
	Channel	*done;
};

static void
race(void *v)
{
	Racer *r;
	int i, last;

	r = v;
	for(last = 0; (i = atomic_load(&r->go)) >= 0;){
		if(i == last){
			sched_yield();
			continue;
		}
		while(threadnow() < atomic_load(&r->when))
			;
		threadint(r->victim);
		last = i;
		atomic_store(&r->gone, i);
	}
	chansend(r->done, nil);
}

static void
test_interrupt_races_end(void **state)
{
	Racer r;
	uint64_t rand;
	int64_t t;
	int i, n, nint;

	r = (Racer){.victim = threadid(), .done = mkchan(1, 1)};
	assert_true(proccreate(race, &r, 0) > 0);
	rand = seed();
	n = ntimes(10000);
	nint = 0;
	for(i = 1; i <= n; i++){
		t = threadnow() + 20*Microsecond;
		/* about when the timer proc wakes: it is late, not early */
		atomic_store(&r.when, t + rnd(&rand, 100*Microsecond));
		atomic_store(&r.go, i);
		if(threadsleepuntil(t) < 0){
			assert_err(EINTR, "interrupted");
			nint++;
		}else{
			assert_true(threadnow() >= t);
			while(atomic_load(&r.gone) != i)
				sched_yield();
			assert_int_equal(threadsleep(Hour), -1);
		}
		while(atomic_load(&r.gone) != i)
			sched_yield();
	}
	print_message("%d of %d sleeps were interrupted\n", nint, n);
	atomic_store(&r.go, -1);
	mustrecv(r.done, nil);
	chanfree(r.done);
}

/* many */

enum {
	Nmany = 100000,
};

static void
many(void *v)
{
	Sleeper *s;

	s = v;
	s->ret = threadsleepuntil(s->when);
	s->woke = threadnow();
	chansend(s->done, nil);
}

static void
test_many(void **state)
{
	Sleeper *s;
	Channel *done;
	uint64_t rand;
	int64_t base;
	int i, n;

	rand = seed();
	/* AddressSanitizer gives each task a second stack, and a large one */
	n = nlive(Asan? Nmany/20: Nmany);
	s = calloc((size_t)n, sizeof *s);
	assert_non_null(s);
	done = mkchan(1, n);
	base = threadnow() + 100*Millisecond;
	for(i = 0; i < n; i++){
		s[i] = (Sleeper){.when = base + rnd(&rand, 500*Millisecond), .done = done};
		if(threadcreate(many, &s[i], 0) < 0)
			fail_msg("%d tasks, and no more", i);
	}
	for(i = 0; i < n; i++)
		mustrecv(done, nil);
	for(i = 0; i < n; i++)
		if(s[i].ret != 0 || s[i].woke < s[i].when)
			fail_msg("sleeper %d: returned %d, %lld ns early", i, s[i].ret, (long long)(s[i].when - s[i].woke));
	chanfree(done);
	free(s);
}

/* in many procs, and in OS threads that are not the library's */

typedef struct Napper Napper;
struct Napper
{
	int	n;
	int	nbad;
	Channel	*done;
};

static void
nap(void *v)
{
	Napper *p;
	int64_t t;
	int i;

	p = v;
	for(i = 0; i < p->n; i++){
		t = threadnow() + (i%7)*100*Microsecond;
		if(threadsleepuntil(t) != 0 || threadnow() < t)
			p->nbad++;
	}
	chansend(p->done, nil);
}

static void*
foreignnap(void *v)
{
	nap(v);
	return nil;
}

enum {
	Nnapper = 80,		/* more than there are heaps */
};

static void
test_many_procs(void **state)
{
	Napper p[2*Nnapper];
	pthread_t foreign[Nnapper];
	Channel *done;
	int i;

	done = mkchan(1, 2*Nnapper);
	for(i = 0; i < 2*Nnapper; i++)
		p[i] = (Napper){.n = ntimes(200), .done = done};
	for(i = 0; i < Nnapper; i++){
		assert_true(proccreate(nap, &p[i], 0) > 0);
		assert_int_equal(pthread_create(&foreign[i], nil, foreignnap, &p[Nnapper+i]), 0);
	}
	for(i = 0; i < 2*Nnapper; i++)
		mustrecv(done, nil);
	for(i = 0; i < Nnapper; i++)
		pthread_join(foreign[i], nil);
	for(i = 0; i < 2*Nnapper; i++)
		assert_int_equal(p[i].nbad, 0);
	chanfree(done);
}

/* the program's signals do not end a sleep */

static volatile sig_atomic_t nalarm;

static void
alarmed(int sig)
{
	nalarm++;
}

static void
test_signals(void **state)
{
	struct sigaction sa;
	struct itimerval it;
	int64_t t;
	int i;

	memset(&sa, 0, sizeof sa);
	sa.sa_handler = alarmed;	/* without SA_RESTART */
	assert_int_equal(sigaction(SIGALRM, &sa, nil), 0);
	it = (struct itimerval){{0, 2000}, {0, 2000}};
	assert_int_equal(setitimer(ITIMER_REAL, &it, nil), 0);
	for(i = 0; i < 5; i++){
		t = threadnow();
		assert_int_equal(threadsleep(20*Millisecond), 0);
		assert_true(threadnow() - t >= 20*Millisecond);
	}
	it = (struct itimerval){{0, 0}, {0, 0}};
	setitimer(ITIMER_REAL, &it, nil);
	/* not the default: one may still be on its way */
	signal(SIGALRM, SIG_IGN);
	assert_true(nalarm > 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_clock),
		TEST(test_order),
		TEST(test_never_early),
		TEST(test_past),
		TEST(test_others_run),
		TEST(test_interrupt),
		TEST(test_huge),
		TEST(test_interrupt_races_end),
		TEST(test_many),
		TEST(test_many_procs),
		TEST(test_signals),
	};

	if(threadinit() < 0)
		return 1;
	cmocka_set_test_filter(getenv("L9TEST"));	/* nil: all of them */
	return cmocka_run_group_tests(tests, nil, nil);
}
