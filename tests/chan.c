/* Channels: channel(3). */
#include "t.h"

enum {
	Nelem	= 40,
	Nwait	= 10,
	Nbig	= 1000*1000,
	Nring	= 20000,
	Maxsize	= 1000,
};

static const int sizes[] = { 1, 4, 8, 24, Maxsize };
static const int rooms[] = { 0, 1, 5, CHANUNBOUNDED };

static Channel*
ulchan(int nel)
{
	Channel *c;

	c = chancreate(sizeof(unsigned long), nel);
	assert_non_null(c);
	return c;
}

static void
badsizes(void **state)
{
	static const struct {
		int	elsize;
		int	nel;
	} bad[] = { {0, 0}, {-1, 0}, {INT_MIN, 5}, {4, -2}, {4, INT_MIN}, {0, CHANUNBOUNDED}, {-1, -1} };
	int i;

	for(i = 0; i < nelem(bad); i++){
		errno = 0;
		werrstr("nothing yet");
		assert_null(chancreate(bad[i].elsize, bad[i].nel));
		assert_err(EINVAL, "chancreate: bad size");
	}
}

static void
toolarge(void **state)
{
	assert_null(chancreate(INT_MAX, INT_MAX));
	if(sizeof(void*) == 4)
		assert_err(EINVAL, "chancreate: size overflows");
	else
		assert_err(ENOMEM, "out of memory");
}

/*
 * Order and content.
 */
typedef struct Flow Flow;
struct Flow
{
	Channel	*c;
	int	elsize;
	int	n;
};

static void
pattern(unsigned char *b, int elsize, int i)
{
	int j;

	for(j = 0; j < elsize; j++)
		b[j] = (unsigned char)(i*31 + j*7 + elsize);
}

/* from an odd address: elements need not be aligned */
static void
source(void *v)
{
	unsigned char b[Maxsize+1];
	Flow f;
	int i;

	f = *(Flow*)v;
	for(i = 0; i < f.n; i++){
		pattern(b+1, f.elsize, i);
		TCHECK(chansend(f.c, b+1) == 1);
		/* what was sent is a copy */
		memset(b, 0xee, sizeof b);
	}
}

static void
sink(Flow *f)
{
	unsigned char b[Maxsize+2], want[Maxsize];
	int i;

	for(i = 0; i < f->n; i++){
		memset(b, 0x5a, sizeof b);
		assert_int_equal(chanrecv(f->c, b+1), 1);
		pattern(want, f->elsize, i);
		assert_memory_equal(b+1, want, f->elsize);
		assert_int_equal(b[0], 0x5a);
		assert_int_equal(b[f->elsize+1], 0x5a);
	}
}

static void
flow(int elsize, int nel, bool proc, bool senderfirst)
{
	Flow f;

	f = (Flow){chancreate(elsize, nel), elsize, Nelem};
	assert_non_null(f.c);
	assert_true((proc? proccreate: threadcreate)(source, &f, 0) > 0);
	if(senderfirst)
		threadyield();
	sink(&f);
	assert_int_equal(p9nbrecv(f.c, nil), 0);
	chanfree(f.c);
}

static void
order(void **state)
{
	int i, j;

	for(i = 0; i < nelem(sizes); i++)
		for(j = 0; j < nelem(rooms); j++){
			flow(sizes[i], rooms[j], false, false);
			flow(sizes[i], rooms[j], false, true);
		}
}

static void
orderprocs(void **state)
{
	int i, j;

	for(i = 0; i < nelem(sizes); i++)
		for(j = 0; j < nelem(rooms); j++)
			flow(sizes[i], rooms[j], true, false);
}

/* the sender of a full channel fills the place that is made for it */
static void
room(void **state)
{
	unsigned long i, v;
	Channel *c;

	c = ulchan(3);
	for(i = 0; i < 3; i++)
		assert_int_equal(p9nbsendul(c, i), 1);
	assert_int_equal(p9nbsendul(c, 3), 0);
	for(i = 0; i < 100; i++){
		assert_int_equal(p9nbrecv(c, &v), 1);
		assert_int_equal(v, i);
		assert_int_equal(p9nbsendul(c, i+3), 1);
		assert_int_equal(p9nbsendul(c, i+4), 0);
	}
	chanfree(c);
}

/*
 * Nil for a value.
 */
