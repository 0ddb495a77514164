/* Alt: alt(3). */
#include "t.h"

enum {
	Nmany	= 500,
	Ndraw	= 40000,
	Nkind	= 8,
};

static char junk[] = "junk";

static Channel*
ulchan(int nel)
{
	Channel *c;

	c = chancreate(sizeof(unsigned long), nel);
	assert_non_null(c);
	return c;
}

static void
freeall(Channel **c, int n)
{
	int i;

	for(i = 0; i < n; i++)
		chanfree(c[i]);
}

/* err is the call's to set, whatever it was */
static void
spoil(Alt *a)
{
	for(;; a++){
		a->err = junk;
		if(a->op == CHANEND || a->op == CHANNOBLK)
			break;
	}
}

/* all nil but that of entry i, which is msg */
static void
assert_errs(Alt *a, int i, const char *msg)
{
	int j;

	for(j = 0;; j++){
		if(j == i && msg != nil){
			assert_non_null(a[j].err);
			assert_string_equal(a[j].err, msg);
		}else
			assert_null(a[j].err);
		if(a[j].op == CHANEND || a[j].op == CHANNOBLK)
			break;
	}
}

/*
 * The right index, whichever entry is ready.
 */
static void
indexes(void **state)
{
	unsigned long v[5];
	Channel *c[5];
	Alt a[6];
	int i, k;

	for(i = 0; i < 5; i++){
		c[i] = ulchan(1);
		a[i] = (Alt){.c = c[i], .v = &v[i], .op = CHANRCV};
	}
	for(k = 0; k <= 1; k++)
		for(i = 0; i < 5; i++){
			a[5].op = k == 0? CHANEND: CHANNOBLK;
			memset(v, 0, sizeof v);
			assert_int_equal(chansendul(c[i], (unsigned long)(i+1)), 1);
			spoil(a);
			assert_int_equal(p9alt(a), i);
			assert_errs(a, -1, nil);
			assert_int_equal(v[i], i+1);
			assert_int_equal(v[(i+1)%5], 0);
			assert_int_equal(v[(i+4)%5], 0);
		}
	freeall(c, 5);
}

static void
sendindexes(void **state)
{
	unsigned long v[5];
	Channel *c[5];
	Alt a[6];
	int i, j;

	for(i = 0; i < 5; i++){
		c[i] = ulchan(1);
		v[i] = (unsigned long)(10*i);
		a[i] = (Alt){.c = c[i], .v = &v[i], .op = CHANSND};
	}
	a[5].op = CHANEND;
	for(i = 0; i < 5; i++){
		for(j = 0; j < 5; j++)
			if(j != i)
				assert_int_equal(chansendul(c[j], 1), 1);
		assert_int_equal(chanalt(a), i);
		for(j = 0; j < 5; j++)
			assert_int_equal(chanrecvul(c[j]), j == i? 10*i: 1);
	}
	freeall(c, 5);
}

/* nil for a value, as in send and recv */
static void
nilvalues(void **state)
{
	unsigned long v;
	Channel *c;
	Alt a[2];

	c = ulchan(1);
	a[0] = (Alt){.c = c, .v = nil, .op = CHANSND};
	a[1] = (Alt){.op = CHANEND};
	assert_int_equal(chansendul(c, ~0ul), 1);
	assert_int_equal(chanrecvul(c), ~0ul);
	assert_int_equal(chanalt(a), 0);
	v = 7;
	assert_int_equal(chanrecv(c, &v), 1);
	assert_int_equal(v, 0);
	assert_int_equal(chansendul(c, 5), 1);
	a[0].op = CHANRCV;
	assert_int_equal(chanalt(a), 0);
	assert_int_equal(p9nbrecv(c, nil), 0);
	chanfree(c);
}

static void
noblock(void **state)
{
	unsigned long v;
	Channel *c;
	Alt a[4];
	int n;

	v = 1;
	c = ulchan(0);
	for(n = 0; n <= 3; n++){
		a[0] = (Alt){.c = c, .v = &v, .op = CHANRCV};
		a[1] = (Alt){.c = c, .v = &v, .op = CHANSND};
		a[2] = (Alt){.c = c, .v = &v, .op = CHANRCV};
		a[n] = (Alt){.op = CHANNOBLK};
		spoil(a);
		assert_int_equal(p9alt(a), n);
		assert_errs(a, -1, nil);
		spoil(a);
		errno = 0;
		assert_int_equal(chanalt(a), -1);
		assert_err(EAGAIN, "would block");
		assert_errs(a, -1, nil);
	}
	assert_int_equal(v, 1);
	/* it left nobody in the queues */
	assert_int_equal(p9nbsendul(c, 1), 0);
	assert_int_equal(p9nbrecv(c, nil), 0);
	chanfree(c);
}

