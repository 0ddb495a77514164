/*
 * Every call that waits, against everything that may end its wait: close,
 * free, interrupt, kill, deadline; before the wait, during it, between its
 * end and the thread's next step, and racing with its completion from
 * another proc.  The expected results are those of the manual:
 *
 *	the plain locks wait on at an interrupt and a deadline, and keep the
 *	flag; all others return -1 with the error string of the event
 *	a kill ends each, runs the cleanup functions, and leaves nothing
 *	behind: the next one in the queue is served, counts are exact
 *
 * In a race either outcome is right, but only one of them: what was
 * delivered is success, what was not is failure.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib9thread.h"

typedef struct Actor Actor;
typedef struct Call Call;
typedef struct Case Case;
typedef struct Cmd Cmd;
typedef struct World World;

enum Event { Close, Free, Int, Kill, Deadline, When, Nevent };
enum Timing { Before, During, Ready, Racing, Ntiming };

static const char *eventname[] = {"close", "free", "interrupt", "kill", "deadline", "when"};
static const char *timingname[] = {"before", "during", "ready", "racing"};

enum {
	Plain = 1<<0,		/* interrupts and deadlines wait */
	Chan = 1<<1,		/* chanclose and chanfree apply */
	Io = 1<<2,		/* closeioproc applies */
	Until = 1<<3,		/* takes a limit of its own */
	Counted = 1<<4,		/* release returns 1 if and only if the call succeeds */
	Timeout = 1<<5,		/* its own limit is a success */
	Norelease = 1<<6,	/* succeeds by itself */
	Special = 1<<7,		/* has a race of its own */
	Later = 1<<8,		/* release does not make it ready at once */
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SLOW 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SLOW 1
#endif
#endif
#ifndef SLOW
#define SLOW 0
#endif

enum {
	Nrace = SLOW? 150: 1000,	/* L9SCALE divides it */
	Value = 4711,
	Group = 77,
};

/* what is waited for */
struct World
{
	Channel	*c, *never, *gate;
	QLock	q;
	RWLock	rw;
	Rendez	r;
	Sema	sem;
	Waitgroup	wg;
	Barrier	bar;
	Ioproc	*io;
	int	fd[2];
	int	hold[2];
	int	holder;		/* thread that keeps io busy */
	_Atomic long	held;	/* what its call returned */
	int	target;		/* thread to be joined */
	int	released;
	int	written;
	int	got;
	int	nsem;
	int	ngot;		/* bytes or units that actors have */
	_Atomic int	nwait;	/* actors that have begun and not ended */
};

/* one who makes the call */
struct Actor
{
	const Call	*call;
	World	*w;
	int	value;
	int	selfint, selfkill;
	int64_t	deadline;	/* of the thread, and */
	int64_t	when;		/* of the call; INT64_MAX: none */
	int	probe;		/* see what is left of an interrupt */
	int	id;
	/* results; threadjoin orders them */
	int	ret;
	int	errnum;
	char	err[ERRMAX];
	int	probed;
	char	proberr[ERRMAX];
	_Atomic int	began, returned, cleaned;
};

struct Call
{
	const char	*name;
	int	flags;
	void	(*setup)(World*);
	int	(*op)(Actor*);
	int	(*release)(World*);	/* let it succeed; how many did, where Counted */
	void	(*finish)(Actor*);	/* give back what the call got */
	void	(*check)(World*, Actor**, int);	/* all have ended: nothing is left behind */
};

struct Case
{
	const Call	*call;
	enum Event	event;
	enum Timing	timing;
	char	name[64];
};

/* the other proc's part of a race */
struct Cmd
{
	enum Event	event;
	int	id;
	Channel	*c;
	uint32_t	delay;
	Actor	*a;		/* racebarrier's; nil: no barrier */
	int	partner;
};

static uint32_t seed, rnd;
static Case *curcase;
static int curround;
static Channel *cmds, *acks;
static int host;		/* a thread on the proc of the racing victims */

static uint32_t
nrand(uint32_t n)
{
	rnd ^= rnd<<13;
	rnd ^= rnd>>17;
	rnd ^= rnd<<5;
	return (uint32_t)(((uint64_t)rnd*n)>>32);
}

static void
spin(uint32_t n)
{
	volatile uint32_t i;

	for(i = 0; i < n; i++)
		;
}

static void
settle(void)
{
	while(threadyield() > 0)
		;
}

#define must(x)	must_((x) != 0, #x, __LINE__)
static void
must_(int ok, const char *what, int line)
{
	if(!ok)
		fail_msg("%s: round %d, line %d: not %s", curcase->name, curround, line, what);
}

