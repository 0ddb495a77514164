/*
 * tcpproxy [-v] [-i seconds] [-s seconds] from to[,to...] ...: pass connections on.
 *
 * A thread listens at each `from'.  A call is a thread that dials one of the
 * places, and a second one: each copies in its direction.  All are of one
 * proc, so counters need no lock.
 */
#include <u.h>
#include <libc.h>
#include <thread.h>
#include <sys/socket.h>

enum {
	Bufsize = 32<<10,
	Dialtime = 10,		/* seconds */
	Patience = 10,		/* seconds, with the connections that run at the end */
};

typedef struct Route Route;
struct Route
{
	char	*from;
	char	**to;
	int	nto;
	uint	turn;		/* which one is next */
	int	fd;
	char	dir[NETPATHLEN];
	int	id;		/* the listener */
	/* counters */
	int	open;
	uvlong	calls;
	uvlong	failed;
	uvlong	up;		/* bytes to the servers */
	uvlong	down;		/* bytes from them */
};

/* a connection and its other half */
typedef struct Call Call;
struct Call
{
	Route	*r;
	int	client;
	int	server;
	int64_t	last;		/* when something came */
	Waitgroup	pumps;
};

/* one direction of a call */
typedef struct Pump Pump;
struct Pump
{
	Call	*call;
	int	from;
	int	to;
	uvlong	*count;
};

static Route *route;
static int nroute;
static int verbose;
static int64_t idle = INT64_MAX;	/* a connection may be silent that long */
static Waitgroup calls;

static void*
emalloc(size_t n)
{
	void *p;

	p = calloc(1, n);
	if(p == nil)
		sysfatal("out of memory");
	return p;
}

/* as ioread; silence counts only if the other direction is silent too */
static long
readsome(Call *c, int fd, char *buf)
{
	int64_t old;
	long n;

	do{
		old = threaddeadline(idle == INT64_MAX? INT64_MAX: c->last + idle);
		n = ioread(nil, fd, buf, Bufsize);
		threadundeadline(old);
	}while(n < 0 && errno == ETIMEDOUT && threadnow() - c->last < idle);
	c->last = threadnow();
	return n;
}

/*
 * Until the end of one direction, which is passed on: the other may go on.
 * With an error both end.
 */
static void
pump(Pump *p)
{
	char *buf;
	long n;

	n = -1;
	buf = malloc(Bufsize);
	if(buf != nil)
		while((n = readsome(p->call, p->from, buf)) > 0){
			if(iowrite(nil, p->to, buf, n) != n){
				n = -1;
				break;
			}
			*p->count += n;
		}
	free(buf);
	if(n == 0)
		shutdown(p->to, SHUT_WR);
	else{
		shutdown(p->to, SHUT_RDWR);
		shutdown(p->from, SHUT_RDWR);
	}
	wgdone(&p->call->pumps);
}

static void
pumpthread(void *v)
{
	pump(v);
}

/* the places by turns; one that does not answer is passed over */
static int
dialany(Route *r)
{
	int64_t old;
	char *to;
	int i, fd;
	uint first;

	first = r->turn++;
	for(i = 0; i < r->nto; i++){
		to = r->to[(first + i) % r->nto];
		old = threaddeadline(threadnow() + Dialtime*Second);
		fd = iodial(nil, to, nil, nil, nil);
		threadundeadline(old);
		if(fd >= 0){
			if(verbose)
				fprint(2, "tcpproxy: %s: to %s\n", r->from, to);
			return fd;
		}
		fprint(2, "tcpproxy: %s: %r\n", r->from);
	}
	return -1;
}

static void
join(Call *c)
{
	Route *r;
	Pump up, down;

	r = c->r;
	up = (Pump){c, c->client, c->server, &r->up};
	down = (Pump){c, c->server, c->client, &r->down};
	c->last = threadnow();
	wgadd(&c->pumps, 2);
	if(threadcreate(pumpthread, &up, 0) < 0){
		fprint(2, "tcpproxy: %s: %r\n", r->from);
		r->failed++;
		return;
	}
	pump(&down);
	/* an interrupt is for the wait in a read: both pumps' memory is ours */
	while(wgwait(&c->pumps) < 0)
		;
}

static void
call(void *v)
{
	Call *c;
	Route *r;

	c = v;
	r = c->r;
	r->open++;
	c->server = dialany(r);
	if(c->server < 0)
		r->failed++;
	else{
		join(c);
		close(c->server);
	}
	close(c->client);
	r->open--;
	free(c);
	wgdone(&calls);
}

