#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "ioimpl.h"

/* a message of one byte, as plan9port has it, with the descriptor beside it */
static long
dosendfd(va_list *arg)
{
	_Alignas(struct cmsghdr) char ctl[CMSG_SPACE(sizeof(int))];
	char c;
	struct cmsghdr *h;
	struct iovec v;
	struct msghdr m;
	int s, fd;
	long r;

	s = va_arg(*arg, int);
	fd = va_arg(*arg, int);
	c = 0;
	v = (struct iovec){&c, 1};
	memset(ctl, 0, sizeof ctl);
	m = (struct msghdr){.msg_iov = &v, .msg_iovlen = 1, .msg_control = ctl, .msg_controllen = sizeof ctl};
	h = CMSG_FIRSTHDR(&m);
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(h), &fd, sizeof fd);
	L9IO(r, s, POLLOUT, sendmsg(s, &m, MSG_NOSIGNAL|l9iodontwait()));
	return r < 0? -1: 0;
}

int
iosendfd(Ioproc *io, int s, int fd)
{
	return (int)l9fdcall(io, "iosendfd", s, Fdout, dosendfd, s, fd);
}
