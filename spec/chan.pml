/*
 * Channels: four tasks on three procs send, receive and alt over two channels,
 * while one of them closes (or frees) a channel and interrupts a task that has
 * a deadline.
 *
 * mirrors lib9thread/chan.h: l9claimfirst, l9chanleave
 * mirrors lib9thread/chan.c: l9claimnext, wakeall, chanclose, chanfree
 * mirrors lib9thread/chanop.c: dosend, dorecv, queue, unmet
 * mirrors lib9thread/alt.c: lockfree, locksorted, perform, tryall, enqueue, leave, await, wait
 * mirrors lib9thread/wait.c: waitdeadline
 *
 * send and recv are alts of one entry: they take the same steps.  Waiter
 * 2*t+i is task t's for its entry i.  What is done under a channel's lock
 * without a look at a claim word is one step with its neighbour, as nobody
 * else can see it half done.
 *
 * quick two alts, a send, close, interrupt, deadline: -DSCENE=1
 * quick the same, chanfree instead of close: -DSCENE=2
 * full the same, the first channel buffered: -DSCENE=1 -DNEL=1
 * full two rounds of two alts and of a sender: -DSCENE=3
 *
 * mutant PLAINCLAIM: the claim is a load and a store: two partners have it
 * mutant NOINTCHECK: a wait begins without a look for an interrupt that came before
 * mutant INTLOST: an interrupt that finds no wait is forgotten
 * mutant COPYFIRST: the value is copied to a waiter before that is claimed
 * mutant UNLOCKFIRST: the channel's lock is given back before the waiter is claimed
 * mutant LATEWAIT: the waiters can be found before the task's word says that it waits
 * mutant NORELOOK: the locks are let go between the look for a partner and the queueing
 * mutant NOLEAVE: a task does not take its other waiters out
 * mutant NOTGONE: the waiter that won is taken out once more
 * mutant LOCKORDER: locks are waited for in the array's order
 * mutant CLOSEHALF: a close tells the senders alone
 * mutant NODISARM: a wait's end leaves the deadline's sleeper in the heap
 * mutant FREENOW -DSCENE=2: chanfree does not wait for those that have yet to come by
 * mutant NOCOUNT -DSCENE=2: a dead waiter is taken out and not counted in nleave
 */
#define NPROC	3
#define NTASK	4
#include "task.pml"
#ifndef SCENE
#define SCENE	1
#endif
#ifndef NEL
#define NEL	0
#endif

#define ALTER	1	/* the task that has the deadline, and is interrupted */

#define CHANNOP	0
#define CHANSND	1
#define CHANRCV	2

#define sendq(c)	q[2*(c)]
#define recvq(c)	q[2*(c) + 1]
#define ownq(c, op)	q[2*(c) + (op) - 1]
#define nel(c)	((c) == 0 -> NEL : 0)
#define bit(v)	(1 << (v))

bool lk[2];
bool closed[2];
bool freed[2];
bool destroyed[2];
byte nleave[2];
byte n[2];
byte buf[2];
chan q[4] = [4] of { byte };	/* of waiters */

bool frame[NTASK];	/* the task's waiters lie in a frame that is there */
bool queued[2*NTASK];
byte v[2*NTASK];	/* of a sender: the message; of a receiver: nil, then the message */
byte which[NTASK];

bool deadline[NTASK];	/* the task has one ... */
bool past;	/* ... which has passed */
bool heaplk;
bool armed[NTASK];	/* its sleeper is in the heap */
bool sleeper[NTASK];	/* and lies in a frame that is there */

/* what the monitor looks at: sets of messages and of tasks */
byte sent;
byte got;
byte ended;
byte nbegun;	/* operations that are past their first look at the channels */

inline l9lock(c) {
	atomic { !lk[c] -> assert(!destroyed[c]); lk[c] = true }
}

inline l9unlock(c) {
	atomic { assert(!destroyed[c]); lk[c] = false }
}

