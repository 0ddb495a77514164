/* Threadint: thread(3), Interrupts. */
#include "t.h"

static Channel*
ulchan(int nel)
{
	Channel *c;

	c = chancreate(sizeof(unsigned long), nel);
	assert_non_null(c);
	return c;
}

/*
 * A task that waits.
 */
static void
blocked(void **state)
{
	static const int nel[] = { 0, 2, CHANUNBOUNDED };
	Channel *c;
	Op o;
	int i, k, kind, proc;

	for(proc = 0; proc <= 1; proc++)
		for(k = 0; k < nelem(nel); k++)
			for(kind = 0; kind < Nop; kind++){
				if((kind == Opsend || kind == Opaltsend) && nel[k] == CHANUNBOUNDED)
					continue;
				c = ulchan(nel[k]);
				if(kind == Opsend || kind == Opaltsend)
					for(i = 0; i < nel[k]; i++)
						assert_int_equal(chansendul(c, 3), 1);
				opstartin(proc, &o, c, kind, 77);
				assert_int_equal(threadint(o.id), 0);
				assert_opfails(&o, EINTR, "interrupted");
				/* nothing was received, and nothing sent */
				assert_int_equal(o.v, 77);
				if(kind == Opsend || kind == Opaltsend)
					for(i = 0; i < nel[k]; i++)
						assert_int_equal(chanrecvul(c), 3);
				assert_int_equal(p9nbrecv(c, nil), 0);
				assert_int_equal(p9nbsendul(c, 1), nel[k] == 0? 0: 1);
				chanfree(c);
			}
}

/* recvp says nil and recvul 0 */
static void
typed(void *v)
{
	Channel **c;

	c = v;
	errno = 0;
	TCHECK(chanrecvp(c[0]) == nil);
	TCHECK(iserr(EINTR, "interrupted"));
	errno = 0;
	TCHECK(chanrecvul(c[1]) == 0);
	TCHECK(iserr(EINTR, "interrupted"));
	errno = 0;
	TCHECK(chansendp(c[0], c) == -1);
	TCHECK(iserr(EINTR, "interrupted"));
	errno = 0;
	TCHECK(chansendul(c[1], 1) == -1);
	TCHECK(iserr(EINTR, "interrupted"));
	TCHECK(chansendul(c[2], 1) == 1);
}

static void
typedforms(void **state)
{
	Channel *c[3];
	int i, id;

	c[0] = chancreate(sizeof(void*), 0);
	assert_non_null(c[0]);
	c[1] = ulchan(0);
	c[2] = ulchan(0);
	assert_true((id = threadcreate(typed, c, 0)) > 0);
	for(i = 0; i < 4; i++){
		threadyield();
		assert_int_equal(threadint(id), 0);
	}
	assert_int_equal(chanrecvul(c[2]), 1);
	for(i = 0; i < 3; i++)
		chanfree(c[i]);
}

/*
 * Remembered: the running task itself.
 */
static void
oneself(void **state)
{
	unsigned long v;
	int64_t t0;
	Channel *c;
	Alt a[2];
	int i, kind;

	v = 5;
	c = ulchan(1);
	a[1] = (Alt){.op = CHANEND};
	for(kind = 0; kind < 5; kind++){
		/* a flag, not a count */
		for(i = 0; i <= kind; i++)
			assert_int_equal(threadint(threadid()), 0);
		/* what can proceed does, and leaves it; nb, NOBLK and yield neither see nor use it */
		assert_int_equal(chansendul(c, 1), 1);
		assert_int_equal(chanrecvul(c), 1);
		assert_int_equal(p9nbrecv(c, nil), 0);
		assert_int_equal(channbrecv(c, nil), -1);
		assert_err(EAGAIN, "would block");
		a[0] = (Alt){.c = c, .v = &v, .op = CHANRCV};
		a[1].op = CHANNOBLK;
		assert_int_equal(p9alt(a), 1);
		a[0].op = CHANSND;
		a[1].op = CHANEND;
		assert_int_equal(p9alt(a), 0);
		a[0].op = CHANRCV;
		assert_int_equal(p9alt(a), 0);
		threadyield();
		assert_int_equal(threadsleep(0), 0);
		assert_int_equal(threadsleep(-1), 0);
		/* what would wait fails */
		errno = 0;
		switch(kind){
		case 0:
			assert_int_equal(chanrecv(c, &v), -1);
			break;
		case 1:
			assert_int_equal(chansendul(c, 1), 1);
			assert_int_equal(chansendul(c, 2), -1);
			assert_err(EINTR, "interrupted");
			assert_int_equal(chanrecvul(c), 1);
			errno = EINTR;
			break;
		case 2:
			assert_int_equal(p9alt(a), -1);
			assert_null(a[0].err);
			break;
		case 3:
			assert_int_equal(chanalt(a), -1);
			break;
		case 4:
			assert_int_equal(threadsleep(Hour), -1);
			break;
		}
		assert_err(EINTR, "interrupted");
		/* once */
		t0 = threadnow();
		assert_int_equal(threadsleep(Millisecond), 0);
		assert_true(threadnow() >= t0 + Millisecond);
		assert_int_equal(p9nbrecv(c, nil), 0);
	}
	assert_int_equal(v, 5);
	chanfree(c);
}

