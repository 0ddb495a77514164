/*
 * What the library's sides share.
 */
#ifndef LIB_H
#define LIB_H

#include "lib9thread.h"

/* these end the run if they cannot */
Channel	*mkchan(int n);		/* of pointers */
void	start(void (*f)(void*), void *arg);
void	startproc(void (*f)(void*), void *arg);

/* wait for n tasks that say when they are done */
void	await(int n);
void	done(void);

#endif
