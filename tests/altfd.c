/*
 * Descriptors in an alt, and iopoll.
 *
 * Tasks of the main proc are known to wait once a threadyield has come back.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>

#include "job.h"

enum {
	Ndraw	= 3000,
	Nmany	= 200,
};

static void
pair(int fd[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0, fd), 0);
}

static void
close2(int fd[2])
{
	close(fd[0]);
	close(fd[1]);
}

static void
put1(int fd)
{
	assert_int_equal(write(fd, "x", 1), 1);
}

static void
get1(int fd)
{
	char c;

	assert_int_equal(read(fd, &c, 1), 1);
}

static void*
fdv(int fd)
{
	return (void*)(intptr_t)fd;
}

/* no more fits into fd */
static void
fill(int fd)
{
	char buf[4096];

	memset(buf, 0, sizeof buf);
	while(send(fd, buf, sizeof buf, MSG_DONTWAIT) > 0)
		;
	assert_int_equal(errno, EAGAIN);
}

static void
empty(int fd)
{
	char buf[4096];

	while(recv(fd, buf, sizeof buf, MSG_DONTWAIT) > 0)
		;
	assert_int_equal(errno, EAGAIN);
}

/*
 * An alt of a task's own: entry 0 reads j->fd, entry 1 receives from j->buf, which is a Channel.
 */
static long
jobalt(Job *j)
{
	Alt a[] = {
		{.v = fdv(j->fd), .op = CHANFDIN},
		{.c = (Channel*)(void*)j->buf, .v = nil, .op = CHANRCV},
		{.op = CHANEND},
	};
	long r;

	if(j->n != 0)
		threaddeadline(threadnow() + j->n);
	r = p9alt(a);
	/* an entry's error in place of its index */
	if(r >= 0 && a[r].err != nil){
		werrstr("%s", a[r].err);
		return -2;
	}
	return r;
}

static long
jobwrite(Job *j)
{
	return iowrite(nil, j->fd, j->buf, j->n);
}

static long
jobread(Job *j)
{
	return ioread(nil, j->fd, j->buf, j->n);
}

static Job*
waiting(int fd, Channel *c)
{
	Job *j;

	j = jobnew(jobalt, nil);
	j->fd = fd;
	j->buf = (char*)(void*)c;
	jobstart(j);
	assert_false(j->over);
	return j;
}

static void
assert_failed(Job *j, const char *err)
{
	jobwait(j);
	assert_int_equal(j->ret, -2);
	assert_string_equal(j->err, err);
	jobfree(j);
}

static void
assert_index(Job *j, int i)
{
	assert_job(j, i, 0, nil);
	jobfree(j);
}

/* what is ready already is chosen, and nothing is read or written */
static void
test_ready(void **state)
{
	Channel *c;
	int fd[2];

	pair(fd);
	c = mkchan(1, 1);
	Alt a[] = {
		{.v = fdv(fd[0]), .op = CHANFDIN, .err = fdv(1)},
		{.c = c, .v = nil, .op = CHANRCV},
		{.op = CHANNOBLK},
	};

	errno = 0;
	assert_int_equal(p9alt(a), 2);
	assert_null(a[0].err);
	assert_int_equal(chanalt(a), -1);
	assert_err(EAGAIN, "would block");
	put1(fd[1]);
	assert_int_equal(p9alt(a), 0);
	assert_int_equal(p9alt(a), 0);
	get1(fd[0]);
	assert_int_equal(p9alt(a), 2);
	assert_int_equal(chansend(c, nil), 1);
	assert_int_equal(p9alt(a), 1);
	assert_int_equal(p9alt(a), 2);
	a[0].op = CHANFDOUT;
	assert_int_equal(p9alt(a), 0);
	fill(fd[0]);
	assert_int_equal(p9alt(a), 2);
	empty(fd[1]);
	assert_int_equal(p9alt(a), 0);
	/* the end of the file can be read, too */
	a[0].op = CHANFDIN;
	close(fd[1]);
	assert_int_equal(p9alt(a), 0);
	assert_null(a[0].err);
	close(fd[0]);
	chanfree(c);
}