/* neither kind of entry can proceed, full or not */
static void
nopandnil(void **state)
{
	unsigned long v;
	Channel *c;
	Alt a[5];

	c = ulchan(2);
	assert_int_equal(chansendul(c, 3), 1);
	v = 0;
	a[0] = (Alt){.c = c, .v = &v, .op = CHANNOP};
	a[1] = (Alt){.c = nil, .v = &v, .op = CHANRCV};
	a[2] = (Alt){.c = nil, .v = &v, .op = CHANSND};
	a[3] = (Alt){.op = CHANNOBLK};
	assert_int_equal(p9alt(a), 3);
	a[3] = (Alt){.c = c, .v = &v, .op = CHANRCV};
	a[4] = (Alt){.op = CHANNOBLK};
	spoil(a);
	assert_int_equal(p9alt(a), 3);
	assert_errs(a, -1, nil);
	assert_int_equal(v, 3);
	assert_int_equal(p9alt(a), 4);
	chanfree(c);
}

/*
 * Timeouts.
 */
static void
past(void **state)
{
	int64_t t[3];
	Alt a[4];
	int i, k;

	for(k = 0; k <= 1; k++)
		for(i = 0; i < 3; i++){
			t[0] = t[1] = t[2] = INT64_MAX;
			a[0] = a[1] = a[2] = (Alt){.op = CHANTIMEOUT};
			a[0].v = &t[0];
			a[1].v = &t[1];
			a[2].v = &t[2];
			a[3] = (Alt){.op = k == 0? CHANEND: CHANNOBLK};
			t[i] = i == 0? INT64_MIN: i == 1? 0: threadnow();
			spoil(a);
			assert_int_equal(p9alt(a), i);
			assert_errs(a, -1, nil);
			assert_int_equal(chanalt(a), i);
		}
}

/* a channel that is ready comes first, however late it is */
static void
pastandready(void **state)
{
	unsigned long v;
	int64_t t;
	Channel *c;
	Alt a[3];
	int i;

	c = ulchan(1);
	t = 0;
	a[0] = (Alt){.v = &t, .op = CHANTIMEOUT};
	a[1] = (Alt){.c = c, .v = &v, .op = CHANRCV};
	a[2] = (Alt){.op = CHANEND};
	for(i = 0; i < 50; i++){
		assert_int_equal(chansendul(c, 1), 1);
		assert_int_equal(p9alt(a), 1);
		assert_int_equal(p9alt(a), 0);
	}
	assert_int_equal(chanclose(c), 0);
	assert_int_equal(p9alt(a), 1);
	assert_errs(a, 1, "channel closed");
	chanfree(c);
}

static void
future(void **state)
{
	int64_t t[3], t0;
	Channel *c;
	Alt a[5];

	c = ulchan(0);
	t0 = threadnow();
	t[0] = t0 + Hour;
	t[1] = t0 + 2*Millisecond;
	t[2] = t0 + 20*Second;
	a[0] = (Alt){.v = &t[0], .op = CHANTIMEOUT};
	a[1] = (Alt){.c = c, .op = CHANRCV};
	a[2] = (Alt){.v = &t[1], .op = CHANTIMEOUT};
	a[3] = (Alt){.v = &t[2], .op = CHANTIMEOUT};
	a[4] = (Alt){.op = CHANNOBLK};
	if(threadnow() < t[1])
		/* unless we were stopped right now */
		assert_true(p9alt(a) == 4 || threadnow() >= t[1]);
	a[4].op = CHANEND;
	spoil(a);
	assert_int_equal(p9alt(a), 2);
	assert_true(threadnow() >= t[1]);
	assert_errs(a, -1, nil);
	/* nobody is left in the queue */
	assert_int_equal(p9nbsendul(c, 1), 0);
	/* no channel at all */
	t[1] = threadnow() + Millisecond;
	assert_int_equal(p9alt(a+2), 0);
	assert_true(threadnow() >= t[1]);
	chanfree(c);
}

