/*
 * Random programs: sources, workers and sinks joined by random channels, run
 * on a random number of procs, while another thread interrupts them at
 * random.  What happens is checked against a simple model of each channel:
 *
 *	what was sent with success is received once, and nothing else is
 *	what one sender sent, a receiver gets in the order of sending; all of
 *	it, without a gap, where it is the only receiver
 *	an operation that failed (interrupted, deadline, closed) did nothing
 *	a closed channel is drained before receives fail
 *
 * and of the whole: unless a channel was closed before its time, every value
 * of every source reaches one sink, once.
 *
 *	randprog [seed [programs]]; L9SEED in the environment
 */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib9thread.h"

typedef struct Chan Chan;
typedef struct Msg Msg;
typedef struct Node Node;
typedef struct Prog Prog;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SLOW 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SLOW 1
#endif
#endif
#ifndef SLOW
#define SLOW 0
#endif

enum {
	Nprog = SLOW? 200: 2000,	/* L9SCALE divides it */
	Maxlayer = 4,
	Maxwide = 4,
	Maxchan = Maxlayer*Maxwide,
	Maxnode = 32,
	Maxset = 3,		/* channels a node reads or writes */
	Maxvalue = 200,		/* of a source */
	Nhost = 8,
	Maxalt = 2*Maxset + 4,
};

struct Msg
{
	int	source;
	int	value;
	int	sender;		/* of the last hop, */
	uint32_t	seq;	/* and its count on that channel */
};

struct Chan
{
	Channel	*c;
	int	nel;
	int	nreceiver;
	_Atomic int	nsender;	/* that have not ended */
	_Atomic int	early;		/* to be closed, or closed, before the last sender ended */
	_Atomic long	sent, received;
	_Atomic uint64_t	hash;	/* of all that was sent, less all that was received */
};

enum Kind { Source, Worker, Sink };

struct Node
{
	Prog	*prog;
	enum Kind	kind;
	int	n;
	int	nvalue;			/* Source */
	int	nin, nout;
	int	in[Maxset], out[Maxset];
	uint32_t	rnd;
	uint32_t	seq[Maxchan];		/* next on this channel */
	uint32_t	next[Maxchan][Maxnode];	/* least that may come, by sender */
	_Atomic int	id;
};

struct Prog
{
	uint32_t	seed;
	int	number;
	int	nproc;
	int	nchan, nnode, nsource;
	int	deadlines;
	int	interrupts;
	Chan	chan[Maxchan];
	Node	node[Maxnode];
	_Atomic unsigned char	seen[Maxnode][Maxvalue];
	_Atomic int	ndropped;
	_Atomic int	over;
};

static Prog *prog;		/* the one that runs */
static int host[Nhost];
static _Atomic long nmsg, nint, ndead;

static void
bad(Node *n, const char *fmt, ...)
{
	char buf[256];
	va_list arg;

	va_start(arg, fmt);
	vsnprintf(buf, sizeof buf, fmt, arg);
	va_end(arg);
	fprintf(stderr, "randprog: program %d, seed %u: node %d: %s\n",
		prog->number, prog->seed, n == NULL? -1: n->n, buf);
	abort();
}

static uint32_t
nrand(uint32_t *s, uint32_t n)
{
	*s ^= *s<<13;
	*s ^= *s>>17;
	*s ^= *s<<5;
	return (uint32_t)(((uint64_t)*s*n)>>32);
}

static uint64_t
hash(Msg *m)
{
	uint64_t h;

	h = ((uint64_t)m->sender<<32 | m->seq) + 0x9e3779b97f4a7c15u;
	h = (h ^ h>>30)*0xbf58476d1ce4e5b9u;
	h = (h ^ h>>27)*0x94d049bb133111ebu;
	return h ^ h>>31 ^ (uint64_t)m->source<<48 ^ (uint64_t)m->value<<40;
}

/* the reason of the last failure; those that are passing are counted */
enum { Again, Closed };

