/* A connection: ask, read the answer, ask again. */
#include <stddef.h>
#include <u.h>
#include <libc.h>
#include <thread.h>
#include "answer.h"
#include "httpload.h"

typedef struct Conn Conn;
struct Conn
{
	int	fd;		/* -1: to be dialled */
	int	fresh;		/* nothing has been asked yet */
	Answer	answer;
};

static long
more(Answer *a, char *buf, long n)
{
	Conn *c;

	c = (Conn*)((char*)a - offsetof(Conn, answer));
	return ioread(nil, c->fd, buf, n);
}

static void
hangup(Conn *c)
{
	if(c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

static int
ask(Conn *c)
{
	if(c->fd < 0){
		c->fd = iodial(nil, target.addr, nil, nil, nil);
		if(c->fd < 0)
			return -1;
		c->answer.r = c->answer.w = 0;
		c->fresh = 1;
	}
	c->answer.bytes = 0;
	if(iowrite(nil, c->fd, target.request, target.nrequest) != target.nrequest || readanswer(&c->answer) < 0)
		return -1;
	c->fresh = 0;
	if(c->answer.last)
		hangup(c);
	return 0;
}

/* a server may hang up between two requests: then it has not seen the second */
static int
askagain(Conn *c)
{
	if(ask(c) == 0)
		return 0;
	if(c->fd < 0 || c->fresh || c->answer.bytes > 0 || errno == ETIMEDOUT)
		return -1;
	hangup(c);
	return ask(c);
}

static void
one(Part *p, Conn *c)
{
	int64_t begun, old;
	int r, s;

	begun = threadnow();
	old = threaddeadline(begun + patience);
	r = askagain(c);
	threadundeadline(old);
	if(r == 0){
		histadd(&p->seen.took, threadnow() - begun);
		p->seen.bytes += c->answer.bytes;
		s = c->answer.status/100;
		p->seen.status[s >= 1 && s <= 5? s: 0]++;
		return;
	}
	p->seen.failed++;
	rerrstr(p->seen.why, sizeof p->seen.why);
	hangup(c);
	threadsleep(10*Millisecond);
}

void
client(void *v)
{
	Part *p;
	Conn *c;

	p = v;
	c = malloc(sizeof *c);
	if(c == nil)
		sysfatal("out of memory");
	c->fd = -1;
	c->answer.more = more;
	c->answer.headonly = target.head;
	while(p->left > 0){
		p->left--;
		one(p, c);
	}
	hangup(c);
	free(c);
	p->running--;
}