/* w: the first waiter that could be claimed, taken out; or nil */
inline l9claimfirst(c, Q) {
	do
	:: atomic { empty(Q) -> w = nil; break }
	:: atomic {
		Q?w ->
		assert(frame[w/2] && queued[w]);
		queued[w] = false
	   };
#ifdef UNLOCKFIRST
	   l9unlock(c);
#endif
	   claim(w/2, won);
#ifdef UNLOCKFIRST
	   l9lock(c);
#endif
	   atomic {
		if
		:: won -> which[w/2] = w%2; break
#ifdef NOCOUNT
		:: else
#else
		:: else -> nleave[c]++
#endif
		fi
	   }
	od
}

/* l9chanmove, from or to the frame of waiter x */
inline move(to, from, x) {
	assert(frame[(x)/2]);
	to = from
}

/* entry i, whose channel is locked.  r: its result, or 0; peer: to be made ready */
inline perform() {
	if
	:: op[i] == CHANSND && closed[c[i]] -> r = Wclosed
	:: op[i] == CHANSND && !closed[c[i]] ->
#ifdef COPYFIRST
		if
		:: nempty(recvq(c[i])) -> recvq(c[i])?<w>; move(v[w], msg, w)
		:: empty(recvq(c[i]))
		fi;
#endif
		l9claimfirst(c[i], recvq(c[i]));
		atomic {
			if
			:: w != nil -> move(v[w], msg, w); r = Wdone
			:: w == nil && n[c[i]] < nel(c[i]) -> buf[c[i]] = msg; n[c[i]]++; r = Wdone
			:: else
			fi
		}
	:: op[i] == CHANRCV ->
		l9claimfirst(c[i], sendq(c[i]));
		atomic {
			if
			:: n[c[i]] > 0 ->
				val = buf[c[i]];
				if
				:: w != nil -> move(buf[c[i]], v[w], w)
				:: else -> n[c[i]]--
				fi;
				r = Wdone
			:: n[c[i]] == 0 && w != nil -> move(val, v[w], w); r = Wdone
			:: n[c[i]] == 0 && w == nil && closed[c[i]] -> r = Wclosed
			:: else
			fi
		}
	:: op[i] == CHANNOP
	fi;
	if
	:: w != nil -> why[w/2] = Wdone; peer = w/2; w = nil
	:: else
	fi
}

inline trylock(c) {
	atomic { assert(!destroyed[c]); won = !lk[c]; lk[c] = true }
}

/* lockfree, and locksorted where that fails.  The lock of a single entry is waited for */
inline lockall() {
	if
	:: op[1] == CHANNOP -> l9lock(c[0])
	:: else ->
#ifdef LOCKORDER
		l9lock(c[0]);
		l9lock(c[1])
#else
		trylock(c[0]);
		if
		:: won ->
			trylock(c[1]);
			if
			:: !won -> l9unlock(c[0])
			:: else
			fi
		:: else
		fi;
		if
		:: !won -> l9lock(0); l9lock(1)
		:: else
		fi
#endif
	fi
}

inline unlockall() {
	l9unlock(c[0]);
	if
	:: op[1] != CHANNOP -> l9unlock(c[1])
	:: else
	fi
}

/* any ready entry is as good as the other */
inline tryall() {
	if
	:: i = 0
	:: op[1] != CHANNOP -> i = 1
	fi;
	perform();
	if
	:: r == 0 -> i = 1 - i; perform()
	:: else
	fi
}

/* queue on each channel and free its lock */
inline enqueue() {
	i = 0;
	do
	:: i < 2 && op[i] != CHANNOP ->
		atomic {
			assert(!queued[2*t+i]);
			frame[t] = true;
			queued[2*t+i] = true;
			v[2*t+i] = (op[i] == CHANSND -> msg : nil);
			ownq(c[i], op[i])!2*t+i
		};
		l9unlock(c[i]);
		i++
	:: else -> break
	od;
	nbegun++
}

inline l9chandestroy(c) {
	atomic { assert(freed[c] && !destroyed[c] && empty(sendq(c)) && empty(recvq(c))); destroyed[c] = true }
}

