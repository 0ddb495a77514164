/*
 * after, ticker, timerstop, timerreset, timerfree.
 */
#include <pthread.h>
#include <sched.h>

#include "tools.h"

static Timer*
mkafter(int64_t ns)
{
	Timer *t;

	t = after(ns);
	assert_non_null(t);
	return t;
}

static Timer*
mkticker(int64_t ns)
{
	Timer *t;

	t = ticker(ns);
	assert_non_null(t);
	return t;
}

static int64_t
mustfire(Timer *t)
{
	int64_t due;

	mustrecv(t->c, &due);
	assert_true(threadnow() >= due);
	return due;
}

/* until those that are due by now have fired: one proc's fire in order */
static void
waitfired(void)
{
	Timer *t;

	t = mkafter(1);
	mustfire(t);
	timerfree(t);
}

static void
assert_silent(Timer *t)
{
	int64_t due;

	assert_int_equal(p9nbrecv(t->c, &due), 0);
}

/* after */

static void
test_after(void **state)
{
	static const int64_t spans[] = {0, 1, Microsecond, Millisecond, 20*Millisecond};
	Timer *t;
	int64_t begin, end, due;
	int i;

	for(i = 0; i < nelem(spans); i++){
		begin = threadnow();
		t = mkafter(spans[i]);
		end = threadnow();
		due = mustfire(t);
		/* the message says when it was due */
		assert_in_range(due, begin + spans[i], end + spans[i]);
		/* and is the only one */
		threadsleep(2*Millisecond);
		assert_silent(t);
		assert_int_equal(timerstop(t), 0);
		timerfree(t);
	}
}

static void
test_after_past(void **state)
{
	static const int64_t spans[] = {-1, -Second, INT64_MIN/2, INT64_MIN};
	Timer *t;
	int64_t begin, due;
	int i;

	for(i = 0; i < nelem(spans); i++){
		begin = threadnow();
		t = mkafter(spans[i]);
		mustrecv(t->c, &due);
		assert_true(due <= begin + Second);
		assert_int_equal(timerreset(t, spans[i]), 0);
		mustrecv(t->c, &due);
		timerfree(t);
	}
}

static void
test_huge(void **state)
{
	static const int64_t spans[] = {INT64_MAX, INT64_MAX-1, INT64_MAX/2};
	Timer *a, *t;
	int i;

	for(i = 0; i < nelem(spans); i++){
		a = mkafter(spans[i]);
		t = mkticker(spans[i]);
		threadsleep(2*Millisecond);
		assert_silent(a);
		assert_silent(t);
		assert_int_equal(timerreset(a, spans[i]), 1);
		assert_int_equal(timerreset(t, spans[i]), 1);
		threadsleep(2*Millisecond);
		assert_silent(a);
		assert_silent(t);
		assert_int_equal(timerstop(a), 1);
		assert_int_equal(timerstop(t), 1);
		timerfree(a);
		timerfree(t);
	}
}

/* ticker */

static void
test_ticker(void **state)
{
	enum { Period = 2*1000*1000 };
	Timer *t;
	int64_t begin, end, first, due, last;
	int i;

	begin = threadnow();
	t = mkticker(Period);
	end = threadnow();
	first = last = 0;
	for(i = 0; i < 20; i++){
		due = mustfire(t);
		if(i == 0){
			first = due;
			assert_in_range(first, begin + Period, end + Period);
		}else{
			assert_true(due > last);
			assert_int_equal((due - first)%Period, 0);
		}
		last = due;
	}
	timerfree(t);
}

/* ticks that nobody takes are dropped, but for one; the grid stays */
static void
test_slow_receiver(void **state)
{
	enum { Period = 1000*1000 };
	Timer *t;
	int64_t first, due, last, now;
	int i;

	t = mkticker(Period);
	first = last = mustfire(t);
	for(i = 0; i < 5; i++){
		threadsleep((10 + i)*Period + i*Period/7);
		/* the oldest is kept: it was due right after the last was taken */
		due = mustfire(t);
		now = threadnow();
		assert_int_equal((due - first)%Period, 0);
		assert_true(due > last);
		last = due;
		/* those between went: the next is due about now */
		due = mustfire(t);
		assert_int_equal((due - first)%Period, 0);
		assert_true(due > last);
		assert_true(due >= now - 5*Period || due > last + Period);
		last = due;
	}
	timerfree(t);
}

