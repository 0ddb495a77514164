/*
 * iodial, ioannounce, iolisten, ioaccept, ioreject: over the loopback interface
 * and Unix sockets only.  With several addresses for a name: dialany.c.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "job.h"
#include "p9libc.h"

enum {
	Addrlen = 200,
};

static char tmpdir[] = "/tmp/l9dialXXXXXX";
static Ioproc *io;		/* or nil: all tests are made with it and without */

/*
 * A server in a task of its own: takes n calls, and answers each byte that it
 * is sent with the next one, until the caller hangs up.
 */
typedef struct Server Server;
struct Server
{
	Ioproc	*io;
	int	fd;		/* the announcement */
	char	dir[NETPATHLEN];
	int	n;
	/* results */
	int	flags;		/* of the descriptors: all FD_CLOEXEC */
	int	nodelay;
	struct sockaddr_in	peer;
	char	err[ERRMAX];	/* of the first failure */
	Channel	*done;
};

/* the number of bytes; -1 with errstr */
static int
answer(Server *s, int fd)
{
	socklen_t len;
	char c;
	long n;
	int total;

	s->flags &= fcntl(fd, F_GETFD);
	len = sizeof s->peer;
	getpeername(fd, (struct sockaddr*)&s->peer, &len);
	len = sizeof s->nodelay;
	getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &s->nodelay, &len);
	for(total = 0; (n = ioread(s->io, fd, &c, 1)) > 0; total++){
		c++;
		if(iowrite(s->io, fd, &c, 1) != 1)
			return -1;
	}
	return n == 0? total: -1;
}

static int
serveone(Server *s)
{
	char newdir[NETPATHLEN];
	int ctl, fd, n;

	ctl = iolisten(s->io, s->dir, newdir);
	if(ctl < 0)
		return -1;
	fd = ioaccept(s->io, ctl, newdir);
	if(fd < 0)
		return -1;
	s->flags &= fcntl(ctl, F_GETFD);
	if(ioclose(s->io, ctl) < 0)
		return -1;
	n = answer(s, fd);
	return ioclose(s->io, fd) < 0? -1: n;
}

static void
serve(void *v)
{
	Server *s;
	int i, n;

	s = v;
	for(i = 0; i < s->n; i += n > 0){
		n = serveone(s);
		if(n < 0){
			rerrstr(s->err, sizeof s->err);
			break;
		}
	}
	chansend(s->done, nil);
}

static Server*
servernew(const char *addr, int n)
{
	Server *s;

	s = calloc(1, sizeof *s);
	assert_non_null(s);
	s->io = io == nil? nil: mkioproc();
	s->n = n;
	s->flags = FD_CLOEXEC;
	s->done = mkchan(1, 1);
	s->fd = ioannounce(s->io, addr, s->dir);
	if(s->fd < 0){
		rerrstr(s->err, sizeof s->err);
		fail_msg("%s", s->err);
	}
	s->flags &= fcntl(s->fd, F_GETFD);
	assert_true(threadcreate(serve, s, 0) > 0);
	return s;
}

static void
serverfree(Server *s)
{
	mustrecv(s->done, nil);
	if(s->err[0] != '\0')
		fail_msg("server: %s", s->err);
	assert_int_equal(s->flags, FD_CLOEXEC);
	assert_int_equal(close(s->fd), 0);
	closeioproc(s->io);
	chanfree(s->done);
	free(s);
}

/* of an announced descriptor */
static int
port(int fd)
{
	struct sockaddr_storage a;
	socklen_t len;

	len = sizeof a;
	assert_int_equal(getsockname(fd, (struct sockaddr*)&a, &len), 0);
	if(a.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6*)&a)->sin6_port);
	assert_int_equal(a.ss_family, AF_INET);
	return ntohs(((struct sockaddr_in*)&a)->sin_port);
}

static char*
netaddr(char buf[Addrlen], const char *host, int p)
{
	snprintf(buf, Addrlen, "tcp!%s!%d", host, p);
	return buf;
}

static char*
unixaddr(char buf[Addrlen], const char *name)
{
	snprintf(buf, Addrlen, "unix!%s/%s", tmpdir, name);
	return buf;
}

static const char*
path(const char *unixaddr)
{
	return unixaddr + strlen("unix!");
}

static void
talk(int fd)
{
	char c;
	int i;

	for(i = 'a'; i < 'z'; i++){
		c = (char)i;
		assert_int_equal(iowrite(io, fd, &c, 1), 1);
		assert_int_equal(ioread(io, fd, &c, 1), 1);
		assert_int_equal(c, i+1);
	}
}

static int
mustdial(const char *addr, const char *local)
{
	char err[ERRMAX];
	int fd;

	fd = iodial(io, addr, local, nil, nil);
	if(fd < 0){
		rerrstr(err, sizeof err);
		fail_msg("%s", err);
	}
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	return fd;
}

static void
callonce(const char *addr)
{
	int fd;

	fd = mustdial(addr, nil);
	talk(fd);
	assert_int_equal(ioclose(io, fd), 0);
}

static bool
haveipv6(void)
{
	struct sockaddr_in6 a;
	int fd, r;

	fd = socket(AF_INET6, SOCK_STREAM, 0);
	if(fd < 0)
		return false;
	a = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	r = bind(fd, (struct sockaddr*)&a, sizeof a);
	close(fd);
	return r == 0;
}

/* calls that arrive */