static void
muststr(const char *got, const char *want)
{
	if(strcmp(got, want) != 0)
		fail_msg("%s: round %d: \"%s\", not \"%s\"", curcase->name, curround, got, want);
}

/*
 * The calls.
 */

static void
setchan(World *w)
{
	w->c = chancreate(sizeof(int), 0);
	w->never = chancreate(sizeof(int), 0);
	must(w->c != NULL && w->never != NULL);
}

static int
opsend(Actor *a)
{
	return chansend(a->w->c, &a->value);
}

static int
oprecv(Actor *a)
{
	return chanrecv(a->w->c, &a->value);
}

static int
doalt(Actor *a, Alt *alt, int n)
{
	int i;

	i = chanalt(alt);
	if(i >= 0 && alt[i].err != NULL){
		strcpy(a->err, alt[i].err);
		a->errnum = EPIPE;
		return -1;
	}
	return i < 0? -1: i == n? 1: 2;
}

static int
opaltsend(Actor *a)
{
	Alt alt[] = {
		{a->w->never, NULL, CHANRCV, NULL},
		{a->w->c, &a->value, CHANSND, NULL},
		{NULL, NULL, CHANEND, NULL},
	};

	return doalt(a, alt, 1);
}

static int
opaltrecv(Actor *a)
{
	Alt alt[] = {
		{a->w->c, &a->value, CHANRCV, NULL},
		{NULL, NULL, CHANSND, NULL},
		{a->w->never, NULL, CHANNOP, NULL},
		{a->w->never, NULL, CHANRCV, NULL},
		{NULL, NULL, CHANEND, NULL},
	};

	return doalt(a, alt, 0);
}

static int
opalttimeout(Actor *a)
{
	int64_t when;
	Alt alt[] = {
		{a->w->never, NULL, CHANRCV, NULL},
		{a->w->c, &a->value, CHANRCV, NULL},
		{NULL, &when, CHANTIMEOUT, NULL},
		{NULL, NULL, CHANEND, NULL},
	};

	when = a->when == INT64_MAX? threadnow() + Hour: a->when;
	return doalt(a, alt, 1);
}

static int
relsend(World *w)
{
	int v;

	if(p9nbrecv(w->c, &v) != 1)
		return 0;
	w->got = v;
	return 1;
}

static int
relrecv(World *w)
{
	int v;

	v = Value;
	return p9nbsend(w->c, &v) == 1;
}

static void
finnone(Actor *a)
{
	(void)a;
}

static void
checkchan(World *w, Actor **a, int n)
{
	int i, v;

	for(i = 0; i < n; i++)
		if(a[i]->returned && a[i]->ret == 1 && curcase->timing != Racing)
			must(a[i]->value == Value || w->got == a[i]->value);
	/* freed already? */
	if(w->c != NULL){
		/* nobody is left in the queues */
		v = 0;
		must(p9nbsend(w->c, &v) != 1);
		must(p9nbrecv(w->c, &v) != 1);
		chanfree(w->c);
	}
	must(p9nbsend(w->never, NULL) == 0);
	must(p9nbrecv(w->never, NULL) == 0);
	chanfree(w->never);
}

static void
setnone(World *w)
{
	(void)w;
}

static int
opsleep(Actor *a)
{
	return threadsleep(a->when == INT64_MAX? Hour: a->when - threadnow());
}

static int
relnone(World *w)
{
	(void)w;
	return 0;
}

static void
checknone(World *w, Actor **a, int n)
{
	(void)w;
	(void)a;
	(void)n;
}

static void
setio(World *w)
{
	w->io = ioproc();
	must(w->io != NULL);
	must(pipe(w->fd) == 0);
}

static int
opread(Actor *a)
{
	char b;

	return (int)ioread(a->w->io, a->w->fd[0], &b, 1);
}

static int
relread(World *w)
{
	must(write(w->fd[1], "x", 1) == 1);
	w->written++;
	return 1;
}

static int
left(int fd)
{
	int n;

	n = -1;
	must(ioctl(fd, FIONREAD, &n) == 0);
	return n;
}

static void
checkread(World *w, Actor **a, int n)
{
	int i, got, lost;

	got = lost = 0;
	for(i = 0; i < n; i++)
		if(!a[i]->returned)
			lost++;		/* killed: it may have had its byte, or not */
		else if(a[i]->ret >= 0)
			got++;
	must(w->written - left(w->fd[0]) >= got);
	must(w->written - left(w->fd[0]) <= got + lost);
	close(w->fd[0]);
	close(w->fd[1]);
	/* it still works */
	if(w->io != NULL){
		must(iosleep(w->io, 0) == 0);
		closeioproc(w->io);
	}
}

static void
holdmain(void *v)
{
	World *w;
	char b;

	w = v;
	w->held = ioread(w->io, w->hold[0], &b, 1);
}

