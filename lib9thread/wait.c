/*
 * The claim word: upper.h tells how it is used.
 *
 * A task's word is its id and a few bits, so that a stale pointer does no
 * harm: whoever looks a task up by its id exchanges a word with that id in
 * it, and fails if the task has ended and its stack has a new one.
 */
#include "impl.h"

Task*
l9self(void)
{
	return l9cur();
}

int
l9waitbegin(Task *t, int how)
{
	uint64_t w;

	if(t->deadline != INT64_MAX && !(how & Waitnoint) && t->deadline <= l9nsec())
		return Wdeadline;
	w = ldrlx(&t->word);
	for(;;){
		if((w & Wordkill) && !(how & Waitnokill))
			return Wkilled;
		if((w & Wordint) && !(how & Waitnoint)){
			/* acquire: what the interrupter did before */
			if(casar(&t->word, &w, w & ~(uint64_t)Wordint))
				return Wintr;
		/* release: l9setwhy of this wait comes after what self read of the last */
		}else if(casar(&t->word, &w, w | Wordwait | how))
			return 0;
	}
}

int
l9claim(Task *t)
{
	uint64_t w;

	w = ldrlx(&t->word);
	do
		if(!(w & Wordwait))
			return 0;
	/* acquire pairs with l9waitbegin; release with the next one */
	while(!casar(&t->word, &w, w & ~(uint64_t)Wordstate));
	return 1;
}

void
l9setwhy(Task *t, int why)
{
	t->why = why;
}

void
l9intagain(Task *t)
{
	orrel(&t->word, Wordint);
}

/*
 * The task's deadline is one more who may end the wait.  Its sleeper is
 * disarmed before this returns, whoever was first.
 */
static int
waitdeadline(Task *t)
{
	Sleeper s;

	s = (Sleeper){.when = t->deadline, .task = t, .why = Wdeadline};
	/* no timer proc to be had: better no wait than one without end */
	if(l9timer->arm(&s) < 0 && l9claim(t)){
		t->why = Wdeadline;
		return Wdeadline;
	}
	l9sched();
	l9timer->disarm(&s);
	return t->why;
}

int
l9wait(Task *t)
{
	if(t->deadline != INT64_MAX && !(ldrlx(&t->word) & Wordnoint))
		return waitdeadline(t);
	l9sched();
	return t->why;
}
