#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "mini.h"

enum {
	Stack = 64*1024,
};

typedef struct Queue Queue;
struct Queue
{
	Co	*first;
	Co	*last;
};

struct Minichan
{
	Queue	sendq;
	Queue	recvq;
	int	n;
	int	first;
	int	size;
	void	*buf[];
};

static Queue ready;
static Co *cur, *freelist, *dead;
static Co top;
static int live;

/* amd64: the six registers that the ABI calls callee-saved, no more */
void	miniswitch(void **from, void *to);
void	minientry(void);
__asm__(
	".text\n"
	".type miniswitch, @function\n"
	".p2align 5\n"
	"miniswitch:\n"
	"	pushq %rbp\n	pushq %rbx\n	pushq %r12\n	pushq %r13\n	pushq %r14\n	pushq %r15\n"
	"	movq %rsp, (%rdi)\n"
	"	movq %rsi, %rsp\n"
	"	popq %r15\n	popq %r14\n	popq %r13\n	popq %r12\n	popq %rbx\n	popq %rbp\n"
	"	ret\n"
	".type minientry, @function\n"
	"minientry:\n"
	"	call *%rbx\n"
	"	ud2\n"
);

static inline void
put(Queue *q, Co *c)
{
	c->next = NULL;
	if(q->first == NULL)
		q->first = c;
	else
		q->last->next = c;
	q->last = c;
}

static inline Co*
get(Queue *q)
{
	Co *c;

	c = q->first;
	if(c != NULL)
		q->first = c->next;
	return c;
}

/*
 * One place that switches, so that the return predictor is right: each ret
 * takes what the call before it put there, which was the same place.
 */
static __attribute__((noinline)) void
next(void)
{
	Co *c, *me;

	me = cur;
	c = get(&ready);
	if(c == NULL)
		c = &top;
	if(c != me){
		cur = c;
		miniswitch(&me->sp, c->sp);
	}
	if(dead != NULL){
		dead->next = freelist;
		freelist = dead;
		dead = NULL;
	}
}

static void
entry(void)
{
	if(dead != NULL){
		dead->next = freelist;
		freelist = dead;
		dead = NULL;
	}
	cur->fn(cur->arg);
	live--;
	dead = cur;
	next();
}

void
ministart(void (*fn)(void*), void *arg)
{
	Co *c;
	void **sp;
	char *p;

	c = freelist;
	if(c != NULL)
		freelist = c->next;
	else{
		p = mmap(NULL, Stack, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0);
		if(p == MAP_FAILED)
			abort();
		c = (Co*)(void*)(p + Stack) - 1;
	}
	c->fn = fn;
	c->arg = arg;
	sp = (void**)((uintptr_t)c & ~(uintptr_t)15) - 2;
	*--sp = (void*)minientry;
	*--sp = NULL;			/* rbp */
	*--sp = (void*)entry;		/* rbx */
	sp -= 4;
	c->sp = sp;
	live++;
	put(&ready, c);
}

void
minirun(void (*fn)(void*), void *arg)
{
	cur = &top;
	ministart(fn, arg);
	while(live > 0)
		next();
}

void
miniyield(void)
{
	put(&ready, cur);
	next();
}

Minichan*
minichan(int n)
{
	Minichan *c;

	c = calloc(1, sizeof *c + (size_t)n*sizeof c->buf[0]);
	if(c == NULL)
		abort();
	c->size = n;
	return c;
}

void
minisend(Minichan *c, void *v)
{
	Co *r;
	int i;

	if((r = get(&c->recvq)) != NULL){
		r->v = v;
		put(&ready, r);
	}else if(c->n < c->size){
		i = c->first + c->n++;
		c->buf[i >= c->size? i - c->size: i] = v;
	}else{
		cur->v = v;
		put(&c->sendq, cur);
		next();
	}
}

void*
minirecv(Minichan *c)
{
	Co *s;
	void *v;
	int i;

	if(c->n > 0){
		v = c->buf[c->first];
		if(++c->first == c->size)
			c->first = 0;
		c->n--;
		if((s = get(&c->sendq)) != NULL){
			i = c->first + c->n++;
			c->buf[i >= c->size? i - c->size: i] = s->v;
			put(&ready, s);
		}
		return v;
	}
	if((s = get(&c->sendq)) != NULL){
		put(&ready, s);
		return s->v;
	}
	put(&c->recvq, cur);
	next();
	return cur->v;
}
