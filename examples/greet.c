/*
 * greet [-t seconds] [address]: greet whoever calls at address
 * (tcp!*!8700), until nobody has called for some time (10 s).
 *
 * A thread waits for calls in an Ioproc, so that the others run on; a ticker
 * shows that they do.  When time is up the wait is interrupted.
 */
#include <u.h>
#include <libc.h>
#include <thread.h>

enum {
	Tick = 2,	/* seconds */
};

typedef struct Listener Listener;
struct Listener
{
	Ioproc	*io;
	char	dir[NETPATHLEN];
	Channel	*calls;		/* of int: descriptors; -1 is the last */
};

static void
tick(void *v)
{
	Timer *t;
	int n;

	t = v;
	for(n = 1; recv(t->c, nil) > 0; n++)
		printf("tick %d: %d s\n", n, n*Tick);
}

static void
listener(void *v)
{
	Listener *l;
	char newdir[NETPATHLEN], err[ERRMAX];
	int ctl, fd;

	l = v;
	while((ctl = iolisten(l->io, l->dir, newdir)) >= 0){
		fd = ioaccept(l->io, ctl, newdir);
		ioclose(l->io, ctl);
		if(fd >= 0)
			send(l->calls, &fd);
	}
	rerrstr(err, sizeof err);
	printf("listen: %s\n", err);
	send(l->calls, &ctl);
}

static void
greet(Ioproc *io, int fd)
{
	static char hello[] = "hello, and goodbye\n";

	if(iowrite(io, fd, hello, sizeof hello - 1) < 0)
		printf("the client has gone\n");
	else
		printf("greeted a client\n");
	ioclose(io, fd);
}

static void
serve(Listener *l, int64_t patience)
{
	Ioproc *io;
	int64_t deadline;
	int fd;
	Alt a[] = {
		{l->calls, &fd, CHANRCV, nil},
		{nil, &deadline, CHANTIMEOUT, nil},
		{nil, nil, CHANEND, nil},
	};

	io = ioproc();
	if(io == nil)
		sysfatal("no ioproc");
	deadline = threadnow() + patience;
	while(alt(a) == 0 && fd >= 0){
		greet(io, fd);
		deadline = threadnow() + patience;
	}
	closeioproc(io);
}

/*
 * Make the listener say its last word.  It may be between two waits, where an
 * interrupt does nothing: then again.  Calls that came meanwhile are hung up on.
 */
static void
hangup(Listener *l)
{
	int64_t again;
	int fd, n;
	Alt a[] = {
		{l->calls, &fd, CHANRCV, nil},
		{nil, &again, CHANTIMEOUT, nil},
		{nil, nil, CHANEND, nil},
	};

	do{
		iointerrupt(l->io);
		again = threadnow() + 100*Millisecond;
		n = alt(a);
		if(n == 0 && fd >= 0)
			close(fd);
	}while(n != 0 || fd >= 0);
}

static void
usage(void)
{
	fprintf(stderr, "usage: greet [-t seconds] [address]\n");
	threadexitsall("usage");
}

void
threadmain(int argc, char *argv[])
{
	Listener l;
	Timer *t;
	char *addr, err[ERRMAX];
	int64_t patience;
	int fd;

	patience = 10*Second;
	addr = "tcp!*!8700";
	if(argc > 2 && strcmp(argv[1], "-t") == 0){
		patience = atol(argv[2])*Second;
		argc -= 2;
		argv += 2;
	}
	if(argc > 2 || patience <= 0)
		usage();
	if(argc > 1)
		addr = argv[1];
	setvbuf(stdout, nil, _IOLBF, 0);

	l.io = ioproc();
	l.calls = chancreate(sizeof(int), 0);
	t = ticker(Tick*Second);
	if(l.io == nil || l.calls == nil || t == nil)
		sysfatal("out of resources");
	fd = ioannounce(l.io, addr, l.dir);
	if(fd < 0){
		rerrstr(err, sizeof err);
		sysfatal("%s", err);
	}
	printf("listening at %s\n", addr);
	if(threadcreate(tick, t, 0) < 0 || threadcreate(listener, &l, 0) < 0)
		sysfatal("cannot start");

	serve(&l, patience);

	printf("time is up\n");
	hangup(&l);
	ioclose(l.io, fd);
	closeioproc(l.io);
	timerfree(t);
	chanfree(l.calls);
	threadexits(nil);
}
