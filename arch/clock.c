#include <time.h>

#include "arch.h"

int64_t
l9nsec(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec*1000000000 + t.tv_nsec;
}

int64_t
l9nsecold(void)
{
	struct timespec t;

#ifdef CLOCK_MONOTONIC_COARSE
	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
#else
	clock_gettime(CLOCK_MONOTONIC, &t);
#endif
	return (int64_t)t.tv_sec*1000000000 + t.tv_nsec;
}
