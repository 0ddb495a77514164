/*
 * The report of a deadlock: two procs with a task each, which sleep by a timer,
 * have a helper make calls, end each other's waits, and in the end wait for ever;
 * and a third, which may wake one of them, and ends.
 *
 * mirrors lib9thread/debug.c: l9wakers, l9deadhint, l9deadlook, deadlock
 * mirrors lib9thread/idle.c: l9push, l9idle, sleeplast, l9nawake, l9nwoken, l9awakeend, sleeper
 * mirrors timers/timerproc.c: pending, expire, timerproc, idle
 * mirrors ioproc/helper.c: l9helpercall, serve
 *
 * OS threads that the library did not make are left out: with one of them
 * l9deadlook only looks again later.  The futex is park.pml's.
 *
 * quick there is no report while something can go on: -DROUNDS=1
 * quick-live when nothing can, there is one: -DROUNDS=1
 * full no report, twice as long: -DROUNDS=2
 *
 * mutant NOWOKEN: it is not looked whether somebody was woken meanwhile
 * mutant WOKENLATE: nwoken is read after nawake
 * mutant WOKENFIRST: a waker counts nwoken before nawake
 * mutant WOKENAFTER: a waker counts nwoken after the exchange: a call's end may be counted out before
 * mutant TIMERLATE: the timer proc counts itself after it took the last sleeper out
 * mutant TIMEREARLY: the timer proc counts itself out before the task is ready
 * mutant NOTCOUNTED: a call in a helper is not counted
 * mutant CALLEREARLY: a helper's call is counted out by the helper, before it makes the caller ready
 * mutant ENDLATE: who ends counts the one it wakes after the exchange
 * mutant ENDDEAF -DLIVE: who ends as the last one awake wakes nobody
 * mutant TIMERDEAF -DLIVE: the timer proc does not look when its last timer has gone
 */
#ifndef ROUNDS
#define ROUNDS	1
#endif
#define nil	0
#define Parked	1
#define Ready	2	/* the proc's task */

byte inbox[2];
byte nawake = 3;
byte nwoken;
byte wakers;
bool waiting[2];	/* the proc's task can be claimed */
bool over[2];	/* it waits with nobody left to wake it but the other */
bool posted[2];	/* it has a helper make a call */
bool inheap[2];	/* its sleeper */
bool pending;	/* the heap's min is not Never */
bool lk;	/* the heap's */
bool reported;

inline claim(x, won) {
	atomic { won = waiting[x]; waiting[x] = false }
}

/* by whoever claimed p's task */
inline l9push(p) {
	counted = false;
	old = inbox[p];
	do
	:: if
	   :: old == Parked && !counted ->
#ifdef WOKENFIRST
		nwoken++;
#endif
		nawake++;
#if !defined(WOKENFIRST) && !defined(WOKENAFTER)
		nwoken++;
#endif
		counted = true
	   :: else
	   fi;
	   atomic {
		if
		:: inbox[p] == old -> inbox[p] = Ready; break
		:: else -> old = inbox[p]
		fi
	   }
	od;
	if
#ifdef WOKENAFTER
	:: old == Parked -> nwoken++
#endif
	:: old != Parked && counted -> nawake--
	:: else
	fi
}

inline deadlock() {
	/* nothing can go on: all wait, nobody is on the way to wake one, no timer and no call is pending */
	assert(over[0] && over[1] && waiting[0] && waiting[1]);
	assert(!inheap[0] && !inheap[1] && !posted[0] && !posted[1]);
	reported = true
}

/* y: whether nothing is to be seen that may wake somebody */
inline l9deadhint() {
	y = !pending;
	y = y && wakers == 0
}

inline l9deadlook() {
#ifndef WOKENLATE
	woken = nwoken;
#endif
	y = nawake == 0;
#ifdef WOKENLATE
	woken = nwoken;
#endif
	if
	:: y ->
		l9deadhint();
		if
		:: y -> l9deadhint()
		:: else
		fi;
		if
#ifdef NOWOKEN
		:: y -> deadlock()
#else
		:: y && nwoken == woken -> deadlock()
#endif
		:: else
		fi
	:: else
	fi
}

/* a nap comes to its end before a wake-up does */
inline sleeplast(p) {
	if
	:: inbox[p] == Parked -> l9deadlook()
	:: inbox[p] != Parked
	fi
}

