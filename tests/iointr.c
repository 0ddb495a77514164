/*
 * Ioprocs: iointerrupt, threadint and closeioproc on calls in every state,
 * and the program's own signals.
 *
 * An iointerrupt that comes before the call has been posted does nothing, so
 * where a test cannot know that it has, it interrupts until the call returns.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "job.h"
#include "p9libc.h"

static char tmpdir[] = "/tmp/l9iointrXXXXXX";

static char*
path(char buf[128], const char *name)
{
	snprintf(buf, 128, "%s/%s", tmpdir, name);
	return buf;
}

/* interrupt j's call until it returns */
static void
interrupt(Job *j)
{
	int64_t limit;

	limit = threadnow() + Patience*Second;
	while(!j->over){
		if(threadnow() > limit)
			fail_msg("not to be interrupted in %d s", Patience);
		iointerrupt(j->io);
		threadsleep(Millisecond/4);
	}
}

static long
opsum(va_list *arg)
{
	long a;

	a = va_arg(*arg, long);
	return a + va_arg(*arg, long);
}

/* io does the next call as if nothing had been */
static void
assert_sound(Ioproc *io)
{
	assert_int_equal(iocall(io, opsum, 40L, 2L), 42);
}

/* the calls to be interrupted */

/* an op that blocks in a loop of its own, as programs write them */
static long
oppoll(va_list *arg)
{
	Job *j;
	struct pollfd p;

	j = va_arg(*arg, Job*);
	p = (struct pollfd){.fd = j->fd, .events = POLLIN};
	atomic_store(&j->started, 1);
	for(;;)
		switch(poll(&p, 1, 5000)){
		case -1:
			return -1;
		case 1:
			return read(j->fd, j->buf, 1);
		}
}

static long
jobpoll(Job *j)
{
	return iocall(j->io, oppoll, j);
}

static long
opread(va_list *arg)
{
	Job *j;

	j = va_arg(*arg, Job*);
	atomic_store(&j->started, 1);
	return read(j->fd, j->buf, 1);
}

static long
jobopread(Job *j)
{
	return iocall(j->io, opread, j);
}

static long
jobread(Job *j)
{
	return ioread(j->io, j->fd, j->buf, j->n);
}

static long
jobreadn(Job *j)
{
	return ioreadn(j->io, j->fd, j->buf, j->n);
}

static long
jobwrite(Job *j)
{
	return iowrite(j->io, j->fd, j->buf, j->n);
}

static long
jobsleep(Job *j)
{
	return iosleep(j->io, j->n);
}

static long
jobopen(Job *j)
{
	return ioopen(j->io, j->path, O_RDONLY);
}

static long
joblisten(Job *j)
{
	return iolisten(j->io, j->path, nil);
}

static long
jobdial(Job *j)
{
	return iodial(j->io, j->path, nil, nil, nil);
}

static void
test_read(void **state)
{
	Job *j;
	char c;
	int p[2];

	assert_int_equal(pipe(p), 0);
	j = jobnew(jobread, mkioproc());
	j->fd = p[0];
	j->buf = &c;
	j->n = 1;
	jobstart(j);
	interrupt(j);
	assert_interrupted(j);
	/* what comes later is not swallowed */
	assert_int_equal(write(p[1], "z", 1), 1);
	assert_int_equal(ioread(j->io, p[0], &c, 1), 1);
	assert_int_equal(c, 'z');
	closeioproc(j->io);
	jobfree(j);
	close(p[0]);
	close(p[1]);
}

/* what had come counts */
static void
test_readn(void **state)
{
	Job *j;
	char buf[8] = "";
	int p[2], left;

	assert_int_equal(pipe(p), 0);
	j = jobnew(jobreadn, mkioproc());
	j->fd = p[0];
	j->buf = buf;
	j->n = sizeof buf;
	jobstart(j);
	assert_int_equal(write(p[1], "abc", 3), 3);
	/* taken out of the pipe: the call is on its second read, or about to be */
	do{
		threadsleep(Millisecond/4);
		assert_int_equal(ioctl(p[0], FIONREAD, &left), 0);
	}while(left > 0);
	interrupt(j);
	assert_job(j, 3, 0, "");
	assert_memory_equal(buf, "abc", 3);
	/* what comes later is the next call's */
	assert_int_equal(write(p[1], "defgh", 5), 5);
	assert_int_equal(ioreadn(j->io, p[0], buf, 5), 5);
	assert_memory_equal(buf, "defgh", 5);
	closeioproc(j->io);
	jobfree(j);
	close(p[0]);
	close(p[1]);
}

/* a pattern in which no byte can be lost, doubled or moved unseen */
static char
pattern(long i)
{
	return (char)(i*7 + i/251);
}

static char*
mkpattern(long n)
{
	char *buf;
	long i;

	buf = malloc((size_t)n);
	assert_non_null(buf);
	for(i = 0; i < n; i++)
		buf[i] = pattern(i);
	return buf;
}

