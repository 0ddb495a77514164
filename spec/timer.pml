/*
 * The timer proc: a sleep with a deadline, a sleep, and a ticker, in two heaps;
 * the sleeps may be interrupted, the ticker is stopped and freed at some time.
 *
 * mirrors timers/timerproc.c: setmin, minall, expire, expireall, timerproc
 * mirrors timers/timerproc.c: l9heaplock, l9heapunlock, l9heaptake, l9heapadd, arm, disarm
 * mirrors timers/sleep.c: threadsleepuntil
 * mirrors timers/timer.c: fire, stop, timerstop, timerfree
 * mirrors lib9thread/wait.c: waitdeadline
 *
 * A heap is the set of its sleepers, of which the earliest is found: how
 * heap.c and wheel.c do that has tests of its own.  Time goes from 0 to MAX,
 * and by itself; with EXACT it goes on only when nothing else moves, so that
 * whoever is late was overslept.
 *
 * quick no sleeper is lost, early, or touched when its frame has gone:
 * quick and none is late: -DEXACT
 *
 * mutant NORELOOK: the timer proc does not look again after it published sleepto
 * mutant SLEEPTOLATE: sleepto is published after the second look
 * mutant WAKEFIRST: whoever arms looks at sleepto before it sets min
 * mutant SEENLATE: the timer proc looks at wakes after it looked at the heaps
 * mutant NOLOOK: the sleep does not look at wakes again
 * mutant NOWAKE: an earlier sleeper wakes nobody
 * mutant NODISARM: an interrupted sleep does not take its sleeper out
 * mutant NODISARM2: waitdeadline does not take its sleeper out
 * mutant UNLOCKEDCLAIM: the sleeper's task is claimed after the heap's lock was given back
 * mutant NOTTAKEN: a sleeper that is due stays in the heap
 * mutant NODROP: a stopped timer leaves its message
 * mutant UNLOCKEDSTOP: a timer is stopped without the heap's lock
 */
#define NPROC	3
#define NTASK	3
#include "task.pml"

#define NHEAP	2
#define NSLEEPER	4
#define MAX	2
#define Never	9

/* sleepers 0 and 1 are those of tasks 0 and 1; 2 the ticker, of task 2; 3 task 0's deadline */
#define taskof(s)	((s) == 3 -> 0 : (s))
#define heapof(s)	((s) == 1 -> 1 : 0)
#define isticker(s)	((s) == 2)
#define bit(t)	(1 << (t))

byte now;

/* Sleeper */
byte when[NSLEEPER];
bool inheap[NSLEEPER];
bool frame[NSLEEPER];	/* it lies in memory that is there */

/* Heap */
bool lk[NHEAP];
byte min[NHEAP] = Never;

byte sleepto = Never;
byte wakes;
bool asleep;	/* the timer proc, in the kernel */

byte message;	/* in the ticker's channel */
bool stopped;
byte ended;	/* tasks */

inline l9lock(h) {
	atomic { !lk[h] -> lk[h] = true }
}

inline earliest(s, m) {
	m = (inheap[s] && when[s] < m -> when[s] : m)
}

inline setmin(h, m) {
	d_step {
		m = Never;
		if
		:: h == 0 -> earliest(0, m); earliest(2, m); earliest(3, m)
		:: else -> earliest(1, m)
		fi;
		min[h] = m
	}
}

inline minall(m) {
	m = min[0];
	m = (min[1] < m -> min[1] : m)
}

#define due(s)	(heapof(s) == h && inheap[s] && when[s] <= n)

/* fire, of timer.c: send without blocking, and be called again in a tick */
inline fire(s) {
	message = 1;
	when[s] = n + 1;
	inheap[s] = true
}

/* s, which is due: end the wait, or fire */
inline end1(s) {
	atomic {
		assert(frame[s] && when[s] <= now);
#ifdef EXACT
		assert(when[s] == now);
#endif
#ifndef NOTTAKEN
		inheap[s] = false
#endif
	};
	if
	:: isticker(s) -> assert(frame[s]); atomic { assert(!stopped); fire(s) }
	:: else ->
#ifdef UNLOCKEDCLAIM
		setmin(h, t);
		lk[h] = false;
#endif
		claim(taskof(s), won);
		if
		:: won ->
			assert(frame[s]);
			why[taskof(s)] = (s == 3 -> Wdeadline : Wtimeout);
			batch = batch | bit(taskof(s))
		:: else
		fi;
#ifdef UNLOCKEDCLAIM
		l9lock(h);
#endif
	fi
}

inline expire() {
	do
	:: due(0) -> end1(0)
	:: due(1) -> end1(1)
	:: due(2) -> end1(2)
	:: due(3) -> end1(3)
	:: else -> break
	od;
	setmin(h, t)
}

