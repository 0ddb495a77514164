/*
 * A fence for every CPU that runs this process: membarrier(2).
 */
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
	/* a process may have lost what it had registered: slower then */
	if(membarrier(Private) < 0)
		membarrier(Global);
}
