/*
 * phil [-p] [n]: five philosophers at a table, each of whom thinks and eats n
 * times (100).  A fork is a channel that holds one token.  With -p each
 * philosopher is a proc.
 */
#include <u.h>
#include <libc.h>
#include <thread.h>

enum { Nphil = 5 };

typedef struct Phil Phil;
struct Phil
{
	int	n;
	int	meals;
	Channel	*first;		/* the fork to take first: that with the lower number, */
	Channel	*second;	/* so that not all of them hold one and wait for the other */
};

static Channel *fork_[Nphil], *full;
static long nmeal = 100;
static int eating[Nphil];	/* guarded by the two forks of the eater */

static void
eat(Phil *p)
{
	int left, right;

	left = (p->n + Nphil - 1) % Nphil;
	right = (p->n + 1) % Nphil;
	if(eating[left] || eating[right])
		sysfatal("philosopher %d eats beside another", p->n);
	eating[p->n] = 1;
	yield();
	p->meals++;
	eating[p->n] = 0;
}

static void
philosopher(void *v)
{
	Phil *p;
	long i;

	p = v;
	for(i = 0; i < nmeal; i++){
		recvul(p->first);
		recvul(p->second);
		eat(p);
		sendul(p->second, 1);
		sendul(p->first, 1);
	}
	sendp(full, p);
}

void
threadmain(int argc, char *argv[])
{
	int (*start)(void(*)(void*), void*, uint);
	Phil *p, phil[Nphil];
	int i, total;

	start = threadcreate;
	if(argc > 1 && strcmp(argv[1], "-p") == 0){
		start = proccreate;
		argc--;
		argv++;
	}
	if(argc > 1)
		nmeal = atol(argv[1]);
	full = chancreate(sizeof(Phil*), 0);
	for(i = 0; i < Nphil; i++){
		/* room for the token, so that putting a fork down never waits */
		fork_[i] = chancreate(sizeof(ulong), 1);
		if(fork_[i] == nil || full == nil)
			sysfatal("no channel");
		sendul(fork_[i], 1);
	}
	for(i = 0; i < Nphil; i++){
		p = &phil[i];
		p->n = i;
		p->meals = 0;
		p->first = fork_[i];
		p->second = fork_[(i+1) % Nphil];
		if(i == Nphil-1){
			p->first = fork_[0];
			p->second = fork_[i];
		}
		if(start(philosopher, p, 0) < 0)
			sysfatal("no philosopher");
	}
	total = 0;
	for(i = 0; i < Nphil; i++){
		p = recvp(full);
		total += p->meals;
	}
	for(i = 0; i < Nphil; i++)
		print("philosopher %d ate %d times\n", i, phil[i].meals);
	print("%d meals\n", total);
}
