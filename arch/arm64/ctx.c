#include "arch.h"

void	l9ctxstart(void);	/* ctx.S; never called from C */

/* what l9ctxswitch leaves on the stack that it saves: ctx.S */
typedef struct Frame Frame;
struct Frame
{
	uint64_t	x19;
	uint64_t	x20;
	uint64_t	x21[8];		/* to x28 */
	uint64_t	x29;
	uint64_t	x30;
	uint64_t	d8[8];		/* to d15 */
	uint64_t	fpcr;
	uint64_t	pad;
};
_Static_assert(offsetof(Frame, x20) == 8, "ctx.S");
_Static_assert(offsetof(Frame, x30) == 88, "ctx.S");
_Static_assert(offsetof(Frame, fpcr) == 160, "ctx.S");
_Static_assert(sizeof(Frame) == 176, "ctx.S");

void
l9ctxinit(Ctx *c, void *base, size_t size, void (*fn)(void*), void *arg)
{
	Frame *f;

	f = (Frame*)((char*)base + size) - 1;
	*f = (Frame){
		.x19 = (uint64_t)(uintptr_t)fn,
		.x20 = (uint64_t)(uintptr_t)arg,
		.x30 = (uint64_t)(uintptr_t)l9ctxstart + 4,
	};
	__asm__ volatile("mrs %0, fpcr" : "=r"(f->fpcr));
	c->sp = f;
}
