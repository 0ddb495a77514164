/*
 * Misuse: one line on fd 2, and SIGABRT.  Each case is a run of this program
 * that writes the line to expect to fd 1 and then does what it must not.
 */
#include <pthread.h>

#include "t.h"

typedef struct Case Case;
struct Case
{
	const char	*name;
	void	(*f)(void);
};

static void	expect(const char*, ...) __attribute__((format(printf, 1, 2)));

static void
expect(const char *fmt, ...)
{
	va_list arg;

	va_start(arg, fmt);
	dprintf(1, "lib9thread: ");
	vdprintf(1, fmt, arg);
	dprintf(1, "\n");
	va_end(arg);
}

/*
 * A nil channel.
 */
#define NIL(f, call, name) \
	static void f(void) { expect("%s: nil channel", name); call; }
static char word[64];
NIL(nilsend, chansend(nil, word), "send")
NIL(nilrecv, chanrecv(nil, word), "recv")
NIL(nilsendp, chansendp(nil, word), "sendp")
NIL(nilrecvp, chanrecvp(nil), "recvp")
NIL(nilsendul, chansendul(nil, 1), "sendul")
NIL(nilrecvul, chanrecvul(nil), "recvul")
NIL(nilnbsend, p9nbsend(nil, word), "nbsend")
NIL(nilnbrecv, p9nbrecv(nil, word), "nbrecv")
NIL(nilnbsendp, p9nbsendp(nil, word), "nbsendp")
NIL(nilnbsendul, p9nbsendul(nil, 1), "nbsendul")
NIL(nilchannbsend, channbsend(nil, word), "nbsend")
NIL(nilchannbrecv, channbrecv(nil, word), "nbrecv")
NIL(nilchannbsendp, channbsendp(nil, word), "nbsendp")
NIL(nilchannbrecvp, channbrecvp(nil), "nbrecvp")
NIL(nilchannbsendul, channbsendul(nil, 1), "nbsendul")
NIL(nilchannbrecvul, channbrecvul(nil), "nbrecvul")
NIL(nilclose, chanclose(nil), "chanclose")
NIL(nilclosing, chanclosing(nil), "chanclosing")
NIL(nilsetname, chansetname(nil, "x"), "chansetname")

/*
 * Elements of the wrong size.
 */
static Channel*
wrong(const char *call, size_t is, size_t not, const char *name, const char *shown)
{
	Channel *c;

	c = chancreate((int)is, 3);
	if(name != nil){
		chansetname(c, "%s", name);
		expect("%s: channel %p (%s) has elements of %zu bytes, not %zu", call, (void*)c, shown, is, not);
	}else
		expect("%s: channel %p has elements of %zu bytes, not %zu", call, (void*)c, is, not);
	return c;
}
#define WRONG(f, op, name, type) \
	static void f(void) { Channel *c = wrong(name, 4*(sizeof(type)/4)+1, sizeof(type), nil, nil); op; }
WRONG(sizesendp, chansendp(c, word), "sendp", void*)
WRONG(sizerecvp, chanrecvp(c), "recvp", void*)
WRONG(sizesendul, chansendul(c, 1), "sendul", unsigned long)
WRONG(sizerecvul, chanrecvul(c), "recvul", unsigned long)
WRONG(sizenbsendp, p9nbsendp(c, word), "nbsendp", void*)
WRONG(sizenbsendul, p9nbsendul(c, 1), "nbsendul", unsigned long)
WRONG(sizechannbsendp, channbsendp(c, word), "nbsendp", void*)
WRONG(sizechannbrecvp, channbrecvp(c), "nbrecvp", void*)
WRONG(sizechannbsendul, channbsendul(c, 1), "nbsendul", unsigned long)
WRONG(sizechannbrecvul, channbrecvul(c), "nbrecvul", unsigned long)

static void
sizesmall(void)
{
	chansendul(wrong("sendul", 1, sizeof(unsigned long), nil, nil), 1);
}

static void
sizenamed(void)
{
	chansendul(wrong("sendul", 4+sizeof(unsigned long), sizeof(unsigned long), "numbers", "numbers"), 1);
}

