/*
 * Channels that one proc has used alone for a while, and then another comes:
 * channel(3) and threadint(3) say nothing of it, since nothing must be seen of it.
 */
#include "t.h"

enum {
	Uses = 1000,	/* enough for the library to take note */
};

static void
echo(void *v)
{
	Channel **c;
	int i;

	c = v;
	for(i = 0; i < Uses; i++)
		TCHECK(chansendul(c[1], chanrecvul(c[0])) == 1);
}

/* use c alone, with whatever else is used */
static void
use(Channel *c, Channel *other)
{
	Channel *both[] = {c, other};
	int i;

	assert_true(threadcreate(echo, both, 0) > 0);
	for(i = 0; i < Uses; i++){
		assert_int_equal(chansendul(c, (unsigned long)i), 1);
		assert_int_equal(chanrecvul(other), i);
	}
}

static Channel*
owned(int nel)
{
	Channel *c, *other;

	c = chancreate(sizeof(unsigned long), nel);
	other = chancreate(sizeof(unsigned long), nel);
	assert_non_null(c);
	assert_non_null(other);
	use(c, other);
	chanfree(other);
	return c;
}

static void
fill(Channel *c)
{
	while(p9nbsendul(c, 3) == 1)
		;
}

/*
 * What another proc does to c, on which the task of op waits, of this proc.
 */
enum {
	Doint,
	Dokill,
	Doclose,
	Dofree,
	Dopartner,
	Doalt,
	Doinfo,
	Ndo,
};

typedef struct Deed Deed;
struct Deed
{
	Op	op;
	int	what;
	Channel	*done;
};

/* the operation that lets op's proceed */
static int
partner(Op *o, bool alt)
{
	unsigned long v;
	bool sends;
	Alt a[] = {
		{.op = CHANNOP},
		{.c = o->c, .v = &v},
		{.op = CHANEND},
	};

	sends = o->kind == Opsend || o->kind == Opaltsend;
	v = 55;
	if(!alt)
		return sends? chanrecv(o->c, &v): chansend(o->c, &v);
	a[1].op = sends? CHANRCV: CHANSND;
	return p9alt(a);
}

static void
doit(void *v)
{
	Chaninfo info;
	Deed *d;

	d = v;
	switch(d->what){
	case Doint:
		TCHECK(threadint(d->op.id) == 0);
		break;
	case Dokill:
		TCHECK(threadkill(d->op.id) == 0);
		break;
	case Doclose:
		TCHECK(chanclose(d->op.c) == 0);
		break;
	case Dofree:
		chanfree(d->op.c);
		break;
	case Dopartner:
	case Doalt:
		TCHECK(partner(&d->op, d->what == Doalt) == 1);
		break;
	default:
		chaninfo(d->op.c, &info);
		TCHECK(info.senders + info.receivers == 1);
		TCHECK(partner(&d->op, false) == 1);
		break;
	}
	TCHECK(chansendp(d->done, nil) == 1);
}

static void
deed(int nel, int kind, int what)
{
	Channel *c;
	Deed d;

	c = owned(nel);
	d = (Deed){.what = what, .done = chancreate(sizeof(void*), 0)};
	assert_non_null(d.done);
	if(kind == Opsend || kind == Opaltsend)
		fill(c);
	opstart(&d.op, c, kind, 77);
	assert_true(proccreate(doit, &d, 0) > 0);
	chanrecvp(d.done);
	chanfree(d.done);
	switch(what){
	case Doint:
		assert_opfails(&d.op, EINTR, "interrupted");
		break;
	case Dokill:
		/* it has left, and takes nothing */
		threadyield();
		assert_false(d.op.ended);
		if(kind == Oprecv || kind == Opaltrecv)
			assert_int_equal(p9nbsendul(c, 1), nel != 0);
		chanfree(d.op.done);
		chanfree(d.op.blocked);
		break;
	case Doclose:
		assert_opfails(&d.op, EPIPE, "channel closed");
		break;
	case Dofree:
		assert_opfails(&d.op, EPIPE, "channel freed");
		break;
	default:
		assert_int_equal(opwait(&d.op), 1);
		if(kind == Oprecv || kind == Opaltrecv)
			assert_int_equal(d.op.v, 55);
	}
	if(what != Dofree)
		chanfree(c);
}

static void
another(void **state)
{
	static const int nel[] = {0, 2, CHANUNBOUNDED};
	int k, kind, what;

	for(k = 0; k < nelem(nel); k++)
		for(kind = Opsend; kind <= Opaltrecv; kind++)
			for(what = 0; what < Ndo; what++)
				if(nel[k] != CHANUNBOUNDED || kind == Oprecv || kind == Opaltrecv)
					deed(nel[k], kind, what);
}

