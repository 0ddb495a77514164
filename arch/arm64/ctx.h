/* arm64: a context is its stack pointer; ctx.S says what lies there */
typedef struct Ctx Ctx;
struct Ctx
{
	void	*sp;
};

/*
 * Not yield: it is a nop on every core that has no hardware threads.  isb
 * empties the pipeline, which is about as long as amd64's pause.
 */
static inline void
l9cpurelax(void)
{
	__asm__ volatile("isb" ::: "memory");
}

/* where the stack of a context that does not run ends; NULL: not known */
static inline void*
l9ctxsp(const Ctx *c)
{
	return c->sp;
}

long	l9ctxswitch(Ctx *from, Ctx *to, long (*then)(long), long v);

static inline void
l9ctxleave(Ctx *from, Ctx *to, long (*then)(long), long v)
{
	l9ctxswitch(from, to, then, v);
}
