/*
 * Alt with descriptors among its entries.
 *
 * Which descriptors are ready is asked of poll(2), of all at once and without
 * waiting: it knows what files are always ready, and leaves all as it is.  If
 * nothing is, channels included, the task queues in its channels (alt.c) and then
 * in the line of each descriptor (fd.c), with its proc's poller armed for each.
 * Arming counts what is there already, so nothing is missed that came after poll(2).
 * It is done each time, other than for an io call: a program that uses alt
 * may well read by read(2) and close by close(2), of which fd.c learns nothing.
 *
 * Whoever may end the wait, a channel's partner, a poller, ioclose, a timer, an
 * interrupt, claims the task by its word (upper.h), and so one alone does.
 * The claim of a partner carries a message, and is the commit.  That of a poller
 * carries none: what is in the file stays there.  So an event takes no message
 * from a channel, whose next partner finds others in the queue; nor a descriptor from
 * those who wait for it too, since fd.c arms again for them.
 *
 * An event is no promise, as fd.c says.  So the task looks again, and chooses from
 * all that can proceed by then.  If that is nothing it waits again: at its old place in
 * the lines of the descriptors, but at the end of the channels' queues.
 */
#include <alloca.h>
#include <limits.h>
#include <poll.h>

#include "alt.h"

enum {
	Again = -2,	/* no result: look again */
};

typedef struct Set Set;

/* the descriptors of one call, with its arrays */
struct Set
{
	Round	*r;
	int	n;
	Fdcall	*call;		/* one a descriptor */
	struct pollfd	*p;	/* likewise; revents: it is ready, or is none */
};

static inline Waiter*
waiter(Set *s, int i)
{
	return &s->r->waiter[s->call[i].index];
}

static int
syserr(int e)
{
	return l9err(e, strerror(e));
}

/* the i-th entry's is the next one.  0; -1 with errstr: no memory */
static int
addfd(Set *s, int i, Task *t)
{
	Alt *a;
	Fdcall *c;
	intptr_t v;
	int fd;

	a = &s->r->alt[i];
	v = (intptr_t)a->v;
	fd = v >= 0 && v <= INT_MAX? (int)v: -1;
	c = &s->call[s->n];
	*c = (Fdcall){.d = nil};
	if(l9fdbegin(c, "alt", fd, a->op == CHANFDIN? Fdin: Fdout) < 0){
		if(errno != EBADF)
			return syserr(errno);
		/* a bad one is for look to find, and stays bad for this call */
		fd = -1;
	}
	c->index = i;
	s->p[s->n] = (struct pollfd){.fd = fd, .events = a->op == CHANFDIN? POLLIN: POLLOUT};
	s->n++;
	s->r->waiter[i] = (Waiter){.task = t};
	return 0;
}

static int
addall(Set *s, Task *t)
{
	int i;

	for(i = 0; i < s->r->n; i++)
		if(hasfd(&s->r->alt[i]) && addfd(s, i, t) < 0)
			return -1;
	return 0;
}

/* there is no such file, or no longer */
static bool
isbad(Set *s, int i)
{
	return s->p[i].fd < 0 || s->p[i].revents & POLLNVAL;
}

/* poll(2), of what ioclose has not closed: it waits until that is done.  As poll */
static int
pollall(Set *s)
{
	int i, n;

	for(i = 0; i < s->n; i++)
		if(s->p[i].fd >= 0 && !l9fdhold(&s->call[i]))
			s->p[i].fd = -1;
	do
		n = poll(s->p, (nfds_t)s->n, 0);
	while(n < 0 && errno == EINTR);
	/* backwards: the first of an OS thread's is the one that knows whether it could be cancelled */
	for(i = s->n-1; i >= 0; i--)
		if(s->p[i].fd >= 0)
			l9fdletgo(&s->call[i]);
	return n;
}

/* which are ready; a bad one is, too.  0; -1 with errstr */
static int
look(Set *s)
{
	int i;

	if(pollall(s) < 0)
		return syserr(errno);
	for(i = 0; i < s->n; i++)
		s->r->fdready[s->call[i].index] = s->p[i].revents != 0 || isbad(s, i);
	return 0;
}

/* the entry was chosen: if it is one of a bad descriptor, say so */
static void
blame(Set *s, int entry)
{
	int i;

	for(i = 0; i < s->n; i++)
		if(s->call[i].index == entry && isbad(s, i))
			s->r->alt[entry].err = (char*)(uintptr_t)(s->call[i].d != nil && l9fdgone(&s->call[i])? "closed": "bad descriptor");
}

