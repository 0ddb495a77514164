/*
 * The print family: every verb and flag, truncation, %r, one write a call.
 */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "p9libc.h"

static char buf[8192];

/* the text is want by each way to get it */
#define check(want, ...)	do{\
		char *s_;\
		int n_;\
		n_ = p9snprint(buf, sizeof buf, __VA_ARGS__);\
		assert_string_equal(buf, want);\
		assert_int_equal(n_, strlen(want));\
		assert_int_equal(p9sprint(buf, __VA_ARGS__), n_);\
		assert_string_equal(buf, want);\
		s_ = p9smprint(__VA_ARGS__);\
		assert_non_null(s_);\
		assert_string_equal(s_, want);\
		free(s_);\
	}while(0)

static void
test_longs(void **state)
{
	int wide;

	wide = sizeof(long) == 8;
	check(wide? "-9223372036854775808": "-2147483648", "%ld", LONG_MIN);
	check(wide? "18446744073709551615": "4294967295", "%lud", ULONG_MAX);
	check(wide? "18446744073709551615": "4294967295", "%uld", ULONG_MAX);
	check(wide? "18446744073709551615, ": "4294967295, ", "%lu, ", ULONG_MAX);
	check(wide? "18446744073709551615": "4294967295", "%zu", SIZE_MAX);
	check(wide? "ffffffffffffffff": "ffffffff", "%lux", ULONG_MAX);
	/* and one after it is found where it is */
	check("-1 2 -3 4 5", "%ld %lld %zd %d %lud", -1L, 2LL, (ptrdiff_t)-3, 4, 5UL);
}

static void
test_integers(void **state)
{
	check("0", "%d", 0);
	check("-1", "%d", -1);
	check("-2147483648", "%d", INT_MIN);
	check("-9223372036854775808", "%lld", LLONG_MIN);
	check("18446744073709551615", "%llud", ULLONG_MAX);
	check("4294967295", "%ud", UINT_MAX);
	check("4294967295", "%u", UINT_MAX);
	check("-1", "%zd", (ptrdiff_t)-1);
	check("-1 -1", "%td %jd", (ptrdiff_t)-1, (intmax_t)-1);
	check("-1", "%hd", 0xFFFF);
	check("65535", "%uhd", 0x1FFFF);
	check("-1", "%hhd", 0xFF);
	check("255", "%hhud", 0x1FF);
	check("ff", "%x", 255);
	check("ff", "%ux", 255);
	check("FF", "%X", 255);
	check("ffffffff", "%x", -1);
	check("ffffffffffffffff", "%llx", ULLONG_MAX);
	check("377", "%o", 255);
	check("377", "%uo", 255);
	check("101", "%b", 5);
	check("0", "%b", 0);
	check("1111111111111111111111111111111111111111111111111111111111111111", "%llb", ULLONG_MAX);
	check("5 6", "%i %d", 5, 6);
	check("beef", "%p", (void*)0xbeef);
	check("0xbeef", "%#p", (void*)0xbeef);
}

static void
test_flags(void **state)
{
	check("   42", "%5d", 42);
	check("42   |", "%-5d|", 42);
	check("00042", "%05d", 42);
	check("-0042", "%05d", -42);
	check("42   |", "%-05d|", 42);
	check("+42", "%+d", 42);
	check("-42", "%+d", -42);
	check(" 42", "% d", 42);
	check("  042", "%5.3d", 42);
	check("  042", "%05.3d", 42);
	check("-042", "%.3d", -42);
	check("", "%.0d", 0);
	check("0", "%.1d", 0);
	check("   42", "%*d", 5, 42);
	check("42   |", "%*d|", -5, 42);
	check("  042", "%*.*d", 5, 3, 42);
	check("42", "%.*d", -1, 42);
	check("0|", "%-*d|", 0, 0);
}