/* fd takes no more: who writes to it has blocked, or is about to */
static void
waitfull(int fd)
{
	struct pollfd pfd;

	do{
		threadsleep(Millisecond/4);
		pfd = (struct pollfd){.fd = fd, .events = POLLOUT};
	}while(poll(&pfd, 1, 0) > 0);
}

/* fd has exactly the n bytes of buf */
static void
assert_has(int fd, const char *buf, long n)
{
	char *got;
	long i, r;
	int left;

	got = malloc((size_t)n);
	assert_non_null(got);
	for(i = 0; i < n; i += r){
		r = read(fd, got + i, (size_t)(n - i));
		assert_true(r > 0);
	}
	assert_memory_equal(got, buf, n);
	assert_int_equal(ioctl(fd, FIONREAD, &left), 0);
	assert_int_equal(left, 0);
	free(got);
}

static void
test_write(void **state)
{
	Job *j;
	char *buf;
	int p[2], kind;
	long total;

	total = 4*1024*1024;
	buf = mkpattern(total);
	/* kind 0: a pipe; 1: a socket, which takes pieces of other sizes */
	for(kind = 0; kind < 2; kind++){
		if(kind == 0)
			assert_int_equal(pipe(p), 0);
		else
			assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, p), 0);
		j = jobnew(jobwrite, mkioproc());
		j->fd = p[1];
		j->buf = buf;
		j->n = total;
		jobstart(j);
		waitfull(p[1]);
		interrupt(j);
		jobwait(j);
		/* what was written before it counts */
		assert_in_range(j->ret, 1, total-1);
		assert_has(p[0], buf, j->ret);
		closeioproc(j->io);
		jobfree(j);
		close(p[0]);
		close(p[1]);
	}
	free(buf);
}

/* with nothing written it fails */
static void
test_write_full(void **state)
{
	Job *j;
	int p[2];

	assert_int_equal(pipe(p), 0);
	assert_int_equal(fcntl(p[1], F_SETFL, O_NONBLOCK), 0);
	while(write(p[1], tmpdir, sizeof tmpdir) > 0)
		;
	while(write(p[1], tmpdir, 1) > 0)
		;
	assert_int_equal(fcntl(p[1], F_SETFL, 0), 0);
	j = jobnew(jobwrite, mkioproc());
	j->fd = p[1];
	j->buf = tmpdir;
	j->n = 1;
	jobstart(j);
	interrupt(j);
	assert_interrupted(j);
	assert_sound(j->io);
	closeioproc(j->io);
	jobfree(j);
	close(p[0]);
	close(p[1]);
}

/* the kernel queues no more signals for this user */
static void
test_no_signal_queue(void **state)
{
	struct rlimit old, none;
	int64_t limit;
	bool over;
	Job *j;
	char c;
	int p[2];

	assert_int_equal(getrlimit(RLIMIT_SIGPENDING, &old), 0);
	none = (struct rlimit){.rlim_cur = 0, .rlim_max = old.rlim_max};
	assert_int_equal(pipe(p), 0);
	j = jobnew(jobopread, mkioproc());
	j->fd = p[0];
	j->buf = &c;
	jobstart(j);
	jobstarted(j);
	assert_int_equal(setrlimit(RLIMIT_SIGPENDING, &none), 0);
	iointerrupt(j->io);
	limit = threadnow() + Patience*Second;
	while(!j->over && threadnow() < limit)
		threadsleep(Millisecond/4);
	over = j->over;
	assert_int_equal(setrlimit(RLIMIT_SIGPENDING, &old), 0);
	assert_true(over);
	assert_interrupted(j);
	assert_sound(j->io);
	closeioproc(j->io);
	jobfree(j);
	close(p[0]);
	close(p[1]);
}

static void
test_sleep(void **state)
{
	static const long spans[] = {3600*1000, INT_MAX, LONG_MAX/1000000, LONG_MAX};
	Job *j;
	int i;

	for(i = 0; i < nelem(spans); i++){
		j = jobnew(jobsleep, mkioproc());
		j->n = spans[i];
		jobstart(j);
		threadsleep(Millisecond);
		assert_false(j->over);
		interrupt(j);
		assert_interrupted(j);
		assert_sound(j->io);
		closeioproc(j->io);
		jobfree(j);
	}
}

/* nobody opens the other end */
static void
test_fifo(void **state)
{
	char buf[128];
	Job *j;
	int before;

	assert_int_equal(mkfifo(path(buf, "fifo"), 0600), 0);
	j = jobnew(jobopen, mkioproc());
	j->path = buf;
	before = nfd();
	jobstart(j);
	interrupt(j);
	assert_interrupted(j);
	assert_int_equal(nfd(), before);
	assert_sound(j->io);
	closeioproc(j->io);
	jobfree(j);
	unlink(buf);
}

