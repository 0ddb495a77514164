/* riscv64: a context is its stack pointer; ctx.S says what lies there */
typedef struct Ctx Ctx;
struct Ctx
{
	void	*sp;
};

/*
 * pause, spelt out: assemblers refuse the name without Zihintpause, yet it
 * is a fence of nothing, and so a nop, on a CPU without.
 */
static inline void
l9cpurelax(void)
{
	__asm__ volatile(".4byte 0x0100000f" ::: "memory");
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