static void
test_fast_ticker(void **state)
{
	static const int64_t periods[] = {1, 2, 1000, 1234};
	Timer *t;
	int64_t first, due, last;
	int i, k;

	for(i = 0; i < nelem(periods); i++){
		t = mkticker(periods[i]);
		first = last = mustfire(t);
		for(k = 0; k < 50; k++){
			due = mustfire(t);
			assert_true(due > last);
			assert_int_equal((due - first)%periods[i], 0);
			last = due;
		}
		assert_int_equal(timerstop(t), 1);
		timerfree(t);
	}
}

/* stop and reset, in every state */

static void
test_stop(void **state)
{
	Timer *t;

	/* running */
	t = mkafter(Hour);
	assert_int_equal(timerstop(t), 1);
	assert_int_equal(timerstop(t), 0);
	timerfree(t);

	/* fired, not received: the message goes */
	t = mkafter(1);
	waitfired();
	assert_int_equal(timerstop(t), 0);
	assert_silent(t);
	timerfree(t);

	/* fired and received */
	t = mkafter(1);
	mustfire(t);
	assert_int_equal(timerstop(t), 0);
	timerfree(t);

	/* a ticker always runs until stopped */
	t = mkticker(Millisecond);
	mustfire(t);
	threadsleep(3*Millisecond);
	assert_int_equal(timerstop(t), 1);
	assert_silent(t);
	threadsleep(3*Millisecond);
	assert_silent(t);
	assert_int_equal(timerstop(t), 0);
	timerfree(t);
}

/* it fires as due after a reset at begin */
static void
assert_reset(Timer *t, int64_t ns, int was)
{
	int64_t begin, end, due;

	begin = threadnow();
	assert_int_equal(timerreset(t, ns), was);
	end = threadnow();
	due = mustfire(t);
	assert_in_range(due, begin + ns, end + ns);
}

static void
test_reset(void **state)
{
	Timer *t;
	int64_t first, due;
	int i;

	t = mkafter(Hour);
	assert_reset(t, Millisecond, 1);	/* running */
	assert_reset(t, Millisecond, 0);	/* received */
	assert_int_equal(timerreset(t, 0), 0);
	waitfired();
	assert_reset(t, Millisecond, 0);	/* fired, not received: that message is gone */
	assert_int_equal(timerreset(t, Hour), 0);
	assert_int_equal(timerstop(t), 1);
	assert_reset(t, Millisecond, 0);	/* stopped */
	timerfree(t);

	/* a ticker gets a new period and a new grid */
	t = mkticker(Hour);
	assert_reset(t, Millisecond, 1);
	threadsleep(3*Millisecond);
	assert_reset(t, 3*Millisecond, 1);
	assert_int_equal(timerstop(t), 1);
	assert_int_equal(timerreset(t, 2*Millisecond), 0);
	first = mustfire(t);
	for(i = 0; i < 5; i++){
		due = mustfire(t);
		assert_true(due > first);
		assert_int_equal((due - first)%(2*Millisecond), 0);
	}
	timerfree(t);
}

static void
test_frees(void **state)
{
	Timer *t;

	timerfree(nil);
	timerfree(mkafter(Hour));
	timerfree(mkafter(0));
	timerfree(mkticker(Hour));
	timerfree(mkticker(1));
	t = mkafter(1);
	waitfired();
	timerfree(t);
	t = mkafter(1);
	mustfire(t);
	timerfree(t);
	t = mkticker(1);
	timerstop(t);
	timerfree(t);
}

/* waiting receivers */

typedef struct Waiting Waiting;
struct Waiting
{
	Timer	*t;
	int	ret;
	int	errnum;
	char	err[ERRMAX];
	int64_t	due;
	Channel	*done;
};

static void
waiter(void *v)
{
	Waiting *w;

	w = v;
	w->ret = chanrecv(w->t->c, &w->due);
	w->errnum = errno;
	rerrstr(w->err, sizeof w->err);
	chansend(w->done, nil);
}