static void
test_listen(void **state)
{
	char dir[NETPATHLEN];
	Job *j;
	int fd, before;

	j = jobnew(joblisten, mkioproc());
	fd = ioannounce(j->io, "tcp!127.0.0.1!0", dir);
	assert_true(fd >= 0);
	j->path = dir;
	before = nfd();
	jobstart(j);
	interrupt(j);
	assert_interrupted(j);
	assert_int_equal(nfd(), before);
	assert_sound(j->io);
	closeioproc(j->io);
	jobfree(j);
	close(fd);
}

/* a Unix server that never accepts, with its backlog full */
static int
fullserver(const char *file, int filler[], int *nfiller)
{
	struct sockaddr_un a;
	int s, fd;

	a = (struct sockaddr_un){.sun_family = AF_UNIX};
	assert_true(strlen(file) < sizeof a.sun_path);
	strcpy(a.sun_path, file);
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_true(s >= 0);
	assert_int_equal(bind(s, (struct sockaddr*)&a, sizeof a), 0);
	assert_int_equal(listen(s, 0), 0);
	for(*nfiller = 0; *nfiller < 16; filler[(*nfiller)++] = fd){
		fd = socket(AF_UNIX, SOCK_STREAM|SOCK_NONBLOCK, 0);
		assert_true(fd >= 0);
		if(connect(fd, (struct sockaddr*)&a, sizeof a) < 0){
			assert_int_equal(errno, EAGAIN);
			close(fd);
			return s;
		}
	}
	fail_msg("the backlog has no end");
	return -1;
}

static void
test_dial(void **state)
{
	char file[128], addr[140];
	Job *j;
	int filler[16], i, n, s, before;

	s = fullserver(path(file, "full"), filler, &n);
	snprintf(addr, sizeof addr, "unix!%s", file);
	j = jobnew(jobdial, mkioproc());
	j->path = addr;
	before = nfd();
	jobstart(j);
	interrupt(j);
	assert_interrupted(j);
	assert_int_equal(nfd(), before);
	/* a closed backlog slot later, the same call succeeds */
	close(accept(s, nil, nil));
	i = iodial(j->io, addr, nil, nil, nil);
	assert_true(i >= 0);
	close(i);
	closeioproc(j->io);
	jobfree(j);
	for(i = 0; i < n; i++)
		close(filler[i]);
	close(s);
	unlink(file);
}

/* the same for TCP, whose connecting goes on in the kernel */
static void
test_dial_tcp(void **state)
{
	struct sockaddr_in a;
	struct pollfd pfd;
	socklen_t len;
	char addr[64];
	Job *j;
	int filler[16], i, n, s, before;

	s = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(s >= 0);
	a = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	len = sizeof a;
	assert_int_equal(bind(s, (struct sockaddr*)&a, sizeof a), 0);
	assert_int_equal(getsockname(s, (struct sockaddr*)&a, &len), 0);
	assert_int_equal(listen(s, 0), 0);
	for(n = 0; n < nelem(filler); ){
		filler[n] = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0);
		assert_true(filler[n] >= 0);
		connect(filler[n], (struct sockaddr*)&a, sizeof a);
		pfd = (struct pollfd){.fd = filler[n++], .events = POLLOUT};
		if(poll(&pfd, 1, 20) == 0)
			break;
	}
	snprintf(addr, sizeof addr, "tcp!127.0.0.1!%d", ntohs(a.sin_port));
	j = jobnew(jobdial, mkioproc());
	j->path = addr;
	before = nfd();
	jobstart(j);
	interrupt(j);
	jobwait(j);
	/* a system may have room after all */
	if(j->ret >= 0)
		close((int)j->ret);
	else
		assert_string_equal(j->err, "interrupted");
	assert_int_equal(nfd(), before);
	assert_sound(j->io);
	closeioproc(j->io);
	jobfree(j);
	for(i = 0; i < n; i++)
		close(filler[i]);
	close(s);
}

static void
test_op_in_poll(void **state)
{
	Job *j;
	char c;
	int p[2];

	assert_int_equal(pipe(p), 0);
	j = jobnew(jobpoll, mkioproc());
	j->fd = p[0];
	j->buf = &c;
	jobstart(j);
	jobstarted(j);
	/* it is in its loop: once is enough */
	iointerrupt(j->io);
	assert_interrupted(j);
	assert_sound(j->io);
	closeioproc(j->io);
	jobfree(j);
	close(p[0]);
	close(p[1]);
}

/* an op that is in no hurry to obey */
static long
opstubborn(va_list *arg)
{
	Job *j;
	struct timespec ms = {0, Millisecond};
	long n;

	j = va_arg(*arg, Job*);
	atomic_store(&j->started, 1);
	for(n = 0; n < j->n || !atomic_load(&j->release);)
		if(nanosleep(&ms, nil) < 0)
			n++;
	return n;
}

static long
jobstubborn(Job *j)
{
	return iocall(j->io, opstubborn, j);
}

