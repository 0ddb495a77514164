/* Linux sends a file by itself, and tells whether that waits for a disk. */
#include <u.h>
#include <libc.h>
#include <thread.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include "httpd.h"

enum {
	Readahead = 128<<10,	/* bytes that come into memory together, where nobody has set something else */
	Nowait = 0x08,		/* RWF_NOWAIT, which not all headers have */
	Cached = 0x20,		/* RESOLVE_CACHED of <linux/openat2.h>, likewise */
};

vlong
sendrange(int to, int fd, vlong off, vlong n)
{
	off_t from;
	vlong r;

	from = off;
	do
		r = sendfile(to, fd, &from, n);
	while(r < 0 && errno == EINTR);
	return r;
}

/* by its number: an old libc has no such call */
static int
look(int fd, vlong off)
{
	struct iovec v;
	char c;

	v = (struct iovec){&c, 1};
	return syscall(SYS_preadv2, fd, &v, 1L, (long)off, (long)(off>>32), (long)Nowait) == 1;
}

/*
 * A look is a byte read in a way that does not wait.  Between two of them something may be missing all the
 * same, when only parts of the file were in use: that is one wait or a few for the disk, and seldom.  A file
 * system that knows no such way never has anything in memory.
 */
int
inmemory(int fd, vlong off, vlong n)
{
	vlong at;

	for(at = off; at < off + n - 1; at += Readahead)
		if(!look(fd, at))
			return 0;
	return look(fd, off + n - 1);
}

int
opencached(int dir, char *path, int flags)
{
	struct {
		uvlong	flags;
		uvlong	mode;
		uvlong	resolve;
	} how = {flags, 0, Cached};

#ifdef SYS_openat2
	return syscall(SYS_openat2, dir, path, &how, sizeof how);
#else
	USED(dir, path, &how);
	errno = ENOSYS;
	return -1;
#endif
}
