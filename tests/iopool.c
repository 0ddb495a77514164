/*
 * io calls without an Ioproc, which the library's pool of OS threads makes.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "job.h"

enum {
	Nchain = 60,
};

static char tmpdir[] = "/tmp/l9iopoolXXXXXX";

static long
opsum(va_list *arg)
{
	long a;

	a = va_arg(*arg, long);
	return a + va_arg(*arg, long);
}

/* the pool makes calls as if nothing had been */
static void
assert_sound(void)
{
	assert_int_equal(iocall(nil, opsum, 40L, 2L), 42);
}

static long
opwerrstr(va_list *arg)
{
	werrstr("number %d", va_arg(*arg, int));
	return -1;
}

static void
test_results(void **state)
{
	char c;
	int i;

	for(i = 0; i < 3; i++){
		assert_sound();
		assert_int_equal(iocall(nil, opsum, LONG_MAX-1, 1L), LONG_MAX);
		assert_int_equal(ioread(nil, -1, &c, 1), -1);
		assert_err(EBADF, strerror(EBADF));
		assert_int_equal(iocall(nil, opwerrstr, i), -1);
		assert_errstr(i == 0? "number 0": i == 1? "number 1": "number 2");
	}
}

static void
test_file(void **state)
{
	char path[64], buf[16];
	int fd;

	snprintf(path, sizeof path, "%s/file", tmpdir);
	fd = ioopen(nil, path, O_CREAT|O_EXCL|O_RDWR, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(iowrite(nil, fd, "twelve bytes", 12), 12);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(ioread(nil, fd, buf, 6), 6);
	assert_memory_equal(buf, "twelve", 6);
	assert_int_equal(ioreadn(nil, fd, buf, sizeof buf), 6);
	assert_int_equal(ioread(nil, fd, buf, sizeof buf), 0);
	assert_int_equal(ioclose(nil, fd), 0);
	assert_int_equal(ioclose(nil, fd), -1);
	assert_err(EBADF, strerror(EBADF));
	assert_int_equal(ioopen(nil, path, O_CREAT|O_EXCL, 0600), -1);
	assert_err(EEXIST, strerror(EEXIST));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(iosleep(nil, 1), 0);
}

/* a successful call leaves the error string as it was */
static void
test_errstr_stays(void **state)
{
	werrstr("of old");
	assert_sound();
	assert_errstr("of old");
}

/* blocks as a caller's own function does, and says when */
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
	return iocall(nil, opread, j);
}

static Job*
blocked(int fd, char *buf)
{
	Job *j;

	j = jobnew(jobopread, nil);
	j->fd = fd;
	j->buf = buf;
	return j;
}

/* each call ends when the one that was made after it has ended: none may wait behind another */
typedef struct Link Link;
struct Link
{
	int	in;
	int	out;
	long	ret;
	Channel	*done;
};

static long
oppass(va_list *arg)
{
	int in, out;
	char c;

	in = va_arg(*arg, int);
	out = va_arg(*arg, int);
	if(read(in, &c, 1) != 1)
		return -1;
	return write(out, &c, 1);
}

static void
pass(void *v)
{
	Link *l;

	l = v;
	l->ret = iocall(nil, oppass, l->in, l->out);
	chansend(l->done, nil);
}

static void
chain(int (*create)(void(*)(void*), void*, unsigned int))
{
	Link l[Nchain];
	Channel *done;
	char c;
	int i, p[Nchain+1][2];

	done = mkchan(1, Nchain);
	for(i = 0; i <= Nchain; i++)
		assert_int_equal(pipe(p[i]), 0);
	for(i = 0; i < Nchain; i++){
		l[i] = (Link){.in = p[i+1][0], .out = p[i][1], .done = done};
		assert_true(create(pass, &l[i], 0) > 0);
		threadyield();
	}
	assert_int_equal(write(p[Nchain][1], "x", 1), 1);
	for(i = 0; i < Nchain; i++)
		mustrecv(done, nil);
	for(i = 0; i < Nchain; i++)
		assert_int_equal(l[i].ret, 1);
	assert_int_equal(read(p[0][0], &c, 1), 1);
	assert_int_equal(c, 'x');
	for(i = 0; i <= Nchain; i++){
		close(p[i][0]);
		close(p[i][1]);
	}
	chanfree(done);
}

