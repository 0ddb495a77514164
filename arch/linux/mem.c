#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arch.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102	/* Linux 6.13 */
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
 * A guard region costs no mapping of its own; mprotect's costs two, of
 * which vm.max_map_count allows some 65,000.
 */
int
l9memguard(void *p, size_t n)
{
	pthread_once(&probed, probe);
	if(guardworks && madvise(p, n, MADV_GUARD_INSTALL) == 0)
		return 0;
	return l9protect(p, n);
}