inline l9chanleave(i) {
	l9lock(c[i]);
	atomic {
		if
		:: queued[2*t+i] -> ownq(c[i], op[i])??eval(2*t+i); queued[2*t+i] = false
		:: else -> assert(nleave[c[i]] > 0); nleave[c[i]]--
		fi;
		won = freed[c[i]] && nleave[c[i]] == 0
	};
	l9unlock(c[i]);
	if
	:: won -> l9chandestroy(c[i])
	:: else
	fi
}

/* take all out but the winner, which whoever claimed it took out */
inline leave() {
	i = 0;
	do
	:: i < 2 && op[i] != CHANNOP ->
		if
#ifndef NOTGONE
		:: r < Wtimeout && i == which[t]
#endif
#ifdef NOLEAVE
		:: r < Wtimeout && i != which[t]
#endif
		:: else -> l9chanleave(i)
		fi;
		i++
	:: else -> break
	od
}

inline arm() {
	atomic { deadline[t] && !heaplk -> heaplk = true; armed[t] = true; sleeper[t] = true };
	heaplk = false
}

inline disarm() {
	atomic { !heaplk -> heaplk = true; armed[t] = false };
	heaplk = false
}

/* l9wait or waitdeadline, then what is left of the waiters.  r: why */
inline await() {
	if
	:: deadline[t] -> arm()
	:: else
	fi;
	l9sched(t);
#ifndef NODISARM
	if
	:: deadline[t] -> disarm()
	:: else
	fi;
#endif
	sleeper[t] = false;
	r = why[t];
	leave();
	atomic {
		if
		:: r == Wdone && op[which[t]] == CHANRCV -> val = v[2*t+which[t]]
		:: else
		fi;
		i = which[t];
		/* the entries that were not done are as they were */
		assert(r == Wdone || op[0] != CHANRCV || v[2*t] == nil);
		assert(op[1-i] != CHANRCV || v[2*t+1-i] == nil);
		frame[t] = false
	}
}

/* one operation; then r, and val if something was received */
inline alt() {
	r = 0;
	lockall();
	tryall();
	if
	:: r != 0 -> unlockall(); nbegun++
	:: else ->
#ifdef NORELOOK
		unlockall();
		lockall();
#endif
#ifdef LATEWAIT
		enqueue();
		beginwait(t, 0, r);
#else
		if
		:: deadline[t] && past -> r = Wdeadline
		:: else -> beginwait(t, 0, r)
		fi;
		if
		:: r != 0 -> unlockall(); nbegun++
		:: else -> enqueue()
		fi;
#endif
		if
		:: r == 0 -> await()
		:: else
		fi
	fi;
	if
	:: peer != nil -> makeready(peer); peer = nil
	:: else
	fi
}

/* with c's lock: tell everybody in Q; they are made ready later, as a batch */
inline wakeall(c, Q, y) {
	do
	:: l9claimfirst(c, Q);
		if
		:: w == nil -> break
		:: else -> why[w/2] = y; batch = batch | bit(w/2)
		fi
	od
}

inline l9batchready() {
	i = 0;
	do
	:: i < NTASK ->
		if
		:: batch & bit(i) -> makeready(i)
		:: else
		fi;
		i++
	:: else -> break
	od;
	batch = 0
}

inline chanclose(c) {
	l9lock(c);
	closed[c] = true;
	wakeall(c, sendq(c), Wclosed);
#ifndef CLOSEHALF
	wakeall(c, recvq(c), Wclosed);
#endif
	l9unlock(c);
	l9batchready()
}

inline chanfree(c) {
	l9lock(c);
	freed[c] = true;
	wakeall(c, sendq(c), Wfreed);
	wakeall(c, recvq(c), Wfreed);
	won = nleave[c] == 0;
	l9unlock(c);
#ifdef FREENOW
	won = true;
#endif
	if
	:: won -> l9chandestroy(c)
	:: else
	fi;
	l9batchready()
}

