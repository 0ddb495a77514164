/*
 * Calls at an offset, on sockets, of descriptors and of 9P messages: with an
 * Ioproc and without, their errors, interrupts, deadlines, kills, closes.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "job.h"

static char tmpdir[] = "/tmp/l9iocallsXXXXXX";
static Ioproc *own;		/* each test is made with it and with nil */

/* a test for both */
#define BOTH(f) \
	static void f##_ioproc(void **state) { f(own); } \
	static void f##_nil(void **state) { f(nil); }
#define TESTBOTH(f)	TEST(f##_ioproc), TEST(f##_nil)

static void
mustpair(int type, int s[2])
{
	assert_int_equal(socketpair(AF_UNIX, type|SOCK_CLOEXEC, 0, s), 0);
}

static void
closepair(int s[2])
{
	close(s[0]);
	close(s[1]);
}

/* at an offset */

static int
mustfile(const char *name)
{
	char buf[128];
	int fd;

	snprintf(buf, sizeof buf, "%s/%s", tmpdir, name);
	fd = open(buf, O_CREAT|O_TRUNC|O_RDWR|O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	return fd;
}

static void
at_offset(Ioproc *io)
{
	char buf[16];
	int fd;

	fd = mustfile("file");
	assert_int_equal(iopwrite(io, fd, "world", 5, 6), 5);
	assert_int_equal(iopwrite(io, fd, "hello ", 6, 0), 6);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
	assert_int_equal(iopread(io, fd, buf, 5, 6), 5);
	assert_memory_equal(buf, "world", 5);
	assert_int_equal(iopread(io, fd, buf, sizeof buf, 0), 11);
	assert_memory_equal(buf, "hello world", 11);
	assert_int_equal(iopread(io, fd, buf, sizeof buf, 11), 0);
	assert_int_equal(iopread(io, fd, buf, 0, 0), 0);
	assert_int_equal(iopwrite(io, fd, buf, 0, 0), 0);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
	/* beyond what 32 bits hold */
	assert_int_equal(iopwrite(io, fd, "far", 3, (int64_t)5<<30), 3);
	assert_int_equal(iopread(io, fd, buf, 3, (int64_t)5<<30), 3);
	assert_memory_equal(buf, "far", 3);
	close(fd);
}
BOTH(at_offset)

static void
at_offset_errors(Ioproc *io)
{
	char c;
	int fd, p[2];

	c = 'c';
	fd = mustfile("file");
	assert_int_equal(pipe(p), 0);
	assert_int_equal(iopread(io, fd, &c, -1, 0), -1);
	assert_err(EINVAL, "negative count");
	assert_int_equal(iopwrite(io, fd, &c, -1, 0), -1);
	assert_err(EINVAL, "negative count");
	assert_int_equal(iopread(io, fd, &c, 1, -1), -1);
	assert_err(EINVAL, strerror(EINVAL));
	assert_int_equal(iopwrite(io, fd, &c, 1, -1), -1);
	assert_err(EINVAL, strerror(EINVAL));
	assert_int_equal(iopread(io, -1, &c, 1, 0), -1);
	assert_err(EBADF, strerror(EBADF));
	assert_int_equal(iopwrite(io, -1, &c, 1, 0), -1);
	assert_err(EBADF, strerror(EBADF));
	/* a pipe has no offsets */
	assert_int_equal(iopread(io, p[0], &c, 1, 0), -1);
	assert_err(ESPIPE, strerror(ESPIPE));
	assert_int_equal(iopwrite(io, p[1], "x", 1, 0), -1);
	assert_err(ESPIPE, strerror(ESPIPE));
	closepair(p);
	close(fd);
}
BOTH(at_offset_errors)

/* what was written before the error is said, and the error, too */
static void
write_up_to_limit(Ioproc *io)
{
	struct rlimit old, rl;
	char buf[1000];
	long a, b;
	int fd, ea;
	char err[ERRMAX];

	fd = mustfile("file");
	memset(buf, 'x', sizeof buf);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	rl = (struct rlimit){.rlim_cur = 600, .rlim_max = old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &rl), 0);
	a = iowrite(io, fd, buf, sizeof buf);
	ea = errno;
	rerrstr(err, sizeof err);
	b = iopwrite(io, fd, buf, sizeof buf, 100);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_err(EFBIG, strerror(EFBIG));
	assert_int_equal(b, 500);
	assert_int_equal(a, 600);
	assert_int_equal(ea, EFBIG);
	assert_string_equal(err, strerror(EFBIG));
	close(fd);
}
BOTH(write_up_to_limit)

