/*
 * Copying one file: opened, some steps, closed.
 *
 * A file whose size and time are those of its source is complete.  So the time
 * is set last, but for a copy that is given up half-way: that has the time of
 * its source and is shorter, which is how --resume knows it.
 */
#include <u.h>
#include <libc.h>
#include <thread.h>
#include "pcp.h"

typedef struct Copy Copy;
struct Copy
{
	File	*f;
	struct stat	st;	/* of in: newer than f's */
	char	*buf;
	int	in;
	int	out;
	int	sparse;		/* in has holes */
	int	user;		/* by read and write, not in the kernel */
	vlong	off;		/* so far */
};

static int
sametime(struct stat *a, struct stat *b)
{
	return a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int
complete(File *f)
{
	struct stat st;

	return lstat(f->to, &st) == 0 && S_ISREG(st.st_mode)
		&& st.st_size == f->st.st_size && sametime(&st, &f->st);
}

/* 0: open at fd is a file.  O_NONBLOCK, with which it was opened: what has become a fifo must not keep us waiting */
static int
isfile(int fd, struct stat *st)
{
	if(fd < 0 || fstat(fd, st) < 0)
		return -1;
	if(S_ISREG(st->st_mode))
		return 0;
	werrstr("is no file any more");
	return -1;
}

/* a file is there already: write over it, or go on with it.  0: no, it has to go */
static int
openold(Copy *c)
{
	struct stat st;

	c->out = open(c->f->to, O_WRONLY|O_NOFOLLOW|O_NONBLOCK|O_CLOEXEC, 0);
	/* it may not be written */
	if(c->out < 0)
		return errno == EACCES? 0: -1;
	if(isfile(c->out, &st) < 0)
		return -1;
	if(st.st_dev == c->st.st_dev && st.st_ino == c->st.st_ino){
		werrstr("is the same file");
		return -1;
	}
	/* other names need not be names of the copy, another owner could read what is written */
	if(st.st_nlink > 1 || !ours(&st)){
		close(c->out);
		c->out = -1;
		return 0;
	}
	if(narrow(c->out, &c->st, &st) < 0)
		return -1;
	if(resume && st.st_size < c->st.st_size && sametime(&st, &c->st)){
		c->off = st.st_size;
		return 1;
	}
	return ftruncate(c->out, 0) < 0? -1: 1;
}

static int
opennew(Copy *c)
{
	c->out = open(c->f->to, O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, firstmode(&c->st));
	return c->out < 0? -1: 0;
}

static int
openout(Copy *c)
{
	struct stat st;
	int r;

	if(opennew(c) == 0)
		return 0;
	if(errno != EEXIST)
		return -1;
	if(lstat(c->f->to, &st) == 0 && S_ISREG(st.st_mode)){
		r = openold(c);
		if(r != 0)
			return r < 0? -1: 0;
	}
	return makeroom(c->f->to, &c->st) < 0? -1: opennew(c);
}

static void
closeboth(Copy *c)
{
	if(c->in >= 0)
		close(c->in);
	if(c->out >= 0)
		close(c->out);
}

static int
begin(Copy *c, File *f, char *buf)
{
	*c = (Copy){.f = f, .buf = buf, .in = -1, .out = -1};
	c->in = open(f->from, O_RDONLY|O_NOFOLLOW|O_NONBLOCK|O_CLOEXEC, 0);
	if(isfile(c->in, &c->st) < 0){
		complain(f->from, "open");
		closeboth(c);
		return -1;
	}
	if(openout(c) < 0){
		complain(f->to, "create");
		closeboth(c);
		return -1;
	}
	c->sparse = c->st.st_blocks < c->st.st_size/512;
	c->user = c->st.st_size <= Bufsize;
	if(!c->user && c->off == 0 && clonefile(c->in, c->out) == 0)
		c->off = c->st.st_size;
	return 0;
}

/* -1 after a complaint */
static vlong
readwrite(Copy *c)
{
	long n, m, w;

	do
		n = pread(c->in, c->buf, Bufsize, c->off);
	while(n < 0 && errno == EINTR);
	if(n < 0)
		complain(c->f->from, "read");
	for(m = 0; m < n; m += w){
		w = pwrite(c->out, c->buf+m, n-m, c->off+m);
		if(w < 0 && errno == EINTR)
			w = 0;
		if(w < 0){
			complain(c->f->to, "write");
			return -1;
		}
	}
	return n;
}

/* off goes to the next data; how many bytes there are, at most Piece */
static vlong
data(Copy *c)
{
	off_t at, end;

	if(!c->sparse)
		return Piece;
	at = lseek(c->in, c->off, SEEK_DATA);
	if(at < 0 && errno == ENXIO){
		c->off = c->st.st_size;
		return 0;
	}
	if(at < 0)
		return Piece;
	c->off = at;
	end = lseek(c->in, at, SEEK_HOLE);
	return end > at && end - at < Piece? end - at: Piece;
}

/* files of /proc have no size, but something in them */
static int
atend(Copy *c)
{
	return c->st.st_size > 0 && c->off >= c->st.st_size;
}

/* a piece: how far that led; 0 at the end; -1 after a complaint */
static vlong
step(Copy *c)
{
	vlong from, n, r;

	from = c->off;
	if(atend(c))
		return 0;
	n = data(c);
	if(n > 0){
		r = c->user? readwrite(c): copyrange(c->in, c->out, c->off, n);
		/* some file systems say -1, others 0, where they cannot do it */
		if(r <= 0 && !c->user){
			c->user = 1;
			r = readwrite(c);
		}
		if(r < 0)
			return -1;
		c->off += r;
	}
	return c->off - from;
}

/* a part: its owner can write the rest */
static int
keep(Copy *c)
{
	return fchmod(c->out, firstmode(&c->st) | S_IWUSR) < 0? -1: settimes(c->out, c->f->to, &c->st);
}

/* not finished: of what took long, keep what there is.  Off may be farther: a hole has been skipped */
static void
giveup(Copy *c)
{
	struct stat st;

	if(fstat(c->out, &st) == 0 && st.st_size > Large && keep(c) == 0){
		werrstr("%lld of %lld bytes: --resume goes on", (vlong)st.st_size, (vlong)c->st.st_size);
		note(c->f->to, "kept");
	}else
		unlink(c->f->to);
	closeboth(c);
}

static int
end(Copy *c)
{
	int bad, lost;

	/* a hole at the end; or less than there was */
	lost = c->sparse && ftruncate(c->out, c->off) < 0;
	if(lost)
		complain(c->f->to, "truncate");
	bad = setmeta(c->out, c->f->to, &c->st) < 0;
	/* some file systems write as late as that */
	if(close(c->out) < 0){
		complain(c->f->to, "close");
		lost = 1;
	}
	c->out = -1;
	closeboth(c);
	/* it looks complete */
	if(lost)
		unlink(c->f->to);
	return bad || lost? -1: 0;
}

static int
copysmall(File *f, char *buf)
{
	Copy c;
	vlong n;

	if(begin(&c, f, buf) < 0)
		return -1;
	while((n = step(&c)) > 0)
		;
	if(n < 0){
		giveup(&c);
		return -1;
	}
	return end(&c);
}

/* how it ended: Copied, Skipped, Failed */
static int
copyone(File *f, char *buf)
{
	int what, plain;

	plain = S_ISREG(f->st.st_mode);
	what = Copied;
	if(resume && plain && complete(f))
		what = Skipped;
	else if((plain? copysmall(f, buf): copynode(f)) < 0)
		return Failed;
	if(verify && plain && compare(f, buf) < 0)
		return Failed;
	return what;
}

static long
xcopylist(va_list *arg)
{
	Count *n;
	File *f;
	char *buf;
	int what;

	f = va_arg(*arg, File*);
	buf = va_arg(*arg, char*);
	n = va_arg(*arg, Count*);
	for(; f != nil && !hopeless(); f = f->next){
		what = copyone(f, buf);
		n[what].files++;
		if(S_ISREG(f->st.st_mode))
			n[what].bytes += f->st.st_size;
	}
	return 0;
}

/*
 * What became of them is told once: each report from an OS thread wakes the proc.
 * The call itself cannot fail, since the worker has the OS thread and nobody interrupts it.
 */
void
copysome(Ioproc *io, File *f, char *buf)
{
	Count n[Failed+1] = {{0, 0}};

	iocall(io, xcopylist, f, buf, n);
	tell(Copied, n[Copied].files, n[Copied].bytes);
	tell(Skipped, n[Skipped].files, n[Skipped].bytes);
}

/*
 * The parts of a long copy, each a call of its own, so that there is something
 * to show, and an end when it is asked for.
 */
static long
xbegin(va_list *arg)
{
	Copy *c;
	File *f;

	c = va_arg(*arg, Copy*);
	f = va_arg(*arg, File*);
	return begin(c, f, va_arg(*arg, char*));
}

/*
 * Steps for as long as Turn: on a busy machine the way from here to the thread that
 * copies and back may take longer than a step.  1: there is more; 0: the end, at once when it
 * is reached, since what is whole must not be given up; -1.
 */
static long
xsteps(va_list *arg)
{
	Copy *c;
	vlong *total, n;
	int64_t by;

	c = va_arg(*arg, Copy*);
	total = va_arg(*arg, vlong*);
	*total = 0;
	by = threadnow() + Turn;
	do{
		n = step(c);
		if(n > 0)
			*total += n;
	}while(n > 0 && threadnow() < by);
	return n < 0? -1: n > 0 && !atend(c);
}

static long
xend(va_list *arg)
{
	return end(va_arg(*arg, Copy*));
}

static long
xgiveup(va_list *arg)
{
	giveup(va_arg(*arg, Copy*));
	return 0;
}

static long
xcomplete(va_list *arg)
{
	return complete(va_arg(*arg, File*));
}

static int
copypieces(Ioproc *io, File *f, char *buf)
{
	Copy c;
	vlong n;
	int r;

	if(iocall(io, xbegin, &c, f, buf) < 0)
		return -1;
	tell(Copied, 0, c.off);
	do{
		r = -1;
		/* a clone is whole from the beginning, and must not be given up, either */
		if(atend(&c) || !shallstop()){
			n = 0;
			r = iocall(io, xsteps, &c, &n);
			tell(Copied, 0, n);
		}
	}while(r > 0);
	if(r < 0){
		iocall(io, xgiveup, &c);
		return -1;
	}
	return iocall(io, xend, &c);
}

void
copylarge(Ioproc *io, File *f, char *buf)
{
	int what;

	what = Skipped;
	if(!resume || !iocall(io, xcomplete, f)){
		if(copypieces(io, f, buf) < 0)
			return;
		what = Copied;
	}
	if(!verify || comparelarge(io, f, buf) == 0)
		tell(what, 1, what == Skipped? f->st.st_size: 0);
}

void
freefiles(File *f)
{
	File *next;

	for(; f != nil; f = next){
		next = f->next;
		free(f->from);
		free(f->to);
		free(f);
	}
}