static void
test_prefixes(void **state)
{
	check("0xff", "%#x", 255);
	check("0XFF", "%#X", 255);
	check("0x0", "%#x", 0);
	check("0x00ff", "%#06x", 255);
	check("  0xff", "%#6x", 255);
	check("0xff  |", "%-#6x|", 255);
	check("0x00ff", "%#.4x", 255);
	check("0377", "%#o", 255);
	check("0", "%#o", 0);
	check("0377", "%#.4o", 255);
	check("1,234,567", "%,d", 1234567);
	check("-1,234", "%,d", -1234);
	check("123", "%,d", 123);
	check("18,446,744,073,709,551,615", "%,llud", ULLONG_MAX);
	check("     1,234", "%,10d", 1234);
}

static void
test_strings(void **state)
{
	char five[5] = {'h', 'e', 'l', 'l', 'o'};

	check("", "%s", "");
	check("hello", "%s", "hello");
	check("<nil>", "%s", (char*)NULL);
	check("  hello", "%7s", "hello");
	check("hello  |", "%-7s|", "hello");
	check("hel", "%.3s", "hello");
	check("    hel", "%7.3s", "hello");
	check("", "%.0s", "hello");
	check("hello", "%.5s", five);
	check("hello", "%.*s", 5, five);
	/* width and precision count characters */
	check("  é", "%3s", "é");
	check("éé", "%.2s", "ééé");
	check("€𝄞", "%.2s", "€𝄞x");
	check("\xff\xc3|", "%s|", "\xff\xc3");
	check("a", "%c", 'a');
	check("  a", "%3c", 'a');
	check("a  |", "%-3c|", 'a');
	check("100%", "%d%%", 100);
	check("a and b", "%s and %s", "a", "b");
	check("no verb", "no verb");
	assert_int_equal(p9snprint(buf, sizeof buf, "%c%c", '\0', 'x'), 2);
	assert_memory_equal(buf, "\0x", 3);
}

static void
test_quoted(void **state)
{
	check("plain", "%q", "plain");
	check("'two words'", "%q", "two words");
	check("'don''t'", "%q", "don't");
	check("''", "%q", "");
	check("'plain'", "%#q", "plain");
	check("'tab\t'", "%q", "tab\t");
	check("  'a b'", "%7q", "a b");
	check("'a b'  |", "%-7q|", "a b");
	check("<nil>", "%q", (char*)NULL);
	check("é", "%q", "é");
}

static void
test_floats(void **state)
{
	check("1.500000", "%f", 1.5);
	check("-1.500000", "%f", -1.5);
	check("1.50", "%.2f", 1.5);
	check("2", "%.0f", 1.5);
	check("  1.50", "%6.2f", 1.5);
	check("1.50  |", "%-6.2f|", 1.5);
	check("001.50", "%06.2f", 1.5);
	check("-01.50", "%06.2f", -1.5);
	check("+1.50", "%+.2f", 1.5);
	check(" 1.50", "% .2f", 1.5);
	check("1.500000e+00", "%e", 1.5);
	check("1.5E+10", "%.1E", 1.5e10);
	check("1.5", "%g", 1.5);
	check("1e+20", "%g", 1e20);
	check("1E+20", "%G", 1e20);
	check("1.", "%#.0f", 1.0);
	check("0.1", "%g", 0.1);
	check("-0.0", "%.1f", -0.0);
	check("NaN", "%f", NAN);
	check("  NaN", "%05f", NAN);
	check("+Inf", "%g", INFINITY);
	check("-Inf", "%e", -INFINITY);
	check("1.50", "%.*f", 2, 1.5);
	/* the longest */
	p9snprint(buf, sizeof buf, "%.1000f", -1.7976931348623157e308);
	assert_int_equal(strlen(buf), 1 + 309 + 1 + 64);
}

