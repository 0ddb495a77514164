#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "execimpl.h"
#include "san.h"

/* OS threads besides the caller's: fork copies none of them */
static int
others(void)
{
	int n;

	n = l9nosthread();
	if(n < 0)
		return l9nmade();	/* the system does not tell: the library's at least */
	return n - 1 - L9TSAN;	/* ThreadSanitizer's own looks after itself */
}

int
threaddaemonize(void)
{
	pid_t pid;

	l9self();
	if(others() > 0)
		return l9err(EBUSY, "the program has other OS threads");
	/* or both processes would write what is buffered */
	fflush(nil);
	pid = fork();
	if(pid < 0)
		return l9err(errno, strerror(errno));
	if(pid > 0)
		_exit(0);
	setsid();
	return 0;
}
