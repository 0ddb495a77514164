/*
 * What things cost in memory: lib9thread(7), What things cost.  Resident memory is
 * counted by the page and by the kernel, and malloc rounds up as it likes, so
 * there is slack.
 */
#include "t.h"

enum {
	Ntask	= 5000,
	Nchan	= 50000,
	Nthread	= 200,		/* OS threads */
};

static Channel *never;

static long
resident(void)
{
	long size, pages;
	FILE *f;

	f = fopen("/proc/self/statm", "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%ld %ld", &size, &pages), 2);
	fclose(f);
	return pages*sysconf(_SC_PAGESIZE);
}

static void
park(void *v)
{
	chanrecvp(never);
}

static void
mktask(void)
{
	assert_true(threadcreate(park, nil, 0) > 0);
}

static void
mkproc(void)
{
	assert_true(proccreate(park, nil, 0) > 0);
}

static void
mkchan(void)
{
	assert_non_null(chancreate(sizeof(void*), 0));
}

static void
mkbuffered(void)
{
	assert_non_null(chancreate(sizeof(void*), 100));
}

static void
mktimer(void)
{
	assert_non_null(after(Hour));
}

static void
mkioproc(void)
{
	assert_non_null(ioproc());
}

/* no more than most bytes each.  None is freed: the program is short */
static void
costs(const char *what, int n, void (*make)(void), long most)
{
	long before, each;
	int i;

	/* the first may need more: tables, arenas, the timer proc */
	for(i = 0; i < n/10; i++)
		make();
	threadsleep(50*Millisecond);
	before = resident();
	for(i = 0; i < n; i++)
		make();
	/* what was started has parked, or will: less is counted then */
	threadsleep(50*Millisecond);
	each = (resident() - before)/n;
	printf("%s: %ld bytes\n", what, each);
	assert_true(each <= most);
}

static void
costsof(void **state)
{
	long page;

	page = sysconf(_SC_PAGESIZE);
	never = chancreate(sizeof(void*), 0);
	costs("task", Ntask, mktask, page + page/4);
	costs("channel", Nchan, mkchan, 272);
	costs("channel with a buffer", Nchan, mkbuffered, 192 + 150*(long)sizeof(void*));
	costs("timer", Nchan, mktimer, 448);
	costs("proc", Nthread, mkproc, 8*page);
	costs("ioproc", Nthread, mkioproc, 6*page);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(costsof),
	};

	if(threadinit() < 0)
		return 1;
	return cmocka_run_group_tests(tests, nil, nil);
}