/* a deadline in an alt waits as well; one that has passed does not */
static void
deadlines(void **state)
{
	int64_t t;
	Alt a[2];

	a[0] = (Alt){.v = &t, .op = CHANTIMEOUT};
	a[1] = (Alt){.op = CHANEND};
	assert_int_equal(threadint(threadid()), 0);
	t = 0;
	assert_int_equal(p9alt(a), 0);
	t = threadnow() + Hour;
	assert_int_equal(p9alt(a), -1);
	assert_err(EINTR, "interrupted");
	t = threadnow() + Millisecond;
	assert_int_equal(p9alt(a), 0);
}

/*
 * Remembered: a task that is ready, or has not run yet.
 */
static void
twoops(void *v)
{
	Channel **c;
	unsigned long x;

	c = v;
	TCHECK(p9nbrecv(c[0], &x) == 0);
	TCHECK(chanrecv(c[0], &x) == -1);
	TCHECK(iserr(EINTR, "interrupted"));
	/* c[1] has room */
	TCHECK(chansendul(c[1], 2) == 1);
	TCHECK(chanrecv(c[0], &x) == 1);
	TCHECK(x == 42);
	TCHECK(chansendul(c[1], 1) == 1);
}

static void
notstarted(void **state)
{
	Channel *c[2];
	int i, id;

	c[0] = ulchan(0);
	c[1] = ulchan(2);
	for(i = 0; i < 20; i++){
		assert_true((id = threadcreate(twoops, c, 0)) > 0);
		assert_int_equal(threadint(id), 0);
		assert_int_equal(threadint(id), 0);
		assert_int_equal(chanrecvul(c[1]), 2);
		assert_int_equal(chansendul(c[0], 42), 1);
		assert_int_equal(chanrecvul(c[1]), 1);
	}
	chanfree(c[0]);
	chanfree(c[1]);
}

static void
yielder(void *v)
{
	threadyield();
	twoops(v);
}

static void
ready(void **state)
{
	Channel *c[2];
	int id;

	c[0] = ulchan(0);
	c[1] = ulchan(2);
	assert_true((id = threadcreate(yielder, c, 0)) > 0);
	threadyield();
	assert_int_equal(threadint(id), 0);
	assert_int_equal(chanrecvul(c[1]), 2);
	assert_int_equal(chansendul(c[0], 42), 1);
	assert_int_equal(chanrecvul(c[1]), 1);
	chanfree(c[0]);
	chanfree(c[1]);
}

/* in a proc that has perhaps not begun */
static void
procstarting(void **state)
{
	Channel *c[2];
	int i, id, n;

	c[0] = ulchan(0);
	c[1] = ulchan(2);
	n = ntimes(100);
	for(i = 0; i < n; i++){
		assert_true((id = proccreate(twoops, c, 0)) > 0);
		assert_int_equal(threadint(id), 0);
		assert_int_equal(chanrecvul(c[1]), 2);
		assert_int_equal(chansendul(c[0], 42), 1);
		assert_int_equal(chanrecvul(c[1]), 1);
	}
	chanfree(c[0]);
	chanfree(c[1]);
}

/* served first, interrupted then: done counts, and the flag stays */
static void
served(void *v)
{
	Channel **c;
	unsigned long x;

	c = v;
	TCHECK(chanrecv(c[0], &x) == 1);
	TCHECK(x == 7);
	TCHECK(chanrecv(c[0], &x) == -1);
	TCHECK(iserr(EINTR, "interrupted"));
	TCHECK(chansend(c[0], &x) == 1);
	TCHECK(chansend(c[0], &x) == -1);
	TCHECK(iserr(EINTR, "interrupted"));
	TCHECK(chansendul(c[1], 1) == 1);
}

