/* pcp: options, workers, and what they tell */
#include <u.h>
#include <libc.h>
#include <thread.h>
#include <stdatomic.h>
#include "pcp.h"

int resume;
int verify;

static Channel *told;		/* of Report */
static Channel *jobs;		/* of File*: lists */
static Waitgroup workers;
static dev_t destination;	/* the file system that has the tops of the copies.  Fixed before any worker is there */

typedef struct Plan Plan;
struct Plan
{
	Tree	*tree;
	int	n;
	int	intodir;	/* the destination is a directory, and was there before */
	Ioproc	*io;		/* the walker's */
};

/* the main thread's */
static Count found;
static Count done;		/* copied and skipped */
static int nskipped;
static int nfailed;
static int interrupted;
static int stopping;		/* copy no more */
static int unfinished;		/* for that reason something was left out */

/*
 * There was an error; and one that each file would meet.  Set by complain, in any OS thread, read by
 * anyfailed and hopeless; nothing else is told by them, so any order does.
 */
static atomic_int somefail;
static atomic_int allfail;

void*
emalloc(size_t n)
{
	void *p;

	p = malloc(n);
	if(p == nil)
		sysfatal("out of memory");
	return p;
}

char*
estrdup(char *s)
{
	return strcpy(emalloc(strlen(s) + 1), s);
}

char*
join(char *dir, char *name)
{
	size_t n, m;
	char *s;

	n = strlen(dir);
	m = strlen(name);
	if(n > 0 && dir[n-1] == '/')
		n--;
	s = emalloc(n + 1 + m + 1);
	memcpy(s, dir, n);
	s[n] = '/';
	memcpy(s + n + 1, name, m + 1);
	return s;
}

int
anyfailed(void)
{
	return atomic_load(&somefail);
}

int
hopeless(void)
{
	return atomic_load(&allfail);
}

int
shallstop(void)
{
	int stop;

	stop = stopping || hopeless();
	if(stop)
		unfinished = 1;
	return stop;
}

int
leftout(void)
{
	return unfinished || hopeless();
}

static void
report(Report *r)
{
	if(send(told, r) < 0)
		sysfatal("out of memory");
}

void
tell(int what, int files, vlong bytes)
{
	Report r;

	r = (Report){what, {files, bytes}, nil};
	report(&r);
}

/* names may have any character; one that is not printed is told by its number.  Malloced */
static char*
quote(char *s)
{
	char *buf, *p;

	p = buf = emalloc(4*strlen(s) + 1);
	for(; *s != '\0'; s++)
		if((uchar)*s < ' ' || *s == 0x7f)
			p += sprintf(p, "\\%03o", (uchar)*s);
		else
			*p++ = *s;
	*p = '\0';
	return buf;
}

static void
message(int kind, char *name, char *what)
{
	char err[ERRMAX], *s;
	Report r;

	rerrstr(err, sizeof err);
	s = smprint("%s: %s: %s", name, what, err);
	if(s == nil)
		sysfatal("out of memory");
	r = (Report){kind, {0, 0}, quote(s)};
	free(s);
	report(&r);
}

void
complainonly(char *name, char *what)
{
	atomic_store(&somefail, 1);
	message(Failed, name, what);
}

/* the file system of a directory; of anything else, that of the directory where it is or would be made */
static dev_t
filesystem(char *name)
{
	struct stat st;
	char *dir;
	int r;

	if(lstat(name, &st) == 0 && S_ISDIR(st.st_mode))
		return st.st_dev;
	dir = parent(name);
	r = stat(dir, &st);
	free(dir);
	return r < 0? 0: st.st_dev;
}

/* is what has just failed what each file would meet?  errno stays */
static int
meetsall(char *name)
{
	int e, yes;

	e = errno;
	yes = (e == ENOSPC || e == EDQUOT || e == EROFS) && filesystem(name) == destination;
	errno = e;
	return yes;
}

