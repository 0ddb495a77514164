/* OS threads that the library did not make: thread(3), Foreign OS threads. */
#include <pthread.h>

#include "t.h"

enum {
	Nthread	= 1000,
	Nbatch	= 10,
};

static Channel*
ulchan(int nel)
{
	Channel *c;

	c = chancreate(sizeof(unsigned long), nel);
	assert_non_null(c);
	return c;
}

static pthread_t
start(void *(*f)(void*), void *arg)
{
	pthread_t t;

	assert_int_equal(pthread_create(&t, nil, f, arg), 0);
	return t;
}

static void
join(pthread_t t)
{
	void *v;

	assert_int_equal(pthread_join(t, &v), 0);
}

typedef struct Pair Pair;
struct Pair
{
	Channel	*a;
	Channel	*b;
	int	n;
};

/*
 * Channels, both ways.
 */
static void*
sender(void *v)
{
	Pair *p;
	unsigned long i;

	p = v;
	for(i = 1; i <= (unsigned long)p->n; i++)
		TCHECK(chansendul(p->a, i) == 1);
	TCHECK(chanclose(p->a) == 0);
	return nil;
}

static void*
receiver(void *v)
{
	Pair *p;
	unsigned long x, last;

	p = v;
	last = 0;
	while(chanrecv(p->a, &x) == 1){
		TCHECK(x == last+1);
		last = x;
	}
	TCHECK(iserr(EPIPE, "channel closed"));
	TCHECK(last == (unsigned long)p->n);
	return nil;
}

static void
sendrecv(void **state)
{
	static const int nel[] = { 0, 3, CHANUNBOUNDED };
	unsigned long i;
	pthread_t t, u;
	Pair p;
	int k;

	for(k = 0; k < nelem(nel); k++){
		p = (Pair){.a = ulchan(nel[k]), .n = ntimes(3000)};
		t = start(sender, &p);
		for(i = 1; i <= (unsigned long)p.n; i++)
			assert_int_equal(chanrecvul(p.a), i);
		assert_int_equal(chanrecvul(p.a), 0);
		join(t);
		chanfree(p.a);

		p.a = ulchan(nel[k]);
		t = start(receiver, &p);
		for(i = 1; i <= (unsigned long)p.n; i++)
			assert_int_equal(chansendul(p.a, i), 1);
		assert_int_equal(chanclose(p.a), 0);
		join(t);
		chanfree(p.a);

		/* among themselves */
		p.a = ulchan(nel[k]);
		t = start(sender, &p);
		u = start(receiver, &p);
		join(t);
		join(u);
		chanfree(p.a);
	}
}

static void*
alter(void *v)
{
	Pair *p;
	unsigned long x, y;
	int64_t deadline;
	Alt a[4];
	int i, nin, nout;

	p = v;
	y = 9;
	deadline = threadnow() + Hour;
	a[0] = (Alt){.c = p->a, .v = &x, .op = CHANRCV};
	a[1] = (Alt){.c = p->b, .v = &y, .op = CHANSND};
	a[2] = (Alt){.v = &deadline, .op = CHANTIMEOUT};
	a[3] = (Alt){.op = CHANEND};
	nin = nout = 0;
	for(i = 0; i < p->n; i++)
		switch(p9alt(a)){
		case 0:
			TCHECK(x == 5);
			nin++;
			break;
		case 1:
			nout++;
			break;
		default:
			TCHECK(false);
		}
	TCHECK(nin == p->n/2);
	TCHECK(nout == p->n - p->n/2);
	deadline = threadnow() + Millisecond;
	TCHECK(p9alt(a) == 2);
	a[3].op = CHANNOBLK;
	TCHECK(p9alt(a) == 2);
	deadline = INT64_MAX;
	TCHECK(p9alt(a) == 3);
	return nil;
}

static void
alts(void **state)
{
	pthread_t t;
	Pair p;
	int i;

	p = (Pair){ulchan(0), ulchan(0), 2*ntimes(1000)};
	t = start(alter, &p);
	for(i = 0; i < p.n; i++)
		if(i%2 == 0)
			assert_int_equal(chansendul(p.a, 5), 1);
		else
			assert_int_equal(chanrecvul(p.b), 9);
	join(t);
	chanfree(p.a);
	chanfree(p.b);
}

