/*
 * What an operation costs when there are ten tasks, channels or timers,
 * and when there are a million: CPU time.  Each is compared with itself at
 * ten, in the same run.
 */
#include <math.h>
#include <stdlib.h>

#include "bench.h"
#include "lib.h"

enum {
	Nsize = 6,		/* 10, 100 ... 1,000,000 */
	Nquicksize = 2,
	Nyield = 4,		/* of each task, in a row */
	Nspread = 100,
};

static uint64_t seed = 1;

static long
any(long n)
{
	seed = seed*6364136223846793005u + 1442695040888963407u;
	return (long)((seed >> 33)%(uint64_t)n);
}

/*
 * One of n things, but of a hundred that are spread evenly among them: what
 * grows is the number of things, not what the caches must hold of them.
 */
static long
oneof(long n)
{
	return n <= Nspread? any(n): any(Nspread)*(n/Nspread);
}

static int64_t began;

static void
begin(void)
{
	began = cpunow();
}

/* ns of each of n operations */
static double
end(long n)
{
	return (double)(cpunow() - began)/(double)n;
}

static void*
array(long n, size_t size)
{
	void *p;

	p = calloc((size_t)n, size);
	if(p == NULL)
		fail("calloc");
	return p;
}

/*
 * The sizes one after the other, each with what the one before has left: grow makes n
 * things of m, and each operation is measured on n of them.
 */
typedef struct Subject Subject;
struct Subject
{
	void	(*grow)(long m, long n);
	double	(*op[5])(long n, long nop);
	int	nop;
};

static void
sweep(Bench *b, double *v, const Subject *s)
{
	long n, m;
	int i, j, nsize;

	nsize = b->n == b->quick? Nquicksize: Nsize;
	m = 0;
	n = 10;
	for(i = 0; i < nsize; i++){
		s->grow(m, n);
		for(j = 0; j < s->nop; j++){
			if(i == 0)
				s->op[j](n, b->n);	/* a warm start */
			v[j*Nsize + i] = s->op[j](n, b->n);
		}
		m = n;
		n *= 10;
	}
	for(; i < Nsize; i++)
		for(j = 0; j < s->nop; j++)
			v[j*Nsize + i] = NAN;
}

/*
 * Tasks: all but the few at work are parked in a receive from one channel.
 */
static Channel *park, *c1, *c2;
static int *id;
static long nop, nparked;

static void
parker(void *v)
{
	int i;

	(void)v;
	for(;;){
		nparked++;
		chanrecvp(park);
		nparked--;
		for(i = 0; i < Nyield; i++)
			threadyield();
	}
}

static void
untilparked(long n)
{
	while(nparked < n)
		threadyield();
}

static void
growtasks(long m, long n)
{
	if(park == NULL){
		park = mkchan(0);
		c1 = mkchan(0);
		c2 = mkchan(0);
		id = array(1000000, sizeof id[0]);
	}
	for(; m < n; m++){
		id[m] = threadcreate(parker, NULL, 0);
		if(id[m] < 0)
			fail("threadcreate");
		threadyield();
	}
	untilparked(n);
}

static void
empty(void *v)
{
	(void)v;
}

static double
create(long n, long count)
{
	long i;

	(void)n;
	begin();
	for(i = 0; i < count; i++){
		start(empty, NULL);
		threadyield();
	}
	return end(count);
}

/* all wake, yield a few times and park again */
static double
yield(long n, long count)
{
	long i, j, nround;

	nround = count/n + 1;
	begin();
	for(i = 0; i < nround; i++){
		for(j = 0; j < n; j++)
			chansendp(park, NULL);
		untilparked(n);
	}
	return end(nround*n*Nyield);
}

static void
echo(void *v)
{
	long i;

	for(i = 0; i < nop; i++){
		chanrecvp(c1);
		chansendp(c2, v);
	}
}

static double
message(long n, long count)
{
	long i;

	(void)n;
	nop = count;
	start(echo, NULL);
	begin();
	for(i = 0; i < nop; i++){
		chansendp(c1, NULL);
		chanrecvp(c2);
	}
	return end(2*nop);
}

static double
lookup(long n, long count)
{
	long i;

	begin();
	for(i = 0; i < count; i++)
		if(threadpid(id[oneof(n)]) < 0)
			fail("threadpid");
	return end(count);
}

