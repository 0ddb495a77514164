#include <pthread.h>
#include <sched.h>
#include <time.h>

#include "impl.h"

enum {
	Npause = 200,	/* looks, some microseconds in all, before the CPU is given away */
	Nyield = 20,
};

/*
 * The holder does a few dozen instructions, so it is either running on
 * another CPU and soon done, or was preempted: then spin no longer, let it
 * run.  sched_yield does not help against a holder of lower priority under a
 * real-time policy; sleeping does.  What the lock guards would stay half done
 * if an OS thread were cancelled in its sleep.
 */
void
l9spinslow(Spin *l)
{
	struct timespec nap;
	int i, e, cancel;

	e = errno;
	for(i = 0;; i++){
		if(i < Npause)
			l9cpurelax();
		else if(i < Npause+Nyield)
			sched_yield();
		else{
			nap = (struct timespec){0, 50000};
			pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
			nanosleep(&nap, nil);
			pthread_setcancelstate(cancel, nil);
		}
		/* look before trying: a try takes the line from the holder */
		if(ldrlx(&l->held) == 0 && xchgacq(&l->held, 1) == 0)
			break;
	}
	errno = e;
}
