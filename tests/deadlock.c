/*
 * threadinfo's table, and the report of a deadlock.  Each case is a run of
 * this program: what it prints, and how it ends.  One that waits for something
 * that does come waits longer for it than the library does with a report.
 */
#include <pthread.h>
#include <sys/time.h>
#include <sys/timerfd.h>

#include "t.h"

#define Report	"lib9thread: deadlock: every thread waits, and nothing is left to wake one\n"

enum {
	Status = 1,	/* of a deadlock */
	Long = 700,	/* ms: a report would have come before */
	Ntry = Asan? 10: 100,	/* each looks for leaks */
};

typedef struct Case Case;
struct Case
{
	const char	*name;
	void	(*f)(void);
	int	status;
	const char	*out;
	const char	*inerr[6];	/* what is on descriptor 2; none: nothing is */
};

static Channel *never, *data;

static void
says(const char *s)
{
	if(write(1, s, strlen(s)) < 0)
		_exit(99);
}

static void
waits(void *v)
{
	threadsetname("%s", (char*)v);
	chanrecvp(never);
}

/* from one without a name */
static void
takes(void *v)
{
	chanrecvp(data);
}

static void
sends(void *v)
{
	chansendul(data, 1);
}

/* a signal in a while */
static void
alarmclock(void)
{
	struct itimerval t = {.it_value = {.tv_usec = Long*1000}};

	setitimer(ITIMER_REAL, &t, nil);
}

static void
spawned(const char *what)
{
	if(threadspawnl(nil, tself, tself, what, nil) < 0)
		_exit(98);
}

/*
 * Deadlocks.
 */

static void
alone(void)
{
	threadsetname("main");
	chanrecvp(never);
}

static void
tasks(void)
{
	threadcreate(waits, "ann", 0);
	threadcreate(waits, "bob", 0);
	chanrecvp(never);
}

static void
procs(void)
{
	proccreate(waits, "ann", 0);
	proccreate(waits, "bob", 0);
	chanrecvp(never);
}

static void
systemproc(void)
{
	Threadattr a = {.system = 1};

	proccreatex(&a, waits, "server");
	chanrecvp(never);
}

static void
gone(void)
{
	threadcreate(waits, "left", 0);
	threadexits(nil);
}

static void
busy(void *v)
{
	int64_t end;

	end = threadnow() + 20*Millisecond;
	while(threadnow() < end)
		;
}

/* who is awake last does not park, but ends */
static void
procended(void)
{
	proccreate(busy, nil, 0);
	chanrecvp(never);
}

static void
procsended(void)
{
	int i;

	for(i = 0; i < 8; i++)
		proccreate(i%4 == 0? waits: busy, "one", 0);
	threadexits(nil);
}

static void
suspended(void)
{
	threadsuspend(threadid());
}

static void
slept(void)
{
	threadsleep(Millisecond);
	chanrecvp(never);
}

/* the message wakes nobody: the timer proc has to notice */
static void
timed(void)
{
	after(Millisecond);
	chanrecvp(never);
}

static void
called(void)
{
	static Ioproc *io;

	io = ioproc();
	iosleep(io, 1);
	chanrecvp(never);
}

/* wait for a descriptor that is ready in a while, without a timer of the library's */
static void
fdwait(int ms)
{
	struct itimerspec t = {.it_value = {ms/1000, ms%1000*1000000L}};
	uint64_t n;
	int fd;

	fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	timerfd_settime(fd, 0, &t, nil);
	if(ioread(nil, fd, &n, sizeof n) != sizeof n)
		says("not read");
	ioclose(nil, fd);
}

static void
fdwaited(void)
{
	fdwait(1);
	chanrecvp(never);
}

static void*
foreign(void *v)
{
	usleep(Long*1000);
	return nil;
}

/* when it has ended */
static void
foreignend(void)
{
	pthread_t t;

	pthread_create(&t, nil, foreign, nil);
	pthread_detach(t);
	chanrecvp(never);
}