/* the mode of the descriptor does not matter: the call waits */

static void
setnonblock(int fd)
{
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
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

static Job*
start(long (*fn)(Job*), Ioproc *io, int fd, void *buf, long n)
{
	Job *j;

	j = jobnew(fn, io);
	j->fd = fd;
	j->buf = buf;
	j->n = n;
	jobstart(j);
	threadsleep(Millisecond);
	assert_false(j->over);
	return j;
}

static void
nonblocking_read(Ioproc *io)
{
	char buf[4];
	Job *j;
	int p[2];

	assert_int_equal(pipe(p), 0);
	setnonblock(p[0]);
	j = start(jobread, io, p[0], buf, 1);
	assert_int_equal(write(p[1], "x", 1), 1);
	assert_job(j, 1, 0, "");
	jobfree(j);
	j = start(jobreadn, io, p[0], buf, 4);
	assert_int_equal(write(p[1], "ab", 2), 2);
	threadsleep(Millisecond);
	assert_false(j->over);
	assert_int_equal(write(p[1], "cd", 2), 2);
	assert_job(j, 4, 0, "");
	assert_memory_equal(buf, "abcd", 4);
	jobfree(j);
	j = start(jobread, io, p[0], buf, 1);
	assert_int_equal(threadint(j->id), 0);
	assert_interrupted(j);
	jobfree(j);
	assert_int_equal(fcntl(p[0], F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	closepair(p);
}
BOTH(nonblocking_read)

static void
nonblocking_write(Ioproc *io)
{
	enum { Total = 1000000 };
	static char buf[Total], got[Total];
	Job *j;
	long i, r;
	int s[2];

	mustpair(SOCK_STREAM, s);
	setnonblock(s[1]);
	for(i = 0; i < Total; i++)
		buf[i] = (char)(i*7 + i/251);
	j = start(jobwrite, io, s[1], buf, Total);
	for(i = 0; i < Total; i += r){
		/* not by read(2), for which the whole proc would wait, and the writer in it */
		r = ioread(nil, s[0], got + i, Total - i);
		assert_true(r > 0);
	}
	assert_job(j, Total, 0, "");
	assert_memory_equal(got, buf, Total);
	jobfree(j);
	closepair(s);
}
BOTH(nonblocking_write)

/* a reader that goes: how much, and why it is no more */
static void
write_to_closed(Ioproc *io)
{
	static char buf[1000000];
	char c;
	Job *j;
	int p[2];

	assert_int_equal(pipe(p), 0);
	j = start(jobwrite, io, p[1], buf, sizeof buf);
	assert_int_equal(read(p[0], &c, 1), 1);
	close(p[0]);
	jobwait(j);
	assert_in_range(j->ret, 1, sizeof buf - 1);
	assert_int_equal(j->errnum, EPIPE);
	assert_string_equal(j->err, strerror(EPIPE));
	jobfree(j);
	assert_int_equal(iowrite(io, p[1], buf, 1), -1);
	assert_err(EPIPE, strerror(EPIPE));
	close(p[1]);
}
BOTH(write_to_closed)

/* the socket's own time is up: the call says so, as the system does */
static void
own_timeout(Ioproc *io)
{
	struct timeval tv;
	char c;
	int s[2];

	if(io == nil)
		skip();		/* the poller waits, not the socket */
	mustpair(SOCK_STREAM, s);
	tv = (struct timeval){.tv_usec = 2000};
	assert_int_equal(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv), 0);
	assert_int_equal(iorecvfrom(io, s[0], &c, 1, 0, nil, nil), -1);
	assert_err(EAGAIN, strerror(EAGAIN));
	closepair(s);
}
BOTH(own_timeout)

/* connect */

typedef struct sockaddr_in Sin;

static Sin
loopback(int port)
{
	return (Sin){.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
}

/* a bound socket, and where */
static int
mustbind(int type, Sin *a)
{
	socklen_t len;
	int fd;

	fd = socket(AF_INET, type|SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	*a = loopback(0);
	assert_int_equal(bind(fd, (struct sockaddr*)a, sizeof *a), 0);
	len = sizeof *a;
	assert_int_equal(getsockname(fd, (struct sockaddr*)a, &len), 0);
	return fd;
}

static void
connect_tcp(Ioproc *io)
{
	Sin a;
	char c;
	int s, fd, cfd, nonblock;

	s = mustbind(SOCK_STREAM, &a);
	/* nobody listens */
	fd = socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, 0);
	assert_int_equal(ioconnect(io, fd, &a, sizeof a), -1);
	assert_err(ECONNREFUSED, strerror(ECONNREFUSED));
	close(fd);
	assert_int_equal(listen(s, 8), 0);
	for(nonblock = 0; nonblock < 2; nonblock++){
		fd = socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC|(nonblock? SOCK_NONBLOCK: 0), 0);
		assert_true(fd >= 0);
		assert_int_equal(ioconnect(io, fd, &a, sizeof a), 0);
		cfd = accept(s, nil, nil);
		assert_true(cfd >= 0);
		assert_int_equal(write(cfd, "x", 1), 1);
		assert_int_equal(ioread(io, fd, &c, 1), 1);
		assert_int_equal(!!(fcntl(fd, F_GETFL) & O_NONBLOCK), nonblock);
		if(!nonblock){
			assert_int_equal(ioconnect(io, fd, &a, sizeof a), -1);
			assert_err(EISCONN, strerror(EISCONN));
		}
		close(cfd);
		close(fd);
	}
	assert_int_equal(ioconnect(io, -1, &a, sizeof a), -1);
	assert_err(EBADF, strerror(EBADF));
	fd = mustfile("file");
	assert_int_equal(ioconnect(io, fd, &a, sizeof a), -1);
	assert_err(ENOTSOCK, strerror(ENOTSOCK));
	close(fd);
	close(s);
}
BOTH(connect_tcp)

/* a server with no room, until somebody makes some */
static int
fullunix(struct sockaddr_un *a, int filler[], int *nfiller)
{
	int s, fd;

	*a = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(a->sun_path, sizeof a->sun_path, "%s/sock", tmpdir);
	unlink(a->sun_path);
	s = socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0);
	assert_true(s >= 0);
	assert_int_equal(bind(s, (struct sockaddr*)a, sizeof *a), 0);
	assert_int_equal(listen(s, 0), 0);
	for(*nfiller = 0; *nfiller < 16; filler[(*nfiller)++] = fd){
		fd = socket(AF_UNIX, SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);
		assert_true(fd >= 0);
		if(connect(fd, (struct sockaddr*)a, sizeof *a) < 0){
			assert_int_equal(errno, EAGAIN);
			close(fd);
			return s;
		}
	}
	fail_msg("the backlog has no end");
	return -1;
}

static long
jobconnectunix(Job *j)
{
	return ioconnect(j->io, j->fd, j->buf, sizeof(struct sockaddr_un));
}

static void
connect_unix(Ioproc *io)
{
	struct sockaddr_un a;
	Job *j;
	int64_t old;
	int filler[16], i, n, s, fd;

	s = fullunix(&a, filler, &n);
	fd = socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	j = start(jobconnectunix, io, fd, &a, 0);
	assert_int_equal(threadint(j->id), 0);
	assert_interrupted(j);
	jobfree(j);
	old = threaddeadline(threadnow() + 3*Millisecond);
	assert_int_equal(ioconnect(io, fd, &a, sizeof a), -1);
	assert_err(ETIMEDOUT, "deadline");
	threadundeadline(old);
	/* the same socket gets through when there is room */
	j = start(jobconnectunix, io, fd, &a, 0);
	i = accept(s, nil, nil);
	assert_true(i >= 0);
	close(i);
	assert_job(j, 0, 0, "");
	jobfree(j);
	close(fd);
	for(i = 0; i < n; i++)
		close(filler[i]);
	close(s);
	unlink(a.sun_path);
}
BOTH(connect_unix)

/* datagrams */

static void
datagrams(Ioproc *io)
{
	Sin a, b, from;
	socklen_t len;
	char buf[16];
	int s, t;

	s = mustbind(SOCK_DGRAM, &a);
	t = mustbind(SOCK_DGRAM, &b);
	assert_int_equal(iosendto(io, s, "ping", 4, 0, &b, sizeof b), 4);
	len = sizeof from;
	assert_int_equal(iorecvfrom(io, t, buf, sizeof buf, 0, &from, &len), 4);
	assert_memory_equal(buf, "ping", 4);
	assert_int_equal(len, sizeof from);
	assert_int_equal(from.sin_port, a.sin_port);
	/* an empty one is one, too; the end of a long one goes, as with recvfrom(2) */
	assert_int_equal(iosendto(io, t, "", 0, 0, &from, len), 0);
	assert_int_equal(iorecvfrom(io, s, buf, sizeof buf, 0, nil, nil), 0);
	assert_int_equal(iosendto(io, t, "long one", 8, 0, &from, len), 8);
	assert_int_equal(iorecvfrom(io, s, buf, 4, 0, nil, nil), 4);
	assert_int_equal(iorecvfrom(io, s, buf, 4, MSG_DONTWAIT, nil, nil), -1);
	assert_err(EAGAIN, strerror(EAGAIN));
	setnonblock(s);
	assert_int_equal(iorecvfrom(io, s, buf, 4, MSG_DONTWAIT, nil, nil), -1);
	assert_err(EAGAIN, strerror(EAGAIN));
	/* connected: without an address */
	assert_int_equal(ioconnect(io, s, &b, sizeof b), 0);
	assert_int_equal(iosendto(io, s, "c", 1, MSG_DONTWAIT, nil, 0), 1);
	assert_int_equal(iorecvfrom(io, t, buf, sizeof buf, MSG_PEEK, nil, nil), 1);
	assert_int_equal(iorecvfrom(io, t, buf, sizeof buf, 0, nil, nil), 1);
	close(s);
	close(t);
}
BOTH(datagrams)

/* all that is asked for, of a stream */
static void
waitall(Ioproc *io)
{
	char buf[8];
	int s[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0, s), 0);
	assert_int_equal(write(s[1], "abcd", 4), 4);
	assert_int_equal(iorecvfrom(io, s[0], buf, 4, MSG_WAITALL, nil, nil), 4);
	assert_memory_equal(buf, "abcd", 4);
	close(s[1]);
	assert_int_equal(iorecvfrom(io, s[0], buf, 4, MSG_WAITALL, nil, nil), 0);
	close(s[0]);
}
BOTH(waitall)

