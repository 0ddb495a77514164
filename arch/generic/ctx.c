#include <signal.h>

#include "arch.h"

/* makecontext passes ints: each pointer comes in two halves */
static void
start(unsigned fnhi, unsigned fnlo, unsigned arghi, unsigned arglo)
{
	void (*fn)(void*);
	void *arg;

	fn = (void (*)(void*))(uintptr_t)((uint64_t)fnhi<<32 | fnlo);
	arg = (void*)(uintptr_t)((uint64_t)arghi<<32 | arglo);
	fn(arg);
}

void
l9ctxinit(Ctx *c, void *base, size_t size, void (*fn)(void*), void *arg)
{
	uint64_t f, a;

	f = (uint64_t)(uintptr_t)fn;
	a = (uint64_t)(uintptr_t)arg;
	getcontext(&c->u);	/* the floating-point control state comes from here */
	c->u.uc_stack.ss_sp = base;
	c->u.uc_stack.ss_size = size;
	c->u.uc_link = NULL;
	makecontext(&c->u, (void (*)(void))start, 4,
		(unsigned)(f>>32), (unsigned)f, (unsigned)(a>>32), (unsigned)a);
}

/*
 * swapcontext gives each context a signal mask of its own, and a new one
 * that of the OS thread that made it.  The assembly leaves the mask with the
 * OS thread; so the context takes on the mask of the moment.
 */
long
l9ctxswitch(Ctx *from, Ctx *to, long (*then)(long), long v)
{
	to->then = then;
	to->v = v;
	pthread_sigmask(SIG_SETMASK, NULL, &to->u.uc_sigmask);
	swapcontext(&from->u, &to->u);
	return from->then != NULL? from->then(from->v): from->v;
}

int
l9ctxswitchint(Ctx *from, Ctx *to, long (*then)(long), long v)
{
	return (int)l9ctxswitch(from, to, then, v);
}