static bool
isnonblock(int fd)
{
	return (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0;
}

/* what listens can be tried, and is waited for all the same; the connections are as programs expect them */
static void
test_modes(void **state)
{
	char addr[Addrlen], dir[NETPATHLEN];
	int i, afd, fd, cfd;

	for(i = 0; i < 2; i++){
		afd = ioannounce(io, i == 0? "tcp!127.0.0.1!0": unixaddr(addr, "modes"), dir);
		assert_true(afd >= 0);
		assert_true(isnonblock(afd));
		if(i == 0)
			netaddr(addr, "127.0.0.1", port(afd));
		fd = mustdial(addr, nil);
		assert_false(isnonblock(fd));
		cfd = iolisten(io, dir, nil);
		assert_true(cfd >= 0);
		assert_false(isnonblock(cfd));
		close(cfd);
		close(fd);
		/* by the caller's own OS thread */
		fd = mustdial(addr, nil);
		cfd = p9listen(dir, nil);
		assert_true(cfd >= 0);
		close(cfd);
		close(fd);
		close(afd);
	}
	unlink(path(addr));
}

/* each way to end a wait for a call; the next call is not lost */
typedef struct Listener Listener;
struct Listener
{
	char	dir[NETPATHLEN];
	int64_t	deadline;
	int	ret;
	int	errnum;
	char	err[ERRMAX];
	Channel	*done;
};

static void
listenend(void *v)
{
	chansend(v, nil);
}

static void
listener(void *v)
{
	Listener *l;

	l = v;
	threadcleanup(listenend, l->done);
	threaddeadline(l->deadline);
	l->ret = iolisten(io, l->dir, nil);
	l->errnum = errno;
	rerrstr(l->err, sizeof l->err);
}

static void
test_listen_ends(void **state)
{
	char addr[Addrlen];
	Listener l;
	int i, n, id, afd, fd, before;

	before = nfd();
	l = (Listener){.done = mkchan(1, 1)};
	afd = ioannounce(io, "tcp!127.0.0.1!0", l.dir);
	assert_true(afd >= 0);
	n = ntimes(30);
	for(i = 0; i < n; i++){
		l.ret = -2;
		l.deadline = i%3 == 2? threadnow() + Millisecond: INT64_MAX;
		id = threadcreate(listener, &l, 0);
		assert_true(id > 0);
		threadyield();
		if(i%2 == 0)
			threadsleep(Millisecond/4);
		if(i%3 < 2)
			assert_int_equal(i%3 == 0? threadint(id): threadkill(id), 0);
		mustrecv(l.done, nil);
		if(i%3 == 1)
			assert_int_equal(l.ret, -2);
		else{
			assert_int_equal(l.ret, -1);
			assert_string_equal(l.err, i%3 == 0? "interrupted": "deadline");
			assert_int_equal(l.errnum, i%3 == 0? EINTR: ETIMEDOUT);
		}
	}
	fd = mustdial(netaddr(addr, "127.0.0.1", port(afd)), nil);
	id = iolisten(io, l.dir, nil);
	assert_true(id >= 0);
	close(id);
	close(fd);
	close(afd);
	chanfree(l.done);
	assert_int_equal(nfd(), before);
}

typedef struct Victim Victim;
struct Victim
{
	char	addr[Addrlen];
	int	fd;
};

static void
victim(void *v)
{
	Victim *w;

	w = v;
	w->fd = iodial(io, w->addr, nil, nil, nil);
	threadsleep(Second);
}

/* a kill when the connection is there, before the one who dials runs again */
static void
test_kill_connected(void **state)
{
	static const struct timespec nap = {0, 2*Millisecond};
	Victim w;
	int i, id, afd, fd, before;

	before = nfd();
	unixaddr(w.addr, "kill");
	afd = ioannounce(io, w.addr, nil);
	assert_true(afd >= 0);
	for(i = 0; i < 20; i++){
		w.fd = -1;
		id = threadcreate(victim, &w, 0);
		assert_true(id > 0);
		threadyield();
		/* the proc sleeps: only the helper goes on */
		while(poll(&(struct pollfd){.fd = afd, .events = POLLIN}, 1, -1) < 0)
			assert_int_equal(errno, EINTR);
		fd = accept(afd, nil, nil);
		assert_true(fd >= 0);
		nanosleep(&nap, nil);
		assert_int_equal(threadkill(id), 0);
		assert_int_equal(threadjoin(id, nil, 0), 0);
		close(fd);
		if(w.fd >= 0)
			close(w.fd);
	}
	close(afd);
	assert_int_equal(nfd(), before);
}

static void
test_reject(void **state)
{
	char dir[NETPATHLEN], newdir[NETPATHLEN], addr[Addrlen], c;
	int afd, fd, ctl, i;

	afd = ioannounce(io, "tcp!127.0.0.1!0", dir);
	assert_true(afd >= 0);
	netaddr(addr, "127.0.0.1", port(afd));
	for(i = 0; i < 2; i++){
		fd = mustdial(addr, nil);
		ctl = iolisten(io, dir, newdir);
		assert_true(ctl >= 0);
		if(i == 0)
			assert_int_equal(ioreject(io, ctl, newdir, "not now"), 0);
		else
			assert_int_equal(p9reject(ctl, newdir, nil), 0);
		/* before ctl is closed */
		assert_int_equal(ioread(io, fd, &c, 1), 0);
		close(ctl);
		close(fd);
	}
	assert_int_equal(ioreject(io, -1, "/tmp", ""), -1);
	assert_err(EINVAL, "bad network directory");
	assert_int_equal(ioreject(io, -1, "/dev/fd/9999", ""), -1);
	assert_err(EBADF, strerror(EBADF));
	close(afd);
}

static void
test_net_prefix(void **state)
{
	char addr[Addrlen];
	Server *s;

	s = servernew("/net/tcp!127.0.0.1!0", 1);
	snprintf(addr, sizeof addr, "/net/tcp!127.0.0.1!%d", port(s->fd));
	callonce(addr);
	serverfree(s);
	assert_int_equal(iodial(io, "/net/tcp", nil, nil, nil), -1);
	assert_err(EINVAL, "dial /net/tcp: bad dial string: not net!address");
}

/* datagrams: a dialled socket is connected, an announced one takes what anybody sends */

static void
udponce(const char *host, int afd)
{
	struct sockaddr_storage from;
	char addr[Addrlen], buf[16];
	unsigned int len;
	int fd;

	snprintf(addr, sizeof addr, "udp!%s!%d", host, port(afd));
	fd = mustdial(addr, nil);
	assert_false(isnonblock(fd));
	assert_int_equal(iowrite(io, fd, "ping", 4), 4);
	len = sizeof from;
	assert_int_equal(iorecvfrom(io, afd, buf, sizeof buf, 0, &from, &len), 4);
	assert_memory_equal(buf, "ping", 4);
	assert_int_equal(iosendto(io, afd, "pong!", 5, 0, &from, len), 5);
	assert_int_equal(ioread(io, fd, buf, sizeof buf), 5);
	assert_memory_equal(buf, "pong!", 5);
	close(fd);
}

static void
test_udp(void **state)
{
	char addr[Addrlen], dir[NETPATHLEN], want[2*Addrlen], c;
	int afd, fd, before;

	before = nfd();
	afd = ioannounce(io, "udp!127.0.0.1!0", dir);
	assert_true(afd >= 0);
	assert_int_equal(fcntl(afd, F_GETFD), FD_CLOEXEC);
	udponce("127.0.0.1", afd);
	/* there is nothing to listen for */
	assert_int_equal(iolisten(io, dir, nil), -1);
	assert_err(EOPNOTSUPP, strerror(EOPNOTSUPP));
	/* nobody else gets in between */
	snprintf(addr, sizeof addr, "udp!127.0.0.1!%d", port(afd));
	assert_int_equal(ioannounce(io, addr, nil), -1);
	snprintf(want, sizeof want, "announce %s: %s", addr, strerror(EADDRINUSE));
	assert_err(EADDRINUSE, want);
	/* from a port of one's own */
	fd = mustdial(addr, "udp!127.0.0.2!0");
	assert_int_equal(iowrite(io, fd, "x", 1), 1);
	assert_int_equal(ioread(io, afd, &c, 1), 1);
	close(afd);
	/* nobody is there any more: the next call is told */
	assert_int_equal(iowrite(io, fd, "x", 1), 1);
	assert_int_equal(ioread(io, fd, &c, 1), -1);
	assert_err(ECONNREFUSED, strerror(ECONNREFUSED));
	close(fd);
	assert_int_equal(nfd(), before);
}

static void
test_udp_star(void **state)
{
	int afd;

	afd = ioannounce(io, "udp!*!0", nil);
	assert_true(afd >= 0);
	udponce("127.0.0.1", afd);
	if(haveipv6())
		udponce("::1", afd);
	else
		print_message("no IPv6 here: not tried\n");
	close(afd);
}

static void
test_tcp(void **state)
{
	char addr[Addrlen];
	Server *s;
	int before;

	before = nfd();
	s = servernew("tcp!127.0.0.1!0", 1);
	callonce(netaddr(addr, "127.0.0.1", port(s->fd)));
	mustrecv(s->done, nil);
	assert_int_equal(s->nodelay, 1);
	chansend(s->done, nil);
	serverfree(s);
	assert_int_equal(nfd(), before);
}

static void
test_net_is_tcp(void **state)
{
	char addr[Addrlen];
	Server *s;

	s = servernew("net!127.0.0.1!0", 1);
	snprintf(addr, sizeof addr, "net!127.0.0.1!%d", port(s->fd));
	callonce(addr);
	serverfree(s);
}

static void
test_tcp6(void **state)
{
	char addr[Addrlen];
	Server *s;

	if(!haveipv6())
		skip();
	s = servernew("tcp!::1!0", 1);
	callonce(netaddr(addr, "::1", port(s->fd)));
	serverfree(s);
}

/* one announcement, every address of the machine */
static void
test_star(void **state)
{
	char addr[Addrlen];
	Server *s;
	bool six;

	six = haveipv6();
	s = servernew("tcp!*!0", six? 3: 2);
	callonce(netaddr(addr, "127.0.0.1", port(s->fd)));
	callonce(netaddr(addr, "127.0.0.2", port(s->fd)));
	if(!six)
		print_message("no IPv6 here: not tried\n");
	else
		callonce(netaddr(addr, "::1", port(s->fd)));
	serverfree(s);
}

static void
test_localhost(void **state)
{
	struct addrinfo *ai;
	char addr[Addrlen];
	Server *s;

	if(getaddrinfo("localhost", nil, nil, &ai) != 0)
		skip();
	freeaddrinfo(ai);
	/* whichever of its addresses was announced, the caller tries all */
	s = servernew("tcp!localhost!0", 2);
	callonce(netaddr(addr, "localhost", port(s->fd)));
	callonce(netaddr(addr, "localhost", port(s->fd)));
	serverfree(s);
	s = servernew("tcp!127.0.0.1!0", 1);
	callonce(netaddr(addr, "localhost", port(s->fd)));
	serverfree(s);
}

static void
test_unix(void **state)
{
	char addr[Addrlen];
	Server *s;
	int before;

	before = nfd();
	s = servernew(unixaddr(addr, "sock"), 2);
	callonce(addr);
	callonce(addr);
	serverfree(s);
	assert_int_equal(nfd(), before);
	assert_int_equal(unlink(path(addr)), 0);
}

/* a server that has gone leaves its file; a living one is not driven out */
static void
test_unix_stale(void **state)
{
	char addr[Addrlen], want[2*Addrlen];
	struct stat st;
	Server *s;
	int i;

	unixaddr(addr, "stale");
	for(i = 0; i < 3; i++){
		s = servernew(addr, 1);
		assert_int_equal(ioannounce(io, addr, nil), -1);
		snprintf(want, sizeof want, "announce %s: %s", addr, strerror(EADDRINUSE));
		assert_err(EADDRINUSE, want);
		callonce(addr);
		serverfree(s);
		assert_int_equal(stat(path(addr), &st), 0);
	}
	unlink(path(addr));
}

/* between bind and listen a server does not answer, but it has a lock, and its file stays */
static void
test_unix_not_yet_listening(void **state)
{
	char addr[Addrlen], want[2*Addrlen];
	struct sockaddr_un un;
	int lk, fd, before;

	before = nfd();
	unixaddr(addr, "slow");
	un = (struct sockaddr_un){.sun_family = AF_UNIX};
	strcpy(un.sun_path, path(addr));
	lk = open(tmpdir, O_RDONLY|O_DIRECTORY);
	assert_true(lk >= 0);
	assert_int_equal(flock(lk, LOCK_EX|LOCK_NB), 0);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr*)&un, sizeof un), 0);
	assert_int_equal(ioannounce(io, addr, nil), -1);
	snprintf(want, sizeof want, "announce %s: %s", addr, strerror(EADDRINUSE));
	assert_err(EADDRINUSE, want);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(close(lk), 0);
	close(mustdial(addr, nil));
	close(fd);
	unlink(path(addr));
	assert_int_equal(nfd(), before);
}

