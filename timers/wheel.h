/*
 * All sleepers of a heap: those that are due next in a pairing heap, exactly
 * ordered, the others in a hierarchy of wheels.
 */
#ifndef L9WHEEL_H
#define L9WHEEL_H

#include "heap.h"

enum {
	Nlevel = 6,
	Slotbits = 8,
	Nslot = 1<<Slotbits,
	Finest = 14,		/* a slot of level 0 is 2^14 ns */
};

typedef struct Slot Slot;
typedef struct Wheel Wheel;

struct Slot
{
	Sleeper	*first;		/* linked by next and prev, in no order */
	int64_t	min;		/* if there are any: none is due before */
};

struct Wheel
{
	Sleeper	*root;		/* the pairing heap */
	Sleeper	*pour;		/* of a slot that has come up: to be put where they belong now */
	int64_t	pos[Nlevel];	/* the slot that came up last, counted from time 0 */
	uint64_t	used[Nlevel][Nslot/64];	/* bit i: slot i has a sleeper */
	Slot	slot[Nlevel][Nslot];	/* the one of number n at n mod Nslot */
};

void	l9wheelinit(Wheel*, int64_t now);
void	l9wheelput(Wheel*, Sleeper*);
void	l9wheeldel(Wheel*, Sleeper*);

/* move one sleeper, or one slot's, nearer to the heap; 0: at time now that is not needed */
int	l9wheelturn(Wheel*, int64_t now);

/* nothing is to be done before; INT64_MAX: no sleepers */
int64_t	l9wheelmin(Wheel*);

#endif