static void*
sleeper(void *v)
{
	int64_t t;

	t = threadnow();
	TCHECK(threadsleep(2*Millisecond) == 0);
	TCHECK(threadnow() - t >= 2*Millisecond);
	TCHECK(threadsleep(0) == 0);
	t = threadnow() + Millisecond;
	TCHECK(threadsleepuntil(t) == 0);
	TCHECK(threadnow() >= t);
	return nil;
}

static void
sleeps(void **state)
{
	pthread_t t[4];
	int i;

	for(i = 0; i < 4; i++)
		t[i] = start(sleeper, nil);
	for(i = 0; i < 4; i++)
		join(t[i]);
}

/*
 * Ioprocs, its own and another's.
 */
static long
twice(va_list *arg)
{
	int n;

	n = va_arg(*arg, int);
	if(n < 0){
		errno = ENOTTY;
		return -1;
	}
	return 2*n;
}

static void*
iocaller(void *v)
{
	Ioproc *io;
	char buf[4];
	int i, fd[2];

	io = ioproc();
	TCHECK(io != nil);
	for(i = 0; i < 100; i++){
		TCHECK(iocall(io, twice, i) == 2*i);
		TCHECK(iocall(v, twice, i) == 2*i);
	}
	TCHECK(iocall(io, twice, -1) == -1);
	TCHECK(errno == ENOTTY);
	TCHECK(pipe(fd) == 0);
	TCHECK(iowrite(io, fd[1], "abc", 3) == 3);
	TCHECK(ioread(v, fd[0], buf, sizeof buf) == 3);
	TCHECK(ioclose(io, fd[0]) == 0);
	TCHECK(ioclose(v, fd[1]) == 0);
	TCHECK(iosleep(io, 1) == 0);
	closeioproc(io);
	return nil;
}

static void
ioprocs(void **state)
{
	pthread_t t[4];
	Ioproc *io;
	int i;

	io = ioproc();
	assert_non_null(io);
	for(i = 0; i < 4; i++)
		t[i] = start(iocaller, io);
	for(i = 0; i < 100; i++)
		assert_int_equal(iocall(io, twice, i), 2*i);
	for(i = 0; i < 4; i++)
		join(t[i]);
	closeioproc(io);
}

/*
 * Who it is.
 */
static void*
fresh(void *v)
{
	Channel *c;
	char buf[ERRMAX];
	int id;

	c = v;
	id = threadid();
	TCHECK(id > 0);
	TCHECK(threadyield() == 0);
	TCHECK(strcmp(threadgetname(), "") == 0);
	TCHECK(*threaddata() == nil);
	TCHECK(*procdata() == nil);
	*threaddata() = &c;
	*procdata() = &c;
	threadsetname("foreign");
	errno = 0;
	rerrstr(buf, sizeof buf);
	TCHECK(strcmp(buf, "") == 0);
	werrstr("mine");
	TCHECK(chansendul(c, (unsigned long)id) == 1);
	TCHECK(threadid() == id);
	TCHECK(strcmp(threadgetname(), "foreign") == 0);
	return nil;
}

static void
identity(void **state)
{
	unsigned long id, last;
	pthread_t t;
	Channel *c;
	int i;

	c = ulchan(0);
	last = 0;
	for(i = 0; i < 20; i++){
		t = start(fresh, c);
		id = chanrecvul(c);
		assert_int_not_equal(id, last);
		assert_int_not_equal(id, threadid());
		last = id;
		join(t);
		assert_int_equal(threadint((int)id), -1);
		assert_err(ESRCH, "no such thread");
	}
	chanfree(c);
}

