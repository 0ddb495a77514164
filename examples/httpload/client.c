/* A connection: ask, read the answer, ask again. */
#include <u.h>
#include <libc.h>
#include <thread.h>
#include "httpload.h"

enum {
	Inbuf = 16<<10,
};

typedef struct Conn Conn;
struct Conn
{
	int	fd;		/* -1: to be dialled */
	int	fresh;		/* nothing has been asked yet */
	int	r;		/* next byte in in */
	int	w;		/* end of them */
	uint64_t	bytes;		/* read for this answer */
	/* of the answer */
	int	status;
	int	chunked;
	int	last;		/* the server hangs up */
	vlong	length;		/* -1: until it hangs up */
	char	in[Inbuf];
};

/* more into in: how much; 0 and -1 with the error string */
static long
fill(Conn *c)
{
	long n;

	if(c->r == c->w)
		c->r = c->w = 0;
	if(c->w == Inbuf){
		werrstr("line too long");
		return -1;
	}
	n = ioread(nil, c->fd, c->in + c->w, Inbuf - c->w);
	if(n == 0)
		werrstr("server hung up");
	if(n > 0){
		c->w += n;
		c->bytes += n;
	}
	return n;
}

/* a line without its end, which is good until the next call; nil */
static char*
line(Conn *c)
{
	char *s, *e;

	while((e = memchr(c->in + c->r, '\n', c->w - c->r)) == nil){
		memmove(c->in, c->in + c->r, c->w - c->r);
		c->w -= c->r;
		c->r = 0;
		if(fill(c) <= 0)
			return nil;
	}
	s = c->in + c->r;
	c->r = e + 1 - c->in;
	if(e > s && e[-1] == '\r')
		e--;
	*e = '\0';
	return s;
}

/* over n bytes */
static int
skip(Conn *c, vlong n)
{
	int m;

	for(; n > 0; n -= m){
		if(c->r == c->w && fill(c) <= 0)
			return -1;
		m = c->w - c->r < n? c->w - c->r: n;
		c->r += m;
	}
	return 0;
}

static void
field(Conn *c, char *s)
{
	char *v;

	v = strchr(s, ':');
	if(v == nil)
		return;
	*v++ = '\0';
	v += strspn(v, " \t");
	if(cistrcmp(s, "Content-Length") == 0)
		c->length = strtoll(v, nil, 10);
	else if(cistrcmp(s, "Transfer-Encoding") == 0)
		c->chunked = cistrncmp(v, "chunked", 7) == 0;
	else if(cistrcmp(s, "Connection") == 0)
		c->last = cistrncmp(v, "close", 5) == 0;
}

static int
head(Conn *c)
{
	char *s;

	do{
		s = line(c);
		if(s == nil)
			return -1;
		if(strncmp(s, "HTTP/1.", 7) != 0 || strlen(s) < 12){
			werrstr("no HTTP: %.40s", s);
			return -1;
		}
		c->status = atoi(s + 9);
		c->last = s[7] == '0';
		c->chunked = 0;
		c->length = -1;
		while((s = line(c)) != nil && *s != '\0')
			field(c, s);
		if(s == nil)
			return -1;
	}while(c->status/100 == 1);
	if(target.head || c->status == 204 || c->status == 304){
		c->length = 0;
		c->chunked = 0;
	}
	return 0;
}

static int
chunks(Conn *c)
{
	char *s;
	vlong n;

	do{
		s = line(c);
		if(s == nil)
			return -1;
		n = strtoll(s, nil, 16);
		if(skip(c, n) < 0)
			return -1;
		/* the end of its last line; or of the fields behind the last chunk */
		do
			s = line(c);
		while(n == 0 && s != nil && *s != '\0');
		if(s == nil)
			return -1;
	}while(n > 0);
	return 0;
}

static int
body(Conn *c)
{
	int n;

	if(c->chunked)
		return chunks(c);
	if(c->length >= 0)
		return skip(c, c->length);
	c->last = 1;
	do
		c->r = c->w;
	while((n = fill(c)) > 0);
	return n;
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
		c->r = c->w = 0;
		c->fresh = 1;
	}
	c->bytes = 0;
	if(iowrite(nil, c->fd, target.request, target.nrequest) != target.nrequest || head(c) < 0 || body(c) < 0)
		return -1;
	c->fresh = 0;
	if(c->last)
		hangup(c);
	return 0;
}

/* a server may hang up between two requests: then it has not seen the second */
static int
askagain(Conn *c)
{
	if(ask(c) == 0)
		return 0;
	if(c->fd < 0 || c->fresh || c->bytes > 0 || errno == ETIMEDOUT)
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
		p->seen.bytes += c->bytes;
		s = c->status/100;
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
	while(p->left > 0){
		p->left--;
		one(p, c);
	}
	hangup(c);
	free(c);
	p->running--;
}
