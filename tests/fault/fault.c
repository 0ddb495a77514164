/*
 * Whatever the library needs may be refused: memory, address space,
 * descriptors, OS threads, processes.
 *
 * Each scenario is run in a process of its own for each n from 1 on, with the
 * nth such call (failing.h) failing, until there is no nth; and once more with
 * the calls after it failing, too.  It must say -1 with errno and errstr, or do
 * without; then it is run twice more with nothing failing, must succeed, and
 * then must hold what it holds where nothing ever failed, and no more.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "p9bio.h"
#include "p9libc.h"
#include "../tools.h"
#include "failing.h"

enum {
	Maxcall = 4000,		/* more than any scenario makes */
	Slot = 512*1024,	/* more than the one stack that is made where an arena of many cannot be had */
	Later = 20,		/* calls that fail one after the other */
	Many = 300,		/* threads: more than an arena has stacks */
};

/*
 * Of the scenario that runs: why it failed.  What it does to clean up comes
 * later, and may set errno and errstr anew.
 */
static int errnum;
static char err[ERRMAX];

static int
bad(void)
{
	errnum = errno;
	rerrstr(err, sizeof err);
	return -1;
}

static void
tell(void *c)
{
	chansendul(c, 1);
}

static int
told(Channel *c)
{
	return chanrecvul(c) == 1? 0: bad();
}

static Channel *c, *other;	/* made before anything fails */
static int otherid;
static char dir[64], path[96], unixaddr[104];

static void
server(void *v)
{
	(void)v;
	chansendul(c, (unsigned long)threadid());
	chanrecvul(other);
}

static void
mkdirs(void)
{
	strcpy(dir, "/tmp/l9fault.XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/s", dir);
	snprintf(unixaddr, sizeof unixaddr, "unix!%s", path);
}

static void
havechans(void)
{
	c = mkchan(sizeof(unsigned long), 2*Many);	/* room without a call of malloc */
	other = mkchan(sizeof(unsigned long), 0);
}

static void
two(void *v)
{
	(void)v;
	chansendul(c, 1);
	chanrecvul(other);
}

/* memory for two procs, so that it does not matter whether one has ended before the next begins */
static void
hadprocs(void)
{
	int i, n;

	havechans();
	n = nthread();
	for(i = 0; i < 2; i++)
		assert_true(proccreate(two, nil, 0) > 0);
	for(i = 0; i < 2; i++)
		chanrecvul(c);
	for(i = 0; i < 2; i++)
		chansendul(other, 1);
	while(nthread() > n)
		usleep(1000);
}

static void
haveproc(void)
{
	havechans();
	otherid = proccreate(server, nil, 0);
	assert_true(otherid > 0);
	assert_int_equal(chanrecvul(c), otherid);
}

/*
 * The start.
 */

static int
init(void)
{
	if(threadinit() == 0)
		return 0;
	errnum = errno;
	strcpy(err, "none before the start");
	return -1;
}

static int attached;

static void*
foreign(void *v)
{
	(void)v;
	attached = threadattach();
	errnum = errno;
	if(attached == 0)
		threaddetachproc();
	return nil;
}

static int
attach(void)
{
	pthread_t t;

	assert_int_equal(__real_pthread_create(&t, nil, foreign, nil), 0);
	pthread_join(t, nil);
	strcpy(err, "none without a proc");
	return attached;
}

/*
 * Threads and procs.
 */

static int
task(void)
{
	return threadcreate(tell, c, 0) < 0? bad(): told(c);
}

static int
tasks(void)
{
	int i, n, r;

	r = 0;
	for(n = 0; n < Many && r == 0; n++)
		if(threadcreate(tell, c, 0) < 0)
			r = bad();
	n -= r < 0;
	for(i = 0; i < n; i++)
		told(c);
	return r;
}

static int
taskattr(const Threadattr *a)
{
	char status[ERRMAX];
	int id;

	id = threadcreatex(a, tell, c);
	if(id < 0)
		return bad();
	told(c);
	return a->joinable && threadjoin(id, status, sizeof status) < 0? bad(): 0;
}

static int
joinable(void)
{
	return taskattr(&(Threadattr){.name = "j", .joinable = 1});
}

static int
small(void)
{
	return taskattr(&(Threadattr){.stack = 4096, .exact = 1});
}