/*
 * An alt that waits in two such channels at once, while another proc comes to
 * the one, and this to the other: one of the two is served.
 */
typedef struct Two Two;
struct Two
{
	Channel	*c[2];
	Channel	*done;
	long	got[2];
	long	n;
};

static void
taker(void *v)
{
	unsigned long x[2];
	Two *w;
	long i;
	int k;

	w = v;
	for(i = 0; i < 2*w->n; i++){
		Alt a[] = {
			{.c = w->c[0], .v = &x[0], .op = CHANRCV},
			{.c = w->c[1], .v = &x[1], .op = CHANRCV},
			{.op = CHANEND},
		};

		k = p9alt(a);
		TCHECK(k == 0 || k == 1);
		TCHECK(x[k] == (unsigned long)w->got[k]);
		w->got[k]++;
	}
	TCHECK(chansendp(w->done, nil) == 1);
}

static void
giver(void *v)
{
	Channel *c;
	Two *w;
	long i, n;

	/* it may go with the last message; and got changes meanwhile */
	w = v;
	c = w->c[1];
	n = w->n;
	for(i = 0; i < n; i++)
		TCHECK(chansendul(c, (unsigned long)i) == 1);
}

static void
twochannels(void **state)
{
	long i, k, n;
	Two w;

	n = ntimes(50);
	for(i = 0; i < n; i++){
		w = (Two){.c = {owned(0), owned(0)}, .n = 200, .done = chancreate(sizeof(void*), 0)};
		assert_non_null(w.done);
		assert_true(threadcreate(taker, &w, 0) > 0);
		threadyield();
		assert_true(proccreate(giver, &w, 0) > 0);
		for(k = 0; k < w.n; k++)
			assert_int_equal(chansendul(w.c[0], (unsigned long)k), 1);
		chanrecvp(w.done);
		chanfree(w.c[0]);
		chanfree(w.c[1]);
		chanfree(w.done);
	}
}

/*
 * Interrupts from another proc: each that finds the task waiting, or comes
 * before it waits, ends one wait and no more; and no value is lost or doubled.
 */
typedef struct Storm Storm;
struct Storm
{
	Channel	*c;
	int	id;
	_Atomic bool	stop;
	long	nint;
	Channel	*done;
};

static void
interrupter(void *v)
{
	Storm *s;

	s = v;
	while(!atomic_load(&s->stop)){
		TCHECK(threadint(s->id) == 0);
		s->nint++;
	}
	TCHECK(chansendp(s->done, nil) == 1);
}

static void
feeder(void *v)
{
	Channel *c;
	long i;

	c = v;
	for(i = 0; i < Uses; i++)
		TCHECK(chansendul(c, (unsigned long)i) == 1);
}

static void
storm(void **state)
{
	unsigned long v;
	long i, n, nfail, got;
	Storm s;

	n = ntimes(40);
	for(i = 0; i < n; i++){
		s = (Storm){.c = owned(0), .id = threadid(), .done = chancreate(sizeof(void*), 1)};
		assert_non_null(s.done);
		assert_true(proccreate(interrupter, &s, 0) > 0);
		assert_true(threadcreate(feeder, s.c, 0) > 0);
		nfail = 0;
		for(got = 0; got < Uses;)
			if(chanrecv(s.c, &v) == 1)
				assert_int_equal(v, got++);
			else{
				assert_err(EINTR, "interrupted");
				nfail++;
			}
		atomic_store(&s.stop, true);
		while(chanrecv(s.done, nil) < 0)
			nfail++;
		/* one may be left; it and this one are one flag */
		assert_int_equal(threadint(threadid()), 0);
		assert_int_equal(chanrecv(s.c, &v), -1);
		assert_int_equal(p9nbrecv(s.c, &v), 0);
		assert_true(nfail <= s.nint);
		chanfree(s.c);
		chanfree(s.done);
	}
}

/*
 * An alt that waits for nothing, in a proc that has never had a channel of its
 * own: an interrupt ends it all the same.
 */
static void
altnothing(void *v)
{
	Alt a[] = {{.op = CHANNOP}, {.op = CHANEND}};
	Op *o;

	o = v;
	TCHECK(threadcreate(optell, o->blocked, 0) > 0);
	o->ret = chanalt(a);
	TCHECK(o->ret == -1 && iserr(EINTR, "interrupted"));
	TCHECK(chansendp(o->done, o) == 1);
}

static void
nothing(void **state)
{
	Op o;

	opinit(&o, nil, Opaltrecv, 0);
	o.id = proccreate(altnothing, &o, 0);
	assert_true(o.id > 0);
	assert_int_equal(chanrecvul(o.blocked), 1);
	assert_int_equal(threadint(o.id), 0);
	assert_int_equal(opwait(&o), -1);
}

