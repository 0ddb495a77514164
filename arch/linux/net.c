#include <sys/socket.h>

#include "arch.h"

int
l9socket(int family, int type, int protocol)
{
	return socket(family, type|SOCK_CLOEXEC, protocol);
}

int
l9accept(int fd)
{
	return accept4(fd, NULL, NULL, SOCK_CLOEXEC);
}

long
l9recvmsg(int fd, struct msghdr *m, int flags)
{
	return recvmsg(fd, m, flags|MSG_CMSG_CLOEXEC);
}