static void
test_chain(void **state)
{
	chain(threadcreate);
}

static void
test_chain_procs(void **state)
{
	chain(proccreate);
}

/* OS threads that have nothing to do end */
static void
test_pool_shrinks(void **state)
{
	int64_t limit;
	int many;

	chain(threadcreate);
	many = nthread();
	assert_true(many >= Nchain);
	limit = threadnow() + Patience*Second;
	while(nthread() > many - Nchain + 1){
		if(threadnow() > limit)
			fail_msg("%d of %d OS threads after %d s", nthread(), many, Patience);
		threadsleep(10*Millisecond);
	}
	assert_sound();
	chain(threadcreate);
}

/* those that an Ioproc has do not */
static void
test_ioproc_outlasts_pool(void **state)
{
	Ioproc *io;

	io = mkioproc();
	assert_int_equal(iocall(io, opsum, 1L, 2L), 3);
	threadsleep(6*Second);
	assert_int_equal(iocall(io, opsum, 1L, 2L), 3);
	closeioproc(io);
	assert_sound();
}

/* calls one after another need one OS thread */
static void
test_used_again(void **state)
{
	int i, n, before;

	assert_sound();
	before = nthread();
	n = ntimes(10000);
	for(i = 0; i < n; i++)
		if(iocall(nil, opsum, (long)i, 1L) != i+1)
			fail();
	assert_true(nthread() <= before + 1);
}

static void
test_threadint(void **state)
{
	Job *j;
	char c;
	int i, n, p[2];

	assert_int_equal(pipe(p), 0);
	n = ntimes(500);
	for(i = 0; i < n; i++){
		j = blocked(p[0], &c);
		j->look = Millisecond;
		jobstart(j);
		/* i odd: posted, at least */
		if(i%2 == 0)
			jobstarted(j);
		assert_int_equal(threadint(j->id), 0);
		assert_interrupted(j);
		assert_false(j->flag);
		jobfree(j);
		/* what comes later is not swallowed */
		assert_int_equal(write(p[1], "z", 1), 1);
		assert_int_equal(ioread(nil, p[0], &c, 1), 1);
		assert_int_equal(c, 'z');
	}
	close(p[0]);
	close(p[1]);
}

static void
test_threadint_before(void **state)
{
	Job *j;
	char c;
	int p[2];

	assert_int_equal(pipe(p), 0);
	assert_int_equal(write(p[1], "x", 1), 1);
	j = blocked(p[0], &c);
	j->look = Millisecond;
	j->id = threadcreate(jobmain, j, 0);
	assert_int_equal(threadint(j->id), 0);
	assert_interrupted(j);
	assert_false(j->flag);
	assert_int_equal(atomic_load(&j->started), 0);
	jobfree(j);
	assert_int_equal(ioread(nil, p[0], &c, 1), 1);
	close(p[0]);
	close(p[1]);
}

static void
cleaned(void *v)
{
	chansend(v, nil);
}

static void
killed(void *v)
{
	Job *j;

	j = v;
	threadcleanup(cleaned, j->done);
	jobopread(j);
	j->over = true;
}

static void
test_kill(void **state)
{
	Job *j;
	char c;
	int i, n, p[2];

	assert_int_equal(pipe(p), 0);
	n = ntimes(200);
	for(i = 0; i < n; i++){
		j = blocked(p[0], &c);
		j->id = threadcreate(killed, j, 0);
		assert_true(j->id > 0);
		/* i%3: before it runs; posted; running */
		if(i%3 != 0)
			threadyield();
		if(i%3 == 2)
			jobstarted(j);
		assert_int_equal(threadkill(j->id), 0);
		if(i%3 != 0)
			mustrecv(j->done, nil);
		while(threadjoin(j->id, nil, 0) >= 0)
			;
		assert_false(j->over);
		jobfree(j);
		assert_int_equal(write(p[1], "z", 1), 1);
		assert_int_equal(ioread(nil, p[0], &c, 1), 1);
	}
	close(p[0]);
	close(p[1]);
	assert_sound();
}

