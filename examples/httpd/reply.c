/* What is sent: heads, and files or parts of them. */
#include <u.h>
#include <libc.h>
#include <thread.h>
#include "httpd.h"

static char*
reason(int status)
{
	static struct {
		int	status;
		char	*text;
	} reasons[] = {
		{200, "OK"},
		{206, "Partial Content"},
		{301, "Moved Permanently"},
		{304, "Not Modified"},
		{400, "Bad Request"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{408, "Request Timeout"},
		{413, "Content Too Large"},
		{414, "URI Too Long"},
		{416, "Range Not Satisfiable"},
		{431, "Request Header Fields Too Large"},
		{500, "Internal Server Error"},
		{501, "Not Implemented"},
		{503, "Service Unavailable"},
		{505, "HTTP Version Not Supported"},
	};
	uint i;

	for(i = 0; i < nelem(reasons); i++)
		if(reasons[i].status == status)
			return reasons[i].text;
	return "Error";
}

/* heads are shorter than out by far: Maxpath three times is the longest in one */
static void
put(Conn *c, const char *s, int n)
{
	memcpy(c->out + c->nout, s, n);
	c->nout += n;
}

static void
putstr(Conn *c, const char *s)
{
	put(c, s, strlen(s));
}

static void
putlength(Conn *c, vlong n)
{
	c->nout += snprint(c->out + c->nout, 64, "Content-Length: %lld\r\n", n);
}

static void
putnow(Conn *c)
{
	Server *s;
	time_t now;
	char date[32];

	s = c->s;
	now = time(nil);
	if(now != s->now){
		s->now = now;
		putdate(date, now);
		snprint(s->date, sizeof s->date, "Date: %s\r\n", date);
	}
	putstr(c, s->date);
}

static void
beginhead(Conn *c, int status)
{
	c->nout = 0;
	if(status == 200)
		putstr(c, "HTTP/1.1 200 OK\r\n");
	else
		c->nout += snprint(c->out, 100, "HTTP/1.1 %d %s\r\n", status, reason(status));
	putnow(c);
}

static void
endhead(Conn *c)
{
	if(c->close)
		putstr(c, "Connection: close\r\n");
	else if(c->req.minor == 0)
		putstr(c, "Connection: keep-alive\r\n");
	putstr(c, "\r\n");
}

static void
note(Conn *c, int status, vlong n)
{
	if(logc != nil)
		chanprint(logc, "%.*s %.*s %d %lld\n", c->req.verb.n, c->req.verb.s,
			c->req.target.n, c->req.target.s, status, c->req.method == Mhead? 0: n);
}

int
refuse(Conn *c, int status, char *fields)
{
	char text[64];
	int n;

	beginhead(c, status);
	n = snprint(text, sizeof text, "%d %s\n", status, reason(status));
	putstr(c, fields);
	putstr(c, "Content-Type: text/plain\r\n");
	putlength(c, n);
	endhead(c);
	if(c->req.method != Mhead)
		put(c, text, n);
	note(c, status, n);
	return writeall(c, c->out, c->nout);
}

enum {
	Noroom = -2,
};

/* what the socket takes at once, or Noroom; 0: the file has ended; -1 */
static vlong
sendnow(int to, int fd, vlong from, vlong n)
{
	vlong r;

	r = sendrange(to, fd, from, n);
	return r < 0 && errno == EAGAIN? Noroom: r;
}

static long
xsend(va_list *arg)
{
	int to, fd;
	vlong from, n;

	to = va_arg(*arg, int);
	fd = va_arg(*arg, int);
	from = va_arg(*arg, vlong);
	n = va_arg(*arg, vlong);
	return sendnow(to, fd, from, n);
}

/* by way of our memory */
static vlong
copypiece(Conn *c, File *f, vlong from, vlong n)
{
	char *buf;
	long r;

	buf = malloc(Copysize);
	if(buf == nil)
		return -1;
	r = iopread(nil, f->fd, buf, n < Copysize? n: Copysize, from);
	if(r > 0 && writeall(c, buf, r) < 0)
		r = -1;
	free(buf);
	return r;
}

/* the same; a helper waits for the disk */
static vlong
sendpiece(Conn *c, File *f, vlong from, vlong n)
{
	vlong r;

	if(inmemory(f->fd, from, n))
		r = sendnow(c->fd, f->fd, from, n);
	else
		r = iocall(nil, xsend, c->fd, f->fd, from, n);
	if(r == -1 && (errno == EINVAL || errno == ENOSYS))
		r = copypiece(c, f, from, n);
	return r;
}

/* a large file.  One that has become shorter breaks the connection */
static int
sendlarge(Conn *c, File *f, vlong from, vlong n)
{
	vlong m, r;

	for(; n > 0; n -= r){
		m = n < Piece? n: Piece;
		r = sendpiece(c, f, from, m);
		if(r == Noroom)
			r = 0;
		else if(r <= 0)
			return -1;
		if(r < m && waitroom(c) < 0)
			return -1;
		from += r;
		threadyield();
	}
	return 0;
}

/* the head, which is in out, and n bytes of the file */
static int
sendpart(Conn *c, File *f, vlong from, vlong n)
{
	if(c->req.method == Mhead)
		n = 0;
	if(f->data != nil && n <= Outsize - c->nout){
		put(c, f->data + from, n);
		n = 0;
	}
	if(n == 0)
		return writeall(c, c->out, c->nout);
	/*
	 * A packet of its own for so little would be more than a waste: where the receiver is Linux, it takes
	 * packets for poorly filled then, and is careful with its window.
	 */
	if(writemore(c, c->out, c->nout) < 0)
		return -1;
	return f->data != nil? writeall(c, f->data + from, n): sendlarge(c, f, from, n);
}

/* does the client have it already? */
static int
unchanged(Request *r, File *f)
{
	if(r->ifnonematch.n > 0)
		return hastag(r->ifnonematch, f->tag);
	return (size_t)r->ifmodified.n == strlen(f->modified) && memcmp(r->ifmodified.s, f->modified, r->ifmodified.n) == 0;
}

/* is the part that it has a part of this one? */
static int
samepart(Request *r, File *f)
{
	Str s;

	s = r->ifrange;
	return s.n == 0 || ((size_t)s.n == strlen(f->tag) && memcmp(s.s, f->tag, s.n) == 0)
		|| ((size_t)s.n == strlen(f->modified) && memcmp(s.s, f->modified, s.n) == 0);
}

static int
replyfile(Conn *c, File *f)
{
	char fields[64];
	vlong from, to;
	int status;

	if(unchanged(&c->req, f)){
		beginhead(c, 304);
		put(c, f->fields, f->nfields);
		endhead(c);
		note(c, 304, 0);
		return writeall(c, c->out, c->nout);
	}
	from = 0;
	to = f->size - 1;
	status = 200;
	if(c->req.range.n > 0 && c->req.method == Mget && samepart(&c->req, f))
		switch(parserange(c->req.range, f->size, &from, &to)){
		case 1:
			status = 206;
			break;
		case -1:
			snprint(fields, sizeof fields, "Content-Range: bytes */%lld\r\n", f->size);
			return refuse(c, 416, fields);
		}
	beginhead(c, status);
	put(c, f->fields, f->nfields);
	if(status == 206)
		c->nout += snprint(c->out + c->nout, 100, "Content-Range: bytes %lld-%lld/%lld\r\n", from, to, f->size);
	putlength(c, to - from + 1);
	endhead(c);
	note(c, status, to - from + 1);
	return sendpart(c, f, from, to - from + 1);
}

/* to the same path with a / at its end */
static int
replymoved(Conn *c, char *path)
{
	char fields[3*Maxpath + 32], *p;

	p = fields + sprint(fields, "Location: /");
	for(; *path != '\0'; path++)
		if(isalnum((uchar)*path) || strchr("/-._~", *path) != nil)
			*p++ = *path;
		else
			p += sprint(p, "%%%02X", (uchar)*path);
	strcpy(p, "/\r\n");
	return refuse(c, 301, fields);
}

int
reply(Conn *c)
{
	char path[Maxpath];
	File *f;
	int r;

	if(c->req.method == Mother)
		return refuse(c, 405, "Allow: GET, HEAD\r\n");
	r = targetpath(path, c->req.target);
	if(r < 0)
		return refuse(c, -r, "");
	f = findfile(&c->s->cache, path);
	if(f == nil)
		return refuse(c, 503, "");
	if(f->status == 200)
		r = replyfile(c, f);
	else if(f->status == 301)
		r = replymoved(c, path);
	else
		r = refuse(c, f->status, "");
	dropfile(f);
	return r;
}
