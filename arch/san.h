/*
 * What the memory and race checkers must be told about stacks and switches;
 * all of it is nothing in a plain build.
 *
 * ThreadSanitizer and AddressSanitizer keep a state for each stack.  The
 * hooks around a switch must stand in the function that calls l9ctxswitch,
 * or ThreadSanitizer's count of calls and returns goes wrong.
 */
#ifndef L9SAN_H
#define L9SAN_H

#include <stddef.h>

#if defined(__SANITIZE_THREAD__)
#define L9TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define L9TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define L9ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define L9ASAN 1
#endif
#endif
#ifndef L9TSAN
#define L9TSAN 0
#endif
#ifndef L9ASAN
#define L9ASAN 0
#endif

#define L9SAN	(L9TSAN || L9ASAN)

#if L9TSAN
#include <sanitizer/tsan_interface.h>
#endif
#if L9ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#endif
#ifndef L9VALGRIND
#define L9VALGRIND 0
#endif
#if L9VALGRIND
#include <valgrind/memcheck.h>
#endif

/* for a look at what another OS thread may be changing, where a torn value does no harm */
#if defined(__clang__) || !L9TSAN
#define L9RACY __attribute__((no_sanitize("thread")))
#else
#define L9RACY __attribute__((no_sanitize_thread))
#endif

enum {
	L9vgtop = 1024,	/* more than a first frame, less than a stack */
};

typedef struct San San;
struct San
{
	void	*fiber;		/* ThreadSanitizer's */
	int	uses;		/* of that fiber */
	void	*fake;		/* AddressSanitizer's */
	const void	*base;	/* the usable stack: AddressSanitizer's */
	size_t	size;
	unsigned int	vg;	/* valgrind's number of the stack; 0: not under valgrind */
};

/* memory for stacks, of which nothing is used yet */
static inline void
l9sanarena(void *base, size_t size)
{
#if L9VALGRIND
	/* or a leak check reads all of it, a fault at each guard */
	(void)VALGRIND_MAKE_MEM_NOACCESS(base, size);
#endif
	(void)base;
	(void)size;
}

/*
 * A stack of an arena comes into being: base and size of its usable part; all
 * of it, with what lies above, where nothing was touched yet, nor *s.
 */
static inline void
l9sanstack(San *s, void *base, size_t size, size_t all)
{
#if L9VALGRIND
	(void)VALGRIND_MAKE_MEM_DEFINED((char*)base + size, all - size);
#endif
	s->base = base;
	s->size = size;
	(void)all;
#if L9ASAN
	/* a leak checker must look for pointers in the Task, free or not; in its stack while it lives: l9sanbegin */
	__lsan_register_root_region((char*)base + size, all - size);
#endif
#if L9VALGRIND
	s->vg = VALGRIND_STACK_REGISTER(base, (char*)base + size);
#endif
}

/* what was told of a stack must be told once, so that its memory must stay */
static inline int
l9sankeeps(void)
{
#if L9VALGRIND
	if(RUNNING_ON_VALGRIND)
		return 1;
#endif
	return L9TSAN || L9ASAN;
}

/* a leak checker takes a block for lost, perhaps, if nothing points to where it begins */
static inline int
l9sanstart(void)
{
#if L9VALGRIND
	return RUNNING_ON_VALGRIND != 0;
#else
	return 0;
#endif
}

/* the running OS thread's own stack */
static inline void
l9santhread(San *s)
{
#if L9TSAN
	s->fiber = __tsan_get_current_fiber();
#endif
	s->fake = NULL;
	s->base = NULL;		/* learnt at the first switch away: l9sanentered */
	s->size = 0;
}

/* a task begins a life on the stack s */
static inline void
l9sanbegin(San *s)
{
#if L9TSAN
	/* A task that ends leaves the frames that it was in on the fiber's
	   shadow stack, which holds some 65,000; a fiber costs a fraction of a
	   millisecond.  So use one for a while, but not for ever. */
	enum { Nuse = 16 };
	if(s->fiber != NULL && s->uses >= Nuse){
		__tsan_destroy_fiber(s->fiber);
		s->fiber = NULL;
	}
	if(s->fiber == NULL){
		s->fiber = __tsan_create_fiber(0);
		s->uses = 0;
	}
	s->uses++;
#endif
#if L9ASAN
	/* the last task's red zones */
	__asan_unpoison_memory_region((void*)s->base, s->size);
	__lsan_register_root_region(s->base, s->size);
#endif
#if L9VALGRIND
	/* what the last task left there is no more; l9ctxinit writes the first frame, as if pushed */
	if(s->vg != 0){
		(void)VALGRIND_MAKE_MEM_NOACCESS(s->base, s->size);
		(void)VALGRIND_MAKE_MEM_UNDEFINED((const char*)s->base + s->size - L9vgtop, L9vgtop);
	}
#endif
	s->fake = NULL;
}

/*
 * That task is over, and leaves its stack next, or has never run.  A leak check reads all that
 * it is told of, a fault for each page, and what only a dead stack points to is lost.
 */
static inline void
l9sanend(San *s)
{
#if L9ASAN
	__lsan_unregister_root_region(s->base, s->size);
#endif
	(void)s;
}

/* right before l9ctxswitch; dying: the context switched from is never resumed */
static inline __attribute__((always_inline)) void
l9sanswitch(San *from, San *to, int dying)
{
#if L9ASAN
	__sanitizer_start_switch_fiber(dying? NULL: &from->fake, to->base, to->size);
#endif
#if L9TSAN
	__tsan_switch_to_fiber(to->fiber, 0);
#endif
	(void)from;
	(void)to;
	(void)dying;
}

/* right after l9ctxswitch came back, or at the start of a new context */
static inline __attribute__((always_inline)) void
l9sanswitched(San *self, San *from)
{
#if L9ASAN
	const void *base;
	size_t size;

	__sanitizer_finish_switch_fiber(self->fake, &base, &size);
	if(from != NULL && from->base == NULL){
		from->base = base;
		from->size = size;
	}
#endif
	(void)self;
	(void)from;
}

#endif
