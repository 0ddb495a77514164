/*
 * The poller: procs that sleep in an epoll since tasks of theirs wait for a
 * descriptor, and look at it while they are busy.  Three tasks on two procs read
 * one descriptor; the world writes to it; interrupts wake readers by their procs' inboxes.
 *
 * mirrors lib9thread/idle.c: l9push, l9takein, poll, l9idle
 * mirrors lib9thread/poll.c: l9polltell, l9pollnow, l9polllook
 * mirrors lib9thread/fd.c: trusted, vain, l9fdtried, wakefirst, asked, rearm, arm, l9fdready, await, l9fdwait
 * mirrors lib9thread/debug.c: l9wakers, l9deadhint, l9deadlook
 * mirrors arch/linux/poll.c: l9pollarm, l9pollwait, l9pollwake
 *
 * Readers 0 and 2 are of proc 0, reader 1 of proc 1.  What a proc does with its own
 * Seen, and what is done with a line's lock held, is one step: nobody sees
 * it in between.  The kernel's epoll, edge-triggered: data that comes makes an edge
 * in each epoll that is armed, and so does arming where there is data; a
 * wait takes it.  An event whose data another has taken is none.  The file stays the
 * same (no close), and so a wait that trusts its Seen has no Trustms here: nothing may need it.
 * A task's futex is park.pml's.
 *
 * quick no data while a reader waits, no sleep over a wake-up: -DINTS=1 -DDATA=1
 * quick the same, two bytes: -DINTS=0 -DDATA=2 -DEINTRS=1
 * quick the same, a reader that was woken is killed: -DINTS=0 -DDATA=1 -DKILLS=1 -DEINTRS=1
 * quick no false report of a deadlock: -DINTS=1 -DDATA=1 -DREADERS=2 -DLOOKER
 * full two bytes and an interrupt: -DINTS=1 -DDATA=2
 * full a byte, an interrupt, a signal in each sleep: -DINTS=1 -DDATA=1 -DEINTRS=1
 * full a byte, an interrupt and a kill: -DINTS=1 -DDATA=1 -DKILLS=1
 *
 * mutant STOREPOLL: the owner announces Polling by a store: a task that just came is lost
 * mutant NOKICK: who replaces Polling does not write the eventfd
 * mutant KICKFIRST: the eventfd is written before the exchange
 * mutant KEEPTASK: the owner, awake, stores nil: a task that came is lost
 * mutant PARKPOLL: a proc whose tasks wait for descriptors parks on its word
 * mutant KEEPEMPTY -DREADERS=1 -DDATA=3 -DINTS=0: an event does not clear Seen.empty
 * mutant FULLEMPTY -DREADERS=1 -DDATA=3 -DINTS=0: a read that got all that it asked for counts as having emptied the file
 * mutant NOREARM -DLEFTOUT=1 -DKILLS=1 -DINTS=0: an event's wake-up does not arm again for those that are left
 * mutant WAKERLATE -DLOOKER: the proc is counted out before its poller is counted as a waker
 * mutant WAKEREARLY -DLOOKER: the poller is counted out before the proc is counted in
 * mutant NOWOKEN -DLOOKER: a proc that wakes by itself does not count nwoken
 */
#ifndef KILLS
#define KILLS	0
#endif
#ifndef INTS
#define INTS	1
#endif
#ifndef DATA
#define DATA	1
#endif
#define NPROC	2
#ifndef EINTRS
#define EINTRS	0
#endif
#ifndef READERS
#define READERS	3
#endif
#ifndef LEFTOUT
#define LEFTOUT	nil	/* a reader that never begins */
#endif
#define NREADER	3
#define nil	255
#define Parked	254
#define Polling	253
#define procof(t)	((t) % NPROC)
#define l9asleep(x)	((x) == Parked || (x) == Polling)

byte inbox[NPROC] = nil;
byte next[NREADER] = nil;
chan runq[NPROC] = [NREADER] of { byte };
byte nawake = NPROC;
bool woken;	/* nwoken is another than the looker has read */
byte wakers;

/* the kernel's */
byte level;	/* bytes there are */
bool armed[NPROC];
bool edge[NPROC];
bool kick[NPROC];	/* the eventfd's edge */

/* a proc's own */
bool seenarmed[NPROC];
byte seenid[NPROC] = nil;
bool seenempty[NPROC];
byte nfdwait[NPROC];

bool waiting[NREADER];	/* can be claimed */
bool queued[NREADER];	/* stands in the line at the descriptor */
bool waited[NREADER];	/* its call has waited before */
bool ready[NREADER];	/* claimed, or new, and has not run since */
bool event[NREADER];	/* claimed since the descriptor is ready, and not by an interrupt */
bool dead[NREADER];
byte kills = KILLS;

