/*
 * core [name ...]: what the basic operations cost, beside lower bounds
 * measured in the same run.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"
#include "lib9thread.h"
#include "mini.h"

enum {
	/* <linux/futex.h>, which musl does not ship */
	Futexwait = 0|128,
	Futexwake = 1|128,
};

enum {
	Nyield = 4000000,
	Nmsg = 2000000,
	Nxmsg = 100000,		/* between procs, unbuffered */
	Nxbuf = 1000000,	/* between procs, buffered */
	Ncreate = 500000,
	Ncall = 20000,
	Buffer = 128,
};

static Channel *c1, *c2, *donechan;
static Minichan *m1, *m2;
static long nop;		/* each task's share */
static int left;		/* tasks still at work: one proc */

static Channel*
mkchan(int n)
{
	Channel *c;

	c = chancreate(sizeof(void*), n);
	if(c == NULL)
		sysfatal("no channel");
	return c;
}

static void
start(void (*f)(void*))
{
	if(threadcreate(f, NULL, 0) < 0)
		sysfatal("no thread");
}

static void
startproc(void (*f)(void*))
{
	if(proccreate(f, NULL, 0) < 0)
		sysfatal("no proc");
}

/* wait for n tasks that say when they are done */
static void
await(int n)
{
	while(n-- > 0)
		chanrecvp(donechan);
}

static void
done(void)
{
	chansendp(donechan, NULL);
}

/* yield */
static void
yielder(void *v)
{
	long i;

	(void)v;
	for(i = 0; i < nop; i++)
		threadyield();
	done();
}

static double
yieldlib(int ntask)
{
	int64_t t;
	int i;

	nop = Nyield/ntask;
	t = cpunow();
	for(i = 0; i < ntask; i++)
		start(yielder);
	await(ntask);
	return (double)(cpunow() - t)/(nop*ntask);
}

static void
miniyielder(void *v)
{
	long i;

	(void)v;
	for(i = 0; i < nop; i++)
		miniyield();
}

static void
miniyielders(void *v)
{
	int i;

	for(i = *(int*)v; i > 0; i--)
		ministart(miniyielder, NULL);
}

static double
yieldbound(int ntask)
{
	int64_t t;

	nop = Nyield/ntask;
	t = cpunow();
	minirun(miniyielders, &ntask);
	return (double)(cpunow() - t)/(nop*ntask);
}

static double yield2(void) { return yieldlib(2); }
static double yield2bound(void) { return yieldbound(2); }
static double yield1000(void) { return yieldlib(1000); }
static double yield1000bound(void) { return yieldbound(1000); }

/* two unbuffered channels, a message there and one back */
static void
ping(void *v)
{
	long i;

	for(i = 0; i < nop; i++){
		chansendp(c1, v);
		chanrecvp(c2);
	}
	done();
}

static void
pong(void *v)
{
	long i;

	for(i = 0; i < nop; i++){
		chanrecvp(c1);
		chansendp(c2, v);
	}
	done();
}

static double
pingpong(void)
{
	int64_t t;

	nop = Nmsg/2;
	c1 = mkchan(0);
	c2 = mkchan(0);
	t = cpunow();
	start(ping);
	start(pong);
	await(2);
	t = cpunow() - t;
	chanfree(c1);
	chanfree(c2);
	return (double)t/(2*nop);
}

static void
miniping(void *v)
{
	long i;

	for(i = 0; i < nop; i++){
		minisend(m1, v);
		minirecv(m2);
	}
}

static void
minipong(void *v)
{
	long i;

	for(i = 0; i < nop; i++){
		minirecv(m1);
		minisend(m2, v);
	}
}

static void
minipingpong(void *v)
{
	ministart(miniping, v);
	ministart(minipong, v);
}

static double
pingpongbound(void)
{
	int64_t t;

	nop = Nmsg/2;
	m1 = minichan(0);
	m2 = minichan(0);
	t = cpunow();
	minirun(minipingpong, NULL);
	t = cpunow() - t;
	free(m1);
	free(m2);
	return (double)t/(2*nop);
}

/* one producer, one consumer, a buffer */
static void
produce(void *v)
{
	long i;

	for(i = 0; i < nop; i++)
		chansendp(c1, v);
	done();
}

static void
consume(void *v)
{
	long i;

	(void)v;
	for(i = 0; i < nop; i++)
		chanrecvp(c1);
	done();
}

static double
buffered(void)
{
	int64_t t;

	nop = Nmsg;
	c1 = mkchan(Buffer);
	t = cpunow();
	start(produce);
	start(consume);
	await(2);
	t = cpunow() - t;
	chanfree(c1);
	return (double)t/nop;
}

static void
miniproduce(void *v)
{
	long i;

	for(i = 0; i < nop; i++)
		minisend(m1, v);
}

static void
miniconsume(void *v)
{
	long i;

	(void)v;
	for(i = 0; i < nop; i++)
		minirecv(m1);
}

static void
minibuffered(void *v)
{
	ministart(miniproduce, v);
	ministart(miniconsume, v);
}

static double
bufferedbound(void)
{
	int64_t t;

	nop = Nmsg;
	m1 = minichan(Buffer);
	t = cpunow();
	minirun(minibuffered, NULL);
	t = cpunow() - t;
	free(m1);
	return (double)t/nop;
}

/* create, run and end an empty task */
static void
empty(void *v)
{
	(void)v;
	left--;
}

static double
create(void)
{
	int64_t t;
	int i;

	t = cpunow();
	for(i = 0; i < Ncreate; i++){
		left++;
		start(empty);
		threadyield();
	}
	return (double)(cpunow() - t)/Ncreate;
}

