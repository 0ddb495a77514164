/* Linux sends a file by itself. */
#include <u.h>
#include <libc.h>
#include <thread.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include "httpd.h"

enum {
	Cachestat = 451,	/* the number of cachestat(2), on all CPUs; kernels before 6.5 have no such call */
};

int
inmemory(int fd, vlong off, vlong n)
{
	struct { uint64_t off, len; } part;
	struct { uint64_t incache, dirty, writeback, evicted, recent; } pages;
	vlong size;

	size = sysconf(_SC_PAGESIZE);
	part.off = off;
	part.len = n;
	return syscall(Cachestat, fd, &part, &pages, 0) == 0 && (vlong)pages.incache >= (off + n - 1)/size - off/size + 1;
}

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
