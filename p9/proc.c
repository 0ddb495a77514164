/*
 * The process and what it is told: p9proc(3).
 */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "p9impl.h"

/* Plan 9's is a copy that the caller frees */
char*
p9getenv(const char *name)
{
	char *s;

	s = getenv(name);
	if(s == nil)
		return nil;
	s = strdup(s);
	if(s == nil)
		l9err(ENOMEM, "out of memory");
	return s;
}

int
p9putenv(const char *name, const char *value)
{
	return setenv(name, value, 1);
}

/* these two: a proc's own, good until the next call */
char*
p9getuser(void)
{
	static _Thread_local char name[64];
	char buf[4096];
	struct passwd pw, *p;

	if(getpwuid_r(getuid(), &pw, buf, sizeof buf, &p) == 0 && p != nil)
		p9snprint(name, sizeof name, "%s", p->pw_name);
	else
		p9snprint(name, sizeof name, "%ud", (unsigned int)getuid());
	return name;
}

char*
p9sysname(void)
{
	static _Thread_local char name[256];

	if(gethostname(name, sizeof name - 1) < 0)
		return nil;
	return name;
}

/*
 * The child of a child, which init waits for.  Its id comes by a pipe, from
 * the child, which ends at once and is waited for here.
 */
static int
forkunwaited(void)
{
	pid_t child, pid;
	int p[2];
	ssize_t n;

	if(pipe(p) < 0)
		return -1;
	child = fork();
	if(child == 0){
		pid = fork();
		if(pid != 0)
			_exit(write(p[1], &pid, sizeof pid) < 0);
		close(p[0]);
		close(p[1]);
		return 0;
	}
	close(p[1]);
	pid = -1;
	if(child > 0){
		while((n = read(p[0], &pid, sizeof pid)) < 0 && errno == EINTR)
			;
		while(waitpid(child, nil, 0) < 0 && errno == EINTR)
			;
		if(n != (ssize_t)sizeof pid || pid < 0){
			errno = EAGAIN;
			pid = -1;
		}
	}
	close(p[0]);
	return pid;
}

int
p9rfork(int flags)
{
	int pid;

	/* what a child of fork has of its own anyway */
	if(flags & ~(RFNAMEG|RFENVG|RFFDG|RFNOTEG|RFPROC|RFNOWAIT))
		return l9err(EINVAL, "bad rfork flags");
	pid = 0;
	if(flags & RFPROC)
		pid = flags & RFNOWAIT? forkunwaited(): fork();
	if(pid == 0 && flags & RFNOTEG)
		setpgid(0, 0);
	return pid;
}

/* what procs have of their own or a process has but one of; they cannot part with descriptors or the environment */
int
p9procrfork(void (*f)(void*), void *arg, unsigned int stacksize, int flags)
{
	if(flags & ~(RFPROC|RFMEM|RFNOWAIT|RFNAMEG|RFNOTEG))
		return l9err(EINVAL, "bad rfork flags");
	return proccreate(f, arg, stacksize);
}