/* errno and the error string stay as they are */
static void
test_errno(void **state)
{
	int fd[2];
	Job *j;
	Channel *c;

	pair(fd);
	c = mkchan(1, 0);
	Alt a[] = {{.v = fdv(fd[0]), .op = CHANFDIN}, {.v = fdv(-1), .op = CHANFDIN}, {.op = CHANEND}};

	werrstr("as it was");
	assert_int_equal(p9alt(a), 1);
	assert_errstr("as it was");
	put1(fd[1]);
	a[1].op = CHANNOP;
	assert_int_equal(p9alt(a), 0);
	assert_errstr("as it was");
	get1(fd[0]);
	j = waiting(fd[0], c);
	put1(fd[1]);
	assert_index(j, 0);
	close2(fd);
	chanfree(c);
}

/* of a wait either kind of entry is the end, and the other is left as if it had not been there */
static void
test_wait(void **state)
{
	Channel *c;
	Job *j;
	int fd[2], i;

	pair(fd);
	c = mkchan(1, 0);
	for(i = 0; i < 3; i++){
		j = waiting(fd[0], c);
		put1(fd[1]);
		assert_index(j, 0);
		assert_int_equal(channbsend(c, nil), -1);
		get1(fd[0]);
		j = waiting(fd[0], c);
		assert_int_equal(chansend(c, nil), 1);
		assert_index(j, 1);
		put1(fd[1]);
		assert_int_equal(channbsend(c, nil), -1);
		get1(fd[0]);
	}
	j = waiting(fd[0], c);
	chanclose(c);
	assert_failed(j, "channel closed");
	close2(fd);
	chanfree(c);
}

static long
jobboth(Job *j)
{
	Alt a[] = {
		{.v = fdv(j->fd), .op = CHANFDIN},
		{.v = fdv(j->fd), .op = CHANFDIN},
		{.v = fdv(j->fd), .op = CHANFDOUT},
		{.op = CHANEND},
	};

	return p9alt(a);
}

/* one descriptor in several entries */
static void
test_same(void **state)
{
	Job *j;
	int fd[2], k;

	pair(fd);
	for(k = 0; k < 4; k++){
		fill(fd[0]);
		j = jobnew(jobboth, nil);
		j->fd = fd[0];
		jobstart(j);
		assert_false(j->over);
		if(k & 1){
			put1(fd[1]);
			jobwait(j);
			assert_in_range(j->ret, 0, 1);
			get1(fd[0]);
		}else{
			empty(fd[1]);
			jobwait(j);
			assert_int_equal(j->ret, 2);
		}
		jobfree(j);
	}
	close2(fd);
}

/* each of what is ready has its chance; altordered takes the first */
static void
test_choice(void **state)
{
	Channel *c;
	int fd[2], n[3], i;

	pair(fd);
	c = mkchan(1, 1);
	put1(fd[1]);
	Alt a[] = {
		{.v = fdv(fd[0]), .op = CHANFDOUT},
		{.c = c, .v = nil, .op = CHANRCV},
		{.v = fdv(fd[0]), .op = CHANFDIN},
		{.op = CHANEND},
	};
	memset(n, 0, sizeof n);
	for(i = 0; i < Ndraw; i++){
		channbsend(c, nil);
		n[p9alt(a)]++;
	}
	/* a third each: 26 standard deviations off it is not */
	for(i = 0; i < 3; i++)
		assert_in_range(n[i], Ndraw/10, Ndraw - 2*(Ndraw/10));
	assert_int_equal(altordered(a), 0);
	a[0].op = CHANNOP;
	channbsend(c, nil);
	assert_int_equal(altordered(a), 1);
	assert_int_equal(altordered(a), 2);
	close2(fd);
	chanfree(c);
}

/* what no poller takes is always ready */
static void
test_file(void **state)
{
	char name[] = "/tmp/l9altfdXXXXXX";
	int fd;

	fd = mkstemp(name);
	assert_true(fd >= 0);
	unlink(name);
	Alt a[] = {{.v = fdv(fd), .op = CHANFDIN}, {.op = CHANEND}};

	assert_int_equal(p9alt(a), 0);
	assert_null(a[0].err);
	a[0].op = CHANFDOUT;
	assert_int_equal(p9alt(a), 0);
	assert_null(a[0].err);
	close(fd);
}