/* who has the lock for long stops nobody but who would remove something */
static void
test_unix_locked_folder(void **state)
{
	char addr[Addrlen];
	Server *s;
	int lk;

	unixaddr(addr, "locked");
	lk = open(tmpdir, O_RDONLY|O_DIRECTORY);
	assert_true(lk >= 0);
	assert_int_equal(flock(lk, LOCK_SH|LOCK_NB), 0);
	s = servernew(addr, 1);
	callonce(addr);
	serverfree(s);
	assert_int_equal(ioannounce(io, addr, nil), -1);
	assert_int_equal(errno, EADDRINUSE);
	close(lk);
	s = servernew(addr, 1);
	callonce(addr);
	serverfree(s);
	unlink(path(addr));
}

/* servers that all find the same stale file: it becomes one's, who keeps it */
typedef struct Rival Rival;
struct Rival
{
	const char	*addr;
	pthread_barrier_t	*bar;
	int	n;		/* rounds */
	int	fd;		/* the announcement, or -1 */
	pthread_t	id;
};

static void*
rival(void *v)
{
	Rival *r;
	int i;

	r = v;
	for(i = 0; i < r->n; i++){
		pthread_barrier_wait(r->bar);
		r->fd = p9announce(r->addr, nil);
		pthread_barrier_wait(r->bar);
		/* looked at and closed by the main thread */
		pthread_barrier_wait(r->bar);
	}
	return nil;
}

