/*
 * Everything at once, for as long as one likes:
 *
 *	soak [seconds [seed]]
 *
 * Threads in eight procs go round after round; each round is some small affair
 * of several threads, anywhere, of which it is known exactly what must come of
 * it.  At the end as much was received as was sent, nothing is left behind, and
 * the program is no larger than after its first minute (in a short run: its
 * first third).
 *
 * It begins with as many threads, procs and Ioprocs at a time as there can ever
 * be, or else it would grow for hours, whenever more rounds of the larger kinds
 * than ever before happened to go on together.
 */
#include <fcntl.h>

#include "tools.h"

enum {
	Nproc = 8,
	Nworker = 3,		/* a proc */
	Nvalue = 200,		/* the most that go through a channel in a round */
	Npeer = 4,
	Ncreate = 40,		/* threads made in a round that does nothing else */
	Nround = Nproc*Nworker,	/* rounds at a time */
	Depth = 12*1024,	/* bytes of stack: as deep as any round goes */
	Often = 400,		/* rounds of any kind to one that starts a program */
	Stuck = 120,		/* s without a round */
	Nsample = 10,		/* looks at the size, 100 ms each; the largest counts */
};

static int resident[Nproc];	/* a thread that stays there */
static Channel *stopped;	/* closed at the end: residents go */
static _Atomic bool stop;
static _Atomic long nsent, nreceived, ncleanup, nkilled, nround;
static QLock lock;
static long nlocked;		/* lock */
static _Atomic long nlock;

/* what must be is not: there is no going on */
#define MUST(x)	((x)? (void)0: bad(#x, __LINE__))

static void
bad(const char *what, int line)
{
	char err[ERRMAX];

	rerrstr(err, sizeof err);
	fprintf(stderr, "soak.c:%d: %s: not so in thread %d; errno %d, %s\n", line, what, threadid(), errno, err);
	threadinfo(2);
	abort();
}

/*
 * What the threads of a round share.  Each round has its own, on the stack of
 * who goes round, and waits for its peers' ends before it goes.
 */
typedef struct Round Round;
struct Round
{
	uint64_t	rnd;
	Channel	*c[Npeer];
	int	n;		/* values from each */
	_Atomic long	sum;
	_Atomic long	got;
	Waitgroup	wg;
	_Atomic int	interrupted;
};

static int
peerx(Round *r, Threadattr *a, void (*f)(void*), void *arg)
{
	int id;

	a->proc = resident[rnd(&r->rnd, Nproc)];
	id = threadcreatex(a, f, arg);
	MUST(id > 0);
	return id;
}

static void
peer(Round *r, void (*f)(void*))
{
	Threadattr a = {0};

	wgadd(&r->wg, 1);
	peerx(r, &a, f, r);
}

static Channel*
chan(Round *r)
{
	static const int nel[] = {0, 1, 16, CHANUNBOUNDED};
	Channel *c;

	c = chancreate(sizeof(unsigned long), nel[rnd(&r->rnd, nelem(nel))]);
	MUST(c != nil);
	return c;
}

static void
sender(void *v)
{
	Round *r;
	int i;

	r = v;
	for(i = 1; i <= r->n; i++)
		MUST(chansendul(r->c[0], (unsigned long)i) == 1);
	atomic_fetch_add(&nsent, r->n);
	wgdone(&r->wg);
}

/* many to one, over one channel */
static void
transfer(Round *r)
{
	long sum, want;
	int i, n;

	r->c[0] = chan(r);
	r->n = 1 + (int)rnd(&r->rnd, Nvalue);
	n = 1 + (int)rnd(&r->rnd, Npeer);
	for(i = 0; i < n; i++)
		peer(r, sender);
	sum = 0;
	for(i = 0; i < n*r->n; i++)
		sum += (long)chanrecvul(r->c[0]);
	want = (long)n*r->n*(r->n + 1)/2;
	MUST(sum == want);
	atomic_fetch_add(&nreceived, n*r->n);
	MUST(wgwait(&r->wg) == 0);
	chanfree(r->c[0]);
}

