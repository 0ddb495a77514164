/*
 * io calls without an Ioproc on descriptors that can be waited for: the calling
 * proc's poller.
 *
 * Tasks of the main proc are known to wait once a threadyield has come back.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pty.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "job.h"

enum {
	Nreader = 5,
	Nproc = 4,
	Nconn = 1000,
	Big = 4<<20,
};

static char tmpdir[] = "/tmp/l9pollXXXXXX";

static void
pair(int fd[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0, fd), 0);
}

/* a connection over TCP, both ends in blocking mode */
static void
tcppair(int fd[2])
{
	struct sockaddr_in a;
	socklen_t len;
	int l;

	a = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	len = sizeof a;
	l = socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, 0);
	assert_int_equal(bind(l, (struct sockaddr*)&a, sizeof a), 0);
	assert_int_equal(listen(l, 1), 0);
	assert_int_equal(getsockname(l, (struct sockaddr*)&a, &len), 0);
	fd[0] = socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd[0], (struct sockaddr*)&a, sizeof a), 0);
	fd[1] = accept4(l, nil, nil, SOCK_CLOEXEC);
	assert_true(fd[1] >= 0);
	close(l);
}

static void
close2(int fd[2])
{
	close(fd[0]);
	close(fd[1]);
}

static long
jobread(Job *j)
{
	return ioread(nil, j->fd, j->buf, j->n);
}

static long
jobreadn(Job *j)
{
	return ioreadn(nil, j->fd, j->buf, j->n);
}

static long
jobwrite(Job *j)
{
	return iowrite(nil, j->fd, j->buf, j->n);
}

static Job*
job(long (*fn)(Job*), int fd, void *buf, long n)
{
	Job *j;

	j = jobnew(fn, nil);
	j->fd = fd;
	j->buf = buf;
	j->n = n;
	return j;
}

/* a job that waits already */
static Job*
waiting(long (*fn)(Job*), int fd, void *buf, long n)
{
	Job *j;

	j = job(fn, fd, buf, n);
	jobstart(j);
	assert_false(j->over);
	return j;
}

static void
assert_gets(int fd, const char *want)
{
	char buf[64];

	assert_int_equal(ioread(nil, fd, buf, sizeof buf), strlen(want));
	assert_memory_equal(buf, want, strlen(want));
}

static void
puts1(int fd, const char *s)
{
	assert_int_equal(write(fd, s, strlen(s)), strlen(s));
}

/* a call returns what is there, or waits, and leaves the mode alone */
static void
test_simple(void **state)
{
	char buf[8];
	Job *j;
	int fd[2];

	pair(fd);
	puts1(fd[0], "abc");
	assert_gets(fd[1], "abc");
	j = waiting(jobread, fd[1], buf, sizeof buf);
	assert_int_equal(iowrite(nil, fd[0], "defg", 4), 4);
	assert_job(j, 4, 0, nil);
	assert_memory_equal(buf, "defg", 4);
	jobfree(j);
	j = waiting(jobreadn, fd[1], buf, 6);
	puts1(fd[0], "123");
	threadsleep(Millisecond);
	assert_false(j->over);
	puts1(fd[0], "456789");
	assert_job(j, 6, 0, nil);
	assert_memory_equal(buf, "123456", 6);
	jobfree(j);
	assert_gets(fd[1], "789");
	assert_int_equal(ioread(nil, fd[1], buf, 0), 0);
	assert_int_equal(fcntl(fd[1], F_GETFL) & O_NONBLOCK, 0);
	close(fd[0]);
	assert_int_equal(ioread(nil, fd[1], buf, sizeof buf), 0);
	close(fd[1]);
	assert_int_equal(ioread(nil, fd[1], buf, sizeof buf), -1);
	assert_err(EBADF, strerror(EBADF));
	assert_int_equal(ioread(nil, -1, buf, sizeof buf), -1);
	assert_err(EBADF, strerror(EBADF));
}