/* a value comes long before the deadline */
static void
intime(void **state)
{
	int64_t t;
	unsigned long v;
	Channel *c;
	Alt a[3];
	Op o;
	int i;

	c = ulchan(0);
	t = threadnow() + Hour;
	a[0] = (Alt){.v = &t, .op = CHANTIMEOUT};
	a[1] = (Alt){.c = c, .v = &v, .op = CHANRCV};
	a[2] = (Alt){.op = CHANEND};
	for(i = 0; i < 200; i++){
		opinit(&o, c, Opsend, (unsigned long)i);
		o.id = threadcreate(opmain, &o, 0);
		assert_true(o.id > 0);
		assert_int_equal(p9alt(a), 1);
		assert_int_equal(v, i);
		assert_int_equal(opwait(&o), 1);
	}
	chanfree(c);
}

/*
 * A deadline against a sender: whoever wins, no value is lost or comes
 * twice.
 */
static void
countup(void *v)
{
	Channel *c;
	unsigned long i;

	c = v;
	for(i = 1; chansend(c, &i) == 1; i++)
		;
	chanfree(c);
}

static void
lateornot(void **state)
{
	unsigned long v, last;
	uint64_t x;
	int64_t t;
	Channel *c;
	Alt a[3];
	int i, n, nlate;

	x = seed();
	c = ulchan(0);
	assert_true(proccreate(countup, c, 0) > 0);
	a[0] = (Alt){.c = c, .v = &v, .op = CHANRCV};
	a[1] = (Alt){.v = &t, .op = CHANTIMEOUT};
	a[2] = (Alt){.op = CHANEND};
	n = ntimes(20000);
	last = 0;
	nlate = 0;
	for(i = 0; i < n; i++){
		t = threadnow() + rnd(&x, 30000);
		if(p9alt(a) == 0)
			assert_int_equal(v, ++last);
		else
			nlate++;
	}
	printf("%lu values, %d timeouts\n", last, nlate);
	assert_int_equal(last + (unsigned long)nlate, n);
	/* countup frees it */
	assert_int_equal(chanclose(c), 0);
}

/*
 * Closed and freed entries.
 */
static void
closedentries(void **state)
{
	unsigned long v;
	Channel *c[2];
	Alt a[3];
	int i;

	c[0] = ulchan(4);
	c[1] = ulchan(0);
	v = 0;
	a[0] = (Alt){.c = c[1], .v = &v, .op = CHANRCV};
	a[1] = (Alt){.c = c[0], .v = &v, .op = CHANRCV};
	a[2] = (Alt){.op = CHANEND};
	assert_int_equal(chansendul(c[0], 8), 1);
	assert_int_equal(chansendul(c[0], 9), 1);
	assert_int_equal(chanclose(c[0]), 0);
	for(i = 8; i <= 9; i++){
		spoil(a);
		assert_int_equal(p9alt(a), 1);
		assert_errs(a, -1, nil);
		assert_int_equal(v, i);
	}
	/* again and again, and the same with CHANNOBLK */
	for(i = 0; i < 6; i++){
		a[2].op = i < 3? CHANEND: CHANNOBLK;
		spoil(a);
		assert_int_equal(i%2 == 0? p9alt(a): chanalt(a), 1);
		assert_errs(a, 1, "channel closed");
		assert_int_equal(v, 9);
	}
	a[1].op = CHANSND;
	spoil(a);
	assert_int_equal(p9alt(a), 1);
	assert_errs(a, 1, "channel closed");
	/* its error is forgotten at the next call */
	a[1].op = CHANNOP;
	a[2].op = CHANNOBLK;
	assert_int_equal(p9alt(a), 2);
	assert_errs(a, -1, nil);
	freeall(c, 2);
}

/*
 * An alt that waits in a task of its own.
 */
typedef struct Waits Waits;
struct Waits
{
	Alt	*a;
	int	ret;
	int	errnum;
	char	err[ERRMAX];
	int	id;
	bool	ended;
	Channel	*blocked;
	Channel	*done;
};

static void
waitsmain(void *v)
{
	Waits *w;
	int r;

	w = v;
	r = p9alt(w->a);
	w->errnum = errno;
	rerrstr(w->err, sizeof w->err);
	w->ret = r;
	w->ended = true;
	TCHECK(chansendul(w->done, 1) == 1);
}

