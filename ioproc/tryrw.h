#ifndef L9TRYRW_H
#define L9TRYRW_H

#include "try.h"

/*
 * Read or write without an Ioproc; if that must be left to a helper, it makes
 * the call op(fd, buf, n), for what is left then.
 */
long	l9tryread1(const char *what, int fd, void *buf, long n, bool all, long (*op)(va_list*));
long	l9trywrite1(const char *what, int fd, const void *buf, long n, long (*op)(va_list*));

#endif
