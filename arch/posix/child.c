#include <errno.h>
#include <unistd.h>

#include "arch.h"

enum {
	Most = 1<<20,
};

int
l9pidfd(int pid)
{
	(void)pid;
	errno = ENOSYS;
	return -1;
}

void
l9closefrom(int lo, int keep)
{
	long n;
	int fd;

	n = sysconf(_SC_OPEN_MAX);
	if(n < 0 || n > Most)
		n = Most;
	for(fd = lo; fd < n; fd++)
		if(fd != keep)
			close(fd);
}
