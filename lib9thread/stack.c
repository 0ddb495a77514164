/*
 * Stacks.
 *
 * A stack is a slot of 16 KiB << class of address space: guard, usable
 * part, and at its top the Task itself, so that a parked task touches one
 * page.  Slots below the floor are for callers that insist, and have a guard
 * of one page.
 *
 * Slots are cut from arenas that are never unmapped: a stale pointer to a
 * Task stays readable (id.c).  A free slot goes to its proc's list, last in
 * first out, since its top is in the cache; what a proc has too many of goes
 * back to its arena.  An arena that has all of its slots back gives its memory
 * to the system and is as new, but for its guards, which stay; a few are kept
 * as they are.  Slots are taken from those that are in use already, so that
 * after a peak the others run empty.  An arena gives them in the order of their addresses,
 * whatever order they came back in: tasks that are made one after the other often run so, too,
 * and then the CPU fetches the next one's ahead.
 *
 * A new slot needs a guard and the memory of its top page, and the kernel makes many
 * for little more than one: a proc cuts the more slots at a time the more it has cut.
 */
#include <unistd.h>

#include "hot.h"

enum {
	Minslot = 16*1024,
	Floor = 256*1024,	/* the least slot, but where the caller insists */
	Minguard = 64*1024,	/* real programs step over 4 KiB with one frame */
	Arenasize = sizeof(void*) < 8? 8*1024*1024: 64*1024*1024,	/* few addresses may be left in one piece */
	Ncolour = 32,		/* cache lines that tops are spread over */
	Taskroom = sizeof(Task) + (Ncolour+1)*Cacheline,
	Keepempty = 8,		/* arenas of a class that keep their memory with all slots free */
	Wordbits = 64,		/* of Arena.free */
	Spare = 16,		/* a proc that has cut so many slots may have another one to spare */
};

struct Arena
{
	Arena	*next;		/* of its class, those with slots to give; stacks.lk guards all that is not set once */
	Arena	*prev;
	bool	listed;
	char	*base;		/* set once */
	int	class;		/* set once */
	int	nslot;		/* set once */
	int	ncut;		/* slots in use so far; the others are untouched */
	int	nready;		/* that have been in use before, and so have their guards */
	int	nfree;		/* of those cut, not with a proc */
	int	low;		/* no word of free before this one has a bit */
	uint64_t	free[];		/* a bit for each slot: these */
};

static struct {
	Spin	lk;
	struct {
		Arena	*first;		/* those in use come first */
		Arena	*last;
		int	nempty;		/* with slots cut, all free */
	} class[Nsizeclass];
	/* the class of nearly all, and what it has room for: set at start */
	int	floor;
	size_t	floorsize;
	_Atomic bool	warned;
} stacks;

static size_t
slotsize(int class)
{
	return (size_t)Minslot<<class;
}

static size_t
guardsize(int class)
{
	size_t page;

	page = l9pagesize();
	return page > Minguard || slotsize(class) < Floor? page: Minguard;
}

static bool
serves(int class, size_t size)
{
	return slotsize(class) >= 4*l9pagesize() && slotsize(class) - guardsize(class) - Taskroom >= size;
}

/* the least class that serves; -1: none does, where a size_t has 32 bits */
static int
classof(unsigned int size, bool exact)
{
	int class;

	for(class = exact? 0: stacks.floor; class < Nsizeclass; class++)
		if(serves(class, size))
			return class;
	return -1;
}

void
l9stackinit(void)
{
	int class;

	/* a slot is at least four pages, where those are large */
	for(class = 0; slotsize(class) < Floor || !serves(class, 0); class++)
		;
	stacks.floor = class;
	stacks.floorsize = slotsize(class) - guardsize(class) - Taskroom;
}

static void
enlist(Arena *a, bool first)
{
	Arena *o;
	int c;

	c = a->class;
	a->listed = true;
	a->prev = first? nil: stacks.class[c].last;
	a->next = first? stacks.class[c].first: nil;
	o = first? a->next: a->prev;
	if(o == nil)
		stacks.class[c].first = stacks.class[c].last = a;
	else if(first)
		stacks.class[c].first = o->prev = a;
	else
		stacks.class[c].last = o->next = a;
}