/* an interrupt, and what it must not take with it */
static void
test_interrupt(void **state)
{
	char buf[8];
	Job *j;
	int fd[2];

	pair(fd);
	threadint(threadid());
	assert_int_equal(ioread(nil, fd[1], buf, 1), -1);
	assert_err(EINTR, "interrupted");
	/* what need not wait is not disturbed, and the interrupt stays */
	threadint(threadid());
	puts1(fd[0], "a");
	assert_gets(fd[1], "a");
	assert_int_equal(threadsleep(Millisecond), -1);

	j = waiting(jobread, fd[1], buf, sizeof buf);
	threadint(j->id);
	assert_interrupted(j);
	jobfree(j);
	puts1(fd[0], "kept");
	assert_gets(fd[1], "kept");

	/* ready and interrupted before it runs: it has what it read, and the interrupt for later */
	j = job(jobread, fd[1], buf, sizeof buf);
	j->look = Millisecond;
	jobstart(j);
	puts1(fd[0], "x");
	threadint(j->id);
	jobwait(j);
	assert_true((j->ret == 1 && j->flag) || (j->ret == -1 && !j->flag));
	if(j->ret == -1)
		assert_gets(fd[1], "x");
	jobfree(j);
	close2(fd);
}

static void
test_kill(void **state)
{
	char buf[8];
	Job *j;
	int fd[2], i;

	pair(fd);
	for(i = 0; i < 2; i++){
		j = waiting(jobread, fd[1], buf, sizeof buf);
		/* the second time its data is there before it dies */
		if(i == 1)
			puts1(fd[0], "left");
		threadkill(j->id);
		threadyield();
		threadyield();
		assert_false(j->over);
		jobfree(j);
	}
	assert_gets(fd[1], "left");
	close2(fd);
}

static void
test_deadline(void **state)
{
	int64_t old;
	char buf[8];
	int fd[2];

	pair(fd);
	old = threaddeadline(threadnow() + Millisecond);
	assert_int_equal(ioread(nil, fd[1], buf, 1), -1);
	assert_err(ETIMEDOUT, "deadline");
	assert_int_equal(ioread(nil, fd[1], buf, 1), -1);
	assert_err(ETIMEDOUT, "deadline");
	puts1(fd[0], "a");
	assert_int_equal(ioread(nil, fd[1], buf, 1), 1);
	threadundeadline(old);
	close2(fd);
}

/* all who wait, on both sides and in several procs */

typedef struct Remote Remote;
struct Remote
{
	int	fd;
	Channel	*began;
	Channel	*done;
	long	ret;
	int	errnum;
	char	err[ERRMAX];
	char	c;
};

static void
remote(void *v)
{
	Remote *r;

	r = v;
	/* have the proc's poller take its descriptors: later they could get the number that ioclose gives back */
	threaddeadline(threadnow() + Millisecond);
	iopoll(nil, r->fd, IOPOLLIN);
	threadundeadline(INT64_MAX);
	chansend(r->began, nil);
	r->ret = ioread(nil, r->fd, &r->c, 1);
	r->errnum = errno;
	rerrstr(r->err, sizeof r->err);
	chansend(r->done, nil);
}

static void
remotes(Remote *r, int n, int fd)
{
	int i;

	for(i = 0; i < n; i++){
		r[i] = (Remote){.fd = fd, .began = mkchan(1, 0), .done = mkchan(1, 1)};
		assert_true(proccreate(remote, &r[i], 0) > 0);
		mustrecv(r[i].began, nil);
	}
}

static void
remotesfree(Remote *r, int n)
{
	int i;

	for(i = 0; i < n; i++){
		chanfree(r[i].began);
		chanfree(r[i].done);
	}
}

static void
test_ioclose(void **state)
{
	static char big[Big];
	Remote r[Nproc];
	char buf[8];
	Job *a, *b;
	int fd[2], i, num;

	pair(fd);
	a = waiting(jobread, fd[1], buf, sizeof buf);
	b = waiting(jobwrite, fd[1], big, sizeof big);
	remotes(r, Nproc, fd[1]);
	num = fd[1];
	assert_int_equal(ioclose(nil, fd[1]), 0);
	assert_job(a, -1, EBADF, "closed");
	/* it had written some of it */
	jobwait(b);
	assert_true(b->ret > 0 && b->ret < Big);
	assert_string_equal(b->err, "closed");
	for(i = 0; i < Nproc; i++){
		mustrecv(r[i].done, nil);
		assert_int_equal(r[i].ret, -1);
		assert_int_equal(r[i].errnum, EBADF);
	}
	remotesfree(r, Nproc);
	jobfree(a);
	jobfree(b);
	close(fd[0]);

	/* the number again, at once */
	pair(fd);
	if(fd[0] == num)
		fd[0] = fd[1], fd[1] = num;
	assert_int_equal(fd[1], num);
	a = waiting(jobread, fd[1], buf, sizeof buf);
	puts1(fd[0], "new");
	assert_job(a, 3, 0, nil);
	jobfree(a);
	assert_int_equal(ioclose(nil, fd[0]), 0);
	assert_int_equal(ioclose(nil, fd[1]), 0);
	assert_int_equal(ioclose(nil, fd[1]), -1);
	assert_err(EBADF, strerror(EBADF));
	assert_int_equal(ioclose(nil, -1), -1);
	assert_err(EBADF, strerror(EBADF));
}

