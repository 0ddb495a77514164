/* Copies that Linux makes by itself. */
#include <u.h>
#include <libc.h>
#include <thread.h>
#include <sys/ioctl.h>
#include "pcp.h"

/* of <linux/fs.h>, which is not everywhere */
#define FICLONE _IOW(0x94, 9, int)

vlong
copyrange(int in, int out, vlong off, vlong n)
{
	off_t from, to;
	vlong r;

	from = to = off;
	do
		r = copy_file_range(in, &from, out, &to, n, 0);
	while(r < 0 && errno == EINTR);
	return r;
}

int
clonefile(int in, int out)
{
	return ioctl(out, FICLONE, in) < 0? -1: 0;
}
