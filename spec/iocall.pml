/*
 * iocall: a task has a helper make two calls; meanwhile the Ioproc is
 * interrupted, perhaps closed, and the task interrupted.
 *
 * mirrors ioproc/helper.c: kick, kickagain, cancel, armagain, run, consume, serve, helpermain
 * mirrors ioproc/helper.c: l9helperint, l9helperclose, waitout, l9helpercall
 * mirrors ioproc/ioimpl.h: L9RETRY
 *
 * The first call blocks until data comes, which may be never; the second can
 * always end.  A signal that was sent is delivered at some later moment; it
 * ends a system call only if the helper is in one.  The timer fires whenever
 * it likes; in LIVE only when nothing else moves, so that it cannot keep the
 * helper from its lock for ever, which the doubled delays see to.  Time and
 * the heap are timer.pml.  A deadline ends the wait as an interrupt does.
 *
 * quick an interrupt ends its call and no other, and is not lost:
 * full the same, with a close: -DCLOSE
 * full-live an interrupted call ends, however early the signal came:
 *
 * mutant NOAGAIN: the signal is sent once
 * mutant NOCONSUME: a helper does not take what is pending before it goes on
 * mutant SENTEARLY: whether a signal was sent is looked at before running is cleared
 * mutant KICKALWAYS: the signal is sent to a helper that is in no call
 * mutant NOWAITOUT: an interrupted caller does not wait until the helper let go
 * mutant UNLOCKEDCLAIM: the helper claims the caller without its lock
 * mutant DONEFIRST: done is set before the results are there
 * mutant NOINTAGAIN: an interrupt that came too late is forgotten
 * mutant ARMTWICE: a second interrupt arms the sleeper again
 * mutant OLDCANCEL: cancel is not cleared for the next call
 * mutant NOCANCEL: the caller's interrupt is not passed on to the helper
 */
#define NPROC	3
#define NTASK	1
#include "task.pml"

#define Ok	1
#define EINTR	2
#define EPIPE	3
#define caller	0
#define waits	(word[caller] & Wordwait)

/* Call, in a frame of the caller: that of its call number `frame' */
byte frame;	/* 0: none is there */
bool cancel_;
bool done;
byte ret;

/* Helper */
bool lk;
byte call;	/* the number of the call that is posted and not done, or 0 */
bool running;
bool refuse;
bool again;
bool sent;
bool posted;

/* the helper's OS thread and the kernel */
bool pending;	/* a signal, for this thread */
bool insys;
bool eintr;	/* the system call is to end */
bool data;	/* the first call would not block any more */

bool heaplk;
bool inheap;	/* the helper's sleeper */

byte hit;	/* the calls that an interrupt was meant for: bit n is call n's */

inline l9lock() {
	atomic { !lk -> lk = true }
}

inline l9unlock() {
	lk = false
}

inline kick() {
	atomic { pending = true; sent = true }
}

/* with lk; arm: armagain must follow */
inline cancel() {
	assert(frame == call);
	hit = hit | (1 << call);
	if
	:: cancel_ -> arm = false
	:: else ->
		cancel_ = true;
		if
#ifdef KICKALWAYS
		:: kick()
#else
		:: running -> kick()
		:: else
#endif
		fi;
#ifdef ARMTWICE
		arm = true;
#else
		arm = !again;
#endif
		again = true
	fi
#ifdef NOAGAIN
	; arm = false; again = false
#endif
}

inline armagain() {
	if
	:: arm ->
		/* nobody else touches the sleeper */
		assert(!inheap);
		atomic { !heaplk -> assert(!inheap); inheap = true };
		arm = false
	:: else
	fi
}

#ifdef LIVE
#define timegoes	timeout
#else
#define timegoes	true
#endif

/* kickagain, called with the heap's lock */
active proctype timerproc()
{
	bool need;

	do
	:: atomic { timegoes && inheap && !heaplk -> heaplk = true; inheap = false };
		l9lock();
		atomic {
			need = false;
			if
			:: call != 0 -> assert(frame == call); need = cancel_
			:: else
			fi
		};
		if
		:: need && running -> kick()
		:: else
		fi;
		again = need;
		l9unlock();
		atomic { assert(!inheap || !need); inheap = inheap || need; heaplk = false; need = false }
	od
}

/* delivers signals, and data, or none */
active proctype kernel()
{
	do
	:: atomic { pending -> pending = false; eintr = insys }
	:: atomic { !data -> data = true }; break
	:: break
	od;
	do
	:: atomic { pending -> pending = false; eintr = insys }
	od
}

