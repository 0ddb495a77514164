/*
 * What the core's suites share.
 *
 * cmocka leaves a failed assertion by longjmp, so only the main task may
 * assert.  The other tasks use TCHECK, which says what is wrong and goes on;
 * TEST fails a test in whose time that happened.
 *
 * No test waits for time to pass.  In one proc a task is known to be blocked
 * once a threadyield has come back; in another proc, once a companion that it
 * made right before has got its turn: opstartproc.
 */
#ifndef T_H
#define T_H

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib9thread.h"

#ifndef nil
#define nil ((void*)0)
#endif
#define nelem(a)	((int)(sizeof(a)/sizeof((a)[0])))

#if defined(__has_feature)
#define THAS(f)	__has_feature(f)
#else
#define THAS(f)	0
#endif
#if defined(__SANITIZE_THREAD__) || THAS(thread_sanitizer)
enum { Tsan = 1 };
#else
enum { Tsan = 0 };
#endif
#if defined(__SANITIZE_ADDRESS__) || THAS(address_sanitizer)
enum { Asan = 1 };
#else
enum { Asan = 0 };
#endif

/* a malloc that is too large fails there, too */
#define TSANOPTIONS(f) \
	extern const char *f(void); \
	__attribute__((used, visibility("default"), no_sanitize_address)) const char * \
	f(void) { return "allocator_may_return_null=1"; }
#if defined(__SANITIZE_THREAD__) || THAS(thread_sanitizer)
TSANOPTIONS(__tsan_default_options)
#elif defined(__SANITIZE_ADDRESS__) || THAS(address_sanitizer)
TSANOPTIONS(__asan_default_options)
#endif

#define TEST(f)	cmocka_unit_test_setup_teardown(f, tbegin, tend)
#define TCHECK(x)	((x)? (void)0: tbad(#x, __FILE__, __LINE__))
#define assert_err(e, msg)	terr(e, msg, __FILE__, __LINE__)

static _Atomic int tnbad;

static inline void
tbad(const char *what, const char *file, int line)
{
	if(atomic_fetch_add(&tnbad, 1) < 20)
		fprintf(stderr, "%s:%d: %s: not so in thread %d\n", file, line, what, threadid());
}

static inline int
tbegin(void **state)
{
	atomic_store(&tnbad, 0);
	return 0;
}

static inline int
tend(void **state)
{
	return atomic_load(&tnbad) == 0? 0: -1;
}

/* the last call failed with this errno and error string */
static inline bool
iserr(int e, const char *msg)
{
	char buf[ERRMAX];
	int is;

	is = errno;
	rerrstr(buf, sizeof buf);
	return is == e && strcmp(buf, msg) == 0;
}

static inline void
terr(int e, const char *msg, const char *file, int line)
{
	char buf[ERRMAX];
	int is;

	is = errno;
	rerrstr(buf, sizeof buf);
	if(is != e || strcmp(buf, msg) != 0){
		print_error("errstr \"%s\", errno %d; not \"%s\", %d\n", buf, is, msg, e);
		_fail(file, line);
	}
}

/* how often: fewer times where everything is slow.  L9SCALE divides, too (emulators) */
static inline int
ntimes(int n)
{
	const char *s;
	int by;

	s = getenv("L9SCALE");
	by = s != nil? atoi(s): 1;
	if(by < 1)
		by = 1;
	if(Tsan)
		by *= 10;
	return n/by > 1? n/by: 1;
}

/* how many tasks at a time: no more than a 32-bit address space has stacks for */
static inline int
nlive(int n)
{
	n = ntimes(n);
	return sizeof(void*) < 8 && n > 8000? 8000: n;
}

/* a number from nothing or from L9SEED; said, so that a failure can be had again */
static inline uint64_t
seed(void)
{
	const char *s;
	uint64_t x;

	s = getenv("L9SEED");
	x = s != nil? strtoull(s, nil, 0): (uint64_t)time(nil)*1000003 + (uint64_t)getpid();
	fprintf(stderr, "L9SEED=%llu\n", (unsigned long long)x);
	return x;
}

