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