/* its end wakes nobody: whoever learns of it has to notice */
static void
program(void)
{
	spawned("be: short");
	chanrecvp(never);
}

static void
programs(void)
{
	spawned("be: short");
	spawned("be: long");
	spawned("be: short");
	chanrecvp(never);
}

static void
programtold(void)
{
	spawned("be: short");
	threadwaitchan();
	chanrecvp(never);
}

static void
programwaited(void)
{
	spawned("be: short");
	free(chanrecvp(threadwaitchan()));
	chanrecvp(never);
}

static void
noted(void)
{
	notechan(data, "interrupt", 1);
	notechan(data, "interrupt", 0);
	chanrecvp(never);
}

/* to write the table wakes nobody */
static void
infonote(void)
{
	threadinfonote("quit", 2);
	chanrecvp(never);
}

/* they are in the table */
static void
leaks(void)
{
	threadleaks(1);
	chanrecvp(chancreate(sizeof(void*), 0));
}

/*
 * None.
 */

static void
sleeper(void)
{
	threadsleep(Long*Millisecond);
	says("slept");
}

static void
timer(void)
{
	Timer *t;

	t = after(Long*Millisecond);
	chanrecv(t->c, nil);
	timerfree(t);
	says("timer");
}

static void
iosleeper(void)
{
	Ioproc *io;

	io = ioproc();
	iosleep(io, Long);
	closeioproc(io);
	says("ioproc");
}

static void
fdwaiter(void)
{
	fdwait(Long);
	says("fd");
}

static void
procwaiter(void)
{
	free(procwait(threadspawnl(nil, tself, tself, "be: long", nil)));
	says("waited");
}

static void
note(void)
{
	char *s;

	notechan(data, "alarm", 1);
	alarmclock();
	s = chanrecvp(data);
	says(s);
}

static void*
foreignsend(void *v)
{
	usleep(Long*1000);
	sends(nil);
	return nil;
}

static void
foreignsender(void)
{
	pthread_t t;

	pthread_create(&t, nil, foreignsend, nil);
	if(chanrecvul(data) == 1)
		says("foreign");
	pthread_join(t, nil);
}

static void
nothing(void *v)
{
}

/* the program ends as its last timer does; many stacks of all sizes, so that it takes a while to */
static void
lasttimer(void)
{
	static Timer *volatile t;	/* it stays there: it is no leak */
	int64_t end;
	int i, k;

	for(i = 0; i < 50; i++)
		for(k = 4; k < 12; k++)
			threadcreate(nothing, nil, 1024<<k);
	threadyield();
	/* the timer proc is there, and both sides are awake */
	threadsleep(Millisecond);
	t = after(50*Microsecond);
	if(t == nil)
		_exit(97);
	end = threadnow() + threadnow()%(60*Microsecond);
	while(threadnow() < end)
		;
	threadexits(nil);
}

static void
wakened(int sig)
{
	says("off");
	_exit(3);
}

static void
off(void)
{
	if(threaddeadlock(0) != 1 || threaddeadlock(0) != 0 || threaddeadlock(1) != 0 || threaddeadlock(0) != 1)
		_exit(97);
	signal(SIGALRM, wakened);
	alarmclock();
	chanrecvp(never);
}

/*
 * The table.
 */

static void
table(void)
{
	static Threadattr paused = {.name = "paused", .paused = 1};

	threadsetname("main");
	threadcreate(waits, "waiter", 0);
	threadcreate(takes, nil, 0);
	threadcreatex(&paused, sends, nil);
	threadyield();
	threadint(threadcreate(sends, nil, 0));
	threadinfo(2);
	says("table");
	threadexitsall(nil);
}

