/* Stacks: lib9thread/stack.c. */
#include "impl.h"

#include <sys/mman.h>

#include "t.h"

static size_t
usable(Task *t)
{
	return (size_t)((char*)t - t->stack) - t->guard;
}

/* what every stack promises */
static void
assert_stack(Task *t, unsigned int size)
{
	assert_int_equal((uintptr_t)t % Cacheline, 0);
	assert_int_equal((uintptr_t)t->stack % l9pagesize(), 0);
	assert_int_equal(t->guard % l9pagesize(), 0);
	assert_true(t->guard >= 64*1024);
	assert_true(t->slot >= 256*1024);
	assert_int_equal(t->slot & (t->slot-1), 0);
	assert_true((char*)(t+1) <= t->stack + t->slot);
	assert_true(usable(t) >= size);
	assert_true(usable(t) >= 150*1024);
}

static void
sizes(void **state)
{
	static const unsigned int size[] = {
		0, 1, 1024, 8192, 100*1024, 180*1024, 188*1024, 190*1024, 192*1024, 256*1024,
		1<<20, (1<<20)+1, 100<<20, 1u<<31, UINT_MAX,
	};
	Task *t;
	int i;

	for(i = 0; i < nelem(size); i++){
		/* not all address spaces have room for the last ones */
		if(size[i] > 1u<<30 && (Tsan || Asan || sizeof(void*) == 4))
			continue;
		assert_non_null(t = l9stackalloc(l9proc, size[i], false));
		assert_stack(t, size[i]);
		/* both ends of it */
		*(volatile char*)(t->stack + t->guard) = 1;
		*((volatile char*)t - 1) = 1;
		l9stackfree(l9proc, t);
	}
}

/* more than an address space has: a creation fails */
static void
toolarge(void **state)
{
	static const unsigned int size[] = { (1u<<31) - 4096, 1u<<31, (1u<<31) + (1u<<30), UINT_MAX - 1, UINT_MAX };
	char err[ERRMAX];
	int i, exact;

	if(sizeof(void*) > 4)
		skip();
	for(i = 0; i < nelem(size); i++)
		for(exact = 0; exact < 2; exact++){
			werrstr("x");
			assert_null(l9stackalloc(l9proc, size[i], exact));
			rerrstr(err, sizeof err);
			assert_string_equal(err, "out of memory");
			assert_int_equal(errno, ENOMEM);
			assert_int_equal(threadcreate(free, nil, size[i]), -1);
			assert_int_equal(proccreate(free, nil, size[i]), -1);
		}
}

/* until there are no more addresses; then they can be had again */
static void
exhausted(void **state)
{
	Task *t, *all;
	char err[ERRMAX];
	int n, round;

	if(sizeof(void*) > 4)
		skip();
	for(round = 0; round < 2; round++){
		all = nil;
		for(n = 0; (t = l9stackalloc(l9proc, 0, false)) != nil; n++){
			t->next = all;
			all = t;
		}
		rerrstr(err, sizeof err);
		assert_string_equal(err, "out of memory");
		printf("%d stacks\n", n);
		assert_true(n > 4000);
		while((t = all) != nil){
			all = t->next;
			l9stackfree(l9proc, t);
		}
	}
}

/* 256 KiB: 16 KiB << 4 */
enum {
	Floorclass	= 4,
};

/* one that the caller insists on is as small as that, with a guard of a page */
static void
exact(void **state)
{
	static const unsigned int size[] = { 0, 1024, 8*1024, 20*1024, 60*1024, 100*1024, 300*1024 };
	Task *t;
	int i;

	for(i = 0; i < nelem(size); i++){
		assert_non_null(t = l9stackalloc(l9proc, size[i], true));
		assert_true(usable(t) >= size[i]);
		assert_true(t->slot < 2*(size[i] + t->guard + 8*1024) + 16*1024 || t->slot == 4*l9pagesize());
		*(volatile char*)(t->stack + t->guard) = 1;
		l9stackfree(l9proc, t);
	}
}

/* a hint is rounded up to the next class, and no further */
static void
classes(void **state)
{
	Task *t, *u;

	assert_non_null(t = l9stackalloc(l9proc, 0, false));
	assert_int_equal(t->slot, 256*1024);
	assert_non_null(u = l9stackalloc(l9proc, (unsigned int)usable(t), false));
	assert_in_range(u->slot, 256*1024, 512*1024);
	l9stackfree(l9proc, u);
	assert_non_null(u = l9stackalloc(l9proc, 256*1024, false));
	assert_int_equal(u->slot, 512*1024);
	l9stackfree(l9proc, u);
	l9stackfree(l9proc, t);
}

