/*
 * Everything at once, at random: L9SEED makes the same tasks draw the same
 * numbers again (not the same interleaving), L9OPS says how many operations.
 *
 * Nproc procs with Ntask tasks each, and Nforeign OS threads of our own, send
 * and receive on shared channels, alone and in alts, with and without waiting,
 * interrupt each other, close shared channels and put new ones in their
 * places, and free channels under the feet of tasks of their own proc that wait
 * there.  Each value says who sent it and the how-manieth of his it is.
 *
 * What must hold, for each channel that ever was: what was sent with success is
 * received, once, or left in the buffer at the end (count, and sum of a hash of
 * the values); and two values of one sender that one receiver gets from one
 * channel come in the order in which they were sent.
 *
 * Shared channels are freed at the end only, since nobody can know that nobody
 * is about to use one.  A local channel is used by the tasks of one proc, which
 * look it up right before each call: it can be freed whenever one of them runs.
 *
 * In each proc one task, the pump, never waits, so that not all of them do.
 * At the end one interrupt for each task must be enough.
 */
#include <pthread.h>

#include "t.h"

enum {
	Nproc	= 4,
	Ntask	= 6,
	Nforeign	= 2,
	Nall	= Nproc*Ntask + Nforeign,
	Nshared	= 10,		/* places for shared channels */
	Nlocal	= 3,		/* and in each proc for local ones */
	Maxchan	= 200000,	/* that ever are */
	Maxclosed	= 2000,	/* shared channels that are closed before the end */
	Every	= 256,		/* operations between looks at the common count */
	Maxalt	= 6,
};

typedef struct Value Value;
struct Value
{
	uint32_t	from;
	uint32_t	n;
	uint64_t	check;
};

/* what one task did with one channel */
typedef struct Tally Tally;
struct Tally
{
	uint64_t	nsent;
	uint64_t	sent;
	uint64_t	ngot;
	uint64_t	got;
	uint32_t	last[Nall];	/* received, by sender */
};

/* a channel; never freed itself, its channel is */
typedef struct Chan Chan;
struct Chan
{
	Channel	*c;
	int	nel;
	Tally	*tally[Nall];	/* made by their tasks when first used */
};

typedef struct Home Home;
struct Home
{
	Chan	*local[Nlocal];
};

enum {
	Nsend,
	Nrecv,
	Nnbsend,
	Nnbrecv,
	Nalt,
	Nnbalt,
	Nlatealt,
	Nint,
	Nclose,
	Nfree,
	Nyield,
	Ntold,		/* closed */
	Nfreed,
	Nintr,
	Nwould,		/* would have blocked */
	Nkind,
};
static const char *kinds[Nkind] = {
	"sends", "receives", "nb sends", "nb receives", "alts", "nb alts", "alts with a deadline",
	"interrupts", "closes", "frees", "yields",
	"told of a close", "of a free", "of an interrupt", "would block",
};

typedef struct Actor Actor;
struct Actor
{
	int	me;
	Home	*home;		/* nil: a foreign OS thread's */
	uint64_t	rnd;
	uint32_t	n;	/* values sent */
	uint64_t	count[Nkind];
};

static Chan *_Atomic shared[Nshared];
static Chan *_Atomic all[Maxchan];
static _Atomic int nall;
static _Atomic int nclosed;
static Home home[Nproc];
static Actor actor[Nall];
static _Atomic int id[Nall];
static _Atomic uint64_t nops;
static uint64_t maxops;
static _Atomic bool stopping;
static Channel *enough, *done;

static Value
value(uint32_t from, uint32_t n)
{
	return (Value){from, n, mix(((uint64_t)from<<32 | n) + 12345)};
}

static Chan*
newchan(Actor *a)
{
	static const int nel[] = { 0, 0, 0, 1, 2, 7, 64, CHANUNBOUNDED };
	Chan *c;
	int i;

	i = atomic_fetch_add(&nall, 1);
	c = calloc(1, sizeof *c);
	if(i >= Maxchan || c == nil)
		sysfatal("too many channels");
	c->nel = nel[rnd(&a->rnd, nelem(nel))];
	c->c = chancreate(sizeof(Value), c->nel);
	if(c->c == nil)
		sysfatal("no memory for a channel");
	atomic_store(&all[i], c);
	return c;
}

static Tally*
tally(Actor *a, Chan *c)
{
	if(c->tally[a->me] == nil && (c->tally[a->me] = calloc(1, sizeof(Tally))) == nil)
		sysfatal("no memory for a tally");
	return c->tally[a->me];
}

static void
sent(Actor *a, Chan *c, Value v)
{
	Tally *t;

	t = tally(a, c);
	t->nsent++;
	t->sent += v.check;
}

static void
got(Actor *a, Chan *c, Value v)
{
	Tally *t;

	t = tally(a, c);
	t->ngot++;
	t->got += v.check;
	if(v.from >= Nall || v.check != value(v.from, v.n).check){
		tbad("a value that nobody sent", __FILE__, __LINE__);
		return;
	}
	if(v.n <= t->last[v.from])
		tbad("out of order", __FILE__, __LINE__);
	t->last[v.from] = v.n;
}

