/* httpload's reading of answers: each rule, however the bytes come. */
#include "t.h"

typedef long long vlong;	/* the header is for Plan 9 programs */

#include "../examples/httpload/answer.h"

typedef struct Peer Peer;
struct Peer
{
	Answer	a;	/* first */
	const char	*s;
	long	left;
	long	step;	/* bytes at a time */
};

static long
more(Answer *a, char *buf, long n)
{
	Peer *p;

	p = (Peer*)(void*)a;
	if(n > p->step)
		n = p->step;
	if(n > p->left)
		n = p->left;
	memcpy(buf, p->s, (size_t)n);
	p->s += n;
	p->left -= n;
	return n;
}

/* what is left of s behind its first answer; -1: that is none */
static long
answered(Peer *p, const char *s, long step, int headonly)
{
	*p = (Peer){.a = {.more = more, .headonly = headonly}, .s = s, .left = (long)strlen(s), .step = step};
	if(readanswer(&p->a) < 0)
		return -1;
	return p->left + (p->a.w - p->a.r);
}

static const struct {
	const char	*answer;
	int	status;	/* 0: it is none */
	int	last;
	int	behind;	/* bytes of the next one */
} cases[] = {
	{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP", 200, 0, 4},
	{"HTTP/1.1 200 OK\nContent-Length:3\n\nabc", 200, 0, 0},
	{"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, 0, 0},
	{"HTTP/1.1 404 \r\ncontent-length: 3 \r\nConnection: close\r\n\r\nabc", 404, 1, 0},
	{"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", 200, 1, 0},
	{"HTTP/1.0 200 OK\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\nabc", 200, 0, 0},
	{"HTTP/1.1 200 OK\r\n\r\nuntil it hangs up", 200, 1, 0},
	{"HTTP/1.1 204 No\r\n\r\nHTTP", 204, 0, 4},
	{"HTTP/1.1 304 No\r\nContent-Length: 9\r\n\r\nHTTP", 304, 0, 4},
	{"HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", 200, 0, 0},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nHTTP", 200, 0, 4},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n00a; x=y\r\n0123456789\r\n0\r\nA: b\r\n\r\n", 200, 0, 0},
	/* chunks are what counts, wherever they stand */
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\nContent-Length: 1\r\n\r\n1\r\na\r\n0\r\n\r\n", 200, 0, 0},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\na\r\n0\r\n\r\nHTTP", 200, 0, 4},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nContent-Length: 1\r\n\r\nuntil it hangs up", 200, 1, 0},
	{"HTTP/1.1 200 OK\r\nConnection: x, close\r\nContent-Length: 1\r\n\r\na", 200, 1, 0},
	/* none */
	{"", 0, 0, 0},
	{"SSH-2.0\r\n\r\n", 0, 0, 0},
	{"HTTP/1.1 20\r\n\r\n", 0, 0, 0},
	{"HTTP/1.1 2x0 OK\r\nContent-Length: 1\r\n\r\na", 0, 0, 0},
	{"HTTP/1.1 2000 OK\r\nContent-Length: 1\r\n\r\na", 0, 0, 0},
	{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n", 0, 0, 0},
	{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", 0, 0, 0},
	{"HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabc", 0, 0, 0},
	{"HTTP/1.1 200 OK\r\nContent-Length: 3x\r\n\r\nabc", 0, 0, 0},
	{"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n", 0, 0, 0},
	{"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nabc", 0, 0, 0},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", 0, 0, 0},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n0\r\n\r\n", 0, 0, 0},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n", 0, 0, 0},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", 0, 0, 0},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", 0, 0, 0},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n", 0, 0, 0},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\nabc\r\n", 0, 0, 0},
};

static void
rules(void **state)
{
	static const long steps[] = {1, 7, 100000};
	Peer p;
	long behind;
	int i, k;

	for(i = 0; i < nelem(cases); i++)
		for(k = 0; k < nelem(steps); k++){
			behind = answered(&p, cases[i].answer, steps[k], 0);
			if(behind != (cases[i].status == 0? -1: cases[i].behind))
				fail_msg("%s: %ld behind", cases[i].answer, behind);
			if(behind < 0)
				continue;
			assert_int_equal(p.a.status, cases[i].status);
			if((p.a.last != 0) != (cases[i].last != 0))
				fail_msg("%s: last %d", cases[i].answer, p.a.last);
			assert_int_equal(p.a.bytes, strlen(cases[i].answer) - (size_t)p.left);
		}
}

/* to HEAD: what the head says comes, does not */
static void
headonly(void **state)
{
	Peer p;

	assert_int_equal(answered(&p, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHTTP", 1000, 1), 4);
	assert_int_equal(answered(&p, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nHTTP", 1000, 1), 4);
	assert_int_equal(answered(&p, "HTTP/1.1 200 OK\r\n\r\nHTTP", 1000, 1), 4);
	assert_int_equal(p.a.last, 0);
}

/* one after the other, in what was read already */
static void
inarow(void **state)
{
	static const char one[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab";
	static char all[1000*sizeof one];
	Peer p;
	int i;

	for(i = 0; i < 1000; i++)
		memcpy(all + (size_t)i*(sizeof one - 1), one, sizeof one);
	assert_int_not_equal(answered(&p, all, 3000, 0), -1);
	for(i = 1; i < 1000; i++)
		assert_int_equal(readanswer(&p.a), 0);
	assert_int_equal(readanswer(&p.a), -1);
}

/* a line is not longer than the buffer; all lines together may be */
static void
toolong(void **state)
{
	static char s[3*Inbuf];
	char err[ERRMAX];
	Peer p;
	int n;

	n = sprintf(s, "HTTP/1.1 200 OK\r\nA: ");
	memset(s + n, 'a', Inbuf + 1);
	assert_int_equal(answered(&p, s, 1000, 0), -1);
	rerrstr(err, sizeof err);
	assert_non_null(strstr(err, "too long"));
	memcpy(s + n + Inbuf - 1000, "\r\nB: ", 5);
	strcpy(s + n + Inbuf + 1, "\r\nContent-Length: 1\r\n\r\na");
	assert_int_equal(answered(&p, s, 1000, 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rules),
		TEST(headonly),
		TEST(inarow),
		TEST(toolong),
	};

	if(threadinit() < 0)
		return 1;
	return cmocka_run_group_tests(tests, nil, nil);
}
