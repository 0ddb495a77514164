/* The contract of arch.h, memory. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "arch.h"

enum
{
	Nslot	= 500,
};

static size_t page;
static int fd[2];	/* a pipe: write(2) must read what it is given */

static int
setup(void **state)
{
	int i;

	page = l9pagesize();
	if(pipe(fd) < 0)
		return -1;
	for(i = 0; i < 2; i++)
		fcntl(fd[i], F_SETFL, O_NONBLOCK);
	return 0;
}

/* ask the kernel: 1 if the byte can be read, 0 if it faults */
static int
readable(const char *p)
{
	char c;
	ssize_t n;

	n = write(fd[1], p, 1);
	if(n < 0){
		assert_int_equal(errno, EFAULT);
		return 0;
	}
	assert_int_equal(n, 1);
	assert_int_equal(read(fd[0], &c, 1), 1);
	assert_int_equal(c, *p);
	return 1;
}

/* 1 if a store there is a fault that a handler sees */

static sigjmp_buf fault;

static void
onfault(int sig)
{
	siglongjmp(fault, 1);
}

static int
faults(volatile char *p)
{
	struct sigaction sa, segv, bus;
	volatile int hit;

	memset(&sa, 0, sizeof sa);
	sa.sa_handler = onfault;
	sigemptyset(&sa.sa_mask);
	sigaction(SIGSEGV, &sa, &segv);
	sigaction(SIGBUS, &sa, &bus);
	hit = 1;
	if(sigsetjmp(fault, 1) == 0){
		*p = 1;
		hit = 0;
	}
	sigaction(SIGSEGV, &segv, NULL);
	sigaction(SIGBUS, &bus, NULL);
	return hit;
}

static void
pages(void **state)
{
	assert_true(page >= 4096);
	assert_int_equal(page & (page-1), 0);
	assert_int_equal(l9pagesize(), page);
}

static void
zeroed(void **state)
{
	size_t i, n;
	char *p;

	n = 16*page;
	assert_non_null(p = l9memmap(n));
	assert_int_equal((uintptr_t)p%page, 0);
	for(i = 0; i < n; i++)
		assert_int_equal(p[i], 0);
	memset(p, 'x', n);
	for(i = 0; i < n; i++)
		assert_int_equal(p[i], 'x');
	l9memunmap(p, n);
	assert_false(readable(p));
}

/* addresses, not memory */
static void
large(void **state)
{
	size_t n;
	char *p;

	n = (size_t)1<<30;
	assert_non_null(p = l9memmap(n));
	p[0] = 1;
	p[n-1] = 1;
	assert_int_equal(p[n/2], 0);
	l9memunmap(p, n);
}

static void
toolarge(void **state)
{
	errno = 0;
	assert_null(l9memmap(SIZE_MAX & ~(page-1)));
	assert_int_not_equal(errno, 0);
}

static void
guard(void **state)
{
	char *p;

	assert_non_null(p = l9memmap(8*page));
	memset(p, 'a', 8*page);
	assert_int_equal(l9memguard(p+2*page, 3*page, 0, 1), 0);
	assert_true(readable(p+2*page-1));
	assert_false(readable(p+2*page));
	assert_false(readable(p+5*page-1));
	assert_true(readable(p+5*page));
	assert_true(faults(p+2*page));
	assert_true(faults(p+5*page-1));
	assert_false(faults(p+2*page-1));
	assert_false(faults(p+5*page));
	l9memunmap(p, 8*page);
}

/* many stacks in one mapping, guarded and populated k at a time before anything is touched */
static void
slots(void **state)
{
	size_t i, slot;
	char *p;
	int k;

	slot = 4*page;
	assert_non_null(p = l9memmap(Nslot*slot));
	for(i = k = 0; i < Nslot; i += (size_t)k){
		k = k%L9nregion + 1;
		if(i + (size_t)k > Nslot)
			k = (int)(Nslot - i);
		assert_int_equal(l9memguard(p + i*slot, page, slot, k), 0);
		l9mempopulate(p + i*slot + 3*page, page, slot, k);
	}
	for(i = 0; i < Nslot; i++){
		assert_false(readable(p + i*slot));
		assert_int_equal(p[i*slot + 3*page], 0);
		p[i*slot + page] = 's';
		p[(i+1)*slot - 1] = 't';
		assert_true(readable(p + i*slot + page));
		assert_true(readable(p + (i+1)*slot - 1));
	}
	l9memunmap(p, Nslot*slot);
}

/* memory mapped anew where a guard was is not guarded */
static void
again(void **state)
{
	char *p;
	int i;

	for(i = 0; i < 100; i++){
		assert_non_null(p = l9memmap(2*page));
		assert_false(faults(p));
		assert_int_equal(l9memguard(p, page, 0, 1), 0);
		assert_false(readable(p));
		l9memunmap(p, 2*page);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages),
		cmocka_unit_test(zeroed),
		cmocka_unit_test(large),
		cmocka_unit_test(toolarge),
		cmocka_unit_test(guard),
		cmocka_unit_test(slots),
		cmocka_unit_test(again),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
