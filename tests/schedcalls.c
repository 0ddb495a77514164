/*
 * threadsched(3): quota, idling, pinning, checks, system procs, OS ids, threadpar.
 * Priorities are in lifetime.c.
 */
#include <pthread.h>

#include "t.h"

static char trace[256];

static void
mark(const char *s)
{
	strcat(trace, s);
}

static void
says(void *v)
{
	mark(v);
}

/* a letter at each turn that it gets, until told to stop */
typedef struct Turns Turns;
struct Turns
{
	int	n;
	bool	stop;
};

static void
counts(void *v)
{
	Turns *t;

	t = v;
	while(!t->stop){
		t->n++;
		threadyield();
	}
}

/* how many turns another thread gets while this one makes n operations that need not wait */
static int
turnsin(int n)
{
	Turns t = {0};
	Channel *c;
	int i;

	c = chancreate(1, CHANUNBOUNDED);
	assert_non_null(c);
	assert_true(threadcreate(counts, &t, 0) > 0);
	threadyield();
	t.n = 0;
	for(i = 0; i < n; i++)
		assert_int_equal(chansend(c, nil), 1);
	i = t.n;
	t.stop = true;
	threadyield();
	chanfree(c);
	return i;
}

static void
quotain(void *v)
{
	*(int*)v = threadquota(5);
	TCHECK(threadquota(5) == 5);
}

static void
quota(void **state)
{
	Threadattr a = {.joinable = 1};
	int old, there;

	old = threadquota(1);
	assert_int_equal(old, 16);
	assert_int_equal(turnsin(32), 32);
	assert_int_equal(threadquota(4), 1);
	assert_int_equal(turnsin(32), 8);
	assert_int_equal(threadquota(1000), 4);
	assert_int_equal(turnsin(32), 0);
	assert_int_equal(threadquota(old), 1000);
	assert_int_equal(turnsin(32), 2);
	/* another proc has its own */
	assert_int_equal(threadjoin(proccreatex(&a, quotain, &there), nil, 0), 0);
	assert_int_equal(there, old);
	assert_int_equal(threadquota(old), old);
}

static void
thrice(void *v)
{
	int i;

	for(i = 0; i < 3; i++){
		mark(v);
		threadyield();
	}
}

static void
idlesays(void *v)
{
	threadidle();
	mark(v);
}

static void
idle(void **state)
{
	int n;

	trace[0] = '\0';
	assert_int_equal(threadidle(), 0);
	threadcreate(idlesays, "i", 0);
	threadcreate(thrice, "a", 0);
	threadcreate(thrice, "b", 0);
	n = threadidle();
	assert_true(n >= 6);
	/* both are idle: in the order in which they began */
	assert_memory_equal(trace, "ababab", 6);
	threadidle();
	assert_string_equal(trace, "abababi");
}

/* a kill ends it, an interrupt stays */
static void
idleint(void *v)
{
	int x;

	threadidle();
	mark("i");
	TCHECK(chanrecv(v, &x) == -1 && iserr(EINTR, "interrupted"));
	threadidle();
	mark("not killed");
}

static void
idlekilled(void **state)
{
	Channel *c;
	int id;

	trace[0] = '\0';
	c = chancreate(sizeof(int), 0);
	id = threadcreate(idleint, c, 0);
	threadyield();
	assert_int_equal(threadint(id), 0);
	/* nothing is ready but the two of us, in turn */
	threadidle();
	assert_string_equal(trace, "i");
	assert_int_equal(threadkill(id), 0);
	threadidle();
	threadidle();
	assert_string_equal(trace, "i");
	assert_int_equal(threadint(id), -1);
	chanfree(c);
}

static void
sender(void *v)
{
	unsigned long n;

	/* awake in a proc of its own, while the main one is pinned */
	n = chanrecvul(v);
	chansendul(v, n + 1);
}

static void
pinned(void **state)
{
	Channel *c;

	trace[0] = '\0';
	c = chancreate(sizeof(unsigned long), 0);
	assert_true(proccreate(sender, c, 0) > 0);
	assert_int_equal(threadpin(), 0);
	threadcreate(says, "x", 0);
	threadyield();
	/* also while it waits */
	assert_int_equal(chansendul(c, 1), 1);
	assert_int_equal(chanrecvul(c), 2);
	assert_int_equal(threadsleep(Millisecond), 0);
	assert_string_equal(trace, "");
	assert_int_equal(threadunpin(), 0);
	threadyield();
	assert_string_equal(trace, "x");
	chanfree(c);
}

