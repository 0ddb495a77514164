#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "arch.h"

typedef struct Start Start;
struct Start
{
	void	(*fn)(void*);
	void	*arg;
};

static _Atomic int nmade;

int
l9nmade(void)
{
	return atomic_load(&nmade);
}

static void*
start(void *v)
{
	Start s;

	s = *(Start*)v;
	free(v);
	s.fn(s.arg);
	atomic_fetch_sub(&nmade, 1);
	return NULL;
}

/*
 * A fault must still reach its handler: blocked, it would kill the process
 * without a word.
 */
static void
quietmask(sigset_t *set)
{
	static const int fault[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS };
	size_t i;

	sigfillset(set);
	for(i = 0; i < sizeof fault/sizeof fault[0]; i++)
		sigdelset(set, fault[i]);
}

int
l9osthread(void (*fn)(void*), void *arg, size_t stack, int quiet)
{
	pthread_attr_t attr;
	pthread_t id;
	sigset_t quietset, old;
	Start *s;
	size_t min;
	int e;

	if((s = malloc(sizeof *s)) == NULL)
		return ENOMEM;
	*s = (Start){fn, arg};
	/* the sum: glibc takes thread-local storage off the stack, and the minimum knows how much */
	min = (size_t)sysconf(_SC_THREAD_STACK_MIN);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, (min + stack + l9pagesize()-1) & ~(l9pagesize()-1));
	/* the mask is inherited: set here, no signal can come before the thread blocks it */
	if(quiet){
		quietmask(&quietset);
		pthread_sigmask(SIG_SETMASK, &quietset, &old);
	}
	atomic_fetch_add(&nmade, 1);
	e = pthread_create(&id, &attr, start, s);
	if(quiet)
		pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if(e != 0){
		atomic_fetch_sub(&nmade, 1);
		free(s);
	}
	return e;
}
