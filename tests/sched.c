/* Scheduling, idling and waking across procs: no wake-up is ever lost. */
#include <sys/time.h>

#include "t.h"

enum {
	Nproc	= 16,
};

static Channel*
ulchan(int nel)
{
	Channel *c;

	c = chancreate(sizeof(unsigned long), nel);
	assert_non_null(c);
	return c;
}

/*
 * One value back and forth.
 */
typedef struct Pair Pair;
struct Pair
{
	Channel	*to;
	Channel	*fro;
};

static void
echo(void *v)
{
	Pair p;
	unsigned long x;

	p = *(Pair*)v;
	while(chanrecv(p.to, &x) == 1)
		TCHECK(chansendul(p.fro, x+1) == 1);
	TCHECK(chanclose(p.fro) == 0);
}

static void
pingpong(bool proc, int nel, int n)
{
	Pair p;
	unsigned long i;

	p = (Pair){ulchan(nel), ulchan(nel)};
	assert_true((proc? proccreate: threadcreate)(echo, &p, 0) > 0);
	for(i = 0; i < (unsigned long)n; i++){
		assert_int_equal(chansendul(p.to, i), 1);
		assert_int_equal(chanrecvul(p.fro), i+1);
	}
	assert_int_equal(chanclose(p.to), 0);
	assert_int_equal(chanrecvul(p.fro), 0);
	chanfree(p.to);
	chanfree(p.fro);
}

static void
inproc(void **state)
{
	pingpong(false, 0, ntimes(200000));
	pingpong(false, 1, ntimes(200000));
}

static void
acrossprocs(void **state)
{
	pingpong(true, 0, ntimes(100000));
	pingpong(true, 1, ntimes(50000));
	pingpong(true, CHANUNBOUNDED, ntimes(50000));
}

/* a ring of procs, one value round and round: all but one sleep */
typedef struct Link Link;
struct Link
{
	Channel	*in;
	Channel	*out;
};

static void
link1(void *v)
{
	Link l;
	unsigned long x;

	l = *(Link*)v;
	while(chanrecv(l.in, &x) == 1)
		TCHECK(chansendul(l.out, x+1) == 1);
	TCHECK(chanclose(l.out) == 0);
	chanfree(l.in);
}

static void
ring(void **state)
{
	Link l[Nproc];
	Channel *first, *in;
	unsigned long i, n;
	int k;

	first = in = ulchan(0);
	for(k = 0; k < Nproc; k++){
		l[k] = (Link){in, ulchan(0)};
		in = l[k].out;
		assert_true(proccreate(link1, &l[k], 0) > 0);
	}
	n = (unsigned long)ntimes(2000);
	for(i = 0; i < n; i++){
		assert_int_equal(chansendul(first, i), 1);
		assert_int_equal(chanrecvul(in), i+Nproc);
	}
	assert_int_equal(chanclose(first), 0);
	assert_int_equal(chanrecvul(in), 0);
	chanfree(in);
}

/*
 * All to all: more procs than CPUs, each with a task that sends to every proc
 * in turn and one that receives.
 */
typedef struct Party Party;
struct Party
{
	Channel	*in[Nproc];
	Channel	*done;
	int	n;		/* messages from each to each */
	_Atomic int	next;
};
typedef struct Guest Guest;
struct Guest
{
	Party	*p;
	int	me;
};

static void
talker(void *v)
{
	Guest g;
	int i, k, n;

	/* copies: the test may be over once the last one is received */
	g = *(Guest*)v;
	n = g.p->n;
	for(i = 0; i < n; i++)
		for(k = 0; k < Nproc; k++)
			TCHECK(chansendul(g.p->in[(g.me+k)%Nproc], (unsigned long)g.me) == 1);
}

static void
listener(void *v)
{
	Guest *g;
	int seen[Nproc] = {0};
	int i;

	g = v;
	TCHECK(threadcreate(talker, g, 0) > 0);
	for(i = 0; i < g->p->n*Nproc; i++)
		seen[chanrecvul(g->p->in[g->me])]++;
	for(i = 0; i < Nproc; i++)
		TCHECK(seen[i] == g->p->n);
	TCHECK(chansendul(g->p->done, 1) == 1);
}

static void
alltoall(int nel, int n)
{
	Party p;
	Guest g[Nproc];
	int i;

	p = (Party){.n = n, .done = ulchan(CHANUNBOUNDED)};
	for(i = 0; i < Nproc; i++)
		p.in[i] = ulchan(nel);
	for(i = 0; i < Nproc; i++){
		g[i] = (Guest){&p, i};
		assert_true(proccreate(listener, &g[i], 0) > 0);
	}
	for(i = 0; i < Nproc; i++)
		assert_int_equal(chanrecvul(p.done), 1);
	for(i = 0; i < Nproc; i++)
		chanfree(p.in[i]);
	chanfree(p.done);
}

