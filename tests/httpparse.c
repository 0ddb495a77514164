/* httpd's parser: examples of each rule, then heads made and spoilt at random. */
#include "t.h"

typedef long long vlong;	/* the header is for Plan 9 programs */

#include "../examples/httpd/request.h"

/* of a copy that has not a byte more, so that a checker sees a look beyond */
static int
parse(Request *r, const char *s, int n)
{
	static char *copy;

	free(copy);
	copy = malloc((size_t)n + 1);
	assert_non_null(copy);
	copy = realloc(copy, n > 0? (size_t)n: 1);
	memcpy(copy, s, (size_t)n);
	return parserequest(r, copy, n);
}

static bool
eq(Str s, const char *t)
{
	return (size_t)s.n == strlen(t) && memcmp(s.s, t, (size_t)s.n) == 0;
}

static void
good(void **state)
{
	static const char head[] = "GET /a%20b?q=1 HTTP/1.1\r\nHost: h:80\r\nRANGE:bytes=0-1\t\r\n"
		"If-Range: \"x\"\r\nIf-None-Match: \"y\"\r\nIf-Modified-Since: then\r\nX: \r\n\r\n";
	char buf[sizeof head + 8];
	Request r;

	assert_int_equal(parse(&r, head, sizeof head - 1), sizeof head - 1);
	assert_int_equal(r.method, Mget);
	assert_int_equal(r.minor, 1);
	assert_int_equal(r.keep, 1);
	assert_int_equal(r.length, 0);
	assert_true(eq(r.target, "/a%20b?q=1"));
	assert_true(eq(r.host, "h:80"));
	assert_true(eq(r.range, "bytes=0-1"));
	assert_true(eq(r.ifrange, "\"x\""));
	assert_true(eq(r.ifnonematch, "\"y\""));
	assert_true(eq(r.ifmodified, "then"));
	/* what comes behind is the next one's */
	snprintf(buf, sizeof buf, "%sGET /", head);
	assert_int_equal(parse(&r, buf, (int)strlen(buf)), sizeof head - 1);
}