static void
test_deadline(void **state)
{
	Job *j;
	int64_t old;
	char c;
	int p[2];

	assert_int_equal(pipe(p), 0);
	j = blocked(p[0], &c);
	old = threaddeadline(threadnow() + 5*Millisecond);
	assert_int_equal(jobopread(j), -1);
	assert_err(ETIMEDOUT, "deadline");
	assert_int_equal(iosleep(nil, 1000*1000), -1);
	assert_err(ETIMEDOUT, "deadline");
	threadundeadline(old);
	jobfree(j);
	assert_int_equal(write(p[1], "z", 1), 1);
	assert_int_equal(ioread(nil, p[0], &c, 1), 1);
	close(p[0]);
	close(p[1]);
}

/* OS threads that the library did not make, too */
static void*
foreign(void *v)
{
	_Atomic int *n;
	int i;

	n = v;
	for(i = 0; i < 100; i++)
		if(iocall(nil, opsum, (long)i, 1L) == i+1)
			atomic_fetch_add(n, 1);
	return nil;
}

static void
test_foreign(void **state)
{
	pthread_t id[4];
	_Atomic int n;
	int i;

	atomic_init(&n, 0);
	for(i = 0; i < nelem(id); i++)
		assert_int_equal(pthread_create(&id[i], nil, foreign, &n), 0);
	for(i = 0; i < nelem(id); i++)
		pthread_join(id[i], nil);
	assert_int_equal(n, 100*nelem(id));
}

/* an op may make such a call itself */
static long
opnested(va_list *arg)
{
	int depth;

	depth = va_arg(*arg, int);
	return depth == 0? 1: 1 + iocall(nil, opnested, depth-1);
}

static void
test_nested(void **state)
{
	assert_int_equal(iocall(nil, opnested, 20), 21);
}

/*
 * The system refuses OS threads: run in a process of its own, which may become
 * another user, as nothing is refused to root.  What is not so is said by its
 * line number.
 */
#define MUST(x)	do{ if(!(x)) return __LINE__; }while(0)

static struct rlimit nproc;

