/*
 * A program for security.sh: opens descriptors by all calls of the library that
 * make some, then looks at what it has; and looks for the guard of each of many
 * stacks.
 */
#include <fcntl.h>
#include <sys/socket.h>
#include <netinet/in.h>

#include "tools.h"

enum {
	Ntask = 300,		/* more than an arena has */
	Slot = 256*1024,
};

static int probe[2];
static _Atomic int nguarded;

/* some page below us, within the stack, cannot be read: the kernel says so, and nothing faults */
static void
guarded(void *v)
{
	uintptr_t p, here;

	(void)v;
	here = (uintptr_t)&here & ~(uintptr_t)4095;
	for(p = here; p > here - Slot; p -= 4096)
		if(write(probe[1], (void*)p, 1) < 0 && errno == EFAULT){
			nguarded++;
			return;
		}
}

static int
guards(void)
{
	int i;

	if(pipe2(probe, O_CLOEXEC|O_NONBLOCK) < 0)
		return -1;
	for(i = 0; i < Ntask; i++)
		if(threadcreate(guarded, nil, 0) < 0)
			return -1;
	/* what does not fit into the pipe any more is said to be EAGAIN: the page can be read */
	threadidle();
	printf("%d of %d stacks have a guard\n", nguarded, Ntask);
	return nguarded == Ntask? 0: -1;
}

static int
noted(void *v, char *note)
{
	return v != note;
}

/* as tests/fault does, and they stay open */
static void
openall(void)
{
	char dir[NETPATHLEN], newdir[NETPATHLEN], to[64];
	struct sockaddr_in a;
	socklen_t n;
	Ioproc *io;
	int fd, cfd;

	io = ioproc();
	if(io == nil || ioopen(io, "/dev/null", O_RDWR) < 0 || threadnotify(noted, 1) < 0 || ticker(Second) == nil)
		abort();
	fd = ioannounce(io, "tcp!127.0.0.1!0", dir);
	n = sizeof a;
	if(fd < 0 || getsockname(fd, (struct sockaddr*)&a, &n) < 0)
		abort();
	snprintf(to, sizeof to, "tcp!127.0.0.1!%d", ntohs(a.sin_port));
	if(iodial(io, to, nil, newdir, &cfd) < 0 || iolisten(io, dir, newdir) < 0 || ioaccept(io, -1, newdir) < 0)
		abort();
	free(procwait(threadspawnl(nil, "true", "true", nil)));
}

static int
descriptors(void)
{
	int fd, flags, n, nbad;

	n = nbad = 0;
	for(fd = 3; fd < 1024; fd++){
		flags = fcntl(fd, F_GETFD);
		if(flags < 0)
			continue;
		n++;
		if(!(flags & FD_CLOEXEC)){
			printf("descriptor %d is not close-on-exec\n", fd);
			nbad++;
		}
	}
	printf("%d descriptors are close-on-exec\n", n - nbad);
	return nbad == 0 && n >= 8? 0: -1;
}

int
main(void)
{
	int fd;

	/* what we were given is not ours */
	for(fd = 3; fd < 1024; fd++)
		close(fd);
	if(threadinit() < 0)
		return 1;
	openall();
	return descriptors() < 0 || guards() < 0;
}