static void
test_bad(void **state)
{
	static const intptr_t bad[] = {-1, INT_MIN, INT_MAX, 999999
#if INTPTR_MAX > INT_MAX
		, (intptr_t)1<<32
#endif
	};
	int i, op;

	for(i = 0; i < nelem(bad); i++)
		for(op = CHANFDIN; op <= CHANFDOUT; op++){
			Alt a[] = {{.v = (void*)bad[i], .op = op}, {.op = i%2? CHANNOBLK: CHANEND}};

			assert_int_equal(p9alt(a), 0);
			assert_non_null(a[0].err);
			assert_string_equal(a[0].err, "bad descriptor");
		}
}

/* ioclose ends the wait, and who gets the number next is not concerned */
static void
test_ioclose(void **state)
{
	Channel *c;
	Job *j, *k;
	int fd[2], new[2];

	pair(fd);
	c = mkchan(1, 0);
	j = waiting(fd[0], c);
	k = waiting(fd[0], c);
	assert_int_equal(ioclose(nil, fd[0]), 0);
	assert_failed(j, "closed");
	assert_failed(k, "closed");
	close(fd[1]);
	pair(new);
	assert_int_equal(new[0], fd[0]);
	j = waiting(new[0], c);
	put1(new[1]);
	assert_index(j, 0);
	close2(new);
	chanfree(c);
}

static void
test_interrupt(void **state)
{
	Channel *c;
	Job *j;
	int fd[2];

	pair(fd);
	c = mkchan(1, 0);
	j = waiting(fd[0], c);
	assert_int_equal(threadint(j->id), 0);
	assert_interrupted(j);
	jobfree(j);
	assert_int_equal(channbsend(c, nil), -1);

	/* one of before is only seen by a call that waits */
	threadint(threadid());
	Alt a[] = {{.v = fdv(fd[0]), .op = CHANFDIN}, {.v = fdv(fd[0]), .op = CHANFDOUT}, {.op = CHANEND}};
	assert_int_equal(p9alt(a), 1);
	a[1].op = CHANNOP;
	assert_int_equal(p9alt(a), -1);
	assert_err(EINTR, "interrupted");

	j = waiting(fd[0], c);
	assert_int_equal(threadkill(j->id), 0);
	threadyield();
	assert_false(j->over);
	assert_int_equal(threadkill(j->id), -1);
	jobfree(j);
	assert_int_equal(channbsend(c, nil), -1);
	close2(fd);
	chanfree(c);
}

static void
test_time(void **state)
{
	Channel *c;
	Job *j;
	int64_t t;
	int fd[2];

	pair(fd);
	c = mkchan(1, 0);
	Alt a[] = {
		{.v = fdv(fd[0]), .op = CHANFDIN},
		{.v = &t, .op = CHANTIMEOUT},
		{.c = c, .v = nil, .op = CHANRCV},
		{.op = CHANEND},
	};
	t = threadnow() + 2*Millisecond;
	assert_int_equal(p9alt(a), 1);
	assert_true(threadnow() >= t);
	assert_int_equal(p9alt(a), 1);
	a[3].op = CHANNOBLK;
	assert_int_equal(p9alt(a), 1);
	put1(fd[1]);
	assert_int_equal(p9alt(a), 0);
	get1(fd[0]);

	j = jobnew(jobalt, nil);
	j->fd = fd[0];
	j->buf = (char*)(void*)c;
	j->n = 2*Millisecond;
	jobstart(j);
	assert_job(j, -1, ETIMEDOUT, "deadline");
	jobfree(j);
	close2(fd);
	chanfree(c);
}

/* what is ready is so for each of those who wait, as long as nobody reads it */
static void
test_several(void **state)
{
	Channel *c;
	Job *j[3];
	int fd[2], i;

	pair(fd);
	c = mkchan(1, 0);
	for(i = 0; i < 3; i++)
		j[i] = waiting(fd[0], c);
	put1(fd[1]);
	for(i = 0; i < 3; i++)
		assert_index(j[i], 0);
	close2(fd);
	chanfree(c);
}

