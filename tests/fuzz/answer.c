/*
 * What httpload reads of a server: any bytes.  The first says in what pieces they
 * come, and whether the request was a HEAD.
 */
#include "fuzz.h"

typedef long long vlong;	/* the header is for Plan 9 programs */

#include "../../examples/httpload/answer.h"

typedef struct Peer Peer;
struct Peer
{
	Answer	a;	/* first */
	const uint8_t	*s;
	long	left;
	long	step;
};

static long
more(Answer *a, char *buf, long n)
{
	Peer *p;

	p = (Peer*)(void*)a;
	MUST(n > 0 && buf >= a->in && buf + n <= a->in + sizeof a->in);
	n = n < p->step? n: p->step;
	n = n < p->left? n: p->left;
	memcpy(buf, p->s, (size_t)n);
	p->s += n;
	p->left -= n;
	return n;
}

/* until there is none: how many, and in *sum what they were and where each ended */
static int
answers(Peer *p, const uint8_t *data, long n, long step, int headonly, uint64_t *sum)
{
	int k;

	memset(p, 0, sizeof *p);
	p->a.more = more;
	p->a.headonly = headonly;
	p->s = data;
	p->left = n;
	p->step = step;
	*sum = 0;
	for(k = 0; k < 1000 && readanswer(&p->a) == 0; k++){
		MUST(p->a.status >= 200 && p->a.status <= 999);
		MUST(p->a.r >= 0 && p->a.r <= p->a.w && p->a.w <= Inbuf);
		MUST(p->a.bytes == (uint64_t)(n - p->left));
		/* where it ended */
		*sum = 31 * *sum + (uint64_t)p->a.status + (uint64_t)(p->left + p->a.w - p->a.r);
		if(p->a.last)
			break;
	}
	return k;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static Peer a, b;
	uint64_t suma, sumb;
	int headonly;

	if(n == 0)
		return 0;
	headonly = data[0] & 1;
	/* it is the same however it comes */
	MUST(answers(&a, data+1, (long)n-1, 1 + data[0]/2, headonly, &suma) == answers(&b, data+1, (long)n-1, Inbuf, headonly, &sumb));
	MUST(suma == sumb);
	return 0;
}