static void
datagram_errors(Ioproc *io)
{
	Sin a;
	char c;
	int s, fd;

	s = mustbind(SOCK_DGRAM, &a);
	fd = mustfile("file");
	assert_int_equal(iosendto(io, s, &c, -1, 0, &a, sizeof a), -1);
	assert_err(EINVAL, "negative count");
	assert_int_equal(iorecvfrom(io, s, &c, -1, 0, nil, nil), -1);
	assert_err(EINVAL, "negative count");
	assert_int_equal(iosendto(io, s, "x", 1, 0, nil, 0), -1);
	assert_err(EDESTADDRREQ, strerror(EDESTADDRREQ));
	assert_int_equal(iosendto(io, -1, "x", 1, 0, &a, sizeof a), -1);
	assert_err(EBADF, strerror(EBADF));
	assert_int_equal(iorecvfrom(io, -1, &c, 1, 0, nil, nil), -1);
	assert_err(EBADF, strerror(EBADF));
	assert_int_equal(iosendto(io, fd, "x", 1, 0, &a, sizeof a), -1);
	assert_err(ENOTSOCK, strerror(ENOTSOCK));
	assert_int_equal(iorecvfrom(io, fd, &c, 1, 0, nil, nil), -1);
	assert_err(ENOTSOCK, strerror(ENOTSOCK));
	close(fd);
	close(s);
}
BOTH(datagram_errors)

