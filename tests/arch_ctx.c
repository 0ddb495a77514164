/*
 * The contract of arch.h, contexts.  What runs on another stack only records;
 * the test itself asserts, on its own stack, because cmocka leaves a failed
 * assertion by longjmp.
 */
#include <fenv.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch.h"

#if defined(L9VALGRIND) && L9VALGRIND
#include <valgrind/valgrind.h>
#else
#define VALGRIND_STACK_REGISTER(low, high)	0
#define VALGRIND_STACK_DEREGISTER(id)	((void)(id))
#endif

enum
{
	Stack	= 128*1024,
	Nring	= 5,
	Nlap	= 20000,	/* Nring*Nlap: 100,000 switches */
	Nmix	= 4,
	Nround	= 2000,
};

/* a context under test, and whom it goes back to */
typedef struct Co Co;
struct Co
{
	Ctx	c;
	Ctx	*back;
	char	*stack;
	void	(*fn)(Co*);
	unsigned int	vg;	/* valgrind's number of the stack */
	int	done;
	long	n;	/* what fn makes of it */
};

static void
hop(Co *co)
{
	l9ctxswitch(&co->c, co->back, NULL, 0);
}

static void
run(void *v)
{
	Co *co;

	co = v;
	co->fn(co);
	co->done = 1;
	for(;;)
		hop(co);
}

static void
coinit(Co *co, void (*fn)(Co*), Ctx *back)
{
	*co = (Co){.fn = fn, .back = back};
	co->stack = l9memmap(Stack);
	assert_non_null(co->stack);
	co->vg = VALGRIND_STACK_REGISTER(co->stack, co->stack + Stack);
	l9ctxinit(&co->c, co->stack, Stack, run, co);
}

static void
cofree(Co *co)
{
	VALGRIND_STACK_DEREGISTER(co->vg);
	l9memunmap(co->stack, Stack);
}

/* the ring: each context switches to the next; the last closes it through the test */

static Co ring[Nring];
static Ctx self;
static long turn;
static int outoforder;

static void
lap(Co *co)
{
	long i, me;

	me = co - ring;
	for(i = 0; i < Nlap; i++){
		if(turn++ != i*Nring + me)
			outoforder = 1;
		co->n++;
		l9ctxswitch(&co->c, me == Nring-1? &self: &ring[me+1].c, NULL, 0);
	}
}

static void
ringrun(void **state)
{
	long i;

	turn = outoforder = 0;
	for(i = 0; i < Nring; i++)
		coinit(&ring[i], lap, &self);
	for(i = 0; i < Nlap; i++)
		l9ctxswitch(&self, &ring[0].c, NULL, 0);
	assert_int_equal(turn, (long)Nring*Nlap);
	assert_false(outoforder);
	for(i = 0; i < Nring; i++){
		assert_int_equal(ring[i].n, Nlap);
		cofree(&ring[i]);
	}
}

/*
 * More live values across a switch than there are registers to hold them, of
 * both kinds, so that the compiler uses every one that a call preserves.
 */

typedef struct Mix Mix;
struct Mix
{
	uint64_t	u;
	double	d;
};

static Mix
mix(uint64_t seed, Co *co)
{
	uint64_t a, b, c, d, e, f, g, h, j, k, l, m, n, o;
	double A, B, C, D, E, F, G, H, J, K, L, M;
	int i;

	a = seed; b = a+1; c = a+2; d = a+3; e = a+4; f = a+5; g = a+6;
	h = a+7; j = a+8; k = a+9; l = a+10; m = a+11; n = a+12; o = a+13;
	A = (double)seed; B = A+1; C = A+2; D = A+3; E = A+4; F = A+5;
	G = A+6; H = A+7; J = A+8; K = A+9; L = A+10; M = A+11;
	for(i = 0; i < Nround; i++){
		if(co != NULL)
			hop(co);
		a = a*3 + o; b = b*5 + a; c = c*7 + b; d = d*9 + c; e = e*11 + d;
		f = f*13 + e; g = g*15 + f; h = h*17 + g; j = j*19 + h; k = k*21 + j;
		l = l*23 + k; m = m*25 + l; n = n*27 + m; o = o*29 + n;
		A = A*0.5 + M; B = B*0.25 + A; C = C*0.5 - B; D = D*0.25 + C;
		E = E*0.5 - D; F = F*0.25 + E; G = G*0.5 - F; H = H*0.25 + G;
		J = J*0.5 - H; K = K*0.25 + J; L = L*0.5 - K; M = M*0.125 + L*0.125;
	}
	return (Mix){
		a^b^c^d^e^f^g^h^j^k^l^m^n^o,
		A+B+C+D+E+F+G+H+J+K+L+M,
	};
}

static Mix (*volatile themix)(uint64_t, Co*) = mix;	/* volatile: not to be specialised */
static Co mixer[Nmix];
static Mix mixed[Nmix];