static void
test_waiting_receiver(void **state)
{
	Waiting w;
	int64_t begin;
	int i;

	for(i = 0; i < 2; i++){
		w = (Waiting){.t = mkafter(Hour), .done = mkchan(1, 1)};
		assert_true(threadcreate(waiter, &w, 0) > 0);
		threadyield();
		/* goes on waiting when another stops the timer */
		assert_int_equal(timerstop(w.t), 1);
		threadsleep(Millisecond);
		assert_int_equal(w.ret, 0);
		if(i == 0){
			begin = threadnow();
			assert_int_equal(timerreset(w.t, Millisecond), 0);
			mustrecv(w.done, nil);
			assert_int_equal(w.ret, 1);
			assert_true(w.due >= begin + Millisecond);
			timerfree(w.t);
		}else{
			timerfree(w.t);
			mustrecv(w.done, nil);
			assert_int_equal(w.ret, -1);
			assert_int_equal(w.errnum, EPIPE);
			assert_string_equal(w.err, "channel freed");
		}
		chanfree(w.done);
	}
}

/* races with the timer proc: stop and reset about when it fires */

static void
test_no_stale_message(void **state)
{
	Timer *a, *k;
	uint64_t rand;
	int64_t due, begin, ns;
	int i, n;

	rand = seed();
	n = ntimes(10000);
	a = mkafter(Hour);
	k = mkticker(30*Microsecond);
	for(i = 0; i < n; i++){
		ns = rnd(&rand, 60*Microsecond);
		timerreset(a, ns);
		begin = threadnow() + ns + (int64_t)rnd(&rand, 60*Microsecond) - 30*Microsecond;
		while(threadnow() < begin)
			;
		timerstop(a);
		timerstop(k);
		if(p9nbrecv(a->c, &due) != 0)
			fail_msg("round %d: a message after timerstop", i);
		if(p9nbrecv(k->c, &due) != 0)
			fail_msg("round %d: a tick after timerstop", i);
		/* nor does one come later: the next is of the next reset */
		begin = threadnow();
		timerreset(a, 1);
		timerreset(k, 1 + ns);
		due = mustfire(a);
		if(due < begin + 1)
			fail_msg("round %d: an old message after timerreset", i);
		due = mustfire(k);
		if(due < begin + 1 + ns)
			fail_msg("round %d: an old tick after timerreset", i);
	}
	timerfree(a);
	timerfree(k);
}

static void
test_free_races_firing(void **state)
{
	Timer *t[8];
	uint64_t rand;
	int64_t when;
	int i, k, n;

	rand = seed();
	n = ntimes(5000);
	for(i = 0; i < n; i++){
		for(k = 0; k < nelem(t); k++)
			t[k] = k%2 == 0? mkafter(rnd(&rand, 100*Microsecond)): mkticker(1 + rnd(&rand, 50*Microsecond));
		when = threadnow() + rnd(&rand, 100*Microsecond);
		while(threadnow() < when)
			;
		for(k = 0; k < nelem(t); k++)
			timerfree(t[k]);
	}
}

/* one timer, stopped and reset by several procs and a foreign OS thread at once */
typedef struct Share Share;
struct Share
{
	Timer	*t;
	int	n;
	uint64_t	rand;
	Channel	*done;
};

static void
share(void *v)
{
	Share *s;
	int i;

	s = v;
	for(i = 0; i < s->n; i++)
		switch(rnd(&s->rand, 4)){
		case 0:
			timerstop(s->t);
			break;
		case 1:
			p9nbrecv(s->t->c, nil);
			break;
		default:
			timerreset(s->t, 1 + rnd(&s->rand, 20*Microsecond));
			break;
		}
	chansend(s->done, nil);
}

static void*
foreignshare(void *v)
{
	share(v);
	return nil;
}