inline runput(t) {
	runq[procof(t)]!t
}

/* t was claimed by a task of no proc here */
inline l9push(t, q) {
	old = inbox[q];
	counted = false;
	do
	:: next[t] = (l9asleep(old) -> nil : old);
		if
		:: l9asleep(old) && !counted -> nawake++; woken = true; counted = true
		:: else
		fi;
#ifdef KICKFIRST
		if
		:: old == Polling -> kick[q] = true
		:: else
		fi;
#endif
		atomic {
			if
			:: inbox[q] == old -> inbox[q] = t; break
			:: else -> old = inbox[q]
			fi
		}
	od;
	if
	:: !l9asleep(old) && counted -> nawake--
#if !defined(NOKICK) && !defined(KICKFIRST)
	/* l9pollwake */
	:: old == Polling -> kick[q] = true
#endif
	:: else
	fi;
	atomic { old = nil; counted = false }
}

inline l9takein(p) {
	d_step {
		t = inbox[p];
		if
		:: t != nil ->
			assert(!l9asleep(t));
			inbox[p] = nil;
			first = nil;
			do
			:: t != nil -> n = next[t]; next[t] = first; first = t; t = n
			:: else -> break
			od;
			do
			:: first != nil -> n = next[first]; next[first] = nil; runput(first); first = n
			:: else -> break
			od;
			n = nil
		:: else
		fi;
		t = nil
	}
}

/* by p, of itself */
inline l9pollarm(p) {
	seenarmed[p] = true;
	armed[p] = true;
	edge[p] = edge[p] || level > 0
}

/* of p's readers t leaves the line and, unless somebody else was quicker, wakes */
inline wake(t) {
	queued[t] = false;
	if
	:: waiting[t] -> waiting[t] = false; ready[t] = true; event[t] = true; runput(t); won = true
	:: else
	fi
}

inline l9fdready(p) {
	atomic {
#ifndef KEEPEMPTY
		seenempty[p] = false;
#endif
		won = false;
		do
		:: !won && queued[p] -> wake(p)
		:: !won && p == 0 && queued[2] -> wake(2)
		:: won || !(queued[p] || (p == 0 && queued[2])) -> break
		od
	};
#ifndef NOREARM
	/* what is left may have been interrupted, and left, meanwhile: no harm */
	if
	:: atomic { (queued[p] || (p == 0 && queued[2])) -> l9pollarm(p) }
	:: atomic { else -> skip }
	fi
#endif
}

/* take what the kernel has to tell */
inline take(p) {
	got = edge[p] && level > 0;
	edge[p] = false;
	kick[p] = false
}

inline l9pollnow(p) {
	atomic { take(p) };
	if
	:: got -> l9fdready(p)
	:: else
	fi;
	atomic { won = false; got = false }
}

inline poll(p) {
#ifdef STOREPOLL
	inbox[p] = Polling;
	won = true;
#else
	atomic {
		won = inbox[p] == nil;
		if
		:: won -> inbox[p] = Polling
		:: else
		fi
	};
#endif
	if
	:: won ->
#ifndef WAKERLATE
		wakers++;
#endif
		nawake--;
#ifdef WAKERLATE
		wakers++;
#endif
		/* l9pollwait.  Perhaps a signal ends it early; that is decided before, or it would end a sleep that is too long */
		if
		:: spurious > 0 -> spurious--; got = false
		:: true -> atomic { kick[p] || (edge[p] && level > 0) -> take(p) }
		fi;
#ifdef WAKEREARLY
		wakers--;
#endif
#ifdef KEEPTASK
		won = inbox[p] == Polling;
		inbox[p] = nil;
#else
		atomic {
			won = inbox[p] == Polling;
			if
			:: won -> inbox[p] = nil
			:: else
			fi
		};
#endif
		if
		:: won ->
			nawake++;
#ifndef NOWOKEN
			woken = true
#endif
		:: else
		fi;
#ifndef WAKEREARLY
		wakers--;
#endif
		if
		:: got -> l9fdready(p)
		:: else
		fi
	:: else
	fi;
	atomic { won = false; got = false }
}

inline l9idle(p) {
	if
#ifndef PARKPOLL
	:: nfdwait[p] > 0 -> poll(p)
#endif
	:: else ->
		atomic {
			won = inbox[p] == nil;
			if
			:: won -> inbox[p] = Parked
			:: else
			fi
		};
		if
		:: won -> nawake--; inbox[p] != Parked
		:: else
		fi;
		won = false
	fi
}

