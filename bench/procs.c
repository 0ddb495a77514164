/*
 * 1000 pairs of tasks, a sender and a receiver on an unbuffered channel of
 * their own, spread over several procs: the time that one message takes of all, so
 * throughput is its inverse.
 */
#include "bare.h"
#include "bench.h"
#include "lib.h"

typedef struct Share Share;
struct Share
{
	int	npair;
	int	nleft;		/* receivers at work */
	Channel	*done;
};

typedef struct Pair Pair;
struct Pair
{
	Channel	*c;
	Share	*share;
};

static long nop;
static int nshare;

static void
sender(void *v)
{
	long i;

	for(i = 0; i < nop; i++)
		chansendp(v, v);
}

static void
receiver(void *v)
{
	Pair *p;
	long i;

	p = v;
	for(i = 0; i < nop; i++)
		chanrecvp(p->c);
	chanfree(p->c);
	if(--p->share->nleft == 0)
		chansendp(p->share->done, NULL);
}

static void
proc(void *v)
{
	Share s;
	Pair pair[Npair];
	int i;

	(void)v;
	s.npair = s.nleft = nshare;
	s.done = mkchan(0);
	for(i = 0; i < s.npair; i++){
		pair[i] = (Pair){mkchan(0), &s};
		start(sender, pair[i].c);
		start(receiver, &pair[i]);
	}
	chanrecvp(s.done);
	chanfree(s.done);
	done();
}

static void
pairs(Bench *b, double *v)
{
	int64_t t;
	int i;

	nshare = Npair/b->arg;
	nop = b->n/Npair + 1;
	t = wallnow();
	for(i = 0; i < b->arg; i++)
		startproc(proc, NULL);
	await(b->arg);
	*v = (double)(wallnow() - t)/(double)(nop*nshare*b->arg);
}

static const Figure p1 = {"procs1", "1000 pairs of tasks, 1 proc", "ns wall", 1, 0};
static const Figure p2 = {"procs2", "1000 pairs of tasks, 2 procs", "ns wall", 2, 0};
static const Figure p4 = {"procs4", "1000 pairs of tasks, 4 procs", "ns wall", 4, 0};
static const Figure p8 = {"procs8", "1000 pairs of tasks, 8 procs", "ns wall", 8, 0};

static Bench benches[] = {
	{&p1, 1, 4000000, 4000, 1, 0, {{"lib9thread", pairs}, BARE(pairs)}},
	{&p2, 1, 4000000, 4000, 2, 0, {{"lib9thread", pairs}, BARE(pairs)}},
	{&p4, 1, 4000000, 4000, 4, 0, {{"lib9thread", pairs}, BARE(pairs)}},
	{&p8, 1, 4000000, 4000, 8, 0, {{"lib9thread", pairs}, BARE(pairs)}},
};

int
main(int argc, char *argv[])
{
	return benchmain("procs", benches, NELEM(benches), argc, argv);
}
