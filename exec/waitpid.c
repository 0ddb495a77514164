/*
 * Waiting for children.
 */
#include <errno.h>
#include <stdlib.h>

#include "execimpl.h"

/*
 * With lk: a message that is there, in *m; else wait for it.  Wdone: it is
 * there; 0: it comes to *m; else there is nothing, and the error's number in
 * *e where it is not an interrupt.
 */
static int
ask(Task *t, int pid, Waitmsg **m, int *e)
{
	Child *c;
	int why;

	c = l9childfind(pid, 0);
	if(c == nil || (!c->ended && c->task != nil)){
		*e = c == nil? ECHILD: EBUSY;
		return -1;
	}
	if(c->ended){
		*m = l9childtake(c);
		return Wdone;
	}
	why = l9waitbegin(t, Waitint);
	if(why == 0){
		l9waitingfor(t, "procwait", "pid %d", pid);
		c->task = t;
		c->slot = m;
	}
	return why;
}

static void
leave(Task *t, int pid)
{
	Child *c;

	pthread_mutex_lock(&l9children.lk);
	c = l9childfind(pid, 0);
	if(c != nil && c->task == t)
		c->task = nil;
	pthread_mutex_unlock(&l9children.lk);
}

/* t was killed after it had got m: it does not run on, but m is freed */
static Waitmsg*
got(Task *t, Waitmsg *m)
{
	if(threadcleanup(free, m) < 0)
		return m;
	l9checkkill(t);
	threaduncleanup(0);
	return m;
}

Waitmsg*
procwait(int pid)
{
	Waitmsg *m;
	Task *t;
	int why, e;

	e = 0;
	t = l9self();
	pthread_mutex_lock(&l9children.lk);
	why = ask(t, pid, &m, &e);
	pthread_mutex_unlock(&l9children.lk);
	if(why == Wdone)
		return m;
	if(why == 0){
		why = l9wait(t);
		if(why == Wdone)
			return got(t, m);
		leave(t, pid);
	}
	if(e == ECHILD)
		l9err(ECHILD, "no such child");
	else if(e == EBUSY)
		l9err(EBUSY, "another thread waits for it");
	else
		l9errwhy(why);
	return nil;
}

/* with lk, and as ask */
static int
askend(Task *t, int pid, uint64_t serial)
{
	Child *c;
	int why;

	c = l9childfind(pid, serial);
	if(c == nil || c->ended)
		return Wdone;
	/* the caller is the program now: what is meant for the caller does not matter, but to kill it */
	why = l9waitbegin(t, Waitnoint);
	if(why == 0){
		l9waitingfor(t, "threadexec", "pid %d", pid);
		c->exec = t;
	}
	return why;
}

/* until the child has ended */
void
l9childawait(int pid, uint64_t serial)
{
	Child *c;
	Task *t;
	int why;

	t = l9self();
	pthread_mutex_lock(&l9children.lk);
	why = askend(t, pid, serial);
	pthread_mutex_unlock(&l9children.lk);
	if(why == 0)
		why = l9wait(t);
	if(why == Wdone)
		return;
	pthread_mutex_lock(&l9children.lk);
	c = l9childfind(pid, serial);
	if(c != nil && c->exec == t)
		c->exec = nil;
	pthread_mutex_unlock(&l9children.lk);
	l9errwhy(why);
}

Channel*
threadwaitchan(void)
{
	Channel *c;

	pthread_mutex_lock(&l9children.lk);
	c = l9children.chan;
	if(c == nil){
		c = l9children.chan = chancreate(sizeof(Waitmsg*), CHANUNBOUNDED);
		if(c != nil){
			l9chancalled(c, "threadwaitchan");
			l9chanstays(c);
		}
	}
	pthread_mutex_unlock(&l9children.lk);
	return c;
}
