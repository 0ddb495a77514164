/*
 * Power series as streams of rationals, after Doug McIlroy's `Squinting at
 * Power Series': each operation is a thread that asks its operands for a
 * coefficient only when it is asked for one.
 */
#include <u.h>
#include <libc.h>
#include <thread.h>

typedef struct Op Op;
typedef struct Rat Rat;
typedef struct Series Series;

struct Rat
{
	vlong	num;
	vlong	den;		/* above 0; no common divisor */
};

struct Series
{
	Channel	*req;		/* of ulong: the next one, please */
	Channel	*dat;		/* of Rat */
};

/* what a thread is told */
struct Op
{
	Series	*u;
	Series	*v;
	Series	*z;		/* the result, */
	Series	*zz;		/* and the other one of split */
	Rat	c;
};

static Rat zero = {0, 1}, one = {1, 1}, minusone = {-1, 1};

static Rat
rat(vlong num, vlong den)
{
	vlong a, b, t;
	Rat r;

	for(a = num < 0? -num: num, b = den < 0? -den: den; b != 0; a = b, b = t)
		t = a % b;
	if(den < 0)
		a = -a;
	r.num = num/a;
	r.den = den/a;
	return r;
}

static Rat
ratadd(Rat a, Rat b)
{
	Rat g;

	g = rat(a.den, b.den);
	return rat(a.num*g.den + b.num*g.num, a.den*g.den);
}

static Rat
ratmul(Rat a, Rat b)
{
	Rat x, y;

	x = rat(a.num, b.den);
	y = rat(b.num, a.den);
	return rat(x.num*y.num, x.den*y.den);
}

static void*
emalloc(size_t n)
{
	void *p;

	p = malloc(n);
	if(p == nil)
		sysfatal("out of memory");
	return p;
}

static Series*
mkseries(void)
{
	Series *s;

	s = emalloc(sizeof *s);
	s->req = chancreate(sizeof(ulong), 0);
	s->dat = chancreate(sizeof(Rat), 0);
	if(s->req == nil || s->dat == nil)
		sysfatal("no channel");
	return s;
}

static Rat
get(Series *s)
{
	Rat r;

	sendul(s->req, 1);
	recv(s->dat, &r);
	return r;
}

static void
put(Series *s, Rat r)
{
	recvul(s->req);
	send(s->dat, &r);
}

static Series*
start(void (*f)(void*), Series *u, Series *v, Rat c)
{
	Op *o;

	o = emalloc(sizeof *o);
	o->u = u;
	o->v = v;
	o->z = mkseries();
	o->c = c;
	if(threadcreate(f, o, 0) < 0)
		sysfatal("no thread");
	return o->z;
}

/* z is u from now on */
static void
copy(Series *u, Series *z)
{
	Rat r;

	for(;;){
		recvul(z->req);
		r = get(u);
		send(z->dat, &r);
	}
}

/*
 * Two streams from one.  While it waits for a coefficient that one has asked
 * for, the other can have what is there already: a series that is defined by
 * itself needs that.
 */
typedef struct Cell Cell;
typedef struct Queue Queue;
struct Cell
{
	Rat	r;
	Cell	*next;
};
struct Queue
{
	Cell	*first;
	Cell	**end;
	int	wanted;
};

static void
append(Queue *q, Rat r)
{
	Cell *c;

	c = emalloc(sizeof *c);
	c->r = r;
	c->next = nil;
	if(q->first == nil)
		q->end = &q->first;
	*q->end = c;
	q->end = &c->next;
}

static void
give(Queue *q, Series *s)
{
	Cell *c;

	c = q->first;
	q->first = c->next;
	q->wanted = 0;
	send(s->dat, &c->r);
	free(c);
}

static void
splitter(void *v)
{
	Op *o;
	Series *s[2];
	Queue q[2];
	ulong x;
	Rat r;
	int i;
	Alt a[4];

	o = v;
	s[0] = o->z;
	s[1] = o->zz;
	memset(q, 0, sizeof q);
	for(i = 0; i < 2; i++){
		a[i].c = s[i]->req;
		a[i].v = &x;
		a[i].op = CHANRCV;
	}
	a[2].c = o->u->dat;
	a[2].v = &r;
	a[2].op = CHANNOP;	/* nothing was asked for */
	a[3].op = CHANEND;
	for(;;){
		i = alt(a);
		if(i == 2){
			a[2].op = CHANNOP;
			append(&q[0], r);
			append(&q[1], r);
		}else
			q[i].wanted = 1;
		for(i = 0; i < 2; i++)
			if(q[i].wanted && q[i].first != nil)
				give(&q[i], s[i]);
			else if(q[i].wanted && a[2].op == CHANNOP){
				sendul(o->u->req, 1);
				a[2].op = CHANRCV;
			}
	}
}

/* u into zz[0] and zz[1], which are there already: so a series may be defined by itself */
static void
split(Series *u, Series *zz[2])
{
	Op *o;

	o = emalloc(sizeof *o);
	o->u = u;
	o->z = zz[0];
	o->zz = zz[1];
	if(threadcreate(splitter, o, 0) < 0)
		sysfatal("no thread");
}

static void
mksplit(Series *u, Series *zz[2])
{
	zz[0] = mkseries();
	zz[1] = mkseries();
	split(u, zz);
}

static void
adder(void *v)
{
	Op *o;
	Rat a;

	for(o = v;;){
		recvul(o->z->req);
		a = get(o->u);
		a = ratadd(a, get(o->v));
		send(o->z->dat, &a);
	}
}

