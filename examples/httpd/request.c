/* The head of an HTTP request: RFC 9110, RFC 9112. */
#include <u.h>
#include <libc.h>
#include "request.h"

/* what is left to parse */
typedef struct Text Text;
struct Text
{
	const char	*s;
	const char	*e;
};

static int
istoken(int c)
{
	return isalnum(c) || (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != nil);
}

static int
is(Str s, const char *t)
{
	return (size_t)s.n == strlen(t) && cistrncmp(s.s, t, s.n) == 0;
}

/* the next line, without its end: 1; 0: it has none yet */
static int
nextline(Text *t, Str *line)
{
	const char *p;

	p = memchr(t->s, '\n', t->e - t->s);
	if(p == nil)
		return 0;
	*line = (Str){t->s, p - t->s};
	if(line->n > 0 && p[-1] == '\r')
		line->n--;
	t->s = p + 1;
	return 1;
}

/* cut off what comes before the first c; without c nothing is left of s */
static Str
cut(Str *s, int c)
{
	const char *p;
	Str head;

	p = memchr(s->s, c, s->n);
	head = (Str){s->s, p != nil? p - s->s: s->n};
	*s = p != nil? (Str){p+1, s->n - head.n - 1}: (Str){s->s + s->n, 0};
	return head;
}

static Str
trim(Str s)
{
	while(s.n > 0 && (s.s[0] == ' ' || s.s[0] == '\t')){
		s.s++;
		s.n--;
	}
	while(s.n > 0 && (s.s[s.n-1] == ' ' || s.s[s.n-1] == '\t'))
		s.n--;
	return s;
}

/* a number and nothing else; what is too large is the largest.  -1: it is none */
static vlong
number(Str s)
{
	vlong n;
	int i, d;

	if(s.n == 0)
		return -1;
	n = 0;
	for(i = 0; i < s.n; i++){
		d = s.s[i] - '0';
		if(d < 0 || d > 9)
			return -1;
		n = n > (INT64_MAX - d)/10? INT64_MAX: 10*n + d;
	}
	return n;
}

static int
parseversion(Request *r, Str s)
{
	if(s.n != 8 || memcmp(s.s, "HTTP/", 5) != 0 || !isdigit((uchar)s.s[5]) || s.s[6] != '.' || !isdigit((uchar)s.s[7]))
		return -400;
	if(s.s[5] != '1')
		return -505;
	r->minor = s.s[7] - '0';
	r->keep = r->minor > 0;
	return 0;
}

static int
parsefirst(Request *r, Str line)
{
	int i;

	r->verb = cut(&line, ' ');
	r->target = cut(&line, ' ');
	for(i = 0; i < r->verb.n; i++)
		if(!istoken((uchar)r->verb.s[i]))
			return -400;
	for(i = 0; i < r->target.n; i++)
		if((uchar)r->target.s[i] <= ' ' || r->target.s[i] == 0x7f)
			return -400;
	if(r->verb.n == 0 || r->target.n == 0)
		return -400;
	/* methods, other than the names of fields, are told by their letters' case */
	r->method = Mother;
	if(r->verb.n == 3 && memcmp(r->verb.s, "GET", 3) == 0)
		r->method = Mget;
	else if(r->verb.n == 4 && memcmp(r->verb.s, "HEAD", 4) == 0)
		r->method = Mhead;
	return parseversion(r, line);
}

static void
connection(Request *r, Str v)
{
	Str s;

	while(v.n > 0){
		s = trim(cut(&v, ','));
		if(is(s, "close"))
			r->keep = 0;
		else if(is(s, "keep-alive") && r->minor == 0)
			r->keep = 1;
	}
}

/* several lengths that differ are a trick */
static int
length(Request *r, Str v)
{
	vlong n;

	n = number(v);
	if(n < 0 || (r->length >= 0 && r->length != n))
		return -400;
	r->length = n;
	return 0;
}

static int
field(Request *r, Str name, Str v)
{
	if(is(name, "Host")){
		if(r->host.s != nil)
			return -400;
		r->host = v;
	}else if(is(name, "Connection"))
		connection(r, v);
	else if(is(name, "Content-Length"))
		return length(r, v);
	else if(is(name, "Transfer-Encoding"))
		r->coded = 1;
	else if(is(name, "Expect"))
		r->expect = is(v, "100-continue");
	else if(is(name, "Range"))
		r->range = v;
	else if(is(name, "If-Range"))
		r->ifrange = v;
	else if(is(name, "If-Modified-Since"))
		r->ifmodified = v;
	else if(is(name, "If-None-Match"))
		r->ifnonematch = v;
	return 0;
}

static int
parsefield(Request *r, Str line)
{
	Str name;
	int i;

	if(memchr(line.s, ':', line.n) == nil)
		return -400;
	name = cut(&line, ':');
	/* a blank in front is a line that goes on, one behind is a trick */
	if(name.n == 0)
		return -400;
	for(i = 0; i < name.n; i++)
		if(!istoken((uchar)name.s[i]))
			return -400;
	for(i = 0; i < line.n; i++)
		if(((uchar)line.s[i] < ' ' && line.s[i] != '\t') || line.s[i] == 0x7f)
			return -400;
	return field(r, name, trim(line));
}

