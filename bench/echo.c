/*
 * An echo server of messages of 64 bytes over TCP, and a client in another
 * process that keeps one message on its way in each connection, or several, sent in one
 * piece: what the server spends on a request, and how long an answer takes.  The baseline is an OS
 * thread with an epoll, or two, each with half of the connections.  And what
 * memory idle connections take.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "lib.h"

enum {
	Size = 64,
	Room = 512,		/* the servers': a read that gets less says that there is no more */
	Nevent = 256,
	Maxproc = 2,
	Deep = 16,
	/* requests of each connection before those that count for a p99, and after: all connections have one on its way then */
	Nfirst = 2,
	Nlast = 1,
	Stretch = 125000000,	/* ns: longer than the 100 ms in which the library looks after its waits */
	/* Bench.arg: connections, and these: for two procs; with Deep requests on their way in each connection */
	Twoprocs = 1<<20,
	Pipelined = 1<<21,
};

/* what the client measured */
typedef struct Outcome Outcome;
struct Outcome
{
	double	p99;		/* us */
	double	steady;		/* us: p99 of a stretch of time, the run's median */
	double	wall;		/* us a request */
};

/* the answers that came, in their order */
typedef struct Answers Answers;
struct Answers
{
	double	*late;		/* us after its request */
	int64_t	*at;		/* ns */
	long	n;
};

static int listener;
static int toclient[2], toserver[2];
static pid_t client;

static int
nconn(Bench *b)
{
	return b->arg & (Twoprocs-1);
}

/* requests that the client sends in one piece; the server takes them singly */
static int
depth(Bench *b)
{
	return b->arg & Pipelined? Deep: 1;
}

/* what n operations are, with those before and after */
static long
nrequest(Bench *b)
{
	return b->n + (long)(Nfirst + Nlast)*nconn(b)*depth(b);
}

static size_t
room(Bench *b)
{
	return b->arg & Pipelined? Size: Room;
}

static int
nproc(Bench *b)
{
	return b->arg & Twoprocs? 2: 1;
}

static void
get(int fd, void *v, size_t n)
{
	if(read(fd, v, n) != (ssize_t)n)
		fail("read from the other process");
}

static void
put(int fd, const void *v, size_t n)
{
	if(write(fd, v, n) != (ssize_t)n)
		fail("write to the other process");
}

static void
nodelay(int fd)
{
	int one;

	one = 1;
	if(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) < 0)
		fail("TCP_NODELAY");
}

static void
watch(int ep, int fd)
{
	struct epoll_event ev;

	ev = (struct epoll_event){.events = EPOLLIN, .data.fd = fd};
	if(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) < 0)
		fail("epoll_ctl");
}

/*
 * The client.
 */
static void
request(int fd, int deep, int64_t *sent)
{
	static const char msg[Deep*Size];

	sent[fd] = wallnow();
	if(send(fd, msg, (size_t)deep*Size, MSG_NOSIGNAL) != deep*Size)
		fail("send");
}

static void
answered(Answers *a, int64_t sent)
{
	a->at[a->n] = wallnow();
	a->late[a->n] = (double)(a->at[a->n] - sent)/1e3;
	a->n++;
}

/* n times deep requests over all connections */
static void
load(int ep, const int *conn, int nc, int deep, long n, Answers *a)
{
	struct epoll_event ev[Nevent];
	int64_t *sent;
	char buf[Deep*Size];
	long nsent;
	int i, fd, m;

	sent = calloc((size_t)conn[nc-1] + 1, sizeof sent[0]);
	if(sent == NULL)
		fail("calloc");
	for(nsent = 0; nsent < nc && nsent < n; nsent++)
		request(conn[nsent], deep, sent);
	while(a->n < n){
		m = epoll_wait(ep, ev, Nevent, -1);
		for(i = 0; i < m; i++){
			fd = ev[i].data.fd;
			if(recv(fd, buf, (size_t)deep*Size, MSG_WAITALL) != deep*Size)
				fail("recv");
			answered(a, sent[fd]);
			if(nsent < n){
				request(fd, deep, sent);
				nsent++;
			}
		}
	}
	free(sent);
}

static int*
connectall(int ep, int nc, const struct sockaddr_in *a)
{
	int i, *conn;

	conn = calloc((size_t)nc, sizeof conn[0]);
	if(conn == NULL)
		fail("calloc");
	for(i = 0; i < nc; i++){
		conn[i] = socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, 0);
		if(conn[i] < 0 || connect(conn[i], (const struct sockaddr*)a, sizeof *a) < 0)
			fail("connect");
		nodelay(conn[i]);
		watch(ep, conn[i]);
	}
	return conn;
}

/* less than a stretch does not count, unless there is no whole one.  Sorts late */
static double
steady(double *late, const int64_t *at, long n)
{
	double *p99, r;
	long i, from, k;

	p99 = calloc((size_t)n, sizeof p99[0]);
	if(p99 == NULL)
		fail("calloc");
	k = 0;
	from = 0;
	for(i = 0; i < n; i++)
		if(at[i] - at[from] >= Stretch){
			p99[k++] = quantile(late + from, i - from, 0.99);
			from = i;
		}
	if(k == 0)
		p99[k++] = quantile(late, n, 0.99);
	r = quantile(p99, k, 0.5);
	free(p99);
	return r;
}