/* it is told again and again; its result is returned; the next call is not hit */
static void
test_op_that_goes_on(void **state)
{
	Job *j;
	int i;

	j = jobnew(jobstubborn, mkioproc());
	j->n = 4;
	atomic_store(&j->release, 1);
	jobstart(j);
	jobstarted(j);
	iointerrupt(j->io);
	jobwait(j);
	assert_true(j->ret >= 4);
	for(i = 0; i < 20; i++){
		assert_int_equal(iosleep(j->io, 1), 0);
		assert_sound(j->io);
	}
	closeioproc(j->io);
	jobfree(j);
}

/* one iointerrupt is enough wherever in the call it comes */
static void
test_once_is_enough(void **state)
{
	Ioproc *io;
	Job *j;
	char c;
	int i, n, p[2];

	assert_int_equal(pipe(p), 0);
	io = mkioproc();
	n = ntimes(2000);
	for(i = 0; i < n; i++){
		j = jobnew(jobopread, io);
		j->fd = p[0];
		j->buf = &c;
		jobstart(j);
		/* no sleep: as soon as it has begun */
		while(atomic_load(&j->started) == 0)
			sched_yield();
		iointerrupt(io);
		assert_interrupted(j);
		assert_sound(io);
		jobfree(j);
	}
	closeioproc(io);
	close(p[0]);
	close(p[1]);
}

/* idle */

static void
test_idle(void **state)
{
	Ioproc *io;
	char c;
	int i, p[2];

	assert_int_equal(pipe(p), 0);
	io = mkioproc();
	for(i = 0; i < 100; i++){
		iointerrupt(io);
		iointerrupt(io);
		assert_int_equal(ioflush(io), 0);
		assert_int_equal(write(p[1], "x", 1), 1);
		assert_int_equal(ioread(io, p[0], &c, 1), 1);
	}
	closeioproc(io);
	close(p[0]);
	close(p[1]);
}

/*
 * Interrupts from another proc against short calls.  Each round two bytes
 * are there; the racer interrupts once at some time about the first read.  It
 * has done so when gone says so; from then on no read may fail.
 */
typedef struct Racer Racer;
struct Racer
{
	Ioproc	*io;
	int	victim;		/* threadint it; 0: iointerrupt io */
	_Atomic int	go;	/* the round; -1: end */
	_Atomic int	gone;
	_Atomic int	wait;	/* looks before the interrupt */
	int	burst;		/* interrupts more */
	Channel	*done;
};

static void
spin(int n)
{
	volatile int i;

	for(i = 0; i < n; i++)
		;
}

static void
race(void *v)
{
	Racer *r;
	int i, k, last;

	r = v;
	for(last = 0; (i = atomic_load(&r->go)) >= 0;){
		if(i == last){
			sched_yield();
			continue;
		}
		spin(atomic_load(&r->wait));
		if(r->victim != 0)
			threadint(r->victim);
		else
			iointerrupt(r->io);
		for(k = 0; k < r->burst; k++)
			iointerrupt(r->io);
		last = i;
		atomic_store(&r->gone, i);
	}
	chansend(r->done, nil);
}

static void
startracer(Racer *r, int victim)
{
	*r = (Racer){.io = mkioproc(), .victim = victim, .done = mkchan(1, 1)};
	assert_true(proccreate(race, r, 0) > 0);
}

static void
endracer(Racer *r)
{
	atomic_store(&r->go, -1);
	mustrecv(r->done, nil);
	chanfree(r->done);
	closeioproc(r->io);
}

/* the racer's interrupt has been made */
static void
awaitgone(Racer *r, int round)
{
	while(atomic_load(&r->gone) != round)
		sched_yield();
}

/* read one byte, which is there, and must be want */
static int
readone(Ioproc *io, int fd, unsigned char want)
{
	unsigned char c;
	long n;

	n = ioread(io, fd, &c, 1);
	if(n == -1){
		assert_err(EINTR, "interrupted");
		return 0;
	}
	assert_int_equal(n, 1);
	if(c != want)
		fail_msg("byte %d came instead of %d", c, want);
	return 1;
}

static void
writetwo(int fd, int i)
{
	unsigned char c[2];

	c[0] = (unsigned char)(2*i);
	c[1] = (unsigned char)(2*i + 1);
	assert_int_equal(write(fd, c, 2), 2);
}

static void
test_interrupts_race_calls(void **state)
{
	Racer r;
	uint64_t rand;
	int i, n, got, hit, p[2];

	assert_int_equal(pipe(p), 0);
	startracer(&r, 0);
	rand = seed();
	n = ntimes(10000);
	hit = 0;
	for(i = 1; i <= n; i++){
		writetwo(p[1], i);
		atomic_store(&r.wait, (int)rnd(&rand, 20000));
		atomic_store(&r.go, i);
		got = readone(r.io, p[0], (unsigned char)(2*i));
		hit += !got;
		awaitgone(&r, i);
		for(; got < 2; got++)
			if(!readone(r.io, p[0], (unsigned char)(2*i + got)))
				fail_msg("round %d: an interrupt hit the next call", i);
	}
	print_message("%d of %d calls were interrupted\n", hit, n);
	endracer(&r);
	close(p[0]);
	close(p[1]);
}

