/*
 * A fence for every CPU that runs this process: membarrier(2).
 */
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arch.h"

/* <linux/membarrier.h>, which is not everywhere */
enum {
	Global = 1<<0,
	Private = 1<<3,
	Register = 1<<4,
};

static int
membarrier(int cmd)
{
	return (int)syscall(SYS_membarrier, cmd, 0, 0);
}

int
l9barrierinit(void)
{
	/* Global is what l9barrier falls back on */
	if(membarrier(0) < 0 || !(membarrier(0) & Global))
		return -1;
	return membarrier(Register);
}

void
l9barrier(void)
{
	/*
	 * A process may have lost what it had registered, and have a filter of system calls
	 * by now.  Without a fence two would think themselves alone.
	 */
	if(membarrier(Private) < 0 && membarrier(Global) < 0)
		abort();
}
