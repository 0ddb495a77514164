/*
 * Calls that helpers make without an Ioproc on descriptors: who closes one ends
 * them first.
 *
 * A call is in the list from before it is posted until its helper has let go
 * of it; its helper is its own for that long.
 */
#include <errno.h>
#include <string.h>

#include "helper.h"

static struct {
	QLock	lk;
	Call	*first;		/* lk */
	Rendez	left;		/* lk: a closed one has left the list */
} calls = {.left.l = &calls.lk};

void
l9fdcallbegin(Call *c, Helper *h)
{
	c->closed = false;
	if(c->fd < 0)
		return;
	c->helper = h;
	c->prev = nil;
	qlock(&calls.lk);
	c->next = calls.first;
	if(c->next != nil)
		c->next->prev = c;
	calls.first = c;
	qunlock(&calls.lk);
}

void
l9fdcallend(Call *c)
{
	if(c->fd < 0)
		return;
	qlock(&calls.lk);
	if(c->prev != nil)
		c->prev->next = c->next;
	else
		calls.first = c->next;
	if(c->next != nil)
		c->next->prev = c->prev;
	if(c->closed)
		rwakeupall(&calls.left);
	qunlock(&calls.lk);
	/* EPIPE: it was not even begun */
	if(c->closed && l9callfailed(c) && (c->errnum == EINTR || c->errnum == EPIPE)){
		c->errnum = EBADF;
		strcpy(c->errstr, "closed");
	}
}

/* is there a call on fd?  Have it end */
static bool
end(int fd)
{
	Call *c;
	bool any;

	any = false;
	for(c = calls.first; c != nil; c = c->next)
		if(c->fd == fd){
			any = true;
			if(!c->closed)
				l9helperclose(c->helper);
			c->closed = true;
		}
	return any;
}

void
l9fdcallsend(int fd)
{
	qlock(&calls.lk);
	while(end(fd))
		rsleep(&calls.left);
	qunlock(&calls.lk);
}
