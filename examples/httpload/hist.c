#include <u.h>
#include <libc.h>
#include "hist.h"

/* Exact is 2 to the power of that */
enum {
	Bits = 6,
};

static int
bucket(int64_t v)
{
	int e;

	if(v < Exact)
		return v;
	e = 63 - __builtin_clzll(v);
	return (e - Bits)*Exact + (v >> (e - Bits));
}

/* the largest value of a bucket */
static int64_t
top(int b)
{
	int e;

	if(b < 2*Exact)
		return b;
	e = b/Exact - 1;
	return ((uint64_t)(b%Exact + Exact + 1) << e) - 1;
}

void
histadd(Hist *h, int64_t v)
{
	if(h->n == 0 || v < h->min)
		h->min = v;
	if(v > h->max)
		h->max = v;
	h->n++;
	h->count[bucket(v)]++;
}

void
histmerge(Hist *h, const Hist *g)
{
	int i;

	if(g->n == 0)
		return;
	if(h->n == 0 || g->min < h->min)
		h->min = g->min;
	if(g->max > h->max)
		h->max = g->max;
	h->n += g->n;
	for(i = 0; i < Nbucket; i++)
		h->count[i] += g->count[i];
}

int64_t
histpart(const Hist *h, double part)
{
	uint64_t want, n;
	int i;

	want = part*h->n;
	if(want < part*h->n || want == 0)
		want++;
	n = 0;
	for(i = 0; i < Nbucket; i++){
		n += h->count[i];
		if(n >= want)
			return top(i) < h->max? top(i): h->max;
	}
	return h->max;
}
