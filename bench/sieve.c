/*
 * The first n primes by a chain of filters, a task each, with unbuffered
 * channels: 4.6 million messages for 3000.  When the last prime is found the
 * counter is told, and what it sends last, 0, ends the filters.
 */
#include <stdlib.h>

#include "bare.h"
#include "bench.h"
#include "lib.h"

typedef struct Filter Filter;
struct Filter
{
	Channel	*in;
	Channel	*out;
	unsigned long	prime;
};

static int enough;

static void
counter(void *v)
{
	unsigned long i;

	for(i = 2; !enough; i++)
		chansendul(v, i);
	chansendul(v, 0);
}

static void
filter(void *v)
{
	unsigned long i;
	Filter *f;

	f = v;
	do{
		i = chanrecvul(f->in);
		if(i == 0 || i%f->prime != 0)
			chansendul(f->out, i);
	}while(i != 0);
	chanfree(f->in);
	free(f);
}

static Channel*
mkulchan(void)
{
	Channel *c;

	c = chancreate(sizeof(unsigned long), 0);
	if(c == NULL)
		fail("chancreate");
	return c;
}

static void
sieve(Bench *b, double *v)
{
	Channel *c;
	Filter *f;
	int64_t t;
	long i;

	t = cpunow();
	c = mkulchan();
	start(counter, c);
	for(i = 0; i < b->n; i++){
		f = malloc(sizeof *f);
		if(f == NULL)
			fail("malloc");
		f->in = c;
		f->prime = chanrecvul(c);
		f->out = c = mkulchan();
		start(filter, f);
	}
	enough = 1;
	while(chanrecvul(c) != 0)
		;
	chanfree(c);
	*v = (double)(cpunow() - t)/1e6;
}

static const Figure fig = {"sieve", "sieve, first 3000 primes", "ms cpu", 0, 0};

static Bench benches[] = {
	{&fig, 1, 3000, 100, 0, Cold, {{"lib9thread", sieve}, BARE(sieve)}},
};

int
main(int argc, char *argv[])
{
	return benchmain("sieve", benches, NELEM(benches), argc, argv);
}
