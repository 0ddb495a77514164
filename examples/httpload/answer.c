/* The answer to an HTTP request: RFC 9112. */
#include <u.h>
#include <libc.h>
#include "answer.h"

enum {
	Nolength = -1,		/* until it hangs up */
	Bad = -2,
};

/* more into in: how much; 0 and -1 with the error string */
static long
fill(Answer *a)
{
	long n;

	if(a->r == a->w)
		a->r = a->w = 0;
	if(a->w == Inbuf){
		werrstr("line too long");
		return -1;
	}
	n = a->more(a, a->in + a->w, Inbuf - a->w);
	if(n == 0)
		werrstr("server hung up");
	if(n > 0){
		a->w += n;
		a->bytes += n;
	}
	return n;
}

/* a line without its end, which is good until the next call; nil */
static char*
line(Answer *a)
{
	char *s, *e;

	while((e = memchr(a->in + a->r, '\n', a->w - a->r)) == nil){
		memmove(a->in, a->in + a->r, a->w - a->r);
		a->w -= a->r;
		a->r = 0;
		if(fill(a) <= 0)
			return nil;
	}
	s = a->in + a->r;
	a->r = e + 1 - a->in;
	if(e > s && e[-1] == '\r')
		e--;
	*e = '\0';
	return s;
}

/* over n bytes */
static int
skip(Answer *a, vlong n)
{
	int m;

	for(; n > 0; n -= m){
		if(a->r == a->w && fill(a) <= 0)
			return -1;
		m = a->w - a->r < n? a->w - a->r: n;
		a->r += m;
	}
	return 0;
}

static int
digit(int c)
{
	if(isdigit(c))
		return c - '0';
	return isxdigit(c)? tolower(c) - 'a' + 10: 99;
}

/* a number in front of a blank, a ; or the end; Bad if there is none, or it is too large */
static vlong
number(const char *s, int base)
{
	vlong n;
	int d;

	if(digit((uchar)*s) >= base)
		return Bad;
	for(n = 0; (d = digit((uchar)*s)) < base; s++){
		if(n > (INT64_MAX - d)/base)
			return Bad;
		n = base*n + d;
	}
	return strchr(" \t;", *s) != nil? n: Bad;
}

/* does a list have word; or does it stand last there? */
static int
listed(const char *list, const char *word, int onlylast)
{
	size_t n;
	int is;

	is = 0;
	for(;;){
		list += strspn(list, " \t,");
		if(*list == '\0')
			return is;
		n = strcspn(list, " \t,;");
		is = n == strlen(word) && cistrncmp(list, word, n) == 0;
		if(is && !onlylast)
			return 1;
		list += strcspn(list, ",");
	}
}

static void
field(Answer *a, char *s)
{
	char *v;

	v = strchr(s, ':');
	if(v == nil)
		return;
	*v++ = '\0';
	v += strspn(v, " \t");
	if(cistrcmp(s, "Content-Length") == 0)
		a->length = number(v, 10);
	else if(cistrcmp(s, "Transfer-Encoding") == 0){
		a->coded = 1;
		a->chunked = listed(v, "chunked", 1);
	}else if(cistrcmp(s, "Connection") == 0)
		a->last = listed(v, "close", 0);
}

/* the first line */
static int
status(Answer *a)
{
	char *s;

	s = line(a);
	if(s == nil)
		return -1;
	if(strncmp(s, "HTTP/1.", 7) != 0 || strlen(s) < 12 || number(s+9, 10) < 100 || number(s+9, 10) > 999){
		werrstr("no HTTP: %.40s", s);
		return -1;
	}
	a->status = (int)number(s+9, 10);
	a->last = s[7] == '0';
	a->coded = 0;
	a->chunked = 0;
	a->length = Nolength;
	return 0;
}

static int
head(Answer *a)
{
	char *s;

	do{
		if(status(a) < 0)
			return -1;
		while((s = line(a)) != nil && *s != '\0')
			field(a, s);
		if(s == nil)
			return -1;
	}while(a->status/100 == 1);
	if(a->length == Bad && !a->coded){
		werrstr("bad Content-Length");
		return -1;
	}
	return 0;
}

/* the n bytes of a chunk and the end of its line; or, if n is 0, the fields behind the last one */
static int
chunk(Answer *a, vlong n)
{
	char *s;

	if(skip(a, n) < 0)
		return -1;
	do
		s = line(a);
	while(n == 0 && s != nil && *s != '\0');
	if(s != nil && *s != '\0'){
		werrstr("chunk longer than it says");
		return -1;
	}
	return s == nil? -1: 0;
}

static int
chunks(Answer *a)
{
	char *s;
	vlong n;

	do{
		s = line(a);
		if(s == nil)
			return -1;
		n = number(s, 16);
		if(n < 0){
			werrstr("bad chunk: %.40s", s);
			return -1;
		}
		if(chunk(a, n) < 0)
			return -1;
	}while(n > 0);
	return 0;
}

static int
body(Answer *a)
{
	long n;

	if(a->headonly || a->status == 204 || a->status == 304)
		return 0;
	if(a->chunked)
		return chunks(a);
	if(a->length >= 0 && !a->coded)
		return skip(a, a->length);
	a->last = 1;
	do
		a->r = a->w;
	while((n = fill(a)) > 0);
	return n < 0? -1: 0;
}

int
readanswer(Answer *a)
{
	return head(a) < 0? -1: body(a);
}
