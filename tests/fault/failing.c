#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "failing.h"

#define nil	((void*)0)

/* test-wide: OS threads of the library add to them */
static _Atomic long left;		/* calls until the last that fails; 0: none will */
static _Atomic long nfail;		/* of these, so many at the end fail */
static const char *_Atomic first;
static _Atomic long nblock, mapped;

void
failarm(long n, int times)
{
	atomic_store(&first, nil);
	atomic_store(&nfail, times);
	atomic_store(&left, n == 0? 0: n + times - 1);
}

const char*
faildisarm(void)
{
	atomic_store(&left, 0);
	return atomic_load(&first);
}

long
failblocks(void)
{
	return atomic_load(&nblock);
}

long
failmapped(void)
{
	return atomic_load(&mapped);
}

/* this call is to fail */
static bool
hit(const char *name)
{
	const char *none;
	long n;

	n = atomic_load(&left);
	while(n > 0 && !atomic_compare_exchange_weak(&left, &n, n-1))
		;
	if(n == 0 || n > atomic_load(&nfail))
		return false;
	none = nil;
	atomic_compare_exchange_strong(&first, &none, name);
	return true;
}

/* a call that fails with -1 and errno */
#define FAILS(ret, name, params, args, bad, e) \
	ret __real_##name params; \
	ret __wrap_##name params; \
	ret __wrap_##name params \
	{ \
		if(hit(#name)){ \
			errno = e; \
			return bad; \
		} \
		return __real_##name args; \
	}
/* one that returns an errno value */
#define RETURNS(name, params, args, e) \
	FAILS(int, name, params, args, e, errno)

FAILS(int, accept4, (int fd, struct sockaddr *a, socklen_t *n, int f), (fd, a, n, f), -1, EMFILE)
FAILS(int, bind, (int fd, const struct sockaddr *a, socklen_t n), (fd, a, n), -1, ENOBUFS)
FAILS(int, connect, (int fd, const struct sockaddr *a, socklen_t n), (fd, a, n), -1, ENOBUFS)
FAILS(int, dup, (int fd), (fd), -1, EMFILE)
FAILS(int, epoll_create1, (int f), (f), -1, EMFILE)
FAILS(int, epoll_ctl, (int fd, int op, int of, struct epoll_event *e), (fd, op, of, e), -1, ENOSPC)
FAILS(int, eventfd, (unsigned int n, int f), (n, f), -1, EMFILE)
FAILS(pid_t, fork, (void), (), -1, EAGAIN)
FAILS(int, getaddrinfo, (const char *h, const char *s, const struct addrinfo *i, struct addrinfo **a), (h, s, i, a), EAI_MEMORY, ENOMEM)
FAILS(int, listen, (int fd, int n), (fd, n), -1, ENOBUFS)
FAILS(int, madvise, (void *p, size_t n, int a), (p, n, a), -1, ENOMEM)
FAILS(int, mprotect, (void *p, size_t n, int a), (p, n, a), -1, ENOMEM)
FAILS(int, pipe, (int fd[2]), (fd), -1, EMFILE)
FAILS(int, pipe2, (int fd[2], int f), (fd, f), -1, EMFILE)
FAILS(int, sigaltstack, (const stack_t *s, stack_t *o), (s, o), -1, ENOMEM)
FAILS(int, socket, (int d, int t, int p), (d, t, p), -1, EMFILE)
RETURNS(posix_spawnp, (pid_t *pid, const char *f, const posix_spawn_file_actions_t *a, const posix_spawnattr_t *t, char *const v[], char *const e[]), (pid, f, a, t, v, e), ENOMEM)
RETURNS(pthread_create, (pthread_t *id, const pthread_attr_t *a, void *(*f)(void*), void *v), (id, a, f, v), EAGAIN)
RETURNS(pthread_key_create, (pthread_key_t *k, void (*f)(void*)), (k, f), EAGAIN)
RETURNS(pthread_setspecific, (pthread_key_t k, const void *v), (k, v), v == nil? 0: ENOMEM)

/* the same call by another way, as an emulator makes it: a C function cannot hand a real one on */
pid_t __wrap_vfork(void);
pid_t
__wrap_vfork(void)
{
	return fork();
}

int __real_open(const char*, int, ...);
int __wrap_open(const char*, int, ...);
int
__wrap_open(const char *file, int flags, ...)
{
	va_list arg;
	unsigned int mode;

	va_start(arg, flags);
	mode = flags & O_CREAT? va_arg(arg, unsigned int): 0;
	va_end(arg);
	if(hit("open")){
		errno = EMFILE;
		return -1;
	}
	return __real_open(file, flags, mode);
}

/* the C library's name for it where files may be large */
int __wrap_open64(const char*, int, ...) __attribute__((alias("__wrap_open")));

/* only what makes a descriptor fails */
int __real_fcntl(int, int, ...);
int __wrap_fcntl(int, int, ...);
int
__wrap_fcntl(int fd, int cmd, ...)
{
	va_list arg;
	long n;

	va_start(arg, cmd);
	n = va_arg(arg, long);
	va_end(arg);
	if(cmd == F_DUPFD_CLOEXEC && hit("fcntl")){
		errno = EMFILE;
		return -1;
	}
	return __real_fcntl(fd, cmd, n);
}

int __wrap_fcntl64(int, int, ...) __attribute__((alias("__wrap_fcntl")));

/* a system call that has no function of its own */
long __real_syscall(long, ...);
long __wrap_syscall(long, ...);
long
__wrap_syscall(long number, ...)
{
	va_list arg;
	long a[6];
	int i;

	va_start(arg, number);
	for(i = 0; i < 6; i++)
		a[i] = va_arg(arg, long);
	va_end(arg);
	if(number == SYS_pidfd_open && hit("pidfd_open")){
		errno = EMFILE;
		return -1;
	}
	if(number == SYS_process_madvise && hit("process_madvise")){
		errno = EPERM;
		return -1;
	}
	return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/*
 * Memory, which is counted too.
 */

static void*
got(void *p)
{
	if(p != nil)
		atomic_fetch_add(&nblock, 1);
	return p;
}

static void*
nomem(void)
{
	errno = ENOMEM;
	return nil;
}

#define ALLOC(name, params, args) \
	void *__real_##name params; \
	void *__wrap_##name params; \
	void * \
	__wrap_##name params \
	{ \
		return hit(#name)? nomem(): got(__real_##name args); \
	}

ALLOC(malloc, (size_t n), (n))
ALLOC(calloc, (size_t n, size_t m), (n, m))
ALLOC(aligned_alloc, (size_t a, size_t n), (a, n))

char *__real_strdup(const char*);
char *__wrap_strdup(const char*);
char*
__wrap_strdup(const char *s)
{
	return hit("strdup")? nomem(): got(__real_strdup(s));
}

int __real_vasprintf(char**, const char*, va_list);
int __wrap_vasprintf(char**, const char*, va_list);
int
__wrap_vasprintf(char **s, const char *fmt, va_list arg)
{
	int n;

	if(hit("vasprintf")){
		errno = ENOMEM;
		return -1;
	}
	n = __real_vasprintf(s, fmt, arg);
	if(n >= 0)
		got(*s);
	return n;
}

void *__real_realloc(void*, size_t);
void *__wrap_realloc(void*, size_t);
void*
__wrap_realloc(void *p, size_t n)
{
	if(hit("realloc"))
		return nomem();
	return p == nil? got(__real_realloc(p, n)): __real_realloc(p, n);
}

void __real_free(void*);
void __wrap_free(void*);
void
__wrap_free(void *p)
{
	if(p != nil)
		atomic_fetch_sub(&nblock, 1);
	__real_free(p);
}

void *__real_mmap(void*, size_t, int, int, int, off_t);
void *__wrap_mmap(void*, size_t, int, int, int, off_t);
void*
__wrap_mmap(void *at, size_t n, int prot, int flags, int fd, off_t off)
{
	void *p;

	if(hit("mmap")){
		errno = ENOMEM;
		return MAP_FAILED;
	}
	p = __real_mmap(at, n, prot, flags, fd, off);
	if(p != MAP_FAILED)
		atomic_fetch_add(&mapped, (long)n);
	return p;
}

void *__wrap_mmap64(void*, size_t, int, int, int, off_t) __attribute__((alias("__wrap_mmap")));

int __real_munmap(void*, size_t);
int __wrap_munmap(void*, size_t);
int
__wrap_munmap(void *p, size_t n)
{
	int r;

	r = __real_munmap(p, n);
	if(r == 0)
		atomic_fetch_sub(&mapped, (long)n);
	return r;
}