static int
why(Node *n)
{
	char err[ERRMAX];

	rerrstr(err, sizeof err);
	if(strcmp(err, "interrupted") == 0){
		nint++;
		return Again;
	}
	if(strcmp(err, "deadline") == 0){
		ndead++;
		return Again;
	}
	if(strcmp(err, "channel closed") == 0)
		return Closed;
	bad(n, "error %s", err);
	return Closed;
}

static void
checkgot(Node *n, int ci, Msg *m)
{
	Chan *c;
	uint32_t *next;

	c = &n->prog->chan[ci];
	next = &n->next[ci][m->sender];
	if(m->seq < *next)
		bad(n, "channel %d: message %u of %d after %u", ci, m->seq, m->sender, *next);
	if(c->nreceiver == 1 && m->seq != *next)
		bad(n, "channel %d: message %u of %d, not %u", ci, m->seq, m->sender, *next);
	*next = m->seq + 1;
	c->received++;
	c->hash -= hash(m);
	nmsg++;
}

static int64_t
limit(Node *n)
{
	if(n->prog->deadlines == 0 || nrand(&n->rnd, 16) != 0)
		return INT64_MAX;
	return threadnow() + nrand(&n->rnd, 60)*Microsecond;
}

/*
 * An alt over k channels in a random order, with entries that must not
 * matter.  Returns the channel done, or failed with *err set; -1: again.
 */
static int
altover(Node *n, int *ci, int k, int op, Msg *m, int block, char **err)
{
	Alt a[Maxalt];
	int of[Maxalt];
	int i, j, na;

	na = 0;
	for(i = 0; i < k; i++){
		if(nrand(&n->rnd, 8) == 0){
			of[na] = -1;
			a[na++] = (Alt){NULL, NULL, nrand(&n->rnd, 2)? CHANNOP: op, NULL};
		}
		of[na] = ci[i];
		a[na++] = (Alt){n->prog->chan[ci[i]].c, m, op, NULL};
	}
	if(nrand(&n->rnd, 8) == 0){
		of[na] = ci[0];
		a[na++] = (Alt){n->prog->chan[ci[0]].c, m, op, NULL};
	}
	a[na] = (Alt){NULL, NULL, block? CHANEND: CHANNOBLK, NULL};
	i = nrand(&n->rnd, 4) == 0? altordered(a): p9alt(a);
	if(i == na){
		if(block)
			bad(n, "alt did not block");
		threadyield();
		return -1;
	}
	if(i < 0){
		if(why(n) != Again)
			bad(n, "alt failed as a whole");
		return -1;
	}
	if(i > na || of[i] < 0)
		bad(n, "alt: entry %d of %d", i, na);
	for(j = 0; j < na; j++)
		if(j != i && a[j].err != NULL)
			bad(n, "alt: err in entry %d", j);
	*err = a[i].err;
	if(*err != NULL && strcmp(*err, "channel closed") != 0)
		bad(n, "alt: %s", *err);
	return of[i];
}

/* one channel, one way or another.  1; 0: closed; -1: again */
static int
oneop(Node *n, int ci, int op, Msg *m)
{
	Channel *c;
	int r, nb;

	c = n->prog->chan[ci].c;
	nb = nrand(&n->rnd, 6) == 0;
	if(op == CHANSND)
		r = nb? p9nbsend(c, m): chansend(c, m);
	else
		r = nb? p9nbrecv(c, m): chanrecv(c, m);
	if(r == 1)
		return 1;
	if(r == 0 && nb){
		threadyield();
		return -1;
	}
	return why(n) == Closed? 0: -1;
}

/* from or to one of k channels.  The index of the one, *closed: it is closed; -1: again */
static int
anyop(Node *n, int *ci, int k, int op, Msg *m, int *closed)
{
	int64_t old, t;
	char *err;
	int r, i, got;

	err = NULL;
	t = limit(n);
	old = threaddeadline(t);
	if(k == 1 && nrand(&n->rnd, 2)){
		r = oneop(n, ci[0], op, m);
		*closed = r == 0;
		got = r < 0? -1: ci[0];
	}else{
		got = altover(n, ci, k, op, m, nrand(&n->rnd, 5) != 0, &err);
		*closed = err != NULL;
	}
	threadundeadline(old);
	if(got < 0)
		return -1;
	for(i = 0; ci[i] != got; i++)
		;
	return i;
}