static bool
refusethreads(void)
{
	struct rlimit none;

	if(getrlimit(RLIMIT_NPROC, &nproc) < 0)
		return false;
	none = (struct rlimit){.rlim_cur = 0, .rlim_max = nproc.rlim_max};
	if(geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
		return false;
	return setrlimit(RLIMIT_NPROC, &none) == 0;
}

static bool
allowthreads(void)
{
	/* a leak checker needs a thread, which may look at this one */
	return setrlimit(RLIMIT_NPROC, &nproc) == 0 && prctl(PR_SET_DUMPABLE, 1) == 0;
}

static bool
failsto(Job *j, int e, const char *msg)
{
	chanrecv(j->done, nil);
	return j->ret == -1 && j->errnum == e && strcmp(j->err, msg) == 0;
}

/* the timer proc is there, helpers are not */
static int
nohelper(void)
{
	int fds;

	MUST(threadinit() >= 0 && threadsleep(Millisecond) == 0);
	if(!refusethreads())
		return 77;
	fds = nfd();
	MUST(iocall(nil, opsum, 1L, 2L) == -1 && iserr(EAGAIN, strerror(EAGAIN)));
	MUST(iosleep(nil, 1) == 0);
	MUST(nfd() == fds);
	MUST(allowthreads());
	MUST(iocall(nil, opsum, 1L, 2L) == 3);
	return 0;
}

static long
jobsum(Job *j)
{
	return iocall(nil, opsum, j->n, 1L);
}

static long
jobdeadline(Job *j)
{
	threaddeadline(threadnow() + 5*Millisecond);
	return jobsum(j);
}

/* one helper, which is busy: the others wait for it, in turn, and may leave */
static int
onehelper(void)
{
	Job *first, *j[6];
	char c;
	int i, p[2];

	MUST(threadinit() >= 0 && iocall(nil, opsum, 1L, 2L) == 3 && pipe(p) == 0);
	if(!refusethreads())
		return 77;
	first = blocked(p[0], &c);
	jobstart(first);
	jobstarted(first);
	for(i = 0; i < nelem(j); i++){
		j[i] = jobnew(i == 4? jobdeadline: jobsum, nil);
		j[i]->n = i;
		jobstart(j[i]);
	}
	threadsleep(10*Millisecond);
	MUST(threadint(j[1]->id) == 0 && threadkill(j[2]->id) == 0);
	MUST(failsto(j[1], EINTR, "interrupted") && failsto(j[4], ETIMEDOUT, "deadline"));
	MUST(!first->over && !j[0]->over && !j[2]->over && !j[3]->over && !j[5]->over);
	MUST(write(p[1], "x", 1) == 1);
	for(i = 0; i < nelem(j); i++){
		if(i == 1 || i == 2 || i == 4)
			continue;
		chanrecv(j[i]->done, nil);
		MUST(j[i]->ret == i+1);
	}
	MUST(!j[2]->over);
	chanrecv(first->done, nil);
	MUST(first->ret == 1 && iocall(nil, opsum, 1L, 2L) == 3);
	for(i = 0; i < nelem(j); i++)
		jobfree(j[i]);
	jobfree(first);
	MUST(allowthreads());
	return 0;
}

/* what waits is not forgotten when the system has changed its mind */
static int
laterhelper(void)
{
	Job *first, *second;
	char c;
	int p[2];

	MUST(threadinit() >= 0 && iocall(nil, opsum, 1L, 2L) == 3 && pipe(p) == 0);
	if(!refusethreads())
		return 77;
	first = blocked(p[0], &c);
	jobstart(first);
	jobstarted(first);
	second = jobnew(jobsum, nil);
	jobstart(second);
	threadsleep(5*Millisecond);
	MUST(!second->over);
	MUST(allowthreads());
	chanrecv(second->done, nil);
	MUST(second->ret == 1 && !first->over);
	MUST(write(p[1], "x", 1) == 1);
	chanrecv(first->done, nil);
	jobfree(first);
	jobfree(second);
	return 0;
}

static const struct {
	const char	*name;
	int	(*f)(void);
} refused[] = {
	{"nohelper", nohelper},
	{"onehelper", onehelper},
	{"laterhelper", laterhelper},
};

static void
test_threads_refused(void **state)
{
	Child c;
	int i;

	if(getenv("L9EMULATED") != nil)
		skip();		/* an emulator starts threads of its own, or does not know the limit */
	for(i = 0; i < nelem(refused); i++){
		runself(&c, refused[i].name);
		if(WIFEXITED(c.status) && WEXITSTATUS(c.status) == 77)
			skip();
		if(c.status != 0)
			fail_msg("%s: status %d: %s", refused[i].name, c.status, c.err);
	}
}

static int
runrefused(const char *name)
{
	int i, line;

	for(i = 0; i < nelem(refused); i++)
		if(strcmp(name, refused[i].name) == 0){
			line = refused[i].f();
			if(line > 77)
				fprintf(stderr, "line %d: not so\n", line);
			return line > 77? 1: line;
		}
	return 2;
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
		TEST(test_results),
		TEST(test_file),
		TEST(test_errstr_stays),
		TEST(test_chain),
		TEST(test_chain_procs),
		TEST(test_pool_shrinks),
		TEST(test_ioproc_outlasts_pool),
		TEST(test_used_again),
		TEST(test_threadint),
		TEST(test_threadint_before),
		TEST(test_kill),
		TEST(test_deadline),
		TEST(test_foreign),
		TEST(test_nested),
		TEST(test_threads_refused),
	};

	tself = argv[0];
	if(argc > 1)
		return runrefused(argv[1]);
	if(threadinit() < 0)
		return 1;
	cmocka_set_test_filter(getenv("L9TEST"));	/* nil: all of them */
	return cmocka_run_group_tests(tests, setup, teardown);
}