static void
waitsprocmain(void *v)
{
	Waits *w;

	w = v;
	TCHECK(threadcreate(optell, w->blocked, 0) > 0);
	waitsmain(w);
}

static void
waitstart(Waits *w, Alt *a, bool proc)
{
	spoil(a);
	*w = (Waits){.a = a, .ret = -2};
	w->done = ulchan(CHANUNBOUNDED);
	w->blocked = ulchan(CHANUNBOUNDED);
	if(proc){
		w->id = proccreate(waitsprocmain, w, 0);
		assert_int_equal(chanrecvul(w->blocked), 1);
	}else{
		w->id = threadcreate(waitsmain, w, 0);
		threadyield();
		assert_false(w->ended);
	}
	assert_true(w->id > 0);
}

static int
waitend(Waits *w)
{
	assert_int_equal(chanrecvul(w->done), 1);
	chanfree(w->done);
	chanfree(w->blocked);
	return w->ret;
}

/* nobody waits on c in either direction */
static void
assert_idle(Channel *c)
{
	assert_int_equal(p9nbrecv(c, nil), 0);
	assert_int_equal(p9nbsendul(c, 1), 0);
}

static void
wokenindex(void **state)
{
	unsigned long v[6], x;
	Channel *c[6];
	Alt a[7];
	Waits w;
	int i, j;

	for(i = 0; i < 6; i++){
		c[i] = ulchan(0);
		a[i] = (Alt){.c = c[i], .v = &v[i], .op = i%2 == 0? CHANRCV: CHANSND};
	}
	a[6] = (Alt){.op = CHANEND};
	for(i = 0; i < 12; i++){
		for(j = 0; j < 6; j++)
			v[j] = (unsigned long)(100+j);
		waitstart(&w, a, i >= 6);
		j = i%6;
		if(j%2 == 0)
			assert_int_equal(p9nbsendul(c[j], 7), 1);
		else{
			assert_int_equal(p9nbrecv(c[j], &x), 1);
			assert_int_equal(x, 100+j);
		}
		assert_int_equal(waitend(&w), j);
		assert_errs(a, -1, nil);
		assert_int_equal(v[j], j%2 == 0? 7: 100+j);
		assert_int_equal(v[(j+2)%6], 100 + (j+2)%6);
		for(j = 0; j < 6; j++)
			assert_idle(c[j]);
	}
	freeall(c, 6);
}

/* of one channel or of the other; closed or freed */
static void
endedwaiting(void **state)
{
	static const struct {
		int	chan;
		bool	free;
		bool	proc;
	} how[] = {
		{0, false, false}, {1, false, false}, {0, true, false}, {1, true, false},
		{0, false, true}, {1, false, true}, {0, true, true}, {1, true, true},
	};
	unsigned long v;
	Channel *c[2];
	Alt a[3];
	Waits w;
	int i, op;

	v = 1;
	for(op = CHANSND; op <= CHANRCV; op++)
		for(i = 0; i < nelem(how); i++){
			c[0] = ulchan(0);
			c[1] = ulchan(0);
			a[0] = (Alt){.c = c[0], .v = &v, .op = op};
			a[1] = (Alt){.c = c[1], .v = &v, .op = op};
			a[2] = (Alt){.op = CHANEND};
			waitstart(&w, a, how[i].proc);
			if(how[i].free)
				chanfree(c[how[i].chan]);
			else
				assert_int_equal(chanclose(c[how[i].chan]), 0);
			assert_int_equal(waitend(&w), how[i].chan);
			assert_errs(a, how[i].chan, how[i].free? "channel freed": "channel closed");
			assert_idle(c[!how[i].chan]);
			chanfree(c[!how[i].chan]);
			if(!how[i].free)
				chanfree(c[how[i].chan]);
		}
}