static void
test_bad(void **state)
{
	check("%y%", "%y");
	check("%", "%");
	check("%", "%5");
	check("a%", "a%");
	check("%!%5", "%!%d", 5);
	/* an argument after a verb that does not exist is still the first */
	check("%y%1", "%y%d", 1);
}

static void
test_errstr(void **state)
{
	werrstr("out of cheese");
	check("make: out of cheese", "make: %r");
	check("  out", "%5.3r");
	errno = ENOENT;
	check(strerror(ENOENT), "%r");
	/* formatting and printing leave it as it was */
	assert_int_equal(errno, ENOENT);
	check("1.5: No such file or directory", "%g: %r", 1.5);

	p9werrstr("%s: %r", "open");
	check("open: No such file or directory", "%r");
	p9werrstr("%q %,d", "a b", 1234);
	check("'a b' 1,234", "%r");
}

static void
test_truncation(void **state)
{
	char b[9], *p;

	memset(b, 'x', sizeof b);
	assert_int_equal(p9snprint(b, 5, "hello, world"), 4);
	assert_string_equal(b, "hell");
	assert_int_equal(b[5], 'x');
	assert_int_equal(p9snprint(b, 6, "hello"), 5);
	assert_string_equal(b, "hello");
	assert_int_equal(p9snprint(b, 1, "hello"), 0);
	assert_string_equal(b, "");
	assert_int_equal(p9snprint(b, 0, "hello"), -1);
	assert_int_equal(p9snprint(b, -1, "hello"), -1);
	assert_int_equal(p9snprint(b, 5, "%s%d%s", "ab", 12345, "cd"), 4);
	assert_string_equal(b, "ab12");
	/* no half characters */
	assert_int_equal(p9snprint(b, 5, "abcé"), 3);
	assert_string_equal(b, "abc");
	assert_int_equal(p9snprint(b, 5, "ab€"), 2);
	assert_int_equal(p9snprint(b, 5, "a€"), 4);
	assert_int_equal(p9snprint(b, 4, "a€"), 1);
	assert_int_equal(p9snprint(b, 4, "𝄞"), 0);
	assert_int_equal(p9snprint(b, 5, "𝄞x"), 4);

	p = p9seprint(b, b + sizeof b, "%d", 12);
	assert_ptr_equal(p, b+2);
	p = p9seprint(p, b + sizeof b, "%s", "34");
	assert_ptr_equal(p, b+4);
	p = p9seprint(p, b + sizeof b, "56789");
	assert_ptr_equal(p, b+8);
	assert_string_equal(b, "12345678");
	assert_ptr_equal(p9seprint(p, b + sizeof b, "x"), p);
	assert_null(p9seprint(b, b, "x"));
}

/* what came through a socket that keeps the borders of writes */
static int
packet(int fd)
{
	ssize_t n;

	n = recv(fd, buf, sizeof buf - 1, MSG_DONTWAIT);
	buf[n < 0? 0: n] = '\0';
	return (int)n;
}

static void
test_fprint(void **state)
{
	static char long_[5001];
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
	errno = ENOENT;
	assert_int_equal(p9fprint(fd[0], "%s %d %5.2f\n", "one", 2, 3.0), 12);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(packet(fd[1]), 12);
	assert_string_equal(buf, "one 2  3.00\n");
	assert_int_equal(packet(fd[1]), -1);

	/* up to a page is one write */
	memset(long_, 'x', 4095);
	assert_int_equal(p9fprint(fd[0], "%s\n", long_), 4096);
	assert_int_equal(packet(fd[1]), 4096);
	assert_int_equal(packet(fd[1]), -1);
	memset(long_, 'y', 5000);
	assert_int_equal(p9fprint(fd[0], "%s\n", long_), 5001);
	assert_int_equal(packet(fd[1]), 4096);
	assert_int_equal(packet(fd[1]), 905);
	assert_int_equal(buf[904], '\n');
	close(fd[0]);
	close(fd[1]);

	assert_int_equal(p9fprint(fd[0], "x"), -1);
	assert_int_equal(errno, EBADF);
	errno = 0;
	assert_int_equal(p9fprint(fd[0], "%s\n", long_), -1);
	assert_int_equal(errno, EBADF);
}

