/*
 * Any CPU whose C library has the ucontext calls: slow, and correct, to test
 * the assembly against.  musl has none of them.
 *
 * A Ctx must stay where l9ctxinit saw it: a ucontext_t may point into itself.
 */
#include <ucontext.h>

typedef struct Ctx Ctx;
struct Ctx
{
	ucontext_t	u;
	/* what the one who resumes it hands over */
	long	(*then)(long);
	long	v;
};

static inline void
l9cpurelax(void)
{
	atomic_signal_fence(memory_order_seq_cst);	/* at least the loop stays one */
}

/* where the stack of a context that does not run ends; NULL: not known */
static inline void*
l9ctxsp(const Ctx *c)
{
	(void)c;
	return NULL;
}

long	l9ctxswitch(Ctx *from, Ctx *to, long (*then)(long), long v);

static inline void
l9ctxleave(Ctx *from, Ctx *to, long (*then)(long), long v)
{
	l9ctxswitch(from, to, then, v);
}
