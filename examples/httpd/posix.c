/* POSIX has no call that sends a file. */
#include <u.h>
#include <libc.h>
#include <thread.h>
#include "httpd.h"

vlong
sendrange(int to, int fd, vlong off, vlong n)
{
	USED(to, fd, off, n);
	errno = ENOSYS;
	return -1;
}
