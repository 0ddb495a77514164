/*
 * Time: p9proc(3).
 */
#include <errno.h>
#include <sched.h>
#include <sys/time.h>
#include <time.h>

#include "p9impl.h"

/* all threads of the proc with it, as in Plan 9; signals do not end it early */
int
p9sleep(long ms)
{
	struct timespec t;

	if(ms <= 0){
		sched_yield();
		return 0;
	}
	t.tv_sec = (time_t)(ms/1000);
	t.tv_nsec = ms%1000*1000000;
	while(nanosleep(&t, &t) < 0)
		if(errno != EINTR)
			return -1;
	return 0;
}

long
p9alarm(unsigned long ms)
{
	struct itimerval t = {0}, old;

	t.it_value.tv_sec = (time_t)(ms/1000);
	t.it_value.tv_usec = (suseconds_t)(ms%1000*1000);
	if(setitimer(ITIMER_REAL, &t, &old) < 0)
		return -1;
	/* above 0 if one was running */
	return (long)(old.it_value.tv_sec*1000 + (old.it_value.tv_usec + 999)/1000);
}

long long
p9nsec(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (long long)t.tv_sec*1000000000 + t.tv_nsec;
}

/* a proc's own: good until the next call */
Tm*
p9localtime(long t)
{
	static _Thread_local Tm tm;
	struct tm l;
	time_t clock;

	clock = t;
	if(localtime_r(&clock, &l) == nil)
		return nil;
	tm = (Tm){
		.sec = l.tm_sec, .min = l.tm_min, .hour = l.tm_hour,
		.mday = l.tm_mday, .mon = l.tm_mon, .year = l.tm_year,
		.wday = l.tm_wday, .yday = l.tm_yday,
		.tzoff = (int)l.tm_gmtoff,
	};
	p9strecpy(tm.zone, tm.zone + sizeof tm.zone, l.tm_zone);
	return &tm;
}