static void
setturn(World *w)
{
	Threadattr at = {.joinable = 1};

	setio(w);
	must(pipe(w->hold) == 0);
	must(write(w->fd[1], "xx", 2) == 2);
	w->written = 2;
	w->held = -2;
	w->holder = threadcreatex(&at, holdmain, w);
	must(w->holder > 0);
	settle();
}

static int
relturn(World *w)
{
	if(w->released)
		return 0;
	w->released = 1;
	must(write(w->hold[1], "x", 1) == 1);
	return 1;
}

static void
checkturn(World *w, Actor **a, int n)
{
	must(threadjoin(w->holder, NULL, 0) == 0);
	must(w->held == 1 || (w->held == -1 && w->io == NULL));
	close(w->hold[0]);
	close(w->hold[1]);
	checkread(w, a, n);
}

static void
setq(World *w)
{
	qlock(&w->q);
}

static int
opqlock(Actor *a)
{
	qlock(&a->w->q);
	return 0;
}

static int
oplock(Actor *a)
{
	/* a Lock is a QLock by another name */
	p9lock((Lock*)&a->w->q);
	return 0;
}

static int
opqlockuntil(Actor *a)
{
	return qlockuntil(&a->w->q, a->when);
}

static int
relq(World *w)
{
	if(w->released)
		return 0;
	w->released = 1;
	qunlock(&w->q);
	return 1;
}

static void
finq(Actor *a)
{
	if(a->ret == 0)
		qunlock(&a->w->q);
}

static void
checkq(World *w, Actor **a, int n)
{
	(void)a;
	(void)n;
	must(canqlock(&w->q) == 1);
	qunlock(&w->q);
}

static void
setw(World *w)
{
	wlock(&w->rw);
}

static void
setr(World *w)
{
	rlock(&w->rw);
}

static int
oprlock(Actor *a)
{
	rlock(&a->w->rw);
	return 0;
}

static int
oprlockuntil(Actor *a)
{
	return rlockuntil(&a->w->rw, a->when);
}

static int
opwlock(Actor *a)
{
	wlock(&a->w->rw);
	return 0;
}

static int
opwlockuntil(Actor *a)
{
	return wlockuntil(&a->w->rw, a->when);
}

static int
relw(World *w)
{
	if(w->released)
		return 0;
	w->released = 1;
	wunlock(&w->rw);
	return 1;
}

static int
relr(World *w)
{
	if(w->released)
		return 0;
	w->released = 1;
	runlock(&w->rw);
	return 1;
}

static void
finr(Actor *a)
{
	if(a->ret == 0)
		runlock(&a->w->rw);
}

static void
finw(Actor *a)
{
	if(a->ret == 0)
		wunlock(&a->w->rw);
}

static void
checkrw(World *w, Actor **a, int n)
{
	(void)a;
	(void)n;
	must(canwlock(&w->rw) == 1);
	wunlock(&w->rw);
	must(canrlock(&w->rw) == 1);
	runlock(&w->rw);
}

static void
setrendez(World *w)
{
	w->r.l = &w->q;
}

static int
oprsleep(Actor *a)
{
	qlock(&a->w->q);
	rsleep(&a->w->r);
	return 0;
}

static int
oprsleepuntil(Actor *a)
{
	qlock(&a->w->q);
	return rsleepuntil(&a->w->r, a->when);
}

static int
relrsleep(World *w)
{
	int n;

	qlock(&w->q);
	n = rwakeup(&w->r);
	qunlock(&w->q);
	return n;
}

static void
finrsleep(Actor *a)
{
	/* held on success and on failure */
	qunlock(&a->w->q);
}

static void
checkrendez(World *w, Actor **a, int n)
{
	checkq(w, a, n);
	qlock(&w->q);
	must(rwakeupall(&w->r) == 0);
	qunlock(&w->q);
}

static int
opsem(Actor *a)
{
	return semacquire(&a->w->sem);
}

static int
relsem(World *w)
{
	semrelease(&w->sem, 1);
	w->nsem++;
	return 1;
}

static void
checksem(World *w, Actor **a, int n)
{
	int i;

	for(i = 0; i < n; i++)
		if(a[i]->returned && a[i]->ret == 0)
			w->nsem--;
	/* what nobody has got is there */
	for(; w->nsem > 0; w->nsem--)
		must(cansemacquire(&w->sem) == 1);
	must(w->nsem == 0);
	must(cansemacquire(&w->sem) == 0);
}

static void
setwg(World *w)
{
	wgadd(&w->wg, 1);
}

static int
opwg(Actor *a)
{
	return wgwait(&a->w->wg);
}

static int
relwg(World *w)
{
	if(w->released)
		return 0;
	w->released = 1;
	wgdone(&w->wg);
	return 1;
}