/* takes from any, until all are closed */
static void
taker(void *v)
{
	Alt a[Npeer+1];
	unsigned long u;
	Round *r;
	int i, nopen;

	r = v;
	memset(a, 0, sizeof a);
	for(i = 0; i < Npeer; i++)
		a[i] = (Alt){.c = r->c[i], .v = &u, .op = CHANRCV};
	a[Npeer].op = CHANEND;
	for(nopen = Npeer; nopen > 0;){
		i = chanalt(a);
		MUST(i >= 0);
		if(a[i].err != nil){
			a[i].op = CHANNOP;
			nopen--;
			continue;
		}
		atomic_fetch_add(&r->sum, (long)u);
		atomic_fetch_add(&r->got, 1);
	}
	wgdone(&r->wg);
}

/* several alts over the same channels, and their end by close */
static void
alts(Round *r)
{
	long sum;
	int i, n;

	for(i = 0; i < Npeer; i++)
		r->c[i] = chan(r);
	for(i = 0; i < Npeer-1; i++)
		peer(r, taker);
	n = 1 + (int)rnd(&r->rnd, Nvalue);
	sum = 0;
	for(i = 1; i <= n; i++){
		MUST(chansendul(r->c[rnd(&r->rnd, Npeer)], (unsigned long)i) == 1);
		sum += i;
	}
	atomic_fetch_add(&nsent, n);
	for(i = 0; i < Npeer; i++)
		MUST(chanclose(r->c[i]) == 0);
	MUST(wgwait(&r->wg) == 0);
	MUST(r->got == n && r->sum == sum);
	atomic_fetch_add(&nreceived, n);
	for(i = 0; i < Npeer; i++)
		chanfree(r->c[i]);
}

static void
interruptible(void *v)
{
	unsigned long u;
	Round *r;

	r = v;
	MUST(chanrecv(r->c[0], &u) == -1 && errno == EINTR);
	atomic_fetch_add(&r->interrupted, 1);
	wgdone(&r->wg);
}

/* an interrupt finds who waits and who is about to */
static void
interrupts(Round *r)
{
	Threadattr a = {0};
	int i, id[Npeer];

	r->c[0] = chan(r);
	for(i = 0; i < Npeer; i++){
		wgadd(&r->wg, 1);
		id[i] = peerx(r, &a, interruptible, r);
	}
	for(i = 0; i < Npeer; i++)
		MUST(threadint(id[i]) == 0);
	MUST(wgwait(&r->wg) == 0);
	MUST(r->interrupted == Npeer);
	chanfree(r->c[0]);
}

static void
cleaned(void *v)
{
	(void)v;
	atomic_fetch_add(&ncleanup, 1);
}

static void
mortal(void *v)
{
	unsigned long u;
	Round *r;

	r = v;
	MUST(threadcleanup(cleaned, nil) == 0);
	MUST(chansendul(r->c[1], 1) == 1);
	chanrecv(r->c[0], &u);
	MUST(!"alive");
}

static void
kills(Round *r)
{
	Threadattr a = {.joinable = 1};
	int i, id[Npeer];

	r->c[0] = chan(r);
	r->c[1] = chan(r);
	for(i = 0; i < Npeer; i++)
		id[i] = peerx(r, &a, mortal, r);
	for(i = 0; i < Npeer; i++)
		MUST(chanrecvul(r->c[1]) == 1);
	for(i = 0; i < Npeer; i++)
		MUST(threadkill(id[i]) == 0);
	for(i = 0; i < Npeer; i++)
		MUST(threadjoin(id[i], nil, 0) == 0);
	atomic_fetch_add(&nkilled, Npeer);
	chanfree(r->c[0]);
	chanfree(r->c[1]);
}

static void
timers(Round *r)
{
	int64_t due, t, old;
	unsigned long u;
	Timer *tm;
	int i;

	t = threadnow();
	MUST(threadsleep(rnd(&r->rnd, 3000)*Microsecond) == 0);
	tm = rnd(&r->rnd, 2) == 0? after(Millisecond): ticker(Millisecond);
	MUST(tm != nil && chanrecv(tm->c, &due) == 1 && due <= threadnow() && due >= t + Millisecond);
	timerreset(tm, Hour);
	for(i = 0; i < 10; i++)
		timerreset(tm, Hour + rnd(&r->rnd, 1000)*Second);
	MUST(timerstop(tm) == 1);
	timerfree(tm);
	r->c[0] = chan(r);
	old = threaddeadline(threadnow() + Millisecond);
	MUST(chanrecv(r->c[0], &u) == -1 && errno == ETIMEDOUT);
	threadundeadline(old);
	chanfree(r->c[0]);
}