/* beside others who read */
static void
test_readers(void **state)
{
	char buf[4];
	Channel *c;
	Job *r, *j;
	int fd[2];

	pair(fd);
	c = mkchan(1, 0);
	r = jobnew(jobread, nil);
	r->fd = fd[0];
	r->buf = buf;
	r->n = sizeof buf;
	jobstart(r);
	j = waiting(fd[0], c);
	put1(fd[1]);
	assert_job(r, 1, 0, nil);
	jobfree(r);
	/* that may have been all that the alt was told of */
	threadyield();
	threadyield();
	assert_false(j->over);
	put1(fd[1]);
	assert_index(j, 0);
	/* the alt is first in the line: what it leaves is the reader's */
	get1(fd[0]);
	j = waiting(fd[0], c);
	r = jobnew(jobread, nil);
	r->fd = fd[0];
	r->buf = buf;
	r->n = sizeof buf;
	jobstart(r);
	assert_false(r->over);
	put1(fd[1]);
	assert_job(r, 1, 0, nil);
	jobfree(r);
	/* who looked first does not matter: it saw the byte, or waits on */
	channbsend(c, nil);
	jobwait(j);
	assert_in_range(j->ret, 0, 1);
	jobfree(j);
	close2(fd);
	chanfree(c);
}

static int64_t
cputime(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec*Second + t.tv_nsec;
}

/* while tasks wait to read their proc sleeps, though they could write, and one has waited for that before */
static void
test_sleeps(void **state)
{
	char buf[1] = "";
	Channel *c;
	Job *j, *r;
	int64_t begin, cpu;
	int fd[2];

	pair(fd);
	c = mkchan(1, 0);
	fill(fd[0]);
	j = jobnew(jobwrite, nil);
	j->fd = fd[0];
	j->buf = buf;
	j->n = sizeof buf;
	jobstart(j);
	assert_false(j->over);
	empty(fd[1]);
	assert_job(j, 1, 0, nil);
	jobfree(j);
	get1(fd[1]);

	r = jobnew(jobread, nil);
	r->fd = fd[0];
	r->buf = buf;
	r->n = sizeof buf;
	jobstart(r);
	j = waiting(fd[0], c);
	begin = threadnow();
	cpu = cputime();
	threadsleep(100*Millisecond);
	assert_true(cputime() - cpu < (threadnow() - begin)/2);
	put1(fd[1]);
	assert_job(r, 1, 0, nil);
	jobfree(r);
	channbsend(c, nil);
	jobwait(j);
	jobfree(j);
	close2(fd);
	chanfree(c);
}

/* alt and read(2) on one file, and then ioread on another with its number; the other ends are j->n */
static long
jobagain(Job *j)
{
	Alt a[] = {{.v = fdv(j->fd), .op = CHANFDIN}, {.op = CHANEND}};
	int fd[2];

	if(p9alt(a) != 0 || read(j->fd, j->buf, 1) != 1)
		return -2;
	close(j->fd);
	close((int)j->n);
	if(socketpair(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0, fd) < 0 || fd[0] != j->fd)
		return -3;
	j->n = fd[1];
	atomic_store(&j->started, 1);
	return ioread(nil, fd[0], j->buf, 1);
}

/* which is told at once: an alt leaves nothing behind that later calls rely on */
static void
test_again(void **state)
{
	char buf[1];
	Job *j;
	int fd[2], i;

	pair(fd);
	j = jobnew(jobagain, nil);
	j->fd = fd[0];
	j->n = fd[1];
	j->buf = buf;
	jobstart(j);
	put1(fd[1]);
	while(!atomic_load(&j->started) && !j->over)
		threadyield();
	assert_false(j->over);
	put1((int)j->n);
	/* so many that the proc has looked at its poller, and far less than the time after which it would look anyway */
	for(i = 0; i < 100 && !j->over; i++)
		threadyield();
	assert_true(j->over);
	assert_job(j, 1, 0, nil);
	fd[1] = (int)j->n;
	jobfree(j);
	close2(fd);
}

