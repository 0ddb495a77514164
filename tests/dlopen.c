/*
 * The shared library loaded by dlopen: dlopen library.  dlclose leaves it, since
 * its OS threads and its handlers go on.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib9thread.h"

static void *lib;

static void*
sym(const char *name)
{
	void *p;

	p = dlsym(lib, name);
	if(p == NULL){
		fprintf(stderr, "dlopen: no %s\n", name);
		exit(1);
	}
	return p;
}

/* by the header's declaration alone: nothing here refers to the library */
#define CALL(f)	((__typeof__(&(f)))sym(#f))

static Channel *c;

static void
sender(void *v)
{
	CALL(threadsleep)(Millisecond);
	CALL(chansendp)(c, v);
}

static void
must(int ok, const char *what)
{
	if(!ok){
		fprintf(stderr, "dlopen: %s\n", what);
		exit(1);
	}
}

static void
work(void)
{
	Ioproc *io;
	int x;

	c = CALL(chancreate)(sizeof(void*), 0);
	must(c != NULL, "no channel");
	must(CALL(proccreate)(sender, &x, 0) > 0, "no proc");
	must(CALL(chanrecvp)(c) == &x, "nothing received");
	must(CALL(threadcreate)(sender, &x, 0) > 0, "no thread");
	must(CALL(chanrecvp)(c) == &x, "nothing received");
	io = CALL(ioproc)();
	must(io != NULL, "no ioproc");
	must(CALL(iosleep)(io, 1) == 0, "no sleep");
	CALL(closeioproc)(io);
	CALL(chanfree)(c);
}

int
main(int argc, char *argv[])
{
	int i;

	must(argc == 2, "usage: dlopen library");
	for(i = 0; i < 3; i++){
		lib = dlopen(argv[1], i%2 == 0? RTLD_NOW: RTLD_LAZY|RTLD_GLOBAL);
		if(lib == NULL)
			must(0, dlerror());
		must(CALL(threadinit)() == 0, "threadinit");
		work();
		must(dlclose(lib) == 0, "dlclose");
	}
	/* it is there all the same, as is what was started */
	must(dlopen(argv[1], RTLD_NOW|RTLD_NOLOAD) != NULL, "gone");
	work();
	return 0;
}
