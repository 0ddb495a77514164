#ifndef L9TIMERIMPL_H
#define L9TIMERIMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heap.h"
#include "upper.h"

/* the time ns from now; INT64_MAX where that is beyond time */
int64_t	l9fromnow(int64_t ns);

#endif