static void
nilsent(void **state)
{
	unsigned long v;
	Channel *c;
	Op o;
	int i;

	for(i = 0; i < nelem(rooms); i++){
		/* the receiver waits */
		c = ulchan(rooms[i]);
		opstart(&o, c, Oprecv, 7);
		assert_int_equal(chansend(c, nil), 1);
		assert_int_equal(opwait(&o), 1);
		assert_int_equal(o.v, 0);
		chanfree(c);
	}
	for(i = 1; i < nelem(rooms); i++){
		/* buffered, in a place that was used before */
		c = ulchan(rooms[i]);
		assert_int_equal(chansendul(c, ~0ul), 1);
		assert_int_equal(chanrecvul(c), ~0ul);
		assert_int_equal(chansend(c, nil), 1);
		v = 7;
		assert_int_equal(chanrecv(c, &v), 1);
		assert_int_equal(v, 0);
		chanfree(c);
	}
}

static void
nilsender(void *v)
{
	TCHECK(chansend(v, nil) == 1);
}

static void
nilsentfirst(void **state)
{
	unsigned long v;
	Channel *c;

	c = ulchan(0);
	assert_true(threadcreate(nilsender, c, 0) > 0);
	threadyield();
	v = 7;
	assert_int_equal(chanrecv(c, &v), 1);
	assert_int_equal(v, 0);
	/* and nothing into nothing */
	assert_true(threadcreate(nilsender, c, 0) > 0);
	threadyield();
	assert_int_equal(chanrecv(c, nil), 1);
	chanfree(c);
}

static void
niltaker(void *v)
{
	Channel **c;

	c = v;
	TCHECK(chanrecv(c[0], nil) == 1);
	TCHECK(chanrecv(c[0], nil) == 1);
	TCHECK(chansendul(c[1], chanrecvul(c[0])) == 1);
}

static void
nilreceived(void **state)
{
	Channel *c[2];
	unsigned long i;
	int k;

	for(k = 0; k < nelem(rooms); k++){
		c[0] = ulchan(rooms[k]);
		c[1] = ulchan(1);
		assert_true(threadcreate(niltaker, c, 0) > 0);
		for(i = 1; i <= 3; i++)
			assert_int_equal(chansendul(c[0], i), 1);
		assert_int_equal(chanrecvul(c[1]), 3);
		chanfree(c[0]);
		chanfree(c[1]);
	}
}

/*
 * Waiters are served first come, first served.
 */
static void
fifosenders(void **state)
{
	static const int nel[] = { 0, 2 };
	Op o[Nwait];
	Channel *c;
	int i, k;

	for(k = 0; k < nelem(nel); k++){
		c = ulchan(nel[k]);
		for(i = 0; i < Nwait; i++)
			opstart(&o[i], c, i%2 == 0? Opsend: Opaltsend, (unsigned long)i);
		for(i = 0; i < Nwait; i++)
			assert_int_equal(o[i].ended, i < nel[k]);
		for(i = 0; i < Nwait; i++)
			assert_int_equal(chanrecvul(c), i);
		for(i = 0; i < Nwait; i++)
			assert_int_equal(opwait(&o[i]), 1);
		chanfree(c);
	}
}

static void
fiforeceivers(void **state)
{
	Op o[Nwait];
	Channel *c;
	int i, k;

	for(k = 0; k < nelem(rooms); k++){
		c = ulchan(rooms[k]);
		for(i = 0; i < Nwait; i++)
			opstart(&o[i], c, i%2 == 0? Oprecv: Opaltrecv, 0);
		for(i = 0; i < Nwait; i++)
			assert_int_equal(chansendul(c, (unsigned long)i), 1);
		for(i = 0; i < Nwait; i++){
			assert_int_equal(opwait(&o[i]), 1);
			assert_int_equal(o[i].v, i);
		}
		chanfree(c);
	}
}

/* some leave from the front, the middle and the back */
static void
fifoleavers(void **state)
{
	static const bool leaves[Nwait] = { [0] = true, [4] = true, [5] = true, [9] = true };
	Op o[Nwait];
	Channel *c;
	int i, n;

	c = ulchan(0);
	for(i = 0; i < Nwait; i++)
		opstart(&o[i], c, i%2 == 0? Opaltsend: Opsend, (unsigned long)i);
	for(i = Nwait-1; i >= 0; i--)
		if(leaves[i])
			assert_int_equal(threadint(o[i].id), 0);
	n = 0;
	for(i = 0; i < Nwait; i++)
		if(leaves[i])
			assert_opfails(&o[i], EINTR, "interrupted");
		else{
			assert_int_equal(chanrecvul(c), i);
			n++;
		}
	assert_int_equal(n, Nwait-4);
	assert_int_equal(p9nbrecv(c, nil), 0);
	for(i = 0; i < Nwait; i++)
		if(!leaves[i])
			assert_int_equal(opwait(&o[i]), 1);
	chanfree(c);
}

