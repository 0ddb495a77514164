/*
 * threadinfo's tables: what each kind of wait looks like, and the procs; at any
 * time, on request by a note, and what threadleaks reports at exit.  What is
 * printed at a deadlock is deadlock.c's.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#include "t.h"

static Channel *c, *done;
static char table[64*1024];

/* threadinfo writes to a file, which is read back: no pipe that could be full */
static void
look(void)
{
	ssize_t n;
	FILE *f;

	f = tmpfile();
	if(f == nil)
		abort();
	threadinfo(fileno(f));
	n = pread(fileno(f), table, sizeof table - 1, 0);
	table[n < 0? 0: n] = '\0';
	fclose(f);
}

/* the line of a thread or a proc, without its end; nil */
static char*
lineof(const char *head, int id)
{
	static char line[512];
	char *p, num[32];
	size_t n;

	p = strstr(table, head);
	if(p == nil)
		return nil;
	snprintf(num, sizeof num, "\n%10d ", id);
	p = strstr(p, num);
	if(p == nil)
		return nil;
	p++;
	n = strcspn(p, "\n");
	snprintf(line, sizeof line, "%.*s", (int)n, p);
	return line;
}

static char*
threadline(int id)
{
	return lineof("    thread proc state\n", id);
}

static char*
procline(int index)
{
	return lineof("      proc OS thread  threads state\n", index);
}

/* what stands between before and after is at least lo and at most hi */
static void
assert_between(const char *line, const char *before, const char *after, long lo, long hi)
{
	char *p, *e;
	long n;

	assert_non_null(line);
	p = strstr(line, before);
	if(p == nil)
		fail_msg("no `%s' in `%s'", before, line);
	n = strtol(p + strlen(before), &e, 10);
	if(e == p + strlen(before) || strncmp(e, after, strlen(after)) != 0)
		fail_msg("no number between `%s' and `%s' in `%s'", before, after, line);
	if(n < lo || n > hi)
		fail_msg("%ld is not from %ld to %ld in `%s'", n, lo, hi, line);
}

static void
assert_line(int id, const char *want)
{
	char *line;

	line = threadline(id);
	assert_non_null(line);
	if(strstr(line, want) == nil)
		fail_msg("no `%s' in `%s'", want, line);
}

/*
 * One thread that waits, in each way.
 */
static QLock ql;
static RWLock rw;
static Rendez rz = {.l = &ql};
static Sema sema;
static Waitgroup wg;
static Barrier bar;
static Ioproc *io;
static int pfd[2];
static int other;
static char text[80];

static void
dosend(void)
{
	chansend(c, nil);
}

static void
dorecv(void)
{
	chanrecv(c, nil);
}

static void
unnamed(void)
{
	chanrecv(done, nil);
}

static void
doalt(void)
{
	int64_t when;
	Alt a[] = {
		{.op = CHANNOP},
		{.c = c, .op = CHANRCV},
		{.c = done, .op = CHANRCV},
		{.op = CHANRCV},
		{.c = c, .op = CHANSND},
		{.v = &when, .op = CHANTIMEOUT},
		{.op = CHANEND},
	};

	when = threadnow() + Hour;
	/* or the send would meet its own receive's channel while somebody waits there */
	p9alt(a);
}

static void
doaltmany(void)
{
	Alt a[8];
	int i;

	for(i = 0; i < 7; i++)
		a[i] = (Alt){.c = c, .op = CHANRCV};
	a[7] = (Alt){.op = CHANEND};
	p9alt(a);
}

static void
dotimeout(void)
{
	int64_t when;
	Alt a[] = {
		{.v = &when, .op = CHANTIMEOUT},
		{.op = CHANEND},
	};

	when = threadnow() + Hour;
	p9alt(a);
}

static void
dosleep(void)
{
	threadsleep(Hour);
}

static void
bydeadline(void)
{
	threaddeadline(threadnow() + Hour);
	chanrecv(c, nil);
}