static Case cases[] = {
	{"alone", alone, Status, "", {Report, " waiting   recv (never), ", ": main\n"}},
	{"tasks", tasks, Status, "", {Report, ": ann\n", ": bob\n"}},
	{"procs", procs, Status, "", {Report, ": ann\n", ": bob\n"}},
	{"system proc", systemproc, Status, "", {Report, ": server\n"}},
	{"main is gone", gone, Status, "", {Report, ": left\n"}},
	{"after a proc", procended, Status, "", {Report}},
	{"after procs, main is gone", procsended, Status, "", {Report, ": one\n"}},
	{"suspended", suspended, Status, "", {Report, " suspended"}},
	{"after a sleep", slept, Status, "", {Report}},
	{"after a timer", timed, Status, "", {Report}},
	{"after a call", called, Status, "", {Report}},
	{"after a descriptor", fdwaited, Status, "", {Report}},
	{"after a foreign thread", foreignend, Status, "", {Report}},
	{"after a program", program, Status, "", {Report}},
	{"after programs", programs, Status, "", {Report}},
	{"after a program, told", programtold, Status, "", {Report}},
	{"after a program, waited for", programwaited, Status, "", {Report}},
	{"after notes", noted, Status, "", {Report}},
	{"with the table on request", infonote, Status, "", {Report, " waiting   recv (never), "}},
	{"with a report of leaks", leaks, Status, "", {Report, " switches\n"}},
	{"sleep", sleeper, 0, "slept", {nil}},
	{"timer", timer, 0, "timer", {nil}},
	{"ioproc", iosleeper, 0, "ioproc", {nil}},
	{"descriptor", fdwaiter, 0, "fd", {nil}},
	{"procwait", procwaiter, 0, "waited", {nil}},
	{"note", note, 0, "alarm", {nil}},
	{"foreign thread", foreignsender, 0, "foreign", {nil}},
	{"ends with its last timer", lasttimer, 0, "", {nil}},
	{"off", off, 3, "off", {nil}},
	{"table", table, 0, "table", {" running  : main\n", " waiting   recv (never), ", ": waiter\n",
		" waiting   recv 0x", TSTACKUSED? " suspended, stack ": " suspended: paused\n", ", interrupt pending\n"}},
};

static int
child(const char *name)
{
	int i;

	if(strcmp(name, "be: short") == 0)
		return 0;
	if(strcmp(name, "be: long") == 0)
		return usleep(Long*1000) < 0;
	/* a hang is the end of the case and not of the suite; alarmclock moves it nearer */
	alarm(60);
	if(threadinit() < 0)
		return 96;
	never = chancreate(sizeof(void*), 0);
	data = chancreate(sizeof(void*), 1);
	chansetname(never, "never");
	for(i = 0; i < nelem(cases); i++)
		if(strcmp(cases[i].name, name) == 0){
			cases[i].f();
			return 0;
		}
	return 95;
}

static void
runcase(Case *k)
{
	static Child c;
	int i;

	runself(&c, k->name);
	for(i = 0; i < nelem(k->inerr) && k->inerr[i] != nil; i++)
		if(strstr(c.err, k->inerr[i]) == nil)
			fail_msg("no `%s' in `%s'", k->inerr[i], c.err);
	if(i == 0)
		assert_string_equal(c.err, "");
	assert_string_equal(c.out, k->out);
	assert_true(WIFEXITED(c.status));
	assert_int_equal(WEXITSTATUS(c.status), k->status);
}

static void
ends(void **state)
{
	Case *k;
	int n;

	k = *state;
	/* it keeps a signal back from a thread that waits in a system call of ours */
	if(Tsan && k->f == note)
		skip();
	/* that one is about a moment */
	for(n = k->f == lasttimer? ntimes(Ntry): 1; n > 0; n--)
		runcase(k);
}

int
main(int argc, char *argv[])
{
	struct CMUnitTest tests[nelem(cases)];
	int i;

	tself = argv[0];
	if(argc > 1)
		return child(argv[1]);
	for(i = 0; i < nelem(cases); i++)
		tests[i] = (struct CMUnitTest){cases[i].name, ends, nil, nil, &cases[i]};
	return cmocka_run_group_tests(tests, nil, nil);
}