/* a call that a helper makes on it ends, too */
static void
test_ioclosehelper(void **state)
{
	char buf[8];
	Job *j;
	int m, s;

	assert_int_equal(openpty(&m, &s, nil, nil, nil), 0);
	/* a terminal in blocking mode cannot be tried: a helper reads, once there is something */
	j = waiting(jobreadn, s, buf, sizeof buf);
	puts1(m, "ab\n");
	threadsleep(Millisecond);
	assert_int_equal(ioclose(nil, s), 0);
	mustrecv(j->done, nil);
	/* what it had read counts */
	if(j->ret != 3){
		assert_int_equal(j->ret, -1);
		assert_int_equal(j->errnum, EBADF);
		assert_string_equal(j->err, "closed");
	}
	jobfree(j);
	close(m);
}

/*
 * close(2) and the number again.
 */

/* one task, one number, many files: it closes without a word */
static long
jobreuse(Job *j)
{
	Channel *peer;
	char c;
	int fd[2], num, i;

	peer = (Channel*)(void*)j->buf;
	num = -1;
	for(i = 0; i < j->n; i++){
		if(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) < 0)
			return -1;
		if(num >= 0 && fd[0] != num)
			return -2;
		num = fd[0];
		chansend(peer, &fd[1]);
		if(ioread(nil, fd[0], &c, 1) != 1)
			return -3;
		/* nothing there, and so it knows, when it goes */
		chansend(peer, &fd[1]);
		if(ioread(nil, fd[0], &c, 1) != 1)
			return -4;
		close(fd[0]);
		close(fd[1]);
	}
	return i;
}

static void
reuse(int n)
{
	Job *j;
	Channel *c;
	int i, fd;

	c = mkchan(sizeof(int), 0);
	j = job(jobreuse, -1, (char*)(void*)c, n);
	jobstart(j);
	for(i = 0; i < 2*n; i++){
		mustrecv(c, &fd);
		/* it waits by now */
		threadyield();
		puts1(fd, "x");
	}
	assert_job(j, n, 0, nil);
	jobfree(j);
	chanfree(c);
}

static void
test_reusesame(void **state)
{
	reuse(10);
}

/* what comes goes back */
static long
jobbounce(Job *j)
{
	char c;
	long i;

	for(i = 0; ioread(nil, j->fd, &c, 1) == 1; i++)
		if(iowrite(nil, j->fd, &c, 1) != 1)
			break;
	return i;
}

/* the same in a proc where another descriptor is ready all the time */
static void
test_reusebusy(void **state)
{
	Job *j[2];
	int fd[2], i;

	pair(fd);
	for(i = 0; i < 2; i++){
		j[i] = job(jobbounce, fd[i], nil, 0);
		jobstart(j[i]);
	}
	puts1(fd[0], "x");
	reuse(3);
	for(i = 0; i < 2; i++){
		ioclose(nil, fd[i]);
		jobwait(j[i]);
		assert_true(j[i]->ret > 0);
		jobfree(j[i]);
	}
}

/* the old file lives on, by another number, and has much to tell */
static void
test_reusedup(void **state)
{
	char buf[8];
	Job *j;
	int old[2], new[2], copy, i;

	pair(old);
	j = waiting(jobread, old[1], buf, 1);
	puts1(old[0], "a");
	assert_job(j, 1, 0, nil);
	jobfree(j);
	copy = dup(old[1]);
	pair(new);
	/* the number is the new file's from here on */
	assert_int_equal(dup2(new[1], old[1]), old[1]);
	j = waiting(jobread, old[1], buf, sizeof buf);
	for(i = 0; i < 10; i++){
		puts1(old[0], "b");
		threadsleep(Millisecond/4);
		assert_false(j->over);
	}
	puts1(new[0], "new");
	assert_job(j, 3, 0, nil);
	assert_memory_equal(buf, "new", 3);
	jobfree(j);
	close2(new);
	close2(old);
	close(copy);
}

