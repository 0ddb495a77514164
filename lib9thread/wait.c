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

	w = ldrlx(&t->word);
	for(;;){
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
	atomic_fetch_or_explicit(&t->word, Wordint, memory_order_release);
}

int
l9wait(Task *t)
{
	l9sched();
	return t->why;
}

int
threadint(int id)
{
	Task *t;
	uint64_t w, new;
	bool claim;

	t = l9idtask(id);
	if(t == nil)
		return l9err(ESRCH, "no such thread");
	w = ldrlx(&t->word);
	do{
		if((uint32_t)(w>>32) != (uint32_t)id)
			return l9err(ESRCH, "no such thread");
		claim = (w & Wordstate) == Wordwait;
		new = claim? w & ~(uint64_t)Wordstate: w | Wordint;
	/* acquire as in l9claim; release pairs with l9waitbegin */
	}while(!casar(&t->word, &w, new));
	if(claim){
		t->why = Wintr;
		l9ready(t);
	}
	return 0;
}