static void
checkwg(World *w, Actor **a, int n)
{
	(void)a;
	(void)n;
	must(wgwait(&w->wg) == 0);
}

static int
opbar(Actor *a)
{
	return barrierwait(&a->w->bar, 3);
}

/* come as the last of those who wait */
static int
relbar(World *w)
{
	int64_t old;
	int r;

	if(w->nwait == 0)
		return 0;
	old = threaddeadline(threadnow() + 20*Second);
	r = barrierwait(&w->bar, w->nwait + 1);
	threadundeadline(old);
	must(r == 1);
	return 1;
}

static void
checkbar(World *w, Actor **a, int n)
{
	(void)a;
	(void)n;
	/* nobody has come that is not gone */
	threadint(threadid());
	must(barrierwait(&w->bar, 2) == -1);
}

static void
targetmain(void *v)
{
	chanrecv(((World*)v)->gate, NULL);
	threadexits("done");
}

static void
settarget(World *w)
{
	Threadattr at = {.joinable = 1, .group = Group};

	w->gate = chancreate(1, 0);
	must(w->gate != NULL);
	w->target = threadcreatex(&at, targetmain, w);
	must(w->target > 0);
	settle();
}

static int
opjoin(Actor *a)
{
	char status[ERRMAX];

	if(threadjoin(a->w->target, status, sizeof status) < 0)
		return -1;
	return strcmp(status, "done") == 0? 0: 99;
}

static int
opjoingrp(Actor *a)
{
	return threadjoingrp(Group);
}

static int
reltarget(World *w)
{
	if(w->released)
		return 0;
	w->released = 1;
	chanclose(w->gate);
	settle();
	return 1;
}

static void
checktarget(World *w, Actor **a, int n)
{
	char status[ERRMAX];
	int i, joined, lost;

	joined = lost = 0;
	for(i = 0; i < n; i++)
		if(!a[i]->returned)
			lost++;
		else if(a[i]->ret == 0)
			joined++;
		else
			must(a[i]->ret == -1);
	i = threadjoin(w->target, status, sizeof status);
	if(i == 0)
		muststr(status, "done");
	else if(curcase->call->op == opjoingrp)
		must(joined > 0 || lost > 0);
	else
		must(joined > 0 || lost > 0);
	if(curcase->call->op == opjoin && joined > 0)
		must(i == -1);
	must(threadintgrp(Group) == 0);
	chanfree(w->gate);
}

static const Call calls[] = {
	{"chansend", Chan|Counted, setchan, opsend, relsend, finnone, checkchan},
	{"chanrecv", Chan|Counted, setchan, oprecv, relrecv, finnone, checkchan},
	{"alt send", Chan|Counted, setchan, opaltsend, relsend, finnone, checkchan},
	{"alt recv", Chan|Counted, setchan, opaltrecv, relrecv, finnone, checkchan},
	{"alt timeout", Chan|Counted|Until|Timeout, setchan, opalttimeout, relrecv, finnone, checkchan},
	{"threadsleep", Norelease, setnone, opsleep, relnone, finnone, checknone},
	{"iocall", Io|Later, setio, opread, relread, finnone, checkread},
	{"iocall turn", Io|Later, setturn, opread, relturn, finnone, checkturn},
	{"qlock", Plain, setq, opqlock, relq, finq, checkq},
	{"lock", Plain, setq, oplock, relq, finq, checkq},
	{"qlockuntil", Until, setq, opqlockuntil, relq, finq, checkq},
	{"rlock", Plain, setw, oprlock, relw, finr, checkrw},
	{"rlockuntil", Until, setw, oprlockuntil, relw, finr, checkrw},
	{"wlock", Plain, setr, opwlock, relr, finw, checkrw},
	{"wlockuntil", Until, setr, opwlockuntil, relr, finw, checkrw},
	{"rsleep", Plain, setrendez, oprsleep, relrsleep, finrsleep, checkrendez},
	{"rsleepuntil", Until|Counted, setrendez, oprsleepuntil, relrsleep, finrsleep, checkrendez},
	{"semacquire", 0, setnone, opsem, relsem, finnone, checksem},
	{"wgwait", 0, setwg, opwg, relwg, finnone, checkwg},
	{"barrierwait", Special, setnone, opbar, relbar, finnone, checkbar},
	{"threadjoin", Later, settarget, opjoin, reltarget, finnone, checktarget},
	{"threadjoingrp", Later, settarget, opjoingrp, reltarget, finnone, checktarget},
};
enum { Ncall = sizeof calls/sizeof calls[0] };

/*
 * The actors.
 */

static void
cleaned(void *v)
{
	Actor *a;

	a = v;
	a->cleaned++;
	a->w->nwait--;
}