static void
outcome(const Answers *a, int nc, Outcome *o)
{
	long first, n;

	first = (long)Nfirst*nc;
	n = a->n - first - (long)Nlast*nc;
	o->steady = steady(a->late + first, a->at + first, n);
	o->p99 = quantile(a->late + first, n, 0.99);
}

/* n requests, deep at a time */
static _Noreturn void
clientmain(int nc, int deep, long n, const struct sockaddr_in *a)
{
	Answers got;
	Outcome o;
	int64_t t;
	char c;
	int ep, *conn;

	n /= deep;
	got.late = calloc((size_t)n + 1, sizeof got.late[0]);
	got.at = calloc((size_t)n + 1, sizeof got.at[0]);
	got.n = 0;
	ep = epoll_create1(EPOLL_CLOEXEC);
	if(ep < 0 || got.late == NULL || got.at == NULL)
		fail("epoll_create1");
	conn = connectall(ep, nc, a);
	put(toserver[1], "", 1);
	get(toclient[0], &c, 1);
	if(n > 0){
		t = wallnow();
		load(ep, conn, nc, deep, n, &got);
		o.wall = (double)(wallnow() - t)/1e3/(double)(n*deep);
		outcome(&got, nc, &o);
		put(toserver[1], &o, sizeof o);
	}
	/* until the server says so: it has measured */
	get(toclient[0], &c, 1);
	_exit(0);
}

/*
 * Both servers.
 */
static void
morefiles(int n)
{
	struct rlimit r;

	if(getrlimit(RLIMIT_NOFILE, &r) < 0)
		fail("getrlimit");
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
	if(r.rlim_cur < (rlim_t)n){
		errno = EMFILE;
		fail("RLIMIT_NOFILE");
	}
}

/* a listener, and a client that calls it from nc connections */
static void
begin(int nc, int deep, long n)
{
	struct sockaddr_in a;
	socklen_t len;

	morefiles(nc + 100);
	a = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	len = sizeof a;
	listener = socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, 0);
	if(listener < 0 || bind(listener, (struct sockaddr*)&a, sizeof a) < 0 || listen(listener, nc) < 0
	|| getsockname(listener, (struct sockaddr*)&a, &len) < 0 || pipe(toclient) < 0 || pipe(toserver) < 0)
		fail("listen");
	client = fork();
	if(client < 0)
		fail("fork");
	if(client == 0)
		clientmain(nc, deep, n, &a);
}

static int
answer(void)
{
	int fd;

	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if(fd < 0)
		fail("accept");
	nodelay(fd);
	return fd;
}

/* the client has all its connections, and is to begin */
static void
letgo(void)
{
	char c;

	get(toserver[0], &c, 1);
	put(toclient[1], "", 1);
}

static void
end(void)
{
	put(toclient[1], "", 1);
	if(waitpid(client, NULL, 0) != client)
		fail("waitpid");
	close(listener);
	close(toclient[0]);
	close(toclient[1]);
	close(toserver[0]);
	close(toserver[1]);
}

static void
figures(Bench *b, double *v, double cpu, Outcome *o)
{
	v[0] = cpu/1e3/(double)nrequest(b);
	v[1] = o->p99;
	v[2] = o->steady;
	v[3] = o->wall;
}

/*
 * The library's: a task a connection.
 */
static size_t readsize;

static void
echo(void *v)
{
	char buf[Room];
	long n;
	int fd;

	fd = (int)(intptr_t)v;
	while((n = ioread(NULL, fd, buf, readsize)) > 0)
		if(iowrite(NULL, fd, buf, n) != n)
			break;
	ioclose(NULL, fd);
	done();
}

/* a proc that serves what comes on its channel: done when all that came wait for requests */
static void
server(void *v)
{
	void *fd;

	while((fd = chanrecvp(v)) != NULL)
		start(echo, fd);
	threadidle();
	done();
}

static void
serve(Bench *b, Channel **c)
{
	int i, k;

	readsize = room(b);
	k = nproc(b);
	for(i = 0; i < k; i++)
		c[i] = mkchan(0);
	for(i = 1; i < k; i++)
		startproc(server, c[i]);
	start(server, c[0]);
	for(i = 0; i < nconn(b); i++)
		chansendp(c[i%k], (void*)(intptr_t)answer());
	for(i = 0; i < k; i++)
		chansendp(c[i], NULL);
	await(k);
}

static void
echotasks(Bench *b, double *v)
{
	Channel *c[Maxproc];
	Outcome o;
	int64_t t;

	begin(nconn(b), depth(b), nrequest(b));
	serve(b, c);
	letgo();
	t = cpunow();
	if(ioread(NULL, toserver[0], &o, sizeof o) != sizeof o)
		fail("the client");
	figures(b, v, (double)(cpunow() - t), &o);
	end();
	await(nconn(b));
}

