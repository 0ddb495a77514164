#include <errno.h>

#include "ioimpl.h"

enum {
	Nsize = 4,		/* bytes of a message that say its length, theirs included */
};

/* all n bytes; fewer: the end of the file; -1 */
static long
readall(Ioproc *io, int fd, char *buf, long n)
{
	long r, done;

	for(done = 0; done < n; done += r){
		r = ioread(io, fd, buf + done, n - done);
		if(r < 0)
			return -1;
		if(r == 0)
			break;
	}
	return done;
}

static int
cutshort(void)
{
	return l9err(EPROTO, "9P message cut short");
}

int
ioread9pmsg(Ioproc *io, int fd, void *buf, int n)
{
	const unsigned char *p;
	uint32_t len;
	long r;

	if(n < Nsize)
		return l9err(EINVAL, "no room for a 9P message");
	r = readall(io, fd, buf, Nsize);
	if(r <= 0)
		return (int)r;
	if(r < Nsize)
		return cutshort();
	p = buf;
	len = p[0] | p[1]<<8 | p[2]<<16 | (uint32_t)p[3]<<24;
	if(len <= Nsize || len > (uint32_t)n)
		return l9err(EPROTO, "bad length in 9P message");
	r = readall(io, fd, (char*)buf + Nsize, (long)len - Nsize);
	if(r < 0)
		return -1;
	return r < (long)len - Nsize? cutshort(): (int)len;
}