/* freed while the task that was told something else has yet to leave the queue */
static void
freedleaving(void **state)
{
	unsigned long v;
	Channel *c[4];
	Alt a[6];
	Waits w;
	int i, k;

	for(k = 0; k < 3; k++){
		for(i = 0; i < 4; i++)
			c[i] = ulchan(0);
		a[0] = (Alt){.c = c[0], .v = &v, .op = CHANRCV};
		a[1] = (Alt){.c = c[1], .v = &v, .op = CHANRCV};
		a[2] = (Alt){.c = c[2], .v = &v, .op = CHANSND};
		a[3] = (Alt){.c = c[1], .v = &v, .op = CHANSND};
		a[4] = (Alt){.c = c[3], .v = &v, .op = CHANRCV};
		a[5] = (Alt){.op = CHANEND};
		waitstart(&w, a, false);
		/* it is ready, but does not run before we yield */
		switch(k){
		case 0:
			assert_int_equal(p9nbsendul(c[0], 5), 1);
			break;
		case 1:
			assert_int_equal(threadint(w.id), 0);
			break;
		case 2:
			assert_int_equal(chanclose(c[0]), 0);
			break;
		}
		/* finds it claimed, takes it out, and leaves it to come by */
		assert_int_equal(p9nbrecv(c[2], nil), 0);
		chanfree(c[1]);
		chanfree(c[2]);
		chanfree(c[3]);
		assert_int_equal(waitend(&w), k == 1? -1: 0);
		assert_errs(a, k == 2? 0: -1, "channel closed");
		if(k == 0)
			assert_int_equal(v, 5);
		chanfree(c[0]);
	}
}

static void
interrupted(void **state)
{
	unsigned long v;
	int64_t t;
	Channel *c[2];
	Alt a[4];
	Waits w;
	int k;

	c[0] = ulchan(0);
	c[1] = ulchan(0);
	for(k = 0; k < 4; k++){
		v = 1;
		t = threadnow() + Hour;
		a[0] = (Alt){.c = c[0], .v = &v, .op = CHANRCV};
		a[1] = (Alt){.c = c[1], .v = &v, .op = CHANSND};
		a[2] = k%2 == 0? (Alt){.op = CHANNOP}: (Alt){.v = &t, .op = CHANTIMEOUT};
		a[3] = (Alt){.op = CHANEND};
		waitstart(&w, a, k >= 2);
		assert_int_equal(threadint(w.id), 0);
		assert_int_equal(waitend(&w), -1);
		assert_int_equal(w.errnum, EINTR);
		assert_string_equal(w.err, "interrupted");
		assert_errs(a, -1, nil);
		assert_idle(c[0]);
		assert_idle(c[1]);
	}
	freeall(c, 2);
}

/* nothing that could ever end it, but an interrupt */
static void
forever(void **state)
{
	Alt a[3];
	Waits w;

	a[0] = (Alt){.op = CHANRCV};
	a[1] = (Alt){.op = CHANNOP};
	a[2] = (Alt){.op = CHANEND};
	waitstart(&w, a+2, false);
	assert_int_equal(threadint(w.id), 0);
	assert_int_equal(waitend(&w), -1);
	waitstart(&w, a, false);
	assert_int_equal(threadint(w.id), 0);
	assert_int_equal(waitend(&w), -1);
}

/*
 * One channel in several entries.
 */
static void
twiceready(void **state)
{
	unsigned long v[3];
	Channel *c;
	Alt a[4];
	int i, k;

	c = ulchan(2);
	a[0] = (Alt){.c = c, .v = &v[0], .op = CHANRCV};
	a[1] = (Alt){.c = c, .v = &v[1], .op = CHANRCV};
	a[2] = (Alt){.c = c, .v = &v[2], .op = CHANSND};
	a[3] = (Alt){.op = CHANEND};
	for(k = 0; k < 100; k++){
		assert_int_equal(chansendul(c, 7), 1);
		assert_int_equal(chansendul(c, 8), 1);
		v[0] = v[1] = v[2] = 0;
		i = p9alt(a);
		assert_in_range(i, 0, 1);
		assert_int_equal(v[i], 7);
		assert_int_equal(v[!i], 0);
		assert_int_equal(chanrecvul(c), 8);
		assert_int_equal(p9alt(a), 2);
		assert_int_equal(chanrecvul(c), 0);
	}
	chanfree(c);
}