/* threadint: the call fails, or its result counts and the next wait fails; never both, never neither */
static void
test_threadint_races_calls(void **state)
{
	Racer r;
	uint64_t rand;
	int i, n, got, hit, p[2];

	assert_int_equal(pipe(p), 0);
	startracer(&r, threadid());
	rand = seed();
	n = ntimes(10000);
	hit = 0;
	for(i = 1; i <= n; i++){
		writetwo(p[1], i);
		atomic_store(&r.wait, (int)rnd(&rand, 20000));
		atomic_store(&r.go, i);
		got = readone(r.io, p[0], (unsigned char)(2*i));
		awaitgone(&r, i);
		if(got == 0)
			hit++;
		else if(readone(r.io, p[0], (unsigned char)(2*i + 1)))
			fail_msg("round %d: the interrupt was lost", i);
		for(; got < 2; got++)
			if(!readone(r.io, p[0], (unsigned char)(2*i + got)))
				fail_msg("round %d: interrupted twice", i);
	}
	print_message("%d of %d calls were interrupted\n", hit, n);
	endracer(&r);
	close(p[0]);
	close(p[1]);
}

/* how many signals hit it */
static long
ophits(va_list *arg)
{
	struct timespec t = {0, 20000};
	long n;
	int i;

	n = 0;
	for(i = va_arg(*arg, int); i > 0; i--)
		n += nanosleep(&t, nil) < 0;
	return n;
}

/*
 * Two racers interrupt one call as often as they can.  It fails once, and
 * when they have done nothing is left of it all for the next.
 */
static void
test_bursts(void **state)
{
	enum { Burst = 20 };
	Racer r[2];
	Ioproc *io;
	Job *j;
	char c;
	uint64_t rand;
	int i, k, n, p[2];

	assert_int_equal(pipe(p), 0);
	for(k = 0; k < nelem(r); k++){
		startracer(&r[k], 0);
		r[k].burst = Burst;
	}
	/* both the first's */
	io = r[1].io;
	r[1].io = r[0].io;
	rand = seed();
	n = ntimes(2000);
	for(i = 1; i <= n; i++){
		j = jobnew(jobopread, r[0].io);
		j->fd = p[0];
		j->buf = &c;
		jobstart(j);
		jobstarted(j);
		for(k = 0; k < nelem(r); k++){
			atomic_store(&r[k].wait, (int)rnd(&rand, 2000));
			atomic_store(&r[k].go, i);
		}
		assert_interrupted(j);
		for(k = 0; k < nelem(r); k++)
			awaitgone(&r[k], i);
		assert_int_equal(iocall(r[0].io, ophits, 3), 0);
		assert_int_equal(write(p[1], "x", 1), 1);
		assert_int_equal(ioread(r[0].io, p[0], &c, 1), 1);
		jobfree(j);
	}
	r[1].io = io;
	for(k = 0; k < nelem(r); k++)
		endracer(&r[k]);
	close(p[0]);
	close(p[1]);
}

/*
 * Short calls in a storm of interrupts: each fails or reads its byte, none is
 * lost or read twice, and no more fail than there were interrupts.
 */
static void
test_storm(void **state)
{
	enum { Burst = 5 };
	Racer r;
	uint64_t rand;
	int i, n, got, hit, p[2];

	assert_int_equal(pipe(p), 0);
	startracer(&r, 0);
	r.burst = Burst;
	rand = seed();
	n = ntimes(5000);
	for(i = 1; i <= n; i++){
		writetwo(p[1], i);
		atomic_store(&r.wait, (int)rnd(&rand, 20000));
		atomic_store(&r.go, i);
		hit = 0;
		for(got = 0; got < 2;)
			if(readone(r.io, p[0], (unsigned char)(2*i + got)))
				got++;
			else
				hit++;
		if(hit > 1 + Burst)
			fail_msg("round %d: %d calls failed of %d interrupts", i, hit, 1 + Burst);
		awaitgone(&r, i);
	}
	endracer(&r);
	close(p[0]);
	close(p[1]);
}

/* interrupts both of them now and then, until told to stop */
typedef struct Pest Pest;
struct Pest
{
	Ioproc	*rd;
	Ioproc	*wr;
	uint64_t	rand;
	_Atomic int	stop;
	Channel	*done;
};

static void
pest(void *v)
{
	Pest *p;

	p = v;
	while(!atomic_load(&p->stop)){
		iointerrupt(rnd(&p->rand, 2) == 0? p->rd: p->wr);
		spin((int)rnd(&p->rand, 30000));
	}
	chansend(p->done, nil);
}

/* writes it all, going on where an interrupt stopped it; then closes */
static long
jobwriteall(Job *j)
{
	long i, n;

	for(i = 0; i < j->n;){
		n = iowrite(j->io, j->fd, j->buf + i, j->n - i);
		if(n > 0)
			i += n;
		else if(!iserr(EINTR, "interrupted"))
			return -1;
	}
	close(j->fd);
	return i;
}