/* splitmix64 */
static inline uint64_t
mix(uint64_t z)
{
	z = (z ^ (z>>30))*0xbf58476d1ce4e5b9u;
	z = (z ^ (z>>27))*0x94d049bb133111ebu;
	return z ^ (z>>31);
}

static inline unsigned int
rnd(uint64_t *x, unsigned int n)
{
	*x += 0x9e3779b97f4a7c15u;
	return (unsigned int)((mix(*x)>>33)%n);
}

/*
 * One blocking operation, made by a task of its own.
 */
enum {
	Opsend,
	Oprecv,
	Opaltsend,
	Opaltrecv,
	Opsleep,
	Nop,
};
typedef struct Op Op;
struct Op
{
	Channel	*c;		/* of unsigned long */
	int	kind;
	unsigned long	v;	/* to send; received */
	int	id;
	int	ret;		/* 1; -1, and err and errnum say why */
	int	errnum;
	char	err[ERRMAX];
	bool	ended;		/* for tasks of the main proc: it is done */
	Channel	*done;
	Channel	*blocked;
};

static inline int
opfail(Op *o, int e, const char *msg)
{
	o->errnum = e;
	snprintf(o->err, sizeof o->err, "%s", msg);
	return -1;
}

static inline int
opalt(Op *o)
{
	Alt a[] = {
		{.c = o->c, .v = &o->v, .op = o->kind == Opaltsend? CHANSND: CHANRCV},
		{.op = CHANEND},
	};
	char buf[ERRMAX];
	int i, e;

	i = chanalt(a);
	e = errno;
	if(i == 0)
		/* an entry's failure is not the call's: errno says nothing */
		return a[0].err == nil? 1: opfail(o, EPIPE, a[0].err);
	rerrstr(buf, sizeof buf);
	return opfail(o, e, buf);
}

static inline int
opcall(Op *o)
{
	char buf[ERRMAX];
	int r, e;

	switch(o->kind){
	case Opsend:
		r = chansend(o->c, &o->v);
		break;
	case Oprecv:
		r = chanrecv(o->c, &o->v);
		break;
	case Opsleep:
		r = threadsleep(Hour) == 0? 1: -1;
		break;
	default:
		return opalt(o);
	}
	if(r == 1)
		return 1;
	e = errno;
	rerrstr(buf, sizeof buf);
	return opfail(o, e, buf);
}

static inline void
opmain(void *v)
{
	Op *o;

	o = v;
	o->ret = opcall(o);
	o->ended = true;
	TCHECK(chansendp(o->done, o) == 1);
}

static inline void
optell(void *v)
{
	TCHECK(chansendul(v, 1) == 1);
}

static inline void
opprocmain(void *v)
{
	Op *o;

	o = v;
	/* its turn comes when we block, or end */
	TCHECK(threadcreate(optell, o->blocked, 0) > 0);
	opmain(o);
}

static inline void
opinit(Op *o, Channel *c, int kind, unsigned long v)
{
	*o = (Op){.c = c, .kind = kind, .v = v};
	o->done = chancreate(sizeof(void*), CHANUNBOUNDED);
	o->blocked = chancreate(sizeof(unsigned long), CHANUNBOUNDED);
	assert_non_null(o->done);
	assert_non_null(o->blocked);
}

/* in a task of this proc: it blocks, or is done */
static inline void
opstart(Op *o, Channel *c, int kind, unsigned long v)
{
	opinit(o, c, kind, v);
	o->id = threadcreate(opmain, o, 0);
	assert_true(o->id > 0);
	threadyield();
}

/* in a proc of its own: it blocks, or is done */
static inline void
opstartproc(Op *o, Channel *c, int kind, unsigned long v)
{
	opinit(o, c, kind, v);
	o->id = proccreate(opprocmain, o, 0);
	assert_true(o->id > 0);
	assert_int_equal(chanrecvul(o->blocked), 1);
}