static void
unlist(Arena *a)
{
	int c;

	c = a->class;
	a->listed = false;
	if(a->prev == nil)
		stacks.class[c].first = a->next;
	else
		a->prev->next = a->next;
	if(a->next == nil)
		stacks.class[c].last = a->prev;
	else
		a->next->prev = a->prev;
}

/* nil: no memory */
static Arena*
newarena(int class)
{
	Arena *a;
	size_t slot, n;

	slot = slotsize(class);
	n = slot > Arenasize? slot: Arenasize;
	a = calloc(1, sizeof *a + (n/slot + Wordbits-1)/Wordbits*sizeof a->free[0]);
	if(a == nil)
		return nil;
	/* a tight limit on address space may still allow some */
	while((a->base = l9memmap(n)) == nil && n > slot)
		n /= 2;
	if(a->base == nil){
		free(a);
		return nil;
	}
	l9sanarena(a->base, n);
	a->class = class;
	a->nslot = (int)(n/slot);
	return a;
}

static void
unguarded(void)
{
	static const char msg[] = "lib9thread: no more guard regions (vm.max_map_count?): new stacks go unguarded\n";

	if(!atomic_exchange_explicit(&stacks.warned, true, memory_order_relaxed) && write(2, msg, sizeof msg - 1) < 0){
		/* nowhere to say it */
	}
}

/* slot i of a */
static Task*
slottask(Arena *a, int i)
{
	size_t slot;

	slot = slotsize(a->class);
	return (Task*)(a->base + (size_t)(i+1)*slot - sizeof(Task)/Cacheline*Cacheline - Cacheline - (unsigned int)i%Ncolour*Cacheline);
}

/* nobody else has it: it becomes a Task */
static Task*
slotinit(Arena *a, int i)
{
	size_t slot, guard;
	char *p;
	Task *t;

	slot = slotsize(a->class);
	guard = guardsize(a->class);
	p = a->base + (size_t)i*slot;
	t = slottask(a, i);
	/* the stack begins right below the Task, wherever that is */
	l9sanstack(&t->san, p + guard, (size_t)((char*)t - (p + guard)), slot - guard);
	t->arena = a;
	t->stack = p;
	t->guard = guard;
	t->slot = slot;
	t->waiter.task = t;
	return t;
}

/* with stacks.lk: the first free slot of a, or nil */
static Task*
takefree(Arena *a)
{
	uint64_t *w;
	int i;

	if(a->nfree == 0)
		return nil;
	if(a->nfree == a->ncut)
		stacks.class[a->class].nempty--;
	while(a->free[a->low] == 0)
		a->low++;
	w = &a->free[a->low];
	i = a->low*Wordbits + __builtin_ctzll(*w);
	*w &= *w - 1;
	a->nfree--;
	return slottask(a, i);
}

/* with stacks.lk: t is free, and in its arena */
static void
putfree(Task *t)
{
	Arena *a;
	int i;

	a = t->arena;
	i = (int)((size_t)(t->stack - a->base)/slotsize(a->class));
	a->free[i/Wordbits] |= (uint64_t)1<<i%Wordbits;
	if(a->low > i/Wordbits)
		a->low = i/Wordbits;
	a->nfree++;
}

/* some of a may be zero now, and some as it was: all of its slots once more */
static void
refill(Arena *a)
{
	int i;

	for(i = 0; i < a->ncut; i++)
		l9unlock(&slotinit(a, i)->joinlk);
}

/*
 * a is all free and unlisted, so nobody has a way to its slots: give its memory
 * back.  What a task has locked (mlock) and left so stays, and what the system
 * comes to after that.
 */
static void
empty(Arena *a)
{
	bool fresh;
	int i;

	/*
	 * Somebody who joined one of these, and was interrupted, may still be
	 * about to look at its queue: join.c.  Memory that is zero is unlocked.
	 */
	for(i = 0; i < a->ncut; i++)
		l9lock(&slottask(a, i)->joinlk);
	fresh = l9memdrop(a->base, (size_t)a->nslot*slotsize(a->class)) == 0;
	if(!fresh)
		refill(a);
	l9lock(&stacks.lk);
	if(fresh){
		if(a->nready < a->ncut)
			a->nready = a->ncut;
		for(i = 0; i < a->ncut; i += Wordbits)
			a->free[i/Wordbits] = 0;
		a->ncut = 0;
		a->nfree = 0;
	}else
		stacks.class[a->class].nempty++;
	enlist(a, false);
	l9unlock(&stacks.lk);
}