/* why did it fail? */
static void
failed(Actor *a)
{
	char buf[ERRMAX];

	rerrstr(buf, sizeof buf);
	if(strcmp(buf, "channel closed") == 0)
		a->count[Ntold]++;
	else if(strcmp(buf, "channel freed") == 0)
		a->count[Nfreed]++;
	else if(strcmp(buf, "interrupted") == 0)
		a->count[Nintr]++;
	else{
		tbad("failed for another reason", __FILE__, __LINE__);
		fprintf(stderr, "%s\n", buf);
	}
}

/* any that the actor may use; right before the call */
static Chan*
anychan(Actor *a)
{
	if(a->home != nil && rnd(&a->rnd, 4) == 0)
		return a->home->local[rnd(&a->rnd, Nlocal)];
	return atomic_load(&shared[rnd(&a->rnd, Nshared)]);
}

static Value
next(Actor *a)
{
	return value((uint32_t)a->me, ++a->n);
}

static void
dosend(Actor *a, bool wait)
{
	Chan *c;
	Value v;
	int r;

	c = anychan(a);
	v = next(a);
	a->count[wait? Nsend: Nnbsend]++;
	r = wait? chansend(c->c, &v): p9nbsend(c->c, &v);
	if(r == 1)
		sent(a, c, v);
	else if(r == 0)
		a->count[Nwould]++;
	else
		failed(a);
}

static void
dorecv(Actor *a, bool wait)
{
	Chan *c;
	Value v;
	int r;

	c = anychan(a);
	a->count[wait? Nrecv: Nnbrecv]++;
	r = wait? chanrecv(c->c, &v): p9nbrecv(c->c, &v);
	if(r == 1)
		got(a, c, v);
	else if(r == 0)
		a->count[Nwould]++;
	else
		failed(a);
}

/* how: Nalt, Nnbalt or Nlatealt */
static void
doalt(Actor *a, int how)
{
	Alt e[Maxalt+2];
	Chan *c[Maxalt];
	Value v[Maxalt];
	int64_t t;
	int i, n;

	n = 1 + (int)rnd(&a->rnd, Maxalt);
	for(i = 0; i < n; i++){
		c[i] = anychan(a);
		e[i] = (Alt){.c = c[i]->c, .v = &v[i], .op = rnd(&a->rnd, 2) == 0? CHANSND: CHANRCV};
		if(e[i].op == CHANSND)
			v[i] = next(a);
		if(rnd(&a->rnd, 20) == 0)
			e[i].op = CHANNOP;
	}
	t = threadnow() + rnd(&a->rnd, 20000);
	e[n] = (Alt){.op = CHANEND};
	if(how == Nnbalt)
		e[n].op = CHANNOBLK;
	if(how == Nlatealt){
		e[n+1] = e[n];
		e[n] = (Alt){.v = &t, .op = CHANTIMEOUT};
	}
	a->count[how]++;
	i = p9alt(e);
	if(i < 0)
		failed(a);
	else if(i == n)
		a->count[Nwould]++;
	else if(e[i].err != nil)
		a->count[strcmp(e[i].err, "channel freed") == 0? Nfreed: Ntold]++;
	else if(e[i].op == CHANSND)
		sent(a, c[i], v[i]);
	else
		got(a, c[i], v[i]);
}

static void
dointerrupt(Actor *a)
{
	a->count[Nint]++;
	threadint(atomic_load(&id[rnd(&a->rnd, Nall)]));
}

/* a shared one: a new one takes its place */
static void
doclose(Actor *a)
{
	Chan *c, *new;
	int i;

	if(atomic_fetch_add(&nclosed, 1) >= Maxclosed)
		return;
	i = (int)rnd(&a->rnd, Nshared);
	c = atomic_load(&shared[i]);
	new = newchan(a);
	if(!atomic_compare_exchange_strong(&shared[i], &c, new))
		return;		/* somebody else just did, and new is not used */
	a->count[Nclose]++;
	TCHECK(chanclose(c->c) == 0);
}

/*
 * A local one.  What is buffered is taken out first; what tasks that wait
 * there would send is not sent, if the channel is unbuffered.
 */
static void
dofree(Actor *a)
{
	Chan *c;
	Value v;
	int i;

	if(a->home == nil || atomic_load(&nall) >= Maxchan - 1000)
		return;
	i = (int)rnd(&a->rnd, Nlocal);
	c = a->home->local[i];
	if(c->nel != 0)
		/* may switch each time, but not after the last: and nobody but this proc comes here */
		while(p9nbrecv(c->c, &v) == 1){
			got(a, c, v);
			if(a->home->local[i] != c)
				return;
		}
	a->count[Nfree]++;
	a->home->local[i] = newchan(a);
	chanfree(c->c);
	c->c = nil;
}