static void
takeout(int *ci, int *k, int i)
{
	ci[i] = ci[--*k];
}

/*
 * Send by one of the node's channels; one that was closed early is left out
 * from then on.  A message goes with its sequence on the channel, so an alt
 * would not know which: it sends on channels with the same count only.
 */
static void
sendmsg1(Node *n, Msg *m)
{
	Chan *c;
	int i, j, k, closed, ci[Maxset], at[Maxset];

	m->sender = n->n;
	while(n->nout > 0){
		j = (int)nrand(&n->rnd, (uint32_t)n->nout);
		m->seq = n->seq[n->out[j]];
		k = 0;
		for(i = 0; i < n->nout; i++)
			if(n->seq[n->out[i]] == m->seq){
				at[k] = i;
				ci[k++] = n->out[i];
			}
		/* counted before: the receiver may be quicker */
		i = anyop(n, ci, k, CHANSND, m, &closed);
		if(i < 0)
			continue;
		c = &n->prog->chan[ci[i]];
		if(closed){
			if(!c->early)
				bad(n, "channel %d was closed", ci[i]);
			takeout(n->out, &n->nout, at[i]);
			if(--c->nsender == 0)
				chanclose(c->c);
			continue;
		}
		c->sent++;
		c->hash += hash(m);
		n->seq[ci[i]]++;
		return;
	}
	n->prog->ndropped++;
}

/* 1; 0: all are closed */
static int
recvmsg1(Node *n, Msg *m)
{
	int i, closed, left;

	while(n->nin > 0){
		i = anyop(n, n->in, n->nin, CHANRCV, m, &closed);
		if(i < 0)
			continue;
		if(!closed){
			checkgot(n, n->in[i], m);
			return 1;
		}
		left = chanclosing(n->prog->chan[n->in[i]].c);
		if(left != 0)
			bad(n, "channel %d is closed with %d left", n->in[i], left);
		takeout(n->in, &n->nin, i);
	}
	return 0;
}

static void
leave(Node *n)
{
	Chan *c;
	int i;

	for(i = 0; i < n->nout; i++){
		c = &n->prog->chan[n->out[i]];
		if(--c->nsender == 0)
			chanclose(c->c);
	}
}

static void
nodemain(void *v)
{
	Node *n;
	Msg m;
	int i;

	n = v;
	switch(n->kind){
	case Source:
		for(i = 0; i < n->nvalue; i++){
			m = (Msg){.source = n->n, .value = i};
			sendmsg1(n, &m);
		}
		break;
	case Worker:
		while(recvmsg1(n, &m))
			sendmsg1(n, &m);
		break;
	case Sink:
		while(recvmsg1(n, &m))
			if(n->prog->seen[m.source][m.value]++ != 0)
				bad(n, "value %d of %d came twice", m.value, m.source);
		break;
	}
	leave(n);
}

/* closes channels before their time */
static void
closer(void *v)
{
	Prog *p;
	uint32_t s;
	int i;

	p = v;
	s = p->seed ^ 0x5bd1e995u;
	threadsleep(nrand(&s, 500)*Microsecond);
	for(i = 0; i < p->nchan; i++)
		if(p->chan[i].early){
			chanclose(p->chan[i].c);
			threadsleep(nrand(&s, 100)*Microsecond);
		}
}

static void
interrupter(void *v)
{
	Prog *p;
	uint32_t s;

	p = v;
	s = p->seed ^ 0x1b873593u;
	while(!p->over){
		if(nrand(&s, 32) == 0)
			threadintgrp(p->number);
		else
			threadint(p->node[nrand(&s, (uint32_t)p->nnode)].id);
		if(nrand(&s, 4) == 0)
			threadsleep(nrand(&s, 30)*Microsecond);
		else
			threadyield();
	}
}

