#include <errno.h>
#include <time.h>

#include "ioimpl.h"

/* towards a point in time, so that a signal in between costs nothing */
static long
dosleep(va_list *arg)
{
	struct timespec t;
	int64_t until;

	until = va_arg(*arg, int64_t);
	t.tv_sec = (time_t)(until/1000000000);
	t.tv_nsec = (long)(until%1000000000);
	do
		errno = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, nil);
	while(errno == EINTR && !l9iocancelled());
	return errno == 0? 0: -1;
}

int
iosleep(Ioproc *io, long ms)
{
	int64_t now, until;

	now = l9nsec();
	until = INT64_MAX;
	if(ms < (INT64_MAX - now)/1000000)
		until = now + (ms < 0? 0: (int64_t)ms*1000000);
	/* that needs no OS thread */
	if(io == nil)
		return threadsleepuntil(until);
	return (int)l9iocall(io, "iosleep", -1, nil, dosleep, until);
}
