/*
 * A call is tried, waits, and is tried again.
 */
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

/* what was moved before counts */
long
l9tryfail(Try *t, int e)
{
	/* an op of that kind may have set the error string itself: vop */
	if(t->vop != nil)
		return -1;
	failed(e);
	return sofar(t);
}

/* the wait ended, and not since fd is ready */
long
l9trygaveup(Try *t, int why)
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

long
l9try(Try *t, const char *what, int side, Tryop *op)
{
	return l9tryin(t, what, side, t->vop != nil? vop: op);
}
