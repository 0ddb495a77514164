/* Timers, and calls in helper threads. */
#include <stdarg.h>

#include "explore.h"
#include "programs.h"

/* a timer is stopped when its time has come: it ran, or there is no message */

static Timer *timer;
static int nstop;

static void
stopper(int i)
{
	(void)i;
	check(threadsleep(Millisecond) == 0);
	nstop += timerstop(timer);
}

static int
await(int64_t *due, int64_t until)
{
	Alt a[] = {
		{timer->c, due, CHANRCV, nil},
		{nil, &until, CHANTIMEOUT, nil},
		{nil, nil, CHANEND, nil},
	};

	return p9alt(a) == 0;
}

void
timercancel(uint64_t seed)
{
	int64_t due, begin;
	int got;

	(void)seed;
	nstop = 0;
	begin = threadnow();
	timer = after(Millisecond);
	check(timer != nil);
	hstart(1, 1, stopper);
	got = await(&due, begin + Millisecond);
	check(threadjoin(taskids[1], nil, 0) == 0);
	check(got + nstop <= 1);
	if(got)
		check(due == begin + Millisecond);
	/* stopped: nothing is to come */
	check(p9nbrecv(timer->c, &due) == 0);
	check(timerreset(timer, Millisecond) == 0);
	begin = threadnow();
	check(chanrecv(timer->c, &due) == 1);
	check(threadnow() >= due && due >= begin);
	timerfree(timer);
}

/* a ticker is set anew and freed while it ticks */

static void
resetter(int i)
{
	(void)i;
	check(threadsleep(2*Millisecond) == 0);
	timerreset(timer, 2*Millisecond);
}

void
tick(uint64_t seed)
{
	int64_t due, last;
	int i;

	(void)seed;
	timer = ticker(Millisecond);
	check(timer != nil);
	hstart(1, 1, resetter);
	last = 0;
	for(i = 0; i < 3; i++){
		check(chanrecv(timer->c, &due) == 1);
		check(due > last && threadnow() >= due);
		last = due;
	}
	check(threadjoin(taskids[1], nil, 0) == 0);
	timerfree(timer);
}

/* a sleep is interrupted when its time has come: once, and no later wait is */

static int nintr;

static void
sleeper(int i)
{
	(void)i;
	nintr += threadsleep(Millisecond) < 0;
	nintr += threadsleep(Millisecond) < 0;
}

static void
interrupter(int i)
{
	(void)i;
	check(threadsleep(Millisecond) == 0);
	nintr -= threadint(taskids[1]) == 0;
}

void
sleepint(uint64_t seed)
{
	(void)seed;
	nintr = 0;
	hstart(1, 1, sleeper);
	hstart(2, 2, interrupter);
	check(threadjoin(taskids[2], nil, 0) == 0);
	check(threadjoin(taskids[1], nil, 0) == 0);
	/* an interrupt may have come after the last wait */
	check(nintr == 0 || nintr == -1);
}

/* several share an Ioproc, have one each, and use those of all */

static Ioproc *io;

static long
twice(va_list *arg)
{
	return 2*va_arg(*arg, int);
}

static void
caller(int i)
{
	Ioproc *own;

	check(iocall(io, twice, i) == 2*i);
	own = ioproc();
	check(own != nil);
	check(iocall(own, twice, 10*i) == 20*i);
	check(iocall(nil, twice, 100*i) == 200*i);
	closeioproc(own);
}

void
helpers(uint64_t seed)
{
	int i;

	(void)seed;
	io = ioproc();
	check(io != nil);
	for(i = 1; i <= 3; i++)
		hstart(i, i == 3? 1: i, caller);
	for(i = 1; i <= 3; i++)
		check(threadjoin(taskids[i], nil, 0) == 0);
	closeioproc(io);
}
