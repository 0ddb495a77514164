/*
 * What the models share: the claim word, and a task's turn on its proc.
 *
 * mirrors lib9thread/impl.h: Wordwait, Wordnoint, Wordint
 * mirrors lib9thread/upper/upper.h: Wdone, Wclosed, Wfreed, Wtimeout, Wdeadline, Wintr
 * mirrors lib9thread/hot.h: claim, beginwait, makeready
 * mirrors lib9thread/wait.c: l9waitbegin, l9claim, l9intagain
 * mirrors lib9thread/interrupt.c: threadint
 * mirrors lib9thread/sched.c: l9sched
 *
 * A loop of load and compare-and-swap is one step here: it takes effect at the
 * swap that succeeds, or at the load that gives up.  How a task that was made
 * ready comes to run is park.pml; here it just may, when its proc is free.
 */
#define Wordwait	1
#define Wordnoint	2
#define Wordint	8
#define Wordstate	(Wordwait|Wordnoint)

#define Wdone	1
#define Wclosed	2
#define Wfreed	3
#define Wtimeout	4
#define Wdeadline	5
#define Wintr	6

#define nil	255
#define procof(t)	((t) % NPROC)

byte word[NTASK];
byte why[NTASK];	/* claim writes, self reads */
bool ready[NTASK];	/* in its proc's run queue or inbox */
bool busy[NPROC];	/* the proc runs a task */
byte nint;	/* interrupts given to tasks (the models give one each) ... */
byte ntaken;	/* ... and used up by a wait */

/* l9claim: won tells */
inline claim(t, won) {
#ifdef PLAINCLAIM
	won = word[t] & Wordwait;
	if
	:: won -> word[t] = word[t] & ~Wordstate
	:: else
	fi
#else
	atomic {
		won = word[t] & Wordwait;
		if
		:: won -> word[t] = word[t] & ~Wordstate
		:: else
		fi
	}
#endif
}

/* l9waitbegin; how is 0 or Wordnoint; y: 0, or why there is no wait */
inline beginwait(t, how, y) {
	atomic {
		if
#ifndef NOINTCHECK
		:: (word[t] & Wordint) && !(how & Wordnoint) ->
			word[t] = word[t] & ~Wordint;
			y = Wintr
#endif
		:: else ->
			word[t] = word[t] | Wordwait | how;
			y = 0
		fi
	}
}

/* once for each claim: twice would put it into a queue in which it stands */
inline makeready(t) {
	atomic {
		assert(!ready[t]);
		ready[t] = true
	}
}

inline threadint(t, won) {
	atomic {
		nint++;
		won = (word[t] & (Wordwait|Wordnoint)) == Wordwait;
		if
		:: won -> word[t] = word[t] & ~Wordstate
#ifndef INTLOST
		:: else -> word[t] = word[t] | Wordint
#else
		:: else
#endif
		fi
	}
	if
	:: won -> why[t] = Wintr; makeready(t)
	:: else
	fi
}

/* a task begins, waits, and ends: meanwhile its proc runs the others */
inline taskbegin(t) {
	atomic { !busy[procof(t)] -> busy[procof(t)] = true }
}

inline l9sched(t) {
	busy[procof(t)] = false;
	atomic {
		ready[t] && !busy[procof(t)] ->
		ready[t] = false;
		busy[procof(t)] = true
	}
}

inline taskend(t) {
	busy[procof(t)] = false
}
