#include <stdio.h>

#include "chan.h"

enum {
	Firstsize = 16,			/* places an unbounded channel starts with */
	Keepbytes = 64*1024,		/* buffer that an empty unbounded channel keeps */
};

/* nel of an unbounded channel is -1, and its buf grows: size <= Maxsize */
#define Maxsize	((uint32_t)1<<31)

/* not aligned_alloc: what it leaves unused is as large again, in glibc */
static Channel*
newchan(void)
{
	char *base;
	size_t skip;
	Channel *c;

	base = calloc(1, sizeof *c + Cacheline - _Alignof(max_align_t));
	if(base == nil)
		return nil;
	skip = l9sanstart()? 0: -(uintptr_t)base & (Cacheline-1);
	c = (Channel*)(void*)(base + skip);
	c->base = base;
	return c;
}

static void
delchan(Channel *c)
{
	free(c->buf);
	free(c->base);
}

Channel*
chancreate(int elsize, int nel)
{
	Channel *c;

	if(elsize <= 0 || nel < CHANUNBOUNDED){
		l9err(EINVAL, "chancreate: bad size");
		return nil;
	}
	if(nel > 0 && (size_t)nel > (PTRDIFF_MAX - sizeof *c)/(size_t)elsize){
		l9err(EINVAL, "chancreate: size overflows");
		return nil;
	}
	c = newchan();
	if(c == nil)
		goto nomem;
	c->elsize = (uint32_t)elsize;
	c->nel = nel;
	if(nel > 0){
		c->size = (uint32_t)nel;
		c->buf = malloc((size_t)nel*(size_t)elsize);
		if(c->buf == nil){
			delchan(c);
			goto nomem;
		}
	}
	l9leakadd(c);
	return c;
nomem:
	l9err(ENOMEM, "out of memory");
	return nil;
}

void
l9chandestroy(Channel *c)
{
	if(c->leak != nil)
		l9leakdel(c);
	delchan(c);
}

/*
 * l9claimfirst, whose first waiter had been claimed elsewhere, and was taken
 * out: its task will come by to take itself out, and until then c may not
 * go, which nleave sees to.  So for the next ones.
 */
Waiter*
l9claimnext(Channel *c, Waitq *q, bool own)
{
	Waiter *w;

	for(;;){
		c->nleave++;
		w = q->first;
		if(w == nil)
			return nil;
		wqdel(q, w);
		if(own? claimown(w->task): claim(w->task)){
			w->task->which = w->index;
			return w;
		}
	}
}

/*
 * Under the lock although it may take a while: it is rare, and an operation
 * that let the lock go here would have to begin anew.
 */
bool
l9changrow(Channel *c)
{
	uint32_t size, tail;
	char *buf;

	size = c->size == 0? Firstsize: c->size*2;
	if(c->size >= Maxsize || size > PTRDIFF_MAX/c->elsize)
		return false;
	buf = malloc((size_t)size*c->elsize);
	if(buf == nil)
		return false;
	if(c->n > 0){
		tail = c->size - c->first;
		memcpy(buf, c->buf + (size_t)c->first*c->elsize, (size_t)tail*c->elsize);
		memcpy(buf + (size_t)tail*c->elsize, c->buf, (size_t)c->first*c->elsize);
	}
	free(c->buf);
	c->buf = buf;
	c->first = 0;
	c->size = size;
	return true;
}

/* c is unbounded and empty: give the memory of a peak back */
void
l9chanshrink(Channel *c)
{
	if((size_t)c->size*c->elsize <= Keepbytes)
		return;
	free(c->buf);
	c->buf = nil;
	c->first = 0;
	c->size = 0;
}

void
l9chandrop(Channel *c)
{
	bool own;

	own = l9chanbegin(c, l9proc);
	while(c->n > 0)
		l9changet(c, nil, c->elsize);
	l9chanend(c, l9proc, own);
}

/* everybody who waits in q is told why */
static void
wakeall(Channel *c, Waitq *q, int why, bool own, Batch *b)
{
	Waiter *w;
	Task *t;

	while((w = l9claimfirst(c, q, own)) != nil){
		t = w->task;
		t->why = why;
		l9batchadd(b, t);
	}
}

int
chanclose(Channel *c)
{
	Batch b = {nil, nil};
	bool own;

	if(c == nil)
		l9misuse("chanclose", "nil channel");
	own = l9chanbegin(c, l9proc);
	if(c->closed){
		l9chanend(c, l9proc, own);
		return l9errwhy(Wclosed);
	}
	c->closed = true;
	wakeall(c, &c->sendq, Wclosed, own, &b);
	/* receivers wait only while nothing is buffered */
	wakeall(c, &c->recvq, Wclosed, own, &b);
	l9chanend(c, l9proc, own);
	l9batchready(&b);
	return 0;
}

int
chanclosing(Channel *c)
{
	int n;
	bool own;

	if(c == nil)
		l9misuse("chanclosing", "nil channel");
	own = l9chanbegin(c, l9proc);
	n = !c->closed? -1: c->n > INT32_MAX? INT32_MAX: (int)c->n;
	l9chanend(c, l9proc, own);
	return n;
}

void
chanfree(Channel *c)
{
	Batch b = {nil, nil};
	bool own, last;

	if(c == nil)
		return;
	own = l9chanbegin(c, l9proc);
	c->freed = true;
	wakeall(c, &c->sendq, Wfreed, own, &b);
	wakeall(c, &c->recvq, Wfreed, own, &b);
	last = c->nleave == 0;
	l9chanend(c, l9proc, own);
	/* those claimed here do not come by again */
	if(last)
		l9chandestroy(c);
	l9batchready(&b);
}

void
chansetname(Channel *c, const char *fmt, ...)
{
	char name[Channamelen];
	va_list arg;
	bool own;

	if(c == nil)
		l9misuse("chansetname", "nil channel");
	va_start(arg, fmt);
	vsnprintf(name, sizeof name, fmt, arg);
	va_end(arg);
	own = l9chanbegin(c, l9proc);
	memcpy(c->name, name, sizeof name);
	l9chanend(c, l9proc, own);
}

/* as chansetname, of a channel that nobody else knows yet */
void
l9chancalled(Channel *c, const char *name)
{
	strncpy(c->name, name, sizeof c->name - 1);
}

/* how messages call c; returns buf */
char*
l9channame(Channel *c, char buf[Channamelen+32])
{
	bool own;

	own = l9chanbegin(c, l9proc);
	if(c->name[0] != '\0')
		snprintf(buf, Channamelen+32, "channel %p (%s)", (void*)c, c->name);
	else
		snprintf(buf, Channamelen+32, "channel %p", (void*)c);
	l9chanend(c, l9proc, own);
	return buf;
}
