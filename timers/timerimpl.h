#ifndef L9TIMERIMPL_H
#define L9TIMERIMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wheel.h"
#include "upper.h"

typedef struct Heap Heap;

/* timerproc.c: s's heap, locked; unlocking it tells the timer proc what it must know */
Heap*	l9heaplock(Sleeper *s);
void	l9heapunlock(Heap*);

/* with the lock: take s out, if it is in (1); put it in, which it must not be */
int	l9heaptake(Heap*, Sleeper *s);
void	l9heapadd(Heap*, Sleeper *s);

/* the time ns from now; INT64_MAX where that is beyond time */
int64_t	l9fromnow(int64_t ns);

#endif