static inline void
opstartin(bool proc, Op *o, Channel *c, int kind, unsigned long v)
{
	if(proc)
		opstartproc(o, c, kind, v);
	else
		opstart(o, c, kind, v);
}

/* its end: what it returned */
static inline int
opwait(Op *o)
{
	assert_ptr_equal(chanrecvp(o->done), o);
	chanfree(o->done);
	chanfree(o->blocked);
	return o->ret;
}

/* it fails, or has failed, like that */
#define assert_opfails(o, e, msg)	do{ \
		assert_int_equal(opwait(o), -1); \
		assert_string_equal((o)->err, msg); \
		assert_int_equal((o)->errnum, e); \
	}while(0)

/*
 * Deaths and exits: this program, run with one argument.
 */
typedef struct Child Child;
struct Child
{
	int	status;		/* waitpid's */
	char	out[8192];	/* what it wrote to fd 1 */
	char	err[16384];	/* and to fd 2 */
};

extern char **environ;
static char *tself;

static inline void
readall(int fd, char *buf, size_t n)
{
	char rest[512];
	size_t m;
	ssize_t r;

	m = 0;
	while((r = m < n-1? read(fd, buf+m, n-1-m): read(fd, rest, sizeof rest)) != 0){
		if(r < 0 && errno == EINTR)
			continue;
		if(r < 0)
			break;
		if(m < n-1)
			m += (size_t)r;
	}
	buf[m] = '\0';
	close(fd);
}

/* qemu-user says so when its program dies of a signal */
static inline void
dropqemu(char *s)
{
	char *q;

	q = strstr(s, "qemu: uncaught target signal ");
	if(q != nil)
		*q = '\0';
}

/* wait for the end of a child: its status.  A signal may come (tests/storm) */
static inline int
reap(int pid)
{
	int n, status;

	while((n = waitpid(pid, &status, 0)) < 0 && errno == EINTR)
		;
	assert_int_equal(n, pid);
	return status;
}

/* prog with an argument; under the wrapper that Meson runs foreign programs with */
static inline void
runprog(Child *c, char *prog, const char *arg)
{
	posix_spawn_file_actions_t fa;
	char *argv[20], wrap[512], *w, *rest;
	int out[2], err[2], n;
	pid_t pid;

	n = 0;
	snprintf(wrap, sizeof wrap, "%s", getenv("MESON_EXE_WRAPPER") != nil? getenv("MESON_EXE_WRAPPER"): "");
	for(w = strtok_r(wrap, " ", &rest); w != nil && n < 16; w = strtok_r(nil, " ", &rest))
		argv[n++] = w;
	argv[n++] = prog;
	argv[n++] = (char*)(uintptr_t)arg;
	argv[n] = nil;
	/* its runtime waits for a second at the end to see more races */
	if(Tsan)
		setenv("TSAN_OPTIONS", "atexit_sleep_ms=10", 0);
	assert_int_equal(pipe(out), 0);
	assert_int_equal(pipe(err), 0);
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_adddup2(&fa, out[1], 1);
	posix_spawn_file_actions_adddup2(&fa, err[1], 2);
	posix_spawn_file_actions_addclose(&fa, out[0]);
	posix_spawn_file_actions_addclose(&fa, err[0]);
	assert_int_equal(posix_spawnp(&pid, argv[0], &fa, nil, argv, environ), 0);
	posix_spawn_file_actions_destroy(&fa);
	close(out[1]);
	close(err[1]);
	readall(out[0], c->out, sizeof c->out);
	readall(err[0], c->err, sizeof c->err);
	c->status = reap(pid);
	dropqemu(c->err);
}

static inline void
runself(Child *c, const char *arg)
{
	runprog(c, tself, arg);
}

static inline void
nocore(void)
{
	struct rlimit r = {0, 0};

	setrlimit(RLIMIT_CORE, &r);
}

#endif
