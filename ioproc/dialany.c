/*
 * Connecting to a host that has several addresses, as RFC 8305 has it: they are
 * tried one after the other, those of IPv6 and of IPv4 by turns, each as soon
 * as the one before has failed, or after Delay, while that goes on.  The first
 * that answers is taken, and the others are closed.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "dial.h"

typedef struct Race Race;

enum {
	Maxaddr = 32,		/* so many of a host's addresses are tried, at most */
};

#define Delay	(250*Millisecond)

struct Race
{
	const struct addrinfo	*addr[Maxaddr];	/* in the order in which they are tried */
	int	naddr;
	int	next;		/* the first that was not yet */
	int64_t	when;		/* when it will be, at the latest */
	const Addr	*local;
	/* wait until an attempt has come to its end, or the next is due.  0; -1 with errno: no more */
	int	(*wait)(Race*);
	bool	ended;		/* by wait */
	struct pollfd	p[Maxaddr];	/* the attempts that go on; wait sets revents */
	int	n;
	int	e;		/* why the others failed: what to say if all do */
};

/* the first from ai on that is of the family, or is not */
static const struct addrinfo*
find(const struct addrinfo *ai, int family, bool is)
{
	while(ai != nil && (ai->ai_family == family) != is)
		ai = ai->ai_next;
	return ai;
}

/* the families by turns; the resolver has put the better addresses first */
static void
order(Race *r, const struct addrinfo *list)
{
	const struct addrinfo *of[2];
	int family, i;

	family = list->ai_family;
	of[0] = list;
	of[1] = find(list, family, false);
	for(i = 0; (of[0] != nil || of[1] != nil) && r->naddr < Maxaddr; i = !i)
		if(of[i] != nil){
			r->addr[r->naddr++] = of[i];
			of[i] = find(of[i]->ai_next, family, i == 0);
		}
}

/* this machine has no way there, or no such address: another's answer says more */
static bool
islocal(int e)
{
	return e == ENETUNREACH || e == EAFNOSUPPORT || e == EADDRNOTAVAIL;
}

/* by ioclose's steps: a poller may have been armed for it */
static void
drop(int fd)
{
	if(fd < 0)
		return;
	l9fdclosing(fd);
	close(fd);
	l9fdclosed(fd);
}

/* an attempt, with this socket or -1, failed: the next is due */
static void
failed(Race *r, int fd, int e)
{
	drop(fd);
	if(r->e == 0 || !islocal(e))
		r->e = e;
	r->when = 0;
}

