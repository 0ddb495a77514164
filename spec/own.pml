/*
 * A channel that is one proc's own: two tasks of that proc exchange values, another proc
 * comes to send, or only to look, and a third one interrupts.
 *
 * mirrors lib9thread/hot.h: enterown, leaveown, claimown, beginown
 * mirrors lib9thread/own.c: l9enterslow, l9stop, l9letgo, show, l9chanshare, l9showwait
 * mirrors lib9thread/chan.h: l9chanbegin
 * mirrors lib9thread/interrupt.c: endshown
 *
 * Promela sees a store at once.  So inside, which the owner stores without a
 * fence, has a place of its own for the value that is not seen yet: buf.  A
 * process moves it to memory at any time, and l9barrier at once.
 *
 * The receiver and the sender take turns on the owner as tasks do.  What a
 * section does is apart from its begin and its end, and insec counts who is
 * where only one may be.  The receiver waits for ever: in the end it has got all, and
 * was interrupted once.  Of owns there is nothing here: the proc has owned a channel before.
 *
 * quick one owner at a time; nothing is lost, and one wait ended by the interrupt, a stranger sends:
 * quick the same, a stranger only looks: -DLOOKS
 *
 * mutant NOBARRIER: l9stop has no l9barrier
 * mutant LOOKFIRST: the owner looks at stopped before inside is set
 * mutant NOEXCHANGE -DLOOKS: threadint lets the wait show before it leaves its bit
 * mutant NOWORDWAIT: show takes the local wait away, and does not put it in the word
 * mutant FORGETQ: l9chanshare does not look at the receivers
 * mutant ONLYIFSHOWN -DLOOKS: endshown goes on only where it was itself that let the wait show
 * mutant KEEPINT: endshown leaves the interrupt that it ended the wait with
 */
#define Empty	2
#ifdef LOOKS
#define NSTRANGER	0
#else
#define NSTRANGER	1
#endif

/* the owner's section */
bool inside;		/* in memory */
byte buf = Empty;	/* a store to inside that is not seen yet */
bool stopped, stoplk;
byte insec;		/* who touches what is the proc's own */

/* the channel */
bool lk;
bool owner = true;
bool queued;		/* the receiver, in recvq */

/* the receiver */
bool unseen;		/* Task.local */
bool wait, intr;	/* Wordwait, Wordint */
mtype = { none, done, interrupted };
mtype why = none;
bool ready;		/* it is in its proc's run queue */
bool blocked;		/* it has left its section to wait */
byte nclaim;		/* of this wait */
byte ngot, nintr;
byte nleft, total;	/* the sender's values that are left, and all */

#define waits	(queued && (unseen || wait))

inline lock(l) {
	atomic { !l -> l = true }
}
inline unlock(l) {
	l = false
}

/* the owner's stores come to memory in order */
inline store(v) {
	atomic { buf == Empty -> buf = v }
}
inline drain() {
	d_step {
		if
		:: buf != Empty -> inside = (buf == 1); buf = Empty
		:: else
		fi
	}
}

inline come() {
	d_step { insec++; assert(insec == 1) }
}
inline go() {
	d_step { insec--; assert(insec == 0) }
}

inline enterown() {
#ifdef LOOKFIRST
	!stopped;
	store(1);
#else
	store(1);
	do
	:: stopped -> store(0); lock(stoplk); unlock(stoplk); store(1)	/* l9enterslow */
	:: !stopped -> break
	od;
#endif
	come()
}
inline leaveown() {
	go();
	store(0)
}

inline l9stop() {
	lock(stoplk);
	stopped = true;
#ifndef NOBARRIER
	drain();
#endif
	!inside;
	come()
}
inline l9letgo() {
	go();
	stopped = false;
	unlock(stoplk)
}

inline letsee() {
	shown = unseen;
	if
	:: unseen -> unseen = false;
#ifndef NOWORDWAIT
		wait = true
#endif
	:: else
	fi
}

/* l9chanbegin by the owner: own says how */
inline begin() {
	own = owner;
	if
	:: own -> enterown();
		if
		:: !owner -> leaveown(); own = false
		:: else
		fi
	:: else
	fi;
	if
	:: !own -> lock(lk)
	:: else
	fi
}
inline end() {
	if
	:: own -> leaveown()
	:: else -> unlock(lk)
	fi
}

/* l9chanbegin by another proc, with l9chanshare */
inline beginother() {
	lock(lk);
	do
	:: owner -> unlock(lk); l9stop(); lock(lk);
		if
		:: owner ->
#ifndef FORGETQ
			letsee();
#endif
			owner = false
		:: else
		fi;
		l9letgo()
	:: else -> break
	od
}

/* a wait is ended once */
inline claimed(w) {
	nclaim++;
	assert(nclaim == 1);
	why = w
}

/* a value for the receiver, if it can be claimed: claimown, or claim */
inline give(mine) {
	d_step {
		won = false;
		if
		:: queued ->
			queued = false;
			won = wait || (mine && unseen);
			wait = false;
			unseen = unseen && !mine
		:: else
		fi;
		if
		:: won -> claimed(done)
		:: else
		fi
	}
}

/* both tasks of the owner, which do not run at the same time */
proctype proc()
{
	bool own, won;

	do
	/* the receiver begins a wait: beginown, beginwait */
	:: !blocked ->
		begin();
		d_step { nclaim = 0; why = none };
		if
		:: own -> unseen = true
		:: else
		fi;
		atomic {
			if
			:: intr -> intr = false; unseen = false; nintr++
			:: else -> wait = !own; queued = true; blocked = true
			fi
		};
		end()
	/* it was claimed */
	:: ready ->
		d_step { ready = false; assert(!unseen && !wait) };
		if
		:: why == done -> ngot++
		/* l9chanleave */
		:: why == interrupted -> nintr++; begin(); queued = false; end()
		fi;
		blocked = false
	/* the sender */
	:: blocked && nleft > 0 && waits ->
		begin();
		give(own);
		end();
		if
		:: won -> nleft--; ready = true
		:: else
		fi
	od
}

proctype stranger()
{
	bool won, shown;

#ifdef LOOKS
	beginother();
	unlock(lk)
#else
	do
	:: waits ->
		beginother();
		give(false);
		unlock(lk);
		if
		:: won -> ready = true; break
		:: else
		fi
	od
#endif
}

inline l9showwait() {
	l9stop();
	letsee();
	l9letgo()
}

/* threadint */
proctype interrupter()
{
	bool won, shown;

#ifdef NOEXCHANGE
	l9showwait();
#endif
	atomic {
		won = wait;
		if
		:: won -> wait = false; claimed(interrupted)
		:: else -> intr = true
		fi
	};
	if
	:: !won ->
#ifndef NOEXCHANGE
		l9showwait();
#endif
		/* endshown */
		atomic {
			won = wait && intr;
#ifdef ONLYIFSHOWN
			won = won && shown;
#endif
			if
			:: won -> wait = false; claimed(interrupted);
#ifndef KEEPINT
				intr = false
#endif
			:: else
			fi
		}
	:: else
	fi;
	if
	:: won -> ready = true
	:: else
	fi
}

/* the owner's CPU */
proctype memory()
{
	do
	:: buf != Empty -> drain()
	od
}

init {
	atomic {
		/* with values to come a lost interrupt would be taken at last */
		select(nleft : 0 .. 2);
		total = nleft + NSTRANGER;
		run proc();
		run stranger();
		run interrupter();
		run memory()
	};
	/* nothing more happens */
	timeout ->
	assert(blocked && waits && !intr && insec == 0);
	assert(ngot == total && nintr == 1)
}
