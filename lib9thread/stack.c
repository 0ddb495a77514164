/*
 * Stacks.
 *
 * A stack is a slot of 16 KiB << class of address space: guard, usable
 * part, and at its top the Task itself, so that a parked task touches one
 * page.  Slots below the floor are for callers that insist, and have a guard
 * of one page.  Slots are cut from arenas that are never unmapped: a stale pointer
 * to a Task stays readable (id.c).  A free slot goes to its proc's list, last
 * in first out, since its top is in the cache; what a proc has too many of
 * goes to a list for all.
 */
#include <pthread.h>
#include <unistd.h>

#include "hot.h"

enum {
	Minslot = 16*1024,
	Floor = 256*1024,	/* the least slot, but where the caller insists */
	Minguard = 64*1024,	/* real programs step over 4 KiB with one frame */
	Arena = 64*1024*1024,
	Ncolour = 32,		/* cache lines that tops are spread over */
	Taskroom = sizeof(Task) + (Ncolour+1)*Cacheline,
};

static struct {
	Spin	lk;
	Task	*free[Nsizeclass];	/* lk: slots that no proc keeps */
	/* the class of nearly all, and what it has room for: set at start */
	int	floor;
	size_t	floorsize;
} stacks;

/* where the next slot is cut.  Not a Spin: new arenas are system calls */
static struct {
	pthread_mutex_t	lk;
	struct {
		char	*next;
		char	*end;
	} class[Nsizeclass];
	unsigned int	colour;
	bool	warned;
} arena = { .lk = PTHREAD_MUTEX_INITIALIZER };

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
	return slotsize(class) >= 4*l9pagesize() && slotsize(class) >= size + guardsize(class) + Taskroom;
}

/* the least class that serves */
static int
classof(unsigned int size, bool exact)
{
	int class;

	for(class = exact? 0: stacks.floor; !serves(class, size); class++)
		;
	return class;
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

/* with arena.lk: an address for a slot, and its colour */
static char*
cut(int class, unsigned int *colour)
{
	size_t slot, n;
	char *p;

	slot = slotsize(class);
	if(arena.class[class].next == arena.class[class].end){
		n = slot > Arena? slot: Arena;
		p = l9memmap(n);
		if(p == nil){
			/* a tight limit on address space may still allow one */
			n = slot;
			p = l9memmap(n);
		}
		if(p == nil)
			return nil;
		arena.class[class].next = p;
		arena.class[class].end = p + n;
	}
	p = arena.class[class].next;
	arena.class[class].next += slot;
	*colour = arena.colour++ % Ncolour;
	return p;
}

static void
unguarded(void)
{
	static const char msg[] = "lib9thread: no more guard regions (vm.max_map_count?): new stacks go unguarded\n";
	bool warned;

	pthread_mutex_lock(&arena.lk);
	warned = arena.warned;
	arena.warned = true;
	pthread_mutex_unlock(&arena.lk);
	if(!warned && write(2, msg, sizeof msg - 1) < 0){
		/* nowhere to say it */
	}
}

static Task*
newslot(int class)
{
	unsigned int colour;
	size_t slot, guard;
	char *p;
	Task *t;

	pthread_mutex_lock(&arena.lk);
	p = cut(class, &colour);
	pthread_mutex_unlock(&arena.lk);
	if(p == nil)
		return nil;
	slot = slotsize(class);
	guard = guardsize(class);
	if(l9memguard(p, guard) < 0)
		unguarded();
	t = (Task*)(p + slot - sizeof(Task)/Cacheline*Cacheline - Cacheline - colour*Cacheline);
	t->stack = p;
	t->guard = guard;
	t->slot = slot;
	t->sizeclass = class;
	t->waiter.task = t;
	/* the stack begins right below the Task, wherever that is */
	l9sanstack(&t->san, p + guard, (size_t)((char*)t - (p + guard)), slot - guard);
	return t;
}

/* from the list for all: take a few, so as to come back seldom */
static Task*
refill(Proc *p, int class)
{
	Task *t;

	l9lock(&stacks.lk);
	while((t = stacks.free[class]) != nil && p->nfreestack[class] < Ncached/2){
		stacks.free[class] = t->next;
		t->next = p->freestack[class];
		p->freestack[class] = t;
		p->nfreestack[class]++;
	}
	l9unlock(&stacks.lk);
	return p->freestack[class];
}

/* none in p's list.  nil with errstr */
static __attribute__((noinline)) Task*
morestacks(Proc *p, int class)
{
	Task *t;

	t = refill(p, class);
	if(t == nil){
		t = newslot(class);
		if(t == nil)
			l9err(ENOMEM, "out of memory");
		return t;
	}
	p->freestack[class] = t->next;
	p->nfreestack[class]--;
	return t;
}

/* a Task with a stack of at least size bytes; p is the running proc */
Task*
l9stackalloc(Proc *p, unsigned int size, bool exact)
{
	Task *t;
	int class;

	class = !exact && size <= stacks.floorsize? stacks.floor: classof(size, exact);
	t = p->freestack[class];
	if(unlikely(t == nil))
		return morestacks(p, class);
	p->freestack[class] = t->next;
	p->nfreestack[class]--;
	return t;
}

/* with stacks.lk: n of p's free slots to the list for all */
static void
give(Proc *p, int class, int n)
{
	Task *t;

	while(n-- > 0){
		t = p->freestack[class];
		p->freestack[class] = t->next;
		p->nfreestack[class]--;
		t->next = stacks.free[class];
		stacks.free[class] = t;
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

	class = t->sizeclass;
	if(p->nfreestack[class] >= Ncached){
		l9lock(&stacks.lk);
		give(p, class, Ncached/2);
		l9unlock(&stacks.lk);
	}
	t->next = p->freestack[class];
	p->freestack[class] = t;
	p->nfreestack[class]++;
}

/* p ends */
void
l9stackgive(Proc *p)
{
	int class;

	l9lock(&stacks.lk);
	for(class = 0; class < Nsizeclass; class++)
		give(p, class, p->nfreestack[class]);
	l9unlock(&stacks.lk);
}
