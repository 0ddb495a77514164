/* Locks and counters. */
#include "explore.h"
#include "programs.h"

static QLock lock;
static Rendez rendez = {.l = &lock};
static RWLock rwlock;
static Sema sema;
static Barrier barrier;
static Waitgroup comers;
static int inside;		/* who holds the lock */
static int count;

static void
joinall(int n)
{
	int i;

	for(i = 1; i <= n; i++)
		check(threadjoin(taskids[i], nil, 0) == 0);
}

/* mutual exclusion; each hands over, or gives up at its deadline, or is killed while it waits */

static void
critical(void)
{
	check(inside++ == 0);
	threadyield();
	check(--inside == 0);
	count++;
}

static void
locker(int i)
{
	(void)i;
	qlock(&lock);
	critical();
	qunlock(&lock);
}

static void
tryer(int i)
{
	int64_t when;

	(void)i;
	when = threadnow() + Millisecond;
	if(qlockuntil(&lock, when) < 0){
		check(threadnow() >= when);
		return;
	}
	critical();
	qunlock(&lock);
}

void
locks(uint64_t seed)
{
	(void)seed;
	inside = count = 0;
	hstart(1, 1, locker);
	hstart(2, 2, tryer);
	hstart(3, 2, locker);
	hstart(4, 4, tryer);
	joinall(4);
	check(count >= 2);
	check(canqlock(&lock) == 1);
}

/* a killed waiter passes on what it was handed */

static void
acquirer(int i)
{
	(void)i;
	check(semacquire(&sema) == 0);
	semrelease(&sema, 1);
}

static void
killer(int i)
{
	(void)i;
	threadkill(taskids[1]);
}

static void
releaser(int i)
{
	(void)i;
	semrelease(&sema, 1);
}

void
semakill(uint64_t seed)
{
	(void)seed;
	hstart(1, 1, acquirer);
	hstart(2, 1, acquirer);
	hstart(3, 3, killer);
	hstart(4, 4, releaser);
	joinall(4);
	check(cansemacquire(&sema) == 1);
	check(cansemacquire(&sema) == 0);
}

static void
lockkilled(int i)
{
	(void)i;
	qlock(&lock);
	qunlock(&lock);
}

void
lockkill(uint64_t seed)
{
	(void)seed;
	qlock(&lock);
	hstart(1, 1, lockkilled);
	hstart(2, 1, lockkilled);
	hstart(3, 3, killer);
	qunlock(&lock);
	joinall(3);
	check(canqlock(&lock) == 1);
}

/* a lock keeps an interrupt for the wait that comes after it */

static Channel *never;

static void
lockint1(int i)
{
	(void)i;
	qlock(&lock);
	qunlock(&lock);
	check(chanrecv(never, nil) == -1);
}

static void
interrupter(int i)
{
	(void)i;
	check(threadint(taskids[1]) == 0);
}

void
lockint(uint64_t seed)
{
	(void)seed;
	never = chancreate(1, 0);
	check(never != nil);
	qlock(&lock);
	hstart(1, 1, lockint1);
	hstart(2, 2, interrupter);
	qunlock(&lock);
	joinall(2);
}

/* nobody sleeps on after the wake-up that was for it */

static void
sleeper(int i)
{
	(void)i;
	qlock(&lock);
	while(count == 0)
		rsleep(&rendez);
	count--;
	qunlock(&lock);
}

static void
waker(int i)
{
	(void)i;
	qlock(&lock);
	count++;
	check(rwakeup(&rendez) <= 1);
	qunlock(&lock);
}

static void
timedsleeper(int i)
{
	int64_t when;

	(void)i;
	when = threadnow() + Millisecond;
	qlock(&lock);
	/* it may take a wake-up with it: then it passes it on */
	if(count == 0 && rsleepuntil(&rendez, when) == 0)
		rwakeup(&rendez);
	qunlock(&lock);
}

void
rendezvous(uint64_t seed)
{
	(void)seed;
	count = 0;
	hstart(1, 1, sleeper);
	hstart(2, 2, sleeper);
	hstart(3, 1, timedsleeper);
	hstart(4, 4, waker);
	hstart(5, 2, waker);
	joinall(5);
	check(count == 0);
}

/* writers alone, readers together */

static void
reader(int i)
{
	(void)i;
	rlock(&rwlock);
	check(inside >= 0);
	inside++;
	threadyield();
	inside--;
	runlock(&rwlock);
}

static void
writer(int i)
{
	(void)i;
	if(wlockuntil(&rwlock, threadnow() + Millisecond) < 0)
		return;
	check(inside == 0);
	inside = -1;
	threadyield();
	check(inside == -1);
	inside = 0;
	wunlock(&rwlock);
}

void
readwrite(uint64_t seed)
{
	(void)seed;
	inside = 0;
	hstart(1, 1, reader);
	hstart(2, 2, writer);
	hstart(3, 3, reader);
	hstart(4, 1, writer);
	joinall(4);
	check(canwlock(&rwlock) == 1);
}

/* a writer that is killed while it waits lets the reader behind it in */

static void
killedwriter(int i)
{
	(void)i;
	wlock(&rwlock);
	wunlock(&rwlock);
}

static void
behind(int i)
{
	(void)i;
	rlock(&rwlock);
	runlock(&rwlock);
}

void
writekill(uint64_t seed)
{
	(void)seed;
	rlock(&rwlock);
	hstart(1, 1, killedwriter);
	hstart(2, 2, behind);
	hstart(3, 3, killer);
	joinall(3);
	runlock(&rwlock);
	check(canwlock(&rwlock) == 1);
}

/* the last to come lets all go, each round, though one is interrupted; and they are waited for */

static void
come(void)
{
	int last;

	/* who was interrupted has not come */
	while((last = barrierwait(&barrier, 3)) < 0)
		;
	count += last;
}

static void
comer(int i)
{
	(void)i;
	come();
	come();
	wgdone(&comers);
}

static void
lateint(int i)
{
	(void)i;
	threadint(taskids[1]);
}

void
together(uint64_t seed)
{
	(void)seed;
	count = 0;
	wgadd(&comers, 3);
	hstart(1, 1, comer);
	hstart(2, 2, comer);
	hstart(3, 1, comer);
	hstart(4, 4, lateint);
	check(wgwait(&comers) == 0);
	check(count == 2);
	joinall(4);
}
