/*
 * The lower bound for one proc: a scheduler of 60 lines that knows no
 * interrupts, no other OS threads, no floating-point state and no errors.
 */
#ifndef MINI_H
#define MINI_H

#include <stddef.h>

typedef struct Co Co;
typedef struct Minichan Minichan;
struct Co
{
	Co	*next;
	void	*sp;
	void	(*fn)(void*);
	void	*arg;
	void	*v;		/* where a waiting send or recv has its value */
};

/* run fn(arg) and all that it starts, until all have ended */
void	minirun(void (*fn)(void*), void *arg);
void	ministart(void (*fn)(void*), void *arg);
void	miniyield(void);
void	minisend(Minichan*, void *v);
void	*minirecv(Minichan*);
Minichan	*minichan(int n);

#endif
