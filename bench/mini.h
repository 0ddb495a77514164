/*
 * The lower bound for one proc: a scheduler of few lines that knows no
 * interrupts, no other OS threads and no errors.
 * Every OS thread has one of its own.
 *
 * It is had in two forms.  The first is in line in the code that uses it, so
 * that the compiler saves what must be saved and no return is guessed wrong: what
 * the machine can do.  The second, with CALLED, is called as a library is,
 * locks its channels as if there were others, and keeps the floating-point
 * control state, which the ABI calls callee-saved: what a library might do.
 */
#ifndef MINI_H
#define MINI_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

typedef struct Co Co;
typedef struct Minialt Minialt;
typedef struct Minichan Minichan;
typedef struct Miniq Miniq;
struct Co
{
	Co	*next;
	void	*sp;
	void	(*fn)(void*);
	void	*arg;
	void	*v;		/* where a waiting send or recv has its value */
	Minialt	*alt;		/* waits for one of these */
	int	nalt;
};

struct Miniq
{
	Co	*first;
	Co	*last;
};

/* of an alt: a channel to receive from; the rest is private */
struct Minialt
{
	Minichan	*c;
	Minialt	*next;
	Minialt	*prev;
	Co	*co;
};

struct Minichan
{
	int	lk;
	Miniq	sendq;
	Miniq	recvq;
	Minialt	altq;		/* a ring */
	int	n;
	int	first;
	int	size;
	void	*buf[];
};

enum {
	Ministack = 64*1024,
	Minicolour = 32,	/* cache lines that the tops of stacks are spread over */
};

#if CALLED
#define MINIFN static __attribute__((noinline))
#define MINISAVE	"subq	$8, %%rsp\n	stmxcsr	(%%rsp)\n	fnstcw	4(%%rsp)\n	movzwl	4(%%rsp), %%edx\n"
/* fldcw is dear, also where it changes nothing */
#define MINILOAD	"cmpw	4(%%rsp), %%dx\n	je	2f\n	fldcw	4(%%rsp)\n2:	ldmxcsr	(%%rsp)\n	addq	$8, %%rsp\n"
#else
#define MINIFN static inline
#define MINISAVE	""
#define MINILOAD	""
#endif

static _Thread_local struct {
	Miniq	ready;
	Co	*cur;
	Co	*freelist;
	Co	top;
	int	live;
	unsigned int	colour;
} mini;

static inline void
minilock(Minichan *c)
{
#if CALLED
	while(__atomic_exchange_n(&c->lk, 1, __ATOMIC_ACQUIRE) != 0)
		;
#endif
	(void)c;
}

static inline void
miniunlock(Minichan *c)
{
#if CALLED
	__atomic_store_n(&c->lk, 0, __ATOMIC_RELEASE);
#endif
	(void)c;
}

static inline void
miniput(Miniq *q, Co *c)
{
	c->next = NULL;
	if(q->first == NULL)
		q->first = c;
	else
		q->last->next = c;
	q->last = c;
}

static inline Co*
miniget(Miniq *q)
{
	Co *c;

	c = q->first;
	if(c != NULL)
		q->first = c->next;
	return c;
}

