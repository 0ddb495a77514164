#include <stdio.h>

#include "impl.h"

void
l9setname(Task *t, const char *name)
{
	size_t n;

	n = strnlen(name, sizeof t->name - 1);
	memcpy(t->name, name, n);
	t->name[n] = '\0';
}

void
threadsetname(const char *fmt, ...)
{
	char name[Namelen];
	Task *t;
	va_list arg;

	t = l9cur();
	va_start(arg, fmt);
	/* by way of name: an argument may be the old one */
	vsnprintf(name, sizeof name, fmt, arg);
	va_end(arg);
	l9setname(t, name);
}

char*
threadgetname(void)
{
	return l9cur()->name;
}

void**
threaddata(void)
{
	return &l9cur()->data;
}
