/*
 * Ids.
 *
 * An id leads to its Task without a lock.  Ids are dealt to procs in blocks;
 * a map tells whose a block is.  Each proc has a table, which it alone
 * writes, with the task of id i at place i mod the table's size; an id whose
 * place is taken by a live task is skipped.  Nothing is ever taken out: a
 * Task that has ended or begun again has another id in its word, and
 * whoever found it by the old one fails to claim it (wait.c).  So creating
 * and ending a task costs a few plain stores.
 *
 * A table that is outgrown is kept: somebody may be reading it.  All of
 * them together are no larger than the one in use.
 */
#include "impl.h"

enum {
	Blockbits = 10,
	Block = 1<<Blockbits,
	Nblock = 1<<(31-Blockbits),
	Mintab = 64,
};

struct Idtab
{
	Idtab	*older;
	uint32_t	size;		/* a power of two */
	Task	*_Atomic task[];
};

static struct {
	Spin	lk;
	uint32_t	next;			/* lk: the block to deal next */
	Proc	*_Atomic *owner;		/* Nblock of them, touched as used */
} ids;

int
l9idinit(void)
{
	ids.owner = l9memmap(Nblock*sizeof *ids.owner);
	return ids.owner == nil? -1: 0;
}

static uint32_t
idof(Task *t)
{
	/* acquire: l9idend's release, before a new life's id */
	return (uint32_t)(ldacq(&t->word)>>32);
}

/* t, which stands at place i, is the live task that was put there */
static bool
holds(Idtab *tab, uint32_t i, Task *t)
{
	uint32_t id;

	if(t == nil)
		return false;
	id = idof(t);
	return id != 0 && (id & (tab->size-1)) == i;
}

/* the live task with this id, or nil.  By the time of return it may have ended */
Task*
l9idtask(int id)
{
	Proc *p;
	Idtab *tab;
	Task *t;

	if(id <= 0)
		return nil;
	/* each acquire pairs with the release that put the thing there */
	p = ldacq(&ids.owner[id>>Blockbits]);
	if(p == nil || (tab = ldacq(&p->idtab)) == nil)
		return nil;
	t = ldacq(&tab->task[id & (tab->size-1)]);
	if(t == nil || idof(t) != (uint32_t)id)
		return nil;
	return t;
}

static bool
blockinuse(uint32_t b)
{
	uint32_t i;

	for(i = 0; i < Block; i++)
		if(l9idtask((int)(b*Block + i)) != nil)
			return true;
	return false;
}

/* 2^31 ids later a block comes up again, and may still have a live task in it */
static void
newblock(Proc *p)
{
	uint32_t b;

	l9lock(&ids.lk);
	do
		b = ids.next++ % Nblock;
	while(ldrlx(&ids.owner[b]) != nil && blockinuse(b));
	strel(&ids.owner[b], p);
	l9unlock(&ids.lk);
	p->nextid = b == 0? 1: b*Block;		/* no task has id 0 */
	p->lastid = (b+1)*Block;
}

/* keep the table at most half full, so that few ids are skipped */
static int
grow(Proc *p)
{
	Idtab *old, *tab;
	Task *t;
	uint32_t i, size;

	old = ldrlx(&p->idtab);
	size = old == nil? Mintab: old->size*2;
	tab = calloc(1, sizeof *tab + size*sizeof tab->task[0]);
	if(tab == nil)
		return l9err(ENOMEM, "out of memory");
	tab->older = old;
	tab->size = size;
	for(i = 0; old != nil && i < old->size; i++){
		t = ldrlx(&old->task[i]);
		if(holds(old, i, t))
			strlx(&tab->task[idof(t) & (size-1)], t);
	}
	/* release: the table's content */
	strel(&p->idtab, tab);
	return 0;
}

/* give t, a task of p, an id: p is the running proc, or does not run yet */
int
l9idnew(Proc *p, Task *t)
{
	Idtab *tab;
	uint32_t id, i;

	tab = ldrlx(&p->idtab);
	if(tab == nil || (uint32_t)p->ntask >= tab->size/2){
		if(grow(p) < 0)
			return -1;
		tab = ldrlx(&p->idtab);
	}
	do{
		if(p->nextid == p->lastid)
			newblock(p);
		id = p->nextid++;
		i = id & (tab->size-1);
	}while(holds(tab, i, ldrlx(&tab->task[i])));
	/* release: t's memory of a former life is done with */
	strel(&t->word, (uint64_t)id<<32);
	strel(&tab->task[i], t);
	return (int)id;
}

/* from here on nobody finds t */
void
l9idend(Task *t)
{
	strel(&t->word, 0);
}

int
threadid(void)
{
	return (int)(ldrlx(&l9cur()->word)>>32);
}
