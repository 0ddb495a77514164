/*
 * A call is tried, waits, and is tried again.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "try.h"

static int
failed(int e)
{
	return l9err(e, strerror(e));
}

static long
sofar(Try *t)
{
	return t->done > 0? (long)t->done: -1;
}

/* it ended, and not as it should; what was moved before counts */
static long
fail(Try *t, int e)
{
	/* an op of that kind may have set the error string itself: vop */
	if(t->vop != nil)
		return -1;
	failed(e);
	return sofar(t);
}

/* the wait ended, and not since fd is ready */
static long
gaveup(Try *t, int why)
{
	switch(why){
	case -1:
		if(errno != EBADF)
			return Trypool;
		failed(EBADF);
		break;
	case Wclosed:
		l9err(EBADF, "closed");
		break;
	case Wintr:
		if(t->done > 0)
			l9intagain(l9self());
		l9errwhy(why);
		break;
	default:
		l9errwhy(why);
	}
	return sofar(t);
}

static _Thread_local bool trying;

bool
l9iotrying(void)
{
	return trying;
}

int
l9iodontwait(void)
{
	return trying? MSG_DONTWAIT: 0;
}

/* the error string is as it was, unless the op failed */
static long
vop(Try *t)
{
	char old[ERRMAX];
	va_list arg;
	long r;
	int e;

	l9errget(&e, old);
	l9errput(0, "");
	va_copy(arg, t->arg);
	trying = true;
	r = t->vop(&arg);
	trying = false;
	va_end(arg);
	if(r != -1 || errno == EAGAIN){
		if(r == -1)
			e = EAGAIN;
		l9errput(e, old);
	}
	return r;
}

/* what r, of t->op, and errno say of the descriptor */
static int
found(Try *t, long r, int e)
{
	if(t->part)
		return Fdpart;
	if(r == -1)
		return e == EAGAIN? Fdempty: Fdends;
	return r == 0? Fdends: Fdmore;
}

/* with Fdgo: t->op once.  Its result; -1 with EAGAIN: later */
static long
once(Try *t)
{
	long r;
	int e;

	t->part = false;
	do
		r = t->op(t);
	while(r == -1 && errno == EINTR);
	e = errno == EWOULDBLOCK? EAGAIN: errno;
	l9fdtried(&t->call, found(t, r, e));
	errno = e;
	return r;
}

long
l9try(Try *t, const char *what, int side)
{
	bool unsure;
	long r;
	int e, why;

	l9checkkill(l9self());
	e = errno;
	if(t->vop != nil)
		t->op = vop;
	if(l9fdbegin(&t->call, what, t->fd, side) < 0)
		return gaveup(t, -1);
	unsure = false;
	for(;;){
		switch(l9fdtry(&t->call)){
		case Fdclosed:
			return gaveup(t, Wclosed);
		case Fdgo:
			r = once(t);
			if(r >= 0){
				errno = e;
				l9worked();
				return r;
			}
			if(r == -1 && errno != EAGAIN)
				return fail(t, errno);
			/* a helper may block in it; but not for as long as nothing is there */
			if(r == Trypool || (r == Tryunsure && unsure)){
				errno = e;
				return Trypool;
			}
			unsure = r == Tryunsure;
		}
		why = l9fdwait(&t->call);
		if(why != Wdone)
			return gaveup(t, why);
	}
}
