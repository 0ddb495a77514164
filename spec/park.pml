/*
 * Park and wake: four tasks on three procs make each other ready for ever, and
 * a proc that has nothing to run parks.
 *
 * mirrors lib9thread/idle.c: l9push, l9takein, l9idle, spin
 * mirrors lib9thread/sched.c: nextodd, l9batchready
 * mirrors arch/linux/wait.c: l9waitword, l9wakeword
 *
 * A task that has its turn claims some of those that wait, makes them ready,
 * and waits itself; the others' claim is one step here (task.pml).  Tasks 0
 * and 3 are of the same proc.  A batch of two for one proc is one push.
 * spin is a look at the inbox that may come before the parking, or not.
 * LIVE leaves out that a waker's compare-and-swap may fail for ever: others
 * go on meanwhile, so it is luck that it lacks, not a step of somebody else.
 *
 * quick each task that was made ready runs, once; nawake is right:
 * full-live each task that was made ready runs in the end:
 *
 * mutant STOREPARK: the owner parks by a store: a task that just came is lost
 * mutant NOLOOK: the sleep does not look at the word again
 * mutant SLEEPONCE: whoever was woken takes it that something came
 * mutant WAKENIL: a waker wakes if the inbox was empty, not if it was Parked
 * mutant STORETAKE: the inbox is taken by a load and a store
 * mutant STOREPUSH: a task is pushed by a load and a store
 * mutant COUNTLATE: nawake is counted up after the exchange
 * mutant NOUNCOUNT: a waker that found the proc not parked in the end does not count back
 */
#define NPROC	3
#define NTASK	4
#define nil	255
#define Parked	254
#define procof(t)	((t) % NPROC)

byte inbox[NPROC] = nil;	/* nil, Parked, or the top of a stack of tasks */
byte next[NTASK] = nil;
chan runq[NPROC] = [NTASK] of { byte };
bool asleep[NPROC];	/* in the kernel */
byte nawake = NPROC;

bool waiting[NTASK];	/* can be claimed */
bool readied[NTASK];	/* claimed, and has not run since */

/* procs that are not parked: nawake may be more, but never less */
#define nup	((inbox[0] != Parked) + (inbox[1] != Parked) + (inbox[2] != Parked))

inline l9wakeword(p) {
	asleep[p] = false
}

/* a look and the begin of the sleep are one step, in the kernel */
inline l9waitword(p) {
#ifdef NOLOOK
	asleep[p] = true;
#else
	atomic {
		if
		:: inbox[p] == Parked -> asleep[p] = true
		:: else
		fi
	};
#endif
	!asleep[p]
}

/* push first, which is last or leads to it */
inline l9push(p, first, last) {
	counted = false;
	old = inbox[p];
#ifdef LIVE
	atomic {
		old = inbox[p];
		next[last] = (old == Parked -> nil : old);
		nawake = nawake + (old == Parked -> 1 : 0);
		inbox[p] = first
	};
#else
	do
	:: next[last] = (old == Parked -> nil : old);
#ifndef COUNTLATE
		if
		:: old == Parked && !counted -> nawake++; counted = true
		:: else
		fi;
#endif
#ifdef STOREPUSH
		inbox[p] = first;
		break
#else
		atomic {
			if
			:: inbox[p] == old -> inbox[p] = first; assert(nawake >= nup); break
			:: else -> old = inbox[p]
			fi
		}
#endif
	od;
#endif
#ifdef COUNTLATE
	if
	:: old == Parked -> nawake++
	:: else
	fi;
#endif
	if
#ifdef WAKENIL
	:: old == nil -> l9wakeword(p)
	:: else
#else
	:: old == Parked -> l9wakeword(p)
#ifdef NOUNCOUNT
	:: else
#else
	:: old != Parked && counted -> nawake--
	:: else
#endif
#endif
	fi
}

inline runput(t) {
	runq[procof(t)]!t
}

/* from a stack to the run queue's end, the lowest first */
inline l9takein(p) {
	if
	:: inbox[p] == nil
	:: else ->
#ifdef STORETAKE
		t = inbox[p];
		inbox[p] = nil;
#else
		atomic { t = inbox[p]; inbox[p] = nil };
#endif
		d_step {
			assert(t != Parked);
			first = nil;
			do
			:: t != nil -> n = next[t]; next[t] = first; first = t; t = n
			:: else -> break
			od;
			t = first;
			do
			:: t != nil -> n = next[t]; next[t] = nil; runput(t); t = n
			:: else -> break
			od;
			first = nil; n = nil
		}
	fi
}

inline l9idle(p) {
#ifdef STOREPARK
	inbox[p] = Parked;
	won = true;
#else
	atomic {
		won = inbox[p] == nil;
		if
		:: won -> inbox[p] = Parked
		:: else
		fi
	};
#endif
	if
	:: won ->
		/* each of the others may be about to count itself out, or to have counted p in too early */
		atomic { nawake--; assert(nawake >= nup && nawake <= nup + NPROC-1) };
#ifdef SLEEPONCE
		if
		:: inbox[p] == Parked -> l9waitword(p)
		:: else
		fi
#else
		do
		:: inbox[p] == Parked -> l9waitword(p)
		:: else -> break
		od
#endif
	:: else
	fi
}

/* t, which waits, is ours to make ready */
inline claim(t) {
	waiting[t] && t != self -> waiting[t] = false; assert(!readied[t]); readied[t] = true
}

inline makeready(t) {
	if
	:: procof(t) == p -> runput(t)
	:: else -> l9push(procof(t), t, t)
	fi
}

/* the turn of task self: it makes up to two others ready, those of proc 0 perhaps as a batch */
inline turn() {
	d_step { assert(readied[self] && !waiting[self]); readied[self] = false; k = 0 };
	do
	:: k < 2 -> k++;
		if
		:: atomic { claim(0) -> x = 0 }; makeready(x)
		:: atomic { claim(1) -> x = 1 }; makeready(x)
		:: atomic { claim(2) -> x = 2 }; makeready(x)
		:: atomic { claim(3) -> x = 3 }; makeready(x)
		:: atomic { p != 0 && waiting[3] -> claim(0); claim(3); next[3] = 0 }; l9push(0, 3, 0)
		:: skip
		fi
	:: break
	od;
	atomic { x = nil; old = nil; counted = false; k = 0; waiting[self] = true; self = nil }
}

proctype proc(byte p)
{
	byte self = nil, t = nil, first = nil, n = nil, x = nil, old = nil, k;
	bool counted, won;

	do
	:: runq[p]?self -> turn()
	:: nempty(runq[p]) && inbox[p] != nil -> l9takein(p)
	:: empty(runq[p]) -> l9takein(p);
		if
		:: empty(runq[p]) -> l9idle(p)
		:: nempty(runq[p])
		fi
	od
}

init {
	atomic {
		byte t;
		for(t : 0 .. NTASK-1){
			readied[t] = true;
			runput(t)
		}
		run proc(0);
		run proc(1);
		run proc(2)
	};
	/* nothing more happens: then nobody is ready, every proc sleeps, and is counted so */
	timeout ->
	assert(!readied[0] && !readied[1] && !readied[2] && !readied[3]);
	assert(nup == 0 && nawake == 0)
}

#ifdef LIVE
ltl runs { [] (readied[3] -> <> !readied[3]) }
#endif
