/* Linux sends a file by itself. */
#include <u.h>
#include <libc.h>
#include <thread.h>
#include <sys/sendfile.h>
#include "httpd.h"

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