static int
mkcall(Route *r, int fd)
{
	Call *c;

	c = calloc(1, sizeof *c);
	if(c == nil)
		return -1;
	c->r = r;
	c->client = fd;
	wgadd(&calls, 1);
	if(threadcreatex(&(Threadattr){.name = "call"}, call, c) < 0){
		wgdone(&calls);
		free(c);
		return -1;
	}
	r->calls++;
	return 0;
}

/* until it is interrupted */
static void
listener(void *v)
{
	Route *r;
	char newdir[NETPATHLEN];
	int ctl, fd;

	r = v;
	for(;;){
		ctl = iolisten(nil, r->dir, newdir);
		fd = ctl < 0? -1: ioaccept(nil, ctl, newdir);
		if(fd < 0 && errno == EINTR)
			break;
		if(ctl >= 0)
			close(ctl);
		if(fd >= 0 && mkcall(r, fd) == 0)
			continue;
		/* no more descriptors or memory, it may be: others give some back */
		fprint(2, "tcpproxy: %s: %r\n", r->from);
		if(fd >= 0)
			close(fd);
		if(threadsleep(100*Millisecond) < 0)
			return;
	}
	if(ctl >= 0)
		close(ctl);
}

static void
counters(void)
{
	Route *r;

	for(r = route; r < route + nroute; r++)
		print("%s: %d open, %llud calls, %llud failed, %llud bytes up, %llud down\n",
			r->from, r->open, r->calls, r->failed, r->up, r->down);
}

static void
stop(void)
{
	Route *r;

	for(r = route; r < route + nroute; r++){
		threadint(r->id);
		threadjoin(r->id, nil, 0);
		close(r->fd);
	}
	threaddeadline(threadnow() + Patience*Second);
	if(wgwait(&calls) < 0)
		fprint(2, "tcpproxy: connections that were open are cut\n");
}

/* until a note says that it is the end */
static void
watch(Channel *notes, int64_t every)
{
	int64_t when;
	char *note;
	Alt a[] = {
		{notes, &note, CHANRCV, nil},
		{nil, &when, every > 0? CHANTIMEOUT: CHANNOP, nil},
		{nil, nil, CHANEND, nil},
	};

	when = threadnow() + every;
	for(;;){
		if(alt(a) == 0){
			if(strcmp(note, "sys: usr1") != 0)
				return;
		}else
			when += every;
		counters();
	}
}

static Channel*
mknotes(void)
{
	static char *notes[] = {"interrupt", "kill", "sys: usr1"};
	Channel *c;
	uint i;

	c = chancreate(sizeof(char*), CHANUNBOUNDED);
	for(i = 0; i < nelem(notes); i++)
		if(c == nil || notechan(c, notes[i], 1) < 0)
			sysfatal("cannot start: %r");
	return c;
}

static void
mkroute(Route *r, char *from, char *to)
{
	enum { Maxto = 64 };

	r->from = from;
	r->to = emalloc(Maxto*sizeof r->to[0]);
	r->nto = getfields(to, r->to, Maxto, 1, ",");
	if(r->nto == 0)
		sysfatal("%s: nowhere to go", from);
	r->fd = ioannounce(nil, from, r->dir);
	if(r->fd < 0)
		sysfatal("%r");
	r->id = threadcreatex(&(Threadattr){.name = "listener", .joinable = 1}, listener, r);
	if(r->id < 0)
		sysfatal("cannot start: %r");
	fprint(2, "tcpproxy: serving %s\n", from);
}

static void
usage(void)
{
	fprint(2, "usage: tcpproxy [-v] [-i seconds] [-s seconds] from to[,to...] ...\n"
		"	-i s	close a connection on which nothing comes for s seconds\n"
		"	-s s	print the counters every s seconds\n"
		"	-v	say where each call goes\n");
	threadexitsall("usage");
}

static int64_t
seconds(char *s)
{
	int64_t n;

	n = atoi(s);
	if(n <= 0)
		usage();
	return n*Second;
}

void
threadmain(int argc, char *argv[])
{
	Channel *notes;
	int64_t every;

	every = 0;
	ARGBEGIN{
	case 'i':
		idle = seconds(EARGF(usage()));
		break;
	case 's':
		every = seconds(EARGF(usage()));
		break;
	case 'v':
		verbose = 1;
		break;
	default:
		usage();
	}ARGEND
	if(argc == 0 || argc%2 != 0)
		usage();

	notes = mknotes();
	route = emalloc(argc/2*sizeof route[0]);
	for(; nroute < argc/2; nroute++)
		mkroute(&route[nroute], argv[2*nroute], argv[2*nroute+1]);
	watch(notes, every);
	stop();
	counters();
	threadexitsall(nil);
}