/* what the fields say together */
static int
check(Request *r)
{
	if(r->minor > 0 && r->host.s == nil)
		return -400;
	if(r->coded && (r->length >= 0 || r->minor == 0))
		return -400;
	if(r->length < 0)
		r->length = 0;
	return 0;
}

/* the head has no end yet; room is for Maxhead bytes */
static int
more(int n, int infields)
{
	if(n < Maxhead)
		return 0;
	return infields? -431: -414;
}

int
parserequest(Request *r, const char *buf, int n)
{
	Text t;
	Str line;
	int e;

	*r = (Request){.length = -1};
	t = (Text){buf, buf + (n < Maxhead? n: Maxhead)};
	do{
		if(!nextline(&t, &line))
			return more(n, 0);
	}while(line.n == 0);
	e = parsefirst(r, line);
	while(e == 0){
		if(!nextline(&t, &line))
			return more(n, 1);
		if(line.n == 0)
			break;
		e = parsefield(r, line);
	}
	if(e == 0)
		e = check(r);
	return e < 0? e: t.s - buf;
}

static int
hexdigit(int c)
{
	if(c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f'? c - 'a' + 10: -1;
}

/* the next byte of a path, decoded; -1: there is none */
static int
nextbyte(Str *s)
{
	int c, hi, lo;

	c = (uchar)s->s[0];
	if(c == '%'){
		if(s->n < 3)
			return -1;
		hi = hexdigit((uchar)s->s[1]);
		lo = hexdigit((uchar)s->s[2]);
		if(hi < 0 || lo < 0)
			return -1;
		c = 16*hi + lo;
		s->s += 2;
		s->n -= 2;
	}
	s->s++;
	s->n--;
	return c != 0? c: -1;
}

/* "http://host/path": only the path counts */
static Str
nohost(Str target)
{
	static const char scheme[] = "http://";
	int n;

	n = sizeof scheme - 1;
	if(target.n < n || cistrncmp(target.s, scheme, n) != 0)
		return target;
	target = (Str){target.s + n, target.n - n};
	while(target.n > 0 && strchr("/?#", target.s[0]) == nil){
		target.s++;
		target.n--;
	}
	return target.n > 0? target: (Str){"/", 1};
}

/* drop a last "." of the path; -403: it is ".." */
static int
endsegment(char *path, int *n)
{
	int i;

	for(i = *n; i > 0 && path[i-1] != '/'; i--)
		;
	if(*n - i == 1 && path[i] == '.')
		*n = i;
	return *n - i == 2 && path[i] == '.' && path[i+1] == '.'? -403: 0;
}

int
targetpath(char path[Maxpath], Str target)
{
	int n, c;

	target = nohost(target);
	target = cut(&target, '?');
	target = cut(&target, '#');
	if(target.n == 0 || target.s[0] != '/')
		return -400;
	n = 0;
	while(target.n > 0){
		c = nextbyte(&target);
		if(c < 0)
			return -400;
		if(c == '/'){
			if(endsegment(path, &n) < 0)
				return -403;
			/* neither at the beginning nor twice */
			if(n == 0 || path[n-1] == '/')
				continue;
		}
		if(n == Maxpath - 1)
			return -414;
		path[n++] = c;
	}
	if(endsegment(path, &n) < 0)
		return -403;
	path[n] = '\0';
	return 0;
}

int
parserange(Str s, vlong size, vlong *from, vlong *to)
{
	Str unit, first;
	vlong a, b;

	if(s.n == 0)
		return 0;
	unit = cut(&s, '=');
	s = trim(s);
	if(!is(trim(unit), "bytes") || memchr(s.s, '-', s.n) == nil || memchr(s.s, ',', s.n) != nil)
		return 0;
	first = trim(cut(&s, '-'));
	s = trim(s);
	a = number(first);
	b = number(s);
	if((a < 0 && first.n > 0) || (b < 0 && s.n > 0) || (a < 0 && b < 0) || (a >= 0 && b >= 0 && b < a))
		return 0;
	if(a < 0){
		/* the last b */
		if(b == 0 || size == 0)
			return -1;
		a = b < size? size - b: 0;
		b = size - 1;
	}
	if(a >= size)
		return -1;
	*from = a;
	*to = b < 0 || b >= size? size - 1: b;
	return 1;
}

int
hastag(Str list, const char *tag)
{
	Str s;

	while(list.n > 0){
		s = trim(cut(&list, ','));
		if(s.n > 2 && s.s[0] == 'W' && s.s[1] == '/')
			s = (Str){s.s+2, s.n-2};
		if((s.n == 1 && s.s[0] == '*') || ((size_t)s.n == strlen(tag) && memcmp(s.s, tag, s.n) == 0))
			return 1;
	}
	return 0;
}