/* interrupted, and interrupting */
static void*
interruptee(void *v)
{
	Pair *p;

	p = v;
	TCHECK(chansendul(p->a, (unsigned long)threadid()) == 1);
	TCHECK(chanrecv(p->b, nil) == -1);
	TCHECK(iserr(EINTR, "interrupted"));
	TCHECK(chansendul(p->a, 1) == 1);
	TCHECK(threadsleep(Hour) == -1);
	TCHECK(iserr(EINTR, "interrupted"));
	TCHECK(threadint((int)chanrecvul(p->a)) == 0);
	return nil;
}

static void
interrupts(void **state)
{
	pthread_t t;
	Pair p;
	int i, id;

	for(i = 0; i < 50; i++){
		p = (Pair){ulchan(0), ulchan(0), 0};
		t = start(interruptee, &p);
		id = (int)chanrecvul(p.a);
		assert_int_equal(threadint(id), 0);
		assert_int_equal(chanrecvul(p.a), 1);
		assert_int_equal(threadint(id), 0);
		assert_int_equal(chansendul(p.a, (unsigned long)threadid()), 1);
		assert_int_equal(threadsleep(Hour), -1);
		assert_err(EINTR, "interrupted");
		join(t);
		chanfree(p.a);
		chanfree(p.b);
	}
}

/*
 * Tasks of its own.
 */
typedef struct Own Own;
struct Own
{
	Channel	*go;
	Channel	*out;
	int	how;
	int	n;
	_Atomic int	nend;
};

static void
owntask(void *v)
{
	Own *o;

	o = v;
	o->n++;
	TCHECK(chanrecvul(o->go) == 3);
	atomic_fetch_add(&o->nend, 1);
	TCHECK(chansendul(o->out, 1) == 1);
}

/* they run while it waits and yields, and in its end */
static void*
parent(void *v)
{
	Own *o;
	int i;

	o = v;
	for(i = 0; i < 5; i++)
		TCHECK(threadcreate(owntask, o, 0) > 0);
	TCHECK(o->n == 0);
	if(o->how > 0){
		TCHECK(threadyield() == 6);
		TCHECK(o->n == 5);
		TCHECK(threadyield() == 0);
	}
	if(o->how > 1){
		TCHECK(threadcreate(owntask, o, 0) > 0);
		TCHECK(threadsleep(Millisecond) == 0);
		TCHECK(o->n == 6);
	}
	TCHECK(chansendul(o->out, 2) == 1);
	if(o->how == 3)
		threadexits("done");
	return nil;
}

static void
owntasks(void **state)
{
	pthread_t t;
	Own o;
	int i, n;

	for(i = 0; i < 4; i++){
		o = (Own){.go = ulchan(0), .out = ulchan(CHANUNBOUNDED), .how = i};
		t = start(parent, &o);
		assert_int_equal(chanrecvul(o.out), 2);
		n = i > 1? 6: 5;
		assert_int_equal(atomic_load(&o.nend), 0);
		while(n-- > 0)
			assert_int_equal(chansendul(o.go, 3), 1);
		join(t);
		/* it ended with the last of them */
		assert_int_equal(atomic_load(&o.nend), i > 1? 6: 5);
		n = 0;
		while(p9nbrecv(o.out, nil) == 1)
			n++;
		assert_int_equal(n, i > 1? 6: 5);
		chanfree(o.go);
		chanfree(o.out);
	}
}

/* a task of it makes a proc, which outlives it */
static void
orphan(void *v)
{
	Own *o;

	o = v;
	TCHECK(chanrecvul(o->go) == 3);
	TCHECK(chansendul(o->out, 1) == 1);
}

static void
orphanmaker(void *v)
{
	TCHECK(proccreate(orphan, v, 0) > 0);
}

static void*
makesproc(void *v)
{
	TCHECK(threadcreate(orphanmaker, v, 0) > 0);
	TCHECK(proccreate(orphan, v, 0) > 0);
	return nil;
}

static void
makesprocs(void **state)
{
	Own o;

	o = (Own){.go = ulchan(0), .out = ulchan(0)};
	join(start(makesproc, &o));
	assert_int_equal(chansendul(o.go, 3), 1);
	assert_int_equal(chansendul(o.go, 3), 1);
	assert_int_equal(chanrecvul(o.out), 1);
	assert_int_equal(chanrecvul(o.out), 1);
	chanfree(o.go);
	chanfree(o.out);
}

