/* POSIX has no call that sends a file, nor one that tells what waits for a disk. */
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

/* sendrange, which does nothing, needs no helper */
int
inmemory(int fd, vlong off, vlong n)
{
	USED(fd, off, n);
	return 1;
}

int
opencached(int dir, char *path, int flags)
{
	USED(dir, path, flags);
	errno = ENOSYS;
	return -1;
}
