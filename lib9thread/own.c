/*
 * Channels that one proc alone uses.
 *
 * To lock a channel and to claim a task are atomic exchanges, and those
 * are more than half of what a message costs where both sides are tasks of
 * one proc (bench/README.md).  There they are for nobody: tasks of one proc do not
 * run at the same time.  So a channel that was used by one proc alone for a
 * while becomes that proc's own, until another comes.
 *
 * The owner touches what is its own inside a section (enterown and leaveown,
 * hot.h), without any atomic exchange:
 *
 *	owner				another proc
 *	inside = 1			lock stoplk
 *	  (a store that may be late)	stopped = 1
 *	is stopped 0?			l9barrier
 *	...				wait until inside is 0
 *	inside = 0			...
 *					stopped = 0, unlock stoplk
 *
 * The store and the load of each side may pass each other in a CPU, and both
 * would think themselves alone.  A fence between them costs the owner what the
 * exchange did.  So the other pays for both: l9barrier has every CPU that
 * runs this process pass a fence.  Either the owner has looked at stopped
 * before that, and then inside is seen; or it looks after it, and sees stopped.
 *
 * What is a proc's own, and touched inside its section alone, or by
 * whoever has stopped it:
 *	a channel whose owner it is, but for owner itself, which is nil or
 *	the proc.  It is set with the channel's lock held, and cleared with that
 *	and the proc stopped
 *	Task.local of its tasks: the task waits, all its records are in channels
 *	that are the proc's own, and its word does not say so
 *
 * One that is about to be stopped may be inside and wait for a channel's
 * lock (alt).  So nobody stops a proc with such a lock held, or from inside
 * a section of its own.
 */
#include "chan.h"

bool l9canown;

void
l9owninit(void)
{
	l9canown = l9barrierinit() == 0;
}

/* the running proc has entered, and another has stopped it: be inside once it is let go */
void
l9enterslow(Proc *p)
{
	do{
		leaveown(p);
		l9lock(&p->stoplk);
		l9unlock(&p->stoplk);
		strlx(&p->inside, 1);
		ownfence();
	}while(ldacq(&p->stopped) != 0);
}

/* keep p, which is not the running one, out of its section until l9letgo */
void
l9stop(Proc *p)
{
	int i;

	l9lock(&p->stoplk);
	strlx(&p->stopped, 1);
	l9barrier();
	/* acquire pairs with leaveown */
	for(i = 0; ldacq(&p->inside) != 0; i++)
		l9spinpause(i);
}

void
l9letgo(Proc *p)
{
	/* release pairs with enterown */
	strel(&p->stopped, 0);
	l9unlock(&p->stoplk);
}

/* inside t's proc's section, or with that stopped: if t waits let everybody see that.  True: it did not show */
static bool
show(Task *t)
{
	if(!ldrlx(&t->local))
		return false;
	strlx(&t->local, false);
	/* release: as beginwait's */
	orrel(&t->word, Wordwait);
	return true;
}

static void
showall(Waitq *q)
{
	Waiter *w;

	for(w = q->first; w != nil; w = w->next)
		show(w->task);
}

/*
 * With c->lk held and again at the end: c is another proc's own, and is
 * nobody's from now on.
 */
void
l9chanshare(Channel *c)
{
	Proc *o;

	while((o = ldrlx(&c->owner)) != nil){
		l9unlock(&c->lk);
		l9stop(o);
		l9lock(&c->lk);
		if(ldrlx(&c->owner) == o){
			showall(&c->sendq);
			showall(&c->recvq);
			c->shared = true;
			strlx(&c->owner, nil);
		}
		l9letgo(o);
	}
}

/* with c->lk held, by p, which has used c alone for a while: from now on it need not lock c */
void
l9chanown(Channel *c, Proc *p)
{
	c->nsame = 0;
	/* those who wait would have to be looked at one by one */
	if(!l9canown || p == nil || c->shared || c->sendq.first != nil || c->recvq.first != nil)
		return;
	if(!ldrlx(&p->owns)){
		strlx(&p->owns, true);
		/* before a first task waits unseen; pairs with l9showwait */
		fencesc();
	}
	strlx(&c->owner, p);
}

/*
 * The caller has left something in the word of the task with this id, which
 * a wait that does not show there may have missed: let it show.  True: that was so.
 */
bool
l9showwait(int id)
{
	Proc *p;
	Task *t;
	bool shown;

	/* the caller's exchange before the look at owns: pairs with l9chanown */
	fencesc();
	t = l9pin(id);
	if(t == nil)
		return false;
	p = t->proc;
	shown = false;
	if(p == l9proc){
		enterown(p);
		shown = show(t);
		leaveown(p);
	}else if(ldrlx(&p->owns)){
		l9stop(p);
		shown = show(t);
		l9letgo(p);
	}
	l9unpin(t);
	return shown;
}
