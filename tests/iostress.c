/*
 * Calls without an Ioproc, and with a few, at random: L9SEED makes the same tasks
 * draw the same numbers again (not the same interleaving), L9OPS says how many
 * operations.
 *
 * Nproc procs with Ntask tasks each take bytes out of a few pipes and put some
 * in, all by calls that may block, so that most of the time more calls are
 * blocked than made; they interrupt and kill each other, wait with deadlines,
 * and make calls inside of calls.  A task that was killed is made anew.
 *
 * What must hold: a call that succeeded did what it says, and one that failed
 * did nothing: `did', which the op writes, agrees with the result.  What was put
 * into a pipe was taken out, or is there at the end.  No op runs when its caller
 * has ended.
 *
 * Then the same where the system refuses OS threads, with a handful of helpers:
 * calls wait for each other, so all have a deadline there.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>

#include "tools.h"

enum {
	Nproc	= 4,
	Ntask	= 60,
	Nall	= Nproc*Ntask,
	Npipe	= 5,
	Nio	= 3,
	Most	= 1000,		/* bytes in a pipe, at most */
	Nfew	= 6,		/* helpers, where the system refuses more */
};

enum {
	Ntake,
	Nput,
	Nsum,
	Nnest,
	Nint,
	Niointr,
	Nkill,
	Nintr,		/* calls interrupted */
	Nlate,		/* the deadline passed */
	Nkilled,
	Nrefused,	/* no OS thread */
	Nkind,
};
static const char *kinds[Nkind] = {
	"takes", "puts", "sums", "nested calls", "threadints", "iointerrupts", "threadkills",
	"interrupted", "late", "killed", "refused",
};

typedef struct Pipe Pipe;
struct Pipe
{
	int	fd[2];
	_Atomic long	put;	/* the ops count, so what a killed task did counts, too */
	_Atomic long	taken;
};

typedef struct Home Home;
typedef struct Actor Actor;
struct Actor
{
	Home	*home;
	uint64_t	rnd;
	_Atomic int	id;
	_Atomic int	inop;	/* ops that run for it */
};

/* a proc; its first task makes the others, again and again */
struct Home
{
	Actor	actor[Ntask];
	Channel	*ended;		/* of Actor*: it has ended */
};

static Pipe pipes[Npipe];
static Ioproc *ios[Nio];
static Home home[Nproc];
static _Atomic long count[Nkind];
static _Atomic long nops;
static long maxops;
static _Atomic bool stopping;
static bool few;
static Channel *go, *done;

static void
tally(int kind)
{
	atomic_fetch_add(&count[kind], 1);
}

/* the ops */

static long
optake(va_list *arg)
{
	Actor *a;
	Pipe *p;
	bool *did;
	char c;
	long n;

	a = va_arg(*arg, Actor*);
	p = va_arg(*arg, Pipe*);
	did = va_arg(*arg, bool*);
	atomic_fetch_add(&a->inop, 1);
	n = read(p->fd[0], &c, 1);
	if(n == 1){
		atomic_fetch_add(&p->taken, 1);
		*did = true;
	}
	atomic_fetch_sub(&a->inop, 1);
	return n;
}

static long
opput(va_list *arg)
{
	Actor *a;
	Pipe *p;
	bool *did;
	long n;

	a = va_arg(*arg, Actor*);
	p = va_arg(*arg, Pipe*);
	did = va_arg(*arg, bool*);
	atomic_fetch_add(&a->inop, 1);
	n = write(p->fd[1], "x", 1);
	if(n == 1){
		atomic_fetch_add(&p->put, 1);
		*did = true;
	}
	atomic_fetch_sub(&a->inop, 1);
	return n;
}

static long
opsum(va_list *arg)
{
	long x;

	x = va_arg(*arg, long);
	return x + va_arg(*arg, long);
}

static long
opnest(va_list *arg)
{
	int depth;
	long r;

	depth = va_arg(*arg, int);
	if(depth == 0)
		return 1;
	r = iocall(nil, opnest, depth-1);
	return r < 0? -1: r + 1;
}

/* what the tasks do */

/* a call failed: for a reason that there is */
static void
explain(void)
{
	char err[ERRMAX];
	int e;

	e = errno;
	rerrstr(err, sizeof err);
	if(e == EINTR && strcmp(err, "interrupted") == 0)
		tally(Nintr);
	else if(e == ETIMEDOUT && strcmp(err, "deadline") == 0)
		tally(Nlate);
	else if(few && e == EAGAIN && strcmp(err, strerror(EAGAIN)) == 0)
		tally(Nrefused);
	else{
		fprintf(stderr, "a call failed: %s (%d)\n", err, e);
		tbad("a reason", __FILE__, __LINE__);
	}
}

static Ioproc*
anyio(Actor *a)
{
	return rnd(&a->rnd, 10) == 0? ios[rnd(&a->rnd, Nio)]: nil;
}