/*
 * A destructor of the program's that calls the library, after the library's
 * own has run or before.
 */
static pthread_key_t key;
static Channel *keychan;

static void
destructor(void *v)
{
	TCHECK(threadid() > 0);
	TCHECK(chansendul(v, (unsigned long)threadid()) == 1);
}

static void*
keyed(void *v)
{
	TCHECK(threadid() > 0);
	TCHECK(pthread_setspecific(key, v) == 0);
	return nil;
}

static void
destructors(void **state)
{
	pthread_t t;
	int i;

	keychan = ulchan(0);
	assert_int_equal(pthread_key_create(&key, destructor), 0);
	for(i = 0; i < 20; i++){
		t = start(keyed, keychan);
		assert_true(chanrecvul(keychan) > 0);
		join(t);
	}
	pthread_key_delete(key);
	chanfree(keychan);
}

/*
 * A thousand, ten at a time: all they take is given back or used again.
 */
static void
visitortask(void *v)
{
	TCHECK(chansendul(v, 1) == 1);
}

static void*
visitor(void *v)
{
	Pair *p;
	uintptr_t x;

	p = v;
	x = (uintptr_t)chanrecvul(p->a);
	if(x%2 == 0)
		TCHECK(threadcreate(visitortask, p->b, 0) > 0);
	else
		TCHECK(chansendul(p->b, 1) == 1);
	if(x%5 == 0)
		threadexits(nil);
	return nil;
}

static long
mapped(void)
{
	FILE *f;
	long n;

	f = fopen("/proc/self/statm", "r");
	if(f == nil || fscanf(f, "%ld", &n) != 1)
		n = 0;
	if(f != nil)
		fclose(f);
	return n*sysconf(_SC_PAGESIZE);
}

static void
thousand(void **state)
{
	pthread_t t[Nbatch];
	long before;
	Pair p;
	int i, k, n;

	p = (Pair){ulchan(0), ulchan(0), 0};
	before = 0;
	n = ntimes(Nthread)/Nbatch;
	for(k = 0; k < n; k++){
		if(k == n/5)
			before = mapped();
		for(i = 0; i < Nbatch; i++)
			t[i] = start(visitor, &p);
		for(i = 0; i < Nbatch; i++)
			assert_int_equal(chansendul(p.a, (unsigned long)i), 1);
		for(i = 0; i < Nbatch; i++)
			assert_int_equal(chanrecvul(p.b), 1);
		for(i = 0; i < Nbatch; i++)
			join(t[i]);
	}
	if(!Tsan && !Asan)
		/* 800 alternate signal stacks would be 50 MB, 800 arenas far more */
		/* an emulator maps memory of its own */
	if(getenv("L9EMULATED") == nil)
		assert_true(mapped() - before < 16<<20);
	chanfree(p.a);
	chanfree(p.b);
}

/*
 * What a thread leaves to be done at its end, an OS thread's own too, whether
 * it detaches or just returns.
 */
typedef struct Ends Ends;
struct Ends
{
	bool	detach;
	int	key;
	int	ncleanup;
	int	npriv;
};

static void
countcleanup(void *v)
{
	((Ends*)v)->ncleanup++;
}

static void
countpriv(void *v)
{
	((Ends*)v)->npriv++;
}

static void*
leaves(void *v)
{
	Ends *e;

	e = v;
	TCHECK(threadcleanup(countcleanup, e) == 0);
	TCHECK(threadcleanup(countcleanup, e) == 0);
	*tprivaddr(e->key) = e;
	if(e->detach){
		threaddetachproc();
		TCHECK(e->ncleanup == 2 && e->npriv == 1);
	}
	return nil;
}

static void
ends(void **state)
{
	Ends e;
	int i;

	for(i = 0; i < 2; i++){
		e = (Ends){.detach = i == 1, .key = tprivalloc(countpriv)};
		assert_true(e.key >= 0);
		join(start(leaves, &e));
		assert_int_equal(e.ncleanup, 2);
		assert_int_equal(e.npriv, 1);
		tprivfree(e.key);
	}
}

