/*
 * print and its family: p9print(3).
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "p9impl.h"

enum {
	/* what a pipe takes as one, so that lines of several procs do not mix */
	Nbuf = 4096,
};

/* fprint's flush */
typedef struct Line Line;
struct Line
{
	int	fd;
	int	errnum;		/* why a write failed; 0: none has */
	char	buf[Nbuf];
};

/* the program's signals do not tear a text */
int
l9writeall(int fd, const char *buf, size_t n)
{
	ssize_t m;

	while(n > 0){
		m = write(fd, buf, n);
		if(m < 0 && errno == EINTR)
			continue;
		if(m <= 0)
			return -1;
		buf += m;
		n -= (size_t)m;
	}
	return 0;
}

static int
flushline(Out *o)
{
	Line *l;

	l = o->arg;
	if(l9writeall(l->fd, l->buf, (size_t)(o->p - l->buf)) < 0){
		l->errnum = errno;
		return -1;
	}
	o->p = l->buf;
	return 0;
}

/* errno stays when all went well: a print for debugging does not hide an error */
int
p9vfprint(int fd, const char *fmt, va_list arg)
{
	Line l;
	Out o;

	l.fd = fd;
	l.errnum = 0;
	o = (Out){l.buf, l.buf + sizeof l.buf, flushline, &l, 0};
	l9fmt(&o, fmt, arg);
	if(l.errnum == 0 && flushline(&o) == 0)
		return (int)o.n;
	errno = l.errnum;	/* l9fmt has put back what it was before */
	return -1;
}

int
p9fprint(int fd, const char *fmt, ...)
{
	va_list arg;
	int n;

	va_start(arg, fmt);
	n = p9vfprint(fd, fmt, arg);
	va_end(arg);
	return n;
}

int
p9print(const char *fmt, ...)
{
	va_list arg;
	int n;

	va_start(arg, fmt);
	n = p9vfprint(1, fmt, arg);
	va_end(arg);
	return n;
}

/* the end of s..e without a character that was cut in two */
static char*
whole(char *s, char *e)
{
	unsigned char c;
	char *p;

	for(p = e; p > s && e - p < 4;){
		c = (unsigned char)*--p;
		if((c & 0xC0) == 0x80)
			continue;
		if(c >= 0xC0 && e - p < (c < 0xE0? 2: c < 0xF0? 3: 4))
			return p;
		break;
	}
	return e;
}

char*
p9vseprint(char *s, char *e, const char *fmt, va_list arg)
{
	Out o;

	if(s >= e)
		return nil;
	o = (Out){s, e-1, nil, nil, 0};
	l9fmt(&o, fmt, arg);
	if(o.n > o.p - s)
		o.p = whole(s, o.p);
	*o.p = '\0';
	return o.p;
}

char*
p9seprint(char *s, char *e, const char *fmt, ...)
{
	va_list arg;
	char *p;

	va_start(arg, fmt);
	p = p9vseprint(s, e, fmt, arg);
	va_end(arg);
	return p;
}

int
p9vsnprint(char *s, int n, const char *fmt, va_list arg)
{
	if(n <= 0)
		return -1;
	return (int)(p9vseprint(s, s+n, fmt, arg) - s);
}

int
p9snprint(char *s, int n, const char *fmt, ...)
{
	va_list arg;

	va_start(arg, fmt);
	n = p9vsnprint(s, n, fmt, arg);
	va_end(arg);
	return n;
}

/* into more room than there may be: the caller's word is all there is */
int
p9sprint(char *s, const char *fmt, ...)
{
	va_list arg;
	Out o;

	o = (Out){s, s + (UINTPTR_MAX - (uintptr_t)s < INT_MAX? UINTPTR_MAX - (uintptr_t)s: INT_MAX), nil, nil, 0};
	va_start(arg, fmt);
	l9fmt(&o, fmt, arg);
	va_end(arg);
	*o.p = '\0';
	return (int)(o.p - s);
}

char*
p9vsmprint(const char *fmt, va_list arg)
{
	Out o;
	char *s;

	/* how long it is */
	o = (Out){nil, nil, nil, nil, 0};
	l9fmt(&o, fmt, arg);
	s = malloc((size_t)o.n + 1);
	if(s == nil){
		l9err(ENOMEM, "out of memory");
		return nil;
	}
	p9vseprint(s, s + o.n + 1, fmt, arg);
	return s;
}

char*
p9smprint(const char *fmt, ...)
{
	va_list arg;
	char *s;

	va_start(arg, fmt);
	s = p9vsmprint(fmt, arg);
	va_end(arg);
	return s;
}

int
p9chanprint(Channel *c, const char *fmt, ...)
{
	va_list arg;
	char *s;

	va_start(arg, fmt);
	s = p9vsmprint(fmt, arg);
	va_end(arg);
	return s == nil? -1: l9chansendstr(c, s);
}

void
p9werrstr(const char *fmt, ...)
{
	char buf[ERRMAX];
	va_list arg;

	va_start(arg, fmt);
	p9vsnprint(buf, sizeof buf, fmt, arg);
	va_end(arg);
	werrstr("%s", buf);
}

_Noreturn void
p9sysfatal(const char *fmt, ...)
{
	char buf[512];
	va_list arg;

	va_start(arg, fmt);
	p9vsnprint(buf, sizeof buf, fmt, arg);
	va_end(arg);
	sysfatal("%s", buf);
}

/* the system's log has no files by name: the name begins the line */
void
p9syslog(int cons, const char *log, const char *fmt, ...)
{
	char buf[512];
	va_list arg;

	va_start(arg, fmt);
	p9vsnprint(buf, sizeof buf, fmt, arg);
	va_end(arg);
	if(log != nil)
		syslog(LOG_NOTICE, "%s: %s", log, buf);
	if(cons)
		p9fprint(2, "%s: %s\n", log != nil? log: "syslog", buf);
}
