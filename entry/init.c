/*
 * The start: the one place that knows the core and what it needs of the rooms
 * above it.
 */
#include <errno.h>
#include <pthread.h>

#include "lib9thread.h"
#include "upper.h"

extern const Timerhooks	l9timerhooks;	/* timers/timerproc.c */

int
threadinit(void)
{
	static pthread_mutex_t lk = PTHREAD_MUTEX_INITIALIZER;
	int e;

	e = 0;
	pthread_mutex_lock(&lk);
	if(l9timer == nil)
		e = l9coreinit(&l9timerhooks);
	pthread_mutex_unlock(&lk);
	/* without a core there is nowhere to put an error string: errno says it */
	if(e != 0){
		errno = e;
		return -1;
	}
	return 0;
}
