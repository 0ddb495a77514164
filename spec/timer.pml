/*
 * The timer proc.  SCENE 1: a sleep with a deadline and one without, in two
 * heaps, and an interrupt.  SCENE 2: a sleep, an interrupt, and a ticker in the
 * same heap, which is stopped and freed at some time.
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
 * What is done with a heap's lock is one step up to the store of min, which is
 * all that others see of it without the lock.
 *
 * quick sleeps, none is lost, early, late, or touched when its frame has gone: -DSCENE=1 -DEXACT
 * full sleeps, and time goes on by itself: -DSCENE=1
 * full two sleeps, one after the other: -DSCENE=1 -DTWICE -DEXACT
 * full a ticker, the same, and no message after it was stopped: -DSCENE=2
 * quick a ticker, and none is late: -DSCENE=2 -DEXACT
 *
 * mutant NORELOOK: the timer proc does not look again after it published sleepto
 * mutant SLEEPTOLATE: sleepto is published after the second look
 * mutant WAKEFIRST: whoever arms looks at sleepto before it sets min
 * mutant SEENLATE: the timer proc looks at wakes after it looked at the heaps again
 * mutant NOLOOK: the sleep does not look at wakes again
 * mutant NOWAKE: an earlier sleeper wakes nobody
 * mutant NODISARM: an interrupted sleep does not take its sleeper out
 * mutant NODISARM2: waitdeadline does not take its sleeper out
 * mutant UNLOCKEDCLAIM -DTWICE: the sleeper's task is claimed after the heap's lock was given back
 * mutant NOTTAKEN: a sleeper that is due stays in the heap
 * mutant NODROP -DSCENE=2: a stopped timer leaves its message
 * mutant UNLOCKEDSTOP -DSCENE=2: a timer is stopped without the heap's lock
 */
#define NPROC	3
#define NTASK	3
#include "task.pml"

#ifndef SCENE
#define SCENE	1
#endif
#define NHEAP	2
#define NSLEEPER	4
#define MAX	2
#define Never	9

/* sleepers 0 and 1 are those of tasks 0 and 1; 2 the ticker, of task 2; 3 task 0's deadline */
#define taskof(s)	((s) == 3 -> 0 : (s))
#define heapof(s)	((s) == 1 -> 1 : 0)
#ifdef TWICE
#define hasdeadline(t)	false
#else
#define hasdeadline(t)	(SCENE == 1 && (t) == 0)
#endif
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

#ifdef NOTTAKEN
/* once in a turn, or it never ends */
#define due(s)	(heapof(s) == h && inheap[s] && when[s] <= n && !(batch & bit(taskof(s))))
#else
#define due(s)	(heapof(s) == h && inheap[s] && when[s] <= n)
#endif

inline takeout(s) {
	atomic {
		assert(frame[s] && when[s] <= now);
#ifdef EXACT
		assert(when[s] == now);
#endif
#ifndef NOTTAKEN
		inheap[s] = false
#endif
	}
}

/* s, which is due, is a task's */
inline endwait(s) {
	takeout(s);
#ifdef UNLOCKEDCLAIM
	setmin(h, t);
	lk[h] = false;
#endif
	claim(taskof(s), won);
	atomic {
		if
		:: won ->
			assert(frame[s]);
			why[taskof(s)] = (s == 3 -> Wdeadline : Wtimeout);
			batch = batch | bit(taskof(s))
		:: else
		fi
	};
#ifdef UNLOCKEDCLAIM
	l9lock(h)
#endif
}

/* it is the ticker: send without blocking, and have it called again in a tick */
inline fire(s) {
	atomic {
		takeout(s);
		assert(!stopped);
		message = 1;
		when[s] = n + 1;
		inheap[s] = true
	}
}

inline expire() {
	do
	:: due(0) -> endwait(0)
	:: due(1) -> endwait(1)
	:: due(2) -> fire(2)
	:: due(3) -> endwait(3)
	:: else -> break
	od
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
			atomic { setmin(h, t); lk[h] = false };
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
#ifdef SEENLATE
		seen = wakes;
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

/* l9heaplock; then s is in the heap, or not; l9heapunlock, up to where its lock is free */
inline change(h, s, in) {
#ifdef WAKEFIRST
	m = sleepto;
#endif
	atomic {
		!lk[h] ->
		inheap[s] = in;
		old = min[h];
		setmin(h, x)
	}
}

/* the rest of l9heapunlock: tell the timer proc what it must know */
inline tell() {
	if
#ifdef WAKEFIRST
	:: x < old && x < m -> wakes++; asleep = false
#elif !defined(NOWAKE)
	:: x < old && x < sleepto -> wakes++; asleep = false
#endif
	:: else
	fi;
	atomic { x = 0; old = 0; m = 0 }
}

inline arm(s) {
	assert(!inheap[s]);
	change(heapof(s), s, true);
	tell()
}

inline disarm(s) {
	change(heapof(s), s, false);
	tell()
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

/* the sleeps, task 0's until 1 or 2 o'clock, task 1's until 1 */
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
			:: hasdeadline(t) -> waitdeadline()
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
#ifndef TWICE
		:: t == 0 -> when[t] = 2
#endif
		fi;
		/* a deadline before that, or after it */
		if
		:: hasdeadline(t) -> when[3] = 3 - when[0]
		:: else
		fi
	};
	threadsleepuntil();
#ifdef TWICE
	when[t] = 2;
	threadsleepuntil();
#endif
	ended = ended | bit(t);
	taskend(t)
}

/* ticker, timerstop, timerfree */
proctype tickeruser(byte t)
{
	byte x, old, m;

	taskbegin(t);
	atomic { when[2] = 1; frame[2] = true };
	arm(2);
#ifdef UNLOCKEDSTOP
	inheap[2] = false;
	message = 0;
#else
	atomic {
		change(heapof(2), 2, false);
#ifndef NODROP
		message = 0
#endif
	};
	tell();
#endif
	/* no message is there, nor will one come */
	atomic { stopped = true; frame[2] = false; assert(message == 0) };
	ended = ended | bit(t);
	taskend(t)
}

active proctype interrupter()
{
	bool won;

	if
	:: threadint(0, won)
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
#if SCENE == 1
		run sleeper(1)
#else
		run tickeruser(2)
#endif
	};
	/* the timer proc may still sleep towards a tick after MAX, of a ticker that was stopped */
	now == MAX && timeout ->
	assert(ended == (SCENE == 1 -> 3 : 5) && asleep && sleepto > MAX);
	assert(!inheap[0] && !inheap[1] && !inheap[2] && !inheap[3] && !lk[0] && !lk[1])
}
