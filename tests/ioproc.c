/*
 * Ioprocs: calls of one's own, turns, files.  Interrupts are in iointr.c, the
 * network in dial.c.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "tools.h"
#include "job.h"

static char tmpdir[] = "/tmp/l9ioprocXXXXXX";

static char*
path(char buf[128], const char *name)
{
	snprintf(buf, 128, "%s/%s", tmpdir, name);
	return buf;
}

/* a pattern in which no byte can be lost, doubled or moved unseen */
static char
pattern(long i)
{
	return (char)(i*7 + i/251);
}

/* calls of one's own */

static long
opargs(va_list *arg)
{
	long sum;
	char *s;

	sum = va_arg(*arg, int);
	sum += va_arg(*arg, long);
	sum += (long)va_arg(*arg, double);
	s = va_arg(*arg, char*);
	sum += (long)strlen(s);
	sum += va_arg(*arg, int64_t);
	sum += va_arg(*arg, int);
	sum += va_arg(*arg, int);
	sum += va_arg(*arg, int);
	sum += (long)va_arg(*arg, double);
	*va_arg(*arg, long*) = sum;
	return sum;
}

static void
test_arguments(void **state)
{
	Ioproc *io;
	long sum;

	io = mkioproc();
	assert_int_equal(iocall(io, opargs, 1, 20L, 300.0, "1234", (int64_t)5000, 60000, 700000, 8000000, 9e7, &sum), 98765325);
	assert_int_equal(sum, 98765325);
	closeioproc(io);
}

static long
opreturn(va_list *arg)
{
	return va_arg(*arg, long);
}

/* Plan 9 cuts the result to an int */
static void
test_long_results(void **state)
{
	static const long results[] = {0, 1, INT_MAX, LONG_MAX, LONG_MAX/3};
	Ioproc *io;
	int i;

	io = mkioproc();
	for(i = 0; i < nelem(results); i++)
		assert_int_equal(iocall(io, opreturn, results[i]), results[i]);
	assert_int_equal(iocall(io, opreturn, -2L), -2);
	assert_int_equal(iocall(io, opreturn, LONG_MIN), LONG_MIN);
	closeioproc(io);
}

static long
opbadread(va_list *arg)
{
	char c;

	return read(-1, &c, 1);
}

static long
opwerrstr(va_list *arg)
{
	werrstr("%s number %d", "my own error", va_arg(*arg, int));
	return -1;
}

static long
opbadlib(va_list *arg)
{
	return chancreate(va_arg(*arg, int), 0) == nil? -1: 0;
}

static void
test_errors_come_back(void **state)
{
	char want[ERRMAX];
	Ioproc *io;
	int i;

	io = mkioproc();
	/* each kind after each other: no string of an earlier call shows */
	for(i = 0; i < 3; i++){
		werrstr("the caller's");
		assert_int_equal(iocall(io, opbadread), -1);
		assert_err(EBADF, strerror(EBADF));

		assert_int_equal(iocall(io, opwerrstr, i), -1);
		snprintf(want, sizeof want, "my own error number %d", i);
		assert_errstr(want);

		assert_int_equal(iocall(io, opbadlib, -1), -1);
		assert_err(EINVAL, "chancreate: bad size");
	}
	closeioproc(io);
}

static void
test_stale_error(void **state)
{
	char err[ERRMAX];
	Ioproc *io;

	io = mkioproc();
	assert_int_equal(iocall(io, opbadread), -1);
	assert_int_equal(iocall(io, opreturn, -1L), -1);
	rerrstr(err, sizeof err);
	assert_string_not_equal(err, strerror(EBADF));
	closeioproc(io);
}

/* errors are the caller's, not the proc's */
static void
other(void *v)
{
	Job *j;

	j = v;
	werrstr("other's");
	threadyield();
	rerrstr(j->err, sizeof j->err);
	chansend(j->done, nil);
}

static void
test_errors_are_the_tasks(void **state)
{
	Ioproc *io;
	Job *j;

	io = mkioproc();
	j = jobnew(nil, io);
	assert_true(threadcreate(other, j, 0) > 0);
	assert_int_equal(iocall(io, opwerrstr, 7), -1);
	assert_errstr("my own error number 7");
	jobwait(j);
	assert_string_equal(j->err, "other's");
	jobfree(j);
	closeioproc(io);
}

