#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <time.h>

#include "arch.h"

enum {
	Nrelax = 32,	/* pauses to a look: half a microsecond on current CPUs */
	Npause = 8,	/* looks before the CPU is given away */
	Nyield = 20,
};

/*
 * The i-th look was in vain.  Who is waited for does a few dozen instructions,
 * so it is either running on another CPU and soon done, or was preempted: then
 * spin no longer, let it run.
 *
 * A look takes the cache line from the CPU that uses it.  So looks are far
 * between: whoever has the line goes on for some operations, and then the
 * other does.  With a look after each pause nearly every operation moves the
 * line: a buffered message between procs takes 115 ns then, and 33 so.
 *
 * sched_yield does not help against one of lower priority under a real-time
 * policy; sleeping does.  What it is about would stay half done if an OS thread
 * were cancelled in its sleep.
 */
void
l9spinpause(int i)
{
	struct timespec nap;
	int e, j, cancel;

	if(i < Npause){
		for(j = 0; j < Nrelax; j++)
			l9cpurelax();
		return;
	}
	e = errno;
	if(i < Npause+Nyield)
		sched_yield();
	else{
		nap = (struct timespec){0, 50000};
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
		nanosleep(&nap, NULL);
		pthread_setcancelstate(cancel, NULL);
	}
	errno = e;
}