static void
test_shared_by_procs(void **state)
{
	Share s[4];
	pthread_t foreign;
	Channel *done;
	uint64_t rand;
	int i, k;

	rand = seed();
	for(k = 0; k < 2; k++){
		done = mkchan(1, nelem(s));
		s[0].t = k == 0? mkafter(1): mkticker(1);
		for(i = 0; i < nelem(s); i++)
			s[i] = (Share){s[0].t, ntimes(20000), rand + (uint64_t)i, done};
		for(i = 0; i < nelem(s)-1; i++)
			assert_true(proccreate(share, &s[i], 0) > 0);
		assert_int_equal(pthread_create(&foreign, nil, foreignshare, &s[i]), 0);
		for(i = 0; i < nelem(s); i++)
			mustrecv(done, nil);
		pthread_join(foreign, nil);
		/* it is as good as new */
		timerstop(s[0].t);
		assert_silent(s[0].t);
		assert_reset(s[0].t, Millisecond, 0);
		timerfree(s[0].t);
		chanfree(done);
	}
}

/* alt */

static void
test_alt(void **state)
{
	Timer *soon, *late, *never;
	int64_t due, far;
	int i;
	Alt a[] = {
		{.op = CHANRCV},
		{.op = CHANRCV},
		{.op = CHANRCV},
		{.op = CHANTIMEOUT},
		{.op = CHANEND},
	};

	never = mkafter(INT64_MAX);
	late = mkafter(Hour);
	soon = mkafter(2*Millisecond);
	far = INT64_MAX;
	for(i = 0; i < 3; i++)
		a[i].v = &due;
	a[0].c = never->c;
	a[1].c = late->c;
	a[2].c = soon->c;
	a[3].v = &far;
	assert_int_equal(p9alt(a), 2);
	assert_true(threadnow() >= due);
	/* a message that is there comes before a time that has come */
	assert_int_equal(timerreset(soon, 1), 0);
	waitfired();
	far = 0;
	assert_int_equal(p9alt(a), 2);
	assert_int_equal(p9alt(a), 3);
	far = threadnow() + 2*Millisecond;
	timerreset(soon, Hour);
	assert_int_equal(p9alt(a), 3);
	assert_true(threadnow() >= far);
	/* and with nothing there and no waiting */
	a[3].op = CHANNOP;
	a[4].op = CHANNOBLK;
	assert_int_equal(p9alt(a), 4);
	timerfree(soon);
	timerfree(late);
	timerfree(never);
}

/* many CHANTIMEOUTs in a row, some of which a message beats: none is left behind */
static void
test_alt_timeouts_race(void **state)
{
	Timer *t;
	uint64_t rand;
	int64_t limit, due;
	int i, n, nmsg;
	Alt a[] = {
		{.v = &due, .op = CHANRCV},
		{.v = &limit, .op = CHANTIMEOUT},
		{.op = CHANEND},
	};

	rand = seed();
	n = ntimes(5000);
	nmsg = 0;
	t = mkafter(Hour);
	a[0].c = t->c;
	for(i = 0; i < n; i++){
		timerreset(t, rnd(&rand, 40*Microsecond));
		limit = threadnow() + rnd(&rand, 40*Microsecond);
		if(p9alt(a) == 0){
			nmsg++;
			assert_true(threadnow() >= due);
		}else
			assert_true(threadnow() >= limit);
	}
	print_message("%d messages, %d timeouts\n", nmsg, n - nmsg);
	timerfree(t);
}

/* many, in many procs */

enum {
	Nmany = 100000,
};

static void
test_many(void **state)
{
	Timer **t;
	uint64_t rand;
	int64_t begin, ns, due;
	int i, n;

	rand = seed();
	n = ntimes(Nmany);
	t = calloc((size_t)n, sizeof *t);
	assert_non_null(t);
	begin = threadnow();
	for(i = 0; i < n; i++){
		ns = 10*Millisecond + rnd(&rand, 300*Millisecond);
		t[i] = after(i%3 == 0? Hour: ns);
		assert_non_null(t[i]);
	}
	for(i = 0; i < n; i++)
		if(i%3 != 0){
			due = mustfire(t[i]);
			assert_true(due >= begin + 10*Millisecond);
		}
	for(i = 0; i < n; i++){
		assert_int_equal(timerstop(t[i]), i%3 == 0);
		timerfree(t[i]);
	}
	free(t);
}