/*
 * Closing.
 */
static void
closed(void **state)
{
	unsigned long v;
	Channel *c;
	int i;

	for(i = 0; i < nelem(rooms); i++){
		c = ulchan(rooms[i]);
		assert_int_equal(chanclosing(c), -1);
		assert_int_equal(chanclose(c), 0);
		assert_int_equal(chanclosing(c), 0);
		assert_int_equal(chanclose(c), -1);
		assert_err(EPIPE, "channel closed");
		errno = 0;
		assert_int_equal(chansend(c, &v), -1);
		assert_err(EPIPE, "channel closed");
		errno = 0;
		assert_int_equal(chansendul(c, 1), -1);
		assert_err(EPIPE, "channel closed");
		errno = 0;
		v = 7;
		assert_int_equal(chanrecv(c, &v), -1);
		assert_err(EPIPE, "channel closed");
		assert_int_equal(v, 7);
		errno = 0;
		assert_int_equal(chanrecvul(c), 0);
		assert_err(EPIPE, "channel closed");
		chanfree(c);
	}
}

static void
closednb(void **state)
{
	unsigned long v;
	Channel *c;
	int i;

	for(i = 0; i < nelem(rooms); i++){
		c = ulchan(rooms[i]);
		assert_int_equal(chanclose(c), 0);
		assert_int_equal(p9nbsend(c, &v), -1);
		assert_err(EPIPE, "channel closed");
		errno = 0;
		assert_int_equal(p9nbsendul(c, 1), -1);
		assert_err(EPIPE, "channel closed");
		errno = 0;
		assert_int_equal(channbsend(c, &v), -1);
		assert_err(EPIPE, "channel closed");
		errno = 0;
		assert_int_equal(channbsendul(c, 1), -1);
		assert_err(EPIPE, "channel closed");
		errno = 0;
		assert_int_equal(p9nbrecv(c, &v), -1);
		assert_err(EPIPE, "channel closed");
		errno = 0;
		assert_int_equal(channbrecv(c, &v), -1);
		assert_err(EPIPE, "channel closed");
		errno = 0;
		assert_int_equal(channbrecvul(c), 0);
		assert_err(EPIPE, "channel closed");
		chanfree(c);
	}
}

/* what is buffered is still to be had, by each form */
static void
drained(void **state)
{
	unsigned long v;
	Channel *c;
	int i, k;

	for(k = 1; k < nelem(rooms); k++){
		if(rooms[k] == 1)
			continue;
		c = ulchan(rooms[k]);
		for(i = 0; i < 5; i++)
			assert_int_equal(chansendul(c, (unsigned long)(i+1)), 1);
		assert_int_equal(chanclosing(c), -1);
		assert_int_equal(chanclose(c), 0);
		assert_int_equal(chanclosing(c), 5);
		assert_int_equal(chansendul(c, 9), -1);
		assert_int_equal(chanrecvul(c), 1);
		assert_int_equal(chanclosing(c), 4);
		assert_int_equal(chanrecv(c, &v), 1);
		assert_int_equal(v, 2);
		assert_int_equal(p9nbrecv(c, &v), 1);
		assert_int_equal(v, 3);
		assert_int_equal(channbrecv(c, &v), 1);
		assert_int_equal(v, 4);
		assert_int_equal(channbrecvul(c), 5);
		assert_int_equal(chanclosing(c), 0);
		assert_int_equal(chanrecv(c, &v), -1);
		assert_err(EPIPE, "channel closed");
		chanfree(c);
	}
}

/* those who wait are told, and what waiting senders hold is not delivered */
static void
closewakes(void **state)
{
	Channel *c;
	Op o[2*Nop];
	int i, k, kind;

	for(k = 0; k < nelem(rooms); k++)
		for(kind = Opsend; kind <= Opaltrecv; kind++){
			if((kind == Opsend || kind == Opaltsend) && rooms[k] == CHANUNBOUNDED)
				continue;
			c = ulchan(rooms[k]);
			if(kind == Opsend || kind == Opaltsend)
				for(i = 0; i < rooms[k]; i++)
					assert_int_equal(chansendul(c, (unsigned long)i), 1);
			for(i = 0; i < nelem(o); i++)
				opstartin(i%4 == 3, &o[i], c, kind, 99);
			assert_int_equal(chanclose(c), 0);
			for(i = 0; i < nelem(o); i++)
				assert_opfails(&o[i], EPIPE, "channel closed");
			if(kind == Opsend || kind == Opaltsend)
				for(i = 0; i < rooms[k]; i++)
					assert_int_equal(chanrecvul(c), i);
			assert_int_equal(chanrecv(c, nil), -1);
			chanfree(c);
		}
}

