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
#include "hot.h"

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

/* the start has failed after all, and nobody has an id */
void
l9idfree(void)
{
	l9memunmap(ids.owner, Nblock*sizeof *ids.owner);
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

/*
 * 2^31 ids later a block comes up again, and may still have a live task in it,
 * or be what its owner deals from.
 */
static void
newblock(Proc *p)
{
	Proc *o;
	uint32_t b;

	l9lock(&ids.lk);
	do
		b = ids.next++ % Nblock;
	while((o = ldrlx(&ids.owner[b])) != nil && (o->lastid == (b+1)*Block || blockinuse(b)));
	/* release pairs with l9idtask's acquire */
	strel(&ids.owner[b], p);
	p->nextid = b == 0? 1: b*Block;		/* no task has id 0 */
	p->lastid = (b+1)*Block;
	l9unlock(&ids.lk);
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

/* an id of p's, and room for it at place *slot; 0 with errstr: no memory */
static __attribute__((noinline)) uint32_t
search(Proc *p, Task *_Atomic **slot)
{
	Idtab *tab;
	uint32_t id, i, nskip;

	tab = ldrlx(&p->idtab);
	if(tab == nil || (uint32_t)p->ntask >= tab->size/2){
		if(grow(p) < 0)
			return 0;
		tab = ldrlx(&p->idtab);
	}
	for(nskip = 0;; nskip++){
		if(nskip > tab->size/2){
			/* full of tasks that run on other procs */
			if(grow(p) < 0)
				return 0;
			tab = ldrlx(&p->idtab);
			nskip = 0;
		}
		if(p->nextid == p->lastid)
			newblock(p);
		id = p->nextid++;
		i = id & (tab->size-1);
		if(!holds(tab, i, ldrlx(&tab->task[i]))){
			*slot = &tab->task[i];
			return id;
		}
	}
}

/*
 * Give t an id from p's, and these bits: p is the running proc, or does not
 * run yet.  t may be of another proc: the table tells where a task is, not
 * who runs it.
 */
int
l9idnew(Proc *p, Task *t, uint64_t bits)
{
	Idtab *tab;
	Task *_Atomic *slot;
	uint32_t id, i;

	tab = ldrlx(&p->idtab);
	if(likely(tab != nil && (uint32_t)p->ntask < tab->size/2 && p->nextid != p->lastid)
	&& (i = p->nextid & (tab->size-1), likely(!holds(tab, i, ldrlx(&tab->task[i]))))){
		id = p->nextid++;
		slot = &tab->task[i];
	}else if((id = search(p, &slot)) == 0)
		return -1;
	/* release: t's memory of a former life is done with */
	strel(&t->word, (uint64_t)id<<32 | bits);
	strel(slot, t);
	return (int)id;
}

/* from here on nobody finds t; the bits that its word had */
uint64_t
l9idend(Task *t)
{
	uint64_t w;
	int i;

	w = ldrlx(&t->word);
	for(i = 0;;)
		if(w & Wordpin){
			l9spinpause(i++);
			w = ldrlx(&t->word);
		/* acquire: l9unpin's release */
		}else if(casar(&t->word, &w, 0))
			return w;
}

/*
 * The live task with this id, which does not end until l9unpin; that is to
 * come in a few instructions, since its end spins meanwhile.  nil: none.
 */
Task*
l9pin(int id)
{
	Task *t;
	uint64_t w;
	int i;

	t = l9idtask(id);
	if(t == nil)
		return nil;
	w = ldrlx(&t->word);
	for(i = 0; l9isid(w, id);)
		if(w & Wordpin){
			l9spinpause(i++);
			w = ldrlx(&t->word);
		/* acquire: l9idnew's release, and the last l9unpin's */
		}else if(casar(&t->word, &w, w | Wordpin))
			return t;
	return nil;
}

void
l9unpin(Task *t)
{
	/* release: l9idend comes after what was done meanwhile */
	andrel(&t->word, ~(uint64_t)Wordpin);
}

/* the proc of the live task with this id, or nil */
Proc*
l9idproc(int id)
{
	Proc *p;
	Task *t;

	t = l9pin(id);
	if(t == nil)
		return nil;
	p = t->proc;
	l9unpin(t);
	return p;
}

/*
 * Call f for every live task, as far as one can see without stopping the
 * world: those that begin or end meanwhile may be left out.
 */
void
l9eachtask(void (*f)(Task*, int id, void*), void *v)
{
	Proc *p;
	Idtab *tab;
	Task *t;
	uint32_t i, id;

	for(p = l9allprocs(); p != nil; p = p->nextall){
		/* acquire: as in l9idtask */
		tab = ldacq(&p->idtab);
		for(i = 0; tab != nil && i < tab->size; i++){
			t = ldacq(&tab->task[i]);
			if(!holds(tab, i, t))
				continue;
			/* a stack used again by another proc may have an id that fits here by chance */
			id = idof(t);
			if(id != 0 && ldacq(&ids.owner[id>>Blockbits]) == p)
				f(t, (int)id, v);
		}
	}
}

int
threadid(void)
{
	return (int)(ldrlx(&l9cur()->word)>>32);
}
