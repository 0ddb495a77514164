#include "arch.h"

void	l9ctxstart(void);	/* ctx.S; never called from C */

/* what l9ctxswitch leaves on the stack that it saves: ctx.S */
typedef struct Frame Frame;
struct Frame
{
	uint64_t	ra;
	uint64_t	s0;
	uint64_t	s1;
	uint64_t	s2;
	uint64_t	s3[9];		/* to s11 */
	uint64_t	frm;
#ifdef __riscv_flen
	uint64_t	fs0[12];	/* to fs11 */
#endif
};
_Static_assert(offsetof(Frame, s1) == 16, "ctx.S");
_Static_assert(offsetof(Frame, s2) == 24, "ctx.S");
_Static_assert(offsetof(Frame, frm) == 104, "ctx.S");
#ifdef __riscv_flen
_Static_assert(__riscv_flen <= 64, "ctx.S saves no wider registers");
_Static_assert(sizeof(Frame) == 208, "ctx.S");
#else
_Static_assert(sizeof(Frame) == 112, "ctx.S");
#endif

void
l9ctxinit(Ctx *c, void *base, size_t size, void (*fn)(void*), void *arg)
{
	Frame *f;

	f = (Frame*)((char*)base + size) - 1;
	*f = (Frame){
		.ra = (uint64_t)(uintptr_t)l9ctxstart + 4,
		.s1 = (uint64_t)(uintptr_t)fn,
		.s2 = (uint64_t)(uintptr_t)arg,
	};
#ifdef __riscv_flen
	__asm__ volatile("frrm %0" : "=r"(f->frm));
#endif
	c->sp = f;
}