/* head, its status, and the Connection that it asks for */
static const struct {
	const char	*head;
	int	status;		/* 200: it is whole */
	int	keep;
} cases[] = {
	{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 200, 1},
	{"GET / HTTP/1.1\nHost: x\n\n", 200, 1},
	{"\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", 200, 1},
	{"GET / HTTP/1.0\r\n\r\n", 200, 0},
	{"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", 200, 1},
	{"GET / HTTP/1.1\r\nHost: x\r\nConnection: foo , CLOSE\r\n\r\n", 200, 0},
	{"GET / HTTP/1.1\r\nHost: x\r\nConnection: closed\r\n\r\n", 200, 1},
	{"GET / HTTP/1.9\r\nHost:\r\n\r\n", 200, 1},
	{"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n", 200, 1},
	{"get / HTTP/1.1\r\nHost: x\r\n\r\n", 200, 1},
	{"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 200, 1},
	{"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 200, 1},
	/* no Host, or two */
	{"GET / HTTP/1.1\r\n\r\n", 400, 0},
	{"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400, 0},
	/* the first line */
	{"GET /\r\n\r\n", 400, 0},
	{"GET / \r\n\r\n", 400, 0},
	{"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400, 0},
	{"GET / HTTP/1.1 \r\nHost: x\r\n\r\n", 400, 0},
	{" GET / HTTP/1.1\r\nHost: x\r\n\r\n", 400, 0},
	{"G\tT / HTTP/1.1\r\nHost: x\r\n\r\n", 400, 0},
	{"GET /a\tb HTTP/1.1\r\nHost: x\r\n\r\n", 400, 0},
	{"GET /\x7f HTTP/1.1\r\nHost: x\r\n\r\n", 400, 0},
	{"GET / HTTP/11\r\nHost: x\r\n\r\n", 400, 0},
	{"GET / HTTP/1.\r\nHost: x\r\n\r\n", 400, 0},
	{"GET / http/1.1\r\nHost: x\r\n\r\n", 400, 0},
	{"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505, 0},
	{"GET / HTTP/0.9\r\n\r\n", 505, 0},
	{"\x16\x03\x01\x02\n", 400, 0},
	/* fields */
	{"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400, 0},
	{"GET / HTTP/1.1\r\nHost: x\r\nfolded: a\r\n b\r\n\r\n", 400, 0},
	{"GET / HTTP/1.1\r\nHost: x\r\n: nameless\r\n\r\n", 400, 0},
	{"GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", 400, 0},
	{"GET / HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n", 400, 0},
	{"GET / HTTP/1.1\r\nHost: x\r\nA: \x01\r\n\r\n", 400, 0},
	/* lengths */
	{"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400, 0},
	{"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\n", 400, 0},
	{"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\n", 400, 0},
	{"GET / HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\n", 400, 0},
	{"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400, 0},
	{"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400, 0},
	{"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, 0},
};

static void
rules(void **state)
{
	Request r;
	int i, n, got;

	for(i = 0; i < nelem(cases); i++){
		n = (int)strlen(cases[i].head);
		got = parse(&r, cases[i].head, n);
		if(got != (cases[i].status == 200? n: -cases[i].status))
			fail_msg("%s: %d", cases[i].head, got);
		if(got > 0)
			assert_int_equal(r.keep, cases[i].keep);
	}
}

/* a NUL is no end of anything */
static void
nul(void **state)
{
	static const char inname[] = "GET / HTTP/1.1\r\nHo\0st: x\r\n\r\n";
	static const char invalue[] = "GET / HTTP/1.1\r\nHost: x\0y\r\n\r\n";
	static const char intarget[] = "GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n";
	static const char inmethod[] = "GET\0 / HTTP/1.1\r\nHost: x\r\n\r\n";
	Request r;

	assert_int_equal(parse(&r, inname, sizeof inname - 1), -400);
	assert_int_equal(parse(&r, invalue, sizeof invalue - 1), -400);
	assert_int_equal(parse(&r, intarget, sizeof intarget - 1), -400);
	assert_int_equal(parse(&r, inmethod, sizeof inmethod - 1), -400);
}

static void
lengths(void **state)
{
	char buf[200];
	Request r;
	int n;

	n = snprintf(buf, sizeof buf, "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 123456789012\r\nExpect: 100-Continue\r\n\r\n");
	assert_int_equal(parse(&r, buf, n), n);
	assert_int_equal(r.length, 123456789012);
	assert_int_equal(r.method, Mother);
	assert_int_equal(r.expect, 1);
	/* more than can be counted is as much as can be */
	n = snprintf(buf, sizeof buf, "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n");
	assert_int_equal(parse(&r, buf, n), n);
	assert_int_equal(r.length, INT64_MAX);
}

static void
toolong(void **state)
{
	static char buf[2*Maxhead];
	Request r;
	int n;

	memset(buf, 'a', sizeof buf);
	memcpy(buf, "GET /", 5);
	assert_int_equal(parse(&r, buf, Maxhead - 1), 0);
	assert_int_equal(parse(&r, buf, Maxhead), -414);
	assert_int_equal(parse(&r, buf, sizeof buf), -414);
	n = sprintf(buf, "GET / HTTP/1.1\r\nHost: x\r\nA:");
	buf[n] = 'a';
	assert_int_equal(parse(&r, buf, Maxhead - 1), 0);
	assert_int_equal(parse(&r, buf, Maxhead), -431);
	/* the longest that there may be */
	memcpy(buf + Maxhead - 4, "\r\n\r\n", 4);
	assert_int_equal(parse(&r, buf, sizeof buf), Maxhead);
	memcpy(buf + Maxhead - 4, "a\r\n\r\n", 5);
	assert_int_equal(parse(&r, buf, sizeof buf), -431);
}

static const struct {
	const char	*target;
	int	status;		/* 0: it is path */
	const char	*path;
} paths[] = {
	{"/", 0, ""},
	{"/a", 0, "a"},
	{"/a/", 0, "a/"},
	{"/a/b.html?c/../d#e", 0, "a/b.html"},
	{"/a#b?c", 0, "a"},
	{"//a///b//", 0, "a/b/"},
	{"/./a/./b/.", 0, "a/b/"},
	{"/.", 0, ""},
	{"/...", 0, "..."},
	{"/..a/b../.c", 0, "..a/b../.c"},
	{"/%41%42%20c", 0, "AB c"},
	{"/%C3%a4", 0, "\xc3\xa4"},
	{"/a%2fb", 0, "a/b"},
	{"/%3F", 0, "?"},
	{"http://host/a", 0, "a"},
	{"HTTP://host:80", 0, ""},
	{"http://host?q", 400, nil},
	{"/..", 403, nil},
	{"/../etc/passwd", 403, nil},
	{"/a/..", 403, nil},
	{"/a/../b", 403, nil},
	{"/%2e%2e/a", 403, nil},
	{"/.%2E/a", 403, nil},
	{"/a%2f..%2fb", 403, nil},
	{"/a/%2e%2e", 403, nil},
	{"//../a", 403, nil},
	{"/./../a", 403, nil},
	{"a", 400, nil},
	{"*", 400, nil},
	{"", 400, nil},
	{"?", 400, nil},
	{"host:80", 400, nil},
	{"/a%", 400, nil},
	{"/a%2", 400, nil},
	{"/a%zz", 400, nil},
	{"/a%00b", 400, nil},
};

static void
targets(void **state)
{
	char path[Maxpath], target[4*Maxpath];
	int i, e;

	for(i = 0; i < nelem(paths); i++){
		e = targetpath(path, (Str){paths[i].target, (int)strlen(paths[i].target)});
		if(e != -paths[i].status || (e == 0 && strcmp(path, paths[i].path) != 0))
			fail_msg("%s: %d, %s", paths[i].target, e, e == 0? path: "");
	}
	memset(target, 'a', sizeof target);
	target[0] = '/';
	assert_int_equal(targetpath(path, (Str){target, Maxpath}), 0);
	assert_int_equal(strlen(path), Maxpath - 1);
	assert_int_equal(targetpath(path, (Str){target, Maxpath + 1}), -414);
}

static const struct {
	const char	*range;
	vlong	size;
	int	ret;
	vlong	from;
	vlong	to;
} ranges[] = {
	{"bytes=0-0", 10, 1, 0, 0},
	{"bytes=0-9", 10, 1, 0, 9},
	{"bytes=2-", 10, 1, 2, 9},
	{"bytes=-3", 10, 1, 7, 9},
	{"bytes=-30", 10, 1, 0, 9},
	{"bytes=5-99999999999999999999999999", 10, 1, 5, 9},
	{"BYTES = 1 - 2", 10, 1, 1, 2},
	{"bytes=10-", 10, -1, 0, 0},
	{"bytes=10-11", 10, -1, 0, 0},
	{"bytes=99999999999999999999999999-", 10, -1, 0, 0},
	{"bytes=-0", 10, -1, 0, 0},
	{"bytes=0-", 0, -1, 0, 0},
	{"bytes=-1", 0, -1, 0, 0},
	{"bytes=3-2", 10, 0, 0, 0},
	{"bytes=0-1,3-4", 10, 0, 0, 0},
	{"bytes=-", 10, 0, 0, 0},
	{"bytes=", 10, 0, 0, 0},
	{"bytes", 10, 0, 0, 0},
	{"lines=1-2", 10, 0, 0, 0},
	{"bytes=1-2-3", 10, 0, 0, 0},
	{"bytes=--1", 10, 0, 0, 0},
	{"bytes=a-b", 10, 0, 0, 0},
	{"", 10, 0, 0, 0},
};

static void
rangesof(void **state)
{
	vlong from, to;
	int i, r;

	for(i = 0; i < nelem(ranges); i++){
		from = to = 0;
		r = parserange((Str){ranges[i].range, (int)strlen(ranges[i].range)}, ranges[i].size, &from, &to);
		if(r != ranges[i].ret || from != ranges[i].from || to != ranges[i].to)
			fail_msg("%s of %lld: %d, %lld to %lld", ranges[i].range, ranges[i].size, r, from, to);
	}
	assert_int_equal(parserange((Str){nil, 0}, 10, &from, &to), 0);
}

/*
 * Whatever it is: the answer is one of those that there are, is the same
 * however the bytes come, and the pieces lie in the buffer.
 */
static void
within(Str s, const char *buf, int n)
{
	if(s.n != 0)
		assert_true(s.n > 0 && s.s >= buf && s.s + s.n <= buf + n);
}

static void
holds(const char *buf, int n)
{
	Request r;
	char path[Maxpath], *copy;
	vlong from, to;
	int i, all, part, e;

	copy = malloc((size_t)n + 1);
	assert_non_null(copy);
	copy = realloc(copy, n > 0? (size_t)n: 1);
	memcpy(copy, buf, (size_t)n);
	all = parserequest(&r, copy, n);
	assert_true(all <= n);
	assert_true(all >= 0 || all == -400 || all == -414 || all == -431 || all == -505);
	if(all > 0){
		within(r.verb, copy, all);
		within(r.target, copy, all);
		within(r.host, copy, all);
		within(r.range, copy, all);
		within(r.ifrange, copy, all);
		within(r.ifmodified, copy, all);
		within(r.ifnonematch, copy, all);
		assert_true(r.length >= 0);
		e = targetpath(path, r.target);
		assert_true(e == 0 || e == -400 || e == -403 || e == -414);
		if(e == 0){
			assert_true(path[0] != '/' && strncmp(path, "../", 3) != 0 && strstr(path, "/../") == nil);
			assert_true(strcmp(path, "..") != 0);
		}
		if(parserange(r.range, 1000, &from, &to) == 1)
			assert_true(0 <= from && from <= to && to < 1000);
	}
	for(i = 0; i < n; i++){
		part = parserequest(&r, copy, i);
		assert_true(part == 0 || part == all);
	}
	free(copy);
}

static const char *bits[] = {
	"GET ", "HEAD ", "POST ", "/", "a", "..", "%2e", "%2f", "%00", "%", "?", " HTTP/1.1", " HTTP/1.0", "\r\n", "\n", "\r",
	"Host: x", "Range: bytes=", "-", ",", "1", "0", "99999999999", "Content-Length: ", "Connection: close", "If-Range: \"a\"",
	"Transfer-Encoding: chunked", ":", " ", "\t", "\r\n\r\n", "http://h/", "#", "\x80", "\x01",
};

static void
atrandom(void **state)
{
	char buf[400];
	const char *b;
	uint64_t x;
	int i, j, n, k;

	x = seed();
	for(i = 0; i < ntimes(20000); i++){
		n = 0;
		/* half of them begin well */
		if(rnd(&x, 2) == 0)
			n = snprintf(buf, sizeof buf, "GET /a HTTP/1.1\r\nHost: x\r\n");
		for(k = (int)rnd(&x, 16); k > 0; k--){
			b = bits[rnd(&x, nelem(bits))];
			if(n + (int)strlen(b) < (int)sizeof buf - 4)
				n += sprintf(buf + n, "%s", b);
		}
		for(j = 0; j < 4 && rnd(&x, 3) == 0 && n > 0; j++)
			buf[rnd(&x, (unsigned int)n)] = (char)rnd(&x, 256);
		if(rnd(&x, 2) == 0){
			memcpy(buf + n, "\r\n\r\n", 4);
			n += 4;
		}
		holds(buf, n);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(good),
		TEST(rules),
		TEST(nul),
		TEST(lengths),
		TEST(toolong),
		TEST(targets),
		TEST(rangesof),
		TEST(atrandom),
	};

	return cmocka_run_group_tests(tests, nil, nil);
}
