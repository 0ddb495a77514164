#include <pthread.h>
#include <stdlib.h>

#include "bare.h"
#include "mini.h"

/* this file is compiled twice: mini.h */
#if CALLED
#define FN(f) called##f
#else
#define FN(f) bare##f
#endif

static long nop;
static int ntask;
static Minichan *m1, *m2;

static void
yielder(void *v)
{
	long i;

	(void)v;
	for(i = 0; i < nop; i++)
		miniyield();
}

static void
yielders(void *v)
{
	int i;

	for(i = 0; i < ntask; i++)
		ministart(yielder, v);
}

void
FN(yield)(Bench *b, double *v)
{
	int64_t t;

	ntask = b->arg;
	nop = b->n/ntask + 1;
	t = cpunow();
	minirun(yielders, NULL);
	*v = (double)(cpunow() - t)/(double)(nop*ntask);
}

static void
ping(void *v)
{
	long i;

	for(i = 0; i < nop; i++){
		minisend(m1, v);
		minirecv(m2);
	}
}

static void
pong(void *v)
{
	long i;

	for(i = 0; i < nop; i++){
		minirecv(m1);
		minisend(m2, v);
	}
}

static void
pingpong(void *v)
{
	ministart(ping, v);
	ministart(pong, v);
}

void
FN(pingpong)(Bench *b, double *v)
{
	int64_t t;

	nop = b->n/2 + 1;
	m1 = minichan(0);
	m2 = minichan(0);
	t = cpunow();
	minirun(pingpong, NULL);
	*v = (double)(cpunow() - t)/(double)(2*nop);
	free(m1);
	free(m2);
}

static void
produce(void *v)
{
	long i;

	for(i = 0; i < nop; i++)
		minisend(m1, v);
}

static void
consume(void *v)
{
	long i;

	(void)v;
	for(i = 0; i < nop; i++)
		minirecv(m1);
}

static void
buffered(void *v)
{
	ministart(produce, v);
	ministart(consume, v);
}

void
FN(buffered)(Bench *b, double *v)
{
	int64_t t;

	nop = b->n;
	m1 = minichan(b->arg);
	t = cpunow();
	minirun(buffered, NULL);
	*v = (double)(cpunow() - t)/(double)nop;
	free(m1);
}

/* alt */
enum {
	Maxalt = 64,
};

static Minichan *altchan[Maxalt];
static int nalt;

static void
alter(void *v)
{
	Minialt a[Maxalt];
	long i;
	int j;

	for(i = 0; i < nop; i++){
		for(j = 0; j < nalt; j++)
			a[j].c = altchan[j];
		minialt(a, nalt, &v);
		minisend(m1, v);
	}
}

static void
waker(void *v)
{
	long i;

	for(i = 0; i < nop; i++){
		minisend(altchan[i%nalt], v);
		minirecv(m1);
	}
}

static void
alting(void *v)
{
	ministart(alter, v);
	ministart(waker, v);
}

void
FN(alt)(Bench *b, double *v)
{
	int64_t t;
	int i;

	nop = b->n;
	nalt = b->arg;
	m1 = minichan(0);
	for(i = 0; i < nalt; i++)
		altchan[i] = minichan(0);
	t = cpunow();
	minirun(alting, NULL);
	*v = (double)(cpunow() - t)/(double)nop;
	for(i = 0; i < nalt; i++)
		free(altchan[i]);
	free(m1);
}

/* create, run and end an empty task */
static void
empty(void *v)
{
	(void)v;
}

static void
creator(void *v)
{
	long i;

	for(i = 0; i < nop; i++){
		ministart(empty, v);
		miniyield();
	}
}

void
FN(create)(Bench *b, double *v)
{
	int64_t t;

	nop = b->n;
	t = cpunow();
	minirun(creator, NULL);
	*v = (double)(cpunow() - t)/(double)nop;
}

/* sieve: sieve.c says how it ends */
typedef struct Filter Filter;
struct Filter
{
	Minichan	*in;
	Minichan	*out;
	uintptr_t	prime;
};

/* volatile: no compiler expects another stack to change it during a call */
static volatile int enough;

static void
counter(void *v)
{
	uintptr_t i;

	for(i = 2; !enough; i++)
		minisend(v, (void*)i);
	minisend(v, NULL);
}

static void
filter(void *v)
{
	uintptr_t i;
	Filter *f;

	f = v;
	do{
		i = (uintptr_t)minirecv(f->in);
		if(i == 0 || i%f->prime != 0)
			minisend(f->out, (void*)i);
	}while(i != 0);
	free(f->in);
	free(f);
}

static void
primes(void *v)
{
	Filter *f;
	Minichan *c;
	long i;

	(void)v;
	c = minichan(0);
	ministart(counter, c);
	for(i = 0; i < nop; i++){
		f = malloc(sizeof *f);
		if(f == NULL)
			fail("malloc");
		f->in = c;
		f->prime = (uintptr_t)minirecv(c);
		f->out = c = minichan(0);
		ministart(filter, f);
	}
	enough = 1;
	while(minirecv(c) != NULL)
		;
	free(c);
}

void
FN(sieve)(Bench *b, double *v)
{
	int64_t t;

	nop = b->n;
	enough = 0;
	t = cpunow();
	minirun(primes, NULL);
	*v = (double)(cpunow() - t)/1e6;
}

/* pairs: every OS thread runs its share of them */
static void
pairsend(void *v)
{
	long i;

	for(i = 0; i < nop; i++)
		minisend(v, v);
}

static void
pairrecv(void *v)
{
	long i;

	for(i = 0; i < nop; i++)
		minirecv(v);
	free(v);
}

static void
pairs(void *v)
{
	Minichan *c;
	int i;

	(void)v;
	for(i = 0; i < ntask; i++){
		c = minichan(0);
		ministart(pairsend, c);
		ministart(pairrecv, c);
	}
}

static void*
pairthread(void *v)
{
	minirun(pairs, v);
	return NULL;
}

void
FN(pairs)(Bench *b, double *v)
{
	pthread_t th[Maxpairproc];
	int64_t t;
	int i;

	ntask = Npair/b->arg;
	nop = b->n/Npair + 1;
	t = wallnow();
	for(i = 0; i < b->arg; i++)
		if(pthread_create(&th[i], NULL, pairthread, NULL) != 0)
			fail("pthread_create");
	for(i = 0; i < b->arg; i++)
		pthread_join(th[i], NULL);
	*v = (double)(wallnow() - t)/(double)(nop*ntask*b->arg);
}