/* the helper's r = x in L9RETRY: a system call.  An EINTR that the call was not meant to have is the bug */
inline syscall(r) {
	do
	:: insys = true;
		if
		:: atomic { eintr -> eintr = false; insys = false; r = EINTR }
		:: atomic { (c == 2 || data) && !eintr -> insys = false; r = Ok }
		fi;
		if
		:: r == EINTR ->
			assert(hit & (1 << c));
			l9lock();
			won = cancel_;
			l9unlock();
			if
			:: won -> break
			:: else
			fi
		:: else -> break
		fi
	od
}

active proctype helper()
{
	byte c, r;
	bool was, won;

	do
	:: atomic { posted -> posted = false };
		l9lock();
		atomic {
			c = call;
			assert(c != 0 && frame == c);
			running = !cancel_
		};
		l9unlock();
		if
		:: running -> syscall(r)
		:: else -> r = EINTR
		fi;
#ifdef SENTEARLY
		l9lock();
		was = sent;
		sent = false;
		l9unlock();
#endif
#ifndef DONEFIRST
		assert(frame == c);
		ret = r;
#endif
		l9lock();
		running = false;
#ifndef SENTEARLY
		was = sent;
		sent = false;
#endif
		l9unlock();
#ifndef NOCONSUME
		if
		:: was -> pending = false
		:: else
		fi;
#endif
		l9lock();
		call = 0;
		assert(frame == c);
		done = true;
#ifdef UNLOCKEDCLAIM
		l9unlock();
#endif
#ifdef DONEFIRST
		l9unlock();
		assert(frame == c);
		ret = r;
		l9lock();
#endif
		claim(caller, won);
		if
		:: won -> why[caller] = Wdone
		:: else
		fi;
#ifndef UNLOCKEDCLAIM
		l9unlock();
#endif
		if
		:: won -> makeready(caller)
		:: else
		fi;
		atomic { c = 0; r = 0; was = false; won = false }
	od
}

inline waitout() {
	l9lock();
	won = done;
	if
	:: !won ->
#ifndef NOCANCEL
		cancel();
#endif
		beginwait(caller, Wordnoint, r)
	:: else
	fi;
	l9unlock();
	armagain();
	if
	:: !won -> l9sched(caller)
	:: else
	fi
}

/* call number n; r: its result */
inline l9helpercall(n) {
	atomic {
		frame = n;
		done = false;
		ret = 0;
#ifdef OLDCANCEL
		cancel_ = cancel_ && n > 1
#else
		cancel_ = false
#endif
	};
	l9lock();
	if
	:: refuse -> l9unlock(); r = EPIPE
	:: else ->
		beginwait(caller, 0, y);
		if
		:: y != 0 -> l9unlock(); r = EINTR; ntaken++
		:: else ->
			call = n;
			l9unlock();
			posted = true;
			l9sched(caller);
			y = why[caller];
			assert(y != Wdone || done);
#ifndef NOWAITOUT
			if
			:: y != Wdone -> waitout()
			:: else
			fi;
			assert(done && ret != 0);
#endif
			r = ret;
			if
			:: y == Wintr && r == EINTR -> ntaken++
#ifndef NOINTAGAIN
			:: y == Wintr && r != EINTR -> word[caller] = word[caller] | Wordint
#endif
			:: else
			fi
		fi
	fi;
	atomic {
		assert(r != EINTR || y == Wintr || (hit & (1 << n)));
		assert(!ready[caller] && !waits);
		frame = 0; r = 0; y = 0
	}
}

active proctype task()
{
	byte n, r, y;
	bool won, arm;

	taskbegin(caller);
	n = 1;
	do
	:: n <= 2 -> l9helpercall(n); n++
	:: n > 2 -> break
	od;
	taskend(caller)
}

/* l9helperint, twice; the second may be a close */
active proctype interrupter()
{
	byte n;
	bool arm;

	do
	:: n < 2 -> n++;
#ifdef CLOSE
		if
		:: n == 2 -> l9lock(); refuse = true; l9unlock()
		:: else
		fi;
#endif
		l9lock();
		if
		:: call != 0 -> cancel()
		:: else
		fi;
		l9unlock();
		armagain()
	:: break
	od
}

active proctype threadinter()
{
	bool won;

	threadint(caller, won)
}

#ifdef LIVE
ltl ends { [] ((frame == 1 && cancel_) -> <> (frame != 1)) }
#else
active proctype monitor()
{
	/* nothing more happens */
	timeout ->
	assert(!lk && !heaplk && !pending && !again);
	/* the task has ended, or waits for a call that nobody interrupted */
	assert(frame == 0 || (frame == call && waits && !ready[caller] && !(hit & (1 << call)) && !data && frame == 1));
	assert(nint == ntaken + (word[caller] & Wordint -> 1 : 0))
}
#endif