#define trusted(p, t)	(seenid[p] == t && seenarmed[p])

/* one try, or none where it would be in vain: reads all and has room left, or as much as it has room for */
inline try(p, t) {
	if
	:: !waited[t] && (queued[0] || queued[1] || queued[2]) -> got = false
	:: !waited[t] && trusted(p, t) && seenempty[p] -> got = false
	:: else ->
		if
		:: level > 0 -> level = 0; got = true; seenempty[p] = seenempty[p] || trusted(p, t)
		:: level > 0 -> level--; got = true;
#ifdef FULLEMPTY
			seenempty[p] = seenempty[p] || trusted(p, t)
#endif
		:: level == 0 -> got = false; seenempty[p] = seenempty[p] || trusted(p, t)
		fi
	fi
}

/* a turn of reader t: it goes on where its wait ended, and reads until it waits */
inline turn(p, t) {
	atomic {
		assert(ready[t] && !waiting[t]);
		ready[t] = false;
		nfdwait[p] = nfdwait[p] - waited[t];
		if
		:: !event[t] && waited[t] -> queued[t] = false; waited[t] = false	/* Wintr: a new call */
		:: event[t] && kills > 0 -> kills--; dead[t] = true; waited[t] = false	/* l9maydie */
		:: else
		fi;
		event[t] = false
	};
	do
	:: atomic { dead[t] -> break }
	:: atomic {
		!dead[t] ->
		try(p, t);
		if
		:: got -> waited[t] = false; got = false
		:: else -> break
		fi
	   }
	od;
	if
	:: !dead[t] ->
		/* l9fdwait: with the line's lock */
		atomic { waiting[t] = true; queued[t] = true; waited[t] = true };
		/* await */
		atomic {
			if
			:: trusted(p, t) && seenempty[p]
			:: else ->
				l9pollarm(p);
				seenid[p] = t
			fi;
			nfdwait[p]++;
			got = false
		}
	:: else
	fi
}

proctype proc(byte p)
{
	byte self = nil, t = nil, first = nil, n = nil;
	byte spurious = EINTRS;
	bool won, got;

	do
	:: runq[p]?self -> turn(p, self); self = nil
	/* nextodd, now and then */
	:: nempty(runq[p]) && inbox[p] != nil -> l9takein(p)
	:: nempty(runq[p]) && nfdwait[p] > 0 && (edge[p] || kick[p]) -> l9pollnow(p)
	:: empty(runq[p]) -> l9takein(p);
		if
		:: empty(runq[p]) -> l9idle(p)
		:: nempty(runq[p])
		fi
	od
}

/* whoever writes at the other end */
proctype world()
{
	byte i;

	do
	:: atomic {
		i < DATA ->
		i++;
		level++;
		edge[0] = edge[0] || armed[0];
		edge[1] = edge[1] || armed[1]
	   }
	:: i == DATA -> break
	od
}

/* threadint, by a proc that is awake meanwhile: nawake has it */
proctype interrupts()
{
	byte old = nil, i;
	bool counted;

	do
	:: i < INTS ->
		i++;
		if
		:: atomic { waiting[0] -> waiting[0] = false; ready[0] = true }; l9push(0, 0)
		:: atomic { waiting[1] -> waiting[1] = false; ready[1] = true }; l9push(1, 1)
		:: skip
		fi
	:: i == INTS -> break
	od;
	nawake--
}

/* l9deadlook, by whoever has come to look, at any time: readers wait for the world, so there is nothing to report */
proctype looker()
{
	woken = false;
	if
	:: nawake == 0 ->
		if
		:: wakers == 0 ->
			if
			:: !woken -> assert(dead[0] && dead[1] && dead[2])
			:: else
			fi
		:: else
		fi
	:: else
	fi
}

init {
	atomic {
		byte t;
		for(t : 0 .. READERS-1){
			if
			:: t != LEFTOUT -> ready[t] = true; runput(t)
			:: else
			fi
		}
		nawake++;
		run proc(0);
		run proc(1);
		run world();
		run interrupts();
#ifdef LOOKER
		run looker()
#endif
	};
	/* nothing more happens: nobody waits beside data, every proc sleeps, and who was woken has run */
	timeout ->
	assert(!ready[0] && !ready[1] && !ready[2]);
	assert(level == 0 || (!waiting[0] && !waiting[1] && !waiting[2]));
	assert(nawake == 0 && l9asleep(inbox[0]) && l9asleep(inbox[1]));
	assert(wakers == (inbox[0] == Polling) + (inbox[1] == Polling))
}