/* what a report says of the descriptors */
static void
tellwait(Set *s, Task *t)
{
	int i, n;

	for(i = 0; i < s->n && t->nwait <= Nwaitname; i++){
		n = t->nwait++;
		if(n == Nwaitname)
			break;
		t->waitop[n] = (uint8_t)s->r->alt[s->call[i].index].op;
		memcpy(t->waitname[n], &s->p[i].fd, sizeof s->p[i].fd);
	}
}

/* stand in all lines.  0; or why not in that of *i, which is the first that fails: l9fdqueue */
static int
queueall(Set *s, int *i)
{
	int r;

	r = 0;
	for(*i = 0; *i < s->n && r == 0; ++*i)
		r = l9fdqueue(&s->call[*i], waiter(s, *i));
	--*i;
	return r;
}

static void
leaveall(Set *s)
{
	int i;

	for(i = 0; i < s->n; i++)
		l9fdleave(&s->call[i], waiter(s, i));
}

/* ioclose has ended the wait for this entry */
static int
closed(Set *s, int entry)
{
	s->r->alt[entry].err = (char*)(uintptr_t)"closed";
	return entry;
}

/* the i-th descriptor cannot be waited for: r and e, which is an errno value, say why */
static int
refused(Set *s, int i, int r, int e)
{
	if(r == Wclosed)
		return closed(s, s->call[i].index);
	/* it was when we looked: another file, or none, has its number by now */
	if(e == EBADF || e == EPERM)
		return Again;
	return syserr(e);
}

/* t is queued in the channels, and they are unlocked: wait */
static int
await(Set *s, Task *t)
{
	Sleeper tm;
	Round *r;
	bool armed;
	int bad, e, f, why;

	r = s->r;
	armed = false;
	if(r->timeout >= 0){
		tm = (Sleeper){.when = r->deadline, .task = t, .why = Wtimeout};
		armed = l9timer->arm(&tm) == 0;
		if(!armed && claim(t)){
			l9altleave(r);
			return -1;
		}
	}
	f = queueall(s, &bad);
	e = errno;
	if(f != 0 && claim(t))
		why = 0;
	else{
		t->proc->nfdwait++;
		why = endwait(t);
		t->proc->nfdwait--;
	}
	if(armed)
		l9timer->disarm(&tm);
	leaveall(s);
	if(why == 0 || (why < Wtimeout && hasfd(&r->alt[t->which])))
		l9altleave(r);
	else
		return l9altwaited(r, t, why);
	l9maydie(t);
	if(why == 0)
		return refused(s, bad, f, e);
	return why == Wclosed? closed(s, t->which): Again;
}

/* nothing is ready, and the channels are locked */
static int
wait(Set *s, Task *t)
{
	Round *r;
	int i, why;

	r = s->r;
	i = l9altnowait(r);
	if(i >= 0){
		l9altunlock(r);
		return i;
	}
	/* made only now, when it is needed: that takes system calls */
	if(t->proc->poller == nil){
		l9altunlock(r);
		return l9pollmake(t->proc) < 0? syserr(errno): Again;
	}
	why = beginwait(t, Waitint);
	if(why != 0){
		l9altunlock(r);
		return l9errwhy(why);
	}
	l9waiting(t, "alt", r->alt, nil);
	if(r->timeout >= 0)
		t->waituntil = r->deadline;
	l9altqueue(r, t);
	tellwait(s, t);
	return await(s, t);
}

static int
run(Set *s, Task *t)
{
	int i;

	if(addall(s, t) < 0)
		return -1;
	do{
		if(look(s) < 0)
			return -1;
		i = l9altdo(s->r);
		if(i >= 0)
			blame(s, i);
		else
			i = wait(s, t);
	}while(i == Again);
	return i;
}

int
l9altfd(Round *r, Task *t)
{
	Set s;
	int e, i;

	e = errno;
	r->fdready = alloca((size_t)r->n*sizeof r->fdready[0]);
	memset(r->fdready, 0, (size_t)r->n*sizeof r->fdready[0]);
	s = (Set){
		.r = r,
		.call = alloca((size_t)r->nfd*sizeof s.call[0]),
		.p = alloca((size_t)r->nfd*sizeof s.p[0]),
	};
	i = run(&s, t);
	if(i >= 0)
		errno = e;
	return i;
}
