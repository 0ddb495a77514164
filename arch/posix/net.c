/*
 * POSIX knew no flags for this before 2024.  A program that another OS thread
 * starts between the two calls gets the descriptor too.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "arch.h"

/* fd, now close-on-exec; -1 with errno, and fd is closed */
static int
cloexec(int fd)
{
	int e;

	if(fd < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) == 0)
		return fd;
	e = errno;
	close(fd);
	errno = e;
	return -1;
}

int
l9socket(int family, int type, int protocol)
{
	return cloexec(socket(family, type, protocol));
}

/* some systems hand on the mode of the socket that listens */
int
l9accept(int fd)
{
	int cfd, flags;

	cfd = cloexec(accept(fd, NULL, NULL));
	if(cfd < 0)
		return -1;
	flags = fcntl(cfd, F_GETFL);
	if(flags >= 0 && (flags & O_NONBLOCK))
		fcntl(cfd, F_SETFL, flags & ~O_NONBLOCK);
	return cfd;
}

static void
cloexecall(const struct cmsghdr *c)
{
	size_t i, n;
	int fd;

	n = (c->cmsg_len - CMSG_LEN(0))/sizeof fd;
	for(i = 0; i < n; i++){
		memcpy(&fd, CMSG_DATA(c) + i*sizeof fd, sizeof fd);
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	}
}

long
l9recvmsg(int fd, struct msghdr *m, int flags)
{
	struct cmsghdr *c;
	long n;

	n = recvmsg(fd, m, flags);
	if(n >= 0)
		for(c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c))
			if(c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
				cloexecall(c);
	return n;
}
