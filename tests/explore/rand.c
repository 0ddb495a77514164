#include "explore.h"

/* splitmix64, below n */
uint32_t
choice(uint64_t *state, uint32_t n)
{
	uint64_t x;

	x = *state += 0x9e3779b97f4a7c15;
	x = (x ^ x>>30)*0xbf58476d1ce4e5b9;
	x = (x ^ x>>27)*0x94d049bb133111eb;
	x ^= x>>31;
	return (uint32_t)((x>>32)*n >> 32);
}