/*
 * Making a program.
 */

static Node*
newnode(Prog *p, enum Kind kind)
{
	Node *n;

	n = &p->node[p->nnode];
	n->prog = p;
	n->n = p->nnode++;
	n->kind = kind;
	n->rnd = nrand(&p->seed, 0x7fffffff) | 1;
	return n;
}

static void
addto(int *set, int *k, int ci)
{
	int i;

	for(i = 0; i < *k; i++)
		if(set[i] == ci)
			return;
	if(*k < Maxset)
		set[(*k)++] = ci;
}

/* nodes k..k+m read the channels from..to: each channel has a reader, each node a channel */
static void
connectin(Prog *p, int k, int m, int from, int to, uint32_t *s)
{
	int i, j;

	for(i = from; i < to; i++)
		addto(p->node[k + (i-from)%m].in, &p->node[k + (i-from)%m].nin, i);
	for(j = k; j < k+m; j++)
		while(p->node[j].nin == 0 || (p->node[j].nin < Maxset && nrand(s, 3) == 0))
			addto(p->node[j].in, &p->node[j].nin, from + (int)nrand(s, (uint32_t)(to-from)));
}

static void
connectout(Prog *p, int k, int m, int from, int to, uint32_t *s)
{
	int j, try;

	for(j = k; j < k+m; j++)
		for(try = 0; try == 0 || (try < Maxset && nrand(s, 3) == 0); try++)
			addto(p->node[j].out, &p->node[j].nout, from + (int)nrand(s, (uint32_t)(to-from)));
}

static int
between(uint32_t *s, int lo, int hi)
{
	return lo + (int)nrand(s, (uint32_t)(hi-lo+1));
}

static void
makechan(Prog *p, uint32_t *s)
{
	Chan *c;

	c = &p->chan[p->nchan++];
	switch(nrand(s, 4)){
	case 0: case 1:
		c->nel = 0;
		break;
	case 2:
		c->nel = between(s, 1, 8);
		break;
	case 3:
		c->nel = CHANUNBOUNDED;
		break;
	}
	c->c = chancreate(sizeof(Msg), c->nel);
	if(c->c == NULL)
		bad(NULL, "no channel");
}

static void
make(Prog *p, int number, uint32_t seed)
{
	uint32_t s;
	int i, j, layer, nlayer, from, to, nextto, k, m;
	Node *n;

	memset(p, 0, sizeof *p);
	p->number = number;
	p->seed = s = seed | 1;
	p->nproc = between(&s, 1, Nhost);
	p->deadlines = nrand(&s, 3) == 0;
	p->interrupts = nrand(&s, 4) != 0;
	nlayer = between(&s, 1, Maxlayer);
	m = between(&s, 1, 4);
	from = 0;
	for(i = between(&s, 1, Maxwide); i > 0; i--)
		makechan(p, &s);
	to = p->nchan;
	p->nsource = m;
	for(i = 0; i < m; i++){
		n = newnode(p, Source);
		n->nvalue = between(&s, 0, Maxvalue);
	}
	connectout(p, 0, m, from, to, &s);
	for(layer = 1; layer < nlayer; layer++){
		for(i = between(&s, 1, Maxwide); i > 0; i--)
			makechan(p, &s);
		nextto = p->nchan;
		k = p->nnode;
		/* as many as it takes for each channel to have a reader */
		m = between(&s, 2, 5);
		for(i = 0; i < m; i++)
			newnode(p, Worker);
		connectin(p, k, m, from, to, &s);
		connectout(p, k, m, to, nextto, &s);
		from = to;
		to = nextto;
	}
	k = p->nnode;
	m = between(&s, 2, 4);
	for(i = 0; i < m; i++)
		newnode(p, Sink);
	connectin(p, k, m, from, to, &s);
	for(i = 0; i < p->nnode; i++){
		n = &p->node[i];
		for(j = 0; j < n->nin; j++)
			p->chan[n->in[j]].nreceiver++;
		for(j = 0; j < n->nout; j++)
			p->chan[n->out[j]].nsender++;
	}
	if(nrand(&s, 4) == 0)
		for(i = 0; i < p->nchan; i++)
			p->chan[i].early = nrand(&s, 4) == 0;
	p->seed = seed;
}

