/*
 * What the library's sides share.
 */
#ifndef LIB_H
#define LIB_H

#include <stdint.h>

#include "lib9thread.h"

/* these end the run if they cannot */
Channel	*mkchan(int n);		/* of pointers */
void	start(void (*f)(void*), void *arg);
void	startproc(void (*f)(void*), void *arg);

/* wait for n tasks that say when they are done */
void	await(int n);
void	done(void);

/* start or startproc */
typedef void Starter(void (*f)(void*), void *arg);

/* ns a message, of n: there and back between two tasks by unbuffered channels */
double	pingpong(long n, Starter*, int64_t (*now)(void));
/* from npair tasks to npair by one channel of 128 */
double	stream(long n, int npair, Starter*, int64_t (*now)(void));

#endif
