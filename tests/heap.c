/*
 * The timers' heap against a model: a tournament tree over numbered places,
 * where a place's key is its node's time, or the end of time if the node is
 * in no heap.
 */
#include "t.h"

#include "heap.h"

enum {
	Nnode = 1<<17,
};

typedef struct Model Model;
struct Model
{
	Sleeper	*node;		/* Nnode */
	int64_t	*min;		/* 2*Nnode; min[1] is that of all */
	Sleeper	*root;		/* the heap */
	int	n;		/* nodes in it */
};

static void
rekey(Model *m, Sleeper *s, int64_t key)
{
	int i;

	i = Nnode + (int)(s - m->node);
	m->min[i] = key;
	for(i /= 2; i > 0; i /= 2)
		m->min[i] = m->min[2*i] < m->min[2*i+1]? m->min[2*i]: m->min[2*i+1];
}

static int64_t
key(Model *m, Sleeper *s)
{
	return m->min[Nnode + (s - m->node)];
}

static void
check(Model *m)
{
	if(m->n == 0){
		assert_null(m->root);
		return;
	}
	assert_non_null(m->root);
	assert_true(m->root->when == m->min[1]);
	assert_true(key(m, m->root) == m->root->when);
}

static void
put(Model *m, Sleeper *s, int64_t when)
{
	s->when = when;
	l9heapput(&m->root, s);
	rekey(m, s, when);
	m->n++;
	assert_non_null(s->prev);
	check(m);
}

static void
del(Model *m, Sleeper *s)
{
	l9heapdel(&m->root, s);
	rekey(m, s, INT64_MAX);
	m->n--;
	assert_null(s->prev);
	check(m);
}

/* take out the least until n are left: they come in order */
static void
popto(Model *m, int n)
{
	int64_t last;

	for(last = INT64_MIN; m->n > n; del(m, m->root)){
		assert_true(m->root->when >= last);
		last = m->root->when;
	}
}

static Model*
modelnew(void)
{
	Model *m;
	int i;

	m = calloc(1, sizeof *m);
	assert_non_null(m);
	m->node = calloc(Nnode, sizeof *m->node);
	m->min = calloc(2*Nnode, sizeof *m->min);
	assert_non_null(m->node);
	assert_non_null(m->min);
	for(i = 0; i < 2*Nnode; i++)
		m->min[i] = INT64_MAX;
	return m;
}

static void
modelfree(Model *m)
{
	free(m->node);
	free(m->min);
	free(m);
}

static void
test_random(void **state)
{
	Model *m;
	Sleeper *s;
	uint64_t rand;
	int i, n, phase, used;

	rand = seed();
	m = modelnew();
	n = ntimes(100000);
	used = ntimes(Nnode);
	/* grow, stay, shrink: put with a chance of 3, 2, 1 in 4 */
	for(phase = 3; phase > 0; phase--)
		for(i = 0; i < n; i++){
			s = &m->node[rnd(&rand, (unsigned int)used)];
			if(s->prev == nil)
				put(m, s, rnd(&rand, phase == 2? 100: 1<<30));
			else if((int)rnd(&rand, 4) >= phase)
				del(m, s);
			if(m->root != nil && rnd(&rand, 4) == 0)
				del(m, m->root);
		}
	popto(m, 0);
	modelfree(m);
}

/* in order, against it, and all the same: the shapes that are worst for a heap */
static void
test_orders(void **state)
{
	Model *m;
	int i, n, order;

	m = modelnew();
	n = ntimes(Nnode);
	for(order = -1; order <= 1; order++){
		for(i = 0; i < n; i++)
			put(m, &m->node[i], (int64_t)order*i);
		popto(m, n/2);
		/* the rest from the side, whoever is still there */
		for(i = 0; i < n; i += 3)
			if(m->node[i].prev != nil)
				del(m, &m->node[i]);
		for(i = 0; i < n; i++)
			if(m->node[i].prev == nil)
				put(m, &m->node[i], (int64_t)order*i);
		popto(m, 0);
	}
	modelfree(m);
}

static void
test_extremes(void **state)
{
	static const int64_t when[] = {INT64_MAX-1, INT64_MIN, 0, -1, 1, INT64_MAX-1, INT64_MIN};
	Model *m;
	int i;

	m = modelnew();
	for(i = 0; i < nelem(when); i++)
		put(m, &m->node[i], when[i]);
	for(i = 0; i < nelem(when); i++)
		if(i%2 == 0)
			del(m, &m->node[i]);
	popto(m, 0);
	modelfree(m);
}

/* always few in it: a timer that is set again and again */
static void
test_churn(void **state)
{
	Model *m;
	uint64_t rand;
	int i, n;

	rand = seed();
	m = modelnew();
	n = ntimes(200000);
	for(i = 0; i < n; i++){
		if(m->node[i%5].prev != nil)
			del(m, &m->node[i%5]);
		put(m, &m->node[i%5], i + (int64_t)rnd(&rand, 10));
	}
	popto(m, 0);
	modelfree(m);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_random),
		TEST(test_orders),
		TEST(test_extremes),
		TEST(test_churn),
	};

	return cmocka_run_group_tests(tests, nil, nil);
}
