/* Tasks and procs: thread(3). */
#include <fenv.h>
#include <pthread.h>

#include "t.h"

enum {
	Nid	= 1000,
	Nparked	= 100*1000,
	Deep	= 150*1024,
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
 * Ids.
 */
typedef struct Ids Ids;
struct Ids
{
	Channel	*c;
	_Atomic int	id[Nid];
	int	n;	/* the next to report: one proc alone, or procs one by one */
};

static void
sayid(void *v)
{
	TCHECK(threadid() > 0);
	TCHECK(threadid() == threadid());
	TCHECK(chansendul(v, (unsigned long)threadid()) == 1);
}

static int
intcmp(const void *a, const void *b)
{
	int x, y;

	x = *(const int*)a;
	y = *(const int*)b;
	return (x > y) - (x < y);
}

static void
assert_unique(int *id, int n)
{
	int i;

	qsort(id, (size_t)n, sizeof id[0], intcmp);
	assert_true(id[0] > 0);
	for(i = 1; i < n; i++)
		assert_true(id[i-1] < id[i]);
}

static void
ids(void **state)
{
	static int id[Nid+1];
	Channel *c;
	int i, j;

	c = ulchan(0);
	for(i = 0; i < Nid; i++)
		assert_true((id[i] = threadcreate(sayid, c, 0)) > 0);
	for(i = 0; i < Nid; i++)
		assert_int_equal(chanrecvul(c), id[i]);
	id[Nid] = threadid();
	assert_unique(id, Nid+1);
	for(i = 0; i < 20; i++)
		assert_true((id[i] = proccreate(sayid, c, 0)) > 0);
	for(i = 0; i < 20; i++){
		int got;

		got = (int)chanrecvul(c);
		for(j = 0; j < 20 && id[j] != got; j++)
			;
		assert_true(j < 20);
	}
	assert_unique(id, 20);
	chanfree(c);
}

/* one after the other, on the same stack: still never the same id */
static void
idsapart(void **state)
{
	static int id[Nid];
	Channel *c;
	int i;

	c = ulchan(0);
	for(i = 0; i < Nid; i++){
		assert_true((id[i] = threadcreate(sayid, c, 0)) > 0);
		assert_int_equal(chanrecvul(c), id[i]);
		threadyield();
	}
	assert_unique(id, Nid);
	chanfree(c);
}

/*
 * Names and data.
 */
static void
named(void *v)
{
	Channel *c;
	char name[100];
	int i;

	c = v;
	TCHECK(threadgetname() != nil);
	TCHECK(strcmp(threadgetname(), "") == 0);
	threadsetname("task %d", threadid());
	snprintf(name, sizeof name, "task %d", threadid());
	for(i = 0; i < 10; i++){
		TCHECK(strcmp(threadgetname(), name) == 0);
		threadyield();
	}
	threadsetname("%s", "");
	TCHECK(strcmp(threadgetname(), "") == 0);
	memset(name, 'y', 99);
	name[99] = '\0';
	threadsetname("%s", name);
	name[31] = '\0';
	threadyield();
	TCHECK(strcmp(threadgetname(), name) == 0);
	/* of itself: the old one must not be overwritten as it is read */
	threadsetname("%s", "abcdefgh");
	threadsetname("1%s 2%s", threadgetname(), threadgetname());
	TCHECK(strcmp(threadgetname(), "1abcdefgh 2abcdefgh") == 0);
	threadsetname("%s", threadgetname()+4);
	TCHECK(strcmp(threadgetname(), "defgh 2abcdefgh") == 0);
	TCHECK(chansendul(c, 1) == 1);
}

static void
names(void **state)
{
	Channel *c;
	int i;

	c = ulchan(0);
	threadsetname("main");
	for(i = 0; i < 10; i++)
		assert_true((i%5 == 4? proccreate: threadcreate)(named, c, 0) > 0);
	for(i = 0; i < 10; i++)
		assert_int_equal(chanrecvul(c), 1);
	assert_string_equal(threadgetname(), "main");
	chanfree(c);
}

static void
datatask(void *v)
{
	Channel *c;
	int i, x;

	c = v;
	TCHECK(*threaddata() == nil);
	*threaddata() = &x;
	TCHECK(*procdata() != nil);
	for(i = 0; i < 10; i++){
		threadyield();
		TCHECK(*threaddata() == &x);
	}
	TCHECK(chansendp(c, *procdata()) == 1);
}

static void
dataproc(void *v)
{
	Channel *c;
	void *mine;
	int i;

	c = v;
	TCHECK(*threaddata() == nil);
	TCHECK(*procdata() == nil);
	/* an id: an address could come again, once this proc has ended */
	mine = (void*)(uintptr_t)threadid();
	*procdata() = mine;
	*threaddata() = c;
	for(i = 0; i < 5; i++)
		TCHECK(threadcreate(datatask, c, 0) > 0);
	for(i = 0; i < 20; i++)
		threadyield();
	TCHECK(*threaddata() == c);
	TCHECK(*procdata() == mine);
}

static void
data(void **state)
{
	void *p[20];
	Channel *c;
	int i, j, n;

	c = chancreate(sizeof(void*), 0);
	assert_non_null(c);
	*threaddata() = state;
	*procdata() = c;
	/* twice, on procs that have been used */
	for(j = 0; j < 2; j++){
		for(i = 0; i < 4; i++)
			assert_true(proccreate(dataproc, c, 0) > 0);
		for(i = 0; i < 20; i++)
			p[i] = chanrecvp(c);
		/* each of four values five times */
		for(i = 0; i < 20; i++){
			n = 0;
			for(int k = 0; k < 20; k++)
				n += p[k] == p[i];
			assert_int_equal(n, 5);
		}
	}
	assert_ptr_equal(*threaddata(), state);
	assert_ptr_equal(*procdata(), c);
	*procdata() = nil;
	chanfree(c);
}

/*
 * Stacks.
 */
static __attribute__((noinline)) size_t
recurse(char *top, size_t depth)
{
	volatile char frame[512];
	size_t n;

	frame[0] = 1;
	n = (size_t)(top - (char*)(uintptr_t)frame);
	if(n < depth)
		n = recurse(top, depth);
	return n + (size_t)frame[0] - 1;
}

typedef struct Depth Depth;
struct Depth
{
	size_t	depth;
	Channel	*c;
};

static void
deep(void *v)
{
	Depth *d;
	char top;

	d = v;
	TCHECK(recurse(&top, d->depth) >= d->depth);
	TCHECK(chansendul(d->c, 1) == 1);
}

static void
stacks(void **state)
{
	/* ThreadSanitizer counts frames, up to some 65,000 */
	static const unsigned int hint[] = { 0, 1, 1024, 8192, 100000, 1<<20, Tsan? 10<<20: 100<<20 };
	Depth d;
	int i, k;

	d.c = ulchan(0);
	for(k = 0; k < 3; k++)
		for(i = 0; i < nelem(hint); i++){
			d.depth = hint[i] > Deep? hint[i] - 2048: Deep;
			assert_true((k == 2? proccreate: threadcreate)(deep, &d, hint[i]) > 0);
			assert_int_equal(chanrecvul(d.c), 1);
		}
	chanfree(d.c);
}

/* many at once on stacks of all sizes, in an order that mixes them up */
static void
stackmix(void **state)
{
	static const unsigned int hint[] = { 0, 200000, 1<<20, 3<<20, 10<<20 };
	static Depth d[300];
	Channel *c;
	int i;

	c = ulchan(0);
	for(i = 0; i < nelem(d); i++){
		d[i] = (Depth){hint[i%nelem(hint)] > Deep? hint[i%nelem(hint)]/2: Deep, c};
		assert_true(threadcreate(deep, &d[i], hint[i%nelem(hint)]) > 0);
		if(i%3 == 0)
			assert_int_equal(chanrecvul(c), 1);
	}
	for(i = 0; i < nelem(d)-nelem(d)/3; i++)
		assert_int_equal(chanrecvul(c), 1);
	chanfree(c);
}

/*
 * Very many, all parked at once.
 */
typedef struct Park Park;
struct Park
{
	Channel	*gate;
	long	in;
	long	out;
	Channel	*done;
	long	n;
};

static void
parked(void *v)
{
	Park *p;

	p = v;
	p->in++;
	TCHECK(chanrecv(p->gate, nil) == -1);
	if(++p->out == p->n)
		TCHECK(chansendul(p->done, 1) == 1);
}

static void
parkproc(void *v)
{
	Park *p;
	long i;

	p = v;
	for(i = 0; i < p->n; i++)
		if(threadcreate(parked, p, 1024) < 0){
			tbad("threadcreate", __FILE__, __LINE__);
			p->n = i;
		}
	while(p->in < p->n)
		threadyield();
	TCHECK(chansendul(p->done, 1) == 1);
}

static void
manyparked(void **state)
{
	Park p[2];
	int i, k;

	/* again: on used stacks */
	for(k = 0; k < 2; k++){
		for(i = 0; i < 2; i++){
			p[i] = (Park){.gate = ulchan(0), .done = ulchan(1)};
			/* ThreadSanitizer runs out of mappings, a leak checker reads all stacks */
			p[i].n = Tsan || Asan? 1000: ntimes(Nparked/2);
		}
		parkproc(&p[0]);
		assert_true(proccreate(parkproc, &p[1], 0) > 0);
		for(i = 0; i < 2; i++){
			assert_int_equal(chanrecvul(p[i].done), 1);
			assert_int_equal(p[i].in, p[i].n);
			assert_int_equal(p[i].out, 0);
			assert_int_equal(chanclose(p[i].gate), 0);
			assert_int_equal(chanrecvul(p[i].done), 1);
			assert_int_equal(p[i].out, p[i].n);
			chanfree(p[i].gate);
			chanfree(p[i].done);
		}
	}
}

/*
 * Yield.
 */
typedef struct Turns Turns;
struct Turns
{
	int	n;	/* times that each task yields */
	char	log[200];
	int	nlog;
};

typedef struct Turn Turn;
struct Turn
{
	Turns	*t;
	char	c;
};

static void
turn(void *v)
{
	Turn *u;
	int i;

	u = v;
	for(i = 0; i < u->t->n; i++){
		u->t->log[u->t->nlog++] = u->c;
		threadyield();
	}
}

static void
yields(void **state)
{
	Turns t;
	Turn u[5];
	int i, k;

	/* those who ended in earlier tests are gone for good after this */
	while(threadyield() > 0)
		;
	assert_int_equal(threadyield(), 0);
	assert_int_equal(threadyield(), 0);
	for(k = 1; k <= 5; k++){
		t = (Turns){.n = 3};
		for(i = 0; i < k; i++){
			u[i] = (Turn){&t, (char)('a'+i)};
			assert_true(threadcreate(turn, &u[i], 0) > 0);
		}
		/* making a task does not switch */
		assert_int_equal(t.nlog, 0);
		for(i = 0; i < 3; i++){
			assert_int_equal(threadyield(), k+1);
			assert_int_equal(t.nlog, (i+1)*k);
		}
		/* they end */
		assert_int_equal(threadyield(), k+1);
		assert_int_equal(threadyield(), 0);
		for(i = 0; i < 3*k; i++)
			assert_int_equal(t.log[i], 'a' + i%k);
	}
}

static void
yieldalone(void *v)
{
	TCHECK(threadyield() == 0);
	TCHECK(threadyield() == 0);
	TCHECK(chansendul(v, 1) == 1);
}

static void
yieldinproc(void **state)
{
	Channel *c;

	c = ulchan(0);
	assert_true(proccreate(yieldalone, c, 0) > 0);
	assert_int_equal(chanrecvul(c), 1);
	chanfree(c);
}

/*
 * Ends.
 */
static __attribute__((noinline)) int
exitdeep(int depth)
{
	volatile char x[100];

	x[0] = 1;
	if(depth == 0)
		threadexits("deep down");
	return depth < 0? 0: exitdeep(depth - 1) + x[0];
}

typedef struct Exit Exit;
struct Exit
{
	long	n;	/* tasks of this proc that have begun */
	Channel	*c;
};

static void
exits1(void *v)
{
	Exit *e;

	e = v;
	switch(e->n++ % 4){
	case 0:
		return;
	case 1:
		threadexits(nil);
	case 2:
		threadexits("bad");
	default:
		exitdeep(100);
	}
	TCHECK(false);
}

static void
ends(void **state)
{
	Exit e;
	int i, n;

	e = (Exit){0, nil};
	n = ntimes(100000);
	for(i = 0; i < n; i++){
		assert_true(threadcreate(exits1, &e, 0) > 0);
		if(i%10 == 0)
			threadyield();
	}
	while(threadyield() > 0)
		;
	assert_int_equal(e.n, n);
}

/* the first task ends, the others go on */
static void
later(void *v)
{
	int i;

	for(i = 0; i < 5; i++)
		threadyield();
	TCHECK(chansendul(v, 1) == 1);
}

static void
short1(void *v)
{
	int i;

	for(i = 0; i < 3; i++)
		TCHECK(threadcreate(later, v, 0) > 0);
	threadexits("gone");
}

static void
procends(void **state)
{
	Channel *c;
	int i, k, n;

	c = ulchan(0);
	n = ntimes(300);
	for(k = 0; k < n; k++){
		assert_true(proccreate(short1, c, 0) > 0);
		for(i = 0; i < 3; i++)
			assert_int_equal(chanrecvul(c), 1);
	}
	chanfree(c);
}

/* each proc makes two, down to a depth; a 32-bit address space has not room for many OS threads' stacks */
enum {
	Treedepth = sizeof(void*) < 8? 4: 6,
};

typedef struct Tree Tree;
struct Tree
{
	int	depth;
	Channel	*c;
};

static void
tree(void *v)
{
	Tree t, *sub;
	int i;

	t = *(Tree*)v;
	free(v);
	for(i = 0; t.depth > 0 && i < 2; i++){
		sub = malloc(sizeof *sub);
		*sub = (Tree){t.depth-1, t.c};
		TCHECK(proccreate(tree, sub, 0) > 0);
	}
	TCHECK(chansendul(t.c, 1) == 1);
}

static void
procsfromprocs(void **state)
{
	Channel *c;
	Tree *t;
	int i;

	c = ulchan(CHANUNBOUNDED);
	t = malloc(sizeof *t);
	*t = (Tree){Treedepth, c};
	assert_true(proccreate(tree, t, 0) > 0);
	for(i = 0; i < (2<<Treedepth)-1; i++)
		assert_int_equal(chanrecvul(c), 1);
	chanfree(c);
}

/*
 * What belongs to a task goes with it.
 */
typedef struct Own Own;
struct Own
{
	int	e;
	Channel	*c;
};

static void
owner(void *v)
{
	Own *o;
	char buf[ERRMAX], want[ERRMAX];
	int i;

	o = v;
	TCHECK(errno == 0);
	rerrstr(buf, sizeof buf);
	TCHECK(strcmp(buf, "") == 0);
	for(i = 0; i < 20; i++){
		errno = o->e;
		threadyield();
		TCHECK(errno == o->e);
		snprintf(want, sizeof want, "error %d %d", o->e, i);
		werrstr("%s", want);
		threadyield();
		rerrstr(buf, sizeof buf);
		TCHECK(strcmp(buf, want) == 0);
	}
	TCHECK(chansendul(o->c, 1) == 1);
}

static void
errors(void **state)
{
	Own o[20];
	Channel *c;
	char buf[ERRMAX];
	int i;

	c = ulchan(0);
	for(i = 0; i < nelem(o); i++){
		o[i] = (Own){1000+i, c};
		assert_true((i%10 == 9? proccreate: threadcreate)(owner, &o[i], 0) > 0);
	}
	werrstr("main's");
	for(i = 0; i < 20; i++)
		assert_int_equal(chanrecvul(c), 1);
	rerrstr(buf, sizeof buf);
	assert_string_equal(buf, "main's");
	chanfree(c);
}

#if defined(FE_UPWARD) && defined(FE_DOWNWARD)
typedef struct Round Round;
struct Round
{
	int	mode;
	Channel	*c;
};

static double
third(void)
{
	volatile double one, three;

	one = 1;
	three = 3;
	return one/three;
}

static void
rounder(void *v)
{
	Round *r;
	double was, near;
	int i;

	r = v;
	TCHECK(fegetround() == FE_TONEAREST);
	near = third();
	fesetround(r->mode);
	was = third();
	if(r->mode == FE_UPWARD)
		TCHECK(was > near);
	else
		TCHECK(was <= near);
	for(i = 0; i < 50; i++){
		threadyield();
		TCHECK(fegetround() == r->mode);
		TCHECK(third() == was);
	}
	TCHECK(chansendul(r->c, 1) == 1);
}

static void
rounding(void **state)
{
	static const int mode[] = { FE_UPWARD, FE_DOWNWARD, FE_TONEAREST };
	Round r[9];
	Channel *c;
	double near;
	int i;

	if(getenv("L9VALGRIND") != nil)
		skip();		/* it rounds to nearest whatever the control word says */

	c = ulchan(0);
	near = third();
	for(i = 0; i < nelem(r); i++){
		r[i] = (Round){mode[i%3], c};
		assert_true(threadcreate(rounder, &r[i], 0) > 0);
	}
	for(i = 0; i < nelem(r); i++){
		assert_int_equal(chanrecvul(c), 1);
		assert_int_equal(fegetround(), FE_TONEAREST);
		assert_true(third() == near);
	}
	chanfree(c);
}
#else
static void
rounding(void **state)
{
	skip();
}
#endif

/*
 * A proc has the signal mask of its maker.
 */
static void
masked(void *v)
{
	sigset_t s;

	TCHECK(pthread_sigmask(SIG_SETMASK, nil, &s) == 0);
	TCHECK(chansendul(v, sigismember(&s, SIGUSR1)<<1 | sigismember(&s, SIGUSR2)) == 1);
}

static void
masks(void **state)
{
	sigset_t set, old;
	Channel *c;

	c = ulchan(0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, &old);
	assert_true(proccreate(masked, c, 0) > 0);
	assert_int_equal(chanrecvul(c), 2);
	pthread_sigmask(SIG_SETMASK, &old, nil);
	assert_true(proccreate(masked, c, 0) > 0);
	assert_int_equal(chanrecvul(c), 0);
	chanfree(c);
}

/*
 * Reference counts.
 */
typedef struct Refs Refs;
struct Refs
{
	Ref	r;
	int	n;
	int	last;	/* not atomic: decref orders it */
	Channel	*c;
};

static void
counter(void *v)
{
	Refs *r;
	int i;

	r = v;
	for(i = 0; i < r->n; i++){
		TCHECK(incref(&r->r) > 1);
		if(i%3 == 2){
			TCHECK(decref(&r->r) > 0);
			TCHECK(decref(&r->r) > 0);
			TCHECK(incref(&r->r) > 1);
		}
	}
	for(i = 0; i < r->n - r->n/3; i++)
		TCHECK(decref(&r->r) > 0);
	if(decref(&r->r) == 0)
		TCHECK(chansendul(r->c, (unsigned long)++r->last) == 1);
}

static void
refs(void **state)
{
	Refs r;
	int i;

	r = (Refs){.n = ntimes(100000)/3*3};
	assert_int_equal(incref(&r.r), 1);
	assert_int_equal(incref(&r.r), 2);
	assert_int_equal(decref(&r.r), 1);
	assert_int_equal(decref(&r.r), 0);
	assert_int_equal(decref(&r.r), -1);
	assert_int_equal(incref(&r.r), 0);
	/* one for each proc; the last one to let go says so */
	r.c = ulchan(CHANUNBOUNDED);
	for(i = 0; i < 4; i++)
		incref(&r.r);
	for(i = 0; i < 4; i++)
		assert_true(proccreate(counter, &r, 0) > 0);
	assert_int_equal(chanrecvul(r.c), 1);
	assert_int_equal(r.r.ref, 0);
	assert_int_equal(p9nbrecv(r.c, nil), 0);
	chanfree(r.c);
}

int
main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		TEST(ids),
		TEST(idsapart),
		TEST(names),
		TEST(data),
		TEST(stacks),
		TEST(stackmix),
		TEST(manyparked),
		TEST(yields),
		TEST(yieldinproc),
		TEST(ends),
		TEST(procends),
		TEST(procsfromprocs),
		TEST(errors),
		TEST(rounding),
		TEST(masks),
		TEST(refs),
	};

	if(threadinit() < 0 || threadinit() < 0)
		return 1;
	return cmocka_run_group_tests(tests, nil, nil);
}
