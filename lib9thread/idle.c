/*
 * Between procs: the inbox, parking and waking.
 *
 * inbox is one word.  nil: nothing came.  A Task: a stack of ready tasks.
 * Parked: the owner sleeps, or is about to.  Polling: the same, in its poller,
 * since tasks of its own wait for descriptors.
 *
 *	owner				waker
 *	CAS nil -> Parked		swap the word for its task
 *	  (fails: a task came)		if it replaced Parked: wake
 *	sleep while the word is Parked
 *
 * No wake-up is lost: whoever comes after the CAS sees Parked and wakes, and
 * the sleep itself looks at the word again.  Only one waker replaces Parked,
 * so there is one wake a sleep.  The woken proc may have run, ended and its
 * Proc be in use again before the wake is sent: Procs are never freed, and a
 * sleeper that is woken for nothing looks at the word and sleeps on.
 *
 * With Polling the wake is l9pollwake, and the sleep may end by itself, when a
 * descriptor is ready.  So the owner, awake, exchanges Polling for nil: either it
 * succeeds, and nobody wakes; or a waker was there before, and its wake
 * comes, or makes a later sleep return for nothing.
 */
#include <sched.h>

#include "hot.h"

enum {
	Nspin = 2000,		/* looks before parking, some 35 µs on current CPUs */
	Maxskip = 1024,
	Ngive = 8,		/* times that the CPU is given away before parking */
};

#define Maxgive	(100*Microsecond)

#define Nap	(200*Millisecond)
#define Maxnap	(10*Second)

/*
 * Procs that are not parked, but for foreign OS threads, which may be busy or
 * blocked elsewhere.  A hint, so no order is needed.
 */
static _Atomic int nawake;
static _Atomic uint32_t nwoken;		/* how often a parked proc was woken */

/* the half of the word that tells Parked from nil and from any Task */
static _Atomic uint32_t*
parkword(Proc *p)
{
	size_t low;

	low = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__? sizeof p->inbox - 4: 0;
	return (_Atomic uint32_t*)(void*)((char*)&p->inbox + low);
}

void
l9push(Proc *p, Task *first, Task *last)
{
	uintptr_t old;
	int counts;
	bool counted;

	counts = !p->foreign;
	counted = false;
	old = ldrlx(&p->inbox);
	do{
		last->next = l9asleep(old)? nil: (Task*)old;
		/*
		 * Before the exchange: p may look at its inbox, run and park
		 * again before we come to it, and must not be counted out first.
		 */
		if(l9asleep(old) && !counted){
			addar(&nawake, counts);
			/*
			 * After nawake, and not after the exchange: whoever is woken may at once
			 * count out why it was (l9wakers), and a look that began before would
			 * see neither: debug.c.
			 */
			addar(&nwoken, 1);
			counted = true;
		}
	/*
	 * Release: the task's result and all that led to it, for l9takein.
	 * Acquire: p->poller, with Polling.
	 */
	}while(!casar(&p->inbox, &old, (uintptr_t)first));
	if(!l9asleep(old)){
		if(counted)
			addar(&nawake, -counts);
		return;
	}
	if(old == Polling)
		l9pollwake(p->poller);
	else
		l9wakeword(parkword(p));
}

/* move what others made ready to the run queue, in the order it came */
bool
l9takein(Proc *p)
{
	Task *t, *next, *first;

	if(ldrlx(&p->inbox) == 0)
		return false;
	/* acquire pairs with l9push.  Only the owner writes Parked and Polling: not here */
	t = (Task*)xchgacq(&p->inbox, 0);
	for(first = nil; t != nil; t = next){
		next = t->next;
		t->next = first;
		first = t;
	}
	for(t = first; t != nil; t = next){
		next = t->next;
		if(t->newborn){
			/* made by another proc, which may not count for us */
			t->newborn = false;
			p->ntask++;
		}
		runput(p, t);
	}
	return true;
}

/* the one who will wake us runs on another CPU: look for a while */
static bool
spin(Proc *p)
{
	int i;

	for(i = 0; i < Nspin; i++){
		if(ldrlx(&p->inbox) != 0)
			return true;
		l9cpurelax();
	}
	return false;
}

/*
 * It may wait for this very CPU: let it run.  One that computes instead has the
 * CPU for long, and who parks is run before it when woken.
 */
