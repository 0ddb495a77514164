#ifndef L9P9IMPL_H
#define L9P9IMPL_H

#include <stdbool.h>

#include "p9libc.h"
#include "upper.h"

typedef struct Out Out;

/*
 * Where formatted text goes.  Without flush, what does not fit is counted and
 * dropped.
 */
struct Out
{
	char	*p;		/* the next byte goes here */
	char	*e;		/* and the last before this */
	int	(*flush)(Out*);	/* make room: 0; -1 */
	void	*arg;		/* flush's */
	long	n;		/* bytes of text so far, dropped ones too */
};
void	l9fmt(Out*, const char *fmt, va_list arg);

/* all of it, in one write(2) if the system lets it.  0; -1 */
int	l9writeall(int fd, const char *buf, size_t n);

#endif
