#include <errno.h>
#include <sys/mman.h>

#include "arch.h"

enum {
	/*
	 * A guard by mprotect costs two mappings, of which Linux allows a
	 * process some 65,530.  Leave the rest of them to the program: without
	 * any, no memory could be mapped at all.
	 */
	Maxguard = 28000,
};

int
l9protect(void *p, size_t n)
{
	static _Atomic int used;

	if(atomic_fetch_add(&used, 1) >= Maxguard){
		atomic_fetch_sub(&used, 1);
		errno = ENOMEM;
		return -1;
	}
	return mprotect(p, n, PROT_NONE);
}
