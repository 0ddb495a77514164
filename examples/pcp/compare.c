/* --verify: is the copy what its source is? */
#include <u.h>
#include <libc.h>
#include <thread.h>
#include "pcp.h"

enum {
	Half = Bufsize/2,
};

/* up to Half bytes; less at the end */
static long
fill(int fd, char *name, char *buf, vlong off)
{
	long n, m;

	for(m = 0; m < Half; m += n){
		n = pread(fd, buf+m, Half-m, off+m);
		if(n < 0 && errno == EINTR)
			n = 0;
		else if(n < 0){
			complain(name, "read");
			return -1;
		}else if(n == 0)
			break;
	}
	return m;
}

/* where the next byte is that need not be 0 */
static vlong
nextdata(int fd, vlong off, vlong size)
{
	vlong at;

	at = lseek(fd, off, SEEK_DATA);
	if(at < 0)
		return errno == ENXIO? size: off;
	return at;
}

static int
sameopen(File *f, int a, int b, char *buf)
{
	struct stat sa, sb;
	vlong off, x, y;
	long n, m;

	if(fstat(a, &sa) < 0 || fstat(b, &sb) < 0 || sa.st_size != sb.st_size)
		return 0;
	for(off = 0; off < sa.st_size || sa.st_size == 0; off += n){
		x = nextdata(a, off, sa.st_size);
		y = nextdata(b, off, sa.st_size);
		if(sa.st_size > 0)
			off = x < y? x: y;
		n = fill(a, f->from, buf, off);
		m = fill(b, f->to, buf+Half, off);
		if(n < 0 || m < 0)
			return -1;
		if(n != m || memcmp(buf, buf+Half, n) != 0)
			return 0;
		if(n == 0)
			break;
	}
	return 1;
}

int
compare(File *f, char *buf)
{
	int a, b, same;

	a = open(f->from, O_RDONLY|O_CLOEXEC, 0);
	b = open(f->to, O_RDONLY|O_CLOEXEC, 0);
	same = -1;
	if(a < 0 || b < 0)
		complain(a < 0? f->from: f->to, "open");
	else
		same = sameopen(f, a, b, buf);
	if(same == 0){
		werrstr("is not what %s is", f->from);
		complain(f->to, "verify");
	}
	if(a >= 0)
		close(a);
	if(b >= 0)
		close(b);
	return same == 1? 0: -1;
}
