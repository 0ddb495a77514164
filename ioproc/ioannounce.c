#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "dial.h"

/*
 * A Unix socket's file outlives its server.  If nobody answers there it is
 * such a rest, and goes.  But a server that is between bind and listen does
 * not answer either: so whoever announces has a lock on the folder meanwhile,
 * and whoever has none removes nothing.  Not each folder can be locked, and
 * somebody may have the lock for reasons of his own: hence a limit.
 */
enum {
	Nlock = 500,		/* tries, a ms each */
	/*
	 * Connections that wait to be accepted: the system makes of it what it allows.
	 * SOMAXCONN is 128 in musl, whatever that is.
	 */
	Backlog = 64*1024,
};

static const char*
unixpath(const struct addrinfo *ai)
{
	return ((struct sockaddr_un*)(void*)ai->ai_addr)->sun_path;
}

/* a descriptor that has the lock, or -1 */
static int
lockfolder(const char *path)
{
	static const struct timespec ms = {0, 1000*1000};
	char dir[sizeof(struct sockaddr_un)], *slash;
	int fd, i;

	strcpy(dir, path);
	slash = strrchr(dir, '/');
	strcpy(slash == nil? dir: slash+1, ".");
	fd = open(dir, O_RDONLY|O_DIRECTORY|O_CLOEXEC);
	for(i = 0; fd >= 0 && i < Nlock; i++){
		if(flock(fd, LOCK_EX|LOCK_NB) == 0)
			return fd;
		if(errno != EWOULDBLOCK)
			break;
		nanosleep(&ms, nil);
	}
	if(fd >= 0)
		close(fd);
	return -1;
}

/* not by close alone: a child may have the descriptor, too, until it calls exec */
static void
unlockfolder(int fd)
{
	if(fd < 0)
		return;
	flock(fd, LOCK_UN);
	close(fd);
}

/* with the folder's lock: make room for ai.  0, or -1 with errno */
static int
removestale(const struct addrinfo *ai)
{
	struct stat st;
	bool stale;
	int fd;

	if(lstat(unixpath(ai), &st) == 0 && S_ISSOCK(st.st_mode)){
		fd = l9socket(AF_UNIX, SOCK_STREAM, 0);
		if(fd < 0)
			return -1;
		stale = l9setnonblock(fd, true) == 0 && connect(fd, ai->ai_addr, ai->ai_addrlen) < 0 && errno == ECONNREFUSED;
		close(fd);
		if(stale && unlink(unixpath(ai)) == 0)
			return 0;
	}
	errno = EADDRINUSE;
	return -1;
}

static int
bindunix(int fd, const struct addrinfo *ai, bool locked)
{
	if(bind(fd, ai->ai_addr, ai->ai_addrlen) == 0)
		return 0;
	if(errno != EADDRINUSE || !locked || removestale(ai) < 0)
		return -1;
	return bind(fd, ai->ai_addr, ai->ai_addrlen);
}

static int
listenunix(int fd, const struct addrinfo *ai)
{
	int lk, r, e;

	lk = lockfolder(unixpath(ai));
	r = bindunix(fd, ai, lk >= 0);
	if(r == 0)
		r = listen(fd, Backlog);
	e = errno;
	unlockfolder(lk);
	errno = e;
	return r;
}

/*
 * A port that connections of before linger on can be announced again; but with
 * datagrams that option would let two announce the same, and the second take
 * what is the first's.
 */
