/*
 * Posting a 9P service: plan9port's 9pserve does the work.  p9dial(3)
 */
#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "p9impl.h"

extern char	**environ;

/* the folder of the user's services, made if it is not there; nil */
static char*
namespace(void)
{
	const char *s, *display;
	char *dir, *p;
	int n;

	s = getenv("NAMESPACE");
	if(s != nil && *s != '\0')
		return p9smprint("%s", s);
	display = getenv("DISPLAY");
	if(display == nil || *display == '\0')
		display = ":0.0";
	/* screen 0 goes without saying */
	n = (int)strlen(display);
	if(n > 2 && strcmp(display+n-2, ".0") == 0)
		n -= 2;
	dir = p9smprint("/tmp/ns.%s.%.*s", p9getuser(), n, display);
	if(dir == nil)
		return nil;
	for(p = dir + strlen("/tmp/ns."); *p != '\0'; p++)
		if(*p == '/')
			*p = '_';
	if(mkdir(dir, 0700) < 0 && errno != EEXIST){
		free(dir);
		return nil;
	}
	return dir;
}

/* 9pserve leaves the service to a child of its own and exits */
static int
serve(int fd, char *addr)
{
	char *argv[] = {"9pserve", "-u", addr, nil};
	posix_spawn_file_actions_t fa;
	pid_t pid;
	int e, status;

	e = posix_spawn_file_actions_init(&fa);
	if(e != 0)
		return l9err(e, strerror(e));
	e = posix_spawn_file_actions_adddup2(&fa, fd, 0);
	if(e == 0)
		e = posix_spawn_file_actions_adddup2(&fa, fd, 1);
	if(e == 0)
		e = posix_spawnp(&pid, "9pserve", &fa, nil, argv, environ);
	posix_spawn_file_actions_destroy(&fa);
	if(e != 0){
		p9werrstr("9pserve: %s", strerror(e));
		return -1;
	}
	while(waitpid(pid, &status, 0) < 0)
		if(errno != EINTR)
			return -1;
	if(status != 0)
		return l9err(EIO, "9pserve failed");
	return 0;
}

int
p9post9pservice(int fd, const char *name)
{
	char *dir, *addr;
	int r;

	dir = namespace();
	if(dir == nil)
		return -1;
	addr = p9smprint("unix!%s/%s", dir, name);
	free(dir);
	if(addr == nil)
		return -1;
	r = serve(fd, addr);
	free(addr);
	if(r == 0)
		close(fd);
	return r;
}