static void
test_unix_rivals(void **state)
{
	enum { Nrival = 4 };
	char addr[Addrlen];
	pthread_barrier_t bar;
	Rival r[Nrival];
	int i, k, n, won, lost;

	unixaddr(addr, "rivals");
	n = ntimes(2000);
	pthread_barrier_init(&bar, nil, Nrival+1);
	for(k = 0; k < Nrival; k++){
		r[k] = (Rival){.addr = addr, .bar = &bar, .n = n};
		assert_int_equal(pthread_create(&r[k].id, nil, rival, &r[k]), 0);
	}
	lost = 0;
	for(i = 0; i < n; i++){
		pthread_barrier_wait(&bar);
		pthread_barrier_wait(&bar);
		won = 0;
		for(k = 0; k < Nrival; k++)
			if(r[k].fd >= 0){
				won++;
				close(r[k].fd);
			}
		lost += won != 1;
		pthread_barrier_wait(&bar);
	}
	for(k = 0; k < Nrival; k++)
		pthread_join(r[k].id, nil);
	pthread_barrier_destroy(&bar);
	unlink(path(addr));
	assert_int_equal(lost, 0);
}

/* what is no socket stays */
static void
test_unix_other_file(void **state)
{
	char addr[Addrlen], want[2*Addrlen];
	struct stat st;
	int fd;

	unixaddr(addr, "plain");
	fd = open(path(addr), O_CREAT|O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(ioannounce(io, addr, nil), -1);
	snprintf(want, sizeof want, "announce %s: %s", addr, strerror(EADDRINUSE));
	assert_err(EADDRINUSE, want);
	assert_int_equal(lstat(path(addr), &st), 0);
	assert_true(S_ISREG(st.st_mode));
	unlink(path(addr));

	unixaddr(addr, "no/such/folder");
	assert_int_equal(ioannounce(io, addr, nil), -1);
	snprintf(want, sizeof want, "announce %s: %s", addr, strerror(ENOENT));
	assert_err(ENOENT, want);
	assert_int_equal(iodial(io, addr, nil, nil, nil), -1);
	snprintf(want, sizeof want, "dial %s: %s", addr, strerror(ENOENT));
	assert_err(ENOENT, want);
}

/* the longest path there is, and one byte more */
static void
test_unix_long_path(void **state)
{
	char addr[Addrlen], err[ERRMAX];
	struct sockaddr_un un;
	size_t n;
	Server *s;

	unixaddr(addr, "");
	n = strlen("unix!") + sizeof un.sun_path - 1;
	memset(addr + strlen(addr), 'x', n - strlen(addr));
	addr[n] = '\0';
	s = servernew(addr, 1);
	callonce(addr);
	serverfree(s);
	assert_int_equal(unlink(path(addr)), 0);
	addr[n] = 'x';
	addr[n+1] = '\0';
	assert_int_equal(ioannounce(io, addr, nil), -1);
	assert_int_equal(errno, EINVAL);
	rerrstr(err, sizeof err);
	if(strstr(err, "bad dial string: path empty or too long") == nil)
		fail_msg("the reason is lost: %s", err);
}

static void
test_dir_and_cfd(void **state)
{
	char addr[Addrlen], dir[NETPATHLEN];
	struct stat a, b;
	Server *s;
	int fd, cfd, before;

	before = nfd();
	s = servernew("tcp!127.0.0.1!0", 1);
	memset(dir, 'x', sizeof dir);
	fd = iodial(io, netaddr(addr, "127.0.0.1", port(s->fd)), nil, dir, &cfd);
	assert_true(fd >= 0);
	assert_true(cfd >= 0);
	assert_int_not_equal(cfd, fd);
	assert_int_equal(fcntl(cfd, F_GETFD), FD_CLOEXEC);
	assert_non_null(memchr(dir, '\0', sizeof dir));
	assert_int_equal(fstat(fd, &a), 0);
	assert_int_equal(fstat(cfd, &b), 0);
	assert_true(a.st_ino == b.st_ino);
	/* the connection's name means something to these calls */
	close(cfd);
	cfd = ioaccept(io, -1, dir);
	assert_true(cfd >= 0);
	assert_int_equal(fcntl(cfd, F_GETFD), FD_CLOEXEC);
	close(fd);
	talk(cfd);
	close(cfd);
	serverfree(s);
	assert_int_equal(nfd(), before);
}

static void
test_nil_dirs(void **state)
{
	char dir[NETPATHLEN], addr[Addrlen], c;
	int fd, afd, call;

	afd = ioannounce(io, "tcp!127.0.0.1!0", dir);
	assert_true(afd >= 0);
	fd = mustdial(netaddr(addr, "127.0.0.1", port(afd)), nil);
	call = iolisten(io, dir, nil);
	assert_true(call >= 0);
	/* rejected: closed without accepting */
	assert_int_equal(ioclose(io, call), 0);
	assert_int_equal(ioread(io, fd, &c, 1), 0);
	close(fd);
	close(afd);
	afd = ioannounce(io, "tcp!127.0.0.1!0", nil);
	assert_true(afd >= 0);
	close(afd);
}

static void
test_local_address(void **state)
{
	char addr[Addrlen], want[3*Addrlen];
	Server *s;
	int fd;

	s = servernew("tcp!127.0.0.1!0", 1);
	netaddr(addr, "127.0.0.1", port(s->fd));
	fd = mustdial(addr, "tcp!127.0.0.3!0");
	talk(fd);
	close(fd);
	mustrecv(s->done, nil);
	assert_int_equal(ntohl(s->peer.sin_addr.s_addr), 0x7f000003);
	chansend(s->done, nil);

	/* an address that is not ours, one of another kind, one that is none */
	assert_int_equal(iodial(io, addr, "tcp!192.0.2.1!0", nil, nil), -1);
	snprintf(want, sizeof want, "dial %s: %s", addr, strerror(EADDRNOTAVAIL));
	assert_err(EADDRNOTAVAIL, want);
	assert_int_equal(iodial(io, addr, "unix!/tmp/l9none", nil, nil), -1);
	snprintf(want, sizeof want, "dial %s: %s", addr, strerror(EAFNOSUPPORT));
	assert_err(EAFNOSUPPORT, want);
	assert_int_equal(iodial(io, addr, "here", nil, nil), -1);
	assert_err(EINVAL, "dial here: bad dial string: not net!address");
	serverfree(s);
}

/*
 * Many callers at once, who share few Ioprocs to dial with.  To talk each has
 * its own: with a shared one the turn might be held by a read whose answer
 * can only come after another's call.
 */
enum {
	Ncaller = 50,
	Nioproc = 5,
};

typedef struct Caller Caller;
struct Caller
{
	const char	*addr;
	Ioproc	*dialio;
	char	err[ERRMAX];
	Channel	*done;
};

static void
caller(void *v)
{
	Caller *c;
	Ioproc *own;
	char ch;
	int fd;

	c = v;
	ch = 'x';
	own = c->dialio == nil? nil: ioproc();
	fd = iodial(c->dialio, c->addr, nil, nil, nil);
	if(fd < 0
	|| iowrite(own, fd, &ch, 1) != 1
	|| ioread(own, fd, &ch, 1) != 1
	|| ch != 'y')
		rerrstr(c->err, sizeof c->err);
	if(fd >= 0)
		close(fd);
	closeioproc(own);
	chansend(c->done, nil);
}

static void
test_many_callers(void **state)
{
	char addr[Addrlen];
	Ioproc *ios[Nioproc];
	Caller *c;
	Server *s;
	int i, before;

	before = nfd();
	s = servernew("tcp!127.0.0.1!0", Ncaller);
	netaddr(addr, "127.0.0.1", port(s->fd));
	c = calloc(Ncaller, sizeof *c);
	assert_non_null(c);
	for(i = 0; i < Nioproc; i++)
		ios[i] = io == nil? nil: mkioproc();
	for(i = 0; i < Ncaller; i++){
		c[i] = (Caller){.addr = addr, .dialio = ios[i%Nioproc], .done = mkchan(1, 1)};
		assert_true((i%2 == 0? threadcreate: proccreate)(caller, &c[i], 0) > 0);
	}
	for(i = 0; i < Ncaller; i++){
		mustrecv(c[i].done, nil);
		assert_string_equal(c[i].err, "");
		chanfree(c[i].done);
	}
	for(i = 0; i < Nioproc; i++)
		closeioproc(ios[i]);
	free(c);
	serverfree(s);
	assert_int_equal(nfd(), before);
}

/* failures: each leaves no descriptor behind */

static void
test_port_in_use(void **state)
{
	char addr[Addrlen], want[2*Addrlen];
	int fd, before;

	before = nfd();
	fd = ioannounce(io, "tcp!127.0.0.1!0", nil);
	assert_true(fd >= 0);
	assert_int_equal(ioannounce(io, netaddr(addr, "127.0.0.1", port(fd)), nil), -1);
	snprintf(want, sizeof want, "announce %s: %s", addr, strerror(EADDRINUSE));
	assert_err(EADDRINUSE, want);
	assert_int_equal(ioannounce(io, netaddr(addr, "*", port(fd)), nil), -1);
	snprintf(want, sizeof want, "announce %s: %s", addr, strerror(EADDRINUSE));
	assert_err(EADDRINUSE, want);
	close(fd);
	assert_int_equal(nfd(), before);
}

/* a port that was just left can be announced again, though its connections linger */
static void
test_port_again(void **state)
{
	char addr[Addrlen], dir[NETPATHLEN], c;
	int afd, fd, call, i;

	afd = ioannounce(io, "tcp!127.0.0.1!0", dir);
	assert_true(afd >= 0);
	netaddr(addr, "127.0.0.1", port(afd));
	for(i = 0; i < 3; i++){
		fd = mustdial(addr, nil);
		call = iolisten(io, dir, nil);
		assert_true(call >= 0);
		/* the server closes first: its port is left in TIME_WAIT */
		close(call);
		assert_int_equal(ioread(io, fd, &c, 1), 0);
		close(fd);
		close(afd);
		afd = ioannounce(io, addr, dir);
		assert_true(afd >= 0);
	}
	close(afd);
}

static void
test_refused(void **state)
{
	struct sockaddr_in a;
	char addr[Addrlen], want[2*Addrlen];
	int i, fd, before;

	before = nfd();
	/* bound and not listening: nobody else can take the port */
	fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(fd >= 0);
	a = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	assert_int_equal(bind(fd, (struct sockaddr*)&a, sizeof a), 0);
	assert_int_equal(iodial(io, netaddr(addr, "127.0.0.1", port(fd)), nil, nil, nil), -1);
	snprintf(want, sizeof want, "dial %s: %s", addr, strerror(ECONNREFUSED));
	assert_err(ECONNREFUSED, want);
	/* again and again by the caller's own OS thread: an older reason is not this one's */
	for(i = 0; i < 2; i++){
		assert_int_equal(p9dial(addr, nil, nil, nil), -1);
		assert_err(ECONNREFUSED, want);
	}
	close(fd);
	assert_int_equal(nfd(), before);
}

/* names that no resolver asks the network about */
static void
test_unknown_names(void **state)
{
	char addr[Addrlen], want[Addrlen], err[ERRMAX];
	int before;

	before = nfd();
	/* a label of 64 letters is too long for the DNS */
	snprintf(addr, sizeof addr, "tcp!%064d!7", 0);
	memset(addr + 4, 'x', 64);
	assert_int_equal(iodial(io, addr, nil, nil, nil), -1);
	assert_int_equal(errno, EHOSTUNREACH);
	rerrstr(err, sizeof err);
	snprintf(want, sizeof want, "dial %.60s", addr);
	assert_int_equal(strncmp(err, want, strlen(want)), 0);

	assert_int_equal(iodial(io, "tcp!127.0.0.1!no-such-service", nil, nil, nil), -1);
	assert_int_equal(errno, EHOSTUNREACH);
	rerrstr(err, sizeof err);
	strcpy(want, "dial tcp!127.0.0.1!no-such-service: ");
	assert_int_equal(strncmp(err, want, strlen(want)), 0);
	assert_true(strlen(err) > strlen(want));
	assert_int_equal(ioannounce(io, "tcp!127.0.0.1!no-such-service", nil), -1);
	assert_int_equal(errno, EHOSTUNREACH);
	assert_int_equal(nfd(), before);
}

/* a port has 16 bits: not some other port */
static void
test_port_out_of_range(void **state)
{
	static const char *const bad[] = {
		"tcp!127.0.0.1!65536", "tcp!127.0.0.1!70000", "tcp!127.0.0.1!-1", "tcp!127.0.0.1!4294967376",
	};
	int i, fd;

	for(i = 0; i < nelem(bad); i++){
		fd = ioannounce(io, bad[i], nil);
		if(fd >= 0)
			fail_msg("%s announces port %d", bad[i], port(fd));
	}
}

/* a service may have a name */
static void
test_service_name(void **state)
{
	struct servent *e;
	char addr[Addrlen], want[2*Addrlen];
	int fd;

	e = getservbyname("discard", "tcp");
	if(e == nil)
		skip();		/* no list of services on this system */
	snprintf(addr, sizeof addr, "tcp!127.0.0.1!discard");
	fd = iodial(io, addr, nil, nil, nil);
	if(fd >= 0){
		close(fd);
		return;		/* it even runs */
	}
	snprintf(want, sizeof want, "dial %s: %s", addr, strerror(ECONNREFUSED));
	assert_err(ECONNREFUSED, want);
}

static void
test_bad_strings(void **state)
{
	static const struct {
		const char	*addr;
		int	e;
		const char	*why;
	} bad[] = {
		{"", EINVAL, "bad dial string: not net!address"},
		{"localhost", EINVAL, "bad dial string: not net!address"},
		{"127.0.0.1:80", EINVAL, "bad dial string: not net!address"},
		{"tcp!", EINVAL, "bad dial string: not network!host!service"},
		{"tcp!localhost", EINVAL, "bad dial string: not network!host!service"},
		{"tcp!localhost!", EINVAL, "bad dial string: not network!host!service"},
		{"tcp!!80", EINVAL, "bad dial string: not network!host!service"},
		{"tcp!!", EINVAL, "bad dial string: not network!host!service"},
		{"tcp!a!80!b", EINVAL, "bad dial string: not network!host!service"},
		{"net!localhost", EINVAL, "bad dial string: not network!host!service"},
		{"tcp!localhost!65536", EINVAL, "bad dial string: port out of range"},
		{"tcp!localhost!-1", EINVAL, "bad dial string: port out of range"},
		{"unix!", EINVAL, "bad dial string: path empty or too long"},
		{"udp!localhost", EINVAL, "bad dial string: not network!host!service"},
		{"udp!localhost!65536", EINVAL, "bad dial string: port out of range"},
		{"il!localhost!7", EPROTONOSUPPORT, "unknown network: il"},
		{"tc!localhost!7", EPROTONOSUPPORT, "unknown network: tc"},
		{"!a!b", EPROTONOSUPPORT, "unknown network: "},
		{"TCP!localhost!7", EPROTONOSUPPORT, "unknown network: TCP"},
	};
	char want[ERRMAX];
	int i, before;

	before = nfd();
	for(i = 0; i < nelem(bad); i++){
		assert_int_equal(iodial(io, bad[i].addr, nil, nil, nil), -1);
		snprintf(want, sizeof want, "dial %s: %s", bad[i].addr, bad[i].why);
		assert_err(bad[i].e, want);
		assert_int_equal(ioannounce(io, bad[i].addr, nil), -1);
		snprintf(want, sizeof want, "announce %s: %s", bad[i].addr, bad[i].why);
		assert_err(bad[i].e, want);
	}
	assert_int_equal(iodial(io, nil, nil, nil, nil), -1);
	assert_err(EINVAL, "dial (nil): bad dial string: not net!address");
	assert_int_equal(ioannounce(io, nil, nil), -1);
	assert_err(EINVAL, "announce (nil): bad dial string: not net!address");
	assert_int_equal(iodial(io, "tcp!*!80", nil, nil, nil), -1);
	assert_err(EINVAL, "dial tcp!*!80: bad dial string: cannot dial *");
	assert_int_equal(nfd(), before);
}

static void
test_long_host(void **state)
{
	char addr[400], err[ERRMAX];

	memset(addr, 'x', sizeof addr);
	memcpy(addr, "tcp!", 4);
	strcpy(addr + 4 + 256, "!7");
	assert_int_equal(iodial(io, addr, nil, nil, nil), -1);
	assert_int_equal(errno, EINVAL);
	rerrstr(err, sizeof err);
	if(strstr(err, "bad dial string: host too long") == nil)
		fail_msg("the reason is lost: %s", err);
}

static void
test_bad_dirs(void **state)
{
	static const char *const bad[] = {
		nil, "", "/tmp", "/dev/fd/", "/dev/fd/x", "/dev/fd/3x", "/dev/fd/-1",
		"/dev/fd/99999999999", "/dev/fd/99999999999999999999",
	};
	int i;

	for(i = 0; i < nelem(bad); i++){
		assert_int_equal(iolisten(io, bad[i], nil), -1);
		assert_err(EINVAL, "bad network directory");
		assert_int_equal(ioaccept(io, -1, bad[i]), -1);
		assert_err(EINVAL, "bad network directory");
	}
	/* one whose descriptor is closed, or no socket */
	assert_int_equal(iolisten(io, "/dev/fd/9999", nil), -1);
	assert_err(EBADF, strerror(EBADF));
	assert_int_equal(ioaccept(io, -1, "/dev/fd/9999"), -1);
	assert_err(EBADF, strerror(EBADF));
}

static struct rlimit nofile;	/* as it was at the start */

/* as many descriptors as ever */
static void
leaveall(void)
{
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &nofile), 0);
}