/*
 * The baseline.
 */
typedef struct Loop Loop;
struct Loop
{
	pthread_t	thread;
	size_t	readsize;
	int	ep;
	int	nopen;		/* it ends with the last */
};

static void
reply(Loop *l, int fd)
{
	char buf[Room];
	ssize_t n;

	n = recv(fd, buf, l->readsize, MSG_DONTWAIT);
	if(n < 0 && errno == EAGAIN)
		return;
	if(n <= 0 || send(fd, buf, (size_t)n, MSG_DONTWAIT|MSG_NOSIGNAL) != n){
		close(fd);
		l->nopen--;
	}
}

static void*
loop(void *v)
{
	struct epoll_event ev[Nevent];
	Loop *l;
	int i, n;

	l = v;
	while(l->nopen > 0){
		n = epoll_wait(l->ep, ev, Nevent, -1);
		for(i = 0; i < n; i++)
			reply(l, ev[i].data.fd);
	}
	close(l->ep);
	return NULL;
}

static void
loops(Bench *b, Loop *l)
{
	int i, k;

	k = nproc(b);
	for(i = 0; i < k; i++){
		l[i].ep = epoll_create1(EPOLL_CLOEXEC);
		l[i].nopen = 0;
		l[i].readsize = room(b);
		if(l[i].ep < 0)
			fail("epoll_create1");
	}
	for(i = 0; i < nconn(b); i++){
		watch(l[i%k].ep, answer());
		l[i%k].nopen++;
	}
	for(i = 0; i < k; i++)
		if(pthread_create(&l[i].thread, NULL, loop, &l[i]) != 0)
			fail("pthread_create");
}

static void
echoloops(Bench *b, double *v)
{
	Loop l[Maxproc];
	Outcome o;
	int64_t t;
	int i;

	begin(nconn(b), depth(b), nrequest(b));
	loops(b, l);
	letgo();
	t = cpunow();
	get(toserver[0], &o, sizeof o);
	figures(b, v, (double)(cpunow() - t), &o);
	end();
	for(i = 0; i < nproc(b); i++)
		pthread_join(l[i].thread, NULL);
}

/*
 * Memory.
 */
static double
resident(void)
{
	return procstatus("VmRSS") + procstatus("VmPTE");
}

static void
idletasks(Bench *b, double *v)
{
	Channel *c[Maxproc];
	Bench one;
	double before;
	char byte;

	one = *b;
	one.arg = (int)b->n;
	begin((int)b->n, 1, 0);
	/* the first wait of all makes what there is once */
	before = resident();
	serve(&one, c);
	v[0] = (resident() - before)/(double)b->n;
	get(toserver[0], &byte, 1);
	put(toclient[1], "", 1);
	end();
	await((int)b->n);
}

static void
idleloop(Bench *b, double *v)
{
	double before;
	int ep;
	long i;

	begin((int)b->n, 1, 0);
	before = resident();
	ep = epoll_create1(EPOLL_CLOEXEC);
	for(i = 0; i < b->n; i++)
		watch(ep, answer());
	v[0] = (resident() - before)/(double)b->n;
	letgo();
	end();
}

#define FIGS(id, name, x) static const Figure fig##id[] = {\
	{"echo" #id, "echo, " name ": server", "us cpu", x, 0},\
	{"echo" #id ".p99", "echo, " name ": answer in, 99%", "us", 0, 0},\
	{"echo" #id ".p99s", "echo, " name ": median 1/8 s, 99%", "us", 0, 0},\
	{"echo" #id ".all", "echo, " name ": a request, all in all", "us", 0, 0},\
}
FIGS(one, "1 connection", 1);
FIGS(100, "100 connections", 100);
FIGS(1k, "1000 connections", 1000);
FIGS(5k, "5000 connections", 5000);
FIGS(procs, "100 connections, two procs", 0);
FIGS(16, "100 connections, 16 at a time", 0);
FIGS(16procs, "the same, two procs", 0);
static const Figure figidle[] = {
	{"echoidle", "an idle connection of 10,000", "bytes", 0, 0},
};

#define ECHO(id, n, arg) {fig##id, NELEM(fig##id), n, 5000, arg, 0, {{"lib9thread", echotasks}, {"epoll, recv, send", echoloops}}}
static Bench benches[] = {
	ECHO(one, 60000, 1),
	ECHO(100, 60000, 100),
	ECHO(1k, 100000, 1000),
	ECHO(5k, 100000, 5000),
	ECHO(procs, 60000, 100|Twoprocs),
	ECHO(16, 60000, 100|Pipelined),
	ECHO(16procs, 60000, 100|Pipelined|Twoprocs),
	{figidle, NELEM(figidle), 10000, 100, 0, Cold, {{"lib9thread", idletasks}, {"epoll", idleloop}}},
};

int
main(int argc, char *argv[])
{
	return benchmain("echo", benches, NELEM(benches), argc, argv);
}
