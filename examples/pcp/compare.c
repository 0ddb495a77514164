/* --verify: is the copy what its source is? */
#include <u.h>
#include <libc.h>
#include <thread.h>
#include "pcp.h"

enum {
	Half = Bufsize/2,
};

/* up to Half bytes; less at the end */
static long
fill(int fd, char *name, char *buf, vlong off)
{
	long n, m;

	for(m = 0; m < Half; m += n){
		n = pread(fd, buf+m, Half-m, off+m);
		if(n < 0 && errno == EINTR)
			n = 0;
		else if(n < 0){
			complain(name, "read");
			return -1;
		}else if(n == 0)
			break;
	}
	return m;
}

/* where the next byte is that need not be 0 */
static vlong
nextdata(int fd, vlong off, vlong size)
{
	vlong at;

	at = lseek(fd, off, SEEK_DATA);
	if(at < 0)
		return errno == ENXIO? size: off;
	return at;
}

typedef struct Pair Pair;
struct Pair
{
	File	*f;
	char	*buf;
	int	a;
	int	b;
	vlong	size;
	vlong	off;		/* they are the same so far */
};

static int
differ(Pair *p)
{
	werrstr("is not what %s is", p->f->from);
	complain(p->f->to, "verify");
	return -1;
}

static int
openpair(Pair *p, File *f, char *buf)
{
	enum { Flags = O_RDONLY|O_NOFOLLOW|O_NONBLOCK|O_CLOEXEC };
	struct stat a, b;

	*p = (Pair){.f = f, .buf = buf, .b = -1};
	p->a = open(f->from, Flags, 0);
	if(p->a < 0 || fstat(p->a, &a) < 0){
		complain(f->from, "open");
		return -1;
	}
	p->b = open(f->to, Flags, 0);
	if(p->b < 0 || fstat(p->b, &b) < 0){
		complain(f->to, "open");
		return -1;
	}
	p->size = a.st_size;
	if(!S_ISREG(a.st_mode) || !S_ISREG(b.st_mode) || a.st_size != b.st_size)
		return differ(p);
	return 0;
}

static void
closepair(Pair *p)
{
	if(p->a >= 0)
		close(p->a);
	if(p->b >= 0)
		close(p->b);
}

/* how much was the same; 0 at the end, at once when it is reached; -1 after a complaint */
static long
comparesome(Pair *p)
{
	vlong x, y;
	long n, m;

	/* files of /proc have no size, but something in them */
	if(p->size > 0){
		x = nextdata(p->a, p->off, p->size);
		y = nextdata(p->b, p->off, p->size);
		p->off = x < y? x: y;
	}
	n = fill(p->a, p->f->from, p->buf, p->off);
	m = n < 0? -1: fill(p->b, p->f->to, p->buf+Half, p->off);
	if(n < 0 || m < 0)
		return -1;
	if(n != m || memcmp(p->buf, p->buf+Half, n) != 0)
		return differ(p);
	p->off += n;
	return p->size > 0 && p->off >= p->size? 0: n;
}

int
compare(File *f, char *buf)
{
	Pair p;
	long n;

	n = openpair(&p, f, buf);
	if(n == 0)
		while((n = comparesome(&p)) > 0)
			;
	closepair(&p);
	return n;
}

static long
xopenpair(va_list *arg)
{
	Pair *p;
	File *f;

	p = va_arg(*arg, Pair*);
	f = va_arg(*arg, File*);
	return openpair(p, f, va_arg(*arg, char*));
}

/* for as long as Turn; what comparesome returns */
static long
xcompare(va_list *arg)
{
	Pair *p;
	int64_t by;
	long n;

	p = va_arg(*arg, Pair*);
	by = threadnow() + Turn;
	do
		n = comparesome(p);
	while(n > 0 && threadnow() < by);
	return n;
}

static long
xclosepair(va_list *arg)
{
	closepair(va_arg(*arg, Pair*));
	return 0;
}

int
comparelarge(Ioproc *io, File *f, char *buf)
{
	Pair p;
	long n;

	n = iocall(io, xopenpair, &p, f, buf);
	if(n == 0)
		do
			n = iocall(io, xcompare, &p);
		while(n > 0 && !shallstop());
	iocall(io, xclosepair, &p);
	return n == 0? 0: -1;
}
