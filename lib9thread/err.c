/*
 * The error string, one a task, and its tie to errno.
 *
 * A library call that fails sets both.  A system call that fails later sets
 * errno alone; rerrstr sees that errno is another than when the string was
 * set, and tells what errno means instead.
 */
#include <stdio.h>
#include <unistd.h>

#include "impl.h"

enum {
	/* errno after werrstr, as in plan9port: no system has it, so the next system error is another */
	Eplan9 = 0x19283745,
};

/* weak: a program may define its own, as with plan9port */
__attribute__((weak)) char *argv0;

static void
copy(char *dst, size_t n, const char *src)
{
	size_t len;

	if(n == 0)
		return;
	len = strnlen(src, n-1);
	memcpy(dst, src, len);
	dst[len] = '\0';
}

static _Thread_local bool neverproc;

void
l9neverproc(void)
{
	neverproc = true;
}

/*
 * Whose error string it is: the running task.  nil, errno is all there is: in an
 * OS thread of the library's, which must not be adopted for an error, or where
 * there is no memory to adopt one, which may be the very error.
 */
static Task*
errtask(void)
{
	if(l9proc == nil && (neverproc || threadattach() < 0))
		return nil;
	return l9proc->cur;
}

static void
seterr(int e, const char *msg)
{
	Task *t;

	t = errtask();
	if(t != nil){
		copy(t->errstr, sizeof t->errstr, msg);
		t->errstrnum = e;
	}
	errno = e;
}

int
l9err(int e, const char *msg)
{
	seterr(e, msg);
	return -1;
}

/* for a task that holds what must not go with it: it is not looked whether it was killed */
int
l9errset(int why)
{
	switch(why){
	case Wclosed:
		return l9err(EPIPE, "channel closed");
	case Wfreed:
		return l9err(EPIPE, "channel freed");
	case Wdeadline:
		return l9err(ETIMEDOUT, "deadline");
	case Wintr:
		return l9err(EINTR, "interrupted");
	case Wkilled:
		/* its end is held off: l9holdkill */
		return l9err(ECANCELED, "killed");
	}
	abort();
}

/* a task that was killed meanwhile does not run on, whatever else ended its wait */
int
l9errwhy(int why)
{
	if(l9proc != nil)
		l9checkkill(l9proc->cur);
	return l9errset(why);
}

/* the newer of the task's string and errno */
static const char*
current(void)
{
	Task *t;
	int e;

	e = errno;
	t = errtask();
	errno = e;
	if(t != nil && e == t->errstrnum)
		return t->errstr;
	/* thread-safe in glibc since 2.32 and in musl, where POSIX does not promise it */
	return strerror(e);
}

void
rerrstr(char *buf, unsigned int n)
{
	copy(buf, n, current());
}

void
werrstr(const char *fmt, ...)
{
	char buf[ERRMAX];
	va_list arg;

	/* by way of buf: an argument may be the old string */
	va_start(arg, fmt);
	vsnprintf(buf, sizeof buf, fmt, arg);
	va_end(arg);
	seterr(Eplan9, buf);
}

int
errstr(char *buf, unsigned int n)
{
	char old[ERRMAX];

	copy(old, sizeof old, current());
	if(n > 0){
		buf[n-1] = '\0';
		seterr(Eplan9, buf);
	}
	copy(buf, n, old);
	return 0;
}

/*
 * These two run in helpers, which become procs only if the caller's function
 * uses the library there: without a proc, errno is all there is.
 */
void
l9errget(int *e, char *buf)
{
	*e = errno;
	copy(buf, ERRMAX, l9proc != nil? current(): strerror(*e));
	errno = *e;
}

void
l9errput(int e, const char *buf)
{
	if(l9proc != nil)
		seterr(e, buf);
	else
		errno = e;
}

/* one write, so that lines of several procs do not mix */
static void
say(const char *who, const char *sep, const char *fmt, va_list arg)
{
	char buf[512];
	int n, m;

	n = snprintf(buf, sizeof buf - 1, "%s%s", who, sep);
	if(n < 0 || (size_t)n >= sizeof buf - 1)
		n = 0;
	m = vsnprintf(buf+n, sizeof buf - 1 - n, fmt, arg);
	if(m > 0)
		n += (size_t)m < sizeof buf - 1 - n? m: (int)(sizeof buf - 2 - n);
	buf[n++] = '\n';
	if(write(2, buf, n) < 0){
		/* nowhere to say it */
	}
}

_Noreturn void
sysfatal(const char *fmt, ...)
{
	va_list arg;

	va_start(arg, fmt);
	say(argv0 != nil? argv0: "", argv0 != nil? ": ": "", fmt, arg);
	va_end(arg);
	threadexitsall("fatal");
}

_Noreturn void
l9misuse(const char *call, const char *fmt, ...)
{
	char who[64];
	va_list arg;

	snprintf(who, sizeof who, "lib9thread: %s", call);
	va_start(arg, fmt);
	say(who, ": ", fmt, arg);
	va_end(arg);
	abort();
}