static int
large(void)
{
	return taskattr(&(Threadattr){.stack = 100*1024*1024});
}

static int
elsewhere(void)
{
	return taskattr(&(Threadattr){.proc = otherid, .joinable = 1});
}

static int
proc(void)
{
	return proccreate(tell, c, 0) < 0? bad(): told(c);
}

static int
procjoined(void)
{
	Threadattr a = {.joinable = 1};
	int id;

	id = proccreatex(&a, tell, c);
	if(id < 0)
		return bad();
	told(c);
	return threadjoin(id, nil, 0) < 0? bad(): 0;
}

static int
cleanup(void)
{
	if(threadcleanup(tell, c) < 0)
		return bad();
	threaduncleanup(1);
	return told(c);
}

static int
one(void *v)
{
	(void)v;
	return 1;
}

static int
par(void)
{
	int result[4];

	return threadpar(4, one, nil, result) < 0? bad(): 0;
}

static int key;

static void
private(void *v)
{
	void **p;

	p = tprivaddr(key);
	errnum = errno;
	rerrstr(err, sizeof err);
	if(p != nil)
		*p = v;
	chansendul(c, p != nil? 1: 2);
}

static int
priv(void)
{
	if(threadcreate(private, &key, 0) < 0)
		return bad();
	return chanrecvul(c) == 1? 0: -1;
}

static void
havekey(void)
{
	havechans();
	key = tprivalloc(nil);
	assert_true(key >= 0);
}

static int
rfork(void)
{
	int pid;

	pid = p9rfork(RFPROC);
	if(pid == 0)
		_exit(0);
	return pid < 0? bad(): waitpid(pid, nil, 0) == pid? 0: bad();
}

static int
rforknowait(void)
{
	int pid;

	pid = p9rfork(RFPROC|RFNOWAIT);
	if(pid == 0)
		_exit(0);
	return pid < 0? bad(): 0;
}

static int
procrfork(void)
{
	return p9procrfork(tell, c, 0, RFMEM) < 0? bad(): told(c);
}

/*
 * Channels.
 */

static int
chan(int elsize, int nel)
{
	Channel *new;

	new = chancreate(elsize, nel);
	if(new == nil)
		return bad();
	chanfree(new);
	return 0;
}

static int
unbuffered(void)
{
	return chan(1, 0);
}

static int
buffered(void)
{
	return chan(100, 100);
}

static int
listed(void)
{
	int r;

	threadleaks(1);
	r = chan(1, 1);
	threadleaks(0);
	return r;
}

/* what is refused is not sent, and what was sent stays */
static int
growing(void)
{
	Channel *new;
	unsigned long i, n;
	int r;

	new = chancreate(sizeof(unsigned long), CHANUNBOUNDED);
	if(new == nil)
		return bad();
	r = 0;
	for(n = 0; n < 100 && r == 0; n++)
		if(chansendul(new, n+1) < 0)
			r = bad();
	n -= r < 0;
	for(i = 0; i < n; i++)
		if(chanrecvul(new) != i+1)
			abort();
	if(channbrecvul(new) != 0)
		abort();
	chanfree(new);
	return r;
}

static Channel *strings;

static void
havestrings(void)
{
	strings = mkchan(sizeof(char*), 1);
}

static int
printed(int r)
{
	char *s;

	if(r < 0)
		return bad();
	s = chanrecvp(strings);
	r = strcmp(s, "one 1") == 0? 0: bad();
	free(s);
	return r;
}

static int
print(void)
{
	return printed(chanprint(strings, "one %d", 1));
}

static int
p9printed(void)
{
	return printed(p9chanprint(strings, "one %d", 1));
}

/*
 * Time.
 */

static int
sleeping(void)
{
	return threadsleep(Millisecond) < 0? bad(): 0;
}

/* a wait that can come to its end in no other way, so the deadline is what it says, at once or in time */
static int
deadline(void)
{
	unsigned long v;
	int64_t old;
	int r;

	old = threaddeadline(threadnow() + Millisecond);
	r = chanrecv(other, &v);
	bad();
	threadundeadline(old);
	if(r != -1 || errnum != ETIMEDOUT)
		abort();
	return 0;
}