/*
 * One proc only looks at a channel, while another interrupts the task that waits there: the
 * channel is not its proc's own any more, and the interrupt ends the wait.
 */
enum {
	Looks,
	Interrupts,
	Nlookint,
};

typedef struct Lookint Lookint;
struct Lookint
{
	Op	op;
	_Atomic int	ready;
	Channel	*done;
};

/* both at once */
static void
meet(Lookint *l)
{
	atomic_fetch_add(&l->ready, 1);
	while(atomic_load(&l->ready) < Nlookint)
		threadyield();
}

static void
look(void *v)
{
	Chaninfo info;
	Lookint *l;

	l = v;
	meet(l);
	chaninfo(l->op.c, &info);
	TCHECK(chansendp(l->done, nil) == 1);
}

static void
interrupt(void *v)
{
	Lookint *l;

	l = v;
	meet(l);
	TCHECK(threadint(l->op.id) == 0);
	TCHECK(chansendp(l->done, nil) == 1);
}

static void
lookint(void **state)
{
	Channel *c;
	Lookint l;
	int i, n;

	n = ntimes(20);
	for(i = 0; i < n; i++){
		c = owned(0);
		l = (Lookint){.done = chancreate(sizeof(void*), Nlookint)};
		assert_non_null(l.done);
		opstart(&l.op, c, i%2? Oprecv: Opaltrecv, 0);
		assert_true(proccreate(look, &l, 0) > 0);
		assert_true(proccreate(interrupt, &l, 0) > 0);
		assert_opfails(&l.op, EINTR, "interrupted");
		chanrecvp(l.done);
		chanrecvp(l.done);
		chanfree(l.done);
		chanfree(c);
	}
}

/* a task interrupts itself: the next wait fails, and no other */
static void
oneself(void **state)
{
	unsigned long v;
	Channel *c;
	Op o;

	c = owned(0);
	assert_int_equal(threadint(threadid()), 0);
	assert_int_equal(threadint(threadid()), 0);
	assert_int_equal(chanrecv(c, &v), -1);
	assert_err(EINTR, "interrupted");
	opstart(&o, c, Opaltsend, 5);
	assert_int_equal(chanrecvul(c), 5);
	assert_int_equal(opwait(&o), 1);
	chanfree(c);
}

static void
resumer(void *v)
{
	Op *o;

	o = v;
	TCHECK(threadresume(o->id) == 0);
}

static void
killer(void *v)
{
	Op *o;

	o = v;
	TCHECK(threadkill(o->id) == 0);
	TCHECK(chansendul(o->blocked, 1) == 1);
}

/* one that waits is suspended: it is served, runs when another proc lets it, or is killed by that */
static void
suspended(void **state)
{
	Channel *c;
	int kind;
	Op o;

	for(kind = Oprecv; kind <= Opaltrecv; kind += Opaltrecv - Oprecv){
		c = owned(0);
		opstart(&o, c, kind, 0);
		assert_int_equal(threadsuspend(o.id), 0);
		assert_int_equal(chansendul(c, 6), 1);
		threadyield();
		assert_false(o.ended);
		assert_true(proccreate(resumer, &o, 0) > 0);
		assert_int_equal(opwait(&o), 1);
		assert_int_equal(o.v, 6);

		opstart(&o, c, kind, 0);
		assert_int_equal(threadsuspend(o.id), 0);
		assert_true(proccreate(killer, &o, 0) > 0);
		assert_int_equal(chanrecvul(o.blocked), 1);
		threadyield();
		assert_false(o.ended);
		assert_int_equal(p9nbsendul(c, 1), 0);
		chanfree(c);
		chanfree(o.done);
		chanfree(o.blocked);
	}
}

/* a proc ends while channels are its own; the next one has its Proc, as like as not */
typedef struct Heir Heir;
struct Heir
{
	Channel	*c[2];
	Channel	*done;
	unsigned long	n;
};

static void
inherit(void *v)
{
	unsigned long i, x;
	Heir *h;

	h = v;
	for(i = 0; i < Uses; i++){
		x = h->n + i;
		TCHECK(chansend(h->c[0], &x) == 1);
		TCHECK(chanrecvul(h->c[0]) == h->n + i);
	}
	/* it has ended when the other one takes this, or is about to */
	TCHECK(chansendul(h->c[1], h->n) == 1);
	TCHECK(chansendp(h->done, nil) == 1);
}

