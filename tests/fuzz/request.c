/*
 * Heads of HTTP requests, as they come to httpd from the net: any bytes, in any
 * pieces.
 */
#include "fuzz.h"

typedef long long vlong;	/* the header is for Plan 9 programs */

#include "../../examples/httpd/request.h"

static void
within(Str s, const char *buf, int n)
{
	MUST(s.n == 0 || (s.n > 0 && s.s >= buf && s.s + s.n <= buf + n));
}

/* a whole head of n bytes */
static void
whole(Request *r, const char *buf, int n)
{
	char path[Maxpath];
	vlong from, to;
	int e;

	within(r->verb, buf, n);
	within(r->target, buf, n);
	within(r->host, buf, n);
	within(r->range, buf, n);
	within(r->ifrange, buf, n);
	within(r->ifmodified, buf, n);
	within(r->ifnonematch, buf, n);
	MUST(r->length >= 0 && r->verb.n > 0 && r->target.n > 0);
	e = targetpath(path, r->target);
	MUST(e == 0 || e == -400 || e == -403 || e == -414);
	/* below the root */
	MUST(e != 0 || (path[0] != '/' && strcmp(path, "..") != 0 && strncmp(path, "../", 3) != 0 && strstr(path, "/../") == nil));
	if(parserange(r->range, 1000, &from, &to) == 1)
		MUST(0 <= from && from <= to && to < 1000);
	MUST(hastag(r->ifnonematch, "\"x\"") <= 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Request r, part;
	char *buf;
	int n, all, i, got;

	/* not a byte more than there is */
	n = (int)size;
	buf = malloc(size > 0? size: 1);
	MUST(buf != nil);
	if(size > 0)
		memcpy(buf, data, size);
	all = parserequest(&r, buf, n);
	MUST(all <= n && (all >= 0 || all == -400 || all == -414 || all == -431 || all == -505));
	if(all > 0)
		whole(&r, buf, all);
	/* with fewer bytes it says the same, or nothing yet */
	for(i = n > 0? data[0]%7: 0; i < n; i += 1 + n/16){
		got = parserequest(&part, buf, i);
		MUST(got == 0 || got == all);
	}
	free(buf);
	return 0;
}