/* a peer that has gone is an error, and no signal; its reset, too */
static void
stream_peer_gone(Ioproc *io)
{
	char c;
	int s[2];

	mustpair(SOCK_STREAM, s);
	close(s[1]);
	assert_int_equal(iosendto(io, s[0], "x", 1, 0, nil, 0), -1);
	assert_err(EPIPE, strerror(EPIPE));
	assert_int_equal(iosendfd(io, s[0], 0), -1);
	assert_err(EPIPE, strerror(EPIPE));
	assert_int_equal(iorecvfrom(io, s[0], &c, 1, 0, nil, nil), 0);
	close(s[0]);
	mustpair(SOCK_STREAM, s);
	assert_int_equal(write(s[0], "unread", 6), 6);
	close(s[1]);
	assert_int_equal(iorecvfrom(io, s[0], &c, 1, 0, nil, nil), -1);
	assert_err(ECONNRESET, strerror(ECONNRESET));
	close(s[0]);
}
BOTH(stream_peer_gone)

/* waits: interrupt, deadline, kill; what comes after them is the next call's */

static long
jobrecvfrom(Job *j)
{
	return iorecvfrom(j->io, j->fd, j->buf, j->n, 0, nil, nil);
}

static long
jobrecvfd(Job *j)
{
	return iorecvfd(j->io, j->fd);
}