/* the counts that interrupted calls return are exact: nothing is lost, nothing comes twice */
static void
test_interrupts_race_pieces(void **state)
{
	Pest ps;
	Job *j;
	char buf[100000];
	long i, k, n, total;
	int p[2], shorter, failed;

	total = ntimes(20)*1000000L;
	assert_int_equal(pipe(p), 0);
	ps = (Pest){.rd = mkioproc(), .wr = mkioproc(), .rand = seed(), .done = mkchan(1, 1)};
	j = jobnew(jobwriteall, ps.wr);
	j->fd = p[1];
	j->n = total;
	j->buf = mkpattern(total);
	assert_true(proccreate(pest, &ps, 0) > 0);
	jobstart(j);
	shorter = 0;
	failed = 0;
	for(i = 0; (n = ioreadn(ps.rd, p[0], buf, sizeof buf)) != 0; i += n){
		if(n < 0){
			assert_err(EINTR, "interrupted");
			failed++;
			n = 0;
		}
		for(k = 0; k < n; k++)
			if(buf[k] != pattern(i + k))
				fail_msg("byte %ld is wrong", i + k);
		shorter += n > 0 && n < (long)sizeof buf;
	}
	assert_int_equal(i, total);
	assert_job(j, total, 0, "");
	print_message("%d reads were interrupted half-way, %d at the start\n", shorter, failed);
	atomic_store(&ps.stop, 1);
	mustrecv(ps.done, nil);
	chanfree(ps.done);
	closeioproc(ps.rd);
	closeioproc(ps.wr);
	free(j->buf);
	jobfree(j);
	close(p[0]);
}

/* threadint */

static void
test_threadint_in_call(void **state)
{
	Ioproc *io;
	Job *j;
	char c;
	int i, n, p[2];

	assert_int_equal(pipe(p), 0);
	io = mkioproc();
	n = ntimes(500);
	for(i = 0; i < n; i++){
		j = jobnew(i%2 == 0? jobopread: jobread, io);
		j->fd = p[0];
		j->buf = &c;
		j->n = 1;
		j->look = Millisecond;
		jobstart(j);
		if(i%4 == 0)
			jobstarted(j);
		assert_int_equal(threadint(j->id), 0);
		assert_interrupted(j);
		assert_false(j->flag);
		assert_int_equal(write(p[1], "x", 1), 1);
		assert_int_equal(ioread(io, p[0], &c, 1), 1);
		jobfree(j);
	}
	closeioproc(io);
	close(p[0]);
	close(p[1]);
}

/* the one who waits for its turn leaves; the call that runs goes on, and so does the line */
static void
test_threadint_waiting_turn(void **state)
{
	Ioproc *io;
	Job *j[4];
	char c[4];
	int i, p[2];

	assert_int_equal(pipe(p), 0);
	io = mkioproc();
	for(i = 0; i < 4; i++){
		j[i] = jobnew(jobopread, io);
		j[i]->fd = p[0];
		j[i]->buf = &c[i];
		jobstart(j[i]);
	}
	jobstarted(j[0]);
	assert_int_equal(threadint(j[2]->id), 0);
	assert_interrupted(j[2]);
	assert_int_equal(atomic_load(&j[2]->started), 0);
	assert_false(j[0]->over || j[1]->over || j[3]->over);
	assert_int_equal(write(p[1], "abc", 3), 3);
	assert_job(j[0], 1, 0, "");
	assert_job(j[1], 1, 0, "");
	assert_job(j[3], 1, 0, "");
	assert_int_equal(c[0], 'a');
	assert_int_equal(c[1], 'b');
	assert_int_equal(c[3], 'c');
	for(i = 0; i < 4; i++)
		jobfree(j[i]);
	closeioproc(io);
	close(p[0]);
	close(p[1]);
}

/* an interrupt before the call: it fails, and the op is not called */
static void
test_threadint_before_call(void **state)
{
	Job *j;
	char c;
	int p[2];

	assert_int_equal(pipe(p), 0);
	assert_int_equal(write(p[1], "x", 1), 1);
	j = jobnew(jobopread, mkioproc());
	j->fd = p[0];
	j->buf = &c;
	j->look = Millisecond;
	j->id = threadcreate(jobmain, j, 0);
	assert_true(j->id > 0);
	assert_int_equal(threadint(j->id), 0);
	assert_interrupted(j);
	assert_false(j->flag);
	assert_int_equal(atomic_load(&j->started), 0);
	assert_int_equal(ioread(j->io, p[0], &c, 1), 1);
	closeioproc(j->io);
	jobfree(j);
	close(p[0]);
	close(p[1]);
}

/* a result that is there is returned; the interrupt is for the next wait */
static void
test_threadint_after_result(void **state)
{
	Job *j;

	j = jobnew(jobstubborn, mkioproc());
	j->look = Hour;
	atomic_store(&j->release, 1);
	jobstart(j);
	while(atomic_load(&j->started) == 0)
		sched_yield();
	/* this proc does not switch: the result comes and is not yet taken */
	usleep(20000);
	assert_int_equal(threadint(j->id), 0);
	assert_job(j, 0, 0, "");
	assert_true(j->flag);
	closeioproc(j->io);
	jobfree(j);
}