enum {
	Maxleave = 2,
};

/* let there be room for n more descriptors */
static void
leave(int n)
{
	struct rlimit rl;
	int fd[Maxleave+1], i;

	leaveall();
	assert_true(n <= Maxleave);
	/* descriptors are dealt from below, but some above may be taken, by pollers */
	for(i = 0; i <= n; i++){
		fd[i] = dup(0);
		assert_true(fd[i] >= 0);
	}
	for(i = 0; i <= n; i++)
		close(fd[i]);
	rl = nofile;
	rl.rlim_cur = (rlim_t)fd[n];
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &rl), 0);
}

static void
test_no_descriptors(void **state)
{
	char addr[Addrlen], dir[NETPATHLEN], want[2*Addrlen];
	int afd, fd, cfd, call, before;

	if(getenv("L9VALGRIND") != nil)
		skip();		/* it closes what it finds above the limit, connections too */
	before = nfd();
	afd = ioannounce(io, unixaddr(addr, "emfile"), dir);
	assert_true(afd >= 0);

	leave(0);
	assert_int_equal(iodial(io, addr, nil, nil, nil), -1);
	snprintf(want, sizeof want, "dial %s: %s", addr, strerror(EMFILE));
	assert_err(EMFILE, want);
	assert_int_equal(ioannounce(io, "unix!/tmp/l9none", nil), -1);
	snprintf(want, sizeof want, "announce unix!/tmp/l9none: %s", strerror(EMFILE));
	assert_err(EMFILE, want);
	assert_int_equal(ioopen(io, "/dev/null", O_RDONLY), -1);
	assert_err(EMFILE, strerror(EMFILE));
	/* one for the socket, none for the folder's lock */
	leave(1);
	assert_int_equal(ioannounce(io, addr, nil), -1);
	snprintf(want, sizeof want, "announce %s: %s", addr, strerror(EADDRINUSE));
	assert_err(EADDRINUSE, want);
	/* and none for a look whether somebody is there */
	leave(2);
	assert_int_equal(ioannounce(io, addr, nil), -1);
	snprintf(want, sizeof want, "announce %s: %s", addr, strerror(EMFILE));
	assert_err(EMFILE, want);
	/* one for the connection, none for its second descriptor */
	leave(1);
	assert_int_equal(iodial(io, addr, nil, nil, &cfd), -1);
	snprintf(want, sizeof want, "dial %s: %s", addr, strerror(EMFILE));
	assert_err(EMFILE, want);
	/* that one hung up in the queue: take it out */
	leaveall();
	call = iolisten(io, dir, nil);
	assert_true(call >= 0);
	close(call);

	fd = mustdial(addr, nil);
	leave(0);
	assert_int_equal(iolisten(io, dir, nil), -1);
	assert_err(EMFILE, strerror(EMFILE));
	leave(1);
	call = iolisten(io, dir, want);
	assert_true(call >= 0);
	assert_int_equal(ioaccept(io, call, want), -1);
	assert_err(EMFILE, strerror(EMFILE));
	leaveall();
	close(call);
	close(fd);
	close(afd);
	assert_int_equal(nfd(), before);
	unlink(path(addr));
}