static int
alttimeout(void)
{
	int64_t when;
	unsigned long v;
	Alt a[] = {
		{.c = other, .v = &v, .op = CHANRCV},
		{.v = &when, .op = CHANTIMEOUT},
		{.op = CHANEND},
	};
	int i;

	when = threadnow() + Millisecond;
	i = p9alt(a);
	return i == 1? 0: i < 0? bad(): -2;
}

static QLock lock;

static void
havelock(void)
{
	qlock(&lock);
}

static int
lockuntil(void)
{
	return qlockuntil(&lock, threadnow() + Millisecond) == 0? -2: bad();
}

static int
timer(Timer *t)
{
	int64_t due;
	int r;

	if(t == nil)
		return bad();
	r = chanrecv(t->c, &due) == 1? 0: bad();
	timerfree(t);
	return r;
}

static int
once(void)
{
	return timer(after(Millisecond));
}

static int
ticks(void)
{
	return timer(ticker(Millisecond));
}

/*
 * Calls in helpers.
 */

static long
seven(va_list *arg)
{
	(void)arg;
	return 7;
}

static int
iocalls(void)
{
	Ioproc *io;
	int r;

	io = ioproc();
	if(io == nil)
		return bad();
	r = iosleep(io, 0) < 0 || iocall(io, seven) != 7? bad(): 0;
	closeioproc(io);
	return r;
}

/* fd was opened and is good for n bytes either way */
static int
zeros(Ioproc *io, int fd)
{
	char buf[10];

	if(fd < 0 || ioread(io, fd, buf, sizeof buf) != sizeof buf
	|| ioreadn(io, fd, buf, sizeof buf) != sizeof buf
	|| iowrite(io, fd, buf, sizeof buf) != sizeof buf)
		return bad();
	return 0;
}

static int
iofile(void)
{
	Ioproc *io;
	int fd, r;

	io = ioproc();
	if(io == nil)
		return bad();
	fd = ioopen(io, "/dev/zero", O_RDWR);
	r = zeros(io, fd);
	if(fd >= 0)
		ioclose(io, fd);
	closeioproc(io);
	return r;
}

static int
pooled(void)
{
	return iocall(nil, seven) == 7? 0: bad();
}

static int pipefd[2];

static void
havepipe(void)
{
	havechans();
	/* the helper that takes over where there is no poller is there in each run, and does not go in the middle of one */
	assert_int_equal(iocall(nil, seven), 7);
	assert_int_equal(__real_pipe2(pipefd, O_CLOEXEC), 0);
}

static void
writer(void *v)
{
	(void)v;
	chansendul(c, write(pipefd[1], "x", 1) == 1? 1: 2);
}

/* what a failed read has left, so that the next finds nothing */
static void
drain(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char x;

	while(poll(&p, 1, 0) > 0 && read(fd, &x, 1) == 1)
		;
}

/* the reader waits first, in its proc's poller */
static int
polled(void)
{
	char x;

	if(threadcreate(writer, nil, 0) < 0)
		return bad();
	if(ioread(nil, pipefd[0], &x, 1) != 1){
		bad();
		chanrecvul(c);
		drain(pipefd[0]);
		return -1;
	}
	return told(c);
}

/* the same by an alt, which has no other way where there is no poller */
static int
altpolled(void)
{
	Alt a[] = {
		{.v = (void*)(intptr_t)pipefd[0], .op = CHANFDIN},
		{.c = other, .v = nil, .op = CHANRCV},
		{.op = CHANEND},
	};
	int r;

	if(threadcreate(writer, nil, 0) < 0)
		return bad();
	r = p9alt(a) == 0? 0: bad();
	chanrecvul(c);
	drain(pipefd[0]);
	return r;
}

static int
iopolled(void)
{
	int r;

	if(threadcreate(writer, nil, 0) < 0)
		return bad();
	r = iopoll(nil, pipefd[0], IOPOLLIN) == IOPOLLIN? 0: bad();
	chanrecvul(c);
	drain(pipefd[0]);
	return r;
}

static int
tcpport(int fd)
{
	struct sockaddr_storage a;
	socklen_t n;

	n = sizeof a;
	if(getsockname(fd, (struct sockaddr*)&a, &n) < 0)
		return -1;
	return ntohs(a.ss_family == AF_INET6? ((struct sockaddr_in6*)&a)->sin6_port: ((struct sockaddr_in*)&a)->sin_port);
}