static void
minicreator(void *v)
{
	int i;

	for(i = 0; i < Ncreate; i++){
		left++;
		ministart(empty, v);
		miniyield();
	}
}

static double
createbound(void)
{
	int64_t t;

	t = cpunow();
	minirun(minicreator, NULL);
	return (double)(cpunow() - t)/Ncreate;
}

/* between two procs: wall time */
static double
xpingpong(void)
{
	int64_t t;

	nop = Nxmsg/2;
	c1 = mkchan(0);
	c2 = mkchan(0);
	t = wallnow();
	startproc(ping);
	startproc(pong);
	await(2);
	t = wallnow() - t;
	chanfree(c1);
	chanfree(c2);
	return (double)t/(2*nop);
}

/* the bound: two OS threads hand a word to each other by futex alone */
static _Atomic uint32_t word;

static void
handover(uint32_t me)
{
	long i;
	uint32_t w;

	for(i = 0; i < nop; i++){
		while((w = atomic_load(&word)) != me)
			syscall(SYS_futex, &word, Futexwait, w, NULL, NULL, 0);
		atomic_store(&word, !me);
		syscall(SYS_futex, &word, Futexwake, 1, NULL, NULL, 0);
	}
}

static void*
other(void *v)
{
	(void)v;
	handover(1);
	return NULL;
}

static double
futexbound(void)
{
	pthread_t th;
	int64_t t;

	nop = Nxmsg/4;
	atomic_store(&word, 0);
	t = wallnow();
	if(pthread_create(&th, NULL, other, NULL) != 0)
		sysfatal("no pthread");
	handover(0);
	pthread_join(th, NULL);
	return (double)(wallnow() - t)/(2*nop);
}

static double
xbuffered(int npair)
{
	int64_t t;
	int i;

	nop = Nxbuf/npair;
	c1 = mkchan(Buffer);
	t = wallnow();
	for(i = 0; i < npair; i++){
		startproc(produce);
		startproc(consume);
	}
	await(2*npair);
	t = wallnow() - t;
	chanfree(c1);
	return (double)t/(nop*npair);
}

/* the bound: a ring with a mutex and condition variables */
static pthread_mutex_t ringlk = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t notempty = PTHREAD_COND_INITIALIZER, notfull = PTHREAD_COND_INITIALIZER;
static void *ring[Buffer];
static int ringn, ringfirst;

static void*
ringproduce(void *v)
{
	long i;

	for(i = 0; i < nop; i++){
		pthread_mutex_lock(&ringlk);
		while(ringn == Buffer)
			pthread_cond_wait(&notfull, &ringlk);
		ring[(ringfirst + ringn++)%Buffer] = v;
		if(ringn == 1)
			pthread_cond_signal(&notempty);
		pthread_mutex_unlock(&ringlk);
	}
	return NULL;
}

static double
ringbound(int npair)
{
	pthread_t th[16];
	int64_t t;
	long i;
	int j;

	nop = Nxbuf/npair;
	t = wallnow();
	for(j = 0; j < npair; j++)
		if(pthread_create(&th[j], NULL, ringproduce, NULL) != 0)
			sysfatal("no pthread");
	for(i = 0; i < nop*npair; i++){
		pthread_mutex_lock(&ringlk);
		while(ringn == 0)
			pthread_cond_wait(&notempty, &ringlk);
		ringfirst = (ringfirst+1)%Buffer;
		if(ringn-- == Buffer)
			pthread_cond_broadcast(&notfull);
		pthread_mutex_unlock(&ringlk);
	}
	for(j = 0; j < npair; j++)
		pthread_join(th[j], NULL);
	return (double)(wallnow() - t)/(nop*npair);
}

static double xbuf1(void) { return xbuffered(1); }
static double xbuf1bound(void) { return ringbound(1); }
static double xbuf4(void) { return xbuffered(4); }
static double xbuf4bound(void) { return ringbound(4); }

/* one call by way of an Ioproc */
static long
nothing(va_list *arg)
{
	(void)arg;
	return getppid();
}

static double
call(void)
{
	Ioproc *io;
	int64_t t;
	int i;

	io = ioproc();
	if(io == NULL)
		sysfatal("no ioproc");
	t = wallnow();
	for(i = 0; i < Ncall; i++)
		iocall(io, nothing);
	t = wallnow() - t;
	closeioproc(io);
	return (double)t/Ncall;
}

/* two hand-overs */
static double
callbound(void)
{
	return 2*futexbound();
}

static Bench benches[] = {
	{"yield, 2 tasks", "bare scheduler", yield2, yield2bound},
	{"yield, 1000 tasks", "bare scheduler", yield1000, yield1000bound},
	{"unbuffered message, one proc", "bare scheduler", pingpong, pingpongbound},
	{"buffered message, one proc", "bare scheduler", buffered, bufferedbound},
	{"create, run, exit", "bare scheduler", create, createbound},
	{"unbuffered message, two procs", "futex hand-over", xpingpong, futexbound},
	{"buffered message, 1x1 procs", "mutex and condition", xbuf1, xbuf1bound},
	{"buffered message, 4x4 procs", "mutex and condition, 4x1", xbuf4, xbuf4bound},
	{"iocall", "two futex hand-overs", call, callbound},
};

int
main(int argc, char *argv[])
{
	argv0 = argv[0];
	if(threadinit() < 0)
		return 1;
	donechan = mkchan(0);
	benchmain(benches, sizeof benches/sizeof benches[0], argc, argv);
	return 0;
}
