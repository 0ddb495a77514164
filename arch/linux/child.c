#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arch.h"

enum {
	Most = 1<<20,	/* fs.nr_open's default: no more were open, but by root's will */
};

/* the C libraries learnt of it later than the kernels did; it is close-on-exec by itself */
int
l9pidfd(int pid)
{
#ifdef SYS_pidfd_open
	return (int)syscall(SYS_pidfd_open, pid, 0);
#else
	errno = ENOSYS;
	return -1;
#endif
}

static int
closerange(unsigned int lo, unsigned int hi)
{
#ifdef SYS_close_range
	return lo > hi? 0: (int)syscall(SYS_close_range, lo, hi, 0);
#else
	return -1;
#endif
}

void
l9closefrom(int lo, int keep)
{
	long n;
	int fd;

	if(closerange((unsigned int)lo, (unsigned int)keep-1) == 0 && closerange((unsigned int)keep+1, ~0u) == 0)
		return;
	/* Linux before 5.9 */
	n = sysconf(_SC_OPEN_MAX);
	if(n < 0 || n > Most)
		n = Most;
	for(fd = lo; fd < n; fd++)
		if(fd != keep)
			close(fd);
}
