#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arch.h"

/* where it is missing, address space is not counted against memory anyway, or there is no remedy */
#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

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

void*
l9memmap(size_t n)
{
	void *p;

	p = mmap(NULL, n, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0);
	return p == MAP_FAILED? NULL: p;
}

void
l9memunmap(void *p, size_t n)
{
	munmap(p, n);
}

/* POSIX_MADV_DONTNEED promises nothing */
int
l9memdrop(void *p, size_t n)
{
	return -1;
}

int
l9memguard(void *p, size_t n, size_t stride, int k)
{
	int i, r;

	r = 0;
	for(i = 0; i < k; i++)
		if(l9protect((char*)p + (size_t)i*stride, n) < 0)
			r = -1;
	return r;
}

/* no such hint in POSIX */
void
l9mempopulate(void *p, size_t n, size_t stride, int k)
{
}
