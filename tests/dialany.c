/*
 * Connecting to a host with several addresses, which are made up here: all of
 * the loopback interface.  One that never answers is a socket with its queue
 * full; where the system lets connections in all the same, those tests are
 * skipped.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "job.h"
#include "dial.h"

enum {
	Max = 40,
	Nfiller = 16,
};

/* the addresses of a host */
typedef struct Host Host;
struct Host
{
	struct addrinfo	ai[Max];
	struct sockaddr_storage	sa[Max];
	int	n;
};

static void
add(Host *h, const struct sockaddr_storage *sa, int type)
{
	int i;

	i = h->n++;
	assert_true(i < Max);
	h->sa[i] = *sa;
	h->ai[i] = (struct addrinfo){
		.ai_family = sa->ss_family,
		.ai_socktype = type,
		.ai_addr = (struct sockaddr*)&h->sa[i],
		.ai_addrlen = sa->ss_family == AF_INET6? sizeof(struct sockaddr_in6): sizeof(struct sockaddr_in),
	};
	if(i > 0)
		h->ai[i-1].ai_next = &h->ai[i];
}

/* a socket bound to a loopback address, and where; -1: the family is not there */
static int
bound(int family, int type, struct sockaddr_storage *sa)
{
	socklen_t len;
	int fd;

	memset(sa, 0, sizeof *sa);
	if(family == AF_INET)
		*(struct sockaddr_in*)sa = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	else
		*(struct sockaddr_in6*)sa = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	fd = socket(family, type|SOCK_CLOEXEC, 0);
	len = family == AF_INET6? sizeof(struct sockaddr_in6): sizeof(struct sockaddr_in);
	if(fd < 0 || bind(fd, (struct sockaddr*)sa, len) < 0){
		if(fd >= 0)
			close(fd);
		return -1;
	}
	assert_int_equal(getsockname(fd, (struct sockaddr*)sa, &len), 0);
	return fd;
}

/* one more address of h.  Bound, and nobody listens: calls are refused */
static int
refusing(Host *h, int family)
{
	struct sockaddr_storage sa;
	int fd;

	fd = bound(family, SOCK_STREAM, &sa);
	if(fd >= 0)
		add(h, &sa, SOCK_STREAM);
	return fd;
}

static int
answering(Host *h, int family)
{
	int fd;

	fd = refusing(h, family);
	if(fd >= 0)
		assert_int_equal(listen(fd, 8), 0);
	return fd;
}

/* never answers.  Free with fillfree; fd -1: the system has room without end */
typedef struct Full Full;
struct Full
{
	int	fd;
	int	filler[Nfiller];
	int	n;
};

static void
fillfree(Full *f)
{
	int i;

	for(i = 0; i < f->n; i++)
		close(f->filler[i]);
	if(f->fd >= 0)
		close(f->fd);
}

static bool
full(Host *h, Full *f)
{
	struct pollfd pfd;
	struct addrinfo *ai;

	memset(f, 0, sizeof *f);
	f->fd = refusing(h, AF_INET);
	assert_true(f->fd >= 0);
	assert_int_equal(listen(f->fd, 0), 0);
	ai = &h->ai[h->n-1];
	while(f->n < Nfiller){
		f->filler[f->n] = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);
		assert_true(f->filler[f->n] >= 0);
		connect(f->filler[f->n], ai->ai_addr, ai->ai_addrlen);
		pfd = (struct pollfd){.fd = f->filler[f->n++], .events = POLLOUT};
		if(poll(&pfd, 1, 50) == 0)
			return true;
	}
	return false;
}

static const Addr none;

/* the call, as iodial makes it */
static long
opdial(va_list *arg)
{
	Host *h;

	h = va_arg(*arg, Host*);
	return l9dialany(&h->ai[0], va_arg(*arg, const Addr*));
}

/* as iodial does it without an Ioproc: no helper */
static bool bytask;

static int
dialtask(Host *h, const Addr *local)
{
	Task *t;
	int fd;

	t = l9self();
	l9holdkill(t);
	fd = l9dialtask(&h->ai[0], local);
	l9allowkill(t);
	return fd < 0? -1: fd;
}

static int
dialhost(Host *h, const Addr *local)
{
	return bytask? dialtask(h, local): (int)iocall(nil, opdial, h, local);
}

/* fd is a connection to h's i-th address */
static void
assert_connected(int fd, Host *h, int i)
{
	struct sockaddr_storage sa;
	socklen_t len;

	assert_true(fd >= 0);
	len = sizeof sa;
	assert_int_equal(getpeername(fd, (struct sockaddr*)&sa, &len), 0);
	assert_int_equal(len, h->ai[i].ai_addrlen);
	assert_memory_equal(&sa, h->ai[i].ai_addr, len);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
}

