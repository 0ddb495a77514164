#include <stdio.h>

#include "chan.h"

/* s was malloced: the receiver frees it, or it is freed here */
int
l9chansendstr(Channel *c, char *s)
{
	Task *t;
	int n, e;

	t = l9cur();
	/* a kill in the middle would leave s with nobody */
	l9holdkill(t);
	n = chansendp(c, s);
	if(n < 0){
		e = errno;
		free(s);
		errno = e;
	}
	l9allowkill(t);
	return n;
}

int
chanprint(Channel *c, const char *fmt, ...)
{
	va_list arg;
	char *s;
	int n;

	va_start(arg, fmt);
	n = vasprintf(&s, fmt, arg);
	va_end(arg);
	if(n < 0)
		return l9err(ENOMEM, "out of memory");
	return l9chansendstr(c, s);
}

static int
count(Waitq *q)
{
	Waiter *w;
	int n;

	n = 0;
	for(w = q->first; w != nil; w = w->next)
		n++;
	return n;
}

void
chaninfo(Channel *c, Chaninfo *info)
{
	bool own;

	if(c == nil || info == nil)
		l9misuse("chaninfo", "nil argument");
	own = l9chanbegin(c, l9proc);
	*info = (Chaninfo){
		.elsize = (int)c->elsize,
		.nel = c->nel,
		.n = c->n > INT32_MAX? INT32_MAX: (int)c->n,
		.senders = count(&c->sendq),
		.receivers = count(&c->recvq),
		.closed = c->closed,
	};
	memcpy(info->name, c->name, sizeof c->name);
	l9chanend(c, l9proc, own);
}
