/* amd64: a context is its stack pointer; ctx.S says what lies there */
typedef struct Ctx Ctx;
struct Ctx
{
	void	*sp;
};

static inline void
l9cpurelax(void)
{
	__builtin_ia32_pause();
}

/* where the stack of a context that does not run ends; NULL: not known */
static inline void*
l9ctxsp(const Ctx *c)
{
	return c->sp;
}