/* refused ones are no reason to wait */
static void
test_refused(void **state)
{
	Host h;
	int fds[20], i, s, fd, before;
	int64_t t;

	before = nfd();
	h = (Host){.n = 0};
	for(i = 0; i < nelem(fds); i++)
		fds[i] = refusing(&h, AF_INET);
	s = answering(&h, AF_INET);
	t = threadnow();
	fd = dialhost(&h, &none);
	/* twenty times the delay would be 5 s */
	assert_true(threadnow() - t < 4*Second);
	assert_connected(fd, &h, h.n-1);
	close(fd);
	close(s);
	assert_int_equal(dialhost(&h, &none), -1);
	assert_err(ECONNREFUSED, strerror(ECONNREFUSED));
	for(i = 0; i < nelem(fds); i++)
		close(fds[i]);
	assert_int_equal(nfd(), before);
}

/* more addresses than are tried */
static void
test_very_many(void **state)
{
	Host h;
	int fds[Max], i;

	h = (Host){.n = 0};
	for(i = 0; i < Max-1; i++)
		fds[i] = refusing(&h, AF_INET);
	assert_int_equal(dialhost(&h, &none), -1);
	assert_int_equal(errno, ECONNREFUSED);
	/* not the last of them, which would answer */
	fds[i] = answering(&h, AF_INET);
	assert_int_equal(dialhost(&h, &none), -1);
	assert_int_equal(errno, ECONNREFUSED);
	for(i = 0; i < Max; i++)
		close(fds[i]);
}

/* one that does not answer has a quarter of a second, then the next has its turn */
static void
test_silent_first(void **state)
{
	Host h;
	Full f;
	int64_t t;
	int s, fd, before;

	before = nfd();
	h = (Host){.n = 0};
	if(!full(&h, &f)){
		fillfree(&f);
		skip();
	}
	s = answering(&h, AF_INET);
	t = threadnow();
	fd = dialhost(&h, &none);
	assert_true(threadnow() - t >= 250*Millisecond);
	assert_connected(fd, &h, 1);
	close(fd);
	close(s);
	fillfree(&f);
	assert_int_equal(nfd(), before);
}

static long
jobdial(Job *j)
{
	return dialhost((Host*)(void*)j->buf, &none);
}

/* nor is it given up: it may still be the first */
static void
test_silent_answers_later(void **state)
{
	Host h;
	Full f[2];
	Job *j;
	int cfd, before;

	before = nfd();
	h = (Host){.n = 0};
	if(!full(&h, &f[0])){
		fillfree(&f[0]);
		skip();
	}
	assert_true(full(&h, &f[1]));
	j = jobnew(jobdial, nil);
	j->buf = (char*)&h;
	jobstart(j);
	/* both are being tried by then, or will be */
	threadsleep(300*Millisecond);
	assert_false(j->over);
	/* room in the first: its fillers go, and the kernel tries again within seconds */
	while((cfd = accept4(f[0].fd, nil, nil, SOCK_NONBLOCK)) >= 0){
		close(cfd);
		assert_int_equal(fcntl(f[0].fd, F_SETFL, O_NONBLOCK), 0);
	}
	assert_int_equal(listen(f[0].fd, 8), 0);
	jobwait(j);
	assert_connected((int)j->ret, &h, 0);
	close((int)j->ret);
	jobfree(j);
	fillfree(&f[0]);
	fillfree(&f[1]);
	assert_int_equal(nfd(), before);
}

/* the other family comes second, wherever in the list it is */
static void
test_families_by_turns(void **state)
{
	Host h;
	Full f;
	int i, fds[4], fd;

	h = (Host){.n = 0};
	if(!full(&h, &f)){
		fillfree(&f);
		skip();
	}
	for(i = 0; i < 3; i++)
		fds[i] = answering(&h, AF_INET);
	fds[3] = answering(&h, AF_INET6);
	if(fds[3] < 0){
		print_message("no IPv6 here\n");
		skip();
	}
	fd = dialhost(&h, &none);
	assert_connected(fd, &h, 4);
	close(fd);
	for(i = 0; i < 4; i++)
		close(fds[i]);
	fillfree(&f);
}

/* what this machine cannot do says less than what another one answered */
static void
test_which_error(void **state)
{
	Host h, me;
	Addr local;
	int fds[3], i;

	for(i = 0; i < 2; i++){
		h = (Host){.n = 0};
		fds[i] = refusing(&h, i == 0? AF_INET: AF_INET6);
		fds[!i] = refusing(&h, i == 0? AF_INET6: AF_INET);
		if(fds[0] < 0 || fds[1] < 0){
			print_message("no IPv6 here\n");
			skip();
		}
		/* a call from an address of IPv4 to one of IPv6 */
		me = (Host){.n = 0};
		fds[2] = refusing(&me, AF_INET);
		((struct sockaddr_in*)&me.sa[0])->sin_port = 0;
		local = (Addr){.list = &me.ai[0]};
		assert_int_equal(dialhost(&h, &local), -1);
		assert_err(ECONNREFUSED, strerror(ECONNREFUSED));
		close(fds[0]);
		close(fds[1]);
		close(fds[2]);
	}
}