/* an address that reaches fd, which was announced as addr */
static void
reach(int fd, const char *addr, char *to, size_t n)
{
	if(strncmp(addr, "tcp!", 4) == 0)
		snprintf(to, n, "tcp!127.0.0.1!%d", tcpport(fd));
	else
		snprintf(to, n, "%s", addr);
}

/* both ways to make the same calls, with a helper and without */
typedef struct Net Net;
struct Net
{
	Ioproc	*io;
	int	fd[5];		/* listening, dialled, its control, called, accepted */
};

static int
netopen(Net *n, const char *addr)
{
	char ldir[NETPATHLEN], cdir[NETPATHLEN], to[128];

	n->fd[0] = n->io != nil? ioannounce(n->io, addr, ldir): p9announce(addr, ldir);
	if(n->fd[0] < 0)
		return bad();
	reach(n->fd[0], addr, to, sizeof to);
	n->fd[1] = n->io != nil? iodial(n->io, to, nil, nil, &n->fd[2]): p9dial(to, nil, nil, &n->fd[2]);
	if(n->fd[1] < 0)
		return bad();
	n->fd[3] = n->io != nil? iolisten(n->io, ldir, cdir): p9listen(ldir, cdir);
	if(n->fd[3] < 0)
		return bad();
	n->fd[4] = n->io != nil? ioaccept(n->io, n->fd[3], cdir): p9accept(n->fd[3], cdir);
	return n->fd[4] < 0? bad(): 0;
}

static int
net(Ioproc *io, const char *addr)
{
	Net n = {io, {-1, -1, -1, -1, -1}};
	int i, r;

	r = netopen(&n, addr);
	for(i = 0; i < nelem(n.fd); i++)
		if(n.fd[i] >= 0)
			close(n.fd[i]);
	return r;
}

/* the first error makes the helper a proc, and so it stays: in each run, so that there is no difference */
static int
ionet(const char *addr)
{
	Ioproc *io;
	int r;

	io = ioproc();
	if(io == nil)
		return bad();
	iodial(io, "none", nil, nil, nil);
	r = net(io, addr);
	closeioproc(io);
	return r;
}

static int
iotcp(void)
{
	return ionet("tcp!127.0.0.1!0");
}

/* from the second time on the socket's file is there, and nobody answers at it */
static int
iounix(void)
{
	return ionet(unixaddr);
}

static int
p9tcp(void)
{
	return net(nil, "tcp!127.0.0.1!0");
}

static int
p9unix(void)
{
	return net(nil, unixaddr);
}

/* the helper that looks up names is there in each run, and a proc since its first error */
static void
havelookup(void)
{
	assert_int_equal(iodial(nil, "none", nil, nil, nil), -1);
}

static int
dialnil(void)
{
	char ldir[NETPATHLEN], to[128];
	int afd, fd, r;

	afd = p9announce("tcp!127.0.0.1!0", ldir);
	if(afd < 0)
		return bad();
	reach(afd, "tcp!", to, sizeof to);
	fd = iodial(nil, to, nil, nil, nil);
	r = fd < 0? bad(): 0;
	if(fd >= 0)
		close(fd);
	close(afd);
	return r;
}

/*
 * Other programs.
 */

static int
ended(int pid)
{
	Waitmsg *m;
	int r;

	if(pid < 0)
		return bad();
	m = procwait(pid);
	if(m == nil)
		return bad();
	r = m->msg[0] == '\0'? 0: -2;
	free(m);
	return r;
}

static int
spawnl(void)
{
	return ended(threadspawnl(nil, "true", "true", nil));
}

/* the descriptors are closed here once the program has them, and only then */
static int
spawnfd(void)
{
	char *argv[] = {"true", nil};
	int fd[3], pid;

	fd[0] = fd[1] = fd[2] = __real_open("/dev/null", O_RDWR|O_CLOEXEC);
	pid = threadspawnd(fd, "true", argv, "/");
	if(pid < 0){
		bad();
		close(fd[0]);
		return -1;
	}
	return ended(pid);
}

