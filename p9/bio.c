/*
 * Buffered input and output: bio(3).
 *
 * Reading, l9lo <= l9p <= l9e: before l9p lies what Bungetc may give back,
 * from l9p to l9e what was read ahead; l9off is the file's offset at l9e.
 * Writing, l9p is where the next byte goes and l9e the end of the buffer;
 * l9off is the file's offset at start.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "p9bio.h"
#include "p9impl.h"

enum {
	Broken = -1,		/* l9mode after an error of writing */
};

/* those that are written to, for the end of the program */
static pthread_mutex_t lk = PTHREAD_MUTEX_INITIALIZER;
static Biobuf *writers;		/* lk */
static bool atend;		/* lk: flushall is registered */

static unsigned char*
start(Biobuf *b)
{
	return b->l9b + Bungetsize;
}

static unsigned char*
end(Biobuf *b)
{
	return b->l9b + sizeof b->l9b;
}

static void
flushall(void)
{
	Biobuf *b;

	pthread_mutex_lock(&lk);
	for(b = writers; b != nil; b = b->l9next)
		Bflush(b);
	pthread_mutex_unlock(&lk);
}

/* by its address alone: memory may be initialized again without Bterm */
static void
forget(Biobuf *b)
{
	Biobuf **l;

	pthread_mutex_lock(&lk);
	for(l = &writers; *l != nil; l = &(*l)->l9next)
		if(*l == b){
			*l = b->l9next;
			break;
		}
	pthread_mutex_unlock(&lk);
}

static int
remember(Biobuf *b)
{
	int r;

	r = 0;
	pthread_mutex_lock(&lk);
	if(!atend)
		r = atexit(flushall);
	if(r == 0){
		atend = true;
		b->l9next = writers;
		writers = b;
	}
	pthread_mutex_unlock(&lk);
	return r == 0? 0: l9err(ENOMEM, "out of memory");
}

/* empty: nothing read ahead, nothing to write */
static void
reset(Biobuf *b)
{
	b->l9lo = b->l9p = start(b);
	b->l9e = b->l9mode == OREAD? start(b): end(b);
}

int
Binit(Biobuf *b, int fd, int mode)
{
	int e;

	mode &= ~(OTRUNC|OCEXEC|ORCLOSE|OAPPEND);
	if(mode != OREAD && mode != OWRITE)
		return l9err(EINVAL, "bad mode of a Biobuf");
	forget(b);
	b->l9fd = fd;
	b->l9mode = mode;
	b->l9own = 0;
	b->l9len = 0;
	b->l9next = nil;
	e = errno;
	b->l9off = lseek(fd, 0, SEEK_CUR);
	errno = e;
	if(b->l9off < 0)
		b->l9off = 0;	/* a pipe counts from here */
	reset(b);
	return mode == OWRITE? remember(b): 0;
}

Biobuf*
Bopen(const char *file, int mode)
{
	Biobuf *b;
	int fd;

	fd = (mode & 3) == OWRITE? p9create(file, mode, 0666): p9open(file, mode);
	if(fd < 0)
		return nil;
	b = p9mallocz(sizeof *b, 0);
	if(b == nil || Binit(b, fd, mode) < 0){
		free(b);
		close(fd);
		return nil;
	}
	b->l9own = 1;
	return b;
}

int
Bterm(Biobuf *b)
{
	int r;

	if(b->l9mode == OREAD)
		r = 0;
	else{
		r = Bflush(b);
		forget(b);
	}
	if(b->l9own){
		if(close(b->l9fd) < 0)
			r = Beof;
		free(b);
	}
	return r;
}

int
Bflush(Biobuf *b)
{
	size_t n;

	if(b->l9mode == OREAD){
		reset(b);
		return 0;
	}
	if(b->l9mode != OWRITE)
		return Beof;
	n = (size_t)(b->l9p - start(b));
	if(l9writeall(b->l9fd, (char*)start(b), n) < 0){
		b->l9mode = Broken;
		return Beof;
	}
	b->l9off += (long long)n;
	reset(b);
	return 0;
}

/*
 * Read more behind what is there, which moves to the start of the buffer;
 * some bytes before it stay too.  How many; 0 at the end, -1, also when the
 * buffer is full.
 */
static long
more(Biobuf *b)
{
	size_t keep;
	ssize_t n;

	if(b->l9mode != OREAD)
		return -1;
	if(b->l9p > start(b)){
		keep = (size_t)(b->l9p - b->l9lo);
		if(keep > Bungetsize)
			keep = Bungetsize;
		b->l9lo = start(b) - keep;
		memmove(b->l9lo, b->l9p - keep, keep + (size_t)(b->l9e - b->l9p));
		b->l9e -= b->l9p - start(b);
		b->l9p = start(b);
	}
	if(b->l9e == end(b))
		return -1;
	n = read(b->l9fd, b->l9e, (size_t)(end(b) - b->l9e));
	if(n > 0){
		b->l9e += n;
		b->l9off += n;
	}
	return n;
}

int
Bgetc(Biobuf *b)
{
	if(b->l9mode != OREAD || (b->l9p == b->l9e && more(b) <= 0))
		return Beof;
	return *b->l9p++;
}

int
Bungetc(Biobuf *b)
{
	if(b->l9mode != OREAD || b->l9p == b->l9lo)
		return Beof;
	b->l9p--;
	return 1;
}

