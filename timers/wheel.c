/*
 * A slot of level k stands for 2^(14+8k) ns, and each level for its next 256
 * slots.  A sleeper lies in the lowest level that reaches as far as its time.
 * When its slot comes up, it moves to a lower one, or to the heap if that was
 * the lowest, where the few that are due within 16 µs are in order.  So a
 * sleeper's memory, which is a stack that nobody has touched for a while, is
 * touched a few times, where a heap of all would touch it at every turn of its
 * neighbours; and putting and taking out is a few steps, whatever else there is.
 *
 * Times stay exact: each slot knows the earliest that was put in.  After that
 * one was taken out the others are looked at too early, once.
 *
 * pos of all levels is of one time, but while l9wheelturn still has to do: then
 * of lower levels it is further on.
 */
#include <stdbool.h>
#include <stddef.h>

#include "wheel.h"

static int
shift(int level)
{
	return Finest + level*Slotbits;
}

static Slot*
slotof(Wheel *w, int level, int64_t n)
{
	return &w->slot[level][n & (Nslot-1)];
}

static void
setused(Wheel *w, int level, int64_t n, bool on)
{
	uint64_t bit, *word;

	word = &w->used[level][(n & (Nslot-1))/64];
	bit = (uint64_t)1 << (n & 63);
	*word = on? *word | bit: *word & ~bit;
}

/* the first slot in use with a number from n on, fewer than count further; -1: none */
static int64_t
nextused(Wheel *w, int level, int64_t n, int64_t count)
{
	uint64_t word;
	int64_t end;

	for(end = n + count; n < end; n = (n | 63) + 1){
		word = w->used[level][(n & (Nslot-1))/64] >> (n & 63);
		if(word != 0){
			n += __builtin_ctzll(word);
			return n < end? n: -1;
		}
	}
	return -1;
}

static void
link(Sleeper **list, Sleeper *s)
{
	s->next = *list;
	if(s->next != nil)
		s->next->prev = &s->next;
	s->prev = list;
	*list = s;
}

static void
unlink(Sleeper *s)
{
	*s->prev = s->next;
	if(s->next != nil)
		s->next->prev = s->prev;
	s->prev = nil;
}

void
l9wheelinit(Wheel *w, int64_t now)
{
	int k;

	for(k = 0; k < Nlevel; k++)
		w->pos[k] = now >> shift(k);
}

void
l9wheelput(Wheel *w, Sleeper *s)
{
	Slot *slot;
	int64_t n;
	int k;

	n = s->when >> shift(0);
	if(n <= w->pos[0]){
		s->inheap = true;
		l9heapput(&w->root, s);
		return;
	}
	for(k = 0; n - w->pos[k] >= Nslot; n = s->when >> shift(k))
		if(++k == Nlevel){
			/* beyond the last level: to be looked at again when its last slot comes up */
			k--;
			n = w->pos[k] + Nslot-1;
			break;
		}
	s->inheap = false;
	slot = slotof(w, k, n);
	if(slot->first == nil || s->when < slot->min)
		slot->min = s->when;
	link(&slot->first, s);
	setused(w, k, n, true);
}

void
l9wheeldel(Wheel *w, Sleeper *s)
{
	uintptr_t at;
	size_t i;

	if(s->inheap){
		l9heapdel(&w->root, s);
		return;
	}
	/* if what pointed at it is a slot, and nothing follows, it was alone there */
	at = (uintptr_t)s->prev - (uintptr_t)&w->slot[0][0].first;
	unlink(s);
	i = at/sizeof(Slot);
	if(s->next == nil && i < Nlevel*Nslot)
		setused(w, (int)(i/Nslot), (int64_t)(i%Nslot), false);
}

/* pour out the next slot of this level that has come up; 0: none has, and its position is now's */
static int
comeup(Wheel *w, int level, int64_t now)
{
	Slot *slot;
	int64_t n, to;

	to = now >> shift(level);
	if(w->pos[level] >= to)
		return 0;
	n = to - w->pos[level];
	n = nextused(w, level, w->pos[level]+1, n < Nslot? n: Nslot);
	if(n < 0){
		w->pos[level] = to;
		return 0;
	}
	w->pos[level] = n;
	slot = slotof(w, level, n);
	setused(w, level, n, false);
	w->pour = slot->first;
	slot->first = nil;
	w->pour->prev = &w->pour;
	return 1;
}

/*
 * Lower levels first: what comes from a higher one is then put according to
 * where they stand now.
 */
int
l9wheelturn(Wheel *w, int64_t now)
{
	Sleeper *s;
	int k;

	s = w->pour;
	if(s != nil){
		unlink(s);
		l9wheelput(w, s);
		return 1;
	}
	for(k = 0; k < Nlevel; k++)
		if(comeup(w, k, now))
			return 1;
	return 0;
}

int64_t
l9wheelmin(Wheel *w)
{
	int64_t min, n;
	int k;

	if(w->pour != nil)
		return INT64_MIN;
	min = w->root == nil? INT64_MAX: w->root->when;
	for(k = 0; k < Nlevel; k++){
		n = nextused(w, k, w->pos[k]+1, Nslot);
		if(n >= 0 && slotof(w, k, n)->min < min)
			min = slotof(w, k, n)->min;
	}
	return min;
}