/* nobody else may run, so it has nobody to wait for */
static void
pinnedidle(void **state)
{
	trace[0] = '\0';
	threadcreate(idlesays, "i", 0);
	threadyield();
	threadcreate(says, "x", 0);
	threadpin();
	assert_int_equal(threadidle(), 0);
	assert_string_equal(trace, "");
	threadunpin();
	threadidle();
	threadidle();
	assert_string_equal(trace, "xi");
}

static void
pinends(void *v)
{
	threadpin();
	mark("p");
	threadyield();
	mark("e");
}

static void
pinnedend(void **state)
{
	trace[0] = '\0';
	threadcreate(pinends, nil, 0);
	threadcreate(says, "x", 0);
	threadyield();
	threadyield();
	assert_string_equal(trace, "pex");
}

static void
noswitch(void **state)
{
	Channel *c;

	trace[0] = '\0';
	c = chancreate(1, 1);
	threadcreate(says, "x", 0);
	threadnoswitch(1);
	threadnoswitch(1);
	/* what need not switch does not */
	assert_int_equal(chansend(c, nil), 1);
	assert_int_equal(chanrecv(c, nil), 1);
	assert_int_equal(p9nbrecv(c, nil), 0);
	threadnoswitch(0);
	threadnoswitch(0);
	threadyield();
	assert_string_equal(trace, "x");
	chanfree(c);
}

/* inside: so much is left of a stack of at least 192 KiB, and no more than it has */
static void
needs(void *v)
{
	needstack(0);
	needstack(-1);
	needstack(100*1024);
	*(bool*)v = true;
}

static void
enough(void **state)
{
	bool done;

	done = false;
	/* an OS thread's own stack is not looked at */
	needstack(INT_MAX);
	threadcreate(needs, &done, 0);
	threadyield();
	assert_true(done);
}

static void
pidof(void *v)
{
	*(int*)v = threadpid(0);
	TCHECK(threadpid(threadid()) == *(int*)v);
}

static void
pids(void **state)
{
	Threadattr a = {.joinable = 1};
	int there, id;

	assert_int_equal(threadpid(0), threadpid(threadid()));
	assert_true(threadpid(0) > 0);
	there = 0;
	id = threadcreatex(&a, pidof, &there);
	assert_int_equal(threadjoin(id, nil, 0), 0);
	assert_int_equal(there, threadpid(0));
	id = proccreatex(&a, pidof, &there);
	assert_int_equal(threadjoin(id, nil, 0), 0);
	assert_true(there > 0);
	assert_int_equal(threadpid(0), getpid());
	assert_true((there != getpid()) == TOSNUMBERS);
	assert_int_equal(threadpid(id), -1);
	assert_err(ESRCH, "no such thread");
	assert_int_equal(threadpid(-1), -1);
	assert_err(ESRCH, "no such thread");
}

/* of a proc just made: its OS thread may not have begun */
static void
pidatonce(void **state)
{
	Threadattr a = {.joinable = 1};
	int i, id, pid, there;

	for(i = 0; i < ntimes(200); i++){
		/* paused, so that it is there to be asked about */
		a.paused = 1;
		id = proccreatex(&a, pidof, &there);
		assert_true(id > 0);
		pid = threadpid(id);
		assert_int_equal(threadresume(id), 0);
		assert_int_equal(threadjoin(id, nil, 0), 0);
		assert_int_equal(pid, there);
	}
}

/* asked about, and made a place for others, while they come and go */
typedef struct Passer Passer;
struct Passer
{
	_Atomic int	id;
	_Atomic bool	stop;
	_Atomic int	nborn;
	_Atomic int	nran;
};

static void
born(void *v)
{
	((Passer*)v)->nran++;
}

static void
asks(void *v)
{
	Threadattr a = {.name = "born"};
	Passer *p;
	int n;

	p = v;
	while(!p->stop){
		n = threadpid(p->id);
		TCHECK(n > 0 || iserr(ESRCH, "no such thread"));
		a.proc = p->id;
		if(threadcreatex(&a, born, p) > 0)
			p->nborn++;
		else
			TCHECK(iserr(ESRCH, "no such thread"));
	}
}

static void
nothing(void *v)
{
	threadyield();
}

