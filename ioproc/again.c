/*
 * System calls that are made again.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>

#include "ioimpl.h"

int
l9iopoll(int fd, int events)
{
	struct pollfd p;
	int r;

	if(l9iotrying()){
		errno = EAGAIN;
		return -1;
	}
	p = (struct pollfd){.fd = fd, .events = (short)events};
	do
		r = poll(&p, 1, -1);
	while(r < 0 && errno == EINTR && !l9iocancelled());
	return r < 0? -1: 0;
}

bool
l9ioagain(int fd, int events)
{
	int mode;

	if(errno == EINTR)
		return !l9iocancelled();
	if((errno != EAGAIN && errno != EWOULDBLOCK) || l9iotrying())
		return false;
	/* in blocking mode this says that the socket's own time is up: SO_RCVTIMEO */
	mode = fcntl(fd, F_GETFL);
	if(mode < 0 || !(mode & O_NONBLOCK)){
		errno = EAGAIN;
		return false;
	}
	return l9iopoll(fd, events) == 0;
}