static void
apart(void **state)
{
	Task *t[300];
	uintptr_t colour;
	int i, j, n;

	for(i = 0; i < nelem(t); i++){
		assert_non_null(t[i] = l9stackalloc(l9proc, i%3 == 0? 1<<20: 0, false));
		assert_stack(t[i], 0);
	}
	for(i = 0; i < nelem(t); i++)
		for(j = 0; j < i; j++)
			assert_true(t[i]->stack + t[i]->slot <= t[j]->stack || t[j]->stack + t[j]->slot <= t[i]->stack);
	/* tops begin in different cache lines */
	n = 0;
	for(colour = 0; colour < 4096/Cacheline; colour++)
		for(i = 0; i < nelem(t); i++)
			if((uintptr_t)t[i]%4096/Cacheline == colour){
				n++;
				break;
			}
	assert_true(n >= 16);
	for(i = 0; i < nelem(t); i++)
		l9stackfree(l9proc, t[i]);
}

/* last in, first out; and cleared, what was freed is fresh again */
static void
recycled(void **state)
{
	Task *a, *b, *t;
	size_t i;

	assert_non_null(a = l9stackalloc(l9proc, 0, false));
	assert_non_null(b = l9stackalloc(l9proc, 0, false));
	l9stackfree(l9proc, a);
	werrstr("x");
	strcpy(b->name, "name");
	strcpy(b->errstr, "error");
	b->errnum = 5;
	b->errstrnum = 5;
	b->data = b;
	b->cxx[0] = b;
	l9stackfree(l9proc, b);
	assert_ptr_equal(t = l9stackalloc(l9proc, 100, false), b);
	l9taskclear(t);
	assert_string_equal(t->name, "");
	assert_string_equal(t->errstr, "");
	assert_int_equal(t->errnum, 0);
	assert_int_equal(t->errstrnum, 0);
	assert_null(t->data);
	for(i = 0; i < sizeof t->cxx/sizeof t->cxx[0]; i++)
		assert_null(t->cxx[i]);
	assert_ptr_equal(l9stackalloc(l9proc, 100, false), a);
	l9stackfree(l9proc, a);
	l9stackfree(l9proc, b);
}

/* what one proc has too many of, or leaves, another gets */
enum {
	Nuser	= 100,
	Neach	= 200,
};
static Task *seen[Nuser][Neach];

static void
user(void *v)
{
	Task **t;
	int i;

	t = seen[chanrecvul(v)];
	for(i = 0; i < Neach; i++)
		TCHECK((t[i] = l9stackalloc(l9proc, 0, false)) != nil);
	for(i = 0; i < Neach; i++)
		l9stackfree(l9proc, t[i]);
	TCHECK(l9proc->nfreestack[Floorclass] <= Ncached);
	TCHECK(chansendul(v, 1) == 1);
}

static int
ptrcmp(const void *a, const void *b)
{
	uintptr_t x, y;

	x = (uintptr_t)*(Task*const*)a;
	y = (uintptr_t)*(Task*const*)b;
	return (x > y) - (x < y);
}

static void
handedon(void **state)
{
	Task **t;
	Channel *c;
	int i, n, nuser;

	assert_non_null(c = chancreate(sizeof(unsigned long), 0));
	nuser = ntimes(Nuser);
	for(i = 0; i < nuser; i++){
		assert_true(proccreate(user, c, 0) > 0);
		assert_int_equal(chansendul(c, (unsigned long)i), 1);
		assert_int_equal(chanrecvul(c), 1);
	}
	t = &seen[0][0];
	qsort(t, (size_t)(nuser*Neach), sizeof t[0], ptrcmp);
	n = 1;
	for(i = 1; i < nuser*Neach; i++)
		n += t[i] != t[i-1];
	/* 200 at a time, of which a few procs that are about to end may hold a part */
	printf("%d different stacks of %d\n", n, nuser*Neach);
	assert_true(n < 20*Neach);
	chanfree(c);
}

/* a proc cuts more slots than it needs only in proportion to what it has cut */
enum {
	Ncut	= 400,
};

static void
cutter(void *c)
{
	Task *t[Ncut];
	int i, class, spare;

	errno = 0;
	for(i = 0; i < Ncut; i++){
		/* of this class none is free in an arena: main has kept what other tests had */
		TCHECK((t[i] = l9stackalloc(l9proc, 20*1024, true)) != nil);
		for(class = 0; ((size_t)16*1024<<class) < t[i]->slot; class++)
			;
		spare = l9proc->nfreestack[class];
		TCHECK(spare <= (i+1)/16 && spare < L9nregion);
	}
	/* where the kernel does not take many guards at once, either */
	TCHECK(errno == 0);
	TCHECK(l9proc->ncut >= Ncut);
	for(i = 0; i < Ncut; i++)
		memset(t[i]->stack + t[i]->guard, i%128, usable(t[i]));
	for(i = 0; i < Ncut; i++){
		TCHECK(t[i]->stack[t[i]->guard] == i%128 && ((char*)t[i])[-1] == i%128);
		l9stackfree(l9proc, t[i]);
	}
	TCHECK(chansendul(c, 1) == 1);
}