/* an op that uses the library: it has an identity of its own */
static long
optalk(va_list *arg)
{
	Channel *ask, *answer;
	int *id;

	ask = va_arg(*arg, Channel*);
	answer = va_arg(*arg, Channel*);
	id = va_arg(*arg, int*);
	*id = threadid();
	if(*threaddata() != nil)
		return -1;
	chansendul(ask, 20);
	return (long)chanrecvul(answer) + 1;
}

typedef struct Talk Talk;
struct Talk
{
	Channel	*ask;
	Channel	*answer;
};

static void
talk(void *v)
{
	Talk *t;

	t = v;
	chansendul(t->answer, 2*chanrecvul(t->ask) + 1);
}

static void
test_op_uses_channels(void **state)
{
	Ioproc *io;
	Talk t;
	int id;

	io = mkioproc();
	t = (Talk){mkchan(sizeof(unsigned long), 0), mkchan(sizeof(unsigned long), 0)};
	*threaddata() = &t;
	assert_true(threadcreate(talk, &t, 0) > 0);
	assert_int_equal(iocall(io, optalk, t.ask, t.answer, &id), 42);
	assert_true(id > 0);
	assert_int_not_equal(id, threadid());
	*threaddata() = nil;
	chanfree(t.ask);
	chanfree(t.answer);
	closeioproc(io);
}

static long
opnested(va_list *arg)
{
	Ioproc *io;

	io = va_arg(*arg, Ioproc*);
	return iocall(io, opreturn, 1000L) + iocall(io, opreturn, 1L);
}

static void
test_op_uses_ioproc(void **state)
{
	Ioproc *io, *inner;

	io = mkioproc();
	inner = mkioproc();
	assert_int_equal(iocall(io, opnested, inner), 1001);
	assert_int_equal(iocall(inner, opnested, io), 1001);
	closeioproc(inner);
	closeioproc(io);
}

/* the manual promises 256 KiB: use most of it */
static long
opdeep(va_list *arg)
{
	volatile char frame[200*1024];
	size_t i;

	for(i = 0; i < sizeof frame; i += 1024)
		frame[i] = 1;
	return frame[0] + frame[100*1024];
}

static void
test_op_stack(void **state)
{
	Ioproc *io;

	io = mkioproc();
	assert_int_equal(iocall(io, opdeep), 2);
	closeioproc(io);
}

/* turns */

static long
opblock(va_list *arg)
{
	Job *j;
	char c;

	j = va_arg(*arg, Job*);
	atomic_store(&j->started, 1);
	return read(j->fd, &c, 1);
}

static long
jobblock(Job *j)
{
	return iocall(j->io, opblock, j);
}

static long
opappend(va_list *arg)
{
	Job *j;
	long *list, n;

	j = va_arg(*arg, Job*);
	list = (long*)(void*)j->buf;
	n = ++list[0];
	list[n] = j->n;
	return n;
}

static long
jobappend(Job *j)
{
	return iocall(j->io, opappend, j);
}

enum {
	Nturn = 40,
};

static void
test_turns_are_fifo(void **state)
{
	Job *first, *j[Nturn];
	Ioproc *io;
	long list[1+Nturn];
	int i, p[2];

	assert_int_equal(pipe(p), 0);
	io = mkioproc();
	first = jobnew(jobblock, io);
	first->fd = p[0];
	jobstart(first);
	jobstarted(first);
	list[0] = 0;
	for(i = 0; i < Nturn; i++){
		j[i] = jobnew(jobappend, io);
		j[i]->buf = (char*)list;
		j[i]->n = i;
		jobstart(j[i]);
	}
	for(i = 0; i < Nturn; i++)
		assert_false(j[i]->over);
	assert_int_equal(list[0], 0);
	assert_int_equal(write(p[1], "x", 1), 1);
	assert_job(first, 1, 0, "");
	for(i = 0; i < Nturn; i++)
		assert_job(j[i], i+1, 0, "");
	assert_int_equal(list[0], Nturn);
	for(i = 0; i < Nturn; i++){
		assert_int_equal(list[1+i], i);
		jobfree(j[i]);
	}
	jobfree(first);
	closeioproc(io);
	close(p[0]);
	close(p[1]);
}