static void
heirs(void **state)
{
	unsigned long i, n;
	int k;
	Heir h;

	n = (unsigned long)ntimes(50);
	for(i = 0; i < n; i++){
		h = (Heir){{chancreate(sizeof(unsigned long), 1), chancreate(sizeof(unsigned long), 3)}, chancreate(sizeof(void*), 0), i};
		assert_non_null(h.c[0]);
		assert_non_null(h.c[1]);
		assert_non_null(h.done);
		for(k = 0; k < 3; k++){
			assert_true(proccreate(inherit, &h, 0) > 0);
			chanrecvp(h.done);
		}
		/* the last two at once */
		assert_int_equal(chanrecvul(h.c[1]), i);
		assert_true(proccreate(inherit, &h, 0) > 0);
		for(k = 0; k < 3; k++)
			assert_int_equal(chanrecvul(h.c[1]), i);
		chanrecvp(h.done);
		chanfree(h.c[0]);
		chanfree(h.c[1]);
		chanfree(h.done);
	}
}

/* a timer's channel, which its user has had for its own */
static void
timerchannel(void **state)
{
	Timer *t;
	int64_t sent, when;
	int i, k;

	for(i = 0; i < 3; i++){
		t = ticker(Hour);
		assert_non_null(t);
		for(k = 0; k < Uses; k++){
			sent = k;
			assert_int_equal(chansend(t->c, &sent), 1);
			assert_int_equal(chanrecv(t->c, &when), 1);
			assert_int_equal(when, k);
		}
		assert_int_equal(timerreset(t, Millisecond), 1);
		for(k = 0; k < 2; k++){
			assert_int_equal(chanrecv(t->c, &when), 1);
			assert_true(when > 0);
		}
		timerfree(t);
	}
}

/* an alt waits in one that is its proc's own, in one that is not, and for a time */
enum {
	Byown,
	Byother,
	Bytime,
	Nby,
};

static int
altmixed(Channel *own, Channel *other, int64_t ns, unsigned long v[2])
{
	int64_t when;
	Alt a[] = {
		{.c = own, .v = &v[0], .op = CHANRCV},
		{.c = other, .v = &v[1], .op = CHANRCV},
		{.v = &when, .op = CHANTIMEOUT},
		{.op = CHANEND},
	};

	when = threadnow() + ns;
	return chanalt(a);
}

static void
sendone(void *v)
{
	TCHECK(chansendul(v, 9) == 1);
}

static void
mixed(void **state)
{
	static const int64_t ns[Nby] = {Hour, Hour, Millisecond};
	Channel *own, *other;
	unsigned long v[2];
	int by, i, n;

	own = owned(0);
	other = owned(0);
	assert_true(proccreate(sendone, other, 0) > 0);
	assert_int_equal(chanrecvul(other), 9);
	n = ntimes(20);
	for(i = 0; i < n; i++)
		for(by = 0; by < Nby; by++){
			v[0] = v[1] = 0;
			if(by == Byown)
				assert_true(threadcreate(sendone, own, 0) > 0);
			else if(by == Byother)
				assert_true(proccreate(sendone, other, 0) > 0);
			assert_int_equal(altmixed(own, other, ns[by], v), by);
			assert_int_equal(v[0], by == Byown? 9: 0);
			assert_int_equal(v[1], by == Byother? 9: 0);
			assert_int_equal(p9nbsendul(own, 1), 0);
			assert_int_equal(p9nbsendul(other, 1), 0);
		}
	chanfree(own);
	chanfree(other);
}

/* another proc frees one of the channels that an alt waits in: the others have lost nothing */
static void
freer(void *v)
{
	chanfree(v);
}

/* its turn comes when the alt waits */
static void
startfreer(void *v)
{
	TCHECK(proccreate(freer, v, 0) > 0);
}

static void
freed(void **state)
{
	unsigned long v[2];
	Channel *c[2];
	int i, k, n;

	n = ntimes(20);
	for(i = 0; i < 2*n; i++){
		k = i%2;
		c[0] = owned(0);
		c[1] = owned(0);
		Alt a[] = {
			{.c = c[0], .v = &v[0], .op = CHANRCV},
			{.c = c[1], .v = &v[1], .op = CHANRCV},
			{.op = CHANEND},
		};

		assert_true(threadcreate(startfreer, c[k], 0) > 0);
		assert_int_equal(chanalt(a), k);
		assert_string_equal(a[k].err, "channel freed");
		assert_int_equal(p9nbsendul(c[1-k], 1), 0);
		assert_true(threadcreate(sendone, c[1-k], 0) > 0);
		assert_int_equal(chanrecvul(c[1-k]), 9);
		chanfree(c[1-k]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing),
		TEST(another),
		TEST(twochannels),
		TEST(storm),
		TEST(lookint),
		TEST(oneself),
		TEST(suspended),
		TEST(heirs),
		TEST(timerchannel),
		TEST(mixed),
		TEST(freed),
	};

	if(threadinit() < 0)
		return 1;
	return cmocka_run_group_tests(tests, nil, nil);
}