static void
keep(Proc *p, int class, Task *t)
{
	t->next = p->freestack[class];
	p->freestack[class] = t;
	p->nfreestack[class]++;
}

/* p's free slot, of which there is one at least */
static Task*
takekept(Proc *p, int class)
{
	Task *t;

	t = p->freestack[class];
	p->freestack[class] = t->next;
	p->nfreestack[class]--;
	return t;
}

/* p needs a slot: how many new ones to cut at once */
static int
slotsnow(Proc *p)
{
	int64_t n;

	n = 1 + p->ncut/Spare;
	return n < L9nregion? (int)n: L9nregion;
}

/* slots i to end of a have just been cut, and those before ready have their guards: p's now */
static void
newslots(Proc *p, Arena *a, int i, int end, int ready)
{
	size_t slot, page;

	slot = slotsize(a->class);
	page = l9pagesize();
	ready = ready < i? i: ready;
	if(ready < end && l9memguard(a->base + (size_t)ready*slot, guardsize(a->class), slot, end - ready) < 0)
		unguarded();
	l9mempopulate(a->base + (size_t)(i+1)*slot - page, page, slot, end - i);
	while(end-- > i)
		keep(p, a->class, slotinit(a, end));
}

/*
 * p has no free slot: from the arenas, some that were in use, so as to come back
 * seldom, or new ones.  nil with errstr.
 */
static __attribute__((noinline)) Task*
morestacks(Proc *p, int class)
{
	Task *got[Ncached/2];
	Arena *a;
	int i, end, ready, n;

	l9lock(&stacks.lk);
	while((a = stacks.class[class].first) == nil){
		l9unlock(&stacks.lk);
		a = newarena(class);
		if(a == nil){
			l9err(ENOMEM, "out of memory");
			return nil;
		}
		l9lock(&stacks.lk);
		enlist(a, false);
	}
	for(n = 0; n < Ncached/2 && (got[n] = takefree(a)) != nil; n++)
		;
	i = end = a->ncut;
	ready = a->nready;
	if(n == 0){
		end = i + slotsnow(p);
		if(end > a->nslot)
			end = a->nslot;
		a->ncut = end;
		p->ncut += end - i;
	}
	if(a->nfree == 0 && a->ncut == a->nslot)
		unlist(a);
	l9unlock(&stacks.lk);
	while(n-- > 0)
		keep(p, class, got[n]);
	if(i < end)
		newslots(p, a, i, end, ready);
	return takekept(p, class);
}

/* a Task with a stack of at least size bytes; p is the running proc.  nil with errstr */
Task*
l9stackalloc(Proc *p, unsigned int size, bool exact)
{
	int class;

	class = !exact && size <= stacks.floorsize? stacks.floor: classof(size, exact);
	if(unlikely(class < 0)){
		l9err(ENOMEM, "out of memory");
		return nil;
	}
	if(unlikely(p->freestack[class] == nil))
		return morestacks(p, class);
	return takekept(p, class);
}

/* n of p's free slots back to their arenas */
static void
give(Proc *p, int class, int n)
{
	Arena *a, *out;
	Task *t;

	out = nil;
	l9lock(&stacks.lk);
	while(n-- > 0){
		t = takekept(p, class);
		putfree(t);
		a = t->arena;
		if(a->nfree < a->ncut){
			if(!a->listed)
				enlist(a, true);
			continue;
		}
		if(a->listed)
			unlist(a);
		if(stacks.class[class].nempty < Keepempty || l9sankeeps()){
			stacks.class[class].nempty++;
			enlist(a, false);
		}else{
			a->next = out;
			out = a;
		}
	}
	l9unlock(&stacks.lk);
	while((a = out) != nil){
		out = a->next;
		empty(a);
	}
}

/*
 * t may still be running, and leave the proc next: it stays in p's own list
 * until then.
 */
void
l9stackfree(Proc *p, Task *t)
{
	int class;

	class = t->arena->class;
	if(p->nfreestack[class] >= Ncached)
		give(p, class, Ncached/2);
	keep(p, class, t);
}

/* p ends */
void
l9stackgive(Proc *p)
{
	int class;

	for(class = 0; class < Nsizeclass; class++)
		if(p->nfreestack[class] > 0)
			give(p, class, p->nfreestack[class]);
	p->ncut = 0;
}