/*
 * Freeing.
 */
static void
freed(void **state)
{
	Channel *c;
	Op o[2*Nop];
	int i, k, kind;

	chanfree(nil);
	for(k = 0; k < nelem(rooms); k++)
		for(kind = Opsend; kind <= Opaltrecv; kind++){
			if((kind == Opsend || kind == Opaltsend) && rooms[k] == CHANUNBOUNDED)
				continue;
			c = ulchan(rooms[k]);
			if(kind == Opsend || kind == Opaltsend)
				for(i = 0; i < rooms[k]; i++)
					assert_int_equal(chansendul(c, (unsigned long)i), 1);
			for(i = 0; i < nelem(o); i++)
				opstartin(i%4 == 3, &o[i], c, kind, 99);
			chanfree(c);
			for(i = 0; i < nelem(o); i++)
				assert_opfails(&o[i], EPIPE, "channel freed");
		}
}

/* with elements in it, and after a close */
static void
freedfull(void **state)
{
	Channel *c;
	int i, k;

	for(k = 1; k < nelem(rooms); k++){
		c = ulchan(rooms[k]);
		for(i = 0; i < 20; i++)
			p9nbsendul(c, 1);
		if(k%2 == 0)
			assert_int_equal(chanclose(c), 0);
		chanfree(c);
	}
}

/*
 * Whoever has been served, or told of the close, may free the channel at once:
 * the partner, in another proc, must not touch it any more.
 */
static void
replier(void *v)
{
	Channel *ask, *c;
	int i;

	ask = v;
	for(i = 0; (c = chanrecvp(ask)) != nil; i++)
		if(i%3 == 2)
			TCHECK(chanclose(c) == 0);
		else
			TCHECK(chansendul(c, (unsigned long)i) == 1);
	chanfree(ask);
}

static void
freedatonce(void **state)
{
	Channel *ask, *c;
	int i, n;

	ask = chancreate(sizeof(void*), 0);
	assert_non_null(ask);
	assert_true(proccreate(replier, ask, 0) > 0);
	n = ntimes(30000);
	for(i = 0; i < n; i++){
		c = ulchan(i%2);
		assert_int_equal(chansendp(ask, c), 1);
		if(i%3 == 2)
			assert_int_equal(chanrecv(c, nil), -1);
		else
			assert_int_equal(chanrecvul(c), i);
		chanfree(c);
	}
	assert_int_equal(chanclose(ask), 0);
}

/*
 * Without waiting.
 */
static void
nbempty(void **state)
{
	unsigned long v;
	Channel *c;
	int k;

	for(k = 0; k < nelem(rooms); k++){
		c = ulchan(rooms[k]);
		v = 7;
		assert_int_equal(p9nbrecv(c, &v), 0);
		assert_int_equal(channbrecv(c, &v), -1);
		assert_err(EAGAIN, "would block");
		errno = 0;
		assert_int_equal(channbrecvul(c), 0);
		assert_err(EAGAIN, "would block");
		assert_int_equal(v, 7);
		chanfree(c);
		c = chancreate(sizeof(void*), rooms[k]);
		assert_non_null(c);
		errno = 0;
		assert_null(channbrecvp(c));
		assert_err(EAGAIN, "would block");
		chanfree(c);
	}
}

static void
nbfull(void **state)
{
	unsigned long v;
	Channel *c;
	int i, k;

	v = 7;
	for(k = 0; k < nelem(rooms); k++){
		c = ulchan(rooms[k]);
		for(i = 0; i < rooms[k]; i++)
			assert_int_equal(channbsend(c, &v), 1);
		if(rooms[k] == CHANUNBOUNDED){
			for(i = 0; i < 1000; i++)
				assert_int_equal(p9nbsend(c, &v), 1);
			assert_int_equal(channbsend(c, &v), 1);
		}else{
			assert_int_equal(p9nbsend(c, &v), 0);
			assert_int_equal(p9nbsendul(c, v), 0);
			assert_int_equal(channbsend(c, &v), -1);
			assert_err(EAGAIN, "would block");
			errno = 0;
			assert_int_equal(channbsendul(c, v), -1);
			assert_err(EAGAIN, "would block");
		}
		chanfree(c);
	}
	for(k = 0; k < nelem(rooms); k++){
		if(rooms[k] == CHANUNBOUNDED)
			continue;
		c = chancreate(sizeof(void*), rooms[k]);
		assert_non_null(c);
		for(i = 0; i < rooms[k]; i++)
			assert_int_equal(channbsendp(c, c), 1);
		assert_int_equal(p9nbsendp(c, c), 0);
		errno = 0;
		assert_int_equal(channbsendp(c, c), -1);
		assert_err(EAGAIN, "would block");
		chanfree(c);
	}
}