static void
printer(void *v)
{
	char b[64];
	Channel *c;
	int i;

	c = v;
	for(i = 0; i < 100; i++){
		p9snprint(b, sizeof b, "%d: %g %r", threadid(), i/2.0);
		threadyield();
	}
	chansendul(c, 1);
}

/* in tasks, whose error strings are their own */
static void
test_tasks(void **state)
{
	Channel *c;

	c = chancreate(sizeof(unsigned long), 2);
	assert_non_null(c);
	werrstr("mine");
	assert_true(threadcreate(printer, c, 0) > 0);
	assert_true(threadcreate(printer, c, 0) > 0);
	chanrecvul(c);
	chanrecvul(c);
	chanfree(c);
	check("mine", "%r");
}

/* what a program's own function with ... calls */
static void
each(int fd, const char *fmt, ...)
{
	va_list arg;
	char small[4], *s;

	va_start(arg, fmt);
	assert_int_equal(p9vfprint(fd, fmt, arg), 8);
	va_end(arg);
	va_start(arg, fmt);
	assert_int_equal(p9vsnprint(buf, sizeof buf, fmt, arg), 8);
	va_end(arg);
	assert_string_equal(buf, "7 'x''s'");
	va_start(arg, fmt);
	assert_int_equal(p9vsnprint(small, sizeof small, fmt, arg), 3);
	va_end(arg);
	assert_string_equal(small, "7 '");
	va_start(arg, fmt);
	assert_ptr_equal(p9vseprint(buf, buf + sizeof buf, fmt, arg), buf + 8);
	va_end(arg);
	va_start(arg, fmt);
	s = p9vsmprint(fmt, arg);
	va_end(arg);
	assert_string_equal(s, buf);
	free(s);
}

/* what f writes to descriptor n, in buf */
static void
written(int n, void (*f)(void))
{
	int p[2], old;
	ssize_t r;

	assert_int_equal(pipe(p), 0);
	fflush(stdout);
	old = dup(n);
	dup2(p[1], n);
	f();
	dup2(old, n);
	close(old);
	close(p[1]);
	r = read(p[0], buf, sizeof buf - 1);
	buf[r < 0? 0: r] = '\0';
	close(p[0]);
}

static void
logs(void)
{
	p9syslog(1, "p9print", "%ud %q", 7u, "x y");
}

static void
logsnowhere(void)
{
	p9syslog(1, NULL, "%s", "text");
}

static void
logsaside(void)
{
	p9syslog(0, NULL, "%s", "text");
}

static void
prints(void)
{
	assert_int_equal(p9print("%d %q\n", 7, "x y"), 8);
}

static void
test_others(void **state)
{
	int p[2];

	assert_int_equal(pipe(p), 0);
	each(p[1], "%d %q", 7, "x's");
	memset(buf, 0, sizeof buf);
	assert_int_equal(read(p[0], buf, sizeof buf), 8);
	assert_string_equal(buf, "7 'x''s'");
	close(p[0]);
	close(p[1]);
	written(1, prints);
	assert_string_equal(buf, "7 'x y'\n");
	written(2, logs);
	assert_string_equal(buf, "p9print: 7 'x y'\n");
	written(2, logsnowhere);
	assert_string_equal(buf, "syslog: text\n");
	written(2, logsaside);
	assert_string_equal(buf, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_integers),
		cmocka_unit_test(test_longs),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_quoted),
		cmocka_unit_test(test_floats),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_errstr),
		cmocka_unit_test(test_truncation),
		cmocka_unit_test(test_fprint),
		cmocka_unit_test(test_tasks),
		cmocka_unit_test(test_others),
	};

	if(threadinit() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
