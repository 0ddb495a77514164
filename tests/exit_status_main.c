/*
 * How a program with threadmain ends: the programs that exit_status.c runs, by
 * name.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib9thread.h"

int mainstacksize = 1024*1024;

static char bad[] = "bad";
static char empty[] = "";
static int mainid;

static void
say(const char *s)
{
	if(write(1, s, strlen(s)) < 0)
		_exit(99);
}

static void
exits(void *status)
{
	threadexits(status);
}

static void
exitsall(void *status)
{
	threadexitsall(status);
}

static void
fatal(void *v)
{
	(void)v;
	sysfatal("from a proc");
}

static void
forever(void *v)
{
	(void)v;
	for(;;)
		threadsleep(Hour);
}

/* once threadmain has ended */
static void
afterwards(void *status)
{
	while(threadint(mainid) == 0)
		threadyield();
	say("alive\n");
	threadexits(status);
}

/* later */
static void
counted(void *v)
{
	(void)v;
	threadsleep(Millisecond);
	say("task\n");
}

static void
sayexit(void)
{
	say("atexit\n");
}

static void
exitagain(void)
{
	say("again\n");
	threadexitsall(NULL);
}

/* the library works on until the very end */
static void
reply(void *v)
{
	chansendul(v, 3);
}

static void
useit(void)
{
	Channel *c;
	unsigned long n;

	c = chancreate(sizeof(unsigned long), 0);
	threadcreate(reply, c, 0);
	n = chanrecvul(c);
	proccreate(reply, c, 0);
	n += chanrecvul(c);
	threadsleep(Millisecond);
	if(n == 6)
		say("used\n");
	chanfree(c);
}

static void*
foreignforever(void *v)
{
	(void)v;
	chanrecv(chancreate(1, 0), NULL);
	return NULL;
}

static void*
foreignexitsall(void *v)
{
	threadexitsall(v);
}

static __attribute__((noinline)) int
deep(int n)
{
	volatile char x[1000];

	x[0] = 1;
	return n == 0? 0: deep(n-1) + x[0];
}

static void
crowd(void *status)
{
	int i;

	for(i = 0; i < 8; i++)
		proccreate(exitsall, status, 0);
	forever(NULL);
}

/* a tree of procs: the program ends with the last of them */
static void
tree(void *v)
{
	int depth;

	depth = (int)(intptr_t)v;
	if(depth > 0){
		proccreate(tree, (void*)(intptr_t)(depth-1), 0);
		proccreate(tree, (void*)(intptr_t)(depth-1), 0);
	}else
		say("x");
}

static void
proctask(void *v)
{
	(void)v;
	threadcreate(counted, NULL, 0);
	threadcreate(counted, NULL, 0);
	threadexits("not yet");
}

static void
end(const char *how)
{
	pthread_t t;
	int i;

#define IS(s)	(strcmp(how, s) == 0)
	if(IS("return"))
		return;
	if(IS("nil"))
		threadexits(NULL);
	if(IS("empty"))
		threadexits(empty);
	if(IS("other"))
		threadexits(bad);
	if(IS("last task good")){
		threadcreate(exits, NULL, 0);
		threadexits(bad);
	}
	if(IS("last task bad")){
		threadcreate(exits, bad, 0);
		threadexits(NULL);
	}
	if(IS("last task bad, return")){
		threadcreate(exits, bad, 0);
		return;
	}
	if(IS("tasks go on")){
		for(i = 0; i < 3; i++)
			threadcreate(counted, NULL, 0);
		threadexits(bad);
	}
	if(IS("last proc good")){
		proccreate(afterwards, NULL, 0);
		threadexits(bad);
	}
	if(IS("last proc bad")){
		proccreate(afterwards, bad, 0);
		threadexits(NULL);
	}
	if(IS("return, proc goes on")){
		proccreate(afterwards, NULL, 0);
		return;
	}
	if(IS("tasks of a proc")){
		proccreate(proctask, NULL, 0);
		threadexits(bad);
	}
	if(IS("tree")){
		proccreate(tree, (void*)4, 0);
		return;
	}
	if(IS("all good")){
		proccreate(forever, NULL, 0);
		threadcreate(forever, NULL, 0);
		threadexitsall(NULL);
	}
	if(IS("all empty"))
		threadexitsall(empty);
	if(IS("all bad")){
		proccreate(forever, NULL, 0);
		threadcreate(forever, NULL, 0);
		threadexitsall(bad);
	}
	if(IS("all from a task")){
		threadcreate(exitsall, bad, 0);
		forever(NULL);
	}
	if(IS("all from a proc")){
		proccreate(exitsall, bad, 0);
		forever(NULL);
	}
	if(IS("all from a proc, main gone")){
		proccreate(exitsall, empty, 0);
		proccreate(forever, NULL, 0);
		threadexits(bad);
	}
	if(IS("all from a foreign thread")){
		pthread_create(&t, NULL, foreignexitsall, bad);
		forever(NULL);
	}
	if(IS("all at once")){
		atexit(sayexit);
		crowd(bad);
	}
	if(IS("atexit")){
		atexit(sayexit);
		printf("buffered");	/* no newline: musl would write it at once */
		proccreate(exits, NULL, 0);
		return;
	}
	if(IS("atexit all")){
		atexit(sayexit);
		printf("buffered");	/* no newline: musl would write it at once */
		proccreate(exitsall, NULL, 0);
		forever(NULL);
	}
	if(IS("all from atexit")){
		atexit(exitagain);
		threadexitsall(bad);
	}
	if(IS("atexit uses it")){
		atexit(useit);
		return;
	}
	if(IS("atexit uses it, in a proc")){
		atexit(useit);
		proccreate(exits, NULL, 0);
		return;
	}
	if(IS("atexit uses it, all")){
		atexit(useit);
		proccreate(exitsall, NULL, 0);
		forever(NULL);
	}
	if(IS("foreign lives")){
		pthread_create(&t, NULL, foreignforever, NULL);
		return;
	}
	if(IS("exit"))
		exit(5);
	if(IS("sysfatal")){
		argv0 = bad;
		sysfatal("cannot %s %d", "go on", 7);
	}
	if(IS("sysfatal unnamed")){
		argv0 = NULL;
		sysfatal("%s", "cannot");
	}
	if(IS("sysfatal in a proc")){
		argv0 = bad;
		proccreate(fatal, NULL, 0);
		forever(NULL);
	}
	if(IS("stack")){
		deep(900);
		say("deep\n");
		return;
	}
	if(IS("id")){
		printf("%d\n", threadid() > 0);
		return;
	}
	fprintf(stderr, "%s: no such way\n", how);
	_exit(98);
}

void
threadmain(int argc, char *argv[])
{
	if(argc != 2 || argv[2] != NULL || strcmp(argv0, argv[0]) != 0)
		_exit(97);
	mainid = threadid();
	end(argv[1]);
}
