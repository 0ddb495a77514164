#include <unistd.h>

#include "ioimpl.h"

/* not made again: Linux has let go of the descriptor when close says EINTR */
static long
doclose(va_list *arg)
{
	return close(va_arg(*arg, int));
}

int
ioclose(Ioproc *io, int fd)
{
	return (int)l9iocall(io, "ioclose", fd, nil, doclose, fd);
}