/* it waits in both directions, and never serves itself */
static void
twicewaiting(void **state)
{
	unsigned long v[4], x;
	Channel *c;
	Alt a[5];
	Waits w;
	int i, k;

	c = ulchan(0);
	a[0] = (Alt){.c = c, .v = &v[0], .op = CHANSND};
	a[1] = (Alt){.c = c, .v = &v[1], .op = CHANRCV};
	a[2] = (Alt){.c = c, .v = &v[2], .op = CHANSND};
	a[3] = (Alt){.c = c, .v = &v[3], .op = CHANRCV};
	for(k = 0; k < 40; k++){
		for(i = 0; i < 4; i++)
			v[i] = (unsigned long)(i+10);
		a[4] = (Alt){.op = CHANNOBLK};
		assert_int_equal(p9alt(a), 4);
		a[4].op = CHANEND;
		waitstart(&w, a, k%4 >= 2);
		if(k%2 == 0){
			assert_int_equal(p9nbsendul(c, 99), 1);
			i = waitend(&w);
			assert_true(i == 1 || i == 3);
			assert_int_equal(v[i], 99);
			assert_int_equal(v[4-i], 10+4-i);
		}else{
			assert_int_equal(p9nbrecv(c, &x), 1);
			i = waitend(&w);
			assert_true(i == 0 || i == 2);
			assert_int_equal(x, 10+i);
		}
		assert_idle(c);
	}
	chanfree(c);
}

static void
twiceended(void **state)
{
	unsigned long v;
	Channel *c;
	Alt a[5];
	Waits w;
	int k, i;

	v = 1;
	for(k = 0; k < 4; k++){
		c = ulchan(0);
		for(i = 0; i < 4; i++)
			a[i] = (Alt){.c = c, .v = &v, .op = i%2 == 0? CHANSND: CHANRCV};
		a[4] = (Alt){.op = CHANEND};
		waitstart(&w, a, k >= 2);
		if(k%2 == 0)
			chanfree(c);
		else
			assert_int_equal(chanclose(c), 0);
		i = waitend(&w);
		assert_in_range(i, 0, 3);
		assert_errs(a, i, k%2 == 0? "channel freed": "channel closed");
		if(k%2 == 1)
			chanfree(c);
	}
}

/*
 * The choice is uniform among the entries that are ready: Pearson's chi
 * square with 7 degrees of freedom is above 60 once in 10^10.
 */
static double
chisquare(const long *n, int k, long total)
{
	double e, x;
	int i;

	x = 0;
	e = (double)total/k;
	for(i = 0; i < k; i++)
		x += ((double)n[i] - e)*((double)n[i] - e)/e;
	return x;
}

static void
uniform(void **state)
{
	long n[2*Nkind], ready[Nkind];
	Channel *c[2*Nkind];
	Alt a[2*Nkind+1];
	unsigned long v;
	double x;
	int i;

	v = 1;
	/* entries of each kind, and between them others that are not ready */
	for(i = 0; i < 2*Nkind; i++){
		c[i] = ulchan(i%2 == 0? CHANUNBOUNDED: 0);
		a[i] = (Alt){.c = c[i], .v = &v, .op = i%4 == 0? CHANSND: CHANRCV};
		n[i] = 0;
	}
	assert_int_equal(chanclose(c[6]), 0);
	a[2*Nkind] = (Alt){.op = CHANEND};
	for(i = 2; i < 2*Nkind; i += 4)
		if(i != 6)
			assert_int_equal(chansendul(c[i], 1), 1);
	for(i = 0; i < Ndraw; i++){
		int k;

		k = p9alt(a);
		assert_in_range(k, 0, 2*Nkind-1);
		n[k]++;
		if(a[k].op == CHANRCV && k != 6)
			assert_int_equal(chansendul(c[k], 1), 1);
	}
	for(i = 0; i < 2*Nkind; i++)
		if(i%2 == 1)
			assert_int_equal(n[i], 0);
		else
			ready[i/2] = n[i];
	x = chisquare(ready, Nkind, Ndraw);
	printf("chi square %g\n", x);
	assert_true(x < 60);
	freeall(c, 2*Nkind);
}

/*
 * Many channels, in an order that has nothing to do with their addresses.
 */
static void
shuffle(Channel **c, int n, uint64_t *x)
{
	Channel *t;
	int i, j;

	for(i = n-1; i > 0; i--){
		j = (int)rnd(x, (unsigned int)i+1);
		t = c[i];
		c[i] = c[j];
		c[j] = t;
	}
}

