#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "arch.h"

/* 64-bit time everywhere: 32-bit CPUs have it under another number */
#if defined(SYS_futex_time64) && __SIZEOF_LONG__ == 4
#define FUTEX SYS_futex_time64
#else
#define FUTEX SYS_futex
#endif

/* <linux/futex.h>'s, which a C library without the kernel's headers (musl-gcc) does not find */
enum
{
	Wake		= 1,
	Waitbitset	= 9,
	Private		= 128,
};
#define MATCHANY 0xffffffffu

typedef struct Ktime Ktime;
struct Ktime
{
	int64_t	sec;
	int64_t	nsec;
};

void
l9waitword(_Atomic uint32_t *w, uint32_t val, int64_t until)
{
	Ktime t;
	int e;

	e = errno;
	t = (Ktime){until/1000000000, until%1000000000};
	/* WAIT_BITSET takes an absolute time on CLOCK_MONOTONIC; EINTR and EAGAIN are early returns */
	syscall(FUTEX, w, Waitbitset|Private, val,
		until == INT64_MAX? NULL: &t, NULL, MATCHANY);
	errno = e;
}

void
l9wakeword(_Atomic uint32_t *w)
{
	int e;

	e = errno;
	syscall(FUTEX, w, Wake|Private, 1, NULL, NULL, 0);
	errno = e;
}

int
l9ncpu(void)
{
	cpu_set_t set;
	int n;

	/* fails where there are more CPUs than a cpu_set_t holds: surely more than one */
	if(sched_getaffinity(0, sizeof set, &set) < 0)
		return (int)sysconf(_SC_NPROCESSORS_ONLN);
	n = CPU_COUNT(&set);
	return n > 0? n: 1;
}

/* the 20th field of /proc/self/stat; the second may hold spaces and ends with the last ) */
int
l9nosthread(void)
{
	char buf[1024], *p;
	ssize_t n;
	int fd, i, e;

	e = errno;
	n = -1;
	fd = open("/proc/self/stat", O_RDONLY|O_CLOEXEC);
	if(fd >= 0){
		n = read(fd, buf, sizeof buf - 1);
		close(fd);
	}
	errno = e;
	if(n <= 0)
		return -1;
	buf[n] = '\0';
	p = strrchr(buf, ')');
	for(i = 2; p != NULL && i < 20; i++)
		p = strchr(p+1, ' ');
	/* an emulator may say 0 */
	n = p == NULL? 0: atoi(p);
	return n > 0? (int)n: -1;
}

int
l9ospid(void)
{
	return (int)syscall(SYS_gettid);
}