/* from the local address that is of ai's kind; its port may have been in use just before */
static int
bindlocal(int fd, const Addr *local, const struct addrinfo *ai)
{
	const struct addrinfo *l;
	int on;

	l = find(local->list, ai->ai_family, true);
	if(l == nil){
		errno = EAFNOSUPPORT;
		return -1;
	}
	on = 1;
	if(ai->ai_family != AF_UNIX && ai->ai_socktype == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	return bind(fd, l->ai_addr, l->ai_addrlen);
}

/* try the next address.  Its socket, if it is connected at once; -1 */
static int
begin(Race *r)
{
	const struct addrinfo *ai;
	int fd;

	ai = r->addr[r->next++];
	fd = l9dialsocket(ai);
	if(fd < 0
	|| l9setnonblock(fd, true) < 0
	|| (r->local->list != nil && bindlocal(fd, r->local, ai) < 0)){
		failed(r, fd, errno);
		return -1;
	}
	if(connect(fd, ai->ai_addr, ai->ai_addrlen) == 0)
		return fd;
	if(errno != EINPROGRESS && errno != EINTR){
		failed(r, fd, errno);
		return -1;
	}
	r->p[r->n++] = (struct pollfd){.fd = fd, .events = POLLOUT};
	r->when = l9nsec() + Delay;
	return -1;
}

/* in an OS thread that may block.  EINTR: interrupted */
static int
waithere(Race *r)
{
	int64_t left;
	int i, ms;

	ms = -1;
	if(r->next < r->naddr){
		left = r->when - l9nsec();
		ms = left <= 0? 0: (int)(left/Millisecond) + 1;
	}
	for(i = 0; i < r->n; i++)
		r->p[i].revents = 0;
	if(poll(r->p, (nfds_t)r->n, ms) >= 0)
		return 0;
	return errno == EINTR && !l9iocancelled()? 0: -1;
}

static long
dowait(va_list *arg)
{
	return waithere(va_arg(*arg, Race*));
}

/* the error is the task's own: interrupted, its deadline, killed */
static bool
istask(int e)
{
	return e == EINTR || e == ETIMEDOUT || e == ECANCELED;
}

/* in a task, by its proc's poller; where there is none to be had, by a helper */
static int
waittask(Race *r)
{
	Alt a[Maxaddr+2];
	int i;

	for(i = 0; i < r->n; i++){
		r->p[i].revents = 0;
		a[i] = (Alt){.v = (void*)(intptr_t)r->p[i].fd, .op = CHANFDOUT};
	}
	a[r->n] = (Alt){.v = &r->when, .op = r->next < r->naddr? CHANTIMEOUT: CHANNOP};
	a[r->n+1] = (Alt){.op = CHANEND};
	i = p9alt(a);
	if(i < 0)
		return istask(errno)? -1: (int)l9iocall(nil, "iodial", -1, nil, dowait, r);
	if(i < r->n)
		r->p[i].revents = POLLOUT;
	return 0;
}

/* one that is connected, of those that have come to an end; -1: none, and those are gone */
static int
answered(Race *r)
{
	int i, fd;

	for(i = 0; i < r->n;){
		if(r->p[i].revents == 0){
			i++;
			continue;
		}
		fd = r->p[i].fd;
		r->p[i] = r->p[--r->n];
		if(l9connected(fd) == 0)
			return fd;
		failed(r, fd, errno);
	}
	return -1;
}

/* the winner; -1 with errno */
static int
run(Race *r)
{
	int fd;

	for(;;){
		while(r->next < r->naddr && l9nsec() >= r->when){
			fd = begin(r);
			if(fd >= 0)
				return fd;
		}
		if(r->n == 0){
			errno = r->e;
			return -1;
		}
		if(r->wait(r) < 0){
			r->ended = true;
			return -1;
		}
		fd = answered(r);
		if(fd >= 0)
			return fd;
	}
}

static int
dialinet(Race *r, const struct addrinfo *list)
{
	int fd, e, i;

	order(r, list);
	fd = run(r);
	e = errno;
	for(i = 0; i < r->n; i++)
		drop(r->p[i].fd);
	if(fd >= 0)
		l9setnonblock(fd, false);
	errno = e;
	return fd;
}

/* in blocking mode: there is no other way to wait for room in the queue of the one who listens */
static int
dialunix(const struct addrinfo *ai, const Addr *local)
{
	int fd, e;

	fd = l9dialsocket(ai);
	if(fd < 0)
		return -1;
	if((local->list == nil || bindlocal(fd, local, ai) == 0) && l9connect(fd, ai->ai_addr, ai->ai_addrlen) == 0)
		return fd;
	e = errno;
	close(fd);
	errno = e;
	return -1;
}

int
l9dialany(const struct addrinfo *list, const Addr *local)
{
	Race r;

	if(list->ai_family == AF_UNIX)
		return dialunix(list, local);
	r = (Race){.local = local, .wait = waithere};
	return dialinet(&r, list);
}

int
l9dialtask(const struct addrinfo *list, const Addr *local)
{
	Race r;
	int fd;

	r = (Race){.local = local, .wait = waittask};
	fd = dialinet(&r, list);
	if(fd >= 0)
		return fd;
	return r.ended? Dialended: l9err(errno, strerror(errno));
}
