/*
 * One task ends another's wait, or its life, by a bit in its word: wait.c.
 * The exchange is also the look-up's proof that the word is still that id's.
 */
#include "hot.h"

static int
nosuch(void)
{
	return l9err(ESRCH, "no such thread");
}

/* the live task of an id and its word; nil: none */
Task*
l9idword(int id, uint64_t *w)
{
	Task *t;

	t = l9idtask(id);
	if(t == nil)
		return nil;
	*w = ldrlx(&t->word);
	return l9isid(*w, id)? t: nil;
}

/*
 * bit was left in the word of the live task with this id, which did not wait as
 * far as that showed.  If it waits all the same: claim it, to end with why.
 */
static void
endshown(int id, uint64_t bit, uint64_t holds, int why)
{
	Task *t;
	uint64_t w;

	if(!l9showwait(id) || (t = l9idword(id, &w)) == nil)
		return;
	do
		/* what was left is taken by now, or left for later */
		if(!l9isid(w, id) || !(w & bit) || (w & (Wordwait|holds)) != Wordwait)
			return;
	while(!casar(&t->word, &w, w & ~(uint64_t)(Wordstate|Wordint)));
	t->why = why;
	makeready(t);
}

int
threadint(int id)
{
	Task *t;
	uint64_t w, new;
	bool claim;

	t = l9idword(id, &w);
	if(t == nil)
		return nosuch();
	do{
		if(!l9isid(w, id))
			return nosuch();
		claim = (w & (Wordwait|Wordnoint)) == Wordwait;
		new = claim? w & ~(uint64_t)Wordstate: w | Wordint;
	/* acquire as in l9claim; release pairs with l9waitbegin */
	}while(!casar(&t->word, &w, new));
	if(claim){
		t->why = Wintr;
		makeready(t);
	}else if(!(w & Wordwait))
		endshown(id, Wordint, Wordnoint, Wintr);
	return 0;
}

/*
 * A task that was suspended when it would have run is in no queue: whoever
 * takes Wordheld away puts it back in one.
 */
int
threadkill(int id)
{
	Task *t;
	uint64_t w, new;
	bool claim;

	t = l9idword(id, &w);
	if(t == nil)
		return nosuch();
	do{
		if(!l9isid(w, id))
			return nosuch();
		claim = (w & (Wordwait|Wordnokill)) == Wordwait;
		new = (w | Wordkill) & ~(uint64_t)(Wordsusp|Wordheld);
		if(claim)
			new &= ~(uint64_t)Wordstate;
	/* acquire as in l9claim, and with l9held; release pairs with l9waitbegin */
	}while(!casar(&t->word, &w, new));
	if(claim)
		t->why = Wkilled;
	if(claim || (w & Wordheld))
		makeready(t);
	else if(!(w & Wordwait))
		endshown(id, Wordkill, Wordnokill, Wkilled);
	return 0;
}

int
threadsuspend(int id)
{
	Task *t;
	uint64_t w;

	t = l9idword(id, &w);
	if(t == nil)
		return nosuch();
	do
		if(!l9isid(w, id))
			return nosuch();
	/* no data goes with this bit: the word is just never exchanged in a weaker way */
	while(!casar(&t->word, &w, w | Wordsusp));
	if(l9proc != nil && t == l9proc->cur){
		runput(l9proc, t);
		l9sched();
		l9checkkill(t);
	}
	return 0;
}

int
threadresume(int id)
{
	Task *t;
	uint64_t w;

	t = l9idword(id, &w);
	if(t == nil)
		return nosuch();
	do{
		if(!l9isid(w, id))
			return nosuch();
		if(!(w & Wordsusp))
			return l9err(EINVAL, "not suspended");
	/* acquire pairs with l9held: its proc has put the task aside */
	}while(!casar(&t->word, &w, w & ~(uint64_t)(Wordsusp|Wordheld)));
	if(w & Wordheld)
		makeready(t);
	return 0;
}

/* t, which its proc was about to run, is suspended: it is put aside */
bool
l9held(Task *t)
{
	uint64_t w;

	w = ldrlx(&t->word);
	do
		if(!(w & Wordsusp))
			return false;
	/* release pairs with threadresume and threadkill: they may put it in a queue again */
	while(!casar(&t->word, &w, w | Wordheld));
	return true;
}

int
threadgetgrp(void)
{
	return ldrlx(&l9cur()->group);
}

int
threadsetgrp(int grp)
{
	Task *t;
	int old;

	t = l9cur();
	old = ldrlx(&t->group);
	strlx(&t->group, grp);
	return old;
}

typedef struct Groupcall Groupcall;
struct Groupcall
{
	int	grp;
	int	(*call)(int);
	int	n;
};

static void
callmember(Task *t, int id, void *v)
{
	Groupcall *g;

	g = v;
	if(ldrlx(&t->group) == g->grp && g->call(id) == 0)
		g->n++;
}

static int
callgroup(int grp, int (*call)(int))
{
	Groupcall g;

	g = (Groupcall){grp, call, 0};
	l9eachtask(callmember, &g);
	return g.n;
}

int
threadintgrp(int grp)
{
	return callgroup(grp, threadint);
}

int
threadkillgrp(int grp)
{
	return callgroup(grp, threadkill);
}
