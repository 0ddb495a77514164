/* httpload's histogram, against the values themselves, sorted. */
#include "t.h"
#include "../examples/httpload/hist.h"

static int
cmp(const void *a, const void *b)
{
	int64_t x, y;

	x = *(const int64_t*)a;
	y = *(const int64_t*)b;
	return (x > y) - (x < y);
}

static void
empty(void **state)
{
	static Hist h, g;

	assert_int_equal(histpart(&h, 0.5), 0);
	histadd(&g, 7);
	histmerge(&g, &h);
	assert_int_equal(g.n, 1);
	assert_int_equal(g.min, 7);
	histmerge(&h, &g);
	assert_int_equal(h.n, 1);
	assert_int_equal(h.min, 7);
	assert_int_equal(h.max, 7);
}

/* each of them alone comes back: exactly, since no part is above the largest */
static void
alone(void **state)
{
	static Hist h;
	int64_t v;
	int i, d;

	for(i = 0; i < 63; i++)
		for(d = -1; d <= 1; d++){
			v = ((int64_t)1 << i) + d;
			if(v < 0)
				continue;
			memset(&h, 0, sizeof h);
			histadd(&h, v);
			assert_int_equal(histpart(&h, 0), v);
			assert_int_equal(histpart(&h, 0.5), v);
			assert_int_equal(histpart(&h, 1), v);
		}
	memset(&h, 0, sizeof h);
	histadd(&h, INT64_MAX);
	assert_int_equal(histpart(&h, 0.5), INT64_MAX);
}

/* small values are told apart */
static void
small(void **state)
{
	static Hist h;
	int i;

	for(i = 0; i < 128; i++)
		histadd(&h, i);
	for(i = 1; i <= 128; i++)
		assert_int_equal(histpart(&h, i/128.0), i - 1);
	assert_int_equal(h.min, 0);
	assert_int_equal(h.max, 127);
}

static void
atrandom(void **state)
{
	static Hist h, part[3];
	static int64_t v[10000];
	static const double parts[] = {0, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999, 1};
	uint64_t x;
	int64_t want, got;
	int i, k;

	x = seed();
	for(i = 0; i < nelem(v); i++){
		v[i] = (int64_t)(mix(x += 0x9e3779b97f4a7c15u) >> (1 + rnd(&x, 60)));
		histadd(&part[rnd(&x, 3)], v[i]);
	}
	for(i = 0; i < 3; i++)
		histmerge(&h, &part[i]);
	qsort(v, nelem(v), sizeof v[0], cmp);
	assert_int_equal(h.n, nelem(v));
	assert_int_equal(h.min, v[0]);
	assert_int_equal(h.max, v[nelem(v)-1]);
	for(i = 0; i < nelem(parts); i++){
		k = (int)(parts[i]*nelem(v));
		if(k < parts[i]*nelem(v) || k == 0)
			k++;
		want = v[k-1];
		got = histpart(&h, parts[i]);
		if(got < want || got - want > want/50)
			fail_msg("part %g: %lld, not %lld", parts[i], (long long)got, (long long)want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(empty),
		TEST(alone),
		TEST(small),
		TEST(atrandom),
	};

	return cmocka_run_group_tests(tests, nil, nil);
}