#if TOSNUMBERS
/* somebody still waits for the old one.  poll(2) does not know the difference */
static void
test_reusestale(void **state)
{
	char buf[8], buf2[8];
	Job *j, *k;
	int old[2], new[2];

	pair(old);
	pair(new);
	j = waiting(jobread, old[1], buf, sizeof buf);
	assert_int_equal(dup2(new[1], old[1]), old[1]);
	k = waiting(jobread, old[1], buf2, sizeof buf2);
	assert_job(j, -1, EBADF, "closed");
	puts1(new[0], "mine");
	assert_job(k, 4, 0, nil);
	jobfree(j);
	jobfree(k);
	close2(new);
	close2(old);
}
#endif

/* reading and writing at once */
static void
test_bothsides(void **state)
{
	static char big[Big], back[Big];
	char buf[8];
	Job *r, *w;
	int fd[2], i;

	for(i = 0; i < 2; i++){
		(i == 0? pair: tcppair)(fd);
		r = waiting(jobread, fd[1], buf, sizeof buf);
		w = waiting(jobwrite, fd[1], big, sizeof big);
		puts1(fd[0], "ping");
		assert_job(r, 4, 0, nil);
		assert_false(w->over);
		jobfree(r);
		r = waiting(jobread, fd[1], buf, sizeof buf);
		assert_int_equal(ioreadn(nil, fd[0], back, sizeof back), sizeof back);
		assert_job(w, sizeof big, 0, nil);
		assert_false(r->over);
		puts1(fd[0], "pong");
		assert_job(r, 4, 0, nil);
		jobfree(r);
		jobfree(w);
		close2(fd);
	}
}

static void
test_fifo(void **state)
{
	char buf[Nreader], c;
	Job *j[Nreader];
	int fd[2], i;

	pair(fd);
	for(i = 0; i < Nreader; i++)
		j[i] = waiting(jobread, fd[1], &buf[i], 1);
	/* one in the middle leaves */
	threadint(j[2]->id);
	assert_interrupted(j[2]);
	for(i = 0; i < Nreader; i++){
		if(i == 2)
			continue;
		c = (char)('a' + i);
		assert_int_equal(write(fd[0], &c, 1), 1);
		assert_job(j[i], 1, 0, nil);
		assert_int_equal(buf[i], c);
	}
	for(i = 0; i < Nreader; i++)
		jobfree(j[i]);
	/* all at once, for readers of one byte */
	for(i = 0; i < Nreader; i++)
		j[i] = waiting(jobread, fd[1], &buf[i], 1);
	puts1(fd[0], "abcde");
	for(i = 0; i < Nreader; i++){
		assert_job(j[i], 1, 0, nil);
		assert_int_equal(buf[i], 'a' + i);
		jobfree(j[i]);
	}
	close2(fd);
}

/* the first is ready, and killed before it gets its turn: the next has what is there */
static void
test_passedon(void **state)
{
	char buf[2];
	Job *j, *k;
	int fd[2];

	pair(fd);
	j = waiting(jobread, fd[1], &buf[0], 1);
	k = waiting(jobread, fd[1], &buf[1], 1);
	puts1(fd[0], "x");
	threadkill(j->id);
	assert_job(k, 1, 0, nil);
	assert_int_equal(buf[1], 'x');
	jobfree(j);
	jobfree(k);
	close2(fd);
}

/* as many bytes as tasks, in procs of their own */
static void
test_procs(void **state)
{
	Remote r[Nproc];
	int fd[2], i, round;

	pair(fd);
	for(round = 0; round < ntimes(50); round++){
		remotes(r, Nproc, fd[1]);
		puts1(fd[0], "abcd");
		for(i = 0; i < Nproc; i++){
			mustrecv(r[i].done, nil);
			assert_int_equal(r[i].ret, 1);
		}
		remotesfree(r, Nproc);
	}
	close2(fd);
}