/* the deadline is not this wait's */
static void
nodeadline(void)
{
	threaddeadline(threadnow() + Hour);
	qlock(&ql);
	qunlock(&ql);
}

static void
doqlock(void)
{
	qlock(&ql);
	qunlock(&ql);
}

static void
doqlockuntil(void)
{
	if(qlockuntil(&ql, threadnow() + Hour) == 0)
		qunlock(&ql);
}

static void
dorlock(void)
{
	rlock(&rw);
	runlock(&rw);
}

static void
dowlock(void)
{
	wlock(&rw);
	wunlock(&rw);
}

static void
dorsleep(void)
{
	qlock(&ql);
	rsleep(&rz);
	qunlock(&ql);
}

static void
dosema(void)
{
	semacquire(&sema);
}

static void
dowg(void)
{
	wgwait(&wg);
}

static void
dobarrier(void)
{
	barrierwait(&bar, 2);
}

static void
dojoin(void)
{
	threadjoin(other, nil, 0);
}

static void
doread(void)
{
	char b;

	ioread(io, pfd[0], &b, 1);
}

static void
doiosleep(void)
{
	iosleep(io, 1000*1000);
}

static long
op(va_list *v)
{
	char b;

	(void)v;
	return read(pfd[0], &b, 1);
}

static void
doiocall(void)
{
	iocall(io, op);
}

static void
dopen(void)
{
	ioclose(io, ioopen(io, text, O_RDONLY));
}

typedef struct Wait Wait;
struct Wait
{
	void	(*f)(void);
	const char	*is;
	const void	*on;	/* follows it as an address */
	bool	ends;		/* it has an end, in an hour */
};

static Wait waits[] = {
	{dosend, " waiting   send (work), ", nil, false},
	{dorecv, " waiting   recv (work), ", nil, false},
	{unnamed, " waiting   recv ", nil, false},
	{doalt, " waiting   alt (recv work, recv, send work), ", nil, true},
	{doaltmany, " waiting   alt (recv work, recv work, recv work, recv work ...), ", nil, false},
	{dotimeout, " waiting   alt ", nil, true},
	{dosleep, " waiting   threadsleep, ", nil, true},
	{bydeadline, " waiting   recv (work), ", nil, true},
	{doqlock, " waiting   qlock ", &ql, false},
	{nodeadline, " waiting   qlock ", &ql, false},
	{doqlockuntil, " waiting   qlock ", &ql, true},
	{dorlock, " waiting   rlock ", &rw, false},
	{dowlock, " waiting   wlock ", &rw, false},
	{dorsleep, " waiting   rsleep ", &rz, false},
	{dosema, " waiting   semacquire ", &sema, false},
	{dowg, " waiting   wgwait ", &wg, false},
	{dobarrier, " waiting   barrierwait ", &bar, false},
	{dojoin, " waiting   threadjoin (thread ", nil, false},
	{doread, " waiting   ioread (fd ", nil, false},
	{doiosleep, " waiting   iosleep, ", nil, false},
	{doiocall, " waiting   iocall, ", nil, false},
	{dopen, " waiting   ioopen (", nil, false},
};

static void
waitsso(void *v)
{
	threadsetname("waiter %d", 7);
	((Wait*)v)->f();
}