static long
joblisten(Job *j)
{
	return iolisten(j->io, j->path, j->buf);
}

static Job*
listening(const char *dir, char *newdir)
{
	Job *j;

	j = jobnew(joblisten, io);
	j->path = dir;
	j->buf = newdir;
	jobstart(j);
	assert_false(j->over);
	return j;
}

/* with the last descriptor that there is, which an accept that is about to wait has for a moment */
static int
callport(int tcpport)
{
	struct sockaddr_in a;
	struct pollfd p;
	int fd, ms;

	a = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)tcpport), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	for(ms = 0; (fd = socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, 0)) < 0 && errno == EMFILE && ms < 10*1000; ms++)
		threadsleep(Millisecond);
	assert_true(fd >= 0);
	/* a storm's signal ends the call, and not what it began */
	if(connect(fd, (struct sockaddr*)&a, sizeof a) < 0){
		assert_int_equal(errno, EINTR);
		p = (struct pollfd){.fd = fd, .events = POLLOUT};
		while(poll(&p, 1, -1) < 0)
			assert_int_equal(errno, EINTR);
		assert_int_equal(p.revents, POLLOUT);
	}
	return fd;
}

/*
 * A server that tries again has one error for each try, and each takes a while:
 * the call stays in the queue, is neither lost nor taken, and the next try after a
 * descriptor came free has it, even of a task that waited at the time.
 */
