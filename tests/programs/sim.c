/*
 * A bank with two tellers, simulated.  Each customer is a thread, and so is
 * the clock: time passes when everybody else waits.
 */
#include <u.h>
#include <libc.h>
#include <thread.h>

enum { Ncustomer = 12, Nteller = 2 };

typedef struct Event Event;
struct Event
{
	int	when;
	int	n;		/* in the order of being asked for: ties */
	Channel	*wake;
	Event	*next;
};

static int now;			/* all is in one proc: no locks */
static Event *events;
static int nevent;
static int ncustomer;		/* that have not gone home */
static Channel *tellers;	/* the free ones */
static int busytime[Nteller];

static void
fatal(char *s)
{
	sysfatal("%s", s);
}

/* simulated time passes */
static void
hold(int t)
{
	Event e, **l;

	e.when = now + t;
	e.n = nevent++;
	e.wake = chancreate(sizeof(ulong), 0);
	if(e.wake == nil)
		fatal("no channel");
	for(l = &events; *l != nil; l = &(*l)->next)
		if((*l)->when > e.when || ((*l)->when == e.when && (*l)->n > e.n))
			break;
	e.next = *l;
	*l = &e;
	recvul(e.wake);
	chanfree(e.wake);
}

static void
say(char *who, int n, char *what)
{
	print("%3d %s %d %s\n", now, who, n, what);
}

static void
customer(void *v)
{
	int n, service;
	ulong t, came;

	n = (int)(uintptr)v;
	hold(n*7 % 40);
	say("customer", n, "comes");
	came = (ulong)now;
	t = recvul(tellers);
	if((ulong)now > came)
		print("%3d customer %d has waited %lud\n", now, n, (ulong)now - came);
	service = 3 + n*5 % 11;
	busytime[t-1] += service;
	hold(service);
	say("customer", n, "goes");
	sendul(tellers, t);
	ncustomer--;
}

static void
clock_(void *v)
{
	Event *e;

	USED(v);
	for(;;){
		while(yield() > 0)
			;
		/* all wait, for the time or for a teller */
		e = events;
		if(e == nil)
			break;
		events = e->next;
		now = e->when;
		sendul(e->wake, 1);
	}
	if(ncustomer != 0)
		fatal("customers are left");
	print("%3d closing; the tellers worked for %d and %d\n", now, busytime[0], busytime[1]);
}

void
threadmain(int argc, char *argv[])
{
	int i;

	USED(argc);
	USED(argv);
	tellers = chancreate(sizeof(ulong), Nteller);
	if(tellers == nil)
		fatal("no channel");
	for(i = 0; i < Nteller; i++)
		sendul(tellers, (ulong)(i+1));
	ncustomer = Ncustomer;
	for(i = 1; i <= Ncustomer; i++)
		if(threadcreate(customer, (void*)(uintptr)i, 8192) < 0)
			fatal("no thread");
	if(threadcreate(clock_, nil, 8192) < 0)
		fatal("no thread");
}