/* the same while the op is still busy with its result */
static void
test_threadint_and_result(void **state)
{
	Job *j;

	j = jobnew(jobstubborn, mkioproc());
	j->n = 1;
	j->look = Hour;
	jobstart(j);
	jobstarted(j);
	assert_int_equal(threadint(j->id), 0);
	threadsleep(Millisecond);
	assert_false(j->over);		/* the caller waits until op has returned */
	atomic_store(&j->release, 1);
	jobwait(j);
	assert_true(j->ret >= 1);
	assert_true(j->flag);
	closeioproc(j->io);
	jobfree(j);
}

/* closing */

static void
test_close_with_calls(void **state)
{
	Ioproc *io;
	Job *j[5];
	char c;
	int i, k, p[2];

	assert_int_equal(pipe(p), 0);
	/* k 0: closed as soon as posted; 1: once the first call has begun */
	for(k = 0; k < 2; k++){
		io = mkioproc();
		for(i = 0; i < nelem(j); i++){
			j[i] = jobnew(i == 0? jobopread: jobread, io);
			j[i]->fd = p[0];
			j[i]->buf = &c;
			j[i]->n = 1;
			jobstart(j[i]);
		}
		if(k == 1)
			jobstarted(j[0]);
		closeioproc(io);
		assert_interrupted(j[0]);
		for(i = 1; i < nelem(j); i++)
			assert_job(j[i], -1, EPIPE, "ioproc closed");
		for(i = 0; i < nelem(j); i++)
			jobfree(j[i]);
		/* the OS thread is as good as new */
		io = mkioproc();
		assert_int_equal(write(p[1], "x", 1), 1);
		assert_int_equal(ioread(io, p[0], &c, 1), 1);
		closeioproc(io);
	}
	close(p[0]);
	close(p[1]);
}

/* closeioproc does not wait */
static void
test_close_does_not_wait(void **state)
{
	Job *j;

	j = jobnew(jobstubborn, mkioproc());
	j->n = 1;
	j->look = Millisecond;
	jobstart(j);
	jobstarted(j);
	closeioproc(j->io);
	threadsleep(Millisecond);
	assert_false(j->over);
	atomic_store(&j->release, 1);
	jobwait(j);
	assert_true(j->ret >= 1);
	assert_false(j->flag);
	jobfree(j);
}

/* many closes, each at another point of a call's life */
typedef struct Closer Closer;
struct Closer
{
	Ioproc	*_Atomic io;
	_Atomic int	wait;
	Channel	*closed;
};

static void
closer(void *v)
{
	Closer *c;
	Ioproc *io;

	c = v;
	while((io = atomic_exchange(&c->io, nil)) != (Ioproc*)(void*)c){
		if(io == nil){
			sched_yield();
			continue;
		}
		spin(atomic_load(&c->wait));
		closeioproc(io);
		chansend(c->closed, nil);
	}
	chansend(c->closed, nil);
}

static void
test_close_races_call(void **state)
{
	Closer c;
	Job *j;
	char ch;
	uint64_t rand;
	int i, n, p[2];

	assert_int_equal(pipe(p), 0);
	c = (Closer){.closed = mkchan(1, 1)};
	assert_true(proccreate(closer, &c, 0) > 0);
	rand = seed();
	n = ntimes(2000);
	for(i = 0; i < n; i++){
		j = jobnew(jobread, mkioproc());
		j->fd = p[0];
		j->buf = &ch;
		j->n = 1;
		/* the call has begun, as the manual asks, when closing may */
		jobstart(j);
		atomic_store(&c.wait, (int)rnd(&rand, 20000));
		atomic_store(&c.io, j->io);
		assert_interrupted(j);
		mustrecv(c.closed, nil);
		jobfree(j);
	}
	atomic_store(&c.io, (Ioproc*)(void*)&c);
	mustrecv(c.closed, nil);
	chanfree(c.closed);
	close(p[0]);
	close(p[1]);
}

/* the program's own signals */

static _Atomic int storming;
static _Atomic int nhandled;

static void
handle(int sig)
{
	atomic_fetch_add(&nhandled, 1);
}

/* to the process, to the main OS thread, and so on, until told to stop */
static void*
storm(void *v)
{
	pthread_t victim;
	int i;

	victim = *(pthread_t*)v;
	for(i = 0; atomic_load(&storming); i++){
		if(i%2 == 0)
			kill(getpid(), SIGUSR1);
		else
			pthread_kill(victim, SIGUSR1);
		usleep(50);
	}
	return nil;
}

static pthread_t
startstorm(pthread_t *victim)
{
	struct sigaction sa;
	sigset_t usr1, old;
	pthread_t id;

	memset(&sa, 0, sizeof sa);
	sa.sa_handler = handle;		/* without SA_RESTART: the worst case */
	assert_int_equal(sigaction(SIGUSR1, &sa, nil), 0);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &usr1, &old);
	atomic_store(&storming, 1);
	*victim = pthread_self();
	assert_int_equal(pthread_create(&id, nil, storm, victim), 0);
	pthread_sigmask(SIG_SETMASK, &old, nil);
	return id;
}