static void
exiting(void *v)
{
	char status[32];

	snprintf(status, sizeof status, "round %d", ((Round*)v)->n);
	threadexits(status);
}

static void
joins(Round *r)
{
	Threadattr a = {.joinable = 1};
	char want[32], status[ERRMAX];
	int i, id[Npeer];

	r->n = (int)rnd(&r->rnd, 1000);
	snprintf(want, sizeof want, "round %d", r->n);
	for(i = 0; i < Npeer-1; i++)
		id[i] = peerx(r, &a, exiting, r);
	id[i] = proccreatex(&a, exiting, r);
	MUST(id[i] > 0);
	for(i = 0; i < Npeer; i++){
		MUST(threadjoin(id[i], status, sizeof status) == 0);
		MUST(strcmp(status, want) == 0);
	}
}

static void
writer(void *v)
{
	char buf[Nvalue];
	Ioproc *io;
	Round *r;
	int fd;

	r = v;
	io = ioproc();
	MUST(io != nil);
	memset(buf, 'x', sizeof buf);
	fd = (int)chanrecvul(r->c[0]);
	MUST(iowrite(io, fd, buf, r->n) == r->n);
	MUST(ioclose(io, fd) == 0);
	closeioproc(io);
	wgdone(&r->wg);
}

/* a pipe between two threads; and a read that nothing comes to */
static void
iocalls(Round *r)
{
	char buf[Nvalue+1];
	Ioproc *io;
	int fd[2];

	io = ioproc();
	MUST(io != nil && pipe2(fd, O_CLOEXEC) == 0);
	r->c[0] = chan(r);
	r->n = 1 + (int)rnd(&r->rnd, Nvalue);
	peer(r, writer);
	MUST(chansendul(r->c[0], (unsigned long)fd[1]) == 1);
	MUST(ioreadn(io, fd[0], buf, sizeof buf) == r->n);
	MUST(wgwait(&r->wg) == 0);
	close(fd[0]);
	chanfree(r->c[0]);
	MUST(pipe2(fd, O_CLOEXEC) == 0);
	threadint(threadid());
	MUST(ioread(io, fd[0], buf, 1) == -1 && errno == EINTR);
	close(fd[0]);
	close(fd[1]);
	closeioproc(io);
}

static void
locker(void *v)
{
	Round *r;
	int i;

	r = v;
	for(i = 0; i < r->n; i++){
		qlock(&lock);
		nlocked++;
		if(i%8 == 0)
			threadyield();
		qunlock(&lock);
	}
	atomic_fetch_add(&nlock, r->n);
	wgdone(&r->wg);
}

static void
locks(Round *r)
{
	int i;

	r->n = 1 + (int)rnd(&r->rnd, Nvalue);
	for(i = 0; i < Npeer; i++)
		peer(r, locker);
	MUST(wgwait(&r->wg) == 0);
}

static void
done(void *v)
{
	wgdone(&((Round*)v)->wg);
}

static void
creations(Round *r)
{
	int i;

	for(i = 0; i < Ncreate; i++)
		peer(r, done);
	wgadd(&r->wg, 1);
	MUST(proccreate(done, r, 0) > 0);
	MUST(wgwait(&r->wg) == 0);
}

static void
programs(Round *r)
{
	Waitmsg *m;
	int pid;

	(void)r;
	pid = threadspawnl(nil, "true", "true", nil);
	MUST(pid > 0);
	m = procwait(pid);
	MUST(m != nil && m->pid == pid && m->msg[0] == '\0');
	free(m);
}

static void (*const kinds[])(Round*) = {
	transfer, alts, interrupts, kills, timers, joins, iocalls, locks, creations,
};

static void
worker(void *v)
{
	uint64_t x;
	Round r;

	x = (uint64_t)(uintptr_t)v;
	while(!atomic_load(&stop)){
		memset(&r, 0, sizeof r);
		r.rnd = mix(x += 0x9e3779b97f4a7c15u);
		if(rnd(&r.rnd, Often) == 0)
			programs(&r);
		else
			kinds[rnd(&r.rnd, nelem(kinds))](&r);
		atomic_fetch_add(&nround, 1);
	}
}

/* keeps its proc, on which threads are made by way of it */
static void
home(void *v)
{
	(void)v;
	chanrecv(stopped, nil);
}

static void
deep(void *v)
{
	volatile char room[Depth];
	int i;

	for(i = 0; i < Depth; i += 1024)
		room[i] = 1;
	chanrecv(v, nil);
	MUST(room[0] == 1);
}