/* l9wait, and again until the proc's one task is ready */
inline l9idle(p) {
	do
	:: atomic {
		y = inbox[p] == nil;
		inbox[p] = (y -> Parked : inbox[p])
	   };
	   if
	   :: y ->
		atomic { nawake--; y = nawake == 0 };
		if
		:: y -> l9deadhint()
		:: else
		fi;
		if
		:: y -> sleeplast(p)
		:: else
		fi;
		inbox[p] != Parked
	   :: else
	   fi;
	   /* nil: it was woken for nothing, and parks again */
	   if
	   :: atomic { inbox[p] == Ready -> inbox[p] = nil }; break
	   :: inbox[p] == nil
	   fi
	od;
	woken = 0
}

inline heap(t, in) {
	atomic { !lk -> lk = true };
	inheap[t] = in;
	pending = inheap[0] || inheap[1];
	lk = false
}

inline sleep(t) {
	waiting[t] = true;
	heap(t, true);
	l9idle(t);
	heap(t, false)
}

/* a call that nobody interrupts */
inline l9helpercall(t) {
#ifndef NOTCOUNTED
	wakers++;
#endif
	posted[t] = true;
	l9idle(t);
#if !defined(NOTCOUNTED) && !defined(CALLEREARLY)
	wakers--
#endif
}

proctype proc(byte t)
{
	byte rounds = ROUNDS, old, woken;
	bool y, counted;

	do
	:: rounds > 0 -> rounds--;
		if
		:: sleep(t)
		:: l9helpercall(t)
		:: claim(1-t, y);
			if
			:: y -> l9push(1-t)
			:: else
			fi
		fi
	:: atomic { over[t] = true; waiting[t] = true };
		l9idle(t);
		over[t] = false
	od
}

/* the proc ends */
inline l9awakeend() {
	do
	:: atomic { nawake--; y = nawake == 0 };
#ifdef ENDDEAF
	   y = false;
#endif
	   if
	   :: y -> l9deadhint()
	   :: else
	   fi;
	   if
	   :: y && inbox[0] == Parked -> q = 0
	   :: y && inbox[1] == Parked -> q = 1
	   :: !y || (inbox[0] != Parked && inbox[1] != Parked) -> break
	   fi;
#ifndef ENDLATE
	   nawake++;
	   nwoken++;
#endif
	   atomic {
		if
		:: inbox[q] == Parked -> inbox[q] = nil; y = true
		:: else -> y = false
		fi
	   };
#ifdef ENDLATE
	   nawake++;
	   nwoken++;
#endif
	   if
	   :: y -> break
	   :: else
	   fi
	od
}

active proctype ender()
{
	byte q, old;
	bool y, counted;

	if
	:: claim(0, y);
		if
		:: y -> l9push(0)
		:: else
		fi
	:: true
	fi;
	l9awakeend()
}

active proctype helper()
{
	byte t, old;
	bool counted;

	do
	:: atomic {
		if
		:: posted[0] -> t = 0
		:: posted[1] -> t = 1
		fi
	   };
#ifdef CALLEREARLY
		wakers--;
#endif
		posted[t] = false;
		l9push(t);
		t = 0; old = 0; counted = false
	od
}

active proctype timerproc()
{
	byte t, old, woken;
	bool y, counted, won;

	do
	:: pending ->
#ifndef TIMERLATE
		wakers++;
#endif
		/* one that is due, or none any more */
		atomic { !lk -> lk = true };
		if
		:: inheap[0] -> t = 0; inheap[0] = false; claim(0, won)
		:: inheap[1] -> t = 1; inheap[1] = false; claim(1, won)
		:: else -> won = false
		fi;
		pending = inheap[0] || inheap[1];
		lk = false;
#ifdef TIMERLATE
		wakers++;
#endif
#ifdef TIMEREARLY
		wakers--;
#endif
		if
		:: won -> l9push(t)
		:: else
		fi;
#ifndef TIMEREARLY
		wakers--;
#endif
		t = 0; old = 0; counted = false; won = false;
#ifndef TIMERDEAF
		if
		:: !pending -> l9deadlook(); woken = 0; y = false
		:: else
		fi
#endif
	od
}

init {
	atomic { run proc(0); run proc(1) }
}

#ifdef LIVE
ltl reports { <> reported }
#endif