static void
mixin(Co *co)
{
	long i;

	i = co - mixer;
	mixed[i] = themix((uint64_t)i*0x1234567 + 89, co);
}

static void
registers(void **state)
{
	Mix want;
	long i;
	int busy;

	for(i = 0; i < Nmix; i++)
		coinit(&mixer[i], mixin, &self);
	do{
		busy = 0;
		for(i = 0; i < Nmix; i++){
			l9ctxswitch(&self, &mixer[i].c, NULL, 0);
			busy |= !mixer[i].done;
		}
	}while(busy);
	for(i = 0; i < Nmix; i++){
		want = themix((uint64_t)i*0x1234567 + 89, NULL);
		assert_true(mixed[i].u == want.u);
		assert_memory_equal(&mixed[i].d, &want.d, sizeof want.d);
		cofree(&mixer[i]);
	}
}

/*
 * Rounding.  No two modes agree on all three quotients, in the precision
 * of double or in x87's: a CPU with two floating-point units shows both.
 */

typedef struct Quot Quot;
struct Quot
{
	int	mode;
	double	d[3];
	long double	l[3];
};

static void
divide(Quot *q)
{
	static const int by[] = {3, 7, 10};
	volatile double d;
	volatile long double l;
	int i;

	q->mode = fegetround();
	for(i = 0; i < 3; i++){
		d = by[i];
		d = 1/d;
		q->d[i] = d;
		l = by[i];
		l = 1/l;
		q->l[i] = l;
	}
}

static int
samequot(const Quot *a, const Quot *b)
{
	int i;

	for(i = 0; i < 3; i++)
		if(a->d[i] != b->d[i] || a->l[i] != b->l[i])
			return 0;
	return a->mode == b->mode;
}

static Quot
quotin(int mode)
{
	Quot q;
	int old;

	old = fegetround();
	fesetround(mode);
	divide(&q);
	fesetround(old);
	return q;
}

static Quot begun, after;	/* as seen by a context at its entry, and after a switch */

static void
upward(Co *co)
{
	divide(&begun);
	fesetround(FE_UPWARD);
	hop(co);
	divide(&after);
}

static void
rounding(void **state)
{
	Quot near, up, down, here;
	Co co;

	near = quotin(FE_TONEAREST);
	up = quotin(FE_UPWARD);
	down = quotin(FE_DOWNWARD);
	assert_false(samequot(&up, &down));
	assert_false(samequot(&up, &near));

	coinit(&co, upward, &self);
	l9ctxswitch(&self, &co.c, NULL, 0);
	divide(&here);		/* the context's mode stayed with it */
	fesetround(FE_DOWNWARD);
	l9ctxswitch(&self, &co.c, NULL, 0);
	fesetround(FE_TONEAREST);
	assert_true(samequot(&begun, &near));
	assert_true(samequot(&here, &near));
	assert_true(samequot(&after, &up));	/* and ours with us */
	cofree(&co);
}

static void
lookround(Co *co)
{
	divide(&begun);
}

/* a new context begins with the mode of whoever made it, not of whoever starts it */
static void
inherits(void **state)
{
	Quot near, up, here;
	Co co;

	near = quotin(FE_TONEAREST);
	up = quotin(FE_UPWARD);
	fesetround(FE_UPWARD);
	coinit(&co, lookround, &self);
	fesetround(FE_TONEAREST);
	l9ctxswitch(&self, &co.c, NULL, 0);
	divide(&here);
	fesetround(FE_TONEAREST);
	assert_true(samequot(&begun, &up));
	assert_true(samequot(&here, &near));
	cofree(&co);
}

/* what a switch returns */

static long told[5];
static char *volatile thenat;
static int nthen;

static long
twice(long v)
{
	char here;

	thenat = &here;
	nthen++;
	return 2*v;
}

/* leaves by a jump, as the library's calls do, where the compiler can */
static __attribute__((noinline)) int
leaves(Co *co)
{
	return l9ctxswitchint(&co->c, co->back, NULL, 0);
}

static void
listens(Co *co)
{
	volatile long kept;
	int i;

	kept = 7;
	told[0] = l9ctxswitch(&co->c, co->back, NULL, 0);
	told[1] = l9ctxswitch(&co->c, co->back, NULL, 0);
	for(i = 2; i < 5; i++)
		told[i] = leaves(co);
	co->n = kept;
}