/* as large as it gets */
static void
peak(void)
{
	Threadattr a = {.group = 3};
	Ioproc *io[2*Nround];
	Channel *go;
	int i;

	go = chancreate(1, 0);
	MUST(go != nil);
	for(i = 0; i < nelem(io); i++){
		io[i] = ioproc();
		MUST(io[i] != nil && iosleep(io[i], 0) == 0);
	}
	for(i = 0; i < Nround; i++)
		MUST(proccreatex(&a, deep, go) > 0);
	for(i = 0; i < Nround*(Ncreate + Npeer); i++){
		a.proc = resident[i%Nproc];
		MUST(threadcreatex(&a, deep, go) > 0);
	}
	threadsleep(Second/2);
	chanclose(go);
	MUST(threadjoingrp(3) == 0);
	chanfree(go);
	for(i = 0; i < nelem(io); i++)
		closeioproc(io[i]);
}

static long
rss(void)
{
	long size, n;
	FILE *f;

	f = fopen("/proc/self/statm", "re");
	if(f == nil || fscanf(f, "%ld %ld", &size, &n) != 2)
		return -1;
	fclose(f);
	return n*sysconf(_SC_PAGESIZE);
}

static long
rssmost(void)
{
	long n, most;
	int i;

	most = 0;
	for(i = 0; i < Nsample; i++){
		n = rss();
		if(n > most)
			most = n;
		threadsleep(100*Millisecond);
	}
	return most;
}

static void
progress(int64_t from)
{
	printf("%5.0f s: %ld rounds, %ld values, %ld killed; %ld KiB, %d OS threads, %d descriptors\n",
		(double)(threadnow() - from)/1e9, atomic_load(&nround), atomic_load(&nreceived), atomic_load(&nkilled),
		rss()/1024, nthread() - 2, nfd() - 3);
	fflush(stdout);
}

/* until then; an alarm ends the program when nothing moves any more */
static void
watch(int64_t from, int64_t until)
{
	int64_t now, next;
	long n;

	n = -1;
	while((now = threadnow()) < until){
		if(atomic_load(&nround) != n)
			alarm(Stuck);
		n = atomic_load(&nround);
		next = now + 10*Second;
		threadsleepuntil(next < until? next: until);
		progress(from);
	}
}

static void
begin(uint64_t seed)
{
	Threadattr a = {.joinable = 1, .group = 2};
	int i, j;

	stopped = chancreate(1, 0);
	MUST(stopped != nil);
	for(i = 0; i < Nproc; i++){
		resident[i] = proccreate(home, nil, 0);
		MUST(resident[i] > 0);
	}
	peak();
	for(i = 0; i < Nproc; i++)
		for(j = 0; j < Nworker; j++){
			a.proc = resident[i];
			seed = mix(seed + 1);
			MUST(threadcreatex(&a, worker, (void*)(uintptr_t)seed) > 0);
		}
}

int
main(int argc, char *argv[])
{
	uint64_t x;
	int64_t from, first;
	long small, large;
	int seconds, fds;

	seconds = argc > 1? atoi(argv[1]): 3600;
	/* in place of what tests/meson.build says */
	if(getenv("L9SOAK") != nil)
		seconds = atoi(getenv("L9SOAK"));
	if(argc > 2)
		setenv("L9SEED", argv[2], 1);
	x = seed();
	MUST(threadinit() == 0);
	fds = nfd();
	begin(x);
	from = threadnow();
	first = seconds >= 180? Minute: seconds*Second/3;
	watch(from, from + first);
	small = rssmost();
	watch(from, from + seconds*Second);
	large = rssmost();
	atomic_store(&stop, true);
	MUST(threadjoingrp(2) == 0);
	chanclose(stopped);
	progress(from);
	printf("%ld KiB after %lld s, %ld KiB at the end: %.3f\n", small/1024, (long long)(first/Second), large/1024, (double)large/(double)small);
	MUST(atomic_load(&nsent) == atomic_load(&nreceived));
	MUST(atomic_load(&ncleanup) == atomic_load(&nkilled));
	MUST(atomic_load(&nlock) == nlocked);
	/* the pipe of the OS thread that waits for programs */
	MUST(nfd() <= fds + 2);
	MUST((double)large <= 1.05*(double)small);
	printf("%ld rounds: all right\n", atomic_load(&nround));
	return 0;
}