/* peers that go */
static void
test_gone(void **state)
{
	static char big[Big];
	struct linger l = {1, 0};
	char buf[8];
	Job *j;
	int fd[2];

	/* half-close: the other way stays */
	tcppair(fd);
	j = waiting(jobread, fd[1], buf, sizeof buf);
	shutdown(fd[0], SHUT_WR);
	assert_job(j, 0, 0, nil);
	jobfree(j);
	assert_int_equal(iowrite(nil, fd[1], "abc", 3), 3);
	assert_gets(fd[0], "abc");
	close2(fd);

	tcppair(fd);
	j = waiting(jobread, fd[1], buf, sizeof buf);
	setsockopt(fd[0], SOL_SOCKET, SO_LINGER, &l, sizeof l);
	close(fd[0]);
	assert_job(j, -1, ECONNRESET, strerror(ECONNRESET));
	jobfree(j);
	assert_int_equal(iowrite(nil, fd[1], "abc", 3), -1);
	assert_err(EPIPE, strerror(EPIPE));
	close(fd[1]);

	/* in the middle of a write */
	pair(fd);
	j = waiting(jobwrite, fd[1], big, sizeof big);
	close(fd[0]);
	jobwait(j);
	assert_true(j->ret > 0 && j->ret < Big);
	assert_true(j->errnum == EPIPE || j->errnum == ECONNRESET);
	jobfree(j);
	close(fd[1]);
}

/* other kinds */
static void
test_pipe(void **state)
{
	static char big[1<<20], back[1<<20];
	char buf[8];
	struct pollfd p;
	Job *j;
	int fd[2], mode;

	for(mode = 0; mode < 2; mode++){
		assert_int_equal(pipe2(fd, mode == 0? 0: O_NONBLOCK), 0);
		j = waiting(jobread, fd[0], buf, sizeof buf);
		assert_int_equal(iowrite(nil, fd[1], "abc", 3), 3);
		assert_job(j, 3, 0, nil);
		jobfree(j);
		j = waiting(jobwrite, fd[1], big, sizeof big);
		assert_int_equal(ioreadn(nil, fd[0], back, sizeof back), sizeof back);
		assert_job(j, sizeof big, 0, nil);
		jobfree(j);
		/* a full one is interrupted, where a helper writes, too */
		j = waiting(jobwrite, fd[1], big, sizeof big);
		p = (struct pollfd){.fd = fd[1], .events = POLLOUT};
		while(poll(&p, 1, 0) > 0)
			threadsleep(Millisecond/4);
		threadint(j->id);
		jobwait(j);
		assert_true(j->ret > 0 && j->ret < (long)sizeof big);
		assert_string_equal(j->err, "interrupted");
		jobfree(j);
		/* nobody to read it: no SIGPIPE, whose action is to end the program */
		close(fd[0]);
		assert_int_equal(iowrite(nil, fd[1], "abc", 3), -1);
		assert_err(EPIPE, strerror(EPIPE));
		close(fd[1]);
	}
}

static bool
pipepending(void)
{
	sigset_t set;

	return sigpending(&set) == 0 && sigismember(&set, SIGPIPE);
}

/* a caller that blocks SIGPIPE finds none of ours there, and its own where it was */
static void
test_sigpipe(void **state)
{
	sigset_t set, old;
	int fd[2], sig;

	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	close(fd[0]);
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	assert_int_equal(pthread_sigmask(SIG_BLOCK, &set, &old), 0);
	assert_int_equal(iowrite(nil, fd[1], "abc", 3), -1);
	assert_err(EPIPE, strerror(EPIPE));
	assert_false(pipepending());
	raise(SIGPIPE);
	assert_int_equal(iowrite(nil, fd[1], "abc", 3), -1);
	assert_err(EPIPE, strerror(EPIPE));
	assert_true(pipepending());
	assert_int_equal(sigwait(&set, &sig), 0);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, &old, nil), 0);
	close(fd[1]);
}

static long
joblow(Job *j)
{
	threadsetprio(1);
	return jobread(j);
}

/*
 * One that was woken for nothing keeps its place before those who came later,
 * although they, whom the same byte has woken, are back before it.  Nor does it matter
 * that the numbers were a pipe's before: no helper reads for them.
 */
static void
test_placekept(void **state)
{
	char a[4], b[4], c[4];
	Job *first, *second, *third;
	int fd[2], i;

	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	assert_int_equal(iowrite(nil, fd[1], "a", 1), 1);
	assert_int_equal(ioread(nil, fd[0], a, 1), 1);
	close2(fd);
	pair(fd);
	first = waiting(joblow, fd[1], a, sizeof a);
	second = waiting(jobread, fd[1], b, sizeof b);
	third = waiting(jobread, fd[1], c, sizeof c);
	/* pinned, we are before whomever the byte wakes: each looks for the next */
	threadpin();
	puts1(fd[0], "x");
	for(i = 0; i < 50; i++)
		threadyield();
	assert_int_equal(read(fd[1], a, sizeof a), 1);
	threadunpin();
	/* until all have looked and wait again, the one of low priority, too */
	threadidle();
	assert_false(first->over || second->over || third->over);
	puts1(fd[0], "1");
	assert_job(first, 1, 0, nil);
	assert_false(second->over || third->over);
	puts1(fd[0], "2");
	assert_job(second, 1, 0, nil);
	assert_false(third->over);
	puts1(fd[0], "3");
	assert_job(third, 1, 0, nil);
	jobfree(first);
	jobfree(second);
	jobfree(third);
	close2(fd);
}