static void
waiting(void **state)
{
	char want[80], *line;
	Wait *w;
	int id;

	w = *state;
	/* what it waits for is taken */
	if(w->on == &ql)
		qlock(&ql);
	wlock(&rw);
	wgadd(&wg, 1);
	id = threadcreate(waitsso, w, 0);
	assert_true(id > 0);
	/* an iocall's caller lets go of the proc twice: for its helper's start, perhaps */
	while(threadyield() > 0)
		;
	look();
	assert_line(id, w->is);
	if(w->on != nil){
		snprintf(want, sizeof want, "%s%p, ", w->is, w->on);
		assert_line(id, want);
	}
	line = threadline(id);
	assert_true(strlen(line) > 10 && strcmp(line + strlen(line) - 10, ": waiter 7") == 0);
	if(TSTACKUSED){
		assert_between(line, ", stack ", " of ", 300, 100*1024);
		assert_between(line, " of ", ": waiter 7", 100*1024, 256*1024);
	}
	if(w->ends)
		assert_between(line, " ms, ", " ms left", 3500*1000, 3600*1000);
	else
		assert_null(strstr(line, " left"));
	assert_int_equal(threadkill(id), 0);
	if(w->on == &ql)
		qunlock(&ql);
	wunlock(&rw);
	wgdone(&wg);
	while(threadint(id) == 0)
		threadsleep(Millisecond);
}

/*
 * Other states.
 */
static void
idles(void *v)
{
	chanrecv(v, nil);
}

static void
states(void **state)
{
	static const Threadattr paused = {.name = "paused", .paused = 1};
	int id[6], i;

	id[0] = threadcreate(idles, c, 0);
	id[1] = threadcreatex(&paused, idles, c);
	threadyield();
	id[2] = threadcreate(idles, c, 0);
	id[3] = threadcreate(idles, c, 0);
	threadint(id[3]);
	/* these two have not had a turn since */
	id[4] = threadcreatex(&paused, idles, c);
	id[5] = threadcreate(idles, c, 0);
	threadsuspend(id[5]);
	threadsetname("me");
	look();
	assert_line(threadid(), " running");
	assert_line(threadid(), ": me");
	assert_line(id[0], " waiting   recv (work), ");
	assert_line(id[1], TSTACKUSED? " suspended, stack ": " suspended: paused");
	assert_line(id[1], ": paused");
	assert_line(id[2], TSTACKUSED? " ready    , stack ": " ready    ");
	assert_line(id[3], ", interrupt pending");
	assert_null(strstr(threadline(id[2]), "pending"));
	assert_line(id[4], " suspended");
	assert_line(id[5], " suspended");
	threadkill(id[2]);
	look();
	assert_line(id[2], ", killed");
	for(i = 0; i < nelem(id); i++)
		threadkill(id[i]);
	while(threadyield() > 0)
		;
	look();
	for(i = 0; i < nelem(id); i++)
		assert_null(threadline(id[i]));
}

static void
looks(void *v)
{
	look();
	TCHECK(chansend(done, nil) == 1);
}

/* it knows the use of its own stack */
static void
ownstack(void **state)
{
	int id;

	id = threadcreate(looks, nil, 0);
	chanrecv(done, nil);
	assert_line(id, " running  , stack ");
	assert_between(threadline(id), ", stack ", " of ", 200, 100*1024);
}

static _Atomic bool stop;

static void
spins(void *v)
{
	threadsetname("spins");
	chansend(done, nil);
	while(!atomic_load(&stop))
		;
}

static int
indexof(int id)
{
	int proc;

	proc = -1;
	if(threadline(id) != nil)
		sscanf(threadline(id), "%*d %d", &proc);
	return proc;
}