static Series*
add(Series *u, Series *v)
{
	return start(adder, u, v, zero);
}

static void
scaler(void *v)
{
	Op *o;
	Rat a;

	for(o = v;;){
		recvul(o->z->req);
		a = ratmul(o->c, get(o->u));
		send(o->z->dat, &a);
	}
}

static Series*
scale(Rat c, Series *u)
{
	return start(scaler, u, nil, c);
}

static void
shifter(void *v)
{
	Op *o;

	o = v;
	put(o->z, o->c);
	copy(o->u, o->z);
}

/* c + x*u */
static Series*
shift(Rat c, Series *u)
{
	return start(shifter, u, nil, c);
}

static void
repeater(void *v)
{
	Op *o;

	for(o = v;;)
		put(o->z, o->c);
}

/* c + c*x + c*x^2 ... */
static Series*
rep(Rat c)
{
	return start(repeater, nil, nil, c);
}

/* c */
static Series*
constant(Rat c)
{
	return shift(c, rep(zero));
}

/* (f + x*F) * (g + x*G) = f*g + x*(f*G + g*F + x*F*G) */
static void
multiplier(void *v)
{
	Op *o;
	Rat f, g, r;
	Series *uu[2], *vv[2], *w;

	o = v;
	recvul(o->z->req);
	f = get(o->u);
	g = get(o->v);
	r = ratmul(f, g);
	send(o->z->dat, &r);
	/* the rest only if it is wanted */
	recvul(o->z->req);
	mksplit(o->u, uu);
	mksplit(o->v, vv);
	w = add(scale(f, vv[0]), scale(g, uu[0]));
	r = get(w);
	send(o->z->dat, &r);
	copy(add(w, start(multiplier, uu[1], vv[1], zero)), o->z);
}

static Series*
mul(Series *u, Series *v)
{
	return start(multiplier, u, v, zero);
}

static void
integrator(void *v)
{
	Op *o;
	Rat a;
	vlong i;

	o = v;
	put(o->z, o->c);
	for(i = 1;; i++){
		recvul(o->z->req);
		a = ratmul(get(o->u), rat(1, i));
		send(o->z->dat, &a);
	}
}

/* c + the integral of u */
static Series*
integ(Rat c, Series *u)
{
	return start(integrator, u, nil, c);
}

static void
differ(void *v)
{
	Op *o;
	Rat a;
	vlong i;

	o = v;
	get(o->u);
	for(i = 1;; i++){
		recvul(o->z->req);
		a = ratmul(rat(i, 1), get(o->u));
		send(o->z->dat, &a);
	}
}

static Series*
diff(Series *u)
{
	return start(differ, u, nil, zero);
}

/* 1/(f + x*F) = 1/f * (1 - x*F*itself) */
static void
inverter(void *v)
{
	Op *o;
	Rat f, z;
	Series *zz[2];

	o = v;
	recvul(o->z->req);
	f = get(o->u);
	z = rat(f.den, f.num);
	send(o->z->dat, &z);
	zz[0] = mkseries();
	zz[1] = mkseries();
	split(mul(scale(ratmul(minusone, z), o->u), shift(z, zz[0])), zz);
	copy(zz[1], o->z);
}

static Series*
recip(Series *u)
{
	return start(inverter, u, nil, zero);
}

/* z = 1 + integral of z*u' */
static Series*
expo(Series *u)
{
	Series *zz[2];

	zz[0] = mkseries();
	zz[1] = mkseries();
	split(integ(one, mul(zz[0], diff(u))), zz);
	return zz[1];
}

/* s = integral of (1 - integral of s) */
static Series*
sine(void)
{
	Series *zz[2];

	zz[0] = mkseries();
	zz[1] = mkseries();
	split(integ(zero, integ(one, scale(minusone, zz[0]))), zz);
	return zz[1];
}

/* t = integral of (1 + t*t) */
static Series*
tangent(void)
{
	Series *zz[2], *tt[2];

	zz[0] = mkseries();
	zz[1] = mkseries();
	mksplit(zz[0], tt);
	split(integ(zero, add(constant(one), mul(tt[0], tt[1]))), zz);
	return zz[1];
}

/* c = 1 + x*c*c: Catalan's numbers */
static Series*
catalan(void)
{
	Series *zz[2], *cc[2];

	zz[0] = mkseries();
	zz[1] = mkseries();
	mksplit(zz[0], cc);
	split(shift(one, mul(cc[0], cc[1])), zz);
	return zz[1];
}

static void
show(char *name, Series *s)
{
	int i;
	Rat r;

	print("%s:", name);
	for(i = 0; i < 11; i++){
		r = get(s);
		if(r.den == 1)
			print(" %lld", r.num);
		else
			print(" %lld/%lld", r.num, r.den);
	}
	print("\n");
}

void
threadmain(int argc, char *argv[])
{
	USED(argc);
	USED(argv);
	show("1/(1-x)", rep(one));
	show("1/(1-x)^2", mul(rep(one), rep(one)));
	show("1/(1-x-x^2)", recip(shift(one, shift(minusone, constant(minusone)))));
	show("log(1+x)", integ(zero, recip(shift(one, constant(one)))));
	show("exp(x)", expo(shift(zero, constant(one))));
	show("exp(x+x^2)", expo(shift(zero, shift(one, constant(one)))));
	show("sin(x)", sine());
	show("tan(x)", tangent());
	show("catalan", catalan());
	/* the streams have no end */
	threadexitsall(nil);
}