/* cut to 31 bytes */
static void
sizelongname(void)
{
	chanrecvp(wrong("recvp", 3, sizeof(void*), "0123456789012345678901234567890123456789",
		"0123456789012345678901234567890"));
}

/* a name taken back */
static void
sizeunnamed(void)
{
	Channel *c;

	c = chancreate(1, 0);
	chansetname(c, "name");
	chansetname(c, "%s", "");
	expect("recvul: channel %p has elements of 1 bytes, not %zu", (void*)c, sizeof(unsigned long));
	chanrecvul(c);
}

/*
 * Alt.
 */
static void
nilalt(void)
{
	expect("alt: nil array");
	p9alt(nil);
}

static void
nilchanalt(void)
{
	expect("alt: nil array");
	chanalt(nil);
}

static void
altop(void)
{
	Alt a[] = { {.op = CHANNOP}, {.op = CHANNOP}, {.op = 77}, {.op = CHANEND} };

	expect("alt: entry 2: op 77 is none");
	p9alt(a);
}

static void
altnegop(void)
{
	Alt a[] = { {.op = -1}, {.op = CHANNOBLK} };

	expect("alt: entry 0: op -1 is none");
	chanalt(a);
}

static void
altnil(void)
{
	Alt a[] = { {.op = CHANNOP}, {.op = CHANTIMEOUT}, {.op = CHANEND} };

	expect("alt: entry 1: CHANTIMEOUT with nil v");
	p9alt(a);
}

/*
 * Ioprocs and timers.
 */
static void
ionilop(void)
{
	expect("iocall: nil function");
	iocall(ioproc(), nil);
}

static void
ionilint(void)
{
	expect("iointerrupt: nil Ioproc");
	iointerrupt(nil);
}

static void
ionilflush(void)
{
	expect("ioflush: nil Ioproc");
	ioflush(nil);
}

static void
ticker0(void)
{
	expect("ticker: period of 0 ns");
	ticker(0);
}

static void
tickerneg(void)
{
	expect("ticker: period of -5 ns");
	ticker(-5);
}

static void
reset0(void)
{
	expect("timerreset: period of 0 ns");
	timerreset(ticker(Hour), 0);
}

static void
stopnil(void)
{
	expect("timerstop: nil timer");
	timerstop(nil);
}

static void
resetnil(void)
{
	expect("timerreset: nil timer");
	timerreset(nil, 1);
}

/*
 * Locks and what counts.
 */
static QLock qlk;
static RWLock rwlk;
static Lock lk;
static Rendez norendez, rendez = {.l = &qlk};
static Sema sema;
static Waitgroup group;
static Barrier barrier;

#define BAD(f, call, line) \
	static void f(void) { expect(line); call; }
BAD(nilqlock, qlock(nil), "qlock: nil lock")
BAD(nilcanqlock, canqlock(nil), "canqlock: nil lock")
BAD(nilqunlock, qunlock(nil), "qunlock: nil lock")
BAD(freequnlock, qunlock(&qlk), "qunlock: not locked")
BAD(nillock, p9lock(nil), "lock: nil lock")
BAD(nilcanlock, p9canlock(nil), "canlock: nil lock")
BAD(nilunlock, p9unlock(nil), "unlock: nil lock")
BAD(freeunlock, p9unlock(&lk), "unlock: not locked")
BAD(nilrsleep, rsleep(nil), "rsleep: nil Rendez, or no lock in it")
BAD(nolockrsleep, rsleep(&norendez), "rsleep: nil Rendez, or no lock in it")
BAD(freersleep, rsleep(&rendez), "rsleep: lock not held")
BAD(freerwakeup, rwakeup(&rendez), "rwakeup: lock not held")
BAD(freerwakeupall, rwakeupall(&rendez), "rwakeupall: lock not held")
BAD(nilrlock, rlock(nil), "rlock: nil lock")
BAD(freerunlock, runlock(&rwlk), "runlock: not locked")
BAD(freewunlock, wunlock(&rwlk), "wunlock: not locked")
BAD(nilsemacquire, semacquire(nil), "semacquire: nil argument")
BAD(negsemrelease, semrelease(&sema, -1), "semrelease: -1")
BAD(muchwgadd, wgadd(&group, -1), "wgadd: count of 0 by -1")
BAD(nobarrier, barrierwait(&barrier, 0), "barrierwait: for 0")

