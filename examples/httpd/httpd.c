/* httpd: options, procs, who calls, and the end */
#include <u.h>
#include <libc.h>
#include <thread.h>
#include <signal.h>
#include "httpd.h"

int rootfd;
Channel *logc;
int64_t headtime = 10*Second;
int64_t idletime = 60*Second;
int64_t sendtime = 60*Second;

static Server *server;		/* nserver of them */
static int nserver = 1;
static int64_t patience = 10*Second;	/* with the requests that run at the end */

void*
emalloc(size_t n)
{
	void *p;

	p = calloc(1, n);
	if(p == nil)
		sysfatal("out of memory");
	return p;
}

/* the first thread of each proc: until it is told to stop, and the connections have ended */
static void
serve(void *v)
{
	Server *s;

	s = v;
	s->id = threadid();
	sendul(s->ended, 0);
	recvul(s->stop);
	s->stopping = 1;
	hangup(s);
	threaddeadline(threadnow() + patience);
	if(wgwait(&s->alive) < 0)
		fprint(2, "httpd: some requests were not finished\n");
	threadundeadline(INT64_MAX);
	sendul(s->ended, 1);
}

static void
mkservers(void)
{
	Server *s;
	int r;

	server = emalloc(nserver*sizeof server[0]);
	for(s = server; s < server + nserver; s++){
		s->stop = chancreate(sizeof(ulong), 1);
		s->ended = chancreate(sizeof(ulong), 2);
		if(s->stop == nil || s->ended == nil)
			sysfatal("cannot start: %r");
		/* one of them shares our proc */
		r = s == server? threadcreate(serve, s, 0): proccreate(serve, s, 0);
		if(r < 0)
			sysfatal("cannot start: %r");
		recvul(s->ended);
	}
}

/* a new connection: a thread in a proc, by turns */
static int
hand(int fd)
{
	static int turn;
	Server *s;
	Call *c;

	s = &server[turn++ % nserver];
	c = malloc(sizeof *c);
	if(c == nil)
		return -1;
	*c = (Call){s, fd};
	wgadd(&s->alive, 1);
	if(threadcreatex(&(Threadattr){.name = "connection", .proc = s->id}, connection, c) < 0){
		wgdone(&s->alive);
		free(c);
		return -1;
	}
	return 0;
}

/* until an interrupt; a call that fails otherwise may do better in a moment */
static void
listener(void *v)
{
	char newdir[NETPATHLEN];
	int ctl, fd;

	for(;;){
		ctl = iolisten(nil, v, newdir);
		fd = ctl < 0? -1: ioaccept(nil, ctl, newdir);
		if(fd < 0 && errno == EINTR)
			break;
		if(ctl >= 0)
			close(ctl);
		if(fd < 0){
			if(errno != ECONNABORTED){
				fprint(2, "httpd: listen: %r\n");
				if(threadsleep(100*Millisecond) < 0)
					return;
			}
		}else if(hand(fd) < 0){
			fprint(2, "httpd: a call is refused: %r\n");
			close(fd);
		}
	}
	if(ctl >= 0)
		close(ctl);
}

/* in a proc of its own: who reads the log may be slow */
static void
logger(void *v)
{
	char *s;

	USED(v);
	while((s = recvp(logc)) != nil){
		if(write(1, s, strlen(s)) < 0)
			sysfatal("log: %r");
		free(s);
	}
}

static void
mklog(void)
{
	logc = chancreate(sizeof(char*), 1024);
	if(logc == nil || proccreatex(&(Threadattr){.name = "log", .system = 1}, logger, nil) < 0)
		sysfatal("cannot start: %r");
}

static void
usage(void)
{
	fprint(2, "usage: httpd [-v] [-a address] [-p procs] [-t seconds] directory\n"
		"	-a addr	serve at addr (tcp!*!8080)\n"
		"	-p n	n procs serve (1)\n"
		"	-t s	a client has s seconds to ask, and to take a piece of the answer (10, 60)\n"
		"	-v	a line for each request\n");
	threadexitsall("usage");
}

static Channel*
mknotes(void)
{
	Channel *c;

	c = chancreate(sizeof(char*), CHANUNBOUNDED);
	if(c == nil || notechan(c, "kill", 1) < 0 || notechan(c, "interrupt", 1) < 0)
		sysfatal("cannot start: %r");
	return c;
}

static void
stop(int id, int fd)
{
	Server *s;

	threadint(id);
	threadjoin(id, nil, 0);
	close(fd);
	for(s = server; s < server + nserver; s++)
		sendul(s->stop, 1);
	for(s = server; s < server + nserver; s++)
		recvul(s->ended);
}

void
threadmain(int argc, char *argv[])
{
	Channel *notes;
	char *addr, dir[NETPATHLEN];
	int fd, id, verbose, secs;

	addr = "tcp!*!8080";
	verbose = 0;
	ARGBEGIN{
	case 'a':
		addr = EARGF(usage());
		break;
	case 'p':
		nserver = atoi(EARGF(usage()));
		break;
	case 't':
		secs = atoi(EARGF(usage()));
		headtime = idletime = sendtime = secs*Second;
		break;
	case 'v':
		verbose = 1;
		break;
	default:
		usage();
	}ARGEND
	if(argc != 1 || nserver < 1 || nserver > 256 || headtime <= 0)
		usage();

	/* sendfile has no flag for that */
	signal(SIGPIPE, SIG_IGN);
	rootfd = open(argv[0], O_RDONLY|O_DIRECTORY|O_CLOEXEC, 0);
	if(rootfd < 0)
		sysfatal("%s: %r", argv[0]);
	notes = mknotes();
	if(verbose)
		mklog();
	mkservers();
	fd = ioannounce(nil, addr, dir);
	if(fd < 0)
		sysfatal("%r");
	id = threadcreatex(&(Threadattr){.name = "listener", .joinable = 1}, listener, dir);
	if(id < 0)
		sysfatal("cannot start: %r");
	fprint(2, "httpd: serving %s at %s\n", argv[0], addr);
	recvp(notes);
	fprint(2, "httpd: stopping\n");
	stop(id, fd);
	threadexitsall(nil);
}