/* interrupted, killed, out of time: with several attempts that go on */
static void
test_ends(void **state)
{
	Host h;
	Full f[2];
	Job *j;
	int64_t old;
	int i, before, within;

	before = nfd();
	h = (Host){.n = 0};
	if(!full(&h, &f[0])){
		fillfree(&f[0]);
		skip();
	}
	assert_true(full(&h, &f[1]));
	within = nfd();
	for(i = 0; i < 2; i++){
		j = jobnew(jobdial, nil);
		j->buf = (char*)&h;
		jobstart(j);
		threadsleep(i*300*Millisecond);
		assert_int_equal(threadint(j->id), 0);
		assert_interrupted(j);
		assert_int_equal(nfd(), within);
		jobfree(j);
	}
	old = threaddeadline(threadnow() + 260*Millisecond);
	assert_int_equal(dialhost(&h, &none), -1);
	assert_err(ETIMEDOUT, "deadline");
	threadundeadline(old);
	fillfree(&f[0]);
	fillfree(&f[1]);
	assert_int_equal(nfd(), before);
}

/* no descriptor for a second attempt, while the first goes on */
static void
test_no_descriptor(void **state)
{
	struct rlimit old, rl;
	Host h;
	Full f;
	int s, fd;
	int64_t told;

	if(getenv("L9VALGRIND") != nil)
		skip();		/* it closes what it finds above the limit */
	h = (Host){.n = 0};
	if(!full(&h, &f)){
		fillfree(&f);
		skip();
	}
	s = answering(&h, AF_INET);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	fd = dup(0);
	close(fd);
	rl = (struct rlimit){.rlim_cur = (rlim_t)fd + 1, .rlim_max = old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &rl), 0);
	told = threaddeadline(threadnow() + 600*Millisecond);
	fd = dialhost(&h, &none);
	threadundeadline(told);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(fd, -1);
	assert_err(ETIMEDOUT, "deadline");
	fd = dialhost(&h, &none);
	assert_connected(fd, &h, 1);
	close(fd);
	close(s);
	fillfree(&f);
}

/* many that go on at once, and no OS thread waits for them; a killed one leaves nothing */
static void
test_no_thread(void **state)
{
	Host h;
	Full f;
	Job *j[8];
	int i, before, threads;

	if(!bytask)
		skip();
	before = nfd();
	h = (Host){.n = 0};
	if(!full(&h, &f)){
		fillfree(&f);
		skip();
	}
	threads = nthread();
	for(i = 0; i < nelem(j); i++){
		j[i] = jobnew(jobdial, nil);
		j[i]->buf = (char*)&h;
		jobstart(j[i]);
		assert_false(j[i]->over);
	}
	/* those of before may have ended meanwhile */
	assert_true(nthread() <= threads);
	for(i = 0; i < nelem(j); i++)
		assert_int_equal(threadkill(j[i]->id), 0);
	threadyield();
	threadyield();
	for(i = 0; i < nelem(j); i++){
		assert_false(j[i]->over);
		assert_int_equal(threadkill(j[i]->id), -1);
		jobfree(j[i]);
	}
	fillfree(&f);
	assert_int_equal(nfd(), before);
}

/* datagrams: the first address will do */
static void
test_datagrams(void **state)
{
	struct sockaddr_storage sa;
	Host h;
	int s[2], fd;

	h = (Host){.n = 0};
	s[0] = bound(AF_INET, SOCK_DGRAM, &sa);
	add(&h, &sa, SOCK_DGRAM);
	s[1] = bound(AF_INET, SOCK_DGRAM, &sa);
	add(&h, &sa, SOCK_DGRAM);
	fd = dialhost(&h, &none);
	assert_connected(fd, &h, 0);
	close(fd);
	close(s[0]);
	close(s[1]);
}

/* the main proc's poller takes its descriptors, which nfd may not tell from others */
static void
warm(void)
{
	int64_t soon;
	int fd[2];
	Alt a[] = {
		{.op = CHANFDIN},
		{.v = &soon, .op = CHANTIMEOUT},
		{.op = CHANEND},
	};

	if(pipe(fd) < 0)
		return;
	a[0].v = (void*)(intptr_t)fd[0];
	soon = threadnow() + Millisecond;
	p9alt(a);
	close(fd[0]);
	close(fd[1]);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_refused),
		TEST(test_very_many),
		TEST(test_silent_first),
		TEST(test_silent_answers_later),
		TEST(test_families_by_turns),
		TEST(test_which_error),
		TEST(test_ends),
		TEST(test_no_descriptor),
		TEST(test_no_thread),
		TEST(test_datagrams),
	};
	int failed;

	if(threadinit() < 0)
		return 1;
	cmocka_set_test_filter(getenv("L9TEST"));	/* nil: all of them */
	failed = cmocka_run_group_tests_name("by a helper", tests, nil, nil);
	bytask = true;
	warm();
	return failed + cmocka_run_group_tests_name("by the task", tests, nil, nil);
}