static void
readwunlock(void)
{
	rlock(&rwlk);
	expect("wunlock: not locked");
	wunlock(&rwlk);
}

static void
muchsemrelease(void)
{
	semrelease(&sema, INT_MAX);
	expect("semrelease: count overflows");
	semrelease(&sema, 1);
}

/*
 * Threads.
 */
static void
nothing(void *v)
{
	(void)v;
}

static const Threadattr prio5 = {.priority = 5};
static Chaninfo info;

BAD(nilcreate, threadcreate(nil, nil, 0), "threadcreate: nil function")
BAD(nilproccreate, proccreate(nil, nil, 0), "proccreate: nil function")
BAD(priocreate, threadcreatex(&prio5, nothing, nil), "threadcreatex: priority 5")
BAD(setprio0, threadsetprio(0), "threadsetprio: priority 0")
BAD(nilcleanup, threadcleanup(nil, nil), "threadcleanup: nil function")
BAD(nouncleanup, threaduncleanup(0), "threaduncleanup: nothing to undo")
BAD(notprivfree, tprivfree(7), "tprivfree: key 7 is none")
BAD(notprivaddr, tprivaddr(-1), "tprivaddr: key -1 is none")
BAD(nochaninfo, chaninfo(nil, &info), "chaninfo: nil argument")

static void
detachtask(void *v)
{
	(void)v;
	threaddetachproc();
}

static void
detachour(void)
{
	expect("threaddetachproc: not the first thread of an OS thread that the program made");
	threadcreate(detachtask, nil, 0);
	threadyield();
}

/*
 * Whoever does it.
 */
static void
bytask(void *v)
{
	chansend(nil, v);
}

static void
intask(void)
{
	expect("send: nil channel");
	threadcreate(bytask, nil, 0);
	threadyield();
}

static void
inproc(void)
{
	expect("send: nil channel");
	proccreate(bytask, nil, 0);
	threadsleep(Hour);
}

static void*
bythread(void *v)
{
	chansend(nil, v);
	return nil;
}

static void
inforeign(void)
{
	pthread_t t;

	expect("send: nil channel");
	pthread_create(&t, nil, bythread, nil);
	pthread_join(t, nil);
}

/*
 * A program with its own main that forgot threadinit: cases whose name begins
 * with "no " run without it.
 */
#define NOINIT(f, call) \
	static void f(void) { \
		expect("threadinit: must be called before anything else by a program with its own main"); \
		call; \
	}
static void nop(void *v) { (void)v; }
NOINIT(noid, threadid())
NOINIT(nocreate, threadcreate(nop, nil, 0))
NOINIT(noproc, proccreate(nop, nil, 0))
NOINIT(noyield, threadyield())
NOINIT(nosleep, threadsleep(1))
NOINIT(norecv, chanrecv(chancreate(1, 0), nil))
NOINIT(nosend, chansend(chancreate(1, 0), nil))
NOINIT(noalt, p9alt((Alt[]){{.op = CHANEND}}))
NOINIT(noerr, werrstr("x"))
NOINIT(nobadchan, chancreate(0, 0))
NOINIT(noexits, threadexits(nil))