static void
procs(void **state)
{
	static const Threadattr sys = {.name = "sys", .system = 1, .joinable = 1};
	static const Threadattr plain = {.joinable = 1};
	char want[80];
	int id, busy, there;

	id = proccreatex(&sys, idles, c);
	assert_true(id > 0);
	atomic_store(&stop, false);
	busy = proccreatex(&plain, spins, nil);
	chanrecv(done, nil);
	/* it sleeps soon */
	do{
		threadsleep(Millisecond);
		look();
		there = indexof(id);
		assert_non_null(procline(there));
	}while(strstr(procline(there), " asleep, ") == nil);
	assert_true(there >= 0 && there != indexof(threadid()));
	snprintf(want, sizeof want, "%10d %9d %8d asleep, ", there, threadpid(id), 1);
	assert_memory_equal(procline(there), want, strlen(want));
	assert_non_null(strstr(procline(there), " switches, system"));
	/* it idles on its own stack */
	assert_line(id, " waiting   recv (work), ");
	assert_between(threadline(id), ", stack ", " of ", 300, 100*1024);
	/* a busy one, of which nothing more is known */
	assert_line(busy, " running  : spins");
	snprintf(want, sizeof want, " awake, thread %d, ", busy);
	assert_non_null(strstr(procline(indexof(busy)), want));
	assert_null(strstr(procline(indexof(busy)), "system"));
	threadpin();
	look();
	threadunpin();
	assert_non_null(strstr(procline(indexof(threadid())), ", pinned"));
	chansend(c, nil);
	atomic_store(&stop, true);
	assert_int_equal(threadjoin(id, nil, 0), 0);
	assert_int_equal(threadjoin(busy, nil, 0), 0);
}

static void*
foreign(void *v)
{
	char *line;

	TCHECK(threadattach() == 0);
	look();
	line = procline(indexof(threadid()));
	TCHECK(line != nil && strstr(line, ", the program's") != nil);
	return nil;
}

static void
foreigner(void **state)
{
	pthread_t t;

	assert_int_equal(pthread_create(&t, nil, foreign, nil), 0);
	pthread_join(t, nil);
}

static void
badfd(void **state)
{
	char err[ERRMAX];

	errno = 17;
	werrstr("stays");
	threadinfo(-1);
	rerrstr(err, sizeof err);
	assert_string_equal(err, "stays");
	assert_int_equal(threadinfonote("no note", 2), -1);
	assert_err(EINVAL, "no such note");
	assert_int_equal(threadinfonote(nil, 2), -1);
	assert_err(EINVAL, "no such note");
	assert_int_equal(threadinfonote("quit", 1000000), -1);
	assert_err(EBADF, strerror(EBADF));
	assert_int_equal(threadinfonote("quit", -1), 0);
}

static int
nlines(void)
{
	char *p;
	int n;

	look();
	n = 0;
	for(p = table; (p = strchr(p, '\n')) != nil; p++)
		n++;
	return n;
}

/* the library's own OS threads do not become procs when a program has closed what they send on */
static void
closedtimer(void **state)
{
	Timer *t;
	int before, i;

	t = ticker(Millisecond);
	assert_non_null(t);
	before = nlines();
	assert_int_equal(chanclose(t->c), 0);
	/* several times past due: the timer proc has met the closed channel before it ended the last of these */
	for(i = 0; i < 3; i++)
		assert_int_equal(threadsleep(2*Millisecond), 0);
	assert_int_equal(nlines(), before);
	timerfree(t);
}

/* tables while threads come and go in all procs: none tears, and nothing crashes */
static void
short1(void *v)
{
	threadsetname("%s", "a name of some length");
	threadyield();
}

static void
maker(void *v)
{
	Alt a[] = {
		{.c = c, .op = CHANRCV},
		{.c = done, .op = CHANRCV},
		{.op = CHANEND},
	};
	int i, id;

	for(i = 0; i < ntimes(20000); i++){
		id = threadcreate(i%2 == 0? short1: idles, c, 0);
		threadyield();
		threadkill(id);
		if(i%1000 == 0){
			threadint(threadid());
			p9alt(a);
		}
	}
}

static void
churn(void **state)
{
	static const Threadattr a = {.joinable = 1};
	int id[3], i;
	char *p;

	for(i = 0; i < 3; i++)
		id[i] = proccreatex(&a, maker, nil);
	do{
		look();
		/* a line begins with a number or a head, and ends */
		for(p = table; *p != '\0' && strlen(table) < sizeof table - 1; p++){
			assert_true(strspn(p, " 0123456789") >= 10 || strncmp(p, "    thread ", 11) == 0
				|| strncmp(p, "      proc ", 11) == 0);
			p += strcspn(p, "\n");
			assert_true(*p == '\n');
		}
	}while(threadint(id[0]) == 0);
	for(i = 0; i < 3; i++)
		assert_int_equal(threadjoin(id[i], nil, 0), 0);
}