static void
everybody(void **state)
{
	alltoall(0, ntimes(300));
	alltoall(4, ntimes(300));
	alltoall(CHANUNBOUNDED, ntimes(300));
}

/*
 * Tasks of one proc that another makes ready run in the order in which it
 * did, whenever that proc looks.
 */
enum {
	Nqueue = 40,
};
typedef struct Queued Queued;
struct Queued
{
	Channel	*c[Nqueue];
	Channel	*in;
	Channel	*done;
	int	log[Nqueue];
	int	nlog;
	int	next;
};

static void
queued(void *v)
{
	Queued *q;
	int i;

	q = v;
	i = q->next++;
	TCHECK(chanrecvul(q->c[i]) == 5);
	q->log[q->nlog++] = i;
	if(q->nlog == Nqueue)
		TCHECK(chansendul(q->done, 1) == 1);
}

static void
queue(void *v)
{
	Queued *q;
	int i;

	q = v;
	for(i = 0; i < Nqueue; i++)
		TCHECK(threadcreate(queued, q, 0) > 0);
	while(q->next < Nqueue)
		threadyield();
	/* all of them wait now */
	TCHECK(chansendul(q->in, 1) == 1);
}

static void
inorder(void **state)
{
	static Queued q;
	int i, k, n;

	n = ntimes(200);
	for(k = 0; k < n; k++){
		q = (Queued){.in = ulchan(0), .done = ulchan(0)};
		for(i = 0; i < Nqueue; i++)
			q.c[i] = ulchan(0);
		assert_true(proccreate(queue, &q, 0) > 0);
		assert_int_equal(chanrecvul(q.in), 1);
		for(i = 0; i < Nqueue; i++)
			assert_int_equal(p9nbsendul(q.c[i], 5), 1);
		assert_int_equal(chanrecvul(q.done), 1);
		for(i = 0; i < Nqueue; i++)
			assert_int_equal(q.log[i], i);
		for(i = 0; i < Nqueue; i++)
			chanfree(q.c[i]);
		chanfree(q.in);
		chanfree(q.done);
	}
}

/*
 * A proc that is busy with tasks of its own still takes in what others make
 * ready.
 */
typedef struct Busy Busy;
struct Busy
{
	Channel	*c;
	Channel	*done;
	bool	stop;
};

static void
spinner(void *v)
{
	Busy *b;

	b = v;
	while(!b->stop)
		threadyield();
}

static void
busymain(void *v)
{
	Busy *b;
	int i;

	b = v;
	for(i = 0; i < 3; i++)
		TCHECK(threadcreate(spinner, b, 0) > 0);
	for(i = 0; chanrecv(b->c, nil) == 1; i++)
		;
	b->stop = true;
	TCHECK(chansendul(b->done, (unsigned long)i) == 1);
}

static void
busy(void **state)
{
	static Busy b;		/* the spinners look at it a moment longer */
	int i, n;

	b = (Busy){.c = ulchan(0), .done = ulchan(1)};
	assert_true(proccreate(busymain, &b, 0) > 0);
	n = ntimes(20000);
	for(i = 0; i < n; i++)
		assert_int_equal(chansendul(b.c, 1), 1);
	assert_int_equal(chanclose(b.c), 0);
	assert_int_equal(chanrecvul(b.done), n);
	chanfree(b.c);
	chanfree(b.done);
}

/*
 * A close wakes tasks of many procs with one call.
 */
typedef struct Herd Herd;
struct Herd
{
	Channel	*gate;
	Channel	*in;
	Channel	*out;
};

static void
animal(void *v)
{
	Herd *h;

	h = v;
	TCHECK(chansendul(h->in, 1) == 1);
	TCHECK(chanrecv(h->gate, nil) == -1);
	TCHECK(chansendul(h->out, 1) == 1);
}

static void
herdproc(void *v)
{
	int i;

	for(i = 0; i < 20; i++)
		TCHECK(threadcreate(animal, v, 0) > 0);
}

