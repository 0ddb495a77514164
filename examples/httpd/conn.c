/* A connection: requests are read and answered one after the other. */
#include <u.h>
#include <libc.h>
#include <thread.h>
#include <sys/socket.h>
#include "httpd.h"

enum {
	Lingertime = 2,		/* seconds */
	Maxlinger = 1<<20,	/* bytes */
};

int
readsome(Conn *c, char *buf, int n, int64_t by)
{
	int64_t old;

	old = threaddeadline(by);
	n = ioread(nil, c->fd, buf, n);
	threadundeadline(old);
	return n;
}

int
writeall(Conn *c, char *buf, vlong n)
{
	int64_t old;
	vlong r;

	old = threaddeadline(threadnow() + sendtime);
	r = iowrite(nil, c->fd, buf, n);
	threadundeadline(old);
	return r == n? 0: -1;
}

int
writemore(Conn *c, char *buf, vlong n)
{
	int64_t old;
	vlong r;

	old = threaddeadline(threadnow() + sendtime);
	r = iosendto(nil, c->fd, buf, n, MSG_MORE, nil, 0);
	threadundeadline(old);
	if(r <= 0)
		return -1;
	return r == n? 0: writeall(c, buf + r, n - r);
}

int
waitroom(Conn *c)
{
	int64_t old;
	int r;

	old = threaddeadline(threadnow() + sendtime);
	r = iopoll(nil, c->fd, IOPOLLOUT);
	threadundeadline(old);
	return r;
}

/*
 * The next request: its length; 0: there is none; -s: it is refused with
 * status s.  It may lie behind the last one already.
 */
static int
nextrequest(Conn *c)
{
	int64_t by;
	int r, n;

	c->n -= c->used;
	memmove(c->in, c->in + c->used, c->n);
	c->used = 0;
	c->idle = c->n == 0;
	by = threadnow() + (c->idle? idletime: headtime);
	while((r = parserequest(&c->req, c->in, c->n)) == 0){
		n = readsome(c, c->in + c->n, sizeof c->in - c->n, by);
		if(n <= 0)
			return n < 0 && errno == ETIMEDOUT && !c->idle? -408: 0;
		if(c->idle)
			by = threadnow() + headtime;
		c->idle = 0;
		c->n += n;
	}
	c->idle = 0;
	return r;
}

/* the rest of the request, which nobody wants */
static int
dropbody(Conn *c)
{
	int64_t by;
	vlong left;
	int n;

	left = c->req.length;
	n = c->n - c->used < left? c->n - c->used: left;
	c->used += n;
	left -= n;
	by = threadnow() + headtime;
	for(; left > 0; left -= n){
		n = readsome(c, c->out, left < Outsize? left: Outsize, by);
		if(n <= 0)
			return -1;
	}
	return 0;
}

/*
 * Closing with bytes unread would reset the connection, and the client might
 * never see what it was told.
 */
static void
linger(Conn *c)
{
	int64_t by;
	int n, total;

	shutdown(c->fd, SHUT_WR);
	by = threadnow() + Lingertime*Second;
	for(total = 0; total < Maxlinger; total += n){
		n = readsome(c, c->out, Outsize, by);
		if(n <= 0)
			break;
	}
}

/* 0: there may be another */
static int
request(Conn *c)
{
	static char go[] = "HTTP/1.1 100 Continue\r\n\r\n";
	int r;

	r = nextrequest(c);
	if(r == 0)
		return -1;
	c->close = r < 0 || !c->req.keep || c->s->stopping;
	if(r < 0){
		c->req.method = Mget;
		refuse(c, -r, "");
	}else if(c->req.coded){
		c->close = 1;
		refuse(c, 501, "");
	}else if(c->req.length > Maxbody){
		c->close = 1;
		refuse(c, 413, "");
	}else{
		c->used = r;
		if(c->req.expect && c->req.length > 0 && writeall(c, go, sizeof go - 1) < 0)
			return -1;
		if(dropbody(c) < 0 || reply(c) < 0)
			return -1;
	}
	if(c->close)
		linger(c);
	return c->close? -1: 0;
}

static Conn*
mkconn(Server *s, int fd)
{
	Conn *c;

	c = s->spare;
	if(c != nil)
		s->spare = c->next;
	else{
		c = malloc(sizeof *c);
		if(c == nil)
			return nil;
	}
	c->s = s;
	c->fd = fd;
	c->id = threadid();
	c->n = c->used = c->nout = 0;
	c->next = s->conns;
	s->conns = c;
	return c;
}

static void
freeconn(Conn *c)
{
	Conn **p;

	for(p = &c->s->conns; *p != c; p = &(*p)->next)
		;
	*p = c->next;
	c->next = c->s->spare;
	c->s->spare = c;
}

void
connection(void *v)
{
	Call call;
	Conn *c;

	call = *(Call*)v;
	free(v);
	/* sendfile has no flag for that */
	c = fcntl(call.fd, F_SETFL, O_NONBLOCK) < 0? nil: mkconn(call.s, call.fd);
	if(c != nil){
		while(request(c) == 0)
			;
		freeconn(c);
	}
	close(call.fd);
	wgdone(&call.s->alive);
}

void
hangup(Server *s)
{
	Conn *c;

	for(c = s->conns; c != nil; c = c->next)
		if(c->idle)
			threadint(c->id);
}