/* a partner that waits is enough */
static void
nbwaiting(void **state)
{
	unsigned long v;
	Channel *c;
	Op o;
	int proc, kind;

	for(proc = 0; proc <= 1; proc++)
		for(kind = Opsend; kind <= Opaltrecv; kind++){
			c = ulchan(0);
			opstartin(proc, &o, c, kind, 5);
			if(kind == Opsend || kind == Opaltsend){
				assert_int_equal(p9nbsendul(c, 1), 0);
				assert_int_equal(p9nbrecv(c, &v), 1);
				assert_int_equal(v, 5);
			}else{
				assert_int_equal(p9nbrecv(c, &v), 0);
				assert_int_equal(channbsendul(c, 6), 1);
			}
			assert_int_equal(opwait(&o), 1);
			assert_int_equal(o.v, kind == Opsend || kind == Opaltsend? 5: 6);
			chanfree(c);
		}
}

/*
 * The forms for one type.
 */
static void
pointers(void **state)
{
	Channel *c;
	int x;

	c = chancreate(sizeof(void*), 4);
	assert_non_null(c);
	assert_int_equal(chansendp(c, &x), 1);
	assert_int_equal(p9nbsendp(c, c), 1);
	assert_int_equal(channbsendp(c, state), 1);
	assert_int_equal(chansendp(c, nil), 1);
	assert_ptr_equal(chanrecvp(c), &x);
	assert_ptr_equal(channbrecvp(c), c);
	assert_ptr_equal(chanrecvp(c), state);
	assert_null(chanrecvp(c));
	assert_int_equal(chanclose(c), 0);
	errno = 0;
	assert_null(chanrecvp(c));
	assert_err(EPIPE, "channel closed");
	assert_int_equal(chansendp(c, &x), -1);
	errno = 0;
	assert_int_equal(p9nbsendp(c, &x), -1);
	assert_err(EPIPE, "channel closed");
	errno = 0;
	assert_int_equal(channbsendp(c, &x), -1);
	assert_err(EPIPE, "channel closed");
	errno = 0;
	assert_null(channbrecvp(c));
	assert_err(EPIPE, "channel closed");
	chanfree(c);
}

static void
numbers(void **state)
{
	static const unsigned long v[] = { 0, 1, ~0ul, ~0ul>>1, 0x12345678 };
	Channel *c;
	int i;

	c = ulchan(CHANUNBOUNDED);
	for(i = 0; i < nelem(v); i++){
		assert_int_equal(chansendul(c, v[i]), 1);
		assert_int_equal(p9nbsendul(c, v[i]), 1);
		assert_int_equal(channbsendul(c, v[i]), 1);
	}
	for(i = 0; i < nelem(v); i++){
		assert_int_equal(chanrecvul(c), v[i]);
		assert_int_equal(channbrecvul(c), v[i]);
		assert_int_equal(chanrecvul(c), v[i]);
	}
	chanfree(c);
}

/* a wait that fails gives nil and 0, whatever came before */
static void
typedwaits(void *v)
{
	Channel **c;

	c = v;
	errno = 0;
	TCHECK(chanrecvp(c[0]) == nil);
	TCHECK(iserr(EPIPE, "channel closed"));
	errno = 0;
	TCHECK(chanrecvul(c[1]) == 0);
	TCHECK(iserr(EPIPE, "channel freed"));
	chansendul(c[2], 1);
}

static void
typedfail(void **state)
{
	Channel *c[3];

	c[0] = chancreate(sizeof(void*), 0);
	assert_non_null(c[0]);
	c[1] = ulchan(0);
	c[2] = ulchan(0);
	assert_true(threadcreate(typedwaits, c, 0) > 0);
	threadyield();
	assert_int_equal(chanclose(c[0]), 0);
	threadyield();
	chanfree(c[1]);
	assert_int_equal(chanrecvul(c[2]), 1);
	chanfree(c[0]);
	chanfree(c[2]);
}

/*
 * Each call that blocks, ended in each way: the six return by the switch, and what they
 * return is made elsewhere than in them.
 */
