#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ioimpl.h"

/* not made again: Linux has let go of the descriptor when close says EINTR */
static long
doclose(va_list *arg)
{
	return close(va_arg(*arg, int));
}

/* a file that has to be written out, a terminal to be drained, a socket that lingers: close may take a while */
static bool
mayblock(int fd)
{
	struct linger l;
	struct stat st;
	socklen_t len;

	len = sizeof l;
	if(getsockopt(fd, SOL_SOCKET, SO_LINGER, &l, &len) == 0)
		return l.l_onoff && l.l_linger > 0;
	return errno == ENOTSOCK && fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode));
}

/* whoever waits on fd gets -1, and nobody is left who might do something to the number's next file */
static int
closefd(int fd)
{
	char name[32];
	int r;

	l9fdclosing(fd);
	l9fdcallsend(fd);
	if(mayblock(fd)){
		/* not as a call on fd, which would end itself */
		snprintf(name, sizeof name, "fd %d", fd);
		r = (int)l9iocall(nil, "ioclose", -1, name, doclose, fd);
	}else
		r = (int)l9iodirect(doclose, fd);
	l9fdclosed(fd);
	return r;
}

int
ioclose(Ioproc *io, int fd)
{
	Task *t;
	int r;

	if(io != nil)
		return (int)l9iocall(io, "ioclose", fd, nil, doclose, fd);
	t = l9self();
	l9holdkill(t);
	r = closefd(fd);
	l9allowkill(t);
	return r;
}
