/*
 * The wheels of timers against a model that looks at all sleepers: each comes
 * up in order and not too late, however time passes.
 */
#include "t.h"

#include "wheel.h"

enum {
	Nnode = 500,
};

typedef struct Model Model;
struct Model
{
	Wheel	w;
	Sleeper	node[Nnode];
	int64_t	now;
	uint64_t	rand;
	int	n;		/* nodes in it */
};

static bool
isin(Sleeper *s)
{
	return s->prev != nil;
}

static int64_t
leastof(Model *m)
{
	int64_t least;
	int i;

	least = INT64_MAX;
	for(i = 0; i < Nnode; i++)
		if(isin(&m->node[i]) && m->node[i].when < least)
			least = m->node[i].when;
	return least;
}

/* a number of up to so many bits, each number of bits as likely as the others */
static int64_t
bits(Model *m, int most)
{
	uint64_t x;

	x = (uint64_t)rnd(&m->rand, 1u<<31) << 31 | rnd(&m->rand, 1u<<31);
	return (int64_t)(x >> (62 - rnd(&m->rand, (unsigned int)most + 1)));
}

static void
put(Model *m, Sleeper *s, int64_t when)
{
	s->when = when;
	l9wheelput(&m->w, s);
	m->n++;
	assert_true(isin(s));
	assert_true(l9wheelmin(&m->w) <= when);
}

static void
del(Model *m, Sleeper *s)
{
	l9wheeldel(&m->w, s);
	m->n--;
	assert_false(isin(s));
	if(m->n == 0)
		assert_true(l9wheelmin(&m->w) == INT64_MAX);
}

/* some at random are put in or taken out */
static void
shuffle(Model *m, int n)
{
	Sleeper *s;

	while(n-- > 0){
		s = &m->node[rnd(&m->rand, Nnode)];
		if(isin(s))
			del(m, s);
		else
			put(m, s, m->now + bits(m, 62) % (INT64_MAX - m->now) - (int64_t)rnd(&m->rand, 1000));
	}
}

/* it is m->now: all that are due, in order */
static void
expire(Model *m, bool disturb)
{
	Sleeper *s;
	int64_t last;

	last = INT64_MIN;
	for(;;){
		if(m->w.pour != nil)
			assert_true(l9wheelmin(&m->w) <= m->now);
		if(disturb && rnd(&m->rand, 20) == 0){
			/* the lock was free for a moment, and time went on */
			shuffle(m, 3);
			m->now += bits(m, 20);
			last = INT64_MIN;
		}
		if(l9wheelturn(&m->w, m->now))
			continue;
		s = m->w.root;
		if(s == nil || s->when > m->now)
			break;
		assert_true(s->when >= last);
		last = s->when;
		del(m, s);
	}
	assert_true(leastof(m) > m->now);
	assert_true(l9wheelmin(&m->w) <= leastof(m));
	/* not at once again for nothing */
	assert_true(l9wheelmin(&m->w) > m->now);
}

static Model*
modelnew(int64_t now)
{
	Model *m;

	m = calloc(1, sizeof *m);
	assert_non_null(m);
	m->now = now;
	m->rand = seed();
	l9wheelinit(&m->w, now);
	assert_true(l9wheelmin(&m->w) == INT64_MAX);
	return m;
}

/* take out all that is left: an empty one again */
static void
modelfree(Model *m)
{
	int i;

	for(i = 0; i < Nnode; i++)
		if(isin(&m->node[i]))
			del(m, &m->node[i]);
	assert_int_equal(m->n, 0);
	assert_true(l9wheelmin(&m->w) == INT64_MAX);
	free(m);
}

/* steps of all sizes, up to years */
static void
test_random(void **state)
{
	static const int64_t begin[] = {0, 1, 1LL<<40, 12345678901234567};
	Model *m;
	int i, j;

	for(j = 0; j < nelem(begin); j++){
		m = modelnew(begin[j]);
		for(i = ntimes(20000); i > 0 && m->now < INT64_MAX/2; i--){
			shuffle(m, 1 + (int)rnd(&m->rand, 10));
			m->now += bits(m, i%100 == 0? 55: 36);
			expire(m, i%2 == 0);
		}
		modelfree(m);
	}
}

/* whoever sleeps until l9wheelmin each time misses nothing, and where nothing is taken out sleeps no shorter */
static void
test_exact(void **state)
{
	Model *m;
	int64_t when;
	int i, n;

	m = modelnew(777777777777);
	for(i = 0; i < Nnode; i++)
		put(m, &m->node[i], m->now + bits(m, 45));
	while(m->n > 0){
		when = leastof(m);
		assert_true(l9wheelmin(&m->w) == when);
		m->now = when;
		n = m->n;
		expire(m, false);
		assert_true(m->n < n);
	}
	modelfree(m);
}

/* as timeouts that nearly never come to pass: in and out, and time goes on */
static void
test_timeouts(void **state)
{
	Model *m;
	int i;

	m = modelnew(99999999999);
	for(i = 0; i < ntimes(200000); i++){
		if(isin(&m->node[i%7]))
			del(m, &m->node[i%7]);
		put(m, &m->node[i%7], m->now + Second);
		m->now += bits(m, 20);
		if(i%100 == 0)
			expire(m, false);
		/* a second is more than seven rounds: none comes due */
		assert_int_equal(m->n, i < 7? i+1: 7);
	}
	modelfree(m);
}

static void
test_extremes(void **state)
{
	static const int64_t when[] = {INT64_MAX-1, INT64_MIN, 0, -1, 1, INT64_MAX-1, INT64_MAX-(1LL<<60), INT64_MIN};
	Model *m;
	int i;

	m = modelnew(1LL<<50);
	for(i = 0; i < nelem(when); i++)
		put(m, &m->node[i], when[i]);
	expire(m, false);
	assert_int_equal(m->n, 3);
	for(i = 0; i < 70; i++){
		/* the farthest slot comes up, and they are put again */
		m->now += 1LL<<56;
		expire(m, false);
	}
	m->now = INT64_MAX-1;
	expire(m, false);
	assert_int_equal(m->n, 0);
	modelfree(m);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_random),
		TEST(test_exact),
		TEST(test_timeouts),
		TEST(test_extremes),
	};

	return cmocka_run_group_tests(tests, nil, nil);
}