/* whoever resumes a context says so, or what finds it out there */
static void
results(void **state)
{
	Co co;

	(void)state;
	coinit(&co, listens, &self);
	l9ctxswitch(&self, &co.c, NULL, 1);
	l9ctxswitch(&self, &co.c, NULL, LONG_MIN);
	l9ctxswitch(&self, &co.c, twice, 21);
	assert_int_equal(nthen, 1);
	assert_true(thenat > co.stack && thenat < co.stack + Stack);
	l9ctxswitch(&self, &co.c, NULL, -1);
	l9ctxswitch(&self, &co.c, twice, -3);
	l9ctxswitch(&self, &co.c, NULL, 1);
	assert_int_equal(nthen, 2);
	assert_true(co.done);
	assert_int_equal(co.n, 7);
	assert_true(told[0] == LONG_MIN);
	assert_int_equal(told[1], 42);
	assert_int_equal(told[2], -1);
	assert_int_equal(told[3], -6);
	assert_int_equal(told[4], 1);
	cofree(&co);
}

/* the stack */

static void *volatile frame, *volatile local;	/* volatile: an address whose alignment cannot be assumed */
static char printed[64];

static void
lookstack(Co *co)
{
	_Alignas(16) char x[16];

	frame = __builtin_frame_address(0);
	local = x;
	/* libc's own code for variable arguments may fault on a crooked stack */
	snprintf(printed, sizeof printed, "%g %g %s", 1.5, (double)co->n, "ok");
}

static void
stack(void **state)
{
	Co co;
	size_t n;

	/* any size whose end is aligned will do */
	for(n = 0; n < 256; n += 16){
		coinit(&co, lookstack, &self);
		co.n = 3;
		l9ctxinit(&co.c, co.stack, Stack-n, run, &co);
		l9ctxswitch(&self, &co.c, NULL, 0);
		assert_true(co.done);
		assert_int_equal((uintptr_t)frame%16, 0);
		assert_int_equal((uintptr_t)local%16, 0);
		/* not the local: AddressSanitizer may keep it elsewhere */
		assert_true((char*)frame >= co.stack);
		assert_true((char*)frame < co.stack+Stack-n);
		assert_string_equal(printed, "1.5 3 ok");
		cofree(&co);
	}
}

/* l9ctxinit only prepares: what lies above the stack is not its, nor is more than a frame of it */
static void
bounds(void **state)
{
	static _Alignas(16) unsigned char mem[16384+256];
	Co co;
	size_t i;

	memset(mem, 0xa5, sizeof mem);
	co = (Co){.fn = lookround, .back = &self};
	l9ctxinit(&co.c, mem, 16384, run, &co);
	for(i = 0; i < 16384-1024; i++)
		assert_int_equal(mem[i], 0xa5);
	l9ctxswitch(&self, &co.c, NULL, 0);
	assert_true(co.done);
	for(i = 16384; i < sizeof mem; i++)
		assert_int_equal(mem[i], 0xa5);
}

/* OS threads: a context made by one and run by others, and the signal mask, which is the OS thread's */

static void
count(Co *co)
{
	for(;;){
		co->n++;
		hop(co);
	}
}

static void*
elsewhere(void *v)
{
	Co *co;
	Ctx me;

	co = v;
	co->back = &me;
	l9ctxswitch(&me, &co->c, NULL, 0);
	l9ctxswitch(&me, &co->c, NULL, 0);
	return NULL;
}

static void
osthreads(void **state)
{
	pthread_t id;
	Co co;
	int i;

	coinit(&co, count, &self);
	for(i = 1; i <= 10; i++){
		assert_int_equal(pthread_create(&id, NULL, elsewhere, &co), 0);
		pthread_join(id, NULL);
		assert_int_equal(co.n, 2*i);
	}
	cofree(&co);
}

static int
blocked(int sig)
{
	sigset_t set;

	pthread_sigmask(SIG_SETMASK, NULL, &set);
	return sigismember(&set, sig);
}

static void
setmask(int how, int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	pthread_sigmask(how, &set, NULL);
}

static void
unmask(Co *co)
{
	co->n = blocked(SIGUSR1);
	setmask(SIG_UNBLOCK, SIGUSR1);
	hop(co);
	co->n = blocked(SIGUSR1);
}

static void
masks(void **state)
{
	Co co;

	coinit(&co, unmask, &self);
	setmask(SIG_BLOCK, SIGUSR1);
	l9ctxswitch(&self, &co.c, NULL, 0);
	assert_int_equal(co.n, 1);
	assert_int_equal(blocked(SIGUSR1), 0);
	setmask(SIG_BLOCK, SIGUSR1);
	l9ctxswitch(&self, &co.c, NULL, 0);
	assert_int_equal(co.n, 1);
	setmask(SIG_UNBLOCK, SIGUSR1);
	cofree(&co);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ringrun),
		cmocka_unit_test(registers),
		cmocka_unit_test(rounding),
		cmocka_unit_test(inherits),
		cmocka_unit_test(results),
		cmocka_unit_test(stack),
		cmocka_unit_test(bounds),
		cmocka_unit_test(osthreads),
		cmocka_unit_test(masks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