static long
jobread9pmsg(Job *j)
{
	return ioread9pmsg(j->io, j->fd, j->buf, (int)j->n);
}

static long
jobsendto(Job *j)
{
	return iosendto(j->io, j->fd, j->buf, j->n, 0, nil, 0);
}

static long
jobsendfd(Job *j)
{
	return iosendfd(j->io, j->fd, j->fd);
}

static _Atomic int nkilled;

static void
countend(void *v)
{
	atomic_fetch_add(&nkilled, 1);
	chansend(v, nil);
}

static void
killable(void *v)
{
	Job *j;

	j = v;
	threadcleanup(countend, j->done);
	j->fn(j);
	j->over = true;
	threadsleep(Hour);
}

/* fn blocks on s[0]: each way to end that, s as before; then feed(s) makes it return want */
static void
ends(Ioproc *io, long (*fn)(Job*), int type, void (*fill)(int*), void (*feed)(int*), long want)
{
	char buf[64];
	Job *j;
	int64_t old;
	int s[2], fds;

	fds = nfd();
	mustpair(type, s);
	fill(s);
	memset(buf, 0, sizeof buf);

	j = start(fn, io, s[0], buf, sizeof buf);
	assert_int_equal(threadint(j->id), 0);
	assert_interrupted(j);
	jobfree(j);

	/* before it begins: it does not */
	j = jobnew(fn, io);
	j->fd = s[0];
	j->buf = buf;
	j->n = sizeof buf;
	j->id = threadcreate(jobmain, j, 0);
	assert_int_equal(threadint(j->id), 0);
	assert_interrupted(j);
	jobfree(j);

	j = jobnew(fn, io);
	j->fd = s[0];
	j->buf = buf;
	j->n = sizeof buf;
	old = threaddeadline(threadnow() + 3*Millisecond);
	assert_int_equal(fn(j), -1);
	assert_err(ETIMEDOUT, "deadline");
	threadundeadline(old);

	atomic_store(&nkilled, 0);
	j->id = threadcreate(killable, j, 0);
	threadyield();
	assert_int_equal(threadkill(j->id), 0);
	mustrecv(j->done, nil);
	assert_false(j->over);
	assert_int_equal(nkilled, 1);
	jobfree(j);

	j = start(fn, io, s[0], buf, sizeof buf);
	feed(s);
	jobwait(j);
	if(want >= 0)
		assert_int_equal(j->ret, want);
	else{
		assert_true(j->ret >= 0);
		close((int)j->ret);
	}
	jobfree(j);
	closepair(s);
	assert_int_equal(nfd(), fds);
}

