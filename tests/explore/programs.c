#include "explore.h"
#include "programs.h"

const Program programs[] = {
	{"random", "random calls on channels and tasks; the channels are closed in the end", randomclose, false, false},
	{"randomfree", "the same, and the channels are freed while others wait", randomfree, true, false},

	{"altalt", "two alts that each offer what the other wants, and a third", altalt, false, false},
	{"closerace", "close against send and recv", closerace, false, false},
	{"deadline", "deadlines against the partner", deadline, false, false},
	{"freewait", "chanfree against interrupt, kill, deadline and a partner elsewhere", freewait, true, false},
	{"intsend", "threadint against the partner", intsend, false, false},
	{"killrecv", "threadkill of one of two receivers against a sender", killrecv, false, false},
	{"owned", "two of one proc against a third, and threadint", owned, false, false},
	{"ownedalt", "alts of one proc, others come to its channels", ownedalt, false, false},
	{"ownedint", "threadint and threadkill of one who waits where only that ends it", ownedint, false, false},
	{"ownedmany", "two of one proc on four channels, two others come to each", ownedmany, false, false},

	{"deadlock", "everybody waits, and the library says so", deadlock, false, true},
	{"detach", "threaddetach against join and exit", detach, false, false},
	{"group", "threadintgrp, threadkillgrp and threadjoingrp while members begin and end", group, false, false},
	{"joinexit", "three joins against exit", joinexit, false, false},
	{"parallel", "threadkill of threadpar's caller and of a part", parallel, false, false},
	{"procend", "tasks are started where the last one ends", procend, false, false},
	{"suspend", "threadsuspend, resume and kill of one that runs, waits and ends", suspend, false, false},
	{"wakend", "who is woken ends, and its proc with it", wakend, false, false},

	{"lockint", "threadint of one who waits for a lock", lockint, false, false},
	{"lockkill", "threadkill of a waiter against qunlock", lockkill, false, false},
	{"locks", "qlock and qlockuntil exclude", locks, false, false},
	{"readwrite", "rlock and wlockuntil", readwrite, false, false},
	{"rendezvous", "rsleep, rsleepuntil and rwakeup", rendezvous, false, false},
	{"semakill", "threadkill of a waiter against semrelease", semakill, false, false},
	{"together", "barrierwait against threadint, and wgwait", together, false, false},
	{"writekill", "threadkill of a writer that waits, and the reader behind it", writekill, false, false},

	{"helpers", "iocall of several tasks", helpers, false, false},
	{"sleepint", "threadint against the end of a sleep", sleepint, false, false},
	{"tick", "timerreset of a ticker that ticks", tick, false, false},
	{"timercancel", "timerstop against the timer", timercancel, false, false},
};
const int nprogram = sizeof programs/sizeof programs[0];