static void
test_accept_later(void **state)
{
	char dir[NETPATHLEN], ldir[NETPATHLEN];
	struct pollfd p;
	int64_t t;
	int afd, fd, call, data, i;
	Job *j;

	if(getenv("L9VALGRIND") != nil)
		skip();		/* it closes what it finds above the limit, connections too */
	afd = ioannounce(io, "tcp!127.0.0.1!0", dir);
	assert_true(afd >= 0);
	/* the poller takes its descriptors now */
	j = listening(dir, ldir);
	assert_int_equal(threadint(j->id), 0);
	assert_interrupted(j);
	jobfree(j);

	j = listening(dir, ldir);
	leave(1);
	fd = callport(port(afd));
	assert_job(j, -1, EMFILE, strerror(EMFILE));
	jobfree(j);
	for(i = 0; i < 3; i++){
		t = threadnow();
		assert_int_equal(iolisten(io, dir, ldir), -1);
		assert_err(EMFILE, strerror(EMFILE));
		/* a server's loop makes a hundred tries a second at most */
		assert_true(threadnow() - t >= 10*Millisecond);
		p = (struct pollfd){.fd = afd, .events = POLLIN};
		assert_int_equal(poll(&p, 1, 0), 1);
	}
	leave(1);
	call = iolisten(io, dir, ldir);
	assert_true(call >= 0);
	for(i = 0; i < 3; i++){
		assert_int_equal(ioaccept(io, call, ldir), -1);
		assert_err(EMFILE, strerror(EMFILE));
	}
	leave(2);
	data = ioaccept(io, call, ldir);
	assert_true(data >= 0);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(ioread(io, data, ldir, 1), 1);
	leaveall();
	close(call);
	close(data);
	close(fd);
	close(afd);
}