static void
servedfirst(void **state)
{
	Channel *c[2];
	int id;

	c[0] = ulchan(0);
	c[1] = ulchan(0);
	assert_true((id = threadcreate(served, c, 0)) > 0);
	threadyield();
	assert_int_equal(p9nbsendul(c[0], 7), 1);
	assert_int_equal(threadint(id), 0);
	threadyield();
	assert_int_equal(chanrecvul(c[0]), 7);
	assert_int_equal(threadint(id), 0);
	assert_int_equal(chanrecvul(c[1]), 1);
	chanfree(c[0]);
	chanfree(c[1]);
}

/* a wait that a close or a free has ended leaves the flag, too */
static void
closedthen(void *v)
{
	Channel **c;

	c = v;
	TCHECK(chanrecv(c[0], nil) == -1);
	TCHECK(iserr(EPIPE, "channel closed"));
	TCHECK(chanrecv(c[1], nil) == -1);
	TCHECK(iserr(EINTR, "interrupted"));
	TCHECK(chanrecv(c[1], nil) == -1);
	TCHECK(iserr(EPIPE, "channel freed"));
	TCHECK(threadsleep(Hour) == -1);
	TCHECK(iserr(EINTR, "interrupted"));
	TCHECK(chansendul(c[2], 1) == 1);
}

static void
closedfirst(void **state)
{
	Channel *c[3];
	int i, id;

	for(i = 0; i < 3; i++)
		c[i] = ulchan(0);
	assert_true((id = threadcreate(closedthen, c, 0)) > 0);
	threadyield();
	assert_int_equal(chanclose(c[0]), 0);
	assert_int_equal(threadint(id), 0);
	threadyield();
	chanfree(c[1]);
	assert_int_equal(threadint(id), 0);
	assert_int_equal(chanrecvul(c[2]), 1);
	chanfree(c[0]);
	chanfree(c[2]);
}

/* interrupted first: a partner that comes then finds nobody */
static void
interruptedfirst(void **state)
{
	unsigned long v;
	Channel *c;
	Op o[2];
	int kind;

	c = ulchan(0);
	for(kind = Opsend; kind <= Opaltrecv; kind++){
		opstart(&o[0], c, kind, 1);
		opstart(&o[1], c, kind, 2);
		assert_int_equal(threadint(o[0].id), 0);
		if(kind == Opsend || kind == Opaltsend){
			assert_int_equal(p9nbrecv(c, &v), 1);
			assert_int_equal(v, 2);
			assert_int_equal(p9nbrecv(c, &v), 0);
		}else{
			assert_int_equal(p9nbsendul(c, 9), 1);
			assert_int_equal(p9nbsendul(c, 9), 0);
		}
		assert_opfails(&o[0], EINTR, "interrupted");
		assert_int_equal(opwait(&o[1]), 1);
	}
	chanfree(c);
}

/*
 * No such thread.
 */
static void
nop(void *v)
{
	if(v != nil)
		TCHECK(chansendul(v, 1) == 1);
}

static void
nosuch(void **state)
{
	static const int bad[] = { 0, -1, INT_MIN, INT_MAX, INT_MAX/2, 1<<30 };
	Channel *c;
	int i, id;

	for(i = 0; i < nelem(bad); i++){
		errno = 0;
		assert_int_equal(threadint(bad[i]), -1);
		assert_err(ESRCH, "no such thread");
	}
	assert_true((id = threadcreate(nop, nil, 0)) > 0);
	threadyield();
	assert_int_equal(threadint(id), -1);
	assert_err(ESRCH, "no such thread");
	c = ulchan(0);
	assert_true((id = proccreate(nop, c, 0)) > 0);
	assert_int_equal(chanrecvul(c), 1);
	/* soon */
	while(threadint(id) == 0)
		threadyield();
	assert_err(ESRCH, "no such thread");
	chanfree(c);
	assert_int_equal(threadsleep(1), 0);
}

/*
 * Old ids do no harm to the tasks that live on the same stacks now: another
 * proc interrupts every task that this one tells of, be it ended or not;
 * tasks that it is not told of are never interrupted.
 */
typedef struct Hunt Hunt;
struct Hunt
{
	_Atomic int	prey;
	_Atomic long	nhit;
	_Atomic bool	stop;
	Channel	*done;
};