/* where all files go, all fail: then the first tells enough */
void
complain(char *name, char *what)
{
	if(!meetsall(name) || !atomic_exchange(&allfail, 1))
		complainonly(name, what);
}

void
note(char *name, char *what)
{
	message(Noted, name, what);
}

static void
worker(void *v)
{
	Ioproc *io;
	File *f;
	char *buf;

	io = v;
	buf = emalloc(Bufsize);
	while((f = recvp(jobs)) != nil){
		if(!shallstop()){
			if(S_ISREG(f->st.st_mode) && f->st.st_size > Large)
				copylarge(io, f, buf);
			else
				copysome(io, f, buf);
		}
		freefiles(f);
	}
	free(buf);
	closeioproc(io);
	wgdone(&workers);
}

static void
copyall(void *v)
{
	Plan *p;

	p = v;
	walk(p->io, p->tree, p->n, jobs);
	chanclose(jobs);
	wgwait(&workers);
	walkend(p->io);
	closeioproc(p->io);
	tell(Ended, 0, 0);
}

static void
add(Count *to, Count *n)
{
	to->files += n->files;
	to->bytes += n->bytes;
}

static void
say(char *msg)
{
	clearbar();
	fprint(2, "pcp: %s\n", msg);
}

static void
count(Report *r)
{
	switch(r->what){
	case Found:
		add(&found, &r->n);
		return;
	case Skipped:
		nskipped += r->n.files;
		add(&done, &r->n);
		return;
	case Copied:
		add(&done, &r->n);
		return;
	case Failed:
		nfailed++;
		break;
	}
	say(r->msg);
	free(r->msg);
}

/* whoever asks again has been heard */
static void
interrupt(void)
{
	if(!interrupted)
		say("interrupted");
	interrupted = 1;
	stopping = 1;
}

/* until all has been copied, or cannot be */
static void
watch(int bar)
{
	Report r;
	Timer *tick;
	Channel *notes;
	char *note;
	int64_t start;

	start = threadnow();
	tick = ticker(200*Millisecond);
	notes = chancreate(sizeof(char*), CHANUNBOUNDED);
	if(tick == nil || notes == nil || notechan(notes, "interrupt", 1) < 0 || notechan(notes, "kill", 1) < 0)
		sysfatal("cannot start: %r");
	Alt a[] = {
		{told, &r, CHANRCV, nil},
		{notes, &note, CHANRCV, nil},
		{tick->c, nil, bar? CHANRCV: CHANNOP, nil},
		{nil, nil, CHANEND, nil},
	};
	if(bar)
		showbar(&found, &done, 0);
	for(;;)
		switch(alt(a)){
		case 0:
			if(r.what == Ended){
				clearbar();
				return;
			}
			count(&r);
			break;
		case 1:
			interrupt();
			break;
		case 2:
			showbar(&found, &done, threadnow() - start);
			break;
		}
}

/* the next time `to' is there, and a tree would go into it */
static void
hint(Plan *p)
{
	struct stat st;
	char *from, *to;

	print("; not finished");
	if(found.files > done.files)
		print(", at least %d left", found.files - done.files);
	print(": pcp --resume");
	if(!p->intodir && lstat(p->tree->from, &st) == 0 && S_ISDIR(st.st_mode)){
		from = quote(p->tree->from);
		to = quote(p->tree->to);
		print(" %s/. %s", from, to);
		free(from);
		free(to);
	}
	print(" goes on");
}

static void
summary(Plan *p, int64_t took)
{
	char size[16];

	human(size, done.bytes);
	print("%d files, %s in %.1f s", done.files, size, (double)took/Second);
	if(nskipped > 0)
		print(", %d complete before", nskipped);
	if(nfailed > 0)
		print(", %d error%s", nfailed, nfailed == 1? "": "s");
	if(leftout())
		hint(p);
	print("\n");
}

