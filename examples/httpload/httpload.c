/* httpload: options, procs, progress, and the sum */
#include <u.h>
#include <libc.h>
#include <thread.h>
#include <sys/resource.h>
#include "httpload.h"

Target target;
int64_t patience = 10*Second;

static int nconn = 10;
static int nproc = 1;
static int64_t duration;	/* ns; 0: until all requests are made */
static int64_t nrequest = INT64_MAX;
static int quiet;
static Part *part;
static Seen all;
static Seen lately;

static void*
emalloc(size_t n)
{
	void *p;

	p = calloc(1, n);
	if(p == nil)
		sysfatal("out of memory");
	return p;
}

/*
 * The first thread of each part.  It takes turns with the connections, so that
 * what it hands over is whole.
 */
static void
tell(void *v)
{
	Part *p;
	Seen *s;
	int i;

	p = v;
	for(i = 0; i < p->nconn; i++){
		if(threadcreate(client, p, 0) < 0)
			sysfatal("cannot start: %r");
		p->running++;
	}
	while((s = recvp(p->ask)) != nil){
		*s = p->seen;
		memset(&p->seen, 0, sizeof p->seen);
		sendul(p->told, p->running);
	}
}

static void
start(void)
{
	Part *p;
	int i, r;

	part = emalloc(nproc*sizeof part[0]);
	for(i = 0; i < nproc; i++){
		p = &part[i];
		p->nconn = nconn/nproc + (i < nconn%nproc);
		p->left = nrequest == INT64_MAX? nrequest: nrequest/nproc + (i < nrequest%nproc);
		p->ask = chancreate(sizeof(Seen*), 0);
		p->told = chancreate(sizeof(ulong), 0);
		if(p->ask == nil || p->told == nil)
			sysfatal("cannot start: %r");
		/* one of them shares our proc */
		r = i == 0? threadcreate(tell, p, 0): proccreate(tell, p, 0);
		if(r < 0)
			sysfatal("cannot start: %r");
	}
}

static void
merge(Seen *to, Seen *from)
{
	uint i;

	histmerge(&to->took, &from->took);
	to->bytes += from->bytes;
	to->failed += from->failed;
	for(i = 0; i < nelem(to->status); i++)
		to->status[i] += from->status[i];
	if(from->why[0] != '\0')
		strcpy(to->why, from->why);
}

/* what has come since the last time, into lately; how many connections there still are */
static int
collect(void)
{
	static Seen seen;
	int i, n;

	memset(&lately, 0, sizeof lately);
	n = 0;
	for(i = 0; i < nproc; i++){
		sendp(part[i].ask, &seen);
		n += recvul(part[i].told);
		merge(&lately, &seen);
	}
	merge(&all, &lately);
	return n;
}

static double
ms(int64_t ns)
{
	return (double)ns/Millisecond;
}

static void
progress(int64_t since, int64_t took)
{
	fprint(2, "%4d s  %8.0f requests/s  50%% %.2f ms  99%% %.2f ms  %llud failed\n",
		(int)(since/Second), (double)lately.took.n*Second/took,
		ms(histpart(&lately.took, 0.5)), ms(histpart(&lately.took, 0.99)), (uvlong)lately.failed);
}

/* until the time is up, all is done, or a note comes: how long it was */
static int64_t
watch(Channel *notes)
{
	int64_t begun, last, now, when;
	char *note;
	int n;
	Alt a[] = {
		{notes, &note, CHANRCV, nil},
		{nil, &when, CHANTIMEOUT, nil},
		{nil, nil, CHANEND, nil},
	};

	begun = last = threadnow();
	do{
		/* without an end in time, look more often whether there is one */
		when = last + (duration > 0? Second: 100*Millisecond);
		if(duration > 0 && when > begun + duration)
			when = begun + duration;
		if(alt(a) == 0)
			break;
		n = collect();
		now = threadnow();
		if(!quiet && now - begun >= Second)
			progress(now - begun, now - last);
		last = now;
	}while(n > 0 && (duration == 0 || now < begun + duration));
	return threadnow() - begun;
}

static void
summary(int64_t took)
{
	static double parts[] = {0.5, 0.9, 0.99, 0.999};
	double s;
	uint i;

	s = (double)took/Second;
	print("%llud requests in %.2f s, %.0f a second, %.1f MB a second\n",
		(uvlong)all.took.n, s, all.took.n/s, all.bytes/s/1e6);
	for(i = 1; i < nelem(all.status); i++)
		if(all.status[i] > 0)
			print("status %dxx: %llud\n", i, (uvlong)all.status[i]);
	if(all.status[0] > 0)
		print("other status: %llud\n", (uvlong)all.status[0]);
	if(all.failed > 0)
		print("failed: %llud, at last: %s\n", (uvlong)all.failed, all.why);
	if(all.took.n == 0)
		return;
	print("latency, ms: least %.3f", ms(all.took.min));
	for(i = 0; i < nelem(parts); i++)
		print("  %g%% %.3f", 100*parts[i], ms(histpart(&all.took, parts[i])));
	print("  most %.3f\n", ms(all.took.max));
}

