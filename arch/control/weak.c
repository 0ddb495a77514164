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
	return weak == L9late? op == L9store || op == L9storerlx: op == L9change || op == L9weakcas;
}

int
l9point(const volatile void *p, const char *fn, int op)
{
	const Plan *plan;
	Osthread *t;

	t = l9me();
	if(t == NULL)
		return L9asis;
	if(op != L9load || t->pending.p == p)
		l9seen(t);
	/* a loop of looks (the timer proc's at all heaps) would be most of all points: it seldom is one */
	if(op == L9load && fn == t->fn && l9choice(16) != 0)
		return L9asis;
	l9step(fn);
	plan = l9plan();
	if(fits(plan->weak, op) && l9ismutant(fn))
		return plan->weak;
	if(op == L9weakcas && plan->odd && l9choice(16) == 0)
		return L9fails;
	if(op == L9storerlx && plan->odd && l9choice(4) == 0)
		return L9late;
	return L9asis;
}