static void
hunter(void *v)
{
	Hunt *h;

	h = v;
	while(!atomic_load(&h->stop))
		if(threadint(atomic_load(&h->prey)) == 0)
			atomic_fetch_add(&h->nhit, 1);
	TCHECK(chansendul(h->done, 1) == 1);
}

static void
innocent(void *v)
{
	Channel **c;
	unsigned long x;
	int i;

	c = v;
	for(i = 0; i < 3; i++)
		TCHECK(chanrecv(c[0], &x) == 1);
	TCHECK(chansendul(c[1], 1) == 1);
}

static void
oldids(void **state)
{
	static Hunt h;
	Channel *c[2];
	int i, k, n, id;

	h.done = ulchan(0);
	c[0] = ulchan(0);
	c[1] = ulchan(1);
	assert_true(proccreate(hunter, &h, 0) > 0);
	n = ntimes(30000);
	for(i = 0; i < n; i++){
		assert_true((id = threadcreate(nop, nil, 0)) > 0);
		atomic_store(&h.prey, id);
		if(i%2 == 0)
			threadyield();
		assert_true(threadcreate(innocent, c, 0) > 0);
		for(k = 0; k < 3; k++)
			assert_int_equal(chansendul(c[0], 1), 1);
		assert_int_equal(chanrecvul(c[1]), 1);
	}
	atomic_store(&h.stop, true);
	assert_int_equal(chanrecvul(h.done), 1);
	printf("%ld of %d interrupted alive\n", (long)h.nhit, n);
	chanfree(h.done);
	chanfree(c[0]);
	chanfree(c[1]);
}

/*
 * Interrupts against partners.  A sender sends 1, 2, 3 ..., and each again
 * until it is told that it was sent; the receiver must get just that.  Both
 * are interrupted all the while from a third proc.
 */
enum {
	Plain,
	Alted,
};
typedef struct Race Race;
struct Race
{
	Channel	*c;
	Channel	*noin;		/* nobody sends there */
	Channel	*noout;		/* nobody receives there */
	int	kind;
	Channel	*ids;
	_Atomic bool	stop;
	unsigned long	nsent;
	unsigned long	ngot;
	long	nint;
	Channel	*done;
};

/* 1; 0: interrupted; -1: closed */
static int
raceop(Race *r, int op, unsigned long *v)
{
	unsigned long x;
	Alt a[] = {
		{.c = r->noin, .v = &x, .op = CHANRCV},
		{.c = r->c, .v = v, .op = op},
		{.c = r->noout, .v = v, .op = CHANSND},
		{.op = CHANEND},
	};
	int i;

	if(r->kind == Alted){
		i = p9alt(a);
		if(i == 1)
			return a[1].err == nil? 1: -1;
		TCHECK(i == -1);
	}else if((op == CHANSND? chansend(r->c, v): chanrecv(r->c, v)) == 1)
		return 1;
	if(errno == EINTR)
		return 0;
	TCHECK(iserr(EPIPE, "channel closed"));
	return -1;
}

static void
racesender(void *v)
{
	Race *r;
	unsigned long i;
	int ret;

	r = v;
	TCHECK(chansendul(r->ids, (unsigned long)threadid()) == 1);
	for(i = 1; !atomic_load(&r->stop);){
		ret = raceop(r, CHANSND, &i);
		TCHECK(ret >= 0);
		if(ret == 1)
			i++;
		else
			r->nint++;
	}
	r->nsent = i-1;
	TCHECK(chanclose(r->c) == 0);
	TCHECK(chansendul(r->done, 1) == 1);
}

static void
racereceiver(void *v)
{
	Race *r;
	unsigned long x, last;
	int ret;

	r = v;
	TCHECK(chansendul(r->ids, (unsigned long)threadid()) == 1);
	last = 0;
	while((ret = raceop(r, CHANRCV, &x)) >= 0)
		if(ret == 1){
			TCHECK(x == last+1);
			last = x;
		}
	r->ngot = last;
	TCHECK(chansendul(r->done, 1) == 1);
}

static void
raceboth(void *v)
{
	TCHECK(threadcreate(racereceiver, v, 0) > 0);
	racesender(v);
}