/*
 * Programs: this one, run again.
 */
static Channel*
mk(const char *name)
{
	Channel *k;

	k = chancreate(sizeof(void*), 2);
	chansetname(k, "%s", name);
	return k;
}

static void
waitson(void *v)
{
	threadsetname("waiter");
	chanrecvp(v);
}

static void
looper(void *v)
{
	threadsetname("looper");
	chansendp(v, nil);
	for(;;)
		;
}

/* wait until the table that was asked for is there, with this in it */
static void
await(int fd, const char *what)
{
	ssize_t n;

	do{
		usleep(1000);
		n = pread(fd, table, sizeof table - 1, 0);
		table[n < 0? 0: n] = '\0';
	}while(strstr(table, what) == nil || strstr(table, " switches") == nil);
}

static int
filefd(void)
{
	FILE *f;

	f = tmpfile();
	if(f == nil || fcntl(fileno(f), F_SETFL, O_APPEND) < 0)
		_exit(89);
	return fileno(f);
}

/* all procs in a loop, and the main one too, which makes no call of the library */
static void
busy(void)
{
	int fd;

	fd = filefd();
	if(threadinfonote("quit", fd) < 0 || threadinfonote("sys: usr1", 2) < 0)
		_exit(90);
	threadsetname("main");
	threadcreate(waitson, c, 0);
	proccreate(looper, done, 0);
	chanrecvp(done);
	threadyield();
	kill(getpid(), SIGQUIT);
	await(fd, ": looper\n");
	if(strstr(table, " waiting   recv (work), ") == nil || strstr(table, " running  : main\n") == nil)
		_exit(91);
	/* again; what came first is still there */
	if(ftruncate(fd, 0) < 0)
		_exit(88);
	kill(getpid(), SIGQUIT);
	await(fd, ": looper\n");
	if(threadinfonote("sys: usr1", -1) < 0 || signal(SIGUSR1, SIG_IGN) != SIG_DFL)
		_exit(92);
	threadexitsall(nil);
}

/* no more: the signal has its default */
static void
nomore(void)
{
	threadinfonote("quit", 2);
	threadinfonote("quit", -1);
	raise(SIGQUIT);
}

static Channel *heard;

static int
hears(void *v, char *note)
{
	chansendp(heard, strcmp(note, "quit") == 0? heard: nil);
	return 0;
}

/* a function hears of it too, and that it handles nothing does not matter */
static void
functions(void)
{
	int fd;

	fd = filefd();
	heard = chancreate(sizeof(void*), 0);
	threadnotify(hears, 1);
	threadinfonote("quit", fd);
	kill(getpid(), SIGQUIT);
	if(chanrecvp(heard) != heard)
		_exit(93);
	await(fd, ": notes\n");
	threadexitsall(nil);
}

/* only with this can one find out what a program waits for that one has not written: a note from outside */
static void
asleep(void)
{
	int fd;

	fd = filefd();
	threadinfonote("sys: usr2", fd);
	threadcreate(waitson, c, 0);
	threadyield();
	kill(getpid(), SIGUSR2);
	/* what else would end this wait? */
	threaddeadlock(0);
	for(;;){
		threadsleep(Millisecond);
		if(pread(fd, table, sizeof table - 1, 0) > 0 && strstr(table, " switches") != nil)
			break;
	}
	threadexitsall(strstr(table, ": waiter\n") != nil? nil: "no");
}

/*
 * Leaks.
 */

/* the cases leak on purpose: not for LeakSanitizer to find */
int	__lsan_is_turned_off(void);
__attribute__((used, visibility("default"))) int
__lsan_is_turned_off(void)
{
	return 1;
}