static void
move(Actor *a, int kind)
{
	Pipe *p;
	int64_t old;
	bool did;
	long r;

	p = &pipes[rnd(&a->rnd, Npipe)];
	if(kind == Nput && atomic_load(&p->put) - atomic_load(&p->taken) > Most)
		kind = Ntake;
	did = false;
	old = INT64_MAX;
	if(few || rnd(&a->rnd, 8) == 0)
		old = threaddeadline(threadnow() + rnd(&a->rnd, 3000)*Microsecond);
	r = iocall(anyio(a), kind == Nput? opput: optake, a, p, &did);
	TCHECK((r == 1) == did);
	TCHECK(atomic_load(&a->inop) == 0);
	if(r < 0)
		explain();
	tally(kind);
	threadundeadline(old);
}

static void
compute(Actor *a)
{
	long x, r;

	x = (long)rnd(&a->rnd, 1000000);
	if(rnd(&a->rnd, 4) != 0){
		r = iocall(anyio(a), opsum, x, 1L);
		tally(Nsum);
		TCHECK(r == x + 1 || r == -1);
	}else{
		/* where helpers are few, all might wait for one more */
		x = few? 0: (long)rnd(&a->rnd, 4);
		r = iocall(nil, opnest, (int)x);
		tally(Nnest);
		TCHECK(r == x + 1 || r == -1);
	}
	if(r < 0)
		explain();
}

static int
anyid(Actor *a)
{
	return atomic_load(&home[rnd(&a->rnd, Nproc)].actor[rnd(&a->rnd, Ntask)].id);
}

static void
disturb(Actor *a)
{
	switch(rnd(&a->rnd, 8)){
	case 0:
		tally(Nkill);
		threadkill(anyid(a));
		break;
	case 1:
	case 2:
		tally(Niointr);
		iointerrupt(ios[rnd(&a->rnd, Nio)]);
		break;
	default:
		tally(Nint);
		threadint(anyid(a));
	}
}

static void
act(Actor *a)
{
	unsigned int k;

	k = rnd(&a->rnd, 100);
	if(k < 40)
		move(a, Ntake);
	else if(k < 75)
		move(a, Nput);
	else if(k < 92)
		compute(a);
	else
		disturb(a);
	threadyield();
}

static void
actorended(void *v)
{
	Actor *a;

	a = v;
	/* killed or not: nobody works for it any more */
	TCHECK(atomic_load(&a->inop) == 0);
	TCHECK(chansendp(a->home->ended, a) == 1);
}

static void
actormain(void *v)
{
	Actor *a;

	a = v;
	/* in this order: one that is killed before its first turn ends without a word */
	threadcleanup(actorended, a);
	atomic_store(&a->id, threadid());
	while(!atomic_load(&stopping)){
		act(a);
		if(atomic_fetch_add(&nops, 1) + 1 >= maxops)
			atomic_store(&stopping, true);
	}
}

static void
begin(Actor *a)
{
	TCHECK(threadcreate(actormain, a, 0) > 0);
}

/* who ends before all is over was killed */
static void
homemain(void *v)
{
	Home *h;
	Actor *a;
	int i, n;

	h = v;
	chanrecv(go, nil);
	for(i = 0; i < Ntask; i++)
		begin(&h->actor[i]);
	for(n = Ntask; n > 0;){
		a = chanrecvp(h->ended);
		if(atomic_load(&stopping))
			n--;
		else{
			tally(Nkilled);
			begin(a);
		}
	}
	chansend(done, nil);
}

static void
report(void)
{
	int i;

	for(i = 0; i < Nkind; i++)
		fprintf(stderr, "%ld %s%s", atomic_load(&count[i]), kinds[i], i < Nkind-1? ", ": "\n");
}

/* n bytes, from nobody */
static void
feed(Pipe *p, int n)
{
	for(; n > 0; n--){
		TCHECK(write(p->fd[1], "x", 1) == 1);
		atomic_fetch_add(&p->put, 1);
	}
}

/* once all tasks wait for a byte nobody puts one in */
static void
feedempty(void)
{
	int i;

	for(i = 0; i < Npipe; i++)
		if(atomic_load(&pipes[i].put) <= atomic_load(&pipes[i].taken))
			feed(&pipes[i], Nall/Npipe/2);
}

/* keep them going; at the end interrupt until all have ended */
static void
awaitall(void)
{
	Alt a[] = {
		{.c = done, .op = CHANRCV},
		{.op = CHANTIMEOUT},
		{.op = CHANEND},
	};
	int64_t when;
	int i, n;

	for(n = 0; n < Nproc;){
		when = threadnow() + Millisecond;
		a[1].v = &when;
		if(p9alt(a) == 0)
			n++;
		else if(atomic_load(&stopping))
			for(i = 0; i < Nall; i++)
				threadint(atomic_load(&home[i/Ntask].actor[i%Ntask].id));
		else
			feedempty();
	}
}