/* an operation on one or two channels, up to so many times */
proctype task(byte t, c0, op0, c1, op1, rounds)
{
	byte c[2], op[2], msg, val, i, r, w = nil, peer = nil;
	bool won;

	atomic { c[0] = c0; op[0] = op0; c[1] = c1; op[1] = op1; val = nil };
	taskbegin(t);
	do
	:: rounds > 0 ->
		rounds--;
		msg = t + NTASK*rounds;
		alt();
		atomic {
			if
			:: r == Wdone && op[i] == CHANSND -> sent = sent | bit(msg)
			:: r == Wdone && op[i] == CHANRCV ->
				assert(val != nil && !(got & bit(val)));
				got = got | bit(val);
				val = nil
			:: r == Wintr -> ntaken++
			:: else
			fi;
			assert(!ready[t])
		}
	:: break
	od;
	atomic {
		ended = ended | bit(t);
		nbegun = nbegun + rounds
	};
	taskend(t)
}

proctype closer(byte t)
{
	byte i, w = nil, batch;
	bool won;

#if SCENE == 2
	/* who frees a channel sees to it that nobody begins anything with it any more */
	nbegun == 3;
#endif
	taskbegin(t);
#if SCENE == 2
	chanfree(1);
#else
	if
	:: chanclose(1)
	:: skip
	fi;
#endif
	if
	:: threadint(ALTER, won)
	:: skip
	fi;
	ended = ended | bit(t);
	taskend(t)
}

/* the timer proc, and the time, which may stand still.  Its own model is timer.pml */
active proctype timerproc()
{
	bool won;

	if
	:: past = true
	:: skip
	fi;
	do
	:: atomic { past && armed[ALTER] && !heaplk -> heaplk = true; armed[ALTER] = false };
		assert(sleeper[ALTER]);
		claim(ALTER, won);
		if
		:: won -> assert(sleeper[ALTER]); why[ALTER] = Wdeadline
		:: else
		fi;
		heaplk = false;
		if
		:: won -> makeready(ALTER)
		:: else
		fi
	od
}

#define waits(t)	(word[t] & Wordwait)
#define canclaim(w)	(queued[w] && waits((w)/2))
#define stands(w, Q)	(canclaim(w) && Q??[eval(w)])

/* nothing more happens: is that right? */
inline check() {
	i = 0;
	do
	:: i < NTASK ->
		/* each has ended, or waits with no interrupt pending, and nobody has claimed it */
		assert((ended & bit(i)) || (waits(i) && !(word[i] & Wordint) && !ready[i]));
		/* and stands in all its queues */
		assert((ended & bit(i)) || (queued[2*i] && (queued[2*i+1] || i == 0)));
		i++
	:: else -> break
	od;
	i = 0;
	do
	:: i < 2 ->
		assert(!lk[i] && !heaplk);
		w = 0; senders = 0; receivers = 0;
		do
		:: w < 2*NTASK ->
			if
			:: stands(w, sendq(i)) -> senders = senders | bit(w/2)
			:: stands(w, recvq(i)) -> receivers = receivers | bit(w/2)
			:: else
			fi;
			w++
		:: else -> break
		od;
		/* no deadlock with a ready partner, which another task would be, nor with a buffer, nor after a close */
		assert(senders == 0 || receivers == 0 || senders == receivers);
		assert(senders == 0 || n[i] == nel(i));
		assert(receivers == 0 || n[i] == 0);
		assert(senders + receivers == 0 || (!closed[i] && !freed[i]));
		assert(ended != 15 || freed[i] == destroyed[i]);
		i++
	:: else -> break
	od;
	/* each message once: received, or in the buffer, if its sender was told so; else nowhere */
	assert(n[0] == 0 || !(got & bit(buf[0])));
	assert(sent == (got | (n[0] > 0 -> bit(buf[0]) : 0)));
	/* an interrupt ended one wait, or stays for the next */
	assert(nint == ntaken + (word[ALTER] & Wordint -> 1 : 0))
}

init {
	byte i, w, senders, receivers;

	atomic {
		deadline[ALTER] = true;
#if SCENE == 3
		run task(0, 0, CHANSND, 0, CHANNOP, 2);
		run task(ALTER, 0, CHANRCV, 1, CHANRCV, 2);
#else
		run task(0, 0, CHANSND, 0, CHANNOP, 1);
		run task(ALTER, 0, CHANRCV, 1, CHANRCV, 1);
#endif
		run task(2, 1, CHANSND, 0, CHANSND, 1);
		run closer(3)
	};
	timeout ->
	d_step { check() }
}