static void
spare(void **state)
{
	Channel *c;

	if(4*l9pagesize() >= 256*1024)
		skip();		/* where pages are so large no slot is smaller than the usual one */
	assert_non_null(c = chancreate(sizeof(unsigned long), 0));
	assert_true(proccreate(cutter, c, 0) > 0);
	assert_int_equal(chanrecvul(c), 1);
	chanfree(c);
}

/* the kernel must not read a byte of the guard */
static void
guarded(void **state)
{
	Task *t;
	int fd[2], i;
	char *lo, *hi;

	assert_int_equal(pipe(fd), 0);
	for(i = 0; i < 3; i++){
		assert_non_null(t = l9stackalloc(l9proc, i == 0? 0: i == 1? 1<<20: 40<<20, false));
		lo = t->stack;
		hi = lo + t->guard;
		errno = 0;
		assert_int_equal(write(fd[1], lo, 1), -1);
		assert_int_equal(errno, EFAULT);
		assert_int_equal(write(fd[1], hi-1, 1), -1);
		assert_int_equal(write(fd[1], lo + t->guard/2, 1), -1);
		assert_int_equal(write(fd[1], hi, 1), 1);
		l9stackfree(l9proc, t);
	}
	close(fd[0]);
	close(fd[1]);
}

/* after a peak most of the memory is the system's again; guards stay, and all can be used as before */
enum {
	Npeak	= 24*256,	/* 24 arenas of 64 MiB */
};

static bool
unreadable(char *p)
{
	int fd[2], r;

	assert_int_equal(pipe(fd), 0);
	r = write(fd[1], p, 1) < 0 && errno == EFAULT;
	close(fd[0]);
	close(fd[1]);
	return r;
}

static void
givenback(void **state)
{
	static Task *t[Npeak];
	void *p;
	int i, n, kept, round;

	p = l9memmap(l9pagesize());
	if(l9sankeeps() || l9memdrop(p, l9pagesize()) < 0)
		skip();
	n = Npeak;
	for(round = 0; round < 3; round++){
		for(i = 0; i < n; i++){
			assert_non_null(t[i] = l9stackalloc(l9proc, 0, false));
			assert_stack(t[i], 0);
			*((volatile char*)t[i] - 1) = 1;
		}
		for(i = 0; i < n; i += n/10)
			assert_true(unreadable(t[i]->stack));
		for(i = 0; i < n; i++)
			l9stackfree(l9proc, t[i]);
		kept = 0;
		for(i = 0; i < n; i++)
			kept += *((volatile char*)t[i] - 1) != 0;
		printf("%d of %d stacks kept\n", kept, n);
		assert_true(kept < Npeak/2);
	}
	l9memunmap(p, l9pagesize());
}

/* a task that locks memory on its stack, and ends: some of an arena goes back, and some stays */
static int*
onstack(Task *t)
{
	return (int*)(void*)t - 1;
}

static void
lockedmemory(void **state)
{
	static Task *t[Npeak];
	void *page[Npeak/256];
	int i, n, round;

	if(l9sankeeps())
		skip();
	for(round = 0; round < 3; round++){
		for(i = 0; i < Npeak; i++){
			assert_non_null(t[i] = l9stackalloc(l9proc, 0, false));
			assert_stack(t[i], 0);
			*onstack(t[i]) = i;
		}
		for(i = 0; i < Npeak; i++)
			assert_int_equal(*onstack(t[i]), i);
		for(n = 0; n < nelem(page); n++){
			page[n] = (void*)((uintptr_t)onstack(t[n*256 + 100]) & ~(uintptr_t)(l9pagesize()-1));
			if(mlock(page[n], l9pagesize()) < 0)
				break;
		}
		assert_true(n > 0);
		for(i = 0; i < Npeak; i++)
			l9stackfree(l9proc, t[i]);
		while(n-- > 0)
			assert_int_equal(munlock(page[n], l9pagesize()), 0);
	}
}

int
main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		TEST(sizes),
		TEST(toolarge),
		TEST(classes),
		TEST(exact),
		TEST(apart),
		TEST(recycled),
		TEST(handedon),
		TEST(spare),
		TEST(guarded),
		TEST(givenback),
		TEST(lockedmemory),
		TEST(exhausted),
	};

	if(threadinit() < 0)
		return 1;
	return cmocka_run_group_tests(tests, nil, nil);
}