static void
actmain(void *v)
{
	Actor *a;
	int64_t old;

	a = v;
	if(threadcleanup(cleaned, a) < 0)
		abort();
	a->w->nwait++;
	a->began = 1;
	old = threaddeadline(a->deadline);
	if(a->selfint)
		threadint(threadid());
	if(a->selfkill)
		threadkill(threadid());
	a->ret = a->call->op(a);
	if(a->ret < 0 && a->err[0] == '\0'){
		a->errnum = errno;
		rerrstr(a->err, sizeof a->err);
	}
	a->w->nwait--;
	threaduncleanup(0);
	a->returned = 1;
	threadundeadline(old);
	a->call->finish(a);
	if(a->probe){
		a->probed = threadsleep(a->call->flags & Plain? Hour: Microsecond);
		if(a->probed < 0)
			rerrstr(a->proberr, sizeof a->proberr);
	}
	threadexits("returned");
}

static void
actinit(Actor *a, World *w, const Call *call, int value)
{
	memset(a, 0, sizeof *a);
	a->call = call;
	a->w = w;
	a->value = value;
	a->deadline = INT64_MAX;
	a->when = INT64_MAX;
}

static void
start(Actor *a, int proc)
{
	Threadattr at = {.joinable = 1, .proc = proc};

	a->id = threadcreatex(&at, actmain, a);
	must(a->id > 0);
}

/* wait for its end; 1: it was killed */
static int
join(Actor *a)
{
	char status[ERRMAX];
	int killed;

	must(threadjoin(a->id, status, sizeof status) == 0);
	killed = strcmp(status, "killed") == 0;
	if(!killed)
		muststr(status, "returned");
	must(a->returned == !killed);
	/* the functions of one that never ran were never there */
	must(a->cleaned == (killed && a->began));
	return killed;
}

static const char*
errorof(const Call *call, enum Event e, int *errnum)
{
	switch(e){
	case Close:
		if(call->op == opread && call->setup == setio){
			*errnum = EINTR;
			return "interrupted";
		}
		*errnum = EPIPE;
		return call->flags & Io? "ioproc closed": "channel closed";
	case Free:
		*errnum = EPIPE;
		return "channel freed";
	case Int:
		*errnum = EINTR;
		return "interrupted";
	case Deadline:
	case When:
		*errnum = ETIMEDOUT;
		return "deadline";
	default:
		*errnum = 0;
		return "";
	}
}

static void
mustfail(Actor *a, enum Event e)
{
	const char *err;
	int errnum;

	if(join(a))
		fail_msg("%s: killed", curcase->name);
	must(a->ret == -1);
	err = errorof(a->call, e, &errnum);
	muststr(a->err, err);
	must(a->errnum == errnum);
}

static void
mustsucceed(Actor *a)
{
	if(join(a))
		fail_msg("%s: killed", curcase->name);
	must(a->ret >= 0);
}

/* let a succeed, which waits, perhaps behind others of this proc */
static void
letpass(Actor *a)
{
	while(!a->returned){
		a->call->release(a->w);
		settle();
		if(!a->returned)
			threadsleep(20*Microsecond);
	}
}

static void
event(enum Event e, World *w, Actor *a)
{
	switch(e){
	case Close:
		if(a->call->flags & Io){
			closeioproc(w->io);
			w->io = NULL;
		}else
			must(chanclose(w->c) == 0);
		break;
	case Free:
		chanfree(w->c);
		w->c = NULL;
		break;
	case Int:
		must(threadint(a->id) == 0);
		break;
	case Kill:
		must(threadkill(a->id) == 0);
		break;
	default:
		break;
	}
}

/* on the heap: where a test fails, who still waits may still look at it */
static void*
new(size_t n)
{
	void *p;

	p = calloc(1, n);
	must(p != NULL);
	return p;
}

/* the event finds a call that has not begun */
static void
before(const Call *call, enum Event e)
{
	World *w;
	Actor *a;

	w = new(sizeof *w);
	a = new(sizeof *a);
	call->setup(w);
	actinit(a, w, call, 1);
	switch(e){
	case Close:
		event(e, w, a);
		break;
	case Int:
		a->selfint = a->probe = 1;
		break;
	case Kill:
		a->selfkill = 1;
		break;
	case Deadline:
		a->deadline = threadnow() - 1;
		break;
	case When:
		a->when = threadnow() - 1;
		break;
	default:
		break;
	}
	start(a, 0);
	settle();
	if(e == Kill)
		must(join(a));
	else if(call->flags & Plain && e != Close){
		must(!a->returned);
		letpass(a);
		mustsucceed(a);
		if(e == Int){
			/* it was kept */
			must(a->probed == -1);
			muststr(a->proberr, "interrupted");
		}
	}else if(e == When && call->flags & Timeout){
		mustsucceed(a);
		must(a->ret == 2);
	}else{
		mustfail(a, e);
		if(e == Int)
			/* it was used up */
			must(a->probed == 0);
	}
	if(!w->released && call->release != relsend && call->release != relrecv &&
	    call->release != relbar && call->release != relrsleep)
		call->release(w);
	call->check(w, (Actor*[]){a}, 1);
	free(a);
	free(w);
}