/* a report says what it waits for */
static void
test_info(void **state)
{
	char buf[8192], want[64];
	Channel *c;
	Job *j;
	ssize_t n;
	int fd[2], out[2];

	pair(fd);
	c = mkchan(1, 0);
	chansetname(c, "other");
	j = waiting(fd[0], c);
	assert_int_equal(pipe(out), 0);
	threadinfo(out[1]);
	close(out[1]);
	n = read(out[0], buf, sizeof buf - 1);
	assert_true(n > 0);
	buf[n] = '\0';
	snprintf(want, sizeof want, " alt (recv other, read fd %d), ", fd[0]);
	assert_non_null(strstr(buf, want));
	close(out[0]);
	put1(fd[1]);
	assert_index(j, 0);
	close2(fd);
	chanfree(c);
}

/* more descriptors than one looks at by hand */
static void
test_many(void **state)
{
	Alt a[Nmany+1];
	int fd[Nmany][2], i;

	for(i = 0; i < Nmany; i++){
		pair(fd[i]);
		a[i] = (Alt){.v = fdv(fd[i][0]), .op = CHANFDIN};
	}
	a[Nmany] = (Alt){.op = CHANNOBLK};
	for(i = 0; i < Nmany; i++){
		assert_int_equal(p9alt(a), Nmany);
		put1(fd[i][1]);
		assert_int_equal(p9alt(a), i);
		get1(fd[i][0]);
	}
	for(i = 0; i < Nmany; i++)
		close2(fd[i]);
}

typedef struct Peer Peer;
struct Peer
{
	int	fd;
	Channel	*c;
	Channel	*ready;
	Channel	*done;
	int	ret;
};

/* have the proc's poller take its descriptors: later they could get the number that ioclose gives back */
static void
takepoller(int fd)
{
	int64_t limit;
	Alt a[] = {
		{.v = fdv(fd), .op = CHANFDIN},
		{.v = &limit, .op = CHANTIMEOUT},
		{.op = CHANEND},
	};

	limit = threadnow() + Millisecond;
	p9alt(a);
}

static void
peermain(void *v)
{
	Peer *p;

	p = v;
	Alt a[] = {
		{.v = fdv(p->fd), .op = CHANFDIN},
		{.c = p->c, .v = nil, .op = CHANRCV},
		{.op = CHANEND},
	};
	takepoller(p->fd);
	chansend(p->ready, nil);
	p->ret = p9alt(a);
	if(p->ret >= 0 && a[p->ret].err != nil)
		p->ret = -2;
	chansend(p->done, nil);
}

static void*
peerforeign(void *v)
{
	peermain(v);
	return nil;
}

/* in other procs, and in an OS thread that is not the library's */
static void
test_procs(void **state)
{
	pthread_t t;
	Peer p[4];
	int fd[2], i, k;

	for(k = 0; k < 3; k++){
		pair(fd);
		for(i = 0; i < 4; i++){
			p[i] = (Peer){.fd = fd[0], .c = mkchan(1, 0), .ready = mkchan(1, 1), .done = mkchan(1, 1)};
			if(i < 3)
				assert_true(proccreate(peermain, &p[i], 0) > 0);
		}
		assert_int_equal(pthread_create(&t, nil, peerforeign, &p[3]), 0);
		for(i = 0; i < 4; i++)
			mustrecv(p[i].ready, nil);
		if(k == 0)
			put1(fd[1]);
		else if(k == 1)
			ioclose(nil, fd[0]);
		else
			for(i = 0; i < 4; i++)
				assert_int_equal(chansend(p[i].c, nil), 1);
		for(i = 0; i < 4; i++){
			mustrecv(p[i].done, nil);
			/* one that came after ioclose found no such file */
			assert_int_equal(p[i].ret, k == 0? 0: k == 1? -2: 1);
			chanfree(p[i].c);
			chanfree(p[i].ready);
			chanfree(p[i].done);
		}
		pthread_join(t, nil);
		close(fd[1]);
		if(k != 1)
			close(fd[0]);
	}
}

/*
 * iopoll
 */
static long
jobpoll(Job *j)
{
	if(j->path != nil)
		threaddeadline(threadnow() + 2*Millisecond);
	return iopoll(j->io, j->fd, (int)j->n);
}

static Job*
polling(Ioproc *io, int fd, int how)
{
	Job *j;

	j = jobnew(jobpoll, io);
	j->fd = fd;
	j->n = how;
	jobstart(j);
	assert_false(j->over);
	return j;
}