/* http://host[:port][/path] */
static void
parseurl(char *url, char *method, char *fields)
{
	static char scheme[] = "http://";
	char host[256], *path, *port;
	int n;

	if(cistrncmp(url, scheme, sizeof scheme - 1) != 0)
		sysfatal("%s: not http://", url);
	url += sizeof scheme - 1;
	n = strcspn(url, "/?#");
	if(n == 0 || n >= (int)sizeof host)
		sysfatal("%s: no host", url);
	memcpy(host, url, n);
	host[n] = '\0';
	path = url + n;
	target.request = smprint("%s %s%s HTTP/1.1\r\nHost: %s\r\n%s\r\n",
		method, *path == '/'? "": "/", path, host, fields);
	if(target.request == nil)
		sysfatal("out of memory");
	target.nrequest = strlen(target.request);
	target.head = strcmp(method, "HEAD") == 0;
	/* an IPv6 address has its colons in brackets */
	port = strrchr(host, ':');
	if(port != nil && strchr(port, ']') == nil)
		*port++ = '\0';
	else
		port = "http";
	path = host;
	if(host[0] == '[' && host[strlen(host)-1] == ']'){
		host[strlen(host)-1] = '\0';
		path++;
	}
	snprint(target.addr, sizeof target.addr, "tcp!%s!%s", path, port);
}

/* all of them, malloced */
static char*
addfield(char *fields, char *f)
{
	char *s;

	if(strchr(f, ':') == nil)
		sysfatal("%s: no field: value", f);
	s = smprint("%s%s\r\n", fields != nil? fields: "", f);
	if(s == nil)
		sysfatal("out of memory");
	free(fields);
	return s;
}

static void
usage(void)
{
	fprint(2, "usage: httpload [-Iq] [-c connections] [-d seconds | -n requests] [-H field] [-p procs] [-t seconds] url\n"
		"	-c n	n connections at once (10)\n"
		"	-d s	for s seconds (10)\n"
		"	-H f	with the field f in each head\n"
		"	-I	ask for heads alone\n"
		"	-n n	until n requests are made\n"
		"	-p n	with n procs (1)\n"
		"	-q	no progress\n"
		"	-t s	an answer may take s seconds (10)\n");
	threadexitsall("usage");
}

static int64_t
number(char *s)
{
	vlong n;
	char *e;

	n = strtoll(s, &e, 10);
	if(n <= 0 || *e != '\0' || n > 1000000000)
		usage();
	return n;
}

/* each has a descriptor; threads for those that have none would only take memory and time */
static void
checkconn(void)
{
	struct rlimit l;

	if(getrlimit(RLIMIT_NOFILE, &l) == 0 && (rlim_t)nconn > l.rlim_cur)
		sysfatal("%d connections: no more than %llud descriptors", nconn, (uvlong)l.rlim_cur);
}

static Channel*
mknotes(void)
{
	Channel *c;

	c = chancreate(sizeof(char*), CHANUNBOUNDED);
	if(c == nil || notechan(c, "interrupt", 1) < 0 || notechan(c, "kill", 1) < 0)
		sysfatal("cannot start: %r");
	return c;
}

void
threadmain(int argc, char *argv[])
{
	Channel *notes;
	char *method, *fields;
	int64_t took;

	method = "GET";
	fields = nil;
	ARGBEGIN{
	case 'c':
		nconn = number(EARGF(usage()));
		break;
	case 'd':
		duration = number(EARGF(usage()))*Second;
		break;
	case 'H':
		fields = addfield(fields, EARGF(usage()));
		break;
	case 'I':
		method = "HEAD";
		break;
	case 'n':
		nrequest = number(EARGF(usage()));
		break;
	case 'p':
		nproc = number(EARGF(usage()));
		break;
	case 'q':
		quiet = 1;
		break;
	case 't':
		patience = number(EARGF(usage()))*Second;
		break;
	default:
		usage();
	}ARGEND
	if(argc != 1 || nproc > 256 || nproc > nconn || (duration > 0 && nrequest != INT64_MAX))
		usage();
	if(nrequest == INT64_MAX && duration == 0)
		duration = 10*Second;

	checkconn();
	parseurl(argv[0], method, fields != nil? fields: "");
	free(fields);
	notes = mknotes();
	start();
	took = watch(notes);
	/* requests that still run are not counted, one way or the other */
	collect();
	summary(took);
	threadexitsall(all.failed > 0 || all.took.n == 0? "failures": nil);
}
