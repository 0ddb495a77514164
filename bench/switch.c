/*
 * One switch from a context to another, which is the arch room's alone: no task, no queue.
 * Where both are left from one place in the program a return is well
 * predicted, where from two it is not.
 */
#include <limits.h>

#include "arch.h"
#include "bench.h"

enum {
	Stack = 64*1024,
};

static char stack[Stack] __attribute__((aligned(16)));

static Ctx here, there;

static __attribute__((noinline)) void
libloop(Ctx *from, Ctx *to, long n)
{
	while(n-- > 0)
		l9ctxswitch(from, to, NULL, 0);
}

static void
libsame(void *v)
{
	(void)v;
	libloop(&there, &here, LONG_MAX);
}

static void
libother(void *v)
{
	(void)v;
	for(;;)
		l9ctxswitch(&there, &here, NULL, 0);
}

static void
lib(Bench *b, double *v)
{
	int64_t t;
	long n;

	n = b->n/2 + 1;
	l9ctxinit(&there, stack, sizeof stack, b->arg == 1? libsame: libother, NULL);
	t = cpunow();
	libloop(&here, &there, n);
	*v = (double)(cpunow() - t)/(double)(2*n);
}

#if HAVEBARE
/*
 * The baselines save the six registers that the ABI calls callee-saved, and
 * leave by a jump or by a return; one also saves and loads the control state of both
 * floating-point units.
 */
#define BEGIN(name)\
	".text\n.type " name ", @function\n.p2align 5\n" name ":\n"\
	"	pushq %rbp\n	pushq %rbx\n	pushq %r12\n	pushq %r13\n	pushq %r14\n	pushq %r15\n"
#define STACK\
	"	movq %rsp, (%rdi)\n	movq %rsi, %rsp\n"
#define END\
	"	popq %r15\n	popq %r14\n	popq %r13\n	popq %r12\n	popq %rbx\n	popq %rbp\n"
#define JUMP\
	"	popq %rcx\n	jmp *%rcx\n"

void	intjump(void **from, void *to);
void	intret(void **from, void *to);
void	fpjump(void **from, void *to);
__asm__(
	BEGIN("intjump") STACK END JUMP
	BEGIN("intret") STACK END "	ret\n"
	BEGIN("fpjump")
	"	subq $8, %rsp\n	stmxcsr (%rsp)\n	fnstcw 4(%rsp)\n"
	STACK
	"	fldcw 4(%rsp)\n	ldmxcsr (%rsp)\n	addq $8, %rsp\n"
	END JUMP
);

typedef void Switch(void **from, void *to);

static void *sp, *othersp;

/* in line where sw is known, so that it is called directly */
static inline __attribute__((always_inline)) void
loop(Switch *sw, void **from, void **to, long n)
{
	while(n-- > 0)
		sw(from, *to);
}

static inline __attribute__((always_inline)) void
bare(Bench *b, double *v, Switch *sw, void (*same)(void), void (*other)(void), void (*go)(void**, void**, long))
{
	void **p;
	int64_t t;
	long n;

	(void)sw;
	n = b->n/2 + 1;
	p = (void**)(void*)(stack + sizeof stack);
	*--p = NULL;			/* where a call would have left its return address */
	*--p = b->arg == 1? (void*)same: (void*)other;
	p -= 6;
	*--p = NULL;
	__asm__ volatile("stmxcsr (%0)\n	fnstcw 4(%0)" : : "r"(p) : "memory");
	if(sw != fpjump)
		p++;
	othersp = p;
	t = cpunow();
	go(&sp, &othersp, n);
	*v = (double)(cpunow() - t)/(double)(2*n);
}

#define SIDE(sw)\
	static __attribute__((noinline)) void sw##loop(void **from, void **to, long n) { loop(sw, from, to, n); }\
	static void sw##same(void) { sw##loop(&othersp, &sp, INT64_MAX); }\
	static void sw##other(void) { loop(sw, &othersp, &sp, INT64_MAX); }\
	static void sw##side(Bench *b, double *v) { bare(b, v, sw, sw##same, sw##other, sw##loop); }
SIDE(intjump)
SIDE(intret)
SIDE(fpjump)

#define BARES {"6 registers, jump", intjumpside}, {"6 registers, return", intretside},\
	{"with floating-point control, jump", fpjumpside}
#else
#define BARES {NULL, NULL}
#endif

static const Figure one = {"switch1", "switch, from one place", "ns cpu", 0, 0};
static const Figure two = {"switch2", "switch, from two places", "ns cpu", 0, 0};

static Bench benches[] = {
	{&one, 1, 20000000, 10000, 1, 0, {{"lib9thread", lib}, BARES}},
	{&two, 1, 20000000, 10000, 2, 0, {{"lib9thread", lib}, BARES}},
};

int
main(int argc, char *argv[])
{
	return benchmain("switch", benches, NELEM(benches), argc, argv);
}