static void
race(int nel, int kind, bool together)
{
	static Race r;		/* not on the stack: a failed assertion leaves it to others */
	int i, n, id[2];

	r = (Race){.c = ulchan(nel), .kind = kind, .ids = ulchan(2), .done = ulchan(2)};
	r.noin = ulchan(0);
	r.noout = ulchan(0);
	if(together)
		assert_true(proccreate(raceboth, &r, 0) > 0);
	else{
		assert_true(proccreate(racesender, &r, 0) > 0);
		assert_true(proccreate(racereceiver, &r, 0) > 0);
	}
	id[0] = (int)chanrecvul(r.ids);
	id[1] = (int)chanrecvul(r.ids);
	n = ntimes(300000);
	for(i = 0; i < n; i++){
		assert_int_equal(threadint(id[i%2]), 0);
		/* now and then leave them the time to get somewhere */
		if(i%1000 == 0)
			threadsleep(20*Microsecond);
	}
	atomic_store(&r.stop, true);
	assert_int_equal(chanrecvul(r.done), 1);
	assert_int_equal(chanrecvul(r.done), 1);
	assert_int_equal(r.nsent, r.ngot);
	printf("%d interrupts, %ld of the sender's operations failed, %lu values\n", n, r.nint, r.ngot);
	assert_int_equal(p9nbsendul(r.noin, 1), 0);
	assert_int_equal(p9nbrecv(r.noout, nil), 0);
	chanfree(r.c);
	chanfree(r.noin);
	chanfree(r.noout);
	chanfree(r.ids);
	chanfree(r.done);
}

static void
raceunbuffered(void **state)
{
	race(0, Plain, false);
	race(0, Plain, true);
}

static void
racebuffered(void **state)
{
	race(1, Plain, false);
	race(3, Plain, true);
}

static void
racealt(void **state)
{
	race(0, Alted, false);
	race(0, Alted, true);
	race(1, Alted, false);
}

/*
 * Against a timer, an exit and a close.
 */
typedef struct Nap Nap;
struct Nap
{
	_Atomic int	id;
	int	n;
	long	nint;
	Channel	*done;
};

static void
napper(void *v)
{
	Nap *p;
	int64_t t, d;
	uint64_t x;
	int i;

	p = v;
	x = 1;
	atomic_store(&p->id, threadid());
	for(i = 0; i < p->n; i++){
		d = rnd(&x, 20000);
		t = threadnow();
		if(threadsleep(d) == 0)
			TCHECK(threadnow() - t >= d);
		else{
			TCHECK(iserr(EINTR, "interrupted"));
			p->nint++;
		}
	}
	TCHECK(chansendul(p->done, 1) == 1);
}

static void
racetimer(void **state)
{
	static Nap p;

	p.n = ntimes(10000);
	p.done = ulchan(1);
	assert_true(proccreate(napper, &p, 0) > 0);
	while(p9nbrecv(p.done, nil) == 0)
		threadint(atomic_load(&p.id));
	printf("%ld of %d sleeps interrupted\n", p.nint, p.n);
	chanfree(p.done);
}

static void
shortlived(void *v)
{
	Op *o;

	o = v;
	chanrecv(o->c, &o->v);
	TCHECK(chansendul(o->done, 1) == 1);
}

/* claimed by whoever is first; the other must not miss the channel's end */
static void
raceclose(void **state)
{
	Channel *c, *done;
	Op o;
	int i, n, id;

	n = ntimes(2000);
	for(i = 0; i < n; i++){
		c = ulchan(0);
		done = ulchan(1);	/* no wait there to be interrupted */
		o = (Op){.c = c, .done = done};
		assert_true((id = proccreate(shortlived, &o, 0)) > 0);
		if(i%2 == 0)
			threadint(id);
		assert_int_equal(chanclose(c), 0);
		if(i%2 == 1)
			threadint(id);
		assert_int_equal(chanrecvul(done), 1);
		threadint(id);
		chanfree(c);
		chanfree(done);
	}
}

int
main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		TEST(blocked),
		TEST(typedforms),
		TEST(oneself),
		TEST(deadlines),
		TEST(notstarted),
		TEST(ready),
		TEST(procstarting),
		TEST(servedfirst),
		TEST(closedfirst),
		TEST(interruptedfirst),
		TEST(nosuch),
		TEST(oldids),
		TEST(raceunbuffered),
		TEST(racebuffered),
		TEST(racealt),
		TEST(racetimer),
		TEST(raceclose),
	};

	if(threadinit() < 0)
		return 1;
	return cmocka_run_group_tests(tests, nil, nil);
}