static Case cases[] = {
	{"nil send", nilsend},
	{"nil recv", nilrecv},
	{"nil sendp", nilsendp},
	{"nil recvp", nilrecvp},
	{"nil sendul", nilsendul},
	{"nil recvul", nilrecvul},
	{"nil nbsend", nilnbsend},
	{"nil nbrecv", nilnbrecv},
	{"nil nbsendp", nilnbsendp},
	{"nil nbsendul", nilnbsendul},
	{"nil channbsend", nilchannbsend},
	{"nil channbrecv", nilchannbrecv},
	{"nil channbsendp", nilchannbsendp},
	{"nil channbrecvp", nilchannbrecvp},
	{"nil channbsendul", nilchannbsendul},
	{"nil channbrecvul", nilchannbrecvul},
	{"nil chanclose", nilclose},
	{"nil chanclosing", nilclosing},
	{"nil chansetname", nilsetname},
	{"size sendp", sizesendp},
	{"size recvp", sizerecvp},
	{"size sendul", sizesendul},
	{"size recvul", sizerecvul},
	{"size nbsendp", sizenbsendp},
	{"size nbsendul", sizenbsendul},
	{"size channbsendp", sizechannbsendp},
	{"size channbrecvp", sizechannbrecvp},
	{"size channbsendul", sizechannbsendul},
	{"size channbrecvul", sizechannbrecvul},
	{"size small", sizesmall},
	{"size named", sizenamed},
	{"size long name", sizelongname},
	{"size unnamed", sizeunnamed},
	{"alt nil", nilalt},
	{"chanalt nil", nilchanalt},
	{"alt op", altop},
	{"alt negative op", altnegop},
	{"alt timeout nil", altnil},
	{"iocall nil op", ionilop},
	{"iointerrupt nil", ionilint},
	{"ioflush nil", ionilflush},
	{"ticker 0", ticker0},
	{"ticker -5", tickerneg},
	{"timerreset 0", reset0},
	{"timerstop nil", stopnil},
	{"timerreset nil", resetnil},
	{"nilqlock", nilqlock},
	{"nilcanqlock", nilcanqlock},
	{"nilqunlock", nilqunlock},
	{"freequnlock", freequnlock},
	{"nillock", nillock},
	{"nilcanlock", nilcanlock},
	{"nilunlock", nilunlock},
	{"freeunlock", freeunlock},
	{"nilrsleep", nilrsleep},
	{"nolockrsleep", nolockrsleep},
	{"freersleep", freersleep},
	{"freerwakeup", freerwakeup},
	{"freerwakeupall", freerwakeupall},
	{"nilrlock", nilrlock},
	{"freerunlock", freerunlock},
	{"freewunlock", freewunlock},
	{"nilsemacquire", nilsemacquire},
	{"negsemrelease", negsemrelease},
	{"muchwgadd", muchwgadd},
	{"nobarrier", nobarrier},
	{"nilcreate", nilcreate},
	{"nilproccreate", nilproccreate},
	{"priocreate", priocreate},
	{"setprio0", setprio0},
	{"nilcleanup", nilcleanup},
	{"nouncleanup", nouncleanup},
	{"notprivfree", notprivfree},
	{"notprivaddr", notprivaddr},
	{"nochaninfo", nochaninfo},
	{"readwunlock", readwunlock},
	{"muchsemrelease", muchsemrelease},
	{"detachour", detachour},
	{"in a task", intask},
	{"in a proc", inproc},
	{"in a foreign thread", inforeign},
	{"no init threadid", noid},
	{"no init threadcreate", nocreate},
	{"no init proccreate", noproc},
	{"no init threadyield", noyield},
	{"no init threadsleep", nosleep},
	{"no init recv", norecv},
	{"no init send", nosend},
	{"no init alt", noalt},
	{"no init werrstr", noerr},
	{"no init chancreate", nobadchan},
	{"no init threadexits", noexits},
};

static void
dies(void **state)
{
	static Child c;
	Case *k;

	k = *state;
	runself(&c, k->name);
	assert_string_equal(c.err, c.out);
	assert_true(WIFSIGNALED(c.status));
	assert_int_equal(WTERMSIG(c.status), SIGABRT);
}

static int
child(const char *name)
{
	int i;

	nocore();
	if(strncmp(name, "no ", 3) != 0 && threadinit() < 0)
		return 2;
	for(i = 0; i < nelem(cases); i++)
		if(strcmp(cases[i].name, name) == 0)
			cases[i].f();
	dprintf(2, "%s: not misuse\n", name);
	return 0;
}

int
main(int argc, char *argv[])
{
	struct CMUnitTest tests[nelem(cases)];
	int i;

	tself = argv[0];
	if(argc > 1)
		return child(argv[1]);
	for(i = 0; i < nelem(cases); i++)
		tests[i] = (struct CMUnitTest){cases[i].name, dies, nil, nil, &cases[i]};
	return cmocka_run_group_tests(tests, nil, nil);
}