/* 0: there is room for a byte at least */
static int
room(Biobuf *b)
{
	if(b->l9mode != OWRITE)
		return Beof;
	return b->l9p < b->l9e? 0: Bflush(b);
}

int
Bputc(Biobuf *b, int c)
{
	if(room(b) < 0)
		return Beof;
	*b->l9p++ = (unsigned char)c;
	return 0;
}

long
Bread(Biobuf *b, void *buf, long n)
{
	unsigned char *p;
	long done, m, r;

	if(b->l9mode != OREAD || n < 0)
		return Beof;
	p = buf;
	for(done = 0; done < n; done += m){
		if(b->l9p == b->l9e && (r = more(b)) <= 0)
			return r < 0 && done == 0? Beof: done;
		m = b->l9e - b->l9p;
		if(m > n - done)
			m = n - done;
		memcpy(p + done, b->l9p, (size_t)m);
		b->l9p += m;
	}
	return done;
}

long
Bwrite(Biobuf *b, const void *buf, long n)
{
	const unsigned char *p;
	long done, m;

	if(b->l9mode != OWRITE || n < 0)
		return Beof;
	p = buf;
	for(done = 0; done < n; done += m){
		if(room(b) < 0)
			return Beof;
		m = b->l9e - b->l9p;
		if(m > n - done)
			m = n - done;
		memcpy(b->l9p, p + done, (size_t)m);
		b->l9p += m;
	}
	return done;
}

static int
flushfmt(Out *o)
{
	Biobuf *b;
	int r;

	b = o->arg;
	b->l9p = (unsigned char*)o->p;
	r = Bflush(b);
	o->p = (char*)b->l9p;
	return r;
}

int
Bvprint(Biobuf *b, const char *fmt, va_list arg)
{
	Out o;

	if(b->l9mode != OWRITE)
		return Beof;
	o = (Out){(char*)b->l9p, (char*)b->l9e, flushfmt, b, 0};
	l9fmt(&o, fmt, arg);
	if(b->l9mode != OWRITE)
		return Beof;
	b->l9p = (unsigned char*)o.p;
	return (int)o.n;
}

int
Bprint(Biobuf *b, const char *fmt, ...)
{
	va_list arg;
	int n;

	va_start(arg, fmt);
	n = Bvprint(b, fmt, arg);
	va_end(arg);
	return n;
}

/*
 * The line lies in the buffer.  Where there is none, for it is too long or the
 * file ends without its delimiter, all stays to be read otherwise.
 */
void*
Brdline(Biobuf *b, int delim)
{
	unsigned char *line, *q;
	size_t seen;

	b->l9len = 0;
	if(b->l9mode != OREAD)
		return nil;
	seen = 0;
	for(;;){
		q = memchr(b->l9p + seen, delim, (size_t)(b->l9e - b->l9p) - seen);
		if(q != nil)
			break;
		seen = (size_t)(b->l9e - b->l9p);
		if(more(b) <= 0){
			b->l9len = (int)seen;
			return nil;
		}
	}
	line = b->l9p;
	b->l9p = q + 1;
	b->l9len = (int)(b->l9p - line);
	return line;
}

int
Blinelen(Biobuf *b)
{
	return b->l9len;
}

/* s grown by n bytes, with room for a 0 after them; nil: s is free */
static char*
append(char *s, size_t len, const void *p, size_t n)
{
	char *t;

	t = realloc(s, len + n + 1);
	if(t == nil){
		free(s);
		l9err(ENOMEM, "out of memory");
		return nil;
	}
	memcpy(t + len, p, n);
	t[len+n] = '\0';
	return t;
}

char*
Brdstr(Biobuf *b, int delim, int nulldelim)
{
	unsigned char *q;
	char *s;
	size_t len, n;

	b->l9len = 0;
	if(b->l9mode != OREAD)
		return nil;
	s = nil;
	len = 0;
	q = nil;
	while(q == nil && (b->l9p < b->l9e || more(b) > 0)){
		n = (size_t)(b->l9e - b->l9p);
		q = memchr(b->l9p, delim, n);
		if(q != nil)
			n = (size_t)(q + 1 - b->l9p);
		s = append(s, len, b->l9p, n);
		if(s == nil)
			return nil;
		b->l9p += n;
		len += n;
	}
	if(q != nil && nulldelim)
		s[--len] = '\0';
	b->l9len = (int)len;
	return s;
}

long long
Boffset(Biobuf *b)
{
	switch(b->l9mode){
	case OREAD:
		return b->l9off - (b->l9e - b->l9p);
	case OWRITE:
		return b->l9off + (b->l9p - start(b));
	}
	return Beof;
}

long long
Bseek(Biobuf *b, long long n, int type)
{
	long long off;

	if(b->l9mode == OWRITE && Bflush(b) < 0)
		return Beof;
	if(b->l9mode == Broken)
		return Beof;
	/* the file is further than the reader */
	if(type == 1 && b->l9mode == OREAD)
		n -= b->l9e - b->l9p;
	off = p9seek(b->l9fd, n, type);
	if(off < 0)
		return Beof;
	b->l9off = off;
	reset(b);
	return off;
}

int
Bbuffered(Biobuf *b)
{
	switch(b->l9mode){
	case OREAD:
		return (int)(b->l9e - b->l9p);
	case OWRITE:
		return (int)(b->l9p - start(b));
	}
	return 0;
}

int
Bfildes(Biobuf *b)
{
	return b->l9fd;
}