/* it finds one that waits, with another behind it */
static void
during(const Call *call, enum Event e)
{
	World *w;
	Actor *a, *b;

	w = new(sizeof *w);
	a = new(sizeof *a);
	call->setup(w);
	actinit(a, w, call, 1);
	b = new(sizeof *b);
	actinit(b, w, call, 2);
	a->probe = e == Int;
	if(e == Deadline)
		a->deadline = threadnow() + Millisecond;
	if(e == When)
		a->when = threadnow() + Millisecond;
	start(a, 0);
	settle();
	start(b, 0);
	settle();
	must(!b->returned);
	if(e != Deadline && e != When)
		must(!a->returned);
	event(e, w, a);
	if(e == Kill)
		must(join(a));
	else if(call->flags & Plain && e != Close && e != Free){
		if(e == Deadline)
			threadsleepuntil(a->deadline + Millisecond);
		settle();
		must(!a->returned);
		letpass(a);
		mustsucceed(a);
		if(e == Int){
			must(a->probed == -1);
			muststr(a->proberr, "interrupted");
		}
	}else if(e == When && call->flags & Timeout){
		mustsucceed(a);
		must(a->ret == 2);
	}else{
		mustfail(a, e);
		if(e == Int)
			must(a->probed == 0);
	}
	/* the one behind is not disturbed */
	if(e == Close || e == Free){
		if(join(b))
			fail_msg("%s: killed", curcase->name);
		must(b->ret == -1);
		muststr(b->err, e == Free? "channel freed": call->flags & Io? "ioproc closed": "channel closed");
	}else if(call->flags & Norelease){
		must(!b->returned);
		must(threadkill(b->id) == 0);
		must(join(b));
	}else{
		if(!(call->flags & Plain) || e == Kill){
			settle();
			must(!b->returned);
		}
		letpass(b);
		mustsucceed(b);
	}
	if(call->release == relturn || call->release == relread)
		call->release(w);
	call->check(w, (Actor*[]){a, b}, 2);
	free(a);
	free(b);
	free(w);
}

/* it was killed between the end of its wait and its next step: it does not take it */
static void
ready(const Call *call, enum Event e)
{
	World *w;
	Actor *a;

	w = new(sizeof *w);
	a = new(sizeof *a);
	call->setup(w);
	actinit(a, w, call, 1);
	start(a, 0);
	settle();
	must(!a->returned);
	/* When stands for success */
	if(e == When)
		call->release(w);
	else
		event(e, w, a);
	must(threadkill(a->id) == 0);
	must(join(a));
	if(!w->released && call->release != relsend && call->release != relrecv &&
	    call->release != relbar && call->release != relrsleep)
		call->release(w);
	call->check(w, (Actor*[]){a}, 1);
	free(a);
	free(w);
}

/*
 * Races.
 */

static void
hostmain(void *v)
{
	chanrecv(v, NULL);
}

/* racebarrier's: the actor may have given up */
static int
standin(Cmd *cmd)
{
	char status[ERRMAX];
	Actor *a;
	int64_t old;
	int r;

	a = cmd->a;
	if(threadjoin(a->id, status, sizeof status) < 0)
		abort();
	if(!a->returned){
		threadint(cmd->partner);
		return 0;
	}
	if(a->ret >= 0)
		return 0;
	old = threaddeadline(threadnow() + 10*Second);
	r = barrierwait(&a->w->bar, 2);
	threadundeadline(old);
	return r;
}

/* the proc that events come from */
static void
eventer(void *v)
{
	Cmd cmd;
	int r;

	(void)v;
	while(chanrecv(cmds, &cmd) == 1){
		spin(cmd.delay);
		switch(cmd.event){
		case Close:
			chanclose(cmd.c);
			break;
		case Int:
			threadint(cmd.id);
			break;
		case Kill:
			threadkill(cmd.id);
			break;
		default:
			break;
		}
		r = 0;
		if(cmd.a != NULL)
			r = standin(&cmd);
		chansend(acks, &r);
	}
}

