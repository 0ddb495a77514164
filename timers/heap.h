/*
 * A pairing heap of Sleepers, least `when' first.  It needs no memory of its
 * own: put is a few stores, take-out of any one is O(log n) amortized.  No
 * locks and no clock here.
 */
#ifndef L9HEAP_H
#define L9HEAP_H

#include "upper.h"

void	l9heapput(Sleeper **root, Sleeper*);
void	l9heapdel(Sleeper **root, Sleeper*);

#endif
