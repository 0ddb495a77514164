/*
 * The contract of arch.h: waiting, waking, clock and OS threads.  A lost wake
 * shows as a hang, which the test runner ends; nothing here depends on how fast
 * anything is.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arch.h"

enum
{
	Nround	= 10000,
	Nword	= 150,		/* more words than any hash has buckets to keep them apart in */
	Neater	= 4,
	Ntoken	= 2000,		/* for each eater */
	Anerror	= 12345,	/* no errno that a call sets */
};

static uint32_t
get(_Atomic uint32_t *w)
{
	return atomic_load_explicit(w, memory_order_acquire);
}

static void
put(_Atomic uint32_t *w, uint32_t v)
{
	atomic_store_explicit(w, v, memory_order_release);
	l9wakeword(w);
}

/* until *w is v at least */
static void
await(_Atomic uint32_t *w, uint32_t v)
{
	uint32_t u;

	while((u = get(w)) < v)
		l9waitword(w, u, INT64_MAX);
}

/*
 * Ping-pong on one word.  The delay before each wake sweeps the moment at
 * which the other side goes to sleep, where a wake could be lost.
 */

static void
delay(uint32_t i)
{
	for(i %= 256; i > 0; i--)
		l9cpurelax();
}

static _Atomic uint32_t ball;

static void*
pong(void *v)
{
	uint32_t i;

	for(i = 0; i < Nround; i++){
		await(&ball, 2*i+1);
		delay(i);
		put(&ball, 2*i+2);
	}
	return NULL;
}

static void
pingpong(void **state)
{
	pthread_t id;
	uint32_t i;

	atomic_store(&ball, 0);
	assert_int_equal(pthread_create(&id, NULL, pong, NULL), 0);
	for(i = 0; i < Nround; i++){
		delay(i/256);
		put(&ball, 2*i+1);
		await(&ball, 2*i+2);
	}
	pthread_join(id, NULL);
}

/* one sleeper a word, each woken by its own: words that share what they sleep on must not steal */

static _Atomic uint32_t word[Nword];
static _Atomic uint32_t ready;

static void*
sleeper(void *v)
{
	atomic_fetch_add(&ready, 1);
	l9wakeword(&ready);
	await(v, 1);
	await(v, 2);
	return NULL;
}

static void
crowd(void **state)
{
	pthread_t id[Nword];
	pthread_attr_t attr;
	int i;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256*1024);
	atomic_store(&ready, 0);
	for(i = 0; i < Nword; i++){
		atomic_store(&word[i], 0);
		assert_int_equal(pthread_create(&id[i], &attr, sleeper, &word[i]), 0);
	}
	await(&ready, Nword);
	for(i = 0; i < Nword; i++)
		put(&word[i], 1);
	for(i = Nword-1; i >= 0; i--){
		put(&word[i], 2);
		pthread_join(id[i], NULL);
	}
	pthread_attr_destroy(&attr);
}

/* one wake for one token, and every token is eaten */

static _Atomic uint32_t tokens;

static void
eat(void)
{
	uint32_t n;

	for(;;){
		n = get(&tokens);
		if(n == 0)
			l9waitword(&tokens, 0, INT64_MAX);
		else if(atomic_compare_exchange_weak(&tokens, &n, n-1))
			return;
	}
}

static void*
eater(void *v)
{
	int i;

	for(i = 0; i < Ntoken; i++)
		eat();
	return NULL;
}

static void
wakeone(void **state)
{
	pthread_t id[Neater];
	int i;

	atomic_store(&tokens, 0);
	for(i = 0; i < Neater; i++)
		assert_int_equal(pthread_create(&id[i], NULL, eater, NULL), 0);
	for(i = 0; i < Neater*Ntoken; i++){
		atomic_fetch_add(&tokens, 1);
		l9wakeword(&tokens);
	}
	for(i = 0; i < Neater; i++)
		pthread_join(id[i], NULL);
	assert_int_equal(get(&tokens), 0);
}