typedef struct User User;
struct User
{
	int	n;
	int	nbad;
	Channel	*done;
};

static void
use(void *v)
{
	User *u;
	Timer *t;
	int64_t due, begin;
	int i;

	u = v;
	for(i = 0; i < u->n; i++){
		begin = threadnow();
		t = after((i%5)*50*Microsecond);
		if(t == nil || chanrecv(t->c, &due) != 1 || due < begin + (i%5)*50*Microsecond || threadnow() < due)
			u->nbad++;
		timerfree(t);
	}
	chansend(u->done, nil);
}

static void*
foreignuse(void *v)
{
	use(v);
	return nil;
}

enum {
	Nuser = 20,
};

static void
test_many_procs(void **state)
{
	User u[2*Nuser];
	pthread_t foreign[Nuser];
	Channel *done;
	int i;

	done = mkchan(1, 2*Nuser);
	for(i = 0; i < 2*Nuser; i++)
		u[i] = (User){.n = ntimes(500), .done = done};
	for(i = 0; i < Nuser; i++){
		assert_true(proccreate(use, &u[i], 0) > 0);
		assert_int_equal(pthread_create(&foreign[i], nil, foreignuse, &u[Nuser+i]), 0);
	}
	for(i = 0; i < 2*Nuser; i++)
		mustrecv(done, nil);
	for(i = 0; i < Nuser; i++)
		pthread_join(foreign[i], nil);
	for(i = 0; i < 2*Nuser; i++)
		assert_int_equal(u[i].nbad, 0);
	chanfree(done);
}

/* a timer outlives its maker, and its maker's proc */
static void*
makeone(void *v)
{
	chansendp(v, after(5*Millisecond));
	return nil;
}

static void
makeoneproc(void *v)
{
	makeone(v);
}

static void
test_maker_gone(void **state)
{
	pthread_t foreign;
	Channel *c;
	Timer *t;
	int i;

	c = mkchan(sizeof t, 1);
	for(i = 0; i < 2; i++){
		if(i == 0){
			assert_int_equal(pthread_create(&foreign, nil, makeone, c), 0);
			pthread_join(foreign, nil);
		}else
			assert_true(proccreate(makeoneproc, c, 0) > 0);
		mustrecv(c, &t);
		assert_non_null(t);
		mustfire(t);
		timerfree(t);
	}
	chanfree(c);
}

/* misuse */

static void
tick(void *v)
{
	ticker(*(int64_t*)v);
}

static void
stop(void *v)
{
	timerstop(v);
}

static void
resetnil(void *v)
{
	timerreset(nil, *(int64_t*)v);
}

static void
resetbad(void *v)
{
	timerreset(v, 0);
}

static void
test_misuse(void **state)
{
	Timer *t;
	int64_t ns;

	ns = 0;
	mustabort(tick, &ns, "lib9thread: ticker: period of 0 ns\n");
	ns = -5;
	mustabort(tick, &ns, "lib9thread: ticker: period of -5 ns\n");
	mustabort(stop, nil, "lib9thread: timerstop: nil timer\n");
	mustabort(resetnil, &ns, "lib9thread: timerreset: nil timer\n");
	t = mkticker(Hour);
	mustabort(resetbad, t, "lib9thread: timerreset: period of 0 ns\n");
	timerfree(t);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_after),
		TEST(test_after_past),
		TEST(test_huge),
		TEST(test_ticker),
		TEST(test_slow_receiver),
		TEST(test_fast_ticker),
		TEST(test_stop),
		TEST(test_reset),
		TEST(test_frees),
		TEST(test_waiting_receiver),
		TEST(test_no_stale_message),
		TEST(test_free_races_firing),
		TEST(test_shared_by_procs),
		TEST(test_alt),
		TEST(test_alt_timeouts_race),
		TEST(test_many),
		TEST(test_many_procs),
		TEST(test_maker_gone),
		TEST(test_misuse),
	};

	if(threadinit() < 0)
		return 1;
	cmocka_set_test_filter(getenv("L9TEST"));	/* nil: all of them */
	return cmocka_run_group_tests(tests, nil, nil);
}