static void
race(const Call *call, enum Event e)
{
	World *w;
	Actor *a;
	Cmd cmd;
	const char *err;
	int n, r, killed, errnum;

	w = new(sizeof *w);
	a = new(sizeof *a);
	call->setup(w);
	actinit(a, w, call, 1);
	if(e == Deadline)
		a->deadline = threadnow() + nrand(100)*Microsecond;
	if(e == When || call->flags & Norelease)
		a->when = threadnow() + nrand(100)*Microsecond;
	start(a, host);
	cmd = (Cmd){.event = e, .id = a->id, .c = w->c, .delay = nrand(nrand(2)? 3000: 30000)};
	if(e != Deadline && e != When)
		must(chansend(cmds, &cmd) == 1);
	spin(nrand(nrand(2)? 3000: 30000));
	n = call->release(w);
	if(e != Deadline && e != When)
		must(chanrecv(acks, &r) == 1);
	if(call->flags & Plain && e != Kill)
		while(!a->returned){
			n += call->release(w);
			if(!a->returned)
				threadsleep(5*Microsecond);
		}
	killed = join(a);
	must(!killed || e == Kill);
	if(!killed && a->ret < 0){
		err = errorof(call, e, &errnum);
		muststr(a->err, err);
		must(a->errnum == errnum);
		if(call->flags & Counted)
			must(n == 0);
	}
	if(!killed && a->ret >= 0 && call->flags & Counted){
		/* 2: the timeout */
		must(n == (a->ret != 2));
		if(call->release == relrecv && n == 1)
			must(a->value == Value);
		if(call->release == relsend)
			must(w->got == a->value);
	}
	if(!w->released && (call->flags & (Counted|Plain)) == 0)
		call->release(w);
	call->check(w, (Actor*[]){a}, 1);
	free(a);
	free(w);
}

/* a close or free that must find the call begun: the other proc interrupts or kills */
static void
racefree(const Call *call, enum Event e)
{
	World *w;
	Actor *a, *b;
	Cmd cmd;
	int r, killed, errnum;

	w = new(sizeof *w);
	a = new(sizeof *a);
	call->setup(w);
	actinit(a, w, call, 1);
	b = new(sizeof *b);
	actinit(b, w, call, 2);
	start(a, 0);
	settle();
	start(b, 0);
	settle();
	cmd = (Cmd){.event = nrand(2)? Int: Kill, .id = a->id, .delay = nrand(3000)};
	must(chansend(cmds, &cmd) == 1);
	spin(nrand(3000));
	event(e, w, a);
	must(chanrecv(acks, &r) == 1);
	killed = join(a);
	must(!killed || cmd.event == Kill);
	if(!killed){
		must(a->ret == -1);
		if(cmd.event != Int || strcmp(a->err, "interrupted") != 0)
			muststr(a->err, errorof(call, e, &errnum));
	}
	if(join(b))
		fail_msg("%s: killed", curcase->name);
	must(b->ret == -1);
	if(call->release == relread || call->release == relturn)
		call->release(w);
	call->check(w, (Actor*[]){a, b}, 2);
	free(a);
	free(b);
	free(w);
}

/*
 * One of two who come to a barrier gives up.  Either both pass, or it has not
 * come, and the other still waits: then the proc that events come from comes
 * in its stead.
 */
static void
racebarrier(const Call *call, enum Event e)
{
	World *w;
	Actor *a;
	Cmd cmd;
	int64_t old;
	int r, killed, n;

	w = new(sizeof *w);
	a = new(sizeof *a);
	actinit(a, w, call, 1);
	if(e == Deadline)
		a->deadline = threadnow() + nrand(100)*Microsecond;
	start(a, host);
	cmd = (Cmd){.event = e, .id = a->id, .delay = nrand(nrand(2)? 3000: 30000), .a = a, .partner = threadid()};
	must(chansend(cmds, &cmd) == 1);
	spin(nrand(nrand(2)? 3000: 30000));
	/* only where the library fails is this ever reached */
	old = threaddeadline(threadnow() + 20*Second);
	n = barrierwait(&w->bar, 2);
	threadundeadline(old);
	/* an interrupt by standin may come too late */
	while(chanrecv(acks, &r) < 0)
		;
	threadsleep(Microsecond);
	killed = !a->returned;
	if(killed)
		/* it had come, or the other was sent home */
		must(e == Kill);
	else{
		must(n >= 0);
		if(a->ret >= 0)
			must(a->ret + n == 1);
		else
			must(r + n == 1);
	}
	call->check(w, (Actor*[]){a}, 1);
	free(a);
	free(w);
}

static int
nrace(void)
{
	const char *s;
	int by;

	s = getenv("L9SCALE");
	by = s != NULL? atoi(s): 1;
	return by > 1? Nrace/by + 1: Nrace;
}

