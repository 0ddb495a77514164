/*
 * Reading and writing without an Ioproc.
 */
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tryrw.h"

/* files of file systems: always ready, and still the disk takes its time */
static __attribute__((noinline)) bool
isregular(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) || S_ISBLK(st.st_mode));
}

/*
 * What a socket's call returned, r, says whether fd is one.  -1 with ENOTSOCK: read and
 * write are for it, if they do not need a helper in any case.
 */
static long
issocket(Try *t, long r)
{
	if(r < 0 && errno == ENOTSOCK){
		if(isregular(t->fd))
			return Trypool;
		errno = ENOTSOCK;
		l9fdsetnosocket(&t->call, true);
	}else if(l9fdnosocket(&t->call))
		l9fdsetnosocket(&t->call, false);
	return r;
}

/* r bytes, if not negative, were moved; what an op returns */
static long
moved(Try *t, long r)
{
	if(r < 0)
		return r;
	t->done += (size_t)r;
	t->buf = (char*)t->buf + r;
	t->n -= (size_t)r;
	if(r == 0 || t->n == 0)
		return (long)t->done;
	t->part = true;
	if(!t->all)
		return (long)t->done;
	errno = EAGAIN;
	return -1;
}

/* by the call for sockets, or by the other one: whichever is likely to fit, and if it does not, the other */
static inline __attribute__((always_inline)) long
either(Try *t, Tryop *sock, Tryop *other)
{
	bool tried;
	long r;

	tried = l9fdnosocket(&t->call);
	r = tried? other(t): Tryunsure;
	if(r != Tryunsure)
		return moved(t, r);
	/* if it was tried: a number that was another file's may have become a socket's */
	r = issocket(t, sock(t));
	if(r != -1 || errno != ENOTSOCK)
		return moved(t, r);
	return tried? Tryunsure: moved(t, other(t));
}

/* what l9tryread and l9trywrite return */
static long
unsure(long r)
{
	return r < 0 && errno == EOPNOTSUPP? Tryunsure: r;
}

static long
sockread(Try *t)
{
	return recv(t->fd, t->buf, t->n, MSG_DONTWAIT);
}

static long
otherread(Try *t)
{
	return unsure(l9tryread(t->fd, t->buf, t->n));
}

static long
readop(Try *t)
{
	/* of nothing: it says 0 or what is wrong, where recv would wait */
	if(t->n == 0)
		return moved(t, read(t->fd, t->buf, 0));
	return either(t, sockread, otherread);
}

/* SIGPIPE, which our write has raised, must not be seen */
static void
consume(const sigset_t *pipe)
{
	static const struct timespec now = {0, 0};

	while(sigtimedwait(pipe, nil, &now) < 0 && errno == EINTR)
		;
}

static bool
pending(void)
{
	sigset_t set;

	return sigpending(&set) == 0 && sigismember(&set, SIGPIPE);
}

static __attribute__((noinline)) long
quietwrite(int fd, const void *buf, size_t n)
{
	sigset_t pipe, old;
	bool mine;
	long r;
	int e;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, &old);
	mine = !sigismember(&old, SIGPIPE) || !pending();
	r = l9trywrite(fd, buf, n);
	e = errno;
	if(r < 0 && e == EPIPE && mine)
		consume(&pipe);
	pthread_sigmask(SIG_SETMASK, &old, nil);
	errno = e;
	return r;
}

static long
sockwrite(Try *t)
{
	return send(t->fd, t->buf, t->n, MSG_DONTWAIT|MSG_NOSIGNAL);
}

static long
otherwrite(Try *t)
{
	return unsure(quietwrite(t->fd, t->buf, t->n));
}

static long
writeop(Try *t)
{
	return either(t, sockwrite, otherwrite);
}

/* the rest of it, by a helper */
static __attribute__((noinline)) long
byhelper(Try *t, const char *what, long (*op)(va_list*))
{
	long r;

	r = l9iocall(nil, what, t->fd, nil, op, t->fd, t->buf, (long)t->n);
	if(t->done == 0)
		return r;
	return (long)t->done + (r > 0? r: 0);
}

/* not an initializer: that would clear all of the record */
static void
begin(Try *t, int fd, void *buf, long n, bool all)
{
	t->fd = fd;
	t->buf = buf;
	t->n = (size_t)n;
	t->done = 0;
	t->all = all;
	t->vop = nil;
}

long
l9tryread1(const char *what, int fd, void *buf, long n, bool all, long (*op)(va_list*))
{
	Try t;
	long r;

	begin(&t, fd, buf, n, all);
	r = l9tryin(&t, what, Fdin, readop);
	return r == Trypool? byhelper(&t, what, op): r;
}

long
l9trywrite1(const char *what, int fd, const void *buf, long n, long (*op)(va_list*))
{
	Try t;
	long r;

	begin(&t, fd, (void*)(uintptr_t)buf, n, true);
	r = l9tryin(&t, what, Fdout, writeop);
	return r == Trypool? byhelper(&t, what, op): r;
}
