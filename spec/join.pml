/*
 * The end of a task, by its id: a Task's memory has two lives; meanwhile one
 * joins the first, one interrupts it, and one makes a task on its proc (pin).
 *
 * mirrors lib9thread/id.c: l9idtask, l9idnew, l9idend, l9pin, l9unpin
 * mirrors lib9thread/join.c: l9joinend, joinlive, joinended, mark, recput, recget
 * mirrors lib9thread/interrupt.c: l9idword, threadint
 * mirrors lib9thread/create.c: createthere
 * mirrors lib9thread/sched.c: uncount, leave, l9runproc
 *
 * The Task is of proc 0 and is alone there in its first life; its second may
 * be on another proc.  A stack that was given back is taken at once.  id 1 is
 * the first life's, id 2 the second's; 0 is none.
 *
 * quick joins, interrupts, pins and the end of a proc:
 * full two joiners: -DJOINERS=2
 *
 * mutant IDFIRST: the id goes before the record of the end is there
 * mutant MARKLATE: the joiner marks the word before it holds joinlk
 * mutant NOMARK: the joiner looks at the id and does not mark the word
 * mutant PLAININT: an interrupt looks at the id and then writes the word
 * mutant NOLOOKAGAIN: an interrupted joiner does not take itself out
 * mutant NOPIN: the task whose proc is used may end meanwhile
 * mutant ENDPINNED: a task ends although it is pinned
 * mutant NOTAKEIN: a proc whose last task ended does not look at its inbox
 * mutant COPYLATE: the status is copied to the joiner after it was made ready
 */
#ifndef JOINERS
#define JOINERS	1
#endif
#define Wordwait	1
#define Wordint	8
#define Wordjoin	128
#define Wordpin	64

/* the Task: its memory */
byte id;	/* the upper half of its word ... */
byte word;	/* ... and the lower */
bool joinlk;
chan joinq = [2] of { byte };

bool record;	/* of the end of id 1, unclaimed */
bool reclk;
byte inbox;	/* proc 0's: tasks pushed */
bool procended;

/* joiners */
bool waiting[2];	/* their claim word */
bool ready[2];
byte why[2];
bool frame[2];
byte status[2];

byte statuses;	/* how many have got it */
#define Wdone	1
#define Wintr	6

inline lock(l) {
	atomic { !l -> l = true }
}

inline claim(j, won) {
	atomic { won = waiting[j]; waiting[j] = false }
}

inline recput() {
	lock(reclk);
	record = true;
	reclk = false
}

inline recget(got) {
	lock(reclk);
	atomic { got = record; record = false };
	reclk = false
}

/* the first life ends */
inline l9joinend() {
#ifndef IDFIRST
	recput();
#endif
	/* l9idend */
#ifdef ENDPINNED
	atomic { w = word; word = 0; id = 0 };
#else
	atomic { !(word & Wordpin) -> w = word; word = 0; id = 0 };
#endif
#ifdef IDFIRST
	recput();
#endif
	if
	:: w & Wordjoin ->
		n = 0;
		lock(joinlk);
		do
		:: atomic { joinq?j ->
			assert(frame[j])
		   };
			claim(j, won);
			if
			:: won ->
#ifndef COPYLATE
				assert(frame[j]);
				status[j] = 1;
#endif
				why[j] = Wdone;
				batch = batch | (1 << j);
				n++
			:: else
			fi
		:: empty(joinq) -> break
		od;
		joinlk = false;
		j = 0;
		do
		:: j < 2 ->
			if
			:: batch & (1 << j) ->
				ready[j] = true;
#ifdef COPYLATE
				assert(frame[j]);
				status[j] = 1
#endif
			:: else
			fi;
			j++
		:: else -> break
		od;
		if
		:: n > 0 -> recget(won)
		:: else
		fi
	:: else
	fi
}

