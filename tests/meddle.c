/*
 * To be preloaded into a tool: at one of its system calls something happens that
 * is a matter of luck else.
 *
 *	MEDDLE=call,...	which ones; or any.  Those at the end of this file, and not the initial thread's
 *	MEDDLENAME=text	only if the file's name, or the descriptor's, ends so
 *	MEDDLENTH=n	the n-th of those, 1 if not given
 *
 * and what happens, before it is made:
 *
 *	MEDDLEERR=name	it is not made: it, and all of those after it, fail with that error, of those below
 *	MEDDLEINT=yes	a SIGINT, and the tool has said "interrupted"
 *	MEDDLERUN=command	a command for the shell
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { Patience = 60*1000 };	/* ms */

/* set before the tool begins */
static const char *calls, *ending, *command;
static int nth = 1, error, interrupts;

static atomic_int ncalls;
static atomic_int heard;	/* the tool has said "interrupted" */

static const struct {
	const char *name;
	int number;
} errors[] = {
	{"EDQUOT", EDQUOT},
	{"EIO", EIO},
	{"EMFILE", EMFILE},
	{"ENOSPC", ENOSPC},
	{"EPERM", EPERM},
	{"EROFS", EROFS},
};

static int
errornumber(const char *name)
{
	size_t i;

	for(i = 0; i < sizeof errors/sizeof errors[0]; i++)
		if(strcmp(errors[i].name, name) == 0)
			return errors[i].number;
	abort();
}

__attribute__((constructor))
static void
init(void)
{
	calls = getenv("MEDDLE");
	ending = getenv("MEDDLENAME");
	command = getenv("MEDDLERUN");
	interrupts = getenv("MEDDLEINT") != NULL;
	if(getenv("MEDDLENTH") != NULL)
		nth = atoi(getenv("MEDDLENTH"));
	if(getenv("MEDDLEERR") != NULL)
		error = errornumber(getenv("MEDDLEERR"));
	unsetenv("LD_PRELOAD");	/* the command is left alone */
}

/* the call as it is without us.  Where offsets of 64 bits have calls of their own, those are meant */
static void*
real(const char *name)
{
	char wide[32];
	void *p;

	snprintf(wide, sizeof wide, "%s64", name);
	p = dlsym(RTLD_NEXT, wide);
	return p != NULL? p: dlsym(RTLD_NEXT, name);
}

/* to this OS thread, which may have blocked it: in one that waits in a system call of its own ThreadSanitizer would keep it back */
static void
interrupt(void)
{
	sigset_t set, old;
	int ms;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_UNBLOCK, &set, &old);
	raise(SIGINT);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	for(ms = 0; !atomic_load(&heard); ms++){
		if(ms == Patience)
			abort();
		usleep(1000);
	}
}

static int
endsin(const char *name)
{
	size_t n, m;

	if(ending == NULL)
		return 1;
	n = strlen(name);
	m = strlen(ending);
	return n >= m && strcmp(name + n - m, ending) == 0;
}

/* is it among those meant? */
static int
chosen(const char *name)
{
	const char *p;
	size_t n;

	if(calls == NULL || strcmp(calls, "any") == 0)
		return calls != NULL;
	n = strlen(name);
	for(p = calls; (p = strstr(p, name)) != NULL; p += n)
		if((p == calls || p[-1] == ',') && (p[n] == '\0' || p[n] == ','))
			return 1;
	return 0;
}

/* 1: the call fails, and errno is set */
static int
meddle(const char *name, const char *file)
{
	int n;

	if(!chosen(name) || syscall(SYS_gettid) == getpid() || !endsin(file))
		return 0;
	n = atomic_fetch_add(&ncalls, 1) + 1;
	if(n == nth && interrupts)
		interrupt();
	if(n == nth && command != NULL && system(command) != 0)
		abort();
	if(n < nth || error == 0)
		return 0;
	errno = error;
	return 1;
}

static int
meddlefd(const char *name, int fd)
{
	char link[64], file[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, file, sizeof file - 1);
	file[n < 0? 0: n] = '\0';
	return meddle(name, file);
}

/* R: what it returns, or FAILURE; P: its parameters; A: them as arguments; M: 1 if it fails */
#define CALL(R, FAILURE, NAME, P, A, M) \
	R NAME P { \
		return M? FAILURE: ((R (*) P)real(#NAME)) A; \
	}

CALL(int, -1, mkdir, (const char *name, mode_t mode), (name, mode), meddle("mkdir", name))
CALL(int, -1, fstatat, (int dir, const char *name, struct stat *st, int flags), (dir, name, st, flags), meddle("fstatat", name))
CALL(int, -1, symlink, (const char *to, const char *name), (to, name), meddle("symlink", name))
CALL(int, -1, link, (const char *from, const char *to), (from, to), meddle("link", to))
CALL(int, -1, fchmod, (int fd, mode_t mode), (fd, mode), meddlefd("fchmod", fd))
CALL(int, -1, fchown, (int fd, uid_t uid, gid_t gid), (fd, uid, gid), meddlefd("fchown", fd))
CALL(int, -1, futimens, (int fd, const struct timespec t[2]), (fd, t), meddlefd("futimens", fd))
CALL(int, -1, utimensat, (int dir, const char *name, const struct timespec t[2], int flags), (dir, name, t, flags),
	meddle("utimensat", name))
CALL(ssize_t, -1, pread, (int fd, void *buf, size_t n, off_t off), (fd, buf, n, off), meddlefd("pread", fd))
CALL(ssize_t, -1, pwrite, (int fd, const void *buf, size_t n, off_t off), (fd, buf, n, off), meddlefd("pwrite", fd))
CALL(ssize_t, -1, copy_file_range, (int in, off_t *from, int out, off_t *to, size_t n, unsigned flags),
	(in, from, out, to, n, flags), meddlefd("copy_file_range", out))
CALL(struct dirent*, NULL, readdir, (DIR *d), (d), meddlefd("readdir", dirfd(d)))

/* it is closed at all events */
int
close(int fd)
{
	int bad, e;

	bad = meddlefd("close", fd);
	e = errno;
	if(((int (*)(int))real("close"))(fd) < 0)
		return -1;
	errno = e;
	return bad? -1: 0;
}

int
open(const char *name, int flags, ...)
{
	mode_t mode;
	va_list arg;

	mode = 0;
	if(flags & O_CREAT){
		va_start(arg, flags);
		mode = va_arg(arg, mode_t);
		va_end(arg);
	}
	if(meddle("open", name))
		return -1;
	return ((int (*)(const char*, int, ...))real("open"))(name, flags, mode);
}

ssize_t
write(int fd, const void *buf, size_t n)
{
	ssize_t r;

	r = ((ssize_t (*)(int, const void*, size_t))real("write"))(fd, buf, n);
	if(fd == 2 && memmem(buf, n, "interrupted", 11) != NULL)
		atomic_store(&heard, 1);
	return r;
}
