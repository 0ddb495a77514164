/*
 * The calls of arch.h that let time pass or another OS thread run, by the
 * controller; before it has begun, what they are in a plain build.
 */
#include <errno.h>
#include <stddef.h>

#include "arch.h"
#include "points.h"
#include "turn.h"

void
l9waitword(_Atomic uint32_t *w, uint32_t val, int64_t until)
{
	if(l9me() == NULL)
		l9realwaitword(w, val, until);
	else
		l9sleep(w, val, until);
}

void
l9wakeword(_Atomic uint32_t *w)
{
	if(l9me() == NULL)
		l9realwakeword(w);
	else
		l9wakeone(w);
}

int64_t
l9nsec(void)
{
	return l9me() == NULL? l9realnsec(): l9time();
}

int64_t
l9nsecold(void)
{
	return l9me() == NULL? l9realnsecold(): l9time();
}

void
l9spinpause(int i)
{
	if(l9me() == NULL)
		l9realspinpause(i);
	else
		l9stepback(__func__);
}

/* it is the library's alone that count: others are not controlled, and not to be had */
int
l9nosthread(void)
{
	return l9me() == NULL? l9realnosthread(): 1;
}

/* one: looking for a while before a sleep is of no use where only one runs */
int
l9ncpu(void)
{
	return l9me() == NULL? l9realncpu(): 1;
}

int
l9osthread(void (*fn)(void*), void *arg, size_t stack, int quiet)
{
	Osthread *t;
	int e;

	if(l9me() == NULL)
		return l9realosthread(fn, arg, stack, quiet);
	t = l9newthread(fn, arg);
	if(t == NULL)
		return EAGAIN;
	e = l9realosthread(l9threadmain, t, stack, quiet);
	if(e != 0){
		l9unthread();
		return e;
	}
	l9threadbegun(t);
	l9step(__func__);
	return 0;
}

void
l9barrier(void)
{
	if(l9me() == NULL){
		l9realbarrier();
		return;
	}
	l9step(__func__);
	if(!l9ismutant(__func__))
		l9allseen();
}

int
l9mutexlock(pthread_mutex_t *m)
{
	int e;

	if(l9me() == NULL)
		return (pthread_mutex_lock)(m);
	l9step(__func__);
	while((e = pthread_mutex_trylock(m)) == EBUSY)
		l9stepback(__func__);
	return e;
}
