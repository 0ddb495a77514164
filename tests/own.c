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
	Two w;
	long i;

	/* it may go with the last message */
	w = *(Two*)v;
	for(i = 0; i < w.n; i++)
		TCHECK(chansendul(w.c[1], (unsigned long)i) == 1);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(another),
		TEST(twochannels),
		TEST(storm),
	};

	if(threadinit() < 0)
		return 1;
	return cmocka_run_group_tests(tests, nil, nil);
}