inline l9batchready() {
	if
	:: batch & bit(0) -> makeready(0)
	:: else
	fi;
	if
	:: batch & bit(1) -> makeready(1)
	:: else
	fi;
	batch = 0
}

inline expireall() {
	h = 0;
	do
	:: h < NHEAP ->
		if
		:: min[h] <= n ->
			l9lock(h);
			expire();
			lk[h] = false;
			l9batchready()
		:: else
		fi;
		h++
	:: else -> break
	od
}

/* until wakes is no longer seen, or t has come */
inline l9waitword() {
	atomic {
#ifdef NOLOOK
		asleep = true
#else
		asleep = (wakes == seen)
#endif
	};
	atomic { !asleep || now >= t -> asleep = false }
}

active proctype timerproc()
{
	byte seen, t, m, n, h, batch;
	bool won;

	do
	:: atomic { seen = wakes; m = 0; n = 0; h = 0 };
		minall(t);
#ifdef SEENLATE
		seen = wakes;
#endif
#ifndef SLEEPTOLATE
		sleepto = t;
#endif
#ifndef NORELOOK
		minall(m);
#else
		m = t;
#endif
#ifdef SLEEPTOLATE
		sleepto = t;
#endif
		if
		:: m < t
		:: else ->
			n = now;
			if
			:: t <= n -> expireall()
			:: else -> n = 0; l9waitword()
			fi
		fi
	od
}

/* tell the timer proc what it must know */
inline l9heapunlock(h) {
	old = min[h];
#ifdef WAKEFIRST
	m = sleepto;
	setmin(h, x);
	lk[h] = false;
	if
	:: x < old && x < m -> wakes++; asleep = false
#else
	setmin(h, x);
	lk[h] = false;
	if
#ifndef NOWAKE
	:: x < old && x < sleepto -> wakes++; asleep = false
#endif
#endif
	:: else
	fi;
	x = 0; old = 0
}

inline arm(s) {
	l9lock(heapof(s));
	assert(!inheap[s]);
	inheap[s] = true;
	l9heapunlock(heapof(s))
}

inline disarm(s) {
	l9lock(heapof(s));
	inheap[s] = false;
	l9heapunlock(heapof(s))
}

/* waitdeadline, in task 0 */
inline waitdeadline() {
	frame[3] = true;
	arm(3);
	l9sched(t);
#ifndef NODISARM2
	disarm(3);
#endif
	frame[3] = false
}

/* the sleeps, until 1 or 2 o'clock */
inline threadsleepuntil() {
	if
	:: when[t] <= now
	:: else ->
		beginwait(t, 0, y);
		if
		:: y == 0 ->
			frame[t] = true;
			arm(t);
			if
			:: t == 0 -> waitdeadline()
			:: else -> l9sched(t)
			fi;
#ifndef NODISARM
			if
			:: why[t] != Wtimeout -> disarm(t)
			:: else
			fi;
#endif
			assert(why[t] != Wtimeout || !inheap[t]);
			frame[t] = false
		:: else -> ntaken++
		fi
	fi
}

proctype sleeper(byte t)
{
	byte y, x, old, m;

	taskbegin(t);
	atomic {
		if
		:: when[t] = 1
		:: when[t] = 2
		fi;
		/* the deadline before the time, or after it */
		when[3] = (t == 0 -> 3 - when[0] : when[3])
	};
	threadsleepuntil();
	ended = ended | bit(t);
	taskend(t)
}

/* ticker, timerstop, timerfree: two heaps' locks are never held at once */
proctype tickeruser(byte t)
{
	byte x, old, m;

	taskbegin(t);
	when[2] = 1;
	frame[2] = true;
	arm(2);
#ifdef UNLOCKEDSTOP
	inheap[2] = false;
	message = 0;
#else
	l9lock(heapof(2));
	inheap[2] = false;
#ifndef NODROP
	message = 0;
#endif
	l9heapunlock(heapof(2));
#endif
	/* stopped: no message is there, nor will one come */
	stopped = true;
	assert(message == 0);
	frame[2] = false;
	ended = ended | bit(t);
	taskend(t)
}

active proctype interrupter()
{
	bool won;

	if
	:: threadint(0, won)
	:: threadint(1, won)
	:: skip
	fi
}

active proctype clock()
{
	do
#ifdef EXACT
	:: now < MAX && timeout -> now++
#else
	:: now < MAX -> now++
#endif
	od
}

init {
	atomic {
		run sleeper(0);
		run sleeper(1);
		run tickeruser(2)
	};
	now == MAX && timeout ->
	assert(ended == 7 && asleep && sleepto == Never);
	assert(!inheap[0] && !inheap[1] && !inheap[2] && !inheap[3] && !lk[0] && !lk[1])
}