enum {
	Asend, Asendp, Asendul, Arecv, Arecvp, Arecvul, Ncall,
	Met = 0, Closed, Freed, Interrupted, Late, Nend,
};

typedef struct Ending Ending;
struct Ending
{
	Channel	*c;
	Channel	*done;
	int	call;
	int	end;
};

/* a call's failure as a number, the others' as themselves; 5 is received */
static long
callit(int call, Channel *c)
{
	unsigned long v;
	int r;

	v = 5;
	switch(call){
	case Asend:
		return chansend(c, &v);
	case Asendp:
		return chansendp(c, (void*)v);
	case Asendul:
		return chansendul(c, v);
	case Arecv:
		v = 0;
		r = chanrecv(c, &v);
		return r == 1? (long)v: r;
	case Arecvp:
		return (long)chanrecvp(c);
	}
	return (long)chanrecvul(c);
}

static void
endscall(void *v)
{
	static const struct {
		int	err;
		const char	*str;
	} want[Nend] = {
		{0, nil}, {EPIPE, "channel closed"}, {EPIPE, "channel freed"}, {EINTR, "interrupted"}, {ETIMEDOUT, "deadline"},
	};
	Ending *e;
	long r;

	e = v;
	if(e->end == Late)
		threaddeadline(threadnow() + Millisecond);
	r = callit(e->call, e->c);
	threadundeadline(INT64_MAX);
	if(e->end == Met)
		TCHECK(r == (e->call <= Asendul? 1: 5));
	else{
		TCHECK(r == (e->call <= Arecv? -1: 0));
		TCHECK(iserr(want[e->end].err, want[e->end].str));
	}
	/* and nothing of that wait is left */
	if(e->end == Interrupted || e->end == Late)
		TCHECK(e->call <= Asendul? channbrecvul(e->c) == 0: p9nbsendul(e->c, 1) == 0);
	TCHECK(chansendul(e->done, 1) == 1);
}

static void
endings(void **state)
{
	Ending e;
	int id;

	e.done = ulchan(0);
	for(e.call = 0; e.call < Ncall; e.call++)
		for(e.end = 0; e.end < Nend; e.end++){
			e.c = ulchan(0);
			id = threadcreate(endscall, &e, 0);
			assert_true(id > 0);
			threadyield();
			if(e.end == Met && e.call <= Asendul)
				assert_int_equal(chanrecvul(e.c), 5);
			else if(e.end == Met)
				assert_int_equal(chansendul(e.c, 5), 1);
			else if(e.end == Closed)
				assert_int_equal(chanclose(e.c), 0);
			else if(e.end == Freed)
				chanfree(e.c);
			else if(e.end == Interrupted)
				assert_int_equal(threadint(id), 0);
			assert_int_equal(chanrecvul(e.done), 1);
			if(e.end != Freed)
				chanfree(e.c);
		}
	chanfree(e.done);
}

/* what a killed one would have returned nobody sees; its cleanup runs, on its stack */
static void
endsdone(void *v)
{
	chansendul(v, 7);
}

static void
endskilled(void *v)
{
	Ending *e;

	e = v;
	threadcleanup(endsdone, e->done);
	callit(e->call, e->c);
	TCHECK(false);
}

static void
endingskilled(void **state)
{
	Ending e;
	int id;

	e.done = ulchan(0);
	for(e.call = 0; e.call < Ncall; e.call++)
		for(e.end = Met; e.end <= Closed; e.end++){
			e.c = ulchan(0);
			id = threadcreate(endskilled, &e, 0);
			assert_true(id > 0);
			threadyield();
			/* killed where it waits, or when its wait has ended and it has not run yet */
			if(e.end == Met)
				assert_int_equal(e.call <= Asendul? (int)chanrecvul(e.c): chansendul(e.c, 5), e.call <= Asendul? 5: 1);
			assert_int_equal(threadkill(id), 0);
			assert_int_equal(chanrecvul(e.done), 7);
			chanfree(e.c);
		}
	chanfree(e.done);
}

/*
 * Unbounded channels.
 */
static void
million(void **state)
{
	unsigned long i, n;
	Channel *c;
	int round;

	n = (unsigned long)ntimes(Nbig);
	c = ulchan(CHANUNBOUNDED);
	for(round = 0; round < 2; round++){
		for(i = 0; i < n; i++)
			if(chansendul(c, i) != 1)
				fail();
		for(i = 0; i < n; i++)
			if(chanrecvul(c) != i)
				fail();
		assert_int_equal(p9nbrecv(c, nil), 0);
	}
	for(i = 0; i < n; i++)
		if(chansendul(c, i) != 1)
			fail();
	assert_int_equal(chanclose(c), 0);
	assert_int_equal(chanclosing(c), n);
	chanfree(c);
}

