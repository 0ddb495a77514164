#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "arch.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102	/* Linux 6.13 */
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23	/* Linux 5.14 */
#endif
#ifndef PIDFD_SELF
#define PIDFD_SELF (-10000)	/* of process_madvise: Linux 6.14 */
#endif
#ifndef SYS_process_madvise
#define SYS_process_madvise 440	/* Linux 5.10, the same for all CPUs */
#endif

static pthread_once_t probed = PTHREAD_ONCE_INIT;
static int guardworks;

size_t
l9pagesize(void)
{
	static _Atomic size_t size;
	size_t n;

	/* relaxed: whoever comes first, all find the same */
	n = atomic_load_explicit(&size, memory_order_relaxed);
	if(n == 0){
		n = (size_t)sysconf(_SC_PAGESIZE);
		atomic_store_explicit(&size, n, memory_order_relaxed);
	}
	return n;
}

/*
 * NORESERVE: a million stacks are a quarter of a terabyte of addresses of
 * which a fraction is ever touched.  No huge pages: the first touch of one
 * stack would commit the stacks around it.
 */
void*
l9memmap(size_t n)
{
	void *p;

	p = mmap(NULL, n, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE|MAP_STACK, -1, 0);
	if(p == MAP_FAILED)
		return NULL;
	madvise(p, n, MADV_NOHUGEPAGE);
	return p;
}

void
l9memunmap(void *p, size_t n)
{
	munmap(p, n);
}

int
l9memdrop(void *p, size_t n)
{
	return madvise(p, n, MADV_DONTNEED);
}

/*
 * An old kernel refuses MADV_GUARD_INSTALL, but qemu-user accepts it and
 * guards nothing.  So look: the kernel must fail to read from the page.
 */
static void
probe(void)
{
	void *p;
	int fd[2], e;

	e = errno;
	p = l9memmap(l9pagesize());
	if(p != NULL){
		if(pipe2(fd, O_CLOEXEC|O_NONBLOCK) == 0){
			guardworks = madvise(p, l9pagesize(), MADV_GUARD_INSTALL) == 0
				&& write(fd[1], p, 1) < 0 && errno == EFAULT;
			close(fd[0]);
			close(fd[1]);
		}
		l9memunmap(p, l9pagesize());
	}
	errno = e;
}

/*
 * Ask for what madvise does, for k regions (arch.h).  How many of them, from the
 * first on, have it.  Few kernels take many at once: what they leave is done singly.
 */
static int
advise(char *p, size_t n, size_t stride, int k, int advice)
{
	struct iovec v[L9nregion];
	long done;
	int i;

	for(i = 0; i < k; i++){
		v[i].iov_base = p + (size_t)i*stride;
		v[i].iov_len = n;
	}
	/* for a single one madvise is quicker */
	done = k == 1? 0: syscall(SYS_process_madvise, PIDFD_SELF, v, (size_t)k, advice, 0);
	for(i = done <= 0? 0: (int)((size_t)done/n); i < k; i++)
		if(madvise(v[i].iov_base, n, advice) < 0)
			break;
	return i;
}

/*
 * A guard region costs no mapping of its own; mprotect's costs two, of
 * which vm.max_map_count allows some 65,000.
 */
int
l9memguard(void *p, size_t n, size_t stride, int k)
{
	int i, r;

	pthread_once(&probed, probe);
	r = 0;
	for(i = guardworks? advise(p, n, stride, k, MADV_GUARD_INSTALL): 0; i < k; i++)
		if(l9protect((char*)p + (size_t)i*stride, n) < 0)
			r = -1;
	return r;
}

/* a first touch is an interrupt of the program for each page, and a system call is one for all */
void
l9mempopulate(void *p, size_t n, size_t stride, int k)
{
	int e;

	e = errno;
	advise(p, n, stride, k, MADV_POPULATE_WRITE);
	errno = e;
}