/* fewer by one where the proc that became the program could not be made */
static void
become(void *v)
{
	(void)v;
	procexecl(c, "true", "true", nil);
	bad();
	chansendul(other, 1);
}

static int
exec(void)
{
	unsigned long pid;

	if(proccreate(become, nil, 0) < 0)
		return bad();
	pid = chanrecvul(c);
	if(pid != ~0ul)
		return ended((int)pid);
	chanrecvul(other);
	return -1;
}

static int
waitchan(void)
{
	Chaninfo in;
	Waitmsg *m;
	Channel *w;
	int pid;

	w = threadwaitchan();
	if(w == nil)
		return bad();
	pid = threadspawnl(nil, "true", "true", nil);
	if(pid < 0)
		return bad();
	/* buffered, and not handed to who waits: for a buffer memory is needed */
	for(in.n = 0; in.n == 0; usleep(1000))
		chaninfo(w, &in);
	m = chanrecvp(w);
	if(m->pid != pid)
		abort();
	free(m);
	return 0;
}

/* 9pserve is this */
static void
haveserve(void)
{
	mkdirs();
	setenv("NAMESPACE", dir, 1);
	setenv("PATH", dir, 1);
	snprintf(path, sizeof path, "%s/9pserve", dir);
	assert_int_equal(symlink("/bin/true", path), 0);
}

static int
post(void)
{
	int fd;

	fd = __real_open("/dev/null", O_RDWR|O_CLOEXEC);
	if(p9post9pservice(fd, "x") == 0)
		return 0;
	bad();
	close(fd);
	return -1;
}

