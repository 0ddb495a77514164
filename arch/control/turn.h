/* private to arch/control */
#ifndef L9TURN_H
#define L9TURN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "control.h"

typedef struct Osthread Osthread;
typedef struct Pending Pending;

/* a store that the others do not see yet */
struct Pending
{
	volatile void	*p;	/* NULL: none */
	unsigned int	size;
	uint64_t	v;
};

/* all but the words: who has the turn */
struct Osthread
{
	_Atomic uint32_t	turn;	/* 1: it is its turn.  What it sleeps on */
	_Atomic uint32_t	begun;	/* 1: it waits for its first.  What its maker sleeps on */
	enum { Sleeps, Ready, Ended }	state;
	int64_t	prio;
	const char	*fn;		/* of its last point */
	_Atomic uint32_t	*word;	/* Sleeps: l9waitword's arguments */
	uint32_t	val;
	int64_t	until;
	Pending	pending;
	bool	looks;		/* its last operation was a load */
	int	how;		/* that is done so: weak.h */
	const volatile void	*oldp;	/* L9stale: the place that was read, and what was there; NULL: none */
	uint64_t	old;
	void	(*main)(void*);
	void	*arg;
};

/* the calling one; NULL: not controlled, or the end was said */
Osthread	*l9me(void);
/* another may run.  fn: whose point it is */
void	l9step(const char *fn);
/* others run, if any can */
void	l9stepback(const char *fn);
/* until *w is no longer val and someone wakes it, or the time has come */
void	l9sleep(_Atomic uint32_t *w, uint32_t val, int64_t until);
void	l9wakeone(_Atomic uint32_t *w);
int64_t	l9time(void);
/* of l9osthread's: NULL: there are too many */
Osthread	*l9newthread(void (*main)(void*), void *arg);
void	l9unthread(void);
/* the first function of its OS thread */
void	l9threadmain(void*);
/* it has begun, and waits for its turn */
void	l9threadbegun(Osthread*);

/* the next of the plan's random numbers, below n */
uint32_t	l9choice(uint32_t n);
const Plan	*l9plan(void);
/* the plan's mutation is of this function */
bool	l9ismutant(const char *fn);

/* weak.c: what is pending is seen from now on */
void	l9seen(Osthread*);
/* of all */
void	l9allseen(void);

/* what the contract is kept with */
void	l9realwaitword(_Atomic uint32_t*, uint32_t, int64_t);
void	l9realwakeword(_Atomic uint32_t*);
void	l9realspinpause(int);
int64_t	l9realnsec(void);
int64_t	l9realnsecold(void);
int	l9realosthread(void (*)(void*), void*, size_t, int);
int	l9realnosthread(void);
int	l9realncpu(void);
void	l9realbarrier(void);

#endif