static void
empty(int s[2])
{
}

/* s[0] takes no more */
static void
full(int s[2])
{
	char buf[4096] = "";

	while(send(s[0], buf, sizeof buf, MSG_DONTWAIT) > 0)
		;
	while(send(s[0], buf, 1, MSG_DONTWAIT) > 0)
		;
}

static void
feedbytes(int s[2])
{
	assert_int_equal(write(s[1], "abc", 3), 3);
}

static void
feedfd(int s[2])
{
	assert_int_equal(iosendfd(own, s[1], s[1]), 0);
}

static void
feed9pmsg(int s[2])
{
	assert_int_equal(write(s[1], "\5\0\0\0x", 5), 5);
}

/* until the other side has room */
static void
drain(int s[2])
{
	char buf[4096];
	struct pollfd p;

	do{
		assert_true(recv(s[1], buf, sizeof buf, MSG_DONTWAIT) > 0);
		p = (struct pollfd){.fd = s[0], .events = POLLOUT};
	}while(poll(&p, 1, 0) == 0);
}

static void
recvfrom_ends(Ioproc *io)
{
	ends(io, jobrecvfrom, SOCK_STREAM, empty, feedbytes, 3);
	ends(io, jobrecvfrom, SOCK_DGRAM, empty, feedbytes, 3);
}
BOTH(recvfrom_ends)

static void
sendto_ends(Ioproc *io)
{
	ends(io, jobsendto, SOCK_DGRAM, full, drain, 64);
}
BOTH(sendto_ends)

static void
recvfd_ends(Ioproc *io)
{
	Ioproc *old;

	/* the feeder may not wait for the same turn */
	old = own;
	own = mkioproc();
	ends(io, jobrecvfd, SOCK_STREAM, empty, feedfd, -1);
	closeioproc(own);
	own = old;
}
BOTH(recvfd_ends)

static void
sendfd_ends(Ioproc *io)
{
	ends(io, jobsendfd, SOCK_DGRAM, full, drain, 0);
}
BOTH(sendfd_ends)

static void
read9pmsg_ends(Ioproc *io)
{
	ends(io, jobread9pmsg, SOCK_STREAM, empty, feed9pmsg, 5);
}
BOTH(read9pmsg_ends)

/* descriptors */

static bool
same(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_ino == y.st_ino && x.st_dev == y.st_dev;
}

static void
pass_descriptor(Ioproc *io)
{
	int s[2], p[2], fd, i;

	mustpair(SOCK_STREAM, s);
	assert_int_equal(pipe(p), 0);
	for(i = 0; i < 3; i++)
		assert_int_equal(iosendfd(io, s[0], p[i%2]), 0);
	for(i = 0; i < 3; i++){
		fd = iorecvfd(io, s[1]);
		assert_true(fd >= 0);
		assert_true(same(fd, p[i%2]));
		assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
		close(fd);
	}
	closepair(p);
	closepair(s);
}
BOTH(pass_descriptor)

/* two descriptors in one message */
static void
sendtwo(int s, int a, int b)
{
	_Alignas(struct cmsghdr) char ctl[CMSG_SPACE(2*sizeof(int))];
	int fds[2];
	struct cmsghdr *h;
	struct iovec v;
	struct msghdr m;

	v = (struct iovec){ctl, 1};
	memset(ctl, 0, sizeof ctl);
	m = (struct msghdr){.msg_iov = &v, .msg_iovlen = 1, .msg_control = ctl, .msg_controllen = sizeof ctl};
	h = CMSG_FIRSTHDR(&m);
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof fds);
	fds[0] = a;
	fds[1] = b;
	memcpy(CMSG_DATA(h), fds, sizeof fds);
	assert_int_equal(sendmsg(s, &m, 0), 1);
}