/* wait in an alt behind all that are parked, and leave by another channel */
static void
waker(void *v)
{
	long i;

	for(i = 0; i < nop; i++){
		chansendp(c1, v);
		chanrecvp(c2);
	}
}

static double
leave(long n, long count)
{
	Alt a[3];
	void *v;
	long i;

	(void)n;
	a[0] = (Alt){.c = park, .v = &v, .op = CHANRCV};
	a[1] = (Alt){.c = c1, .v = &v, .op = CHANRCV};
	a[2] = (Alt){.op = CHANEND};
	nop = count;
	start(waker, NULL);
	begin();
	for(i = 0; i < nop; i++){
		if(chanalt(a) != 1)
			fail("chanalt");
		chansendp(c2, NULL);
	}
	return end(nop);
}

static void
tasks(Bench *b, double *v)
{
	static const Subject s = {growtasks, {yield, create, message, leave, lookup}, 5};

	sweep(b, v, &s);
}

/*
 * Channels
 */
static Channel **chan;

static void
growchans(long m, long n)
{
	if(chan == NULL)
		chan = array(1000000, sizeof chan[0]);
	for(; m < n; m++)
		chan[m] = mkchan(1);
}

static double
mkfree(long n, long count)
{
	long i;

	(void)n;
	begin();
	for(i = 0; i < count; i++)
		chanfree(mkchan(1));
	return end(count);
}

static double
through(long n, long count)
{
	Channel *c;
	long i;

	begin();
	for(i = 0; i < count; i++){
		c = chan[oneof(n)];
		chansendp(c, NULL);
		chanrecvp(c);
	}
	return end(count);
}

static void
channels(Bench *b, double *v)
{
	static const Subject s = {growchans, {mkfree, through}, 2};

	sweep(b, v, &s);
}

/*
 * Timers, none of which is due during the run
 */
static Timer **timer;

static Timer*
mktimer(void)
{
	Timer *t;

	t = after(Hour + any(1000000)*Millisecond);
	if(t == NULL)
		fail("after");
	return t;
}

static void
growtimers(long m, long n)
{
	if(timer == NULL)
		timer = array(1000000, sizeof timer[0]);
	for(; m < n; m++)
		timer[m] = mktimer();
}

static double
mkstop(long n, long count)
{
	long i;

	(void)n;
	begin();
	for(i = 0; i < count; i++)
		timerfree(mktimer());
	return end(count);
}

static double
stop(long n, long count)
{
	Timer *t;
	long i;

	begin();
	for(i = 0; i < count; i++){
		t = timer[oneof(n)];
		timerstop(t);
		timerreset(t, Hour + any(1000000)*Millisecond);
	}
	return end(count);
}

static void
timers(Bench *b, double *v)
{
	static const Subject s = {growtimers, {mkstop, stop}, 2};

	sweep(b, v, &s);
}

#define SIZES(id, name)\
	{id, name ", 10", "ns cpu", 10, 0},\
	{id, name ", 100", "ns cpu", 100, 1},\
	{id, name ", 1000", "ns cpu", 1000, 2},\
	{id, name ", 10,000", "ns cpu", 1e4, 3},\
	{id, name ", 100,000", "ns cpu", 1e5, 4},\
	{id, name ", 1,000,000", "ns cpu", 1e6, 5}

static const Figure taskfigs[] = {
	SIZES("growth.yield", "yield, tasks"),
	SIZES("growth.create", "create, run, exit, tasks"),
	SIZES("growth.message", "message, tasks"),
	SIZES("growth.leave", "alt round trip, waiters"),
	SIZES("growth.lookup", "look up an id, tasks"),
};
static const Figure chanfigs[] = {
	SIZES("growth.mkchan", "create and free, channels"),
	SIZES("growth.chan", "message by one of channels"),
};
static const Figure timerfigs[] = {
	SIZES("growth.after", "start and free, timers"),
	SIZES("growth.stop", "stop, reset one of timers"),
};

static Bench benches[] = {
	{taskfigs, NELEM(taskfigs), 200000, 1000, 0, Cold, {{"lib9thread", tasks}}},
	{chanfigs, NELEM(chanfigs), 500000, 1000, 0, Cold, {{"lib9thread", channels}}},
	{timerfigs, NELEM(timerfigs), 500000, 1000, 0, Cold, {{"lib9thread", timers}}},
};

int
main(int argc, char *argv[])
{
	return benchmain("growth", benches, NELEM(benches), argc, argv);
}