/* one call at a time, however many procs and OS threads call */
typedef struct Crowd Crowd;
struct Crowd
{
	Ioproc	*io;
	int	n;
	int	inside;		/* the op's alone */
	int	clashes;
	int	calls;
	_Atomic int	failed;
	Channel	*done;
};

static long
opinside(va_list *arg)
{
	Crowd *c;

	c = va_arg(*arg, Crowd*);
	if(c->inside++ != 0)
		c->clashes++;
	c->calls++;
	c->inside--;
	return c->calls;
}

static void
crowd(void *v)
{
	Crowd *c;
	int i;

	c = v;
	for(i = 0; i < c->n; i++)
		if(iocall(c->io, opinside, c) <= 0)
			atomic_fetch_add(&c->failed, 1);
	chansend(c->done, nil);
}

static void*
foreigncrowd(void *v)
{
	crowd(v);
	return nil;
}

enum {
	Ncrowd = 4,
};

static void
test_turns_across_procs(void **state)
{
	pthread_t foreign[Ncrowd];
	Crowd c;
	int i;

	c = (Crowd){.io = mkioproc(), .n = ntimes(1000), .done = mkchan(1, 3*Ncrowd)};
	for(i = 0; i < Ncrowd; i++){
		assert_true(proccreate(crowd, &c, 0) > 0);
		assert_true(threadcreate(crowd, &c, 0) > 0);
		assert_int_equal(pthread_create(&foreign[i], nil, foreigncrowd, &c), 0);
	}
	for(i = 0; i < 3*Ncrowd; i++)
		mustrecv(c.done, nil);
	for(i = 0; i < Ncrowd; i++)
		pthread_join(foreign[i], nil);
	assert_int_equal(c.failed, 0);
	assert_int_equal(c.clashes, 0);
	assert_int_equal(c.calls, 3*Ncrowd*c.n);
	chanfree(c.done);
	closeioproc(c.io);
}

/* the rest of the proc runs while a call blocks */
static void
test_others_run(void **state)
{
	Ioproc *io;
	Job *j;
	int i, p[2];

	assert_int_equal(pipe(p), 0);
	io = mkioproc();
	j = jobnew(jobblock, io);
	j->fd = p[0];
	jobstart(j);
	jobstarted(j);
	for(i = 0; i < 100; i++)
		threadyield();
	assert_false(j->over);
	assert_int_equal(write(p[1], "x", 1), 1);
	assert_job(j, 1, 0, "");
	jobfree(j);
	closeioproc(io);
	close(p[0]);
	close(p[1]);
}

/* making and closing */

static void
test_close_nil(void **state)
{
	closeioproc(nil);
}

/* a task that counts its turns until told to stop */
typedef struct Turns Turns;
struct Turns
{
	int	n;
	bool	stop;
	Channel	*done;
};

static void
turns(void *v)
{
	Turns *t;

	t = v;
	while(!t->stop){
		t->n++;
		threadyield();
	}
	chansend(t->done, nil);
}

/* neither call lets another thread run, whatever the quota */
static void
test_no_switch(void **state)
{
	Turns t;
	int i, quota;

	t = (Turns){.done = mkchan(1, 1)};
	quota = threadquota(1);
	assert_true(threadcreate(turns, &t, 0) > 0);
	for(i = 0; i < 100; i++)
		closeioproc(mkioproc());
	assert_int_equal(t.n, 0);
	threadquota(quota);
	t.stop = true;
	mustrecv(t.done, nil);
	chanfree(t.done);
}