static void
test_kinds(void **state)
{
	char path[64], buf[16];
	uint64_t n;
	Job *j;
	int m, s, fd;

	assert_int_equal(openpty(&m, &s, nil, nil, nil), 0);
	j = waiting(jobread, s, buf, sizeof buf);
	puts1(m, "line\n");
	assert_job(j, 5, 0, nil);
	assert_memory_equal(buf, "line\n", 5);
	jobfree(j);
	j = waiting(jobread, s, buf, sizeof buf);
	threadint(j->id);
	assert_interrupted(j);
	jobfree(j);
	assert_int_equal(iowrite(nil, s, "out", 3), 3);
	close(m);
	close(s);

	fd = eventfd(0, EFD_CLOEXEC);
	j = waiting(jobread, fd, (char*)&n, sizeof n);
	n = 7;
	assert_int_equal(write(fd, &n, sizeof n), sizeof n);
	n = 0;
	assert_job(j, sizeof n, 0, nil);
	assert_int_equal(n, 7);
	jobfree(j);
	close(fd);

	snprintf(path, sizeof path, "%s/file", tmpdir);
	fd = open(path, O_RDWR|O_CREAT, 0600);
	assert_int_equal(iowrite(nil, fd, "on disk", 7), 7);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_gets(fd, "on disk");
	assert_int_equal(ioread(nil, fd, buf, 1), 0);
	assert_int_equal(ioclose(nil, fd), 0);
	unlink(path);
}

static void
caught(int sig)
{
}

static void
test_signals(void **state)
{
	struct itimerval often = {{0, 500}, {0, 500}}, never = {{0, 0}, {0, 0}};
	struct sigaction sa = {.sa_handler = caught};
	char buf[8];
	Job *j;
	int fd[2], i;

	pair(fd);
	sigaction(SIGALRM, &sa, nil);
	setitimer(ITIMER_REAL, &often, nil);
	for(i = 0; i < ntimes(50); i++){
		j = waiting(jobread, fd[1], buf, 1);
		threadsleep(Millisecond);
		assert_false(j->over);
		puts1(fd[0], "s");
		assert_job(j, 1, 0, nil);
		jobfree(j);
	}
	setitimer(ITIMER_REAL, &never, nil);
	/* not the default: one may still be on its way */
	signal(SIGALRM, SIG_IGN);
	close2(fd);
}

/*
 * Busy procs.
 */
static bool stop;

static long
jobspin(Job *j)
{
	while(!stop)
		threadyield();
	return 0;
}

static long
jobecho(Job *j)
{
	char c;
	long n;

	while((n = ioread(nil, j->fd, &c, 1)) == 1)
		iowrite(nil, j->fd, &c, 1);
	return n;
}

/* the other end is served while nspin tasks never sleep */
static void
withspinners(int nspin)
{
	Job *s[4], *e;
	char c;
	int fd[2], i;

	stop = false;
	pair(fd);
	e = waiting(jobecho, fd[1], nil, 0);
	for(i = 0; i < nspin; i++){
		s[i] = job(jobspin, -1, nil, 0);
		jobstart(s[i]);
	}
	for(i = 0; i < ntimes(100); i++){
		assert_int_equal(iowrite(nil, fd[0], "b", 1), 1);
		assert_int_equal(ioread(nil, fd[0], &c, 1), 1);
	}
	stop = true;
	for(i = 0; i < nspin; i++){
		jobwait(s[i]);
		jobfree(s[i]);
	}
	close(fd[0]);
	assert_job(e, 0, 0, nil);
	jobfree(e);
	close(fd[1]);
}

static void
test_busy(void **state)
{
	withspinners(1);
	withspinners(3);
}

