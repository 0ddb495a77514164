#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ioimpl.h"

/* the first descriptor that came, or -1; somebody may have sent more */
static int
keepfirst(struct msghdr *m)
{
	struct cmsghdr *h;
	size_t i, n;
	int fd, first;

	first = -1;
	for(h = CMSG_FIRSTHDR(m); h != nil; h = CMSG_NXTHDR(m, h)){
		if(h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		n = (h->cmsg_len - CMSG_LEN(0))/sizeof fd;
		for(i = 0; i < n; i++){
			memcpy(&fd, CMSG_DATA(h) + i*sizeof fd, sizeof fd);
			if(first < 0)
				first = fd;
			else
				close(fd);
		}
	}
	return first;
}

static long
dorecvfd(va_list *arg)
{
	_Alignas(struct cmsghdr) char ctl[CMSG_SPACE(sizeof(int))];
	char c;
	struct iovec v;
	struct msghdr m;
	int s, fd;
	long r;

	s = va_arg(*arg, int);
	v = (struct iovec){&c, 1};
	m = (struct msghdr){.msg_iov = &v, .msg_iovlen = 1, .msg_control = ctl, .msg_controllen = sizeof ctl};
	L9IO(r, s, POLLIN, l9recvmsg(s, &m, l9iodontwait()));
	if(r < 0)
		return -1;
	fd = keepfirst(&m);
	if(fd >= 0)
		return fd;
	/* there was no room for it among our descriptors */
	if(m.msg_flags & MSG_CTRUNC)
		return l9err(EMFILE, strerror(EMFILE));
	return r == 0? l9err(EPIPE, "hung up"): l9err(EPROTO, "no descriptor in the message");
}

int
iorecvfd(Ioproc *io, int s)
{
	return (int)l9fdcall(io, "iorecvfd", s, Fdin, dorecvfd, s);
}
