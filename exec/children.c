/*
 * The table of the children that the library made.
 *
 * The end of one goes to one place: to the task in procwait for it, else to
 * the wait channel, else it is kept for a later procwait.
 *
 * A task that waits is found through the record of its child, and claimed
 * under the lock.  One that an interrupt has woken instead looks for the record
 * again: it may be gone.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "execimpl.h"

Children l9children = {.lk = PTHREAD_MUTEX_INITIALIZER};

static Child**
bucket(int pid)
{
	return &l9children.bucket[(unsigned int)pid % (sizeof l9children.bucket/sizeof l9children.bucket[0])];
}

Child*
l9childfind(int pid, uint64_t serial)
{
	Child *c;

	for(c = *bucket(pid); c != nil; c = c->next)
		if(c->pid == pid && (serial == 0 || c->serial == serial))
			return c;
	return nil;
}

/* with lk */
static void
unhash(Child *c)
{
	Child **l;

	for(l = bucket(c->pid); *l != c; l = &(*l)->next)
		;
	*l = c->next;
}

static void
livedel(Child *c)
{
	*c->prevlive = c->nextlive;
	if(c->nextlive != nil)
		c->nextlive->prevlive = c->prevlive;
	l9children.nlive--;
}

Waitmsg*
l9childtake(Child *c)
{
	Waitmsg *m;

	m = &c->msg->m;
	unhash(c);
	free(c);
	return m;
}

void
l9childfree(Child *c)
{
	free(c->msg);
	free(c);
}

static unsigned long
ms(struct timeval t)
{
	return (unsigned long)t.tv_sec*1000 + (unsigned long)t.tv_usec/1000;
}

/* what the child would have said to exits in Plan 9 */
static void
text(char *s, int status)
{
	const char *name;
	int sig;

	if(WIFEXITED(status)){
		s[0] = '\0';
		if(WEXITSTATUS(status) != 0)
			snprintf(s, Textlen, "%d", WEXITSTATUS(status));
		return;
	}
	sig = WTERMSIG(status);
	name = l9notename(sig);
	if(name != nil)
		snprintf(s, Textlen, "signal: %s%s", name, WCOREDUMP(status)? " (core dumped)": "");
	else
		snprintf(s, Textlen, "signal: sys: signal %d%s", sig, WCOREDUMP(status)? " (core dumped)": "");
}

/*
 * With lk: to the wait channel, in the order of the ends.  It is unbounded and
 * may not be closed: what it refuses there is no memory for, and is kept until
 * there is.
 */
static bool
sendall(void)
{
	Message *m, *next;

	while((m = l9children.unsent) != nil){
		/* before it is sent: who receives it frees it */
		next = m->next;
		if(p9nbsendp(l9children.chan, &m->m) != 1)
			break;
		l9children.unsent = next;
	}
	l9wakers((m != nil) - l9children.waker);
	l9children.waker = m != nil;
	return m == nil;
}

bool
l9childsend(void)
{
	bool all;

	pthread_mutex_lock(&l9children.lk);
	all = sendall();
	pthread_mutex_unlock(&l9children.lk);
	return all;
}

/* with lk: the message's way.  True: it is on it */
static bool
deliver(Child *c, Batch *b)
{
	if(c->task != nil && l9claim(c->task)){
		*c->slot = &c->msg->m;
		l9setwhy(c->task, Wdone);
		l9batchadd(b, c->task);
		return true;
	}
	if(l9children.chan == nil)
		return false;
	c->msg->next = nil;
	if(l9children.unsent == nil)
		l9children.unsent = c->msg;
	else
		l9children.lastunsent->next = c->msg;
	l9children.lastunsent = c->msg;
	sendall();
	return true;
}

/* with lk: c has ended, its msg says how.  True: nobody can find it any more */
static bool
end(Child *c, Batch *b)
{
	bool gone;

	livedel(c);
	gone = deliver(c, b);
	if(gone)
		unhash(c);
	/* after the message is there */
	if(c->exec != nil && l9claim(c->exec)){
		l9setwhy(c->exec, Wdone);
		l9batchadd(b, c->exec);
	}
	c->task = nil;
	c->exec = nil;
	c->ended = true;
	return gone;
}

/* the message of c, as wait4 told */
static void
fill(Child *c, bool known, int status, const struct rusage *ru)
{
	Waitmsg *m;

	m = &c->msg->m;
	m->time[0] = ms(ru->ru_utime);
	m->time[1] = ms(ru->ru_stime);
	m->time[2] = (unsigned long)((l9nsec() - c->start)/Millisecond);
	if(known)
		text(m->msg, status);
	else	/* SIGCHLD is ignored, or the program waits for what it has not made */
		strcpy(m->msg, "lost");
}

/*
 * The lock is held over wait4, which does not block: as soon as it returns the
 * pid may be another child's, and the record must say that this one has ended
 * before that one is put into the table.
 */
bool
l9childreap(Child *c)
{
	Batch b = {nil, nil};
	struct rusage ru;
	int status;
	pid_t r;

	memset(&ru, 0, sizeof ru);
	status = 0;
	pthread_mutex_lock(&l9children.lk);
	r = wait4(c->pid, &status, WNOHANG, &ru);
	if(r == 0){
		pthread_mutex_unlock(&l9children.lk);
		return false;
	}
	fill(c, r == c->pid, status, &ru);
	/* who learns of the end may count descriptors */
	if(c->fd >= 0)
		close(c->fd);
	if(!end(c, &b))
		c = nil;	/* kept: a procwait may take it at any time */
	pthread_mutex_unlock(&l9children.lk);
	free(c);
	l9batchready(&b);
	/* not before: who was woken must be seen to be awake */
	l9wakers(-1);
	return true;
}

Child*
l9childnew(void)
{
	Child *c;
	Message *m;

	if(l9waiterstart() < 0)
		return nil;
	c = calloc(1, sizeof *c);
	m = malloc(sizeof *m);
	if(c == nil || m == nil){
		free(c);
		free(m);
		l9err(ENOMEM, "out of memory");
		return nil;
	}
	m->m.msg = m->text;
	c->msg = m;
	c->start = l9nsec();
	return c;
}

/* with lk: nobody asked for it, and its pid means another child now */
static void
forget(int pid)
{
	Child *c;

	c = l9childfind(pid, 0);
	if(c != nil && c->ended){
		unhash(c);
		l9childfree(c);
	}
}

uint64_t
l9childrun(Child *c, int pid)
{
	uint64_t serial;

	c->pid = pid;
	c->msg->m.pid = pid;
	c->fd = l9above2(l9pidfd(pid));
	l9wakers(1);
	pthread_mutex_lock(&l9children.lk);
	forget(pid);
	serial = c->serial = ++l9children.serial;
	c->next = *bucket(pid);
	*bucket(pid) = c;
	c->nextlive = l9children.live;
	if(c->nextlive != nil)
		c->nextlive->prevlive = &c->nextlive;
	c->prevlive = &l9children.live;
	l9children.live = c;
	l9children.nlive++;
	pthread_mutex_unlock(&l9children.lk);
	/* c may be gone */
	l9waiterwake();
	return serial;
}

