/* The table of ids: lib9thread/id.c. */
#include "impl.h"

#include "t.h"

enum {
	Nlive	= 100*1000,
	Nblock	= 1<<21,	/* as in id.c: 2^31 ids in blocks of 2^10 */
	Block	= 1<<10,
};

typedef struct Live Live;
struct Live
{
	Channel	*gate;
	Channel	*out;
	long	in;
};

static Channel*
ulchan(int nel)
{
	Channel *c;

	c = chancreate(sizeof(unsigned long), nel);
	assert_non_null(c);
	return c;
}

static void
nop(void *v)
{
}

static void
live(void *v)
{
	Live *l;

	l = v;
	l->in++;
	TCHECK(l9idtask(threadid()) == l9self());
	TCHECK(chanrecv(l->gate, nil) == -1);
	TCHECK(l9idtask(threadid()) == l9self());
	l->in--;
}

static void
drainrunq(void)
{
	while(threadyield() > 0)
		;
}

static void
none(void **state)
{
	assert_null(l9idtask(0));
	assert_null(l9idtask(-1));
	assert_null(l9idtask(INT_MIN));
	assert_null(l9idtask(INT_MAX));
	assert_null(l9idtask(threadid()+1));
	assert_ptr_equal(l9idtask(threadid()), l9self());
}

/* from before it runs until it ends */
static void
lifetime(void **state)
{
	Live l;
	Task *t;
	int id;

	l = (Live){ulchan(0), nil, 0};
	id = threadcreate(live, &l, 0);
	assert_true(id > 0);
	assert_non_null(t = l9idtask(id));
	threadyield();
	assert_int_equal(l.in, 1);
	assert_ptr_equal(l9idtask(id), t);
	assert_int_equal(chanclose(l.gate), 0);
	assert_ptr_equal(l9idtask(id), t);
	drainrunq();
	assert_null(l9idtask(id));
	chanfree(l.gate);
}

/* another task on the same stack is not found by the old id, nor the old by the new */
static void
reuse(void **state)
{
	Live l;
	Task *t, *u;
	int id, old, i, n, same;

	l = (Live){ulchan(0), nil, 0};
	n = nlive(20000);
	same = 0;
	t = nil;
	old = 0;
	for(i = 0; i < n; i++){
		id = threadcreate(i%4 == 0? live: nop, &l, 0);
		assert_true(id > old);
		assert_non_null(u = l9idtask(id));
		same += u == t;
		if(old > 0 && i%4 != 1)
			assert_null(l9idtask(old));
		threadyield();
		old = id;
		t = u;
		if(i%4 != 0)
			assert_null(l9idtask(id));
		else
			assert_ptr_equal(l9idtask(id), u);
	}
	assert_true(same > 0);
	assert_int_equal(l.in, (n+3)/4);
	assert_int_equal(chanclose(l.gate), 0);
	drainrunq();
	assert_int_equal(l.in, 0);
	chanfree(l.gate);
}

/* the table grows under those who live in it, and all stay to be found */
static void
growth(void **state)
{
	static int id[Nlive];
	static Task *t[Nlive];
	Live l;
	int i, n;

	/* ThreadSanitizer runs out of mappings, a leak checker reads all stacks */
	n = Tsan || Asan? 2000: nlive(Nlive);
	l = (Live){ulchan(0), nil, 0};
	for(i = 0; i < n; i++){
		id[i] = threadcreate(live, &l, 0);
		assert_true(id[i] > 0);
		assert_non_null(t[i] = l9idtask(id[i]));
		assert_ptr_equal(l9idtask(id[i/2]), t[i/2]);
	}
	for(i = 0; i < n; i++)
		assert_ptr_equal(l9idtask(id[i]), t[i]);
	drainrunq();
	assert_int_equal(l.in, n);
	assert_ptr_equal(l9idtask(threadid()), l9self());
	assert_int_equal(chanclose(l.gate), 0);
	drainrunq();
	assert_int_equal(l.in, 0);
	for(i = 0; i < n; i++)
		assert_null(l9idtask(id[i]));
	chanfree(l.gate);
}

/* ids of other procs, looked up while these grow their tables */
typedef struct Grow Grow;
struct Grow
{
	_Atomic int	first;
	_Atomic int	last;
	_Atomic bool	stop;
	int	n;
	Channel	*up;
	Live	l;
};

static void
grower(void *v)
{
	Grow *g;
	int i, id;

	g = v;
	atomic_store(&g->first, threadid());
	for(i = 0; i < g->n; i++){
		id = threadcreate(live, &g->l, 0);
		TCHECK(id > 0);
		atomic_store(&g->last, id);
		if(i%100 == 99)
			threadyield();
	}
	while(g->l.in < g->n)
		threadyield();
	TCHECK(chansendul(g->up, 1) == 1);
	while(g->l.in > 0)
		threadyield();
	while(!atomic_load(&g->stop))
		threadyield();
	TCHECK(chansendul(g->up, 2) == 1);
}