/* a task that yields alone sees what comes to another */
static void
test_alone(void **state)
{
	char buf[8];
	Job *j;
	int fd[2];

	pair(fd);
	j = waiting(jobread, fd[1], buf, sizeof buf);
	puts1(fd[0], "a");
	while(!j->over)
		threadyield();
	assert_job(j, 1, 0, nil);
	jobfree(j);
	j = waiting(jobread, fd[1], buf, sizeof buf);
	puts1(fd[0], "a");
	while(!j->over)
		threadidle();
	assert_job(j, 1, 0, nil);
	jobfree(j);
	close2(fd);
}

/* connections that are always ready let others run */
static void
test_always(void **state)
{
	static char zeros[64];
	Job *j;
	int fd[2], i;

	pair(fd);
	stop = false;
	j = job(jobspin, -1, nil, 0);
	jobstart(j);
	for(i = 0; i < 1000 && !j->over; i++){
		stop = true;
		assert_int_equal(iowrite(nil, fd[0], zeros, sizeof zeros), sizeof zeros);
		assert_int_equal(ioreadn(nil, fd[1], zeros, sizeof zeros), sizeof zeros);
	}
	assert_true(j->over);
	jobfree(j);
	close2(fd);
}

static void
test_many(void **state)
{
	static Job *e[Nconn];
	static int fd[Nconn][2];
	struct rlimit r, old;
	char c;
	int i, k, n;

	getrlimit(RLIMIT_NOFILE, &old);
	r = old;
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
	n = ntimes(Nconn);
	if((rlim_t)n > (r.rlim_cur - 100)/2)
		n = (int)(r.rlim_cur - 100)/2;
	for(i = 0; i < n; i++){
		pair(fd[i]);
		e[i] = waiting(jobecho, fd[i][1], nil, 0);
	}
	for(k = 0; k < 3; k++){
		for(i = 0; i < n; i++)
			puts1(fd[i][0], "m");
		for(i = 0; i < n; i++)
			assert_int_equal(ioread(nil, fd[i][0], &c, 1), 1);
	}
	for(i = 0; i < n; i++)
		close(fd[i][0]);
	for(i = 0; i < n; i++){
		assert_job(e[i], 0, 0, nil);
		jobfree(e[i]);
		close(fd[i][1]);
	}
	setrlimit(RLIMIT_NOFILE, &old);
}

/* no descriptor for a poller: it goes another way */
static void
emfile(void *v)
{
	struct rlimit r, old;
	Remote *m;

	m = v;
	getrlimit(RLIMIT_NOFILE, &old);
	r = old;
	r.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &r);
	chansend(m->began, nil);
	m->ret = ioread(nil, m->fd, &m->c, 1);
	setrlimit(RLIMIT_NOFILE, &old);
	chansend(m->done, nil);
}

static void
test_emfile(void **state)
{
	Remote r;
	int fd[2], i;

	pair(fd);
	/* more than one: Procs of before have their pollers still */
	for(i = 0; i < 2*Nproc; i++){
		r = (Remote){.fd = fd[1], .began = mkchan(1, 0), .done = mkchan(1, 1)};
		assert_true(proccreate(emfile, &r, 0) > 0);
		mustrecv(r.began, nil);
		puts1(fd[0], "e");
		mustrecv(r.done, nil);
		assert_int_equal(r.ret, 1);
		remotesfree(&r, 1);
	}
	close2(fd);
}

static void
test_info(void **state)
{
	char buf[8192], want[32];
	Job *j;
	int fd[2], out[2];
	ssize_t n;

	pair(fd);
	j = waiting(jobread, fd[1], buf, 1);
	assert_int_equal(pipe(out), 0);
	threadinfo(out[1]);
	close(out[1]);
	n = read(out[0], buf, sizeof buf - 1);
	assert_true(n > 0);
	buf[n] = '\0';
	snprintf(want, sizeof want, " ioread (fd %d), ", fd[1]);
	assert_non_null(strstr(buf, want));
	close(out[0]);
	puts1(fd[0], "a");
	assert_job(j, 1, 0, nil);
	jobfree(j);
	close2(fd);
}

/*
 * Connections over several procs, whose ends come and go: each carries numbers
 * in order, pieces of any size, interrupted at any moment; then it is closed, in one of
 * several ways, and its numbers are used again at once.
 */
typedef struct Link Link;
struct Link
{
	int	fd[2];
	uint64_t	rand;
	Channel	*done;
	_Atomic int	id[2];
};

enum {
	Nlink = 8,
	Len = 3000,
};

static uint64_t
xrand(uint64_t *x)
{
	*x = *x*6364136223846793005u + 1442695040888963407u;
	return *x>>33;
}

