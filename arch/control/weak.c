/*
 * Points of atomic operations, and operations done wrong on purpose, to see that
 * it is noticed.
 */
#include <stddef.h>
#include <string.h>

#include "points.h"
#include "turn.h"

void
l9seen(Osthread *t)
{
	Pending *s;
	uint32_t v;

	s = &t->pending;
	if(s->p == NULL)
		return;
	if(s->size == sizeof v){
		v = (uint32_t)s->v;
		atomic_store((volatile _Atomic uint32_t*)s->p, v);
	}else if(s->size == sizeof s->v)
		atomic_store((volatile _Atomic uint64_t*)s->p, s->v);
	else
		atomic_store((volatile _Atomic uint8_t*)s->p, (uint8_t)s->v);
	s->p = NULL;
}

void
l9storelate(volatile void *p, unsigned int size, uint64_t v)
{
	l9me()->pending = (Pending){p, size, v};
}

uint64_t
l9loaded(const volatile void *p, uint64_t v)
{
	Osthread *t;

	t = l9me();
	if(t == NULL || t->how == L9asis)
		return v;
	if(t->how == L9blind)
		return 0;
	if(t->oldp == p){
		t->oldp = NULL;
		return t->old;
	}
	t->oldp = p;
	t->old = v;
	return v;
}

void
l9midway(const char *fn)
{
	if(l9me() != NULL)
		l9step(fn);
}

void
l9fence(void)
{
	Osthread *t;

	t = l9me();
	if(t == NULL)
		return;
	l9step(__func__);
	l9seen(t);
}

void
l9gap(void)
{
	l9step("gap");
}

bool
l9ismutant(const char *fn)
{
	const char *mutant;

	mutant = l9plan()->weakfn;
	return mutant != NULL && strcmp(fn, mutant) == 0;
}

/* the mutation is one of such operations */
static bool
fits(int weak, int op)
{
	switch(weak){
	case L9late:
		return op == L9store || op == L9storerlx;
	case L9blind:
	case L9stale:
		return op == L9load;
	}
	return op == L9change || op == L9weakcas;
}

int
l9point(const volatile void *p, const char *fn, int op)
{
	const Plan *plan;
	Osthread *t;
	bool looks;

	t = l9me();
	if(t == NULL)
		return L9asis;
	plan = l9plan();
	looks = t->looks;
	t->looks = op == L9load;
	if(op != L9load || t->pending.p == p)
		l9seen(t);
	/* a loop of looks (the timer proc's at all heaps) would be most of all points: it seldom is one */
	if(!(op == L9load && looks && fn == t->fn && l9choice(16) != 0))
		l9step(fn);
	t->how = fits(plan->weak, op) && l9ismutant(fn)? plan->weak: L9asis;
	if(t->how != L9asis)
		return t->how;
	if(op == L9weakcas && plan->odd && l9choice(16) == 0)
		return L9fails;
	if(op == L9storerlx && plan->odd && l9choice(4) == 0)
		return L9late;
	return L9asis;
}