/* it grows wherever the oldest element happens to lie */
static void
growing(void **state)
{
	unsigned char b[24], want[24];
	int in, out, i, k;
	Channel *c;

	for(k = 1; k <= 40; k++){
		c = chancreate(sizeof b, CHANUNBOUNDED);
		assert_non_null(c);
		in = out = 0;
		for(i = 0; i < Nring/40; i++){
			pattern(b, sizeof b, in++);
			assert_int_equal(chansend(c, b), 1);
			if(i >= k && i%3 == k%3){
				assert_int_equal(chanrecv(c, b), 1);
				pattern(want, sizeof want, out++);
				assert_memory_equal(b, want, sizeof want);
			}
		}
		while(out < in){
			assert_int_equal(p9nbrecv(c, b), 1);
			pattern(want, sizeof want, out++);
			assert_memory_equal(b, want, sizeof want);
		}
		assert_int_equal(p9nbrecv(c, b), 0);
		chanfree(c);
	}
}

/*
 * What was written before the send is seen after the receive; no lock, no
 * atomics: ThreadSanitizer looks on.
 */
typedef struct Note Note;
struct Note
{
	Channel	*to;
	Channel	*fro;
	long	plain;
};

static void
incrementer(void *v)
{
	Note *n;

	n = v;
	while(chanrecv(n->to, nil) == 1){
		n->plain++;
		TCHECK(chansendul(n->fro, 0) == 1);
	}
	/* the close shows what came before it, too */
	n->plain *= 2;
	TCHECK(chanclose(n->fro) == 0);
}

static void
ordered(void **state)
{
	Note n;
	long i, max;
	int k;

	max = ntimes(10000);
	for(k = 0; k < nelem(rooms); k++){
		n = (Note){ulchan(rooms[k]), ulchan(rooms[k]), 0};
		assert_true(proccreate(incrementer, &n, 0) > 0);
		for(i = 0; i < max; i++){
			n.plain++;
			assert_int_equal(chansendul(n.to, 0), 1);
			assert_int_equal(chanrecv(n.fro, nil), 1);
			assert_int_equal(n.plain, 2*(i+1));
		}
		n.plain++;
		assert_int_equal(chanclose(n.to), 0);
		assert_int_equal(chanrecv(n.fro, nil), -1);
		assert_int_equal(n.plain, 2*(2*max+1));
		chanfree(n.to);
		chanfree(n.fro);
	}
}

/*
 * An operation that need not wait does not switch; many of them do.
 */
typedef struct Count Count;
struct Count
{
	long	n;
	bool	stop;
	Channel	*done;
};

static void
counter(void *v)
{
	Count *k;

	k = v;
	for(; !k->stop; k->n++)
		threadyield();
	TCHECK(chansendul(k->done, 1) == 1);
}

static void
turns(void **state)
{
	Channel *c;
	Count k;
	long n;
	int i;

	c = ulchan(CHANUNBOUNDED);
	k = (Count){.done = ulchan(0)};
	assert_true(threadcreate(counter, &k, 0) > 0);
	threadyield();
	threadyield();
	n = k.n;
	assert_true(n > 0);
	assert_int_equal(chansendul(c, 1), 1);
	assert_int_equal(k.n, n);
	for(i = 0; i < 10000; i++)
		assert_int_equal(chansendul(c, 1), 1);
	assert_true(k.n > n);
	n = k.n;
	for(i = 0; i < 10000; i++)
		assert_int_equal(chanrecvul(c), 1);
	assert_true(k.n > n);
	k.stop = true;
	assert_int_equal(chanrecvul(k.done), 1);
	chanfree(k.done);
	chanfree(c);
}

/* what a name looks like is misuse.c's; here, that any will do */
static void
names(void **state)
{
	char name[200];
	Channel *c;

	c = ulchan(0);
	chansetname(c, "short");
	chansetname(c, "%s %d", "formatted", 12);
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	chansetname(c, "%s", name);
	chansetname(c, "%s", "");
	chanfree(c);
}

static void
prints(void *v)
{
	TCHECK(chanprint(v, "%s %d", "a string", 7) == 1);
	TCHECK(chanprint(v, "%s", "") == 1);
	TCHECK(chanprint(v, "closed") == -1 && iserr(EPIPE, "channel closed"));
}