static void
othervalue(void **state)
{
	_Atomic uint32_t w;

	atomic_init(&w, 7);
	errno = Anerror;
	l9waitword(&w, 6, INT64_MAX);
	l9waitword(&w, 8, l9nsec());
	assert_int_equal(errno, Anerror);
	assert_int_equal(get(&w), 7);
}

static void
past(void **state)
{
	static const int64_t gone[] = {INT64_MIN, -1000000000, -1, 0, 1, 999999999, 1000000000};
	_Atomic uint32_t w;
	size_t i;

	atomic_init(&w, 0);
	errno = Anerror;
	for(i = 0; i < sizeof gone/sizeof gone[0]; i++)
		l9waitword(&w, 0, gone[i]);
	l9waitword(&w, 0, l9nsec());
	assert_int_equal(errno, Anerror);
}

/* it may return early, but not so as to make its caller spin */
static void
until(void **state)
{
	_Atomic uint32_t w;
	int64_t t;
	int i, n;

	atomic_init(&w, 0);
	errno = Anerror;
	for(i = 0; i < 5; i++){
		t = l9nsec() + 50000000;
		for(n = 0; l9nsec() < t; n++)
			l9waitword(&w, 0, t);
		assert_true(n < 100);
	}
	assert_int_equal(errno, Anerror);
}

/* a wake comes through although there is a limit */
static void
inside(void **state)
{
	pthread_t id;
	uint32_t i, u;

	atomic_store(&ball, 0);
	assert_int_equal(pthread_create(&id, NULL, pong, NULL), 0);
	for(i = 0; i < Nround; i++){
		put(&ball, 2*i+1);
		while((u = get(&ball)) != 2*i+2)
			l9waitword(&ball, u, l9nsec() + (int64_t)3600*1000000000);
	}
	pthread_join(id, NULL);
}

/* the word may be gone: it is only a name */
static void
nobody(void **state)
{
	_Atomic uint32_t *w;

	w = l9memmap(l9pagesize());
	assert_non_null(w);
	errno = Anerror;
	l9wakeword(w);
	l9memunmap(w, l9pagesize());
	l9wakeword(w);
	assert_int_equal(errno, Anerror);
}

static void
clockruns(void **state)
{
	int64_t t, u;
	int i;

	t = l9nsec();
	assert_true(t > 0);
	for(i = 0; i < 1000; i++){
		u = l9nsec();
		assert_true(u >= t);
		t = u;
	}
}

static void
cpus(void **state)
{
	assert_true(l9ncpu() >= 1);
}

/* l9osthread */

static _Atomic uint32_t ended;
static int usr1, segv;

static void
lookmask(void *v)
{
	sigset_t set;

	pthread_sigmask(SIG_SETMASK, NULL, &set);
	usr1 = sigismember(&set, SIGUSR1);
	segv = sigismember(&set, SIGSEGV);
	put(v, 1);
}

static void
start(int quiet)
{
	atomic_store(&ended, 0);
	assert_int_equal(l9osthread(lookmask, &ended, 64*1024, quiet), 0);
	await(&ended, 1);
}

static void
osthread(void **state)
{
	sigset_t set;

	start(0);
	assert_int_equal(usr1, 0);
	assert_int_equal(segv, 0);
	start(1);
	assert_int_equal(usr1, 1);
	assert_int_equal(segv, 0);	/* a fault must reach its handler */
	pthread_sigmask(SIG_SETMASK, NULL, &set);
	assert_int_equal(sigismember(&set, SIGUSR1), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(othervalue),
		cmocka_unit_test(past),
		cmocka_unit_test(until),
		cmocka_unit_test(pingpong),
		cmocka_unit_test(inside),
		cmocka_unit_test(crowd),
		cmocka_unit_test(wakeone),
		cmocka_unit_test(nobody),
		cmocka_unit_test(clockruns),
		cmocka_unit_test(cpus),
		cmocka_unit_test(osthread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