static void
poll1(Ioproc *io)
{
	char name[] = "/tmp/l9altfdXXXXXX";
	Job *j;
	int fd[2], f;

	pair(fd);
	assert_int_equal(iopoll(io, fd[0], IOPOLLOUT), IOPOLLOUT);
	assert_int_equal(iopoll(io, fd[0], IOPOLLIN|IOPOLLOUT), IOPOLLOUT);
	put1(fd[1]);
	assert_int_equal(iopoll(io, fd[0], IOPOLLIN), IOPOLLIN);
	assert_int_equal(iopoll(io, fd[0], IOPOLLIN|IOPOLLOUT), IOPOLLIN|IOPOLLOUT);
	get1(fd[0]);
	j = polling(io, fd[0], IOPOLLIN);
	put1(fd[1]);
	assert_job(j, IOPOLLIN, 0, nil);
	jobfree(j);
	get1(fd[0]);
	fill(fd[0]);
	j = polling(io, fd[0], IOPOLLIN|IOPOLLOUT);
	empty(fd[1]);
	assert_job(j, IOPOLLOUT, 0, nil);
	jobfree(j);
	j = polling(io, fd[0], IOPOLLIN);
	threadint(j->id);
	assert_interrupted(j);
	jobfree(j);
	j = jobnew(jobpoll, io);
	j->fd = fd[0];
	j->n = IOPOLLIN;
	j->path = "";
	jobstart(j);
	assert_job(j, -1, ETIMEDOUT, "deadline");
	jobfree(j);
	j = polling(io, fd[0], IOPOLLIN);
	threadkill(j->id);
	while(threadkill(j->id) == 0)
		threadsleep(Millisecond/8);
	assert_false(j->over);
	jobfree(j);
	/* the other side has gone: all is ready */
	fill(fd[0]);
	close(fd[1]);
	assert_int_equal(iopoll(io, fd[0], IOPOLLIN|IOPOLLOUT), IOPOLLIN|IOPOLLOUT);
	close(fd[0]);
	assert_int_equal(iopoll(io, fd[0], IOPOLLIN), -1);
	assert_err(EBADF, strerror(EBADF));
	assert_int_equal(iopoll(io, -1, IOPOLLIN), -1);
	assert_err(EBADF, strerror(EBADF));
	assert_int_equal(iopoll(io, 0, 0), -1);
	assert_err(EINVAL, "bad readiness");
	assert_int_equal(iopoll(io, 0, 4), -1);
	assert_err(EINVAL, "bad readiness");
	f = mkstemp(name);
	assert_true(f >= 0);
	unlink(name);
	assert_int_equal(iopoll(io, f, IOPOLLIN|IOPOLLOUT), IOPOLLIN|IOPOLLOUT);
	close(f);
}

static void
test_iopoll(void **state)
{
	Ioproc *io;
	Job *j, *k;
	int fd[2];

	poll1(nil);
	io = mkioproc();
	poll1(io);
	pair(fd);
	j = polling(io, fd[0], IOPOLLIN);
	iointerrupt(io);
	assert_interrupted(j);
	jobfree(j);
	closeioproc(io);
	j = polling(nil, fd[0], IOPOLLIN);
	fill(fd[0]);
	k = polling(nil, fd[0], IOPOLLIN|IOPOLLOUT);
	ioclose(nil, fd[0]);
	assert_job(j, -1, EBADF, "closed");
	assert_job(k, -1, EBADF, "closed");
	jobfree(j);
	jobfree(k);
	close(fd[1]);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_ready),
		TEST(test_errno),
		TEST(test_wait),
		TEST(test_same),
		TEST(test_choice),
		TEST(test_file),
		TEST(test_bad),
		TEST(test_ioclose),
		TEST(test_interrupt),
		TEST(test_time),
		TEST(test_several),
		TEST(test_readers),
		TEST(test_sleeps),
		TEST(test_again),
		TEST(test_info),
		TEST(test_many),
		TEST(test_procs),
		TEST(test_iopoll),
	};

	if(threadinit() < 0)
		return 1;
	cmocka_set_test_filter(getenv("L9TEST"));	/* nil: all of them */
	return cmocka_run_group_tests(tests, nil, nil);
}