static void
writer(void *v)
{
	unsigned char buf[256];
	uint64_t rand;
	long n, i, sent, r;
	Link *l;

	l = v;
	atomic_store(&l->id[0], threadid());
	rand = l->rand + 1;
	for(sent = 0; sent < Len; sent += r){
		n = (long)(xrand(&rand)%sizeof buf) + 1;
		if(n > Len - sent)
			n = Len - sent;
		for(i = 0; i < n; i++)
			buf[i] = (unsigned char)(sent + i);
		r = iowrite(nil, l->fd[0], buf, n);
		if(r < 0){
			TCHECK(errno == EINTR);
			r = 0;
		}
		if(xrand(&rand)%8 == 0)
			threadyield();
	}
	atomic_store(&l->id[0], 0);
	ioclose(nil, l->fd[0]);
	chansend(l->done, nil);
}

static void
reader(void *v)
{
	unsigned char buf[256];
	uint64_t rand;
	long i, n, got;
	Link *l;

	l = v;
	atomic_store(&l->id[1], threadid());
	rand = l->rand + 2;
	got = 0;
	for(;;){
		n = ioread(nil, l->fd[1], buf, (long)(xrand(&rand)%sizeof buf) + 1);
		if(n == 0)
			break;
		if(n < 0){
			TCHECK(errno == EINTR);
			continue;
		}
		for(i = 0; i < n; i++)
			TCHECK(buf[i] == (unsigned char)(got + i));
		got += n;
	}
	TCHECK(got == Len);
	atomic_store(&l->id[1], 0);
	if(l->rand%2 == 0)
		ioclose(nil, l->fd[1]);
	else
		close(l->fd[1]);
	chansend(l->done, nil);
}

/* one link after the other, in this proc or half of it in another */
static void
chain(void *v)
{
	Link *l;
	Channel *over;
	int i;

	l = v;
	over = l->done;
	l->done = chancreate(1, 2);
	for(i = 0; i < ntimes(200); i++){
		l->rand = xrand(&l->rand);
		if(socketpair(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0, l->fd) < 0){
			TCHECK(0);
			break;
		}
		if(l->rand%4 == 0)
			TCHECK(proccreate(writer, l, 0) > 0);
		else
			TCHECK(threadcreate(writer, l, 0) > 0);
		TCHECK(threadcreate(reader, l, 0) > 0);
		chanrecv(l->done, nil);
		chanrecv(l->done, nil);
	}
	chanfree(l->done);
	chansend(over, nil);
}

static void
test_stress(void **state)
{
	static Link link[Nlink];
	uint64_t rand;
	Channel *over;
	int i, left, id;

	rand = seed();
	over = mkchan(1, Nlink);
	for(i = 0; i < Nlink; i++){
		link[i] = (Link){.rand = xrand(&rand), .done = over};
		assert_true(proccreate(chain, &link[i], 0) > 0);
	}
	for(left = Nlink; left > 0;){
		threadsleep(Millisecond/2);
		id = atomic_load(&link[xrand(&rand)%Nlink].id[xrand(&rand)%2]);
		if(id > 0)
			threadint(id);
		while(channbrecv(over, nil) == 1)
			left--;
	}
	chanfree(over);
}

static int
begin(void **state)
{
	return mkdtemp(tmpdir) == nil;
}

static int
end(void **state)
{
	return rmall(tmpdir);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_simple),
		TEST(test_interrupt),
		TEST(test_kill),
		TEST(test_deadline),
		TEST(test_ioclose),
		TEST(test_ioclosehelper),
		TEST(test_reusesame),
		TEST(test_reusebusy),
		TEST(test_reusedup),
#if TOSNUMBERS
		TEST(test_reusestale),
#endif
		TEST(test_bothsides),
		TEST(test_fifo),
		TEST(test_passedon),
		TEST(test_procs),
		TEST(test_gone),
		TEST(test_pipe),
		TEST(test_sigpipe),
		TEST(test_placekept),
		TEST(test_kinds),
		TEST(test_signals),
		TEST(test_busy),
		TEST(test_alone),
		TEST(test_always),
		TEST(test_many),
		TEST(test_emfile),
		TEST(test_info),
		TEST(test_stress),
	};

	if(threadinit() < 0)
		return 1;
	cmocka_set_test_filter(getenv("L9TEST"));	/* nil: all of them */
	return cmocka_run_group_tests(tests, begin, end);
}