/* there is no room for what comes by s[1] */
static void
passfull(Ioproc *io, int s[2], int what)
{
	struct rlimit old, rl;
	int fd;

	assert_int_equal(iosendfd(io, s[0], what), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	fd = dup(0);
	close(fd);
	rl = (struct rlimit){.rlim_cur = (rlim_t)fd, .rlim_max = old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &rl), 0);
	fd = iorecvfd(io, s[1]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(fd, -1);
	assert_err(EMFILE, strerror(EMFILE));
}

static void
pass_errors(Ioproc *io)
{
	int s[2], p[2], fd, fds;

	assert_int_equal(pipe(p), 0);
	mustpair(SOCK_STREAM, s);
	fds = nfd();
	assert_int_equal(iosendfd(io, s[0], -1), -1);
	assert_err(EBADF, strerror(EBADF));
	assert_int_equal(iosendfd(io, -1, p[0]), -1);
	assert_err(EBADF, strerror(EBADF));
	assert_int_equal(iosendfd(io, p[1], p[0]), -1);
	assert_err(ENOTSOCK, strerror(ENOTSOCK));
	assert_int_equal(iorecvfd(io, p[0]), -1);
	assert_err(ENOTSOCK, strerror(ENOTSOCK));
	/* a byte with nothing beside it */
	assert_int_equal(write(s[0], "x", 1), 1);
	assert_int_equal(iorecvfd(io, s[1]), -1);
	assert_err(EPROTO, "no descriptor in the message");
	/* more than one: the others are not left open */
	sendtwo(s[0], p[0], p[1]);
	fd = iorecvfd(io, s[1]);
	assert_true(fd >= 0);
	assert_true(same(fd, p[0]));
	close(fd);
	/* qemu-user leaves open what its guest has no room for; on 64 bits there is room for two */
	if(TEMULATED && sizeof(size_t) == 4)
		fds = nfd();
	assert_int_equal(nfd(), fds);
	/* valgrind keeps the limit by itself, and not for descriptors that are passed */
	if(getenv("L9VALGRIND") == nil)
		passfull(io, s, p[0]);
	close(s[0]);
	assert_int_equal(iorecvfd(io, s[1]), -1);
	assert_err(EPIPE, "hung up");
	assert_int_equal(nfd(), fds < 0? fds: fds - 1);
	close(s[1]);
	closepair(p);
}
BOTH(pass_errors)

/* 9P messages */

static void
messages(Ioproc *io)
{
	char buf[100], msg[100];
	Job *j;
	int s[2], i;

	mustpair(SOCK_STREAM, s);
	memset(msg, 'm', sizeof msg);
	memcpy(msg, "\x64\0\0\0", 4);
	/* two at once: one a call */
	assert_int_equal(write(s[1], "\7\0\0\0abc\5\0\0\0d", 12), 12);
	assert_int_equal(ioread9pmsg(io, s[0], buf, sizeof buf), 7);
	assert_memory_equal(buf, "\7\0\0\0abc", 7);
	assert_int_equal(ioread9pmsg(io, s[0], buf, sizeof buf), 5);
	/* byte by byte; few enough for the socket to hold */
	j = start(jobread9pmsg, io, s[0], buf, sizeof buf);
	for(i = 0; i < (int)sizeof msg; i++){
		assert_false(j->over);
		assert_int_equal(write(s[1], msg + i, 1), 1);
		threadyield();
	}
	assert_job(j, sizeof msg, 0, "");
	assert_memory_equal(buf, msg, sizeof msg);
	jobfree(j);
	close(s[1]);
	assert_int_equal(ioread9pmsg(io, s[0], buf, sizeof buf), 0);
	close(s[0]);
}
BOTH(messages)

static void
message_errors(Ioproc *io)
{
	static const struct {
		const char	*bytes;
		int	n;
		const char	*why;
	} bad[] = {
		{"\5\0\0", 3, "9P message cut short"},
		{"\5\0\0\0", 4, "9P message cut short"},
		{"\7\0\0\0ab", 6, "9P message cut short"},
		{"\4\0\0\0", 4, "bad length in 9P message"},
		{"\0\0\0\0", 4, "bad length in 9P message"},
		{"\21\0\0\0", 4, "bad length in 9P message"},
		{"\xff\xff\xff\xff", 4, "bad length in 9P message"},
		{"\0\0\0\x80", 4, "bad length in 9P message"},
	};
	char buf[16];
	int i, s[2];

	for(i = 0; i < nelem(bad); i++){
		mustpair(SOCK_STREAM, s);
		assert_int_equal(write(s[1], bad[i].bytes, (size_t)bad[i].n), bad[i].n);
		close(s[1]);
		assert_int_equal(ioread9pmsg(io, s[0], buf, sizeof buf), -1);
		assert_err(EPROTO, bad[i].why);
		close(s[0]);
	}
	assert_int_equal(ioread9pmsg(io, -1, buf, sizeof buf), -1);
	assert_err(EBADF, strerror(EBADF));
	assert_int_equal(ioread9pmsg(io, 0, buf, 3), -1);
	assert_err(EINVAL, "no room for a 9P message");
}
BOTH(message_errors)

/* calls that the library does not have, by way of iocall */

static long
opwaitpid(va_list *arg)
{
	int *status;
	pid_t pid;

	pid = va_arg(*arg, int);
	status = va_arg(*arg, int*);
	return waitpid(pid, status, 0);
}

static long
opstat(va_list *arg)
{
	const char *path;

	path = va_arg(*arg, const char*);
	return stat(path, va_arg(*arg, struct stat*));
}

static void
others_by_iocall(Ioproc *io)
{
	struct stat st;
	pid_t pid;
	int status;

	assert_int_equal(iocall(io, opstat, tmpdir, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(iocall(io, opstat, "/tmp/l9 is not there", &st), -1);
	assert_err(ENOENT, strerror(ENOENT));
	pid = fork();
	assert_true(pid >= 0);
	if(pid == 0){
		usleep(2000);
		_exit(7);
	}
	assert_int_equal(iocall(io, opwaitpid, pid, &status), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
}
BOTH(others_by_iocall)

static int
setup(void **state)
{
	own = ioproc();
	return own == nil || mkdtemp(tmpdir) == nil? -1: 0;
}

static int
teardown(void **state)
{
	closeioproc(own);
	return rmall(tmpdir);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TESTBOTH(at_offset),
		TESTBOTH(at_offset_errors),
		TESTBOTH(write_up_to_limit),
		TESTBOTH(nonblocking_read),
		TESTBOTH(nonblocking_write),
		TESTBOTH(write_to_closed),
		TESTBOTH(own_timeout),
		TESTBOTH(connect_tcp),
		TESTBOTH(connect_unix),
		TESTBOTH(datagrams),
		TESTBOTH(waitall),
		TESTBOTH(datagram_errors),
		TESTBOTH(stream_peer_gone),
		TESTBOTH(recvfrom_ends),
		TESTBOTH(sendto_ends),
		TESTBOTH(recvfd_ends),
		TESTBOTH(sendfd_ends),
		TESTBOTH(read9pmsg_ends),
		TESTBOTH(pass_descriptor),
		TESTBOTH(pass_errors),
		TESTBOTH(messages),
		TESTBOTH(message_errors),
		TESTBOTH(others_by_iocall),
	};

	if(threadinit() < 0)
		return 1;
	cmocka_set_test_filter(getenv("L9TEST"));	/* nil: all of them */
	return cmocka_run_group_tests(tests, setup, teardown);
}