/* where a source goes if the destination is a directory; "x/." is what is in x, and goes to "dir/", which may be a link to one */
static char*
below(char *dir, char *from)
{
	char *s, *name;

	s = estrdup(from);
	for(name = s + strlen(s); name > s+1 && name[-1] == '/';)
		*--name = '\0';
	name = strrchr(s, '/');
	name = name != nil? name+1: s;
	if(name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		name = "";
	name = join(dir, name);
	free(s);
	return name;
}

static void
usage(void)
{
	fprint(2, "usage: pcp [-qrV] [-j workers] from ... to\n"
		"	-j n	n workers (4)\n"
		"	-q	no progress, no summary\n"
		"	-r, --resume	go on with a copy that was interrupted\n"
		"	-V, --verify	compare what was copied\n");
	threadexitsall("usage");
}

static Ioproc*
eioproc(void)
{
	Ioproc *io;

	io = ioproc();
	if(io == nil)
		sysfatal("cannot start a worker: %r");
	return io;
}

static void
start(Plan *p, int n)
{
	told = chancreate(sizeof(Report), CHANUNBOUNDED);
	jobs = chancreate(sizeof(File*), 64);
	if(told == nil || jobs == nil)
		sysfatal("cannot start: %r");
	p->io = eioproc();
	wgadd(&workers, n);
	while(n-- > 0)
		if(threadcreate(worker, eioproc(), 0) < 0)
			sysfatal("cannot start a worker: %r");
	if(threadcreate(copyall, p, 0) < 0)
		sysfatal("cannot start: %r");
}

static int
byname(const void *a, const void *b)
{
	return strcmp(*(char**)a, *(char**)b);
}

/* of several, two must not go to one place: there they would be written at once */
static void
apart(Plan *p)
{
	char **to;
	int i, n;

	to = emalloc(p->n*sizeof to[0]);
	for(i = 0; i < p->n; i++)
		to[i] = p->tree[i].to;
	qsort(to, p->n, sizeof to[0], byname);
	for(i = 0; i < p->n; i++){
		n = strlen(to[i]);
		if(to[i][n-1] == '/' || (i > 0 && strcmp(to[i-1], to[i]) == 0))
			sysfatal("%s: more than one goes there: copy them one by one", to[i]);
	}
	free(to);
}

/* the arguments' last is the destination */
static void
plan(Plan *p, char **argv, int argc)
{
	struct stat st;
	char *to;
	int i;

	to = argv[argc-1];
	p->n = argc-1;
	p->tree = emalloc(p->n*sizeof p->tree[0]);
	p->intodir = stat(to, &st) == 0 && S_ISDIR(st.st_mode);
	if(p->n > 1 && !p->intodir)
		sysfatal("%s: not a directory", to);
	for(i = 0; i < p->n; i++)
		p->tree[i] = (Tree){argv[i], p->intodir? below(to, argv[i]): to};
	if(p->n > 1)
		apart(p);
	destination = p->intodir? st.st_dev: filesystem(to);
}

static void
longoption(char *s)
{
	if(strcmp(s, "resume") == 0)
		resume = 1;
	else if(strcmp(s, "verify") == 0)
		verify = 1;
	else
		usage();
}

void
threadmain(int argc, char *argv[])
{
	Plan p;
	int64_t begun;
	int nworker, quiet;

	nworker = 4;
	quiet = 0;
	ARGBEGIN{
	case 'j':
		nworker = atoi(EARGF(usage()));
		break;
	case 'q':
		quiet = 1;
		break;
	case 'r':
		resume = 1;
		break;
	case 'V':
		verify = 1;
		break;
	case '-':
		longoption(EARGF(usage()));
		break;
	default:
		usage();
	}ARGEND
	if(argc < 2 || nworker < 1 || nworker > 256)
		usage();

	begun = threadnow();
	umask(0);
	metainit();
	plan(&p, argv, argc);
	start(&p, nworker);
	watch(!quiet && isatty(2));
	if(!quiet)
		summary(&p, threadnow() - begun);
	threadexitsall(nfailed > 0 || leftout()? "errors": nil);
}
