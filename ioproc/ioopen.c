#include <errno.h>
#include <fcntl.h>

#include "ioimpl.h"

static long
doopen(va_list *arg)
{
	const char *file;
	int fd, flags;
	mode_t mode;

	file = va_arg(*arg, const char*);
	flags = va_arg(*arg, int);
	mode = va_arg(*arg, mode_t);
	L9RETRY(fd, open(file, flags|O_CLOEXEC, mode));
	return fd;
}

int
ioopen(Ioproc *io, const char *file, int flags, ...)
{
	va_list arg;
	mode_t mode;

	mode = 0;
	if(flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))){
		va_start(arg, flags);
		mode = va_arg(arg, mode_t);
		va_end(arg);
	}
	return (int)l9iocall(io, "ioopen", -1, file, doopen, file, flags, mode);
}