static void
manychans(int n, uint64_t *x)
{
	static unsigned long v[Nmany];
	static Channel *c[Nmany];
	static Alt a[Nmany+1];
	Waits w;
	int i, k, round;

	for(i = 0; i < n; i++)
		c[i] = ulchan(i%7 == 3? 2: 0);
	for(round = 0; round < 40; round++){
		shuffle(c, n, x);
		for(i = 0; i < n; i++){
			v[i] = 0;
			a[i] = (Alt){.c = c[i], .v = &v[i], .op = CHANRCV};
			/* one of the others again, here and there */
			if(i%10 == 9)
				a[i].c = c[rnd(x, (unsigned int)i)];
		}
		a[n] = (Alt){.op = CHANNOBLK};
		assert_int_equal(p9alt(a), n);
		a[n].op = CHANEND;
		k = (int)rnd(x, (unsigned int)n);
		waitstart(&w, a, round%4 == 0);
		assert_int_equal(p9nbsendul(a[k].c, 77), 1);
		i = waitend(&w);
		assert_in_range(i, 0, n-1);
		assert_ptr_equal(a[i].c, a[k].c);
		assert_int_equal(v[i], 77);
		v[i] = 0;
		for(i = 0; i < n; i++)
			assert_int_equal(v[i], 0);
		assert_int_equal(p9nbrecv(a[k].c, nil), 0);
	}
	freeall(c, n);
}

static void
many(void **state)
{
	uint64_t x;

	x = seed();
	manychans(1, &x);
	manychans(2, &x);
	manychans(64, &x);
	manychans(Nmany, &x);
}

/*
 * Two alts over the same channels, each in its own order: a round passes one
 * value, in the direction that chance gives it.
 */
typedef struct Side Side;
struct Side
{
	Channel	*c[4];
	int	n;
	bool	odd;	/* sends on c[1] and c[3], receives on the others */
	unsigned long	sent;
	unsigned long	got;
	Channel	*done;
};

static void
side(void *v)
{
	Side *s;
	Alt a[5];
	unsigned long x[4];
	int i, j, k;

	s = v;
	for(i = 0; i < 4; i++){
		j = s->odd? 3-i: i;
		a[i] = (Alt){.c = s->c[j], .v = &x[i], .op = (j%2 == 1) == s->odd? CHANSND: CHANRCV};
	}
	a[4] = (Alt){.op = CHANEND};
	for(i = 0; i < s->n; i++){
		for(j = 0; j < 4; j++)
			x[j] = a[j].op == CHANSND? (unsigned long)(1000*i+j): 0;
		k = p9alt(a);
		TCHECK(k >= 0 && k < 4);
		TCHECK(a[k].err == nil);
		if(a[k].op == CHANSND)
			s->sent += x[k];
		else
			s->got += x[k];
	}
	TCHECK(chansendul(s->done, 1) == 1);
}

static void
bothsides(bool proc, int n)
{
	Side s[2];
	int i;

	s[0] = (Side){.n = n, .odd = false};
	for(i = 0; i < 4; i++)
		s[0].c[i] = ulchan(0);
	s[0].done = ulchan(2);
	s[1] = s[0];
	s[1].odd = true;
	assert_true(threadcreate(side, &s[0], 0) > 0);
	assert_true((proc? proccreate: threadcreate)(side, &s[1], 0) > 0);
	assert_int_equal(chanrecvul(s[0].done), 1);
	assert_int_equal(chanrecvul(s[0].done), 1);
	assert_int_equal(s[0].sent, s[1].got);
	assert_int_equal(s[1].sent, s[0].got);
	assert_true(s[0].sent > 0);
	assert_true(s[1].sent > 0);
	freeall(s[0].c, 4);
	chanfree(s[0].done);
}

static void
altalttasks(void **state)
{
	bothsides(false, ntimes(50000));
}

static void
altaltprocs(void **state)
{
	bothsides(true, ntimes(50000));
}

/*
 * Many of both sides at once, in four procs, until they are told to stop.
 */
typedef struct Crowd Crowd;
struct Crowd
{
	Channel	*c[3];
	Channel	*stop;
	Channel	*done;
	_Atomic unsigned long	nsent;
	_Atomic unsigned long	sent;
	_Atomic unsigned long	ngot;
	_Atomic unsigned long	got;
};