static void
test_os_threads_are_reused(void **state)
{
	Ioproc *io[8];
	int i, n, before;

	for(i = 0; i < nelem(io); i++){
		io[i] = mkioproc();
		assert_int_equal(iocall(io[i], opreturn, 1L), 1);
	}
	for(i = 0; i < nelem(io); i++)
		closeioproc(io[i]);
	before = nthread();
	n = ntimes(10000);
	for(i = 0; i < n; i++){
		io[i%4] = mkioproc();
		if(iocall(io[i%4], opreturn, (long)i) != i)
			fail();
		if(i%4 == 3){
			closeioproc(io[0]);
			closeioproc(io[1]);
			closeioproc(io[2]);
			closeioproc(io[3]);
		}
	}
	for(i = 0; i < n%4; i++)
		closeioproc(io[i]);
	/* the system's own may come and go */
	assert_true(nthread() <= before + 1);
}

/* an OS thread cannot be had: said, not died of */
static void
test_no_os_thread(void **state)
{
	struct rlimit old, rl;
	char err[ERRMAX];
	Ioproc *io[64];
	long kb;
	FILE *f;
	int i, n;

	if(Asan || Tsan || getenv("L9EMULATED") != nil)
		skip();		/* they need address space themselves, or do not limit it */
	kb = 0;
	f = fopen("/proc/self/statm", "r");
	if(f != nil){
		if(fscanf(f, "%ld", &kb) != 1)
			kb = 0;
		fclose(f);
	}
	if(kb == 0)
		skip();
	kb *= sysconf(_SC_PAGESIZE)/1024;
	assert_int_equal(getrlimit(RLIMIT_AS, &old), 0);
	rl = old;
	rl.rlim_cur = (rlim_t)(kb + 1024)*1024;
	assert_int_equal(setrlimit(RLIMIT_AS, &rl), 0);
	for(n = 0; n < nelem(io); n++)
		if((io[n] = ioproc()) == nil)
			break;
	rerrstr(err, sizeof err);
	assert_int_equal(setrlimit(RLIMIT_AS, &old), 0);
	assert_true(n < nelem(io));
	assert_string_not_equal(err, "");
	for(i = 0; i < n; i++){
		assert_int_equal(iocall(io[i], opreturn, 3L), 3);
		closeioproc(io[i]);
	}
	io[0] = mkioproc();
	assert_int_equal(iocall(io[0], opreturn, 4L), 4);
	closeioproc(io[0]);
}

/*
 * The system refuses OS threads: run in a process of its own, which may become
 * another user, as nothing is refused to root.
 */
