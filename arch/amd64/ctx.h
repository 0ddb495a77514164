/* amd64: a context is its stack pointer, and 1 before it has run; ctx.S says what lies there */
typedef struct Ctx Ctx;
struct Ctx
{
	void	*sp;
};

void	l9ctxleave(Ctx *from, Ctx *to, long (*then)(long), long v);

static inline void
l9cpurelax(void)
{
	__builtin_ia32_pause();
}

/* where the stack of a context that does not run ends; NULL: not known */
static inline void*
l9ctxsp(const Ctx *c)
{
	return (void*)((uintptr_t)c->sp & ~(uintptr_t)1);
}
