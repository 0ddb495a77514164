#include <stddef.h>

#include "heap.h"

/*
 * A node's children are a list by next; prev points at whatever points at
 * the node: the root, its parent's child, or its elder sibling's next.
 */

static Sleeper*
meld(Sleeper *a, Sleeper *b)
{
	Sleeper *t;

	if(a == nil)
		return b;
	if(b == nil)
		return a;
	if(b->when < a->when){
		t = a;
		a = b;
		b = t;
	}
	b->next = a->child;
	if(b->next != nil)
		b->next->prev = &b->next;
	a->child = b;
	b->prev = &a->child;
	a->next = nil;
	return a;
}

/* two passes over siblings: pairs from the first on, then all from the last on */
static Sleeper*
meldall(Sleeper *s)
{
	Sleeper *a, *b, *pairs, *root;

	pairs = nil;
	while(s != nil){
		a = s;
		b = a->next;
		s = b != nil? b->next: nil;
		a->next = nil;
		if(b != nil)
			b->next = nil;
		a = meld(a, b);
		a->next = pairs;
		pairs = a;
	}
	root = nil;
	while(pairs != nil){
		a = pairs;
		pairs = a->next;
		a->next = nil;
		root = meld(root, a);
	}
	return root;
}

static void
setroot(Sleeper **root, Sleeper *s)
{
	*root = s;
	if(s != nil){
		s->prev = root;
		s->next = nil;
	}
}

void
l9heapput(Sleeper **root, Sleeper *s)
{
	s->child = nil;
	s->next = nil;
	setroot(root, meld(*root, s));
}

void
l9heapdel(Sleeper **root, Sleeper *s)
{
	Sleeper *rest;

	rest = meldall(s->child);
	if(*root == s)
		setroot(root, rest);
	else{
		*s->prev = s->next;
		if(s->next != nil)
			s->next->prev = s->prev;
		setroot(root, meld(*root, rest));
	}
	s->child = nil;
	s->next = nil;
	s->prev = nil;
}