static void
none(void)
{
	chanfree(mk("freed"));
	threadcreate(waitson, c, 0);
	threadyield();
	chansendp(c, nil);
}

static void
channels(void)
{
	Channel *k;

	threadsetname("main");
	mk("one");
	k = mk("two");
	chansendp(k, nil);
	chanclose(k);
	chanfree(mk("three"));
	chancreate(1, 0);
}

static void
live(void)
{
	Channel *k;

	k = mk("k");
	threadcreate(waitson, k, 0);
	proccreate(looper, done, 0);
	chanrecvp(done);
	threadkill(threadcreate(waitson, k, 0));
	threadyield();
	threadexitsall(nil);
}

static void
byexit(void)
{
	mk("k");
	exit(3);
}

static void
fromproc(void *v)
{
	threadsetname("exits");
	mk("k");
	threadcreate(waitson, c, 0);
	threadyield();
	threadexitsall("bad");
}

static void
elsewhere(void)
{
	threadsetname("main");
	proccreate(fromproc, nil, 0);
	chanrecvp(c);
}

static void
rooms(void)
{
	io = ioproc();
	after(Hour);
	timerfree(after(Hour));
	closeioproc(ioproc());
	threadwaitchan();
	threadinfonote("quit", 2);
	threadexitsall(nil);
}

static void
sysprocs(void)
{
	static const Threadattr a = {.system = 1};

	proccreatex(&a, waitson, c);
	threadyield();
}

static void*
foreignleak(void *v)
{
	threadcreate(waitson, c, 0);
	threadyield();
	chansendp(done, nil);
	pause();
	return nil;
}

static void
foreigns(void)
{
	pthread_t t;

	pthread_create(&t, nil, foreignleak, nil);
	chanrecvp(done);
	threadexitsall(nil);
}

static Channel *late;

static void
frees(void)
{
	chanfree(late);
}

static void
atend(void)
{
	late = mk("late");
	atexit(frees);
}

static void
turnedoff(void)
{
	mk("k");
	if(threadleaks(0) != 1 || threadleaks(0) != 0)
		_exit(94);
}

static void
again(void)
{
	Channel *k;

	k = mk("before");
	threadleaks(0);
	mk("meanwhile");
	threadleaks(1);
	mk("after");
	chanfree(k);
}

static void
killedwaiter(void)
{
	Channel *k;
	int id;

	/* freed with somebody in its queue, who is killed at the same time */
	k = mk("k");
	id = threadcreate(waitson, k, 0);
	threadyield();
	threadkill(id);
	chanfree(k);
	threadyield();
}

typedef struct Case Case;
struct Case
{
	const char	*name;
	void	(*f)(void);
	bool	leaks;		/* the report is on */
	int	status;		/* of exit, or 128 and the signal */
	const char	*err[5];	/* all are there; none: nothing is */
	const char	*noterr;	/* nor this */
};

#define Heading	"lib9thread: still there at exit:\n"

