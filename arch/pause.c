#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <time.h>

#include "arch.h"

enum {
	Npause = 200,	/* looks, some microseconds in all, before the CPU is given away */
	Nyield = 20,
};

/*
 * The i-th look was in vain.  Who is waited for does a few dozen instructions,
 * so it is either running on another CPU and soon done, or was preempted: then
 * spin no longer, let it run.  sched_yield does not help against one of lower
 * priority under a real-time policy; sleeping does.  What it is about would
 * stay half done if an OS thread were cancelled in its sleep.
 */
void
l9spinpause(int i)
{
	struct timespec nap;
	int e, cancel;

	if(i < Npause){
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