static void
check(Prog *p)
{
	Chan *c;
	Node *n;
	int i, j, early;

	early = 0;
	for(i = 0; i < p->nchan; i++){
		c = &p->chan[i];
		if(c->sent != c->received)
			bad(NULL, "channel %d: %ld sent, %ld received", i, c->sent, c->received);
		if(c->hash != 0)
			bad(NULL, "channel %d: other messages were received than sent", i);
		if(chanclosing(c->c) != 0)
			bad(NULL, "channel %d: not closed and empty", i);
		if(p9nbrecv(c->c, NULL) != -1 || p9nbsend(c->c, NULL) != -1)
			bad(NULL, "channel %d: works though it is closed", i);
		early |= c->early;
	}
	if(early)
		return;
	if(p->ndropped != 0)
		bad(NULL, "%d dropped", p->ndropped);
	for(i = 0; i < p->nsource; i++){
		n = &p->node[i];
		for(j = 0; j < n->nvalue; j++)
			if(p->seen[i][j] != 1)
				bad(n, "value %d reached no sink", j);
	}
}

static void
run(Prog *p)
{
	Threadattr a;
	int i, id, side[2], nside;

	for(i = 0; i < p->nchan; i++)
		/* nobody sends there */
		if(p->chan[i].nsender == 0)
			chanclose(p->chan[i].c);
	for(i = 0; i < p->nnode; i++){
		a = (Threadattr){.name = "node", .group = p->number, .proc = host[i % p->nproc]};
		id = threadcreatex(&a, nodemain, &p->node[i]);
		if(id < 0)
			bad(NULL, "no thread");
		p->node[i].id = id;
	}
	nside = 0;
	a = (Threadattr){.name = "side", .group = 1, .joinable = 1};
	side[nside++] = threadcreatex(&a, closer, p);
	if(p->interrupts)
		side[nside++] = threadcreatex(&a, interrupter, p);
	if(threadjoingrp(p->number) < 0)
		bad(NULL, "threadjoingrp");
	p->over = 1;
	for(i = 0; i < nside; i++)
		if(threadjoin(side[i], NULL, 0) < 0)
			bad(NULL, "threadjoin");
	check(p);
	for(i = 0; i < p->nchan; i++)
		chanfree(p->chan[i].c);
}

static void
hostmain(void *v)
{
	chanrecv(v, NULL);
}

int
main(int argc, char *argv[])
{
	Channel *quit;
	uint32_t seed, s;
	char *e;
	int i, n;

	e = getenv("L9SEED");
	seed = argc > 1? (uint32_t)atol(argv[1]): e != NULL? (uint32_t)atol(e): (uint32_t)threadnow();
	e = getenv("L9SCALE");
	n = argc > 2? atoi(argv[2]): Nprog/(e != NULL && atoi(e) > 1? atoi(e): 1);
	printf("seed %u\n", seed);
	fflush(stdout);
	if(threadinit() < 0)
		return 1;
	quit = chancreate(1, 0);
	for(i = 0; i < Nhost; i++){
		host[i] = proccreate(hostmain, quit, 0);
		if(host[i] < 0)
			return 1;
	}
	prog = malloc(sizeof *prog);
	if(prog == NULL)
		return 1;
	s = seed*2654435761u | 1;
	for(i = 0; i < n; i++){
		make(prog, 1000+i, nrand(&s, 0x7fffffff) | 1);
		run(prog);
	}
	printf("%d programs, %ld messages, %ld interrupted, %ld past a deadline\n",
		n, (long)nmsg, (long)nint, (long)ndead);
	fflush(stdout);
	free(prog);
	chanclose(quit);
	return 0;
}
