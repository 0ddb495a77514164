/*
 * main for programs that define threadmain.  Linked only where there is no
 * other main, and written on the public calls alone.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib9thread.h"

typedef struct Args Args;
struct Args
{
	int	argc;
	char	**argv;
};

__attribute__((weak)) int mainstacksize;

static void
start(void *v)
{
	Args *a;

	a = v;
	threadmain(a->argc, a->argv);
}

/*
 * The first OS thread's own task makes room for threadmain, whose stack has
 * a guard and the size that the program asked for.
 */
int
main(int argc, char *argv[])
{
	static Args a;

	a = (Args){argc, argv};
	argv0 = argv[0];
	if(threadinit() < 0){
		perror("threadinit");
		return 1;
	}
	if(threadcreate(start, &a, (unsigned int)mainstacksize) < 0)
		sysfatal("no memory for threadmain");
	threadexits(NULL);
}