static long
left(Pipe *p)
{
	char c;
	long n;

	fcntl(p->fd[0], F_SETFL, O_NONBLOCK);
	for(n = 0; read(p->fd[0], &c, 1) == 1; n++)
		;
	close(p->fd[0]);
	close(p->fd[1]);
	return n;
}

static void
setupall(uint64_t x)
{
	int i;

	for(i = 0; i < Npipe; i++){
		pipes[i] = (Pipe){.fd = {-1, -1}};
		TCHECK(pipe(pipes[i].fd) == 0);
	}
	for(i = 0; i < Nio; i++)
		TCHECK((ios[i] = ioproc()) != nil);
	for(i = 0; i < Nproc; i++)
		TCHECK((home[i].ended = chancreate(sizeof(void*), CHANUNBOUNDED)) != nil);
	for(i = 0; i < Nall; i++)
		home[i/Ntask].actor[i%Ntask] = (Actor){.home = &home[i/Ntask], .rnd = mix(x + (uint64_t)i)};
	TCHECK((go = chancreate(1, Nproc)) != nil);
	TCHECK((done = chancreate(1, Nproc)) != nil);
	for(i = 0; i < Nproc; i++)
		TCHECK(proccreate(homemain, &home[i], 0) > 0);
}

static void
startall(void)
{
	int i;

	for(i = 0; i < Nproc; i++)
		chansend(go, nil);
}

static void
checkall(void)
{
	int i;

	report();
	for(i = 0; i < Npipe; i++)
		TCHECK(left(&pipes[i]) == atomic_load(&pipes[i].put) - atomic_load(&pipes[i].taken));
	for(i = 0; i < Nio; i++)
		closeioproc(ios[i]);
	for(i = 0; i < Nproc; i++)
		chanfree(home[i].ended);
	chanfree(go);
	chanfree(done);
	TCHECK(iocall(nil, opsum, 1L, 2L) == 3);
}

static long
howmany(int n)
{
	const char *s;

	s = getenv("L9OPS");
	return s != nil? atol(s): ntimes(n);
}

static void
test_pool(void **state)
{
	maxops = howmany(Asan? 100000: 200000);
	setupall(seed());
	startall();
	awaitall();
	checkall();
	assert_int_equal(tnbad, 0);
}

/* n helpers at once, so that there are so many */
static void
blocksome(void *v)
{
	Pipe *p;
	Actor a;
	bool did;

	p = v;
	a = (Actor){.home = nil};
	TCHECK(iocall(nil, optake, &a, p, &did) == 1);
	chansend(done, nil);
}

static bool
refusethreads(struct rlimit *old)
{
	struct rlimit none;
	int i;

	for(i = 0; i < Nfew; i++)
		TCHECK(threadcreate(blocksome, &pipes[0], 0) > 0);
	threadsleep(Millisecond);
	feed(&pipes[0], Nfew);
	for(i = 0; i < Nfew; i++)
		chanrecv(done, nil);
	if(getrlimit(RLIMIT_NPROC, old) < 0)
		return false;
	none = (struct rlimit){.rlim_cur = 0, .rlim_max = old->rlim_max};
	if(geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
		return false;
	return setrlimit(RLIMIT_NPROC, &none) == 0;
}

static int
runfew(void)
{
	struct rlimit old;
	int n;

	few = true;
	if(threadinit() < 0)
		return 1;
	maxops = howmany(100000);
	setupall(seed());
	if(!refusethreads(&old))
		return 77;
	n = nthread();
	startall();
	awaitall();
	TCHECK(nthread() <= n);
	checkall();
	/* a leak checker needs a thread, which may look at this one */
	if(setrlimit(RLIMIT_NPROC, &old) < 0 || prctl(PR_SET_DUMPABLE, 1) < 0)
		return 2;
	return tnbad == 0? 0: 3;
}

static void
test_few(void **state)
{
	Child c;

	if(getenv("L9EMULATED") != nil)
		skip();		/* an emulator starts threads of its own, or does not know the limit */
	runself(&c, "few");
	if(WIFEXITED(c.status) && WEXITSTATUS(c.status) == 77)
		skip();
	fprintf(stderr, "%s", c.err);
	assert_int_equal(c.status, 0);
}

int
main(int argc, char *argv[])
{
	static const struct CMUnitTest tests[] = {
		TEST(test_pool),
		TEST(test_few),
	};

	tself = argv[0];
	if(argc > 1)
		return runfew();
	if(threadinit() < 0)
		return 1;
	cmocka_set_test_filter(getenv("L9TEST"));	/* nil: all of them */
	return cmocka_run_group_tests(tests, nil, nil);
}
