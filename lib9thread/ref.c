#include "impl.h"

/* relaxed would do to count up; down must order what was done with the thing before its end */
long
incref(Ref *r)
{
	return __atomic_add_fetch(&r->ref, 1, __ATOMIC_ACQ_REL);
}

long
decref(Ref *r)
{
	return __atomic_sub_fetch(&r->ref, 1, __ATOMIC_ACQ_REL);
}
