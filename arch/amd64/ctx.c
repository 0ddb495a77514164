#include "arch.h"

void	l9ctxstart(void);	/* ctx.S; never called */

/* what l9ctxswitch leaves on the stack that it saves: ctx.S */
typedef struct Frame Frame;
struct Frame
{
	uint32_t	mxcsr;
	uint16_t	x87cw;
	uint16_t	pad;
	uint64_t	r15;
	uint64_t	r14;
	uint64_t	r13;		/* of a new one: arg */
	uint64_t	r12;		/* of a new one: fn */
	uint64_t	rbx;
	uint64_t	rbp;
	uint64_t	rip;
	uint64_t	end[2];		/* where unwinders that ignore CFI stop */
};
_Static_assert(offsetof(Frame, rip) == 56, "ctx.S");
_Static_assert(offsetof(Frame, r13) == 24 && offsetof(Frame, r12) == 32, "ctx.S");
_Static_assert((sizeof(Frame) - offsetof(Frame, end))%16 == 0, "fn begins with an aligned stack");

void
l9ctxinit(Ctx *c, void *base, size_t size, void (*fn)(void*), void *arg)
{
	Frame *f;

	f = (Frame*)((char*)base + size) - 1;
	*f = (Frame){
		.r12 = (uint64_t)(uintptr_t)fn,
		.r13 = (uint64_t)(uintptr_t)arg,
		.rip = (uint64_t)(uintptr_t)l9ctxstart + 1,
	};
	/* volatile: fesetround, say, must not be moved across */
	__asm__ volatile("stmxcsr %0" : "=m"(f->mxcsr));
	__asm__ volatile("fnstcw %0" : "=m"(f->x87cw));
	c->sp = (char*)f + 1;
}
