#include "impl.h"

/*
 * Weak: there only if the program has C++ in it.  Itanium C++ ABI 2.2.2: a
 * pointer and an unsigned int, which two words hold.
 */
extern void	*__cxa_get_globals(void) __attribute__((weak));

void**
l9cxxstate(void)
{
	return __cxa_get_globals != nil? __cxa_get_globals(): nil;
}