static Case cases[] = {
	{"busy", busy, false, 0, {nil}, nil},
	{"asleep", asleep, false, 0, {nil}, nil},
	{"no more", nomore, false, 128+SIGQUIT, {nil}, nil},
	{"functions", functions, false, 0, {nil}, nil},
	{"leaks, off", channels, false, 0, {nil}, nil},
	{"leaks, none", none, true, 0, {nil}, nil},
	{"leaks, channels", channels, true, 0, {Heading, " (one): 0 elements of 8 bytes, 0 waiting to send, 0 to receive, made by thread 1: main\n",
		" (two): 1 elements of 8 bytes, 0 waiting to send, 0 to receive, closed, made by thread 1: main\n",
		": 0 elements of 1 bytes, 0 waiting to send, 0 to receive, made by thread 1: main\n"}, "three"},
	{"leaks, threads", live, true, 0, {Heading, " waiting   recv (k), ", ": waiter\n", " running  : looper\n",
		" (k): 0 elements of 8 bytes, 0 waiting to send, 1 to receive, made by thread 1\n"}, ", killed"},
	{"leaks, exit", byexit, true, 3, {Heading, "channel 0x"}, " thread proc"},
	{"leaks, threadexitsall in a proc", elsewhere, true, 1, {Heading, ": main\n", ": waiter\n", " (k): "}, " running  , stack "},
	{"leaks, Ioproc and Timer", rooms, true, 0, {Heading, " (ioproc): ", " (timer): 0 elements of 8 bytes, "}, "threadwaitchan"},
	{"leaks, system proc", sysprocs, true, 0, {nil}, nil},
	{"leaks, OS thread of the program's", foreigns, true, 0, {nil}, nil},
	{"leaks, freed at exit", atend, true, 0, {nil}, nil},
	{"leaks, turned off", turnedoff, true, 0, {nil}, nil},
	{"leaks, off and on", again, true, 0, {Heading, " (after): "}, "before"},
	{"leaks, freed with a killed waiter", killedwaiter, true, 0, {nil}, nil},
};

static int
child(const char *name)
{
	int i;

	alarm(60);	/* a hang is the end of the case and not of the suite */
	nocore();
	if(threadinit() < 0)
		return 96;
	c = mk("work");
	done = mk("done");
	for(i = 0; i < nelem(cases); i++)
		if(strcmp(cases[i].name, name) == 0){
			if(cases[i].leaks && threadleaks(1) != 0)
				return 97;
			cases[i].f();
			threadexits(nil);
		}
	return 95;
}

static void
ends(void **state)
{
	static Child k;
	Case *t;
	int i;

	t = *state;
	runself(&k, t->name);
	for(i = 0; i < nelem(t->err) && t->err[i] != nil; i++)
		if(strstr(k.err, t->err[i]) == nil)
			fail_msg("no `%s' in `%s'", t->err[i], k.err);
	if(i == 0)
		assert_string_equal(k.err, "");
	if(t->noterr != nil && strstr(k.err, t->noterr) != nil)
		fail_msg("`%s' in `%s'", t->noterr, k.err);
	assert_int_equal(WIFEXITED(k.status)? WEXITSTATUS(k.status): 128 + WTERMSIG(k.status), t->status);
}

int
main(int argc, char *argv[])
{
	const struct CMUnitTest inside[] = {
		TEST(closedtimer),	/* first: no proc of another test may end meanwhile */
		TEST(states),
		TEST(ownstack),
		TEST(procs),
		TEST(foreigner),
		TEST(badfd),
		TEST(churn),
	};
	struct CMUnitTest w[nelem(waits)], outside[nelem(cases)];
	int i, nfail;

	tself = argv[0];
	if(argc > 1)
		return child(argv[1]);
	if(threadinit() < 0)
		return 1;
	c = chancreate(1, 0);
	done = chancreate(1, 0);
	io = ioproc();
	other = threadid();
	snprintf(text, sizeof text, "/tmp/infoXXXXXX");
	if(c == nil || done == nil || io == nil || pipe(pfd) < 0 || mkdtemp(text) == nil)
		return 1;
	strcat(text, "/f");
	if(mkfifo(text, 0600) < 0)
		return 1;
	chansetname(c, "work");
	nfail = cmocka_run_group_tests(inside, nil, nil);
	for(i = 0; i < nelem(waits); i++)
		w[i] = (struct CMUnitTest){waits[i].is, waiting, tbegin, tend, &waits[i]};
	nfail += cmocka_run_group_tests(w, nil, nil);
	unlink(text);
	*strrchr(text, '/') = '\0';
	rmdir(text);
	for(i = 0; i < nelem(cases); i++)
		outside[i] = (struct CMUnitTest){cases[i].name, ends, nil, nil, &cases[i]};
	return nfail + cmocka_run_group_tests(outside, nil, nil);
}