static void
test(void **state)
{
	const Call *call;
	enum Event e;
	int n;

	curcase = *state;
	call = curcase->call;
	e = curcase->event;
	curround = 0;
	switch(curcase->timing){
	case Before:
		before(call, e);
		break;
	case During:
		during(call, e);
		break;
	case Ready:
		ready(call, e);
		break;
	default:
		n = nrace();
		for(curround = 0; curround < n; curround++)
			if(call->flags & Special)
				racebarrier(call, e);
			else if(e == Free || (e == Close && call->flags & Io))
				racefree(call, e);
			else
				race(call, e);
		break;
	}
}

/*
 * Who is interrupted before the last one comes has not come: else it would
 * come again and wait for a round that is over.
 */
static void
test_barrierleft(void **state)
{
	static World w;
	static Actor a;
	int n;

	(void)state;
	curcase = &(Case){.call = &calls[0], .name = "barrier left"};
	memset(&w, 0, sizeof w);
	actinit(&a, &w, &(Call){.op = opbar, .finish = finnone}, 0);
	start(&a, 0);
	settle();
	threadint(a.id);
	/* a has not run since */
	threaddeadline(threadnow() + 50*Millisecond);
	n = barrierwait(&w.bar, 2);
	threadundeadline(INT64_MAX);
	settle();
	must(a.returned);
	join(&a);
	/* it has come for both, or for none */
	must((n >= 0) == (a.ret >= 0));
	checkbar(&w, NULL, 0);
}

/* an interrupt that comes after the wake-up, while the lock is not free yet, is kept */
static void
test_rsleepwoken(void **state)
{
	static World w;
	static Actor a;
	int lost;

	(void)state;
	curcase = &(Case){.call = &calls[0], .name = "rsleep woken"};
	memset(&w, 0, sizeof w);
	w.r.l = &w.q;
	actinit(&a, &w, &(Call){.flags = Plain, .op = oprsleepuntil, .finish = finrsleep}, 0);
	a.probe = 1;
	start(&a, 0);
	settle();
	qlock(&w.q);
	must(rwakeup(&w.r) == 1);
	must(threadint(a.id) == 0);
	settle();
	must(!a.returned);
	qunlock(&w.q);
	settle();
	must(a.returned);
	must(a.ret == 0);
	/* it sleeps for an hour, if the interrupt is lost */
	lost = threadint(a.id) == 0;
	join(&a);
	must(!lost);
}

static int
applies(const Call *c, enum Event e, enum Timing t)
{
	if(t == Ready)
		switch(e){
		case When:	/* success */
			return !(c->flags & (Norelease|Later));
		case Close:
		case Free:
			return (c->flags & Chan) != 0;
		case Int:
			return 1;
		default:
			return 0;
		}
	switch(e){
	case Close:
		/* a call after closeioproc, or after chanfree, is a mistake */
		return c->flags & Chan || (c->flags & Io && t != Before);
	case Free:
		return c->flags & Chan && t != Before;
	case When:
		return (c->flags & Until) != 0;
	default:
		return 1;
	}
}

int
main(int argc, char *argv[])
{
	static struct CMUnitTest tests[Ncall*Nevent*Ntiming + 2];
	static Case cases[Ncall*Nevent*Ntiming + 2];
	Case *c;
	char *s;
	int i, e, t, n, r;

	s = getenv("L9SEED");
	seed = argc > 1? (uint32_t)atol(argv[1]): s != NULL? (uint32_t)atol(s): (uint32_t)threadnow();
	printf("seed %u\n", seed);
	rnd = seed*2654435761u | 1;
	if(threadinit() < 0)
		return 1;
	cmds = chancreate(sizeof(Cmd), 0);
	acks = chancreate(sizeof(int), 0);
	host = proccreate(hostmain, chancreate(1, 0), 0);
	if(cmds == NULL || acks == NULL || host < 0 || proccreate(eventer, NULL, 0) < 0)
		return 1;
	n = 0;
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_barrierleft);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_rsleepwoken);
	for(t = 0; t < Ntiming; t++)
		for(i = 0; i < Ncall; i++)
			for(e = 0; e < Nevent; e++){
				if(!applies(&calls[i], e, t))
					continue;
				c = &cases[n];
				*c = (Case){.call = &calls[i], .event = e, .timing = t};
				snprintf(c->name, sizeof c->name, "%s, %s, %s", calls[i].name,
					t == Ready && e == When? "done": eventname[e], timingname[t]);
				if(argc > 2 && strstr(c->name, argv[2]) == NULL)
					continue;
				tests[n] = (struct CMUnitTest){c->name, test, NULL, NULL, c};
				n++;
			}
	r = _cmocka_run_group_tests("blocking", tests, (size_t)n, NULL, NULL);
	/* not by return: the two other procs go on */
	threadexitsall(r == 0? NULL: "failed");
}