/* with addresses to look up, too: whatever the resolver makes of it, no descriptor is lost */
static void
test_no_descriptors_tcp(void **state)
{
	int i, before;

	before = nfd();
	for(i = 0; i < 3; i++){
		leave(0);
		assert_int_equal(iodial(io, "tcp!127.0.0.1!7", nil, nil, nil), -1);
		assert_int_equal(ioannounce(io, "tcp!*!0", nil), -1);
		leaveall();
		assert_int_equal(nfd(), before);
	}
}

static int
setupnil(void **state)
{
	/* if a resolver should ask a server after all: not for long */
	setenv("RES_OPTIONS", "attempts:1 timeout:1", 1);
	io = nil;
	/* a new name, where the tests had a folder before */
	memcpy(tmpdir + sizeof tmpdir - 7, "XXXXXX", 6);
	return getrlimit(RLIMIT_NOFILE, &nofile) < 0 || mkdtemp(tmpdir) == nil? -1: 0;
}

static int
setup(void **state)
{
	if(setupnil(state) < 0)
		return -1;
	io = ioproc();
	return io == nil? -1: 0;
}

static int
teardown(void **state)
{
	leaveall();
	closeioproc(io);
	return rmall(tmpdir);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_tcp),
		TEST(test_modes),
		TEST(test_listen_ends),
		TEST(test_kill_connected),
		TEST(test_reject),
		TEST(test_net_prefix),
		TEST(test_udp),
		TEST(test_udp_star),
		TEST(test_net_is_tcp),
		TEST(test_tcp6),
		TEST(test_star),
		TEST(test_localhost),
		TEST(test_unix),
		TEST(test_unix_stale),
		TEST(test_unix_not_yet_listening),
		TEST(test_unix_locked_folder),
		TEST(test_unix_rivals),
		TEST(test_unix_other_file),
		TEST(test_unix_long_path),
		TEST(test_dir_and_cfd),
		TEST(test_nil_dirs),
		TEST(test_local_address),
		TEST(test_many_callers),
		TEST(test_port_in_use),
		TEST(test_port_again),
		TEST(test_refused),
		TEST(test_unknown_names),
		TEST(test_port_out_of_range),
		TEST(test_service_name),
		TEST(test_bad_strings),
		TEST(test_long_host),
		TEST(test_bad_dirs),
		TEST(test_no_descriptors),
		TEST(test_no_descriptors_tcp),
		TEST(test_accept_later),
	};

	int n;

	if(threadinit() < 0)
		return 1;
	cmocka_set_test_filter(getenv("L9TEST"));	/* nil: all of them */
	n = cmocka_run_group_tests_name("with an Ioproc", tests, setup, teardown);
	return n + cmocka_run_group_tests_name("without", tests, setupnil, teardown);
}