/* in a child, since who succeeds is gone: its own child is, at once */
static int
daemonize(void)
{
	pid_t pid;
	int status;

	pid = __real_fork();
	if(pid == 0){
		errnum = 0;
		status = threaddaemonize();
		_exit(status == 0? 0: errno == EAGAIN? 1: 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if(status == 0)
		return 0;
	assert_int_equal(WEXITSTATUS(status), 1);
	errnum = EAGAIN;
	strcpy(err, "told by the status");
	return -1;
}

/*
 * Notes.
 */

static int
noted(void *v, char *note)
{
	(void)v;
	(void)note;
	chansendul(c, 1);
	return 1;
}

static int
notify(void)
{
	if(threadnotify(noted, 1) != 1)
		return bad();
	kill(getpid(), SIGUSR1);
	told(c);
	return threadnotify(noted, 0) == 1? 0: bad();
}

static int
tochannel(void)
{
	char *note;

	if(notechan(strings, "sys: usr1", 1) < 0)
		return bad();
	kill(getpid(), SIGUSR1);
	note = chanrecvp(strings);
	if(strcmp(note, "sys: usr1") != 0)
		abort();
	return notechan(strings, "sys: usr1", 0) < 0? bad(): 0;
}

static int
infonote(void)
{
	if(threadinfonote("sys: usr1", 2) < 0)
		return bad();
	return threadinfonote("sys: usr1", -1) < 0? bad(): 0;
}

/*
 * Plan 9's libc.
 */

static int
freed(void *p)
{
	if(p == nil)
		return bad();
	free(p);
	return 0;
}

static int
smprint(void)
{
	return freed(p9smprint("%s %d", "text", 1));
}

static int
mallocz(void)
{
	return freed(p9mallocz(100, 1));
}

static int
env(void)
{
	return freed(p9getenv("PATH"));
}

static int
files(void)
{
	char temp[96], name[96];
	int fd[4], i, r;

	snprintf(temp, sizeof temp, "%s/tXXXXXXXXXXX", dir);
	snprintf(name, sizeof name, "%s/f", dir);
	fd[0] = p9create(name, OWRITE, 0600);
	fd[1] = fd[0] < 0? -1: p9open(name, OREAD|ORCLOSE);
	fd[2] = fd[1] < 0? -1: p9opentemp(temp);
	fd[3] = fd[2] < 0? -1: p9dup(fd[2], -1);
	r = fd[3] < 0? bad(): 0;
	for(i = 0; i < nelem(fd); i++)
		if(fd[i] >= 0)
			close(fd[i]);
	return r;
}

static int
bio(void)
{
	Biobuf *b;
	char *s;
	int r;

	b = Bopen("/proc/self/status", OREAD);
	if(b == nil)
		return bad();
	s = Brdstr(b, '\n', 1);
	r = freed(s);
	Bterm(b);
	return r;
}

typedef struct Scenario Scenario;
struct Scenario
{
	const char	*name;
	int	(*call)(void);	/* 0; -1, with errnum and err; -2: wrong */
	void	(*before)(void);	/* nil: the library has not been started */
	int	nkept;		/* OS threads that the library may keep */
	int	ret;		/* what call returns where nothing fails */
};

static void
nothing(void)
{
}

static void
nettmp(void)
{
	mkdirs();
}

static const Scenario scenarios[] = {
	{"threadinit", init, nil, 0, 0},
	{"threadattach", attach, nothing, 0, 0},
	{"threadcreate", task, havechans, 0, 0},
	{"threadcreate, many", tasks, havechans, 0, 0},
	{"threadcreatex, joinable", joinable, havechans, 0, 0},
	{"threadcreatex, small", small, havechans, 0, 0},
	{"threadcreatex, large", large, havechans, 0, 0},
	{"threadcreatex, elsewhere", elsewhere, haveproc, 1, 0},
	{"proccreate", proc, havechans, 0, 0},
	{"proccreatex, joinable", procjoined, havechans, 0, 0},
	{"threadcleanup", cleanup, havechans, 0, 0},
	{"threadpar", par, nothing, 0, 0},
	{"tprivaddr", priv, havekey, 0, 0},
	{"p9rfork", rfork, nothing, 0, 0},
	{"p9rfork, RFNOWAIT", rforknowait, nothing, 0, 0},
	{"p9procrfork", procrfork, havechans, 0, 0},
	{"chancreate, unbuffered", unbuffered, nothing, 0, 0},
	{"chancreate, buffered", buffered, nothing, 0, 0},
	{"chancreate, threadleaks", listed, nothing, 0, 0},
	{"chansend, unbounded", growing, nothing, 0, 0},
	{"chanprint", print, havestrings, 0, 0},
	{"p9chanprint", p9printed, havestrings, 0, 0},
	{"threadsleep", sleeping, nothing, 1, 0},
	{"threaddeadline", deadline, havechans, 1, 0},
	{"p9alt, CHANTIMEOUT", alttimeout, havechans, 1, 0},
	{"qlockuntil", lockuntil, havelock, 1, -1},
	{"after", once, nothing, 1, 0},
	{"ticker", ticks, nothing, 1, 0},
	{"iocall", iocalls, nothing, 2, 0},
	{"ioopen, ioread, iowrite", iofile, nothing, 2, 0},
	{"iocall, the pool", pooled, nothing, 2, 0},
	{"ioread, the poller", polled, havepipe, 2, 0},
	{"p9alt, CHANFDIN", altpolled, havepipe, 2, 0},
	{"iopoll, the poller", iopolled, havepipe, 2, 0},
	{"iodial and kin, tcp", iotcp, nothing, 2, 0},
	{"iodial and kin, unix", iounix, nettmp, 2, 0},
	{"iodial, the pool", dialnil, havelookup, 2, 0},
	{"p9dial and kin, tcp", p9tcp, nothing, 0, 0},
	{"p9dial and kin, unix", p9unix, nettmp, 0, 0},
	{"threadspawnl", spawnl, nothing, 1, 0},
	{"threadspawnd", spawnfd, nothing, 1, 0},
	{"procexecl", exec, hadprocs, 1, 0},
	{"threadwaitchan", waitchan, nothing, 1, 0},
	{"p9post9pservice", post, haveserve, 0, 0},
	{"threaddaemonize", daemonize, nothing, 0, 0},
	{"threadnotify", notify, havechans, 2, 0},
	{"notechan", tochannel, havestrings, 2, 0},
	{"threadinfonote", infonote, nothing, 2, 0},
	{"p9smprint", smprint, nothing, 0, 0},
	{"p9mallocz", mallocz, nothing, 0, 0},
	{"p9getenv", env, nothing, 0, 0},
	{"p9open and kin", files, nettmp, 0, 0},
	{"Bopen, Brdstr", bio, nothing, 0, 0},
};

/*
 * A run, in a child.
 */
typedef struct Held Held;
struct Held
{
	long	nblock;
	long	mapped;
	int	nfd;
	int	nthread;
};

static void
held(Held *h)
{
	*h = (Held){failblocks(), failmapped(), nfd(), nthread()};
}

typedef struct Run Run;
struct Run
{
	char	failed[32];	/* what was refused first */
	int	ret;		/* of the first call */
	int	errnum;
	char	err[ERRMAX];
	bool	through;	/* it got to its end */
	int	again[2];	/* later calls */
	char	againerr[ERRMAX];
	Held	held;		/* at the end */
	int	nline;		/* of threadinfo: threads and procs */
};
static Run *run;		/* shared with the child */

static int
ninfo(void)
{
	static char table[64*1024];
	char *p;
	ssize_t n;
	int fd, nline;

	fd = memfd_create("info", MFD_CLOEXEC);
	threadinfo(fd);
	n = pread(fd, table, sizeof table - 1, 0);
	close(fd);
	table[n < 0? 0: n] = '\0';
	nline = 0;
	for(p = table; (p = strchr(p, '\n')) != nil; p++)
		nline++;
	return nline;
}

/* how often the OS thread with this number has gone to sleep or was made to wait; -1 if it is awake, or gone */
static long
nslept(const char *id)
{
	char name[64], status[4096], *state, *n;
	ssize_t len;
	int fd;

	snprintf(name, sizeof name, "/proc/self/task/%s/status", id);
	fd = open(name, O_RDONLY|O_CLOEXEC);
	if(fd < 0)
		return -1;
	len = read(fd, status, sizeof status - 1);
	close(fd);
	status[len < 0? 0: len] = '\0';
	state = strstr(status, "\nState:\t");
	n = strstr(status, "\nvoluntary_ctxt_switches:");
	if(state == nil || n == nil || state[8] != 'S')
		return -1;
	return atol(strchr(n, ':') + 1) + atol(strrchr(n, ':') + 1);
}

/* of all OS threads but the main one, which asks, added up; -1 if one of them is awake */
static long
allslept(void)
{
	struct dirent *e;
	DIR *d;
	long n, sum;

	d = opendir("/proc/self/task");
	assert_non_null(d);
	for(n = sum = 0; n >= 0 && (e = readdir(d)) != nil; sum += n){
		n = 0;
		if(e->d_name[0] != '.' && atoi(e->d_name) != getpid())
			n = nslept(e->d_name);
	}
	closedir(d);
	return n < 0? -1: sum;
}

/*
 * What is held once all is in order: OS threads that end are gone, and those
 * that begin have made what they need and freed what they were handed, some time
 * after their maker goes on.  So they must all be asleep, and not have run
 * meanwhile; what they hold too much may go in time, if something else ends first.
 */
static Held
settle(const Held *want)
{
	Held h;
	long n;
	int i;

	for(i = 0; i < Patience*1000/4; i++){
		n = allslept();
		held(&h);
		if(n >= 0 && n == allslept()
		&& h.nthread <= want->nthread && h.nblock <= want->nblock && h.mapped <= want->mapped && h.nfd <= want->nfd)
			break;
		usleep(1000);
	}
	return h;
}

/* what a run may hold at its end, if that in which nothing failed held want */
static Held
allowed(const Held *want)
{
	Held h;

	h = *want;
	/* an arena of one stack, and its record */
	if(strcmp(run->failed, "mmap") == 0){
		h.nblock++;
		h.mapped += Slot;
	}
	return h;
}

/* want: nil if this is the run in which nothing fails */
static void
runchild(const Scenario *s, long n, bool on, const Held *want)
{
	Held may = {LONG_MAX, LONG_MAX, INT_MAX, 0};
	const char *f;
	int i;

	may.nthread = nthread() + s->nkept;
	if(s->before != nil){
		assert_int_equal(threadinit(), 0);
		s->before();
	}
	errno = 0;
	failarm(n, on? Later: 1);
	run->ret = s->call();
	f = faildisarm();
	snprintf(run->failed, sizeof run->failed, "%s", f == nil? "": f);
	run->errnum = errnum;
	memcpy(run->err, err, sizeof run->err);
	for(i = 0; i < nelem(run->again); i++){
		settle(&may);
		run->again[i] = s->call();
		memcpy(run->againerr, err, sizeof run->againerr);
	}
	if(want != nil)
		may = allowed(want);
	run->held = settle(&may);
	if(want == nil)
		run->held.nthread = may.nthread;	/* what it may keep, whether or not this run had to */
	run->nline = ninfo();
	run->through = true;
	if(dir[0] != '\0')
		rmall(dir);
	_exit(0);
}

static volatile pid_t child;

static void
late(int sig)
{
	(void)sig;
	kill(child, SIGKILL);
}

static int
runonce(const Scenario *s, long n, bool on, const Held *want)
{
	int status;

	memset(run, 0, sizeof *run);
	fflush(nil);
	child = __real_fork();
	assert_true(child >= 0);
	if(child == 0)
		runchild(s, n, on, want);
	alarm(Patience);
	while(waitpid(child, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	alarm(0);
	return status;
}

#define WRONG(...)	do{ \
		print_error("%s, call %ld%s (%s): ", s->name, n, on? " and later ones": "", run->failed); \
		print_error(__VA_ARGS__); \
		print_error("\n"); \
		return 1; \
	}while(0)

/* what is wrong with the last run, 0 or 1; want is that of the run in which nothing failed */
static int
check(const Scenario *s, long n, bool on, int status, const Run *want)
{
	const Held *h;
	Held w;

	h = &run->held;
	w = allowed(&want->held);
	if(!run->through || status != 0)
		WRONG("the program ends, status %#x", status);
	if(run->ret < -1)
		WRONG("is wrong: %d", run->ret);
	if(run->ret == -1 && (run->errnum == 0 || run->err[0] == '\0' || strcmp(run->err, strerror(0)) == 0))
		WRONG("fails without a reason: errno %d, \"%s\"", run->errnum, run->err);
	if(run->again[0] != s->ret || run->again[1] != s->ret)
		WRONG("later calls fail: %d %d, \"%s\"", run->again[0], run->again[1], run->againerr);
	if(h->nblock > w.nblock || h->mapped > w.mapped || h->nfd > w.nfd || h->nthread > w.nthread)
		WRONG("leaks: %ld blocks, %ld bytes mapped, %d descriptors, %d OS threads; not %ld, %ld, %d, %d",
			h->nblock, h->mapped, h->nfd, h->nthread, w.nblock, w.mapped, w.nfd, w.nthread);
	if(run->nline > want->nline)
		WRONG("%d threads and procs are left, not %d", run->nline, want->nline);
	return 0;
}

static int
scenario(const Scenario *s, bool on, int *nrun, int *nerr)
{
	Run want;
	long n;
	int status, nbad;

	status = runonce(s, 0, false, nil);
	want = *run;
	nbad = check(s, 0, false, status, &want);
	if(want.ret != s->ret){
		print_error("%s fails where nothing does: %d, \"%s\"\n", s->name, want.ret, want.err);
		nbad++;
	}
	for(n = 1; n < Maxcall && nbad == 0; n++){
		status = runonce(s, n, on, &want.held);
		nbad += check(s, n, on, status, &want);
		if(run->through && run->failed[0] == '\0')
			break;
		++*nrun;
		*nerr += run->ret < 0;
	}
	return nbad;
}

static void
all(bool on)
{
	const Scenario *s;
	const char *only;
	int nrun, nerr, nbad;

	only = getenv("L9FAULT");	/* the one with this name */
	nbad = 0;
	nrun = 0;
	nerr = 0;
	for(s = scenarios; s < scenarios + nelem(scenarios); s++)
		if(only == nil || strcmp(only, s->name) == 0)
			nbad += scenario(s, on, &nrun, &nerr);
	print_message("%d scenarios, %d calls refused, %d errors\n", nelem(scenarios), nrun, nerr);
	assert_int_equal(nbad, 0);
}

static void
test_one(void **state)
{
	(void)state;
	all(false);
}

static void
test_andlater(void **state)
{
	(void)state;
	all(true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one),
		cmocka_unit_test(test_andlater),
	};

	nocore();
	sigaction(SIGALRM, &(struct sigaction){.sa_handler = late}, nil);
	run = __real_mmap(nil, sizeof *run, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0);
	if(run == MAP_FAILED)
		return 1;
	return cmocka_run_group_tests(tests, nil, nil);
}