static void
across(void **state)
{
	static Grow g;
	Task *t;
	int first, last;

	g.n = Tsan || Asan? 1000: nlive(20000);
	g.up = ulchan(1);
	g.l.gate = ulchan(0);
	assert_true(proccreate(grower, &g, 0) > 0);
	do{
		first = atomic_load(&g.first);
		last = atomic_load(&g.last);
		if(first > 0){
			assert_non_null(t = l9idtask(first));
			assert_int_equal(ldrlx(&t->word)>>32, first);
		}
		if(last > 0){
			assert_non_null(t = l9idtask(last));
			assert_int_equal(ldrlx(&t->word)>>32, last);
		}
	}while(p9nbrecv(g.up, nil) == 0);
	/* it may all have happened between two looks */
	first = atomic_load(&g.first);
	last = atomic_load(&g.last);
	assert_int_equal(chanclose(g.l.gate), 0);
	assert_non_null(l9idtask(first));
	atomic_store(&g.stop, true);
	assert_int_equal(chanrecvul(g.up), 2);
	assert_null(l9idtask(last));
	chanfree(g.up);
	chanfree(g.l.gate);
}

/* another proc, which makes tasks when asked to, each with an id of a new block */
enum {
	Asklive	= 1,
	Askdead,
};
typedef struct Other Other;
struct Other
{
	Channel	*ask;
	Channel	*id;
	Live	l;
};

static void
other(void *v)
{
	Other *o;
	unsigned long ask;
	int id;

	o = v;
	while((ask = chanrecvul(o->ask)) != 0){
		l9proc->nextid = l9proc->lastid;
		id = threadcreate(ask == Asklive? live: nop, &o->l, 0);
		TCHECK(id > 0);
		TCHECK(l9idtask(id) != nil);
		/* a nop ends */
		threadyield();
		TCHECK((l9idtask(id) != nil) == (ask == Asklive));
		TCHECK(chansendul(o->id, (unsigned long)id) == 1);
	}
	TCHECK(chanclose(o->l.gate) == 0);
	while(o->l.in > 0)
		threadyield();
	TCHECK(chansendul(o->id, 0) == 1);
}

static int
askother(Other *o, unsigned long ask)
{
	assert_int_equal(chansendul(o->ask, ask), 1);
	return (int)chanrecvul(o->id);
}

/* a task with an id of a new block */
static int
newblock(void (*f)(void*), void *v)
{
	int id;

	l9proc->nextid = l9proc->lastid;
	id = threadcreate(f, v, 0);
	assert_true(id > 0);
	assert_non_null(l9idtask(id));
	return id;
}

/*
 * All ids have been given once.  Those of tasks that still live are not given
 * again, and blocks pass from proc to proc.
 */
static void
wrap(void **state)
{
	Live l;
	Other o;
	Task *t[3], *there;
	int id[3], kept, dead, last, i, k, got, was, wrapped, max, passed;

	if(Tsan || Asan || ntimes(100) < 100)
		skip();
	o = (Other){ulchan(0), ulchan(0), {ulchan(0), nil, 0}};
	assert_true(proccreate(other, &o, 0) > 0);
	assert_true((kept = askother(&o, Asklive)) > 0);
	assert_non_null(there = l9idtask(kept));
	assert_ptr_not_equal(there->proc, l9proc);
	assert_true((dead = askother(&o, Askdead)) > 0);
	/* nobody lives in this one, but it is what the other deals from */
	assert_true((last = askother(&o, Askdead)) > 0);
	l = (Live){ulchan(0), nil, 0};
	for(k = 0; k < 3; k++){
		/* at the beginning of a block, so that the next round would meet it */
		id[k] = newblock(live, &l);
		t[k] = l9idtask(id[k]);
	}
	threadyield();
	got = id[2];
	wrapped = 0;
	max = 0;
	passed = 0;
	for(i = 0; i < Nblock+100; i++){
		was = got;
		got = newblock(nop, nil);
		for(k = 0; k < 3; k++)
			if(got == id[k])
				fail();
		if(got/Block == kept/Block || got/Block == last/Block)
			fail_msg("block %d is the other proc's", got/Block);
		if(got/Block == dead/Block){
			assert_ptr_equal(l9idtask(got)->proc, l9proc);
			passed++;
		}
		if(got < was)
			wrapped++;
		if(got/Block > max)
			max = got/Block;
		threadyield();
		if(l9idtask(got) != nil)
			fail();
	}
	assert_int_equal(wrapped, 1);
	assert_int_equal(max, Nblock-1);
	assert_int_equal(passed, 1);
	for(k = 0; k < 3; k++)
		assert_ptr_equal(l9idtask(id[k]), t[k]);
	assert_ptr_equal(l9idtask(kept), there);
	/* one that was ours becomes the other's */
	got = askother(&o, Asklive);
	assert_true(got > 0 && got/Block < Nblock/2);
	assert_ptr_equal(l9idtask(got)->proc, there->proc);
	assert_int_equal(chanclose(l.gate), 0);
	drainrunq();
	for(k = 0; k < 3; k++)
		assert_null(l9idtask(id[k]));
	assert_int_equal(askother(&o, 0), 0);
	assert_null(l9idtask(kept));
	assert_null(l9idtask(got));
	chanfree(l.gate);
	chanfree(o.ask);
	chanfree(o.id);
	chanfree(o.l.gate);
}

int
main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		TEST(none),
		TEST(lifetime),
		TEST(reuse),
		TEST(growth),
		TEST(across),
		TEST(wrap),
	};

	if(threadinit() < 0)
		return 1;
	return cmocka_run_group_tests(tests, nil, nil);
}