/*
 * It ends with threads left: one of its own, while it kept the others from
 * running, and one that another proc made, which it has not seen yet.
 */
typedef struct Left Left;
struct Left
{
	bool	detach;
	bool	pin;
	bool	noswitch;
	bool	peer;		/* another makes one */
	Channel	*id;
	_Atomic bool	made;
	int	nran;
};

static void
leftover(void *v)
{
	((Left*)v)->nran++;
	threadyield();
	((Left*)v)->nran++;
}

static void*
leavessome(void *v)
{
	Left *l;

	l = v;
	TCHECK(threadattach() == 0);
	TCHECK(chansendul(l->id, (unsigned long)threadid()) == 1);
	/* without a call that lets others run */
	while(!atomic_load(&l->made))
		sched_yield();
	if(!l->peer)
		TCHECK(threadcreate(leftover, l, 0) > 0);
	if(l->pin)
		threadpin();
	if(l->noswitch)
		threadnoswitch(1);
	if(l->detach){
		threaddetachproc();
		TCHECK(l->nran == 2);
	}
	return nil;
}

static void
leftovers(void **state)
{
	Threadattr a = {.name = "left"};
	pthread_t t;
	Left l;
	int i;

	for(i = 0; i < 16; i++){
		l = (Left){.detach = i & 1, .pin = i & 2, .noswitch = i & 4, .peer = i & 8, .id = ulchan(CHANUNBOUNDED)};
		t = start(leavessome, &l);
		a.proc = (int)chanrecvul(l.id);
		if(l.peer)
			assert_true(threadcreatex(&a, leftover, &l) > 0);
		atomic_store(&l.made, true);
		join(t);
		assert_int_equal(l.nran, 2);
		chanfree(l.id);
	}
}

/* becomes a proc by a call of its own; again is no error, and no other thread */
static void*
attaches(void *v)
{
	int id;

	TCHECK(threadattach() == 0);
	id = threadid();
	TCHECK(id > 0);
	TCHECK(threadattach() == 0);
	TCHECK(threadid() == id);
	threaddetachproc();
	/* no proc any more, so this makes another */
	TCHECK(threadattach() == 0);
	TCHECK(threadid() != id);
	TCHECK(threadint(id) == -1 && iserr(ESRCH, "no such thread"));
	return nil;
}

static void
attached(void **state)
{
	int id;

	id = threadid();
	assert_int_equal(threadattach(), 0);
	assert_int_equal(threadid(), id);
	join(start(attaches, nil));
}

/*
 * A wait that timed out was its last, of a channel that is gone; and then the OS thread runs
 * other threads until they have ended: that wait is put in order no second time.
 */
static void
outlives(void *v)
{
	threadsleep(Millisecond);
	chansendul(v, 1);
}

static void*
timesout(void *v)
{
	Channel *c;
	int64_t old;

	c = ulchan(0);
	old = threaddeadline(threadnow() + Millisecond);
	TCHECK(chansendul(c, 1) == -1 && iserr(ETIMEDOUT, "deadline"));
	threadundeadline(old);
	chanfree(c);
	TCHECK(threadcreate(outlives, v, 0) > 0);
	return nil;
}

static void
oldwait(void **state)
{
	Channel *done;

	done = ulchan(1);
	join(start(timesout, done));
	assert_int_equal(chanrecvul(done), 1);
	/* the same Proc, most likely */
	assert_true(proccreate(outlives, done, 0) > 0);
	assert_int_equal(chanrecvul(done), 1);
	chanfree(done);
}

int
main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		TEST(sendrecv),
		TEST(alts),
		TEST(sleeps),
		TEST(ioprocs),
		TEST(identity),
		TEST(interrupts),
		TEST(owntasks),
		TEST(makesprocs),
		TEST(destructors),
		TEST(ends),
		TEST(leftovers),
		TEST(attached),
		TEST(oldwait),
		TEST(thousand),
	};

	if(threadinit() < 0)
		return 1;
	return cmocka_run_group_tests(tests, nil, nil);
}
