/*
 * What is still there when the program exits.
 *
 * Only channels made while the report is on are known, by records of their
 * own: to know all would have every chancreate and chanfree of all procs take
 * one lock.  Tasks are found by their ids, as for threadinfo.
 */
#include <pthread.h>
#include <stdio.h>

#include "chan.h"

struct Leak
{
	Leak	*next;
	Leak	**prev;
	Channel	*c;
	int	id;		/* who made it */
	char	name[Namelen];
};

static struct {
	_Atomic bool	on;
	pthread_mutex_t	lk;	/* held while the report is written: the channels stay so long */
	bool	registered;	/* lk: with atexit */
	Leak	*first;		/* lk */
} leaks = {.lk = PTHREAD_MUTEX_INITIALIZER};

static void
madeby(Leak *l)
{
	Task *t;

	if(l9proc == nil)
		return;		/* an OS thread of the library's, or one that is yet to be adopted */
	t = l9proc->cur;
	l->id = (int)(ldrlx(&t->word)>>32);
	memcpy(l->name, t->name, sizeof l->name);
}

void
l9leakadd(Channel *c)
{
	Leak *l;

	/* relaxed: whoever turns it on while others make channels misses some */
	if(!ldrlx(&leaks.on))
		return;
	l = calloc(1, sizeof *l);
	if(l == nil)
		return;		/* one leak less in the report */
	l->c = c;
	madeby(l);
	c->leak = l;
	pthread_mutex_lock(&leaks.lk);
	l->next = leaks.first;
	l->prev = &leaks.first;
	if(l->next != nil)
		l->next->prev = &l->next;
	leaks.first = l;
	pthread_mutex_unlock(&leaks.lk);
}

void
l9leakdel(Channel *c)
{
	Leak *l;

	l = c->leak;
	pthread_mutex_lock(&leaks.lk);
	*l->prev = l->next;
	if(l->next != nil)
		l->next->prev = l->prev;
	pthread_mutex_unlock(&leaks.lk);
	free(l);
	c->leak = nil;
}

void
l9chanstays(Channel *c)
{
	if(c->leak != nil)
		l9leakdel(c);
}

/*
 * The report.
 */

static void
heading(void *v)
{
	bool *begun;

	begun = v;
	if(!*begun)
		dprintf(2, "lib9thread: still there at exit:\n");
	*begun = true;
}

static void
reportchan(Leak *l)
{
	Chaninfo i;

	chaninfo(l->c, &i);
	dprintf(2, "channel %p", (void*)l->c);
	if(i.name[0] != '\0')
		dprintf(2, " (%s)", i.name);
	dprintf(2, ": %d elements of %d bytes, %d waiting to send, %d to receive%s", i.n, i.elsize,
		i.senders, i.receivers, i.closed? ", closed": "");
	if(l->id != 0)
		dprintf(2, ", made by thread %d%s%s", l->id, l->name[0] != '\0'? ": ": "", l->name);
	dprintf(2, "\n");
}

static void
report(void)
{
	bool begun;
	Leak *l;

	if(!ldrlx(&leaks.on))
		return;
	begun = false;
	pthread_mutex_lock(&leaks.lk);
	l9leaktasks(heading, &begun);
	for(l = leaks.first; l != nil; l = l->next){
		heading(&begun);
		reportchan(l);
	}
	pthread_mutex_unlock(&leaks.lk);
}

int
threadleaks(int on)
{
	pthread_mutex_lock(&leaks.lk);
	if(on && !leaks.registered)
		leaks.registered = atexit(report) == 0;
	pthread_mutex_unlock(&leaks.lk);
	return atomic_exchange_explicit(&leaks.on, on != 0, memory_order_relaxed);
}