static void
herd(void **state)
{
	Herd h;
	int i, k, n;

	n = ntimes(50);
	for(k = 0; k < n; k++){
		h = (Herd){ulchan(0), ulchan(CHANUNBOUNDED), ulchan(CHANUNBOUNDED)};
		for(i = 0; i < 8; i++)
			assert_true(proccreate(herdproc, &h, 0) > 0);
		for(i = 0; i < 8*20; i++)
			assert_int_equal(chanrecvul(h.in), 1);
		assert_int_equal(chanclose(h.gate), 0);
		for(i = 0; i < 8*20; i++)
			assert_int_equal(chanrecvul(h.out), 1);
		chanfree(h.gate);
		chanfree(h.in);
		chanfree(h.out);
	}
}

/*
 * Procs that come and go while they are being woken: the waker may still have
 * a hand on one that has ended.
 */
static void
brief(void *v)
{
	Channel *c;

	c = chanrecvp(v);
	TCHECK(c != nil);
	TCHECK(chansendul(c, 1) == 1);
}

static void
comeandgo(void **state)
{
	Channel *ask, *c;
	int i, k, n;

	ask = chancreate(sizeof(void*), 0);
	assert_non_null(ask);
	c = ulchan(0);
	n = ntimes(500);
	for(i = 0; i < n; i++){
		for(k = 0; k < 4; k++)
			assert_true(proccreate(brief, ask, 0) > 0);
		for(k = 0; k < 4; k++)
			assert_int_equal(chansendp(ask, c), 1);
		for(k = 0; k < 4; k++)
			assert_int_equal(chanrecvul(c), 1);
	}
	chanfree(ask);
	chanfree(c);
}

/* sleepers of several procs, channels between them: all idle, then all awake */
static void
dozer(void *v)
{
	Pair p;
	uint64_t x;
	int i, n;

	p = *(Pair*)v;
	x = (uint64_t)threadid();
	n = ntimes(500);
	for(i = 0; i < n; i++){
		TCHECK(threadsleep(rnd(&x, 100000)) == 0);
		TCHECK(chansendul(p.to, 1) == 1);
	}
	TCHECK(chansendul(p.fro, 1) == 1);
}

static void
dozers(void **state)
{
	Pair p;
	int i, n;

	p = (Pair){ulchan(0), ulchan(CHANUNBOUNDED)};
	for(i = 0; i < 8; i++)
		assert_true((i%2 == 0? proccreate: threadcreate)(dozer, &p, 0) > 0);
	n = 8*ntimes(500);
	for(i = 0; i < n; i++)
		assert_int_equal(chanrecvul(p.to), 1);
	for(i = 0; i < 8; i++)
		assert_int_equal(chanrecvul(p.fro), 1);
	chanfree(p.to);
	chanfree(p.fro);
}

/*
 * The program's own signals, all the while: nothing fails, and no sleep ends
 * early.
 */
static _Atomic int nsignal;

static void
caught(int sig)
{
	atomic_fetch_add(&nsignal, 1);
}

static void
napper(void *v)
{
	int64_t t;
	int i, n;

	n = ntimes(100);
	for(i = 0; i < n; i++){
		t = threadnow();
		TCHECK(threadsleep(Millisecond) == 0);
		TCHECK(threadnow() - t >= Millisecond);
	}
	TCHECK(chansendul(v, 1) == 1);
}

static void
signals(void **state)
{
	struct sigaction sa;
	struct itimerval it;
	Channel *c;
	int i;

	memset(&sa, 0, sizeof sa);
	sa.sa_handler = caught;		/* no SA_RESTART */
	sigaction(SIGALRM, &sa, nil);
	memset(&it, 0, sizeof it);
	it.it_interval.tv_usec = it.it_value.tv_usec = 200;
	setitimer(ITIMER_REAL, &it, nil);
	c = ulchan(0);
	for(i = 0; i < 4; i++)
		assert_true((i%2 == 0? proccreate: threadcreate)(napper, c, 0) > 0);
	pingpong(true, 0, ntimes(20000));
	for(i = 0; i < 4; i++)
		assert_int_equal(chanrecvul(c), 1);
	alltoall(1, ntimes(50));
	/* it does come */
	while(atomic_load(&nsignal) < 10)
		threadsleep(Millisecond);
	memset(&it, 0, sizeof it);
	setitimer(ITIMER_REAL, &it, nil);
	/* not the default: one may still be on its way */
	signal(SIGALRM, SIG_IGN);
	chanfree(c);
}

int
main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		TEST(inproc),
		TEST(acrossprocs),
		TEST(ring),
		TEST(everybody),
		TEST(inorder),
		TEST(busy),
		TEST(herd),
		TEST(comeandgo),
		TEST(dozers),
		TEST(signals),
	};

	if(threadinit() < 0)
		return 1;
	return cmocka_run_group_tests(tests, nil, nil);
}
