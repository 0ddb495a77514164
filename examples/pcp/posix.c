/* POSIX has no copies that the system makes by itself. */
#include <u.h>
#include <libc.h>
#include <thread.h>
#include "pcp.h"

vlong
copyrange(int in, int out, vlong off, vlong n)
{
	USED(in, out, off, n);
	errno = ENOSYS;
	return -1;
}

int
clonefile(int in, int out)
{
	USED(in, out);
	errno = ENOSYS;
	return -1;
}