/* amd64.  The red zone is stepped over: the compiler may have put something there */
static inline __attribute__((always_inline)) void
miniswitch(void **from, void *to)
{
	__asm__ volatile(
		"leaq	-128(%%rsp), %%rsp\n"
		"pushq	%%rbp\n"
		"leaq	1f(%%rip), %%rax\n"
		"pushq	%%rax\n"
		MINISAVE
		"movq	%%rsp, (%0)\n"
		"movq	%1, %%rsp\n"
		MINILOAD
		"popq	%%rax\n"
		"jmp	*%%rax\n"
		"1:\n"
		"popq	%%rbp\n"
		"leaq	128(%%rsp), %%rsp\n"
		: "+D"(from), "+S"(to)
		:
		: "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
		"xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
		"xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "memory", "cc");
}

/* run the first that is ready; the one that ended before has left its stack by now */
static inline __attribute__((always_inline)) void
mininext(void)
{
	Co *c, *me;

	me = mini.cur;
	c = miniget(&mini.ready);
	if(c == NULL)
		c = &mini.top;
	if(c == me)
		return;
	mini.cur = c;
	miniswitch(&me->sp, c->sp);
}

static __attribute__((noinline, used)) void
minientry(void)
{
	mini.cur->fn(mini.cur->arg);
	mini.live--;
	mini.cur->next = mini.freelist;
	mini.freelist = mini.cur;
	mininext();
	abort();
}

MINIFN void
ministart(void (*fn)(void*), void *arg)
{
	Co *c;
	void **sp;
	char *p;

	c = mini.freelist;
	if(c != NULL)
		mini.freelist = c->next;
	else{
		p = mmap(NULL, Ministack, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0);
		if(p == MAP_FAILED)
			abort();
		c = (Co*)(void*)(p + Ministack - 64*(mini.colour++%Minicolour)) - 1;
	}
	c->fn = fn;
	c->arg = arg;
	sp = (void**)((uintptr_t)c & ~(uintptr_t)15);
	*--sp = NULL;			/* where a call would have left its return address */
	*--sp = (void*)minientry;
#if CALLED
	sp--;
	__asm__ volatile("stmxcsr (%0)\n	fnstcw 4(%0)" : : "r"(sp) : "memory");
#endif
	c->sp = sp;
	mini.live++;
	miniput(&mini.ready, c);
}

/* run fn(arg) and all that it starts, until all have ended */
MINIFN void
minirun(void (*fn)(void*), void *arg)
{
	mini.cur = &mini.top;
	ministart(fn, arg);
	while(mini.live > 0)
		mininext();
}

MINIFN void
miniyield(void)
{
	miniput(&mini.ready, mini.cur);
	mininext();
}

MINIFN Minichan*
minichan(int n)
{
	Minichan *c;

	c = calloc(1, sizeof *c + (size_t)n*sizeof c->buf[0]);
	if(c == NULL)
		abort();
	c->size = n;
	c->altq.next = c->altq.prev = &c->altq;
	return c;
}

/* wake a task that waits in an alt, and take it out of all its queues */
static inline void
miniwake(Minialt *a, void *v)
{
	Co *c;
	int i;

	c = a->co;
	for(i = 0; i < c->nalt; i++){
		c->alt[i].prev->next = c->alt[i].next;
		c->alt[i].next->prev = c->alt[i].prev;
	}
	c->nalt = (int)(a - c->alt);
	c->v = v;
	miniput(&mini.ready, c);
}

MINIFN void
minisend(Minichan *c, void *v)
{
	Co *r;
	int i;

	minilock(c);
	if((r = miniget(&c->recvq)) != NULL){
		r->v = v;
		miniput(&mini.ready, r);
	}else if(c->altq.next != &c->altq)
		miniwake(c->altq.next, v);
	else if(c->n < c->size){
		i = c->first + c->n++;
		c->buf[i >= c->size? i - c->size: i] = v;
	}else{
		mini.cur->v = v;
		miniput(&c->sendq, mini.cur);
		miniunlock(c);
		mininext();
		return;
	}
	miniunlock(c);
}

MINIFN void*
minirecv(Minichan *c)
{
	Co *s;
	void *v;
	int i;

	minilock(c);
	if(c->n > 0){
		v = c->buf[c->first];
		if(++c->first == c->size)
			c->first = 0;
		c->n--;
		if((s = miniget(&c->sendq)) != NULL){
			i = c->first + c->n++;
			c->buf[i >= c->size? i - c->size: i] = s->v;
			miniput(&mini.ready, s);
		}
	}else if((s = miniget(&c->sendq)) != NULL){
		v = s->v;
		miniput(&mini.ready, s);
	}else{
		miniput(&c->recvq, mini.cur);
		miniunlock(c);
		mininext();
		return mini.cur->v;
	}
	miniunlock(c);
	return v;
}

/* receive from one of n channels: which.  The locks are for the sake of their cost: there is one OS thread */
MINIFN int
minialt(Minialt *a, int n, void **v)
{
	Co *me;
	int i;

	me = mini.cur;
	for(i = 0; i < n; i++)
		if(a[i].c->n > 0 || a[i].c->sendq.first != NULL){
			*v = minirecv(a[i].c);
			return i;
		}
	for(i = 0; i < n; i++){
		minilock(a[i].c);
		a[i].co = me;
		a[i].next = &a[i].c->altq;
		a[i].prev = a[i].c->altq.prev;
		a[i].prev->next = &a[i];
		a[i].c->altq.prev = &a[i];
		miniunlock(a[i].c);
	}
	me->alt = a;
	me->nalt = n;
	mininext();
	*v = me->v;
	return me->nalt;
}

#endif