static int
nothreads(void)
{
	struct rlimit old, none;
	Ioproc *io[4];
	int i, n, fds;

	if(threadinit() < 0)
		return 1;
	io[0] = ioproc();
	if(io[0] == nil || getrlimit(RLIMIT_NPROC, &old) < 0)
		return 2;
	none = (struct rlimit){.rlim_cur = 0, .rlim_max = old.rlim_max};
	if(geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
		return 77;
	if(setrlimit(RLIMIT_NPROC, &none) < 0)
		return 3;
	fds = nfd();
	for(i = 0; i < 1000; i++)
		if((io[1] = ioproc()) != nil || !iserr(EAGAIN, strerror(EAGAIN)))
			return 4;
	if(nfd() != fds)
		return 5;
	/* what there was goes on, and is used again */
	n = (int)iocall(io[0], opreturn, 5L);
	closeioproc(io[0]);
	io[0] = ioproc();
	if(io[0] == nil || n != 5)
		return 6;
	/* a leak checker needs a thread, which may look at this one */
	if(setrlimit(RLIMIT_NPROC, &old) < 0 || prctl(PR_SET_DUMPABLE, 1) < 0)
		return 7;
	for(i = 1; i < nelem(io); i++)
		io[i] = mkioproc();
	for(i = 0; i < nelem(io); i++){
		if(iocall(io[i], opreturn, (long)i) != i)
			return 8;
		closeioproc(io[i]);
	}
	return 0;
}

static void
test_threads_refused(void **state)
{
	Child c;

	if(getenv("L9EMULATED") != nil)
		skip();		/* an emulator starts threads of its own, or does not know the limit */
	runself(&c, "nothreads");
	if(WIFEXITED(c.status) && WEXITSTATUS(c.status) == 77)
		skip();
	if(c.status != 0)
		fail_msg("status %d: %s", c.status, c.err);
}

static void
callnofunction(void *v)
{
	iocall(v, nil);
}

static void
interruptnil(void *v)
{
	iointerrupt(nil);
}

static void
test_misuse(void **state)
{
	Ioproc *io;

	io = mkioproc();
	mustabort(callnofunction, io, "lib9thread: iocall: nil function\n");
	mustabort(interruptnil, nil, "lib9thread: iointerrupt: nil Ioproc\n");
	closeioproc(io);
}

/* files */

static void
test_open_and_close(void **state)
{
	struct stat st;
	char buf[128], text[16];
	Ioproc *io;
	mode_t mask;
	int fd;

	io = mkioproc();
	path(buf, "file");
	mask = umask(0);
	fd = ioopen(io, buf, O_CREAT|O_EXCL|O_WRONLY, 0642);
	umask(mask);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0642);
	assert_int_equal(iowrite(io, fd, "twelve bytes", 12), 12);
	assert_int_equal(ioclose(io, fd), 0);
	assert_int_equal(ioclose(io, fd), -1);
	assert_err(EBADF, strerror(EBADF));

	assert_int_equal(ioopen(io, buf, O_CREAT|O_EXCL|O_WRONLY, 0600), -1);
	assert_err(EEXIST, strerror(EEXIST));
	assert_int_equal(ioopen(io, path(buf, "none"), O_RDONLY), -1);
	assert_err(ENOENT, strerror(ENOENT));

	fd = ioopen(io, path(buf, "file"), O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(ioread(io, fd, text, 6), 6);
	assert_memory_equal(text, "twelve", 6);
	assert_int_equal(ioread(io, fd, text, sizeof text), 6);
	assert_memory_equal(text, " bytes", 6);
	assert_int_equal(ioread(io, fd, text, sizeof text), 0);
	assert_int_equal(ioreadn(io, fd, text, sizeof text), 0);
	assert_int_equal(iowrite(io, fd, "x", 1), -1);
	assert_int_equal(errno, EBADF);
	assert_int_equal(ioclose(io, fd), 0);
	closeioproc(io);
}

static void
test_tmpfile(void **state)
{
	struct stat st;
	Ioproc *io;
	mode_t mask;
	int fd;

	io = mkioproc();
	mask = umask(0);
	fd = ioopen(io, tmpdir, O_TMPFILE|O_RDWR, 0640);
	umask(mask);
	if(fd < 0){
		closeioproc(io);
		skip();		/* not every file system has it */
	}
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(ioclose(io, fd), 0);
	closeioproc(io);
}

static void
test_bad_descriptors(void **state)
{
	Ioproc *io;
	char buf[4] = "abc";
	int fd;

	io = mkioproc();
	assert_int_equal(ioread(io, -1, buf, 4), -1);
	assert_err(EBADF, strerror(EBADF));
	assert_int_equal(ioreadn(io, -1, buf, 4), -1);
	assert_int_equal(errno, EBADF);
	assert_int_equal(iowrite(io, -1, buf, 4), -1);
	assert_int_equal(errno, EBADF);
	fd = ioopen(io, tmpdir, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(ioread(io, fd, buf, 4), -1);
	assert_err(EISDIR, strerror(EISDIR));
	assert_int_equal(ioclose(io, fd), 0);
	closeioproc(io);
}

static void
test_counts(void **state)
{
	Ioproc *io;
	char buf[4];
	int p[2];

	assert_int_equal(pipe(p), 0);
	io = mkioproc();
	assert_int_equal(ioread(io, p[0], buf, -1), -1);
	assert_err(EINVAL, "negative count");
	assert_int_equal(ioreadn(io, p[0], buf, LONG_MIN), -1);
	assert_err(EINVAL, "negative count");
	assert_int_equal(iowrite(io, p[1], buf, -1), -1);
	assert_err(EINVAL, "negative count");
	assert_int_equal(ioread(io, p[0], buf, 0), 0);
	assert_int_equal(ioreadn(io, p[0], buf, 0), 0);
	assert_int_equal(iowrite(io, p[1], buf, 0), 0);
	closeioproc(io);
	close(p[0]);
	close(p[1]);
}

/* writes the pattern in pieces of 1, 2, 3 ... bytes, then closes */
static long
jobpieces(Job *j)
{
	char c[64];
	long i, n, k;

	for(i = 0, n = 1; i < j->n; i += n, n = n%61 + 1){
		if(n > j->n - i)
			n = j->n - i;
		for(k = 0; k < n; k++)
			c[k] = pattern(i + k);
		if(iowrite(j->io, j->fd, c, n) != n)
			return -1;
	}
	return ioclose(j->io, j->fd);
}

static void
test_readn(void **state)
{
	enum { Total = 5000, Ask = 700 };
	Ioproc *io;
	Job *j;
	char buf[Ask];
	long i, n, k;
	int p[2];

	assert_int_equal(pipe(p), 0);
	io = mkioproc();
	j = jobnew(jobpieces, mkioproc());
	j->fd = p[1];
	j->n = Total;
	jobstart(j);
	for(i = 0; i < Total; i += n){
		n = ioreadn(io, p[0], buf, Ask);
		assert_int_equal(n, Total - i < Ask? Total - i: Ask);
		for(k = 0; k < n; k++)
			if(buf[k] != pattern(i + k))
				fail_msg("byte %ld is wrong", i + k);
	}
	assert_int_equal(ioreadn(io, p[0], buf, Ask), 0);
	assert_job(j, 0, 0, "");
	closeioproc(j->io);
	jobfree(j);
	closeioproc(io);
	close(p[0]);
}

/* a peer that closes with our bytes unread resets the connection */
static void
test_readn_error_after_some(void **state)
{
	Ioproc *io;
	char buf[10];
	int s[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	io = mkioproc();
	assert_int_equal(iowrite(io, s[0], "unread", 6), 6);
	assert_int_equal(iowrite(io, s[1], "abc", 3), 3);
	close(s[1]);
	assert_int_equal(ioreadn(io, s[0], buf, sizeof buf), 3);
	assert_memory_equal(buf, "abc", 3);
	closeioproc(io);
	close(s[0]);
}

static long
jobwritepattern(Job *j)
{
	long r;

	r = iowrite(j->io, j->fd, j->buf, j->n);
	close(j->fd);
	return r;
}

/* more than the pipe holds: written all the same, in order */
static void
test_slow_reader(void **state)
{
	Ioproc *io;
	Job *j;
	char buf[1000];
	long i, r, k, total;
	int p[2];

	total = ntimes(1000000);
	assert_int_equal(pipe(p), 0);
	io = mkioproc();
	j = jobnew(jobwritepattern, mkioproc());
	j->fd = p[1];
	j->n = total;
	j->buf = malloc((size_t)total);
	assert_non_null(j->buf);
	for(i = 0; i < total; i++)
		j->buf[i] = pattern(i);
	jobstart(j);
	for(i = 0; (r = ioread(io, p[0], buf, 1 + i%(long)sizeof buf)) > 0; i += r){
		for(k = 0; k < r; k++)
			if(buf[k] != pattern(i + k))
				fail_msg("byte %ld is wrong", i + k);
		threadyield();
	}
	assert_int_equal(r, 0);
	assert_int_equal(i, total);
	assert_job(j, total, 0, "");
	closeioproc(j->io);
	free(j->buf);
	jobfree(j);
	closeioproc(io);
	close(p[0]);
}

static void
test_epipe(void **state)
{
	Ioproc *io;
	int p[2];

	/* SIGPIPE would kill: its action is the default */
	signal(SIGPIPE, SIG_DFL);
	assert_int_equal(pipe(p), 0);
	io = mkioproc();
	close(p[0]);
	assert_int_equal(iowrite(io, p[1], "x", 1), -1);
	assert_err(EPIPE, strerror(EPIPE));
	closeioproc(io);
	close(p[1]);
}

/* n bytes are in the pipe: a writer of more has blocked */
static void
waitfull(int fd, int n)
{
	int64_t limit;
	int have;

	limit = threadnow() + Patience*Second;
	do{
		threadsleep(Millisecond/4);
		assert_int_equal(ioctl(fd, FIONREAD, &have), 0);
		if(threadnow() > limit)
			fail_msg("the pipe does not fill: %d bytes", have);
	}while(have < n);
}

/* the reader leaves when the pipe is full */
static void
test_epipe_after_some(void **state)
{
	Job *j;
	int p[2], room;

	signal(SIGPIPE, SIG_DFL);
	assert_int_equal(pipe(p), 0);
	room = fcntl(p[1], F_GETPIPE_SZ);
	assert_true(room > 0);
	j = jobnew(jobwritepattern, mkioproc());
	j->fd = p[1];
	j->n = 2L*room;
	j->buf = calloc(2, (size_t)room);
	assert_non_null(j->buf);
	jobstart(j);
	waitfull(p[0], room);
	close(p[0]);
	assert_job(j, room, 0, "");
	closeioproc(j->io);
	free(j->buf);
	jobfree(j);
}

/* sleeping */

static void
test_sleep(void **state)
{
	static const long spans[] = {0, -1, LONG_MIN, 1, 20};
	Ioproc *io;
	int64_t t;
	int i;

	io = mkioproc();
	for(i = 0; i < nelem(spans); i++){
		t = threadnow();
		assert_int_equal(iosleep(io, spans[i]), 0);
		assert_true(spans[i] < 0 || threadnow() - t >= spans[i]*Millisecond);
	}
	closeioproc(io);
}

/* many at once: each its Ioproc, all one proc */
static long
jobecho(Job *j)
{
	char c;
	long i;

	for(i = 0; i < j->n; i++)
		if(ioread(j->io, j->fd, &c, 1) != 1 || iowrite(j->io, j->fd, &c, 1) != 1)
			return -1;
	return i;
}

enum {
	Necho = 32,
};

static void
test_many_ioprocs(void **state)
{
	Ioproc *io;
	Job *j[Necho];
	char c;
	int s[Necho][2], i, k, n;

	n = ntimes(100);
	io = mkioproc();
	for(i = 0; i < Necho; i++){
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, s[i]), 0);
		j[i] = jobnew(jobecho, mkioproc());
		j[i]->fd = s[i][1];
		j[i]->n = n;
		jobstart(j[i]);
	}
	for(k = 0; k < n; k++)
		for(i = 0; i < Necho; i++){
			c = pattern(k + i);
			assert_int_equal(iowrite(io, s[i][0], &c, 1), 1);
			assert_int_equal(ioread(io, s[i][0], &c, 1), 1);
			if(c != pattern(k + i))
				fail();
		}
	for(i = 0; i < Necho; i++){
		assert_job(j[i], n, 0, "");
		closeioproc(j[i]->io);
		jobfree(j[i]);
		close(s[i][0]);
		close(s[i][1]);
	}
	closeioproc(io);
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
main(int argc, char *argv[])
{
	static const struct CMUnitTest tests[] = {
		TEST(test_arguments),
		TEST(test_long_results),
		TEST(test_errors_come_back),
		TEST(test_stale_error),
		TEST(test_errors_are_the_tasks),
		TEST(test_op_uses_channels),
		TEST(test_op_uses_ioproc),
		TEST(test_op_stack),
		TEST(test_turns_are_fifo),
		TEST(test_turns_across_procs),
		TEST(test_others_run),
		TEST(test_close_nil),
		TEST(test_no_switch),
		TEST(test_os_threads_are_reused),
		TEST(test_no_os_thread),
		TEST(test_threads_refused),
		TEST(test_misuse),
		TEST(test_open_and_close),
		TEST(test_tmpfile),
		TEST(test_bad_descriptors),
		TEST(test_counts),
		TEST(test_readn),
		TEST(test_readn_error_after_some),
		TEST(test_slow_reader),
		TEST(test_epipe),
		TEST(test_epipe_after_some),
		TEST(test_sleep),
		TEST(test_many_ioprocs),
	};

	tself = argv[0];
	if(argc > 1)
		return nothreads();
	if(threadinit() < 0)
		return 1;
	cmocka_set_test_filter(getenv("L9TEST"));	/* nil: all of them */
	return cmocka_run_group_tests(tests, setup, teardown);
}