proctype proc0()
{
	byte ntask = 1, w, j, n, batch;
	bool won;

	/* the task runs, and ends */
	l9joinend();
	/* uncount, leave */
	ntask--;
	if
#ifndef NOTAKEIN
	:: ntask == 0 && inbox > 0 -> ntask = ntask + inbox; inbox = 0
#endif
	:: else
	fi;
	/* the stack is free: another life begins in it, of a task of any proc */
	atomic { word = 0; id = 2 };
	/* l9runproc: what came runs, and ends */
	do
	:: ntask > 0 -> ntask--;
		if
		:: ntask == 0 && inbox > 0 -> ntask = ntask + inbox; inbox = 0
		:: else
		fi
	:: ntask == 0 -> break
	od;
	procended = true
}

/* threadint(1), the word being exchanged with its id */
proctype interrupter()
{
	bool found;

	/* l9idtask, l9idword */
	found = id == 1;
#ifdef PLAININT
	if
	:: found -> word = word | Wordint
	:: else
	fi
#else
	atomic {
		if
		:: found && id == 1 -> word = word | Wordint
		:: else
		fi
	}
#endif
}

/* threadcreatex with proc: the id of the task */
proctype creator()
{
	bool pinned;

	/* l9idproc was earlier; l9pin */
	if
	:: id == 1 ->
#ifdef NOPIN
		pinned = id == 1;
#else
		/* its end spins while the bit is set, as does another who wants it */
		atomic {
			if
			:: id == 1 && !(word & Wordpin) -> word = word | Wordpin; pinned = true
			:: id != 1
			fi
		};
#endif
		if
		:: pinned ->
			/* l9push */
			atomic { assert(!procended); inbox++ };
#ifndef NOPIN
			atomic { assert(id == 1); word = word & ~Wordpin }
#endif
		:: else
		fi
	:: else
	fi
}

inline joinended() {
	recget(won);
	statuses = statuses + (won -> 1 : 0);
	/* ESRCH: somebody else has got it */
	assert(won || statuses > 0 || lost)
}

/* threadjoin(1) */
proctype joiner(byte j)
{
	bool won, lost;
	byte y;

	lost = JOINERS > 1;
	if
	:: id != 1 -> joinended()
	:: else ->
#ifdef MARKLATE
		atomic {
			won = id == 1;
			word = (won -> word | Wordjoin : word)
		};
		lock(joinlk);
#else
		lock(joinlk);
		atomic {
			won = id == 1;
#ifndef NOMARK
			word = (won -> word | Wordjoin : word)
#endif
		};
#endif
		if
		:: !won -> joinlk = false; joinended()
		:: else ->
			atomic { waiting[j] = true; frame[j] = true; joinq!j };
			joinlk = false;
			atomic { ready[j] -> ready[j] = false };
			y = why[j];
			if
			:: y == Wdone -> assert(status[j] == 1); statuses++
			:: else ->
#ifndef NOLOOKAGAIN
				lock(joinlk);
				if
				:: joinq??eval(j)
				:: !(joinq??[eval(j)])
				fi;
				joinlk = false
#endif
			fi;
			frame[j] = false
		fi
	fi;
	waiting[j] = false
}

/* the joiner's wait may be interrupted */
proctype jointerrupter()
{
	bool won;

	if
	:: claim(0, won)
	:: skip
	fi;
	if
	:: won -> why[0] = Wintr; ready[0] = true
	:: else
	fi
}

init {
	atomic {
		id = 1;
		run proc0();
		run interrupter();
		run creator();
		run joiner(0);
#if JOINERS > 1
		run joiner(1);
#endif
		run jointerrupter()
	};
	timeout ->
	assert(procended && inbox == 0 && !joinlk && !reclk);
	assert(!waiting[0] && !waiting[1] && empty(joinq));
	/* an interrupt for the first life left nothing in the second */
	assert(word == 0 && id == 2);
	/* the status was had by those who joined, or a record is left, not both */
	assert(!record || statuses == 0);
	assert(record || statuses > 0)
}
