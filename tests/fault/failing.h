/*
 * Calls of the C library that fail when told to.
 *
 * The test is linked with the archive and ld's --wrap for each of them, so what
 * the library calls comes by here, and what the C library calls itself does
 * not.  All calls of all OS threads are counted together, from failarm on.
 */
#ifndef FAILING_H
#define FAILING_H

#include <pthread.h>
#include <sys/types.h>

/* from now on the nth call fails, and those after it: as many as `times'.  n = 0: none */
void	failarm(long n, int times);
/* no more; the name of the first that failed, or nil */
const char	*faildisarm(void);

/* of what came by here, what has not been given back */
long	failblocks(void);	/* malloc's and its kin's */
long	failmapped(void);	/* bytes of mmap's */

/* the real ones, for tests that need one that does not fail */
pid_t	__real_fork(void);
void	*__real_mmap(void*, size_t, int, int, int, off_t);
int	__real_open(const char*, int, ...);
int	__real_pipe2(int[2], int);
int	__real_pthread_create(pthread_t*, const pthread_attr_t*, void *(*)(void*), void*);

#endif