static void
member(void *v)
{
	Crowd *k;
	Alt a[8];
	unsigned long x[6], i;
	int j, r;

	k = v;
	for(j = 0; j < 6; j++)
		a[j] = (Alt){.c = k->c[j/2], .v = &x[j], .op = j%2 == 0? CHANSND: CHANRCV};
	a[6] = (Alt){.c = k->stop, .op = CHANRCV};
	a[7] = (Alt){.op = CHANEND};
	for(i = 1;; i++){
		for(j = 0; j < 6; j += 2)
			x[j] = i;
		r = p9alt(a);
		if(r == 6)
			break;
		TCHECK(r >= 0 && a[r].err == nil);
		if(a[r].op == CHANSND){
			atomic_fetch_add(&k->nsent, 1);
			atomic_fetch_add(&k->sent, x[r]);
		}else{
			atomic_fetch_add(&k->ngot, 1);
			atomic_fetch_add(&k->got, x[r]);
		}
	}
	TCHECK(chansendul(k->done, 1) == 1);
}

static void
members(void *v)
{
	int i;

	for(i = 0; i < 3; i++)
		TCHECK(threadcreate(member, v, 0) > 0);
}

static void
crowd(void **state)
{
	static Crowd k;
	unsigned long n;
	int i;

	for(i = 0; i < 3; i++)
		k.c[i] = ulchan(0);
	k.stop = ulchan(0);
	k.done = ulchan(CHANUNBOUNDED);
	for(i = 0; i < 4; i++)
		assert_true(proccreate(members, &k, 0) > 0);
	n = (unsigned long)ntimes(100000);
	while(atomic_load(&k.ngot) < n)
		threadsleep(Millisecond);
	assert_int_equal(chanclose(k.stop), 0);
	for(i = 0; i < 12; i++)
		assert_int_equal(chanrecvul(k.done), 1);
	assert_int_equal(k.nsent, k.ngot);
	assert_int_equal(k.sent, k.got);
	for(i = 0; i < 3; i++)
		assert_idle(k.c[i]);
	freeall(k.c, 3);
	chanfree(k.stop);
	chanfree(k.done);
}

/* of the ready entries the first, always; otherwise as p9alt */
static void
inorder(void **state)
{
	Channel *c[3];
	unsigned long v;
	int64_t past;
	int i, j;
	Alt a[] = {
		{.op = CHANNOP},
		{.v = &v, .op = CHANRCV},
		{.v = &v, .op = CHANRCV},
		{.v = &v, .op = CHANRCV},
		{.op = CHANNOBLK},
		{.op = CHANEND},
	};

	for(i = 0; i < 3; i++){
		c[i] = chancreate(sizeof v, CHANUNBOUNDED);
		a[1+i].c = c[i];
	}
	for(j = 0; j < 100; j++)
		for(i = 0; i < 3; i++)
			chansendul(c[i], (unsigned long)i);
	for(i = 0; i < 3; i++)
		for(j = 0; j < 100; j++){
			assert_int_equal(altordered(a), 1+i);
			assert_int_equal(v, i);
		}
	assert_int_equal(altordered(a), 4);
	past = 0;
	a[4] = (Alt){.v = &past, .op = CHANTIMEOUT};
	assert_int_equal(altordered(a), 4);
	chansendul(c[2], 9);
	assert_int_equal(altordered(a), 3);
	assert_int_equal(v, 9);
	chanclose(c[1]);
	assert_int_equal(altordered(a), 2);
	assert_string_equal(a[2].err, "channel closed");
	for(i = 0; i < 3; i++)
		chanfree(c[i]);
}

int
main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		TEST(indexes),
		TEST(sendindexes),
		TEST(nilvalues),
		TEST(noblock),
		TEST(nopandnil),
		TEST(past),
		TEST(pastandready),
		TEST(future),
		TEST(intime),
		TEST(lateornot),
		TEST(closedentries),
		TEST(wokenindex),
		TEST(endedwaiting),
		TEST(freedleaving),
		TEST(interrupted),
		TEST(forever),
		TEST(twiceready),
		TEST(twicewaiting),
		TEST(twiceended),
		TEST(uniform),
		TEST(many),
		TEST(altalttasks),
		TEST(altaltprocs),
		TEST(crowd),
		TEST(inorder),
	};

	if(threadinit() < 0)
		return 1;
	return cmocka_run_group_tests(tests, nil, nil);
}
