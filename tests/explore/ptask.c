/* Tasks and procs: ends, joins, kills, and who wakes whom. */
#include <string.h>

#include "explore.h"
#include "programs.h"

static int
joins(int id, const char *want)
{
	char status[ERRMAX];

	if(threadjoin(id, status, sizeof status) < 0)
		return 0;
	check(strcmp(status, want) == 0);
	return 1;
}

/* three join one that ends: all who came before its end, or the first after it, know how */

static int njoined;

static void
bye(int i)
{
	(void)i;
	threadexits("bye");
}

static void
joiner(int i)
{
	(void)i;
	njoined += joins(taskids[1], "bye");
}

void
joinexit(uint64_t seed)
{
	(void)seed;
	hstart(1, 1, bye);
	hstart(2, 2, joiner);
	hstart(3, 3, joiner);
	njoined += joins(taskids[1], "bye");
	check(joins(taskids[2], "") == 1);
	check(joins(taskids[3], "") == 1);
	check(njoined >= 1);
	check(threadjoin(taskids[1], nil, 0) < 0);
}

/* one detaches what another joins: it is nobody's to join after that */

static void
detacher(int i)
{
	(void)i;
	threaddetach(taskids[1]);
}

void
detach(uint64_t seed)
{
	(void)seed;
	hstart(1, 1, bye);
	hstart(2, 2, detacher);
	joins(taskids[1], "bye");
	check(joins(taskids[2], "") == 1);
	check(threadjoin(taskids[1], nil, 0) < 0);
}

/* tasks are started on a proc whose last one ends, and procs on what it left */

static int nran;

static void
nothing(int i)
{
	(void)i;
	nran++;
}

static void
other(void *v)
{
	(void)v;
	nran++;
}

static void
starter(int i)
{
	Threadattr a = {.joinable = 1, .proc = taskids[1]};
	int id;

	(void)i;
	id = threadcreatex(&a, other, nil);
	if(id > 0)
		check(joins(id, "") == 1);
	else
		nran++;
}

void
procend(uint64_t seed)
{
	(void)seed;
	nran = 0;
	hstart(1, 1, nothing);
	hstart(2, 2, starter);
	hstart(3, 3, nothing);
	check(joins(taskids[2], "") == 1);
	check(joins(taskids[1], "") == 1);
	hstart(4, 4, nothing);
	check(joins(taskids[3], "") == 1);
	check(joins(taskids[4], "") == 1);
	check(nran == 4);	/* 1, 3, 4 and what 2 started, or could not */
}

/* who is woken ends, and its proc with it, while the waker is still about it */

static void
wakeend(int i)
{
	hrecv(i, i - 1);
}

static void
wakeall(int i)
{
	hsend(i, 0);
	hsend(i, 1);
}

void
wakend(uint64_t seed)
{
	(void)seed;
	hchan(0, 0);
	hchan(1, 0);
	hstart(1, 1, wakeend);
	hstart(2, 2, wakeend);
	hstart(3, 3, wakeall);
	/* its Proc may be used again by now */
	hcall(0, Join, 1);
	hstart(4, 4, nothing);
	hfinish(2, 4);
}

/* suspend, resume and kill one that runs, waits and ends */

static void
recvzero(int i)
{
	hrecv(i, 0);
}

static void
busy(int i)
{
	threadyield();
	hsend(i, 0);
	threadyield();
}

static void
suspender(int i)
{
	if(threadsuspend(taskids[1]) == 0)
		threadresume(taskids[1]);
	threadsuspend(taskids[1]);
	if(i == 3)
		hcall(i, Kill, 1);
	threadresume(taskids[1]);
}

void
suspend(uint64_t seed)
{
	hchan(0, 0);
	hstart(1, 1, busy);
	hstart(2, 1, recvzero);
	hstart(3, 3, suspender);
	if(seed%2 == 0)
		hstart(4, 4, suspender);
	check(threadsleep(Millisecond) == 0);
	hfinish(1, seed%2 == 0? 4: 3);
}

/* all parts have ended when threadpar ends, though its caller is killed, and a part too */

static int nbegun, nended;

static void
partend(void *v)
{
	(void)v;
	nended++;
}

static int
part(void *v)
{
	nbegun++;
	check(threadcleanup(partend, nil) == 0);
	*(int*)v = threadid();
	check(threadsleep(Millisecond) == 0);
	return 1;
}

static void
parend(void *v)
{
	(void)v;
	check(nended == nbegun);
}

static void
parcaller(int i)
{
	void *arg[] = {&taskids[4], &taskids[5], &taskids[6]};
	int result[3];

	(void)i;
	check(threadcleanup(parend, nil) == 0);
	check(threadpar(3, part, arg, result) == 0);
	check(nbegun == nended);
}

static void
parkiller(int i)
{
	threadkill(taskids[i == 2? 1: 4]);
}

void
parallel(uint64_t seed)
{
	(void)seed;
	nbegun = nended = 0;
	hstart(1, 1, parcaller);
	hstart(2, 2, parkiller);
	hstart(3, 3, parkiller);
	check(threadjoin(taskids[1], nil, 0) == 0);
	check(nbegun == nended);
	check(threadjoin(taskids[2], nil, 0) == 0);
	check(threadjoin(taskids[3], nil, 0) == 0);
}

/* a group is interrupted, killed and joined while its members begin and end */

static void
memberend(void *v)
{
	(void)v;
	nended++;
}

static void
member(void *v)
{
	check(threadcleanup(memberend, nil) == 0);
	nbegun++;
	if(v != nil)
		threadsleep(Hour);
}

static void
recruiter(int i)
{
	Threadattr a = {.group = 7};

	check(threadcreatex(&a, member, i == 2? nil: &nended) > 0);
	check(proccreatex(&a, member, nil) > 0);
}

void
group(uint64_t seed)
{
	(void)seed;
	nbegun = nended = 0;
	hstart(1, 1, recruiter);
	hstart(2, 2, recruiter);
	check(threadintgrp(7) >= 0);
	check(threadjoin(taskids[1], nil, 0) == 0);
	check(threadjoin(taskids[2], nil, 0) == 0);
	check(threadkillgrp(7) <= 4);
	check(threadjoingrp(7) == 0);
	check(nbegun == nended);
}

/* everybody waits: the library must say so, whoever is the last to sleep */

static void
sleepfirst(int i)
{
	threadsleep(Millisecond);
	hrecv(i, 0);
}

void
deadlock(uint64_t seed)
{
	hchan(0, 0);
	hstart(1, 1, recvzero);
	hstart(2, 2, seed%2 == 0? recvzero: sleepfirst);
	hstart(3, 2, nothing);
	hrecv(0, 0);
}