static void
step(Actor *a, bool pump)
{
	unsigned int k;

	k = rnd(&a->rnd, 1000);
	if(k < 200)
		dosend(a, false);
	else if(k < 400)
		dorecv(a, false);
	else if(k < 500)
		doalt(a, Nnbalt);
	else if(k < 520)
		dointerrupt(a);
	else if(k < 521)
		doclose(a);
	else if(k < 523)
		dofree(a);
	else if(k < 560 || pump){
		a->count[Nyield]++;
		threadyield();
	}else if(k < 700)
		dosend(a, true);
	else if(k < 840)
		dorecv(a, true);
	else if(k < 998)
		doalt(a, Nalt);
	else
		doalt(a, Nlatealt);
}

static void
act(Actor *a, bool pump)
{
	uint64_t n;
	int i;

	atomic_store(&id[a->me], threadid());
	while(!atomic_load(&stopping)){
		for(i = 0; i < Every && !atomic_load(&stopping); i++)
			step(a, pump);
		n = atomic_fetch_add(&nops, (uint64_t)i);
		if(n < maxops && n + (uint64_t)i >= maxops)
			chansendul(enough, 1);
	}
	TCHECK(chansendul(done, 1) == 1);
}

static void
task(void *v)
{
	act(v, false);
}

static void
proc(void *v)
{
	Actor *a;
	Home *h;
	int i;

	a = v;
	h = a->home;
	for(i = 0; i < Nlocal; i++)
		h->local[i] = newchan(a);
	for(i = 1; i < Ntask; i++)
		TCHECK(threadcreate(task, a+i, 0) > 0);
	act(a, true);
}

static void*
foreign(void *v)
{
	act(v, false);
	return nil;
}

/* what is left in the buffers */
static void
drain(Actor *a)
{
	Chan *c;
	Value v;
	int i, n;

	n = atomic_load(&nall);
	for(i = 0; i < n; i++){
		c = atomic_load(&all[i]);
		if(c->c == nil)
			continue;
		while(p9nbrecv(c->c, &v) == 1){
			tally(a, c)->ngot++;
			tally(a, c)->got += v.check;
		}
		chanfree(c->c);
	}
}

static void
balance(void)
{
	uint64_t nsent, ngot, total;
	Tally sum, *t;
	Chan *c;
	int i, k, n;

	n = atomic_load(&nall);
	total = nsent = ngot = 0;
	for(i = 0; i < n; i++){
		c = atomic_load(&all[i]);
		sum = (Tally){0};
		for(k = 0; k < Nall; k++){
			t = c->tally[k];
			if(t == nil)
				continue;
			sum.nsent += t->nsent;
			sum.sent += t->sent;
			sum.ngot += t->ngot;
			sum.got += t->got;
			free(t);
		}
		if(sum.nsent != sum.ngot || sum.sent != sum.got){
			fprintf(stderr, "channel %d (%d): %llu values sent, %llu received\n", i, c->nel,
				(unsigned long long)sum.nsent, (unsigned long long)sum.ngot);
			tbad("lost or doubled", __FILE__, __LINE__);
		}
		nsent += sum.nsent;
		ngot += sum.ngot;
		free(c);
	}
	for(k = 0; k < Nkind; k++){
		uint64_t x;

		x = 0;
		for(i = 0; i < Nall; i++)
			x += actor[i].count[k];
		printf("%12llu %s\n", (unsigned long long)x, kinds[k]);
		if(k <= Nyield)
			total += x;
	}
	printf("%12llu operations, %llu values over %d channels\n", (unsigned long long)total,
		(unsigned long long)ngot, n);
	printf("%12llu asked for\n", (unsigned long long)maxops);
}

static void
everything(void **state)
{
	pthread_t t[Nforeign];
	const char *s;
	uint64_t x;
	int i;

	x = seed();
	s = getenv("L9OPS");
	maxops = s != nil? strtoull(s, nil, 0): (uint64_t)ntimes(Asan? 3000000: 30000000);
	assert_non_null(enough = chancreate(sizeof(unsigned long), 1));
	assert_non_null(done = chancreate(sizeof(unsigned long), Nall));
	for(i = 0; i < Nall; i++)
		actor[i] = (Actor){.me = i, .home = i < Nproc*Ntask? &home[i/Ntask]: nil, .rnd = mix(x + (uint64_t)i)};
	for(i = 0; i < Nshared; i++)
		atomic_store(&shared[i], newchan(&actor[0]));
	for(i = 0; i < Nproc; i++)
		assert_true(proccreate(proc, &actor[i*Ntask], 0) > 0);
	for(i = 0; i < Nforeign; i++)
		assert_int_equal(pthread_create(&t[i], nil, foreign, &actor[Nproc*Ntask+i]), 0);

	assert_int_equal(chanrecvul(enough), 1);
	atomic_store(&stopping, true);
	for(i = 0; i < Nall; i++){
		while(atomic_load(&id[i]) == 0)
			threadyield();
		threadint(atomic_load(&id[i]));
	}
	for(i = 0; i < Nall; i++)
		assert_int_equal(chanrecvul(done), 1);
	for(i = 0; i < Nforeign; i++)
		pthread_join(t[i], nil);
	drain(&actor[0]);
	balance();
	chanfree(enough);
	chanfree(done);
}

int
main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		TEST(everything),
	};

	if(threadinit() < 0)
		return 1;
	return cmocka_run_group_tests(tests, nil, nil);
}