static void
passing(void **state)
{
	Threadattr a = {.joinable = 1};
	Passer p;
	int i, k, n, id[2];

	memset(&p, 0, sizeof p);
	p.id = threadcreate(nothing, nil, 0);
	for(i = 0; i < 2; i++)
		id[i] = proccreatex(&a, asks, &p);
	n = ntimes(300);
	for(i = 0; i < n; i++){
		/* in this proc, and sometimes in one that ends with it */
		p.id = i%16 == 0? proccreate(nothing, nil, 0): threadcreate(nothing, nil, 0);
		assert_true(p.id > 0);
		for(k = 0; k < 3; k++)
			threadyield();
	}
	p.stop = true;
	for(i = 0; i < 2; i++)
		assert_int_equal(threadjoin(id[i], nil, 0), 0);
	while(p.nran < p.nborn)
		threadsleep(Millisecond);
	assert_int_equal(p.nran, p.nborn);
}

static int
square(void *v)
{
	int n;

	n = *(int*)v;
	if(n == 3)
		threadexits("no result");
	if(n == 4)
		threadkill(threadid());
	threadyield();
	return n*n;
}

static int
nilarg(void *v)
{
	mark(v == nil? "n": "?");
	return 7;
}

static void
par(void **state)
{
	static int n[6] = {0, 1, 2, 3, 4, 5};
	void *arg[6];
	int i, result[6];

	for(i = 0; i < 6; i++)
		arg[i] = &n[i];
	assert_int_equal(threadpar(6, square, arg, result), 0);
	for(i = 0; i < 6; i++)
		assert_int_equal(result[i], i == 3 || i == 4? -1: i*i);
	trace[0] = '\0';
	assert_int_equal(threadpar(3, nilarg, nil, nil), 0);
	assert_string_equal(trace, "nnn");
	assert_int_equal(threadpar(0, nilarg, nil, nil), 0);
	assert_string_equal(trace, "nnn");
}

/* who waits for its parts is neither interrupted nor killed before they have ended */
static Channel *gate;
static int nended;

static int
gated(void *v)
{
	chanrecv(gate, nil);
	nended++;
	return 0;
}

static void
parcaller(void *v)
{
	TCHECK(threadpar(3, gated, nil, nil) == 0);
	TCHECK(nended == 3);
	mark("p");
	/* the interrupt comes now */
	TCHECK(chanrecv(gate, nil) == -1 && iserr(EINTR, "interrupted"));
	threadpar(2, gated, nil, nil);
	mark("not killed");
}

static void
parended(void **state)
{
	Threadattr a = {.joinable = 1};
	char status[ERRMAX];
	int i, id;

	trace[0] = '\0';
	nended = 0;
	gate = chancreate(1, 0);
	id = threadcreatex(&a, parcaller, nil);
	threadidle();
	assert_int_equal(threadint(id), 0);
	for(i = 0; i < 3; i++){
		threadidle();
		assert_string_equal(trace, "");
		chansend(gate, nil);
	}
	threadidle();
	assert_string_equal(trace, "p");
	assert_int_equal(threadkill(id), 0);
	threadidle();
	chansend(gate, nil);
	threadidle();
	/* alive: one part still runs */
	assert_int_equal(threadpid(id), threadpid(0));
	chansend(gate, nil);
	assert_int_equal(threadjoin(id, status, sizeof status), 0);
	assert_string_equal(status, "killed");
	assert_int_equal(nended, 5);
	assert_string_equal(trace, "p");
	chanfree(gate);
}

/*
 * Programs that end by what they do: this one, run again.
 */

static void
forever(void *v)
{
	if(v != nil)
		procsetsys(1);
	chansendul(gate, 1);
	for(;;)
		threadsleep(Hour);
}

/* ends although a proc lives: that one is a system proc */
static void
sysproc(void)
{
	proccreate(forever, "", 0);
	chanrecvul(gate);
}

/* it was the last ordinary one */
static void
syslast(void)
{
	fprintf(stderr, "%d", procsetsys(0));
	fprintf(stderr, "%d", procsetsys(1));
	fprintf(stderr, "not here");
	for(;;)
		threadsleep(Hour);
}

static void
sysagain(void *v)
{
	int id;

	id = *(int*)v;
	fprintf(stderr, "%d", procsetsys(1));
	fprintf(stderr, "%d", procsetsys(1));
	fprintf(stderr, "%d", procsetsys(0));
	fprintf(stderr, "%d", procsetsys(0));
	chansendul(gate, 1);
	while(threadint(id) == 0)
		threadsleep(Millisecond);
	fprintf(stderr, "last");
}

/* back to an ordinary one, which the program waits for */
static void
sysback(void)
{
	static int id;

	id = threadid();
	proccreate(sysagain, &id, 0);
	chanrecvul(gate);
	threadexits(nil);
}