static void
printed(void **state)
{
	Channel *c;
	char *s;

	c = chancreate(sizeof(char*), 0);
	assert_true(threadcreate(prints, c, 0) > 0);
	s = chanrecvp(c);
	assert_string_equal(s, "a string 7");
	free(s);
	s = chanrecvp(c);
	assert_string_equal(s, "");
	free(s);
	threadyield();
	chanclose(c);
	threadyield();
	chanfree(c);
}

enum {
	Nkilled = 200,
	Large = 1024*1024,
};

static void
printslarge(void *v)
{
	chanprint(v, "%0*d", Large, 1);
	TCHECK(0);
}

/* a string whose sender is killed goes, too */
static void
printkilled(void **state)
{
	struct rusage before, after;
	Channel *c;
	int i, id;

	c = chancreate(sizeof(char*), 0);
	getrusage(RUSAGE_SELF, &before);
	for(i = 0; i < ntimes(Nkilled); i++){
		id = threadcreate(printslarge, c, 0);
		assert_true(id > 0);
		threadyield();
		assert_int_equal(threadkill(id), 0);
		threadyield();
		assert_int_equal(threadkill(id), -1);
	}
	assert_null(channbrecvp(c));
	chanfree(c);
	getrusage(RUSAGE_SELF, &after);
	/* AddressSanitizer keeps for a while what was freed; but it finds leaks by itself */
	if(!Asan)
		assert_true(after.ru_maxrss - before.ru_maxrss < ntimes(Nkilled)/2*(Large/1024) + 8*1024);
}

static void
assert_info(Channel *c, Chaninfo want)
{
	Chaninfo i;

	memset(&i, 0xff, sizeof i);
	chaninfo(c, &i);
	assert_int_equal(i.elsize, want.elsize);
	assert_int_equal(i.nel, want.nel);
	assert_int_equal(i.n, want.n);
	assert_int_equal(i.senders, want.senders);
	assert_int_equal(i.receivers, want.receivers);
	assert_int_equal(i.closed, want.closed);
	assert_string_equal(i.name, want.name);
}

static void
informed(void **state)
{
	Op o[3];
	Channel *c;
	int i;

	c = ulchan(2);
	assert_info(c, (Chaninfo){.elsize = sizeof(long), .nel = 2});
	chansetname(c, "a name of more than the thirty-one bytes");
	for(i = 0; i < 3; i++)
		opstart(&o[i], c, Oprecv, 0);
	assert_info(c, (Chaninfo){.elsize = sizeof(long), .nel = 2, .receivers = 3, .name = "a name of more than the thirty-"});
	for(i = 0; i < 3; i++){
		chansendul(c, 1);
		assert_int_equal(opwait(&o[i]), 1);
	}
	chansetname(c, "%s", "");
	for(i = 0; i < 3; i++)
		opstart(&o[i], c, Opsend, 1);
	assert_info(c, (Chaninfo){.elsize = sizeof(long), .nel = 2, .n = 2, .senders = 1});
	chanclose(c);
	for(i = 0; i < 3; i++)
		assert_int_equal(opwait(&o[i]), i < 2? 1: -1);
	assert_info(c, (Chaninfo){.elsize = sizeof(long), .nel = 2, .n = 2, .closed = 1});
	chanfree(c);
	c = chancreate(3, CHANUNBOUNDED);
	assert_info(c, (Chaninfo){.elsize = 3, .nel = CHANUNBOUNDED});
	chanfree(c);
}

int
main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		TEST(printkilled),	/* first: the peak of memory is yet to come */
		TEST(badsizes),
		TEST(toolarge),
		TEST(order),
		TEST(orderprocs),
		TEST(room),
		TEST(nilsent),
		TEST(nilsentfirst),
		TEST(nilreceived),
		TEST(fifosenders),
		TEST(fiforeceivers),
		TEST(fifoleavers),
		TEST(closed),
		TEST(closednb),
		TEST(drained),
		TEST(closewakes),
		TEST(freed),
		TEST(freedfull),
		TEST(freedatonce),
		TEST(nbempty),
		TEST(nbfull),
		TEST(nbwaiting),
		TEST(pointers),
		TEST(numbers),
		TEST(typedfail),
		TEST(endings),
		TEST(endingskilled),
		TEST(million),
		TEST(growing),
		TEST(ordered),
		TEST(turns),
		TEST(names),
		TEST(printed),
		TEST(informed),
	};

	if(threadinit() < 0)
		return 1;
	return cmocka_run_group_tests(tests, nil, nil);
}
