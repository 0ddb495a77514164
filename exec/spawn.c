/*
 * Starting a program, beside the calling task or in its place.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "execimpl.h"

/* closed when the program has them, and only then: after a failure the caller may try another */
static void
closethree(const int fd[3])
{
	close(fd[0]);
	if(fd[1] != fd[0])
		close(fd[1]);
	if(fd[2] != fd[1] && fd[2] != fd[0])
		close(fd[2]);
}

static int
spawn(const Program *p, uint64_t *serial)
{
	Child *c;
	int pid, e;

	c = l9childnew();
	if(c == nil)
		return -1;
	pid = l9start(p);
	if(pid < 0){
		e = errno;
		l9childfree(c);
		errno = e;	/* or it would hide the error string */
		return -1;
	}
	*serial = l9childrun(c, pid);
	if(p->fd != nil)
		closethree(p->fd);
	return pid;
}

/* the pid, or ~0.  An interrupt does not keep it from who waits for it */
static void
tell(Channel *pidc, int pid)
{
	char err[ERRMAX];
	int e;

	if(pidc == nil)
		return;
	l9errget(&e, err);
	while(chansendul(pidc, pid < 0? ~0ul: (unsigned long)pid) < 0 && errno == EINTR)
		;
	l9errput(e, err);
}

/*
 * The caller has become the program: it lives as long, so the proc and with it
 * this program do.
 */
static int
replace(Channel *pidc, int pid, uint64_t serial)
{
	tell(pidc, pid);
	if(pid < 0)
		return -1;
	l9childawait(pid, serial);
	threadexits(nil);
}

/* the arguments up to nil, in an array; nil with errstr */
static char**
gather(va_list *arg)
{
	va_list again;
	char **argv;
	int i, n;

	va_copy(again, *arg);
	for(n = 1; va_arg(again, char*) != nil; n++)
		;
	va_end(again);
	argv = malloc((size_t)n*sizeof argv[0]);
	if(argv == nil){
		l9err(ENOMEM, "out of memory");
		return nil;
	}
	for(i = 0; i < n; i++)
		argv[i] = va_arg(*arg, char*);
	return argv;
}

static int
spawnlist(Program *p, va_list *arg, uint64_t *serial)
{
	int pid, e;

	p->argv = gather(arg);
	if(p->argv == nil)
		return -1;
	pid = spawn(p, serial);
	e = errno;
	free(p->argv);
	errno = e;
	return pid;
}

int
threadspawnd(int fd[3], const char *cmd, char *argv[], const char *dir)
{
	Program p = {"threadspawn", fd, cmd, argv, dir};
	uint64_t serial;

	return spawn(&p, &serial);
}

int
threadspawn(int fd[3], const char *cmd, char *argv[])
{
	return threadspawnd(fd, cmd, argv, nil);
}

int
threadspawnl(int fd[3], const char *cmd, ...)
{
	Program p = {"threadspawnl", fd, cmd, nil, nil};
	uint64_t serial;
	va_list arg;
	int pid;

	va_start(arg, cmd);
	pid = spawnlist(&p, &arg, &serial);
	va_end(arg);
	return pid;
}

int
threadexec(Channel *pidc, int fd[3], const char *cmd, char *argv[])
{
	Program p = {"threadexec", fd, cmd, argv, nil};
	uint64_t serial = 0;
	int pid;

	pid = spawn(&p, &serial);
	return replace(pidc, pid, serial);
}

int
threadexecl(Channel *pidc, int fd[3], const char *cmd, ...)
{
	Program p = {"threadexecl", fd, cmd, nil, nil};
	uint64_t serial = 0;
	va_list arg;
	int pid;

	va_start(arg, cmd);
	pid = spawnlist(&p, &arg, &serial);
	va_end(arg);
	return replace(pidc, pid, serial);
}

int
procexec(Channel *pidc, const char *prog, char *args[])
{
	return threadexec(pidc, nil, prog, args);
}

int
procexecl(Channel *pidc, const char *prog, ...)
{
	Program p = {"procexecl", nil, prog, nil, nil};
	uint64_t serial = 0;
	va_list arg;
	int pid;

	va_start(arg, prog);
	pid = spawnlist(&p, &arg, &serial);
	va_end(arg);
	return replace(pidc, pid, serial);
}