static bool
giveway(Proc *p)
{
	int64_t t;
	int i;

	t = l9nsec();
	for(i = 0; i < Ngive; i++){
		sched_yield();
		if(ldrlx(&p->inbox) != 0)
			return true;
		if(l9nsec() - t > Maxgive)
			return false;
	}
	return false;
}

/*
 * To park and to be woken are system calls of both sides, and a switch in the
 * kernel.  Whoever will wake us is perhaps about to.  Each time that this
 * did not pay, leave it out for twice as many times.
 */
static bool
linger(Proc *p)
{
	if(p->skip > 0){
		p->skip--;
		return false;
	}
	if(l9cpus == 1 || ldrlx(&nawake) + p->foreign > l9cpus? giveway(p): spin(p)){
		p->back = 1;
		return true;
	}
	if(p->back < Maxskip)
		p->back *= 2;
	p->skip = p->back;
	return false;
}

/* acquire, both: release in l9push and l9idle; debug.c tells in what order they are looked at */
int
l9nawake(void)
{
	return ldacq(&nawake);
}

uint32_t
l9nwoken(void)
{
	return ldacq(&nwoken);
}

/*
 * The last proc awake goes to sleep.  If nothing is to be seen that may wake
 * one, it looks again after a while: debug.c.
 */
static void
sleeplast(Proc *p)
{
	int64_t nap;

	for(nap = Nap; ldrlx(&p->inbox) == Parked && nap < INT64_MAX; nap = nap < Maxnap? 2*nap: Maxnap){
		l9waitword(parkword(p), Parked, l9nsec() + nap);
		if(ldrlx(&p->inbox) == Parked && !l9deadlook())
			break;
	}
}

/*
 * Sleep in the poller.  Waits for descriptors count as something that may wake
 * a task: from before the proc is counted out until after it is counted in.
 */
static void
poll(Proc *p)
{
	uintptr_t mark;
	int n;

	mark = 0;
	/* release: p->poller, for l9push */
	if(!cas1ar(&p->inbox, &mark, Polling))
		return;
	l9wakers(1);
	addar(&nawake, -!p->foreign);
	n = l9pollwait(p->poller, p->doubt != nil? Trustms: -1);
	mark = Polling;
	if(cas1ar(&p->inbox, &mark, 0)){
		/* awake by itself: as l9push */
		addar(&nawake, !p->foreign);
		addar(&nwoken, 1);
	}
	l9wakers(-1);
	p->now = l9nsecold();
	l9polltell(p, n);
}

/* nothing is ready: return when something has come */
void
l9idle(Proc *p)
{
	int others;
	uintptr_t none;

	p->idlesp = __builtin_frame_address(0);
	if(p->nfdwait > 0){
		poll(p);
		return;
	}
	if(linger(p))
		return;
	none = 0;
	/* relaxed: the sleeper publishes nothing but the word itself */
	if(!cas1rlx(&p->inbox, &none, Parked))
		return;
	/* after the exchange: who is counted out is really on its way to sleep */
	others = addar(&nawake, -!p->foreign) - !p->foreign;
	if(others == 0 && l9deadhint())
		sleeplast(p);
	while(ldrlx(&p->inbox) == Parked)
		l9waitword(parkword(p), Parked, INT64_MAX);
	p->now = l9nsecold();
}

/* a proc begins */
void
l9awake(Proc *p)
{
	p->back = 1;
	p->skip = 0;
	addrlx(&nawake, !p->foreign);
}

/* one that is parked; nil: none.  Not of a foreign OS thread: as long as that lives there is no report */
static Proc*
sleeper(void)
{
	Proc *p;

	for(p = l9allprocs(); p != nil; p = p->nextall)
		if(ldrlx(&p->inbox) == Parked && !p->foreign)
			break;
	return p;
}

/*
 * A proc ends.  Those that were not the last to park look for no deadlock.  So if
 * all others sleep one is woken for nothing, and looks when it parks again.
 * It has the count of the one that ends: who parks meanwhile is not the last.
 */
void
l9awakeend(Proc *p)
{
	uintptr_t mark;
	Proc *q;

	if(p->foreign)
		return;
	/* acquire pairs with l9idle: whoever was counted out before is seen to be parked */
	while(addar(&nawake, -1) == 1 && l9deadhint() && (q = sleeper()) != nil){
		/* both before the exchange, as l9push */
		addar(&nawake, 1);
		addar(&nwoken, 1);
		mark = Parked;
		if(cas1ar(&q->inbox, &mark, 0)){
			l9wakeword(parkword(q));
			return;
		}
	}
}
