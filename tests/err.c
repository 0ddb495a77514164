/* Error strings and errno: thread(3), Errors. */
#include <fcntl.h>
#include <pthread.h>

#include "t.h"

static const char*
now(void)
{
	static char buf[ERRMAX];

	rerrstr(buf, sizeof buf);
	return buf;
}

/* first in its task: nothing has failed yet */
static void
begin(void **state)
{
	errno = 0;
	assert_string_equal(now(), "");
}

static void
set(void **state)
{
	werrstr("plain");
	assert_string_equal(now(), "plain");
	assert_string_equal(now(), "plain");
	werrstr("%s %d %c", "formatted", 12, 'x');
	assert_string_equal(now(), "formatted 12 x");
	werrstr("%s", "");
	assert_string_equal(now(), "");
	/* an argument may be the old string, in the caller's hands or not */
	werrstr("inner");
	werrstr("outer: %s", now());
	assert_string_equal(now(), "outer: inner");
}

/* the system's error is the newer one, then ours, and so on */
static void
fromsystem(void **state)
{
	werrstr("older");
	assert_int_equal(open("/nonexistent/file", O_RDONLY), -1);
	assert_string_equal(now(), strerror(ENOENT));
	assert_string_equal(now(), strerror(ENOENT));
	werrstr("newer");
	assert_string_equal(now(), "newer");
	assert_int_equal(close(-1), -1);
	assert_string_equal(now(), strerror(EBADF));
	assert_int_equal(threadint(-1), -1);
	assert_err(ESRCH, "no such thread");
	errno = ENOMEM;
	assert_string_equal(now(), strerror(ENOMEM));
	/* no system call gives what werrstr sets */
	werrstr("mine");
	assert_true(errno > 4096);
}

static void
truncated(void **state)
{
	char big[3*ERRMAX], buf[3*ERRMAX];
	int i;

	for(i = 0; i < (int)sizeof big - 1; i++)
		big[i] = (char)('a' + i%26);
	big[sizeof big - 1] = '\0';
	memset(buf, '!', sizeof buf);
	werrstr("%s", big);
	rerrstr(buf, sizeof buf);
	assert_int_equal(strlen(buf), ERRMAX-1);
	assert_memory_equal(buf, big, ERRMAX-1);
	/* and just what fits */
	big[ERRMAX-1] = '\0';
	werrstr("%s", big);
	rerrstr(buf, sizeof buf);
	assert_string_equal(buf, big);
}

static void
shortbuf(void **state)
{
	char buf[8];

	werrstr("0123456789");
	memset(buf, '!', sizeof buf);
	rerrstr(buf, 0);
	assert_memory_equal(buf, "!!!!!!!!", 8);
	rerrstr(buf, 1);
	assert_memory_equal(buf, "\0!!!!!!!", 8);
	rerrstr(buf, 5);
	assert_memory_equal(buf, "0123\0!!!", 8);
	assert_string_equal(now(), "0123456789");
	errno = ENOENT;
	rerrstr(buf, 3);
	assert_memory_equal(buf, strerror(ENOENT), 2);
	assert_int_equal(buf[2], 0);
}

static void
exchanged(void **state)
{
	char buf[ERRMAX];

	werrstr("one");
	strcpy(buf, "two");
	assert_int_equal(errstr(buf, sizeof buf), 0);
	assert_string_equal(buf, "one");
	assert_string_equal(now(), "two");
	assert_int_equal(errstr(buf, sizeof buf), 0);
	assert_string_equal(buf, "two");
	assert_string_equal(now(), "one");
	/* to save and restore it around what may change it */
	buf[0] = '\0';
	errstr(buf, sizeof buf);
	threadint(-1);
	errstr(buf, sizeof buf);
	assert_string_equal(now(), "one");
	assert_string_equal(buf, "no such thread");
	/* the system's error is exchanged as well */
	errno = ENOENT;
	strcpy(buf, "three");
	errstr(buf, sizeof buf);
	assert_string_equal(buf, strerror(ENOENT));
	assert_string_equal(now(), "three");
}

static void
exchangedshort(void **state)
{
	char buf[ERRMAX+10];

	/* neither string fits */
	werrstr("0123456789");
	memcpy(buf, "abcdefghij", 11);
	errstr(buf, 5);
	assert_string_equal(buf, "0123");
	assert_memory_equal(buf+5, "fghij", 6);
	assert_string_equal(now(), "abcd");
	/* nothing to put it in, and nothing new */
	errstr(nil, 0);
	assert_string_equal(now(), "abcd");
	errstr(buf, 1);
	assert_string_equal(buf, "");
	assert_string_equal(now(), "");
	/* longer than an error string can be */
	memset(buf, 'x', sizeof buf);
	errstr(buf, sizeof buf);
	assert_string_equal(buf, "");
	assert_int_equal(strlen(now()), ERRMAX-1);
}

/*
 * One a task.
 */
static void
own(void *v)
{
	char want[ERRMAX], buf[ERRMAX];
	int i;

	TCHECK(errno == 0);
	rerrstr(buf, sizeof buf);
	TCHECK(strcmp(buf, "") == 0);
	for(i = 0; i < 20; i++){
		snprintf(want, sizeof want, "%d of %d", i, threadid());
		if(i%2 == 0)
			werrstr("%s", want);
		else
			errno = 100+i;
		threadyield();
		rerrstr(buf, sizeof buf);
		TCHECK(strcmp(buf, i%2 == 0? want: strerror(100+i)) == 0);
	}
	TCHECK(chansendul(v, 1) == 1);
	/* what the next life of this stack must not see */
	werrstr("left over");
	threadsetname("left over");
}

static void
pertask(void **state)
{
	Channel *c;
	int i, k;

	c = chancreate(sizeof(unsigned long), 0);
	assert_non_null(c);
	for(k = 0; k < 3; k++){
		for(i = 0; i < 10; i++)
			assert_true((i%4 == 3? proccreate: threadcreate)(own, c, 0) > 0);
		werrstr("mine");
		for(i = 0; i < 10; i++)
			assert_int_equal(chanrecvul(c), 1);
		assert_string_equal(now(), "mine");
	}
	chanfree(c);
}

/* of an OS thread that the library did not make: again nothing at first */
static void*
foreign(void *v)
{
	char buf[ERRMAX];

	errno = 0;
	rerrstr(buf, sizeof buf);
	TCHECK(strcmp(buf, "") == 0);
	errno = ENOENT;
	rerrstr(buf, sizeof buf);
	TCHECK(strcmp(buf, strerror(ENOENT)) == 0);
	werrstr("foreign");
	rerrstr(buf, sizeof buf);
	TCHECK(strcmp(buf, "foreign") == 0);
	return v;
}

static void
adopted(void **state)
{
	pthread_t t;
	int i;

	werrstr("mine");
	for(i = 0; i < 5; i++){
		assert_int_equal(pthread_create(&t, nil, foreign, nil), 0);
		assert_int_equal(pthread_join(t, nil), 0);
	}
	werrstr("mine");
	assert_string_equal(now(), "mine");
}

int
main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		TEST(begin),
		TEST(set),
		TEST(fromsystem),
		TEST(truncated),
		TEST(shortbuf),
		TEST(exchanged),
		TEST(exchangedshort),
		TEST(pertask),
		TEST(adopted),
	};

	if(threadinit() < 0)
		return 1;
	return cmocka_run_group_tests(tests, nil, nil);
}