static void
foreignsets(void)
{
	fprintf(stderr, "%d%d%d", procsetsys(1), procsetsys(0), procsetsys(0));
}

static void*
foreigner(void *v)
{
	foreignsets();
	return nil;
}

static void
foreignsys(void)
{
	pthread_t t;

	pthread_create(&t, nil, foreigner, nil);
	pthread_join(t, nil);
}

static void
switches(void)
{
	threadcreate(says, "x", 0);
	threadsetname("rigid");
	threadnoswitch(1);
	threadyield();
}

static void
waitsfor(void)
{
	threadnoswitch(1);
	chanrecvul(gate);
}

static void
allows(void)
{
	threadnoswitch(1);
	threadnoswitch(0);
	threadnoswitch(0);
}

static void
pinstwice(void)
{
	threadpin();
	threadpin();
}

static void
unpins(void)
{
	threadunpin();
}

static void
quota0(void)
{
	threadquota(0);
}

static void
needy(void *v)
{
	threadsetname("needy");
	needstack(100*1024*1024);
}

static void
needsmore(void)
{
	threadcreate(needy, nil, 0);
	threadyield();
}

static void
parnil(void)
{
	threadpar(1, nil, nil, nil);
}

typedef struct Case Case;
struct Case
{
	const char	*name;
	void	(*f)(void);
	const char	*err;	/* how it begins */
	bool	aborts;
};

static Case cases[] = {
	{"a system proc does not keep the program alive", sysproc, "", false},
	{"the last ordinary proc becomes a system proc", syslast, "0", false},
	{"a system proc becomes ordinary again", sysback, "0110last", false},
	{"an OS thread of the program's is a system proc", foreignsys, "111", false},
	{"threadnoswitch, yield", switches, "lib9thread: threadnoswitch: thread 1 (rigid) was about to switch\n", true},
	{"threadnoswitch, recv", waitsfor, "lib9thread: threadnoswitch: thread 1 () was about to switch\n", true},
	{"threadnoswitch, too often off", allows, "lib9thread: threadnoswitch: not in force\n", true},
	{"threadpin, twice", pinstwice, "lib9thread: threadpin: thread 1 is pinned already\n", true},
	{"threadunpin", unpins, "lib9thread: threadunpin: thread 1 is not pinned\n", true},
	{"threadquota, 0", quota0, "lib9thread: threadquota: 0 operations\n", true},
	{"needstack", needsmore, "lib9thread: needstack: thread 2 (needy) needs 104857600 bytes of stack, and has ", true},
	{"threadpar, nil", parnil, "lib9thread: threadpar: 1 functions\n", true},
};

static int
child(const char *name)
{
	int i;

	alarm(60);	/* a hang is the end of the case and not of the suite */
	nocore();
	if(threadinit() < 0)
		return 96;
	gate = chancreate(sizeof(unsigned long), 0);
	for(i = 0; i < nelem(cases); i++)
		if(strcmp(cases[i].name, name) == 0){
			cases[i].f();
			threadexits(nil);
		}
	return 95;
}

static void
ends(void **state)
{
	static Child c;
	Case *k;

	k = *state;
	runself(&c, k->name);
	if(k->aborts){
		assert_memory_equal(c.err, k->err, strlen(k->err));
		assert_true(WIFSIGNALED(c.status));
		assert_int_equal(WTERMSIG(c.status), SIGABRT);
	}else{
		assert_string_equal(c.err, k->err);
		assert_int_equal(c.status, 0);
	}
}

int
main(int argc, char *argv[])
{
	const struct CMUnitTest inside[] = {
		TEST(quota),
		TEST(idle),
		TEST(idlekilled),
		TEST(pinned),
		TEST(pinnedidle),
		TEST(pinnedend),
		TEST(noswitch),
		TEST(enough),
		TEST(pids),
		TEST(pidatonce),
		TEST(passing),
		TEST(par),
		TEST(parended),
	};
	struct CMUnitTest outside[nelem(cases)];
	int i, nfail;

	tself = argv[0];
	if(argc > 1)
		return child(argv[1]);
	if(threadinit() < 0)
		return 1;
	nfail = cmocka_run_group_tests(inside, nil, nil);
	for(i = 0; i < nelem(cases); i++)
		outside[i] = (struct CMUnitTest){cases[i].name, ends, nil, nil, &cases[i]};
	return nfail + cmocka_run_group_tests(outside, nil, nil);
}