static void
endstorm(pthread_t id)
{
	atomic_store(&storming, 0);
	pthread_join(id, nil);
	/* not the default: one may still be on its way */
	signal(SIGUSR1, SIG_IGN);
	print_message("%d signals\n", atomic_load(&nhandled));
}

static void
test_own_signals(void **state)
{
	pthread_t victim, id;
	Ioproc *io;
	Job *j;
	char c;
	int64_t t;
	int i, n, p[2];

	assert_int_equal(pipe(p), 0);
	io = mkioproc();
	id = startstorm(&victim);
	n = ntimes(1000);
	for(i = 0; i < n; i++){
		/* a read that blocks until the byte comes */
		j = jobnew(jobread, io);
		j->fd = p[0];
		j->buf = &c;
		j->n = 1;
		jobstart(j);
		assert_int_equal(write(p[1], "x", 1), 1);
		assert_job(j, 1, 0, "");
		jobfree(j);
	}
	for(i = 0; i < 5; i++){
		t = threadnow();
		assert_int_equal(iosleep(io, 20), 0);
		assert_true(threadnow() - t >= 20*Millisecond);
		t = threadnow();
		assert_int_equal(threadsleep(20*Millisecond), 0);
		assert_true(threadnow() - t >= 20*Millisecond);
	}
	endstorm(id);
	assert_true(atomic_load(&nhandled) > 0);
	closeioproc(io);
	close(p[0]);
	close(p[1]);
}

/* an OS thread that dials by itself and takes signals */
typedef struct Caller Caller;
struct Caller
{
	char	*addr;
	int	fd;
	_Atomic int	over;
};

static void*
callunix(void *v)
{
	Caller *c;

	c = v;
	c->fd = p9dial(c->addr, nil, nil, nil);
	atomic_store(&c->over, 1);
	return nil;
}

/* a connect to a Unix socket that a signal ended has not begun, and is made again */
static void
test_own_signals_dial(void **state)
{
	enum { Nsignal = 20 };
	struct sigaction sa;
	struct sockaddr_un peer;
	socklen_t len;
	char file[128], addr[140];
	Caller c;
	pthread_t id;
	int filler[16], i, n, s, before;

	s = fullserver(path(file, "full"), filler, &n);
	snprintf(addr, sizeof addr, "unix!%s", file);
	memset(&sa, 0, sizeof sa);
	sa.sa_handler = handle;
	assert_int_equal(sigaction(SIGUSR1, &sa, nil), 0);
	c = (Caller){.addr = addr};
	before = atomic_load(&nhandled);
	assert_int_equal(pthread_create(&id, nil, callunix, &c), 0);
	while(atomic_load(&nhandled) - before < Nsignal && atomic_load(&c.over) == 0){
		pthread_kill(id, SIGUSR1);
		usleep(1000);
	}
	assert_int_equal(atomic_load(&c.over), 0);	/* there is no room */
	close(accept(s, nil, nil));
	assert_int_equal(pthread_join(id, nil), 0);
	signal(SIGUSR1, SIG_IGN);
	assert_true(c.fd >= 0);
	len = sizeof peer;
	assert_int_equal(getpeername(c.fd, (struct sockaddr*)&peer, &len), 0);
	close(c.fd);
	for(i = 0; i < n; i++)
		close(filler[i]);
	close(s);
	unlink(file);
}

static int
setup(void **state)
{
	return mkdtemp(tmpdir) == nil? -1: 0;
}

static int
teardown(void **state)
{
	return rmall(tmpdir);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_read),
		TEST(test_readn),
		TEST(test_write),
		TEST(test_write_full),
		TEST(test_no_signal_queue),
		TEST(test_sleep),
		TEST(test_fifo),
		TEST(test_listen),
		TEST(test_dial),
		TEST(test_dial_tcp),
		TEST(test_op_in_poll),
		TEST(test_op_that_goes_on),
		TEST(test_once_is_enough),
		TEST(test_idle),
		TEST(test_interrupts_race_calls),
		TEST(test_bursts),
		TEST(test_storm),
		TEST(test_interrupts_race_pieces),
		TEST(test_threadint_races_calls),
		TEST(test_threadint_in_call),
		TEST(test_threadint_waiting_turn),
		TEST(test_threadint_before_call),
		TEST(test_threadint_after_result),
		TEST(test_threadint_and_result),
		TEST(test_close_with_calls),
		TEST(test_close_does_not_wait),
		TEST(test_close_races_call),
		TEST(test_own_signals),
		TEST(test_own_signals_dial),
	};

	if(threadinit() < 0)
		return 1;
	cmocka_set_test_filter(getenv("L9TEST"));	/* nil: all of them */
	return cmocka_run_group_tests(tests, setup, teardown);
}
