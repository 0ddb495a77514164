/*
 * primes [-p] [n]: the first n primes (25), by a sieve of filters.  Each
 * filter lets through what its prime does not divide.  With -p every filter is
 * a proc, else all of them are threads of one.
 */
#include <u.h>
#include <libc.h>
#include <thread.h>

typedef struct Filter Filter;
struct Filter
{
	ulong	prime;
	Channel	*in;
	Channel	*out;
};

static void
generate(void *v)
{
	Channel *c;
	ulong i;

	c = v;
	for(i = 2; sendul(c, i) > 0; i++)
		;
}

static void
filter(void *v)
{
	Filter *f;
	ulong i;

	f = v;
	while((i = recvul(f->in)) != 0)
		if(i % f->prime != 0 && sendul(f->out, i) < 0)
			break;
}

static void*
emalloc(size_t n)
{
	void *p;

	p = malloc(n);
	if(p == nil)
		sysfatal("out of memory");
	return p;
}

static Channel*
mkchan(void)
{
	Channel *c;

	c = chancreate(sizeof(ulong), 0);
	if(c == nil)
		sysfatal("no channel");
	return c;
}

static void
usage(void)
{
	fprintf(stderr, "usage: primes [-p] [n]\n");
	threadexitsall("usage");
}

void
threadmain(int argc, char *argv[])
{
	int (*start)(void(*)(void*), void*, uint);
	Filter *f;
	Channel *c;
	long n;

	start = threadcreate;
	n = 25;
	if(argc > 1 && strcmp(argv[1], "-p") == 0){
		start = proccreate;
		argc--;
		argv++;
	}
	if(argc > 1){
		n = atol(argv[1]);
		argc--;
	}
	if(argc > 1 || n <= 0)
		usage();

	c = mkchan();
	if(start(generate, c, 0) < 0)
		sysfatal("cannot start the generator");
	while(n-- > 0){
		f = emalloc(sizeof *f);
		f->prime = recvul(c);
		f->in = c;
		f->out = c = mkchan();
		printf("%lu\n", f->prime);
		if(n > 0 && start(filter, f, 0) < 0)
			sysfatal("cannot start a filter");
	}
	threadexitsall(nil);
}