static int
listeninet(int fd, const struct addrinfo *ai)
{
	int on, off;

	on = 1;
	off = 0;
	if(ai->ai_socktype == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if(ai->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	if(bind(fd, ai->ai_addr, ai->ai_addrlen) < 0)
		return -1;
	return ai->ai_socktype == SOCK_STREAM? listen(fd, Backlog): 0;
}

/*
 * A socket announced at one place, or -1 with errno.  One that listens is in
 * non-blocking mode, so that accepting can be tried.
 */
static int
try(const struct addrinfo *ai)
{
	int fd, e;

	fd = l9dialsocket(ai);
	if(fd < 0)
		return -1;
	if((ai->ai_socktype != SOCK_STREAM || l9setnonblock(fd, true) == 0)
	&& (ai->ai_family == AF_UNIX? listenunix: listeninet)(fd, ai) == 0)
		return fd;
	e = errno;
	close(fd);
	errno = e;
	return -1;
}

/* of one family, or of any if family is 0 */
static int
announceone(Addr *a, int family)
{
	struct addrinfo *ai;
	int fd;

	fd = -1;
	errno = EAFNOSUPPORT;
	for(ai = a->list; ai != nil && fd < 0; ai = ai->ai_next)
		if(family == 0 || ai->ai_family == family)
			fd = try(ai);
	return fd;
}

static bool
istaken(void)
{
	return errno == EADDRINUSE || errno == EACCES;
}

static long
doannounce(va_list *arg)
{
	Addr a;
	const char *addr;
	int fd, e;

	addr = va_arg(*arg, const char*);
	if(l9dialparse(&a, addr, true) < 0)
		return l9dialerr("announce", addr);
	fd = -1;
	/* all addresses: one socket of IPv6 takes IPv4 too, where the system has it */
	if(a.any)
		fd = announceone(&a, AF_INET6);
	if(fd < 0 && !(a.any && istaken()))
		fd = announceone(&a, 0);
	e = errno;
	l9dialfree(&a);
	errno = e;
	return fd < 0? l9dialerr("announce", addr): fd;
}

static int
named(long fd, char *dir)
{
	if(fd >= 0 && dir != nil)
		l9dirput(dir, (int)fd);
	return (int)fd;
}

int
ioannounce(Ioproc *io, const char *addr, char *dir)
{
	return named(l9iocall(io, "ioannounce", -1, addr, doannounce, addr), dir);
}

int
p9announce(const char *addr, char *dir)
{
	return named(l9iodirect(doannounce, addr), dir);
}

static long
dolisten(va_list *arg)
{
	int fd, cfd, one, mode;

	fd = va_arg(*arg, int);
	/* somebody has made it block */
	if(l9iotrying() && (mode = fcntl(fd, F_GETFL)) >= 0 && !(mode & O_NONBLOCK))
		return Trypool;
	/* a caller that hung up before we came is no error of ours */
	do
		L9IO(cfd, fd, POLLIN, l9accept(fd));
	while(cfd < 0 && errno == ECONNABORTED);
	one = 1;
	if(cfd >= 0)
		setsockopt(cfd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);	/* fails on unix!: no matter */
	return cfd;
}

/*
 * Something has run out, and the caller still waits to be let in: whoever
 * tries again at once, as servers do, does so in vain and without end.
 */
static void
breathe(void)
{
	char err[ERRMAX];
	int e;

	if(errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
		return;
	l9errget(&e, err);
	if(threadsleep(10*Millisecond) < 0 && errno == EINTR)
		l9intagain(l9self());
	l9errput(e, err);
}

int
iolisten(Ioproc *io, const char *dir, char *newdir)
{
	int fd, cfd;

	fd = l9dirget(dir);
	if(fd < 0)
		return -1;
	cfd = (int)l9fdcall(io, "iolisten", fd, Fdin, dolisten, fd);
	if(cfd < 0)
		breathe();
	return named(cfd, newdir);
}

int
p9listen(const char *dir, char *newdir)
{
	int fd;

	fd = l9dirget(dir);
	if(fd < 0)
		return -1;
	return named(l9iodirect(dolisten, fd), newdir);
}

/*
 * In Plan 9 the call's control file and its data file are two; programs close
 * the first once they have the second.
 */
static long
doaccept(va_list *arg)
{
	int fd;

	fd = l9dirget(va_arg(*arg, const char*));
	return fd < 0? -1: fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

int
ioaccept(Ioproc *io, int ctl, const char *dir)
{
	(void)ctl;
	/* it does not block */
	if(io == nil)
		return (int)l9iodirect(doaccept, dir);
	return (int)l9iocall(io, "ioaccept", -1, dir, doaccept, dir);
}

int
p9accept(int ctl, const char *dir)
{
	(void)ctl;
	return (int)l9iodirect(doaccept, dir);
}

/* the caller reads the end of the file at once, whoever has the descriptor yet */
static long
doreject(va_list *arg)
{
	int fd;

	fd = l9dirget(va_arg(*arg, const char*));
	return fd < 0? -1: shutdown(fd, SHUT_RDWR);
}

int
ioreject(Ioproc *io, int ctl, const char *dir, const char *cause)
{
	(void)ctl;
	(void)cause;
	if(io == nil)
		return (int)l9iodirect(doreject, dir);
	return (int)l9iocall(io, "ioreject", -1, dir, doreject, dir);
}

int
p9reject(int ctl, const char *dir, const char *cause)
{
	return ioreject(nil, ctl, dir, cause);
}
