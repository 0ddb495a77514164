#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "p9impl.h"

/* what stands before rest, if name begins with sharp; nil: it does not */
static const char*
behind(const char *name, const char *sharp)
{
	size_t n;

	n = strlen(sharp);
	if(strncmp(name, sharp, n) != 0 || (name[n] != '\0' && name[n] != '/'))
		return nil;
	return name + n;
}

/* as in plan9port: the name itself, or one that lives on */
char*
p9unsharp(char *name)
{
	const char *rest, *root;
	char *s;

	if((rest = behind(name, "#9")) != nil){
		root = getenv("PLAN9");
		if(root == nil || *root == '\0')
			root = "/usr/local/plan9";
	}else if((rest = behind(name, "#d")) != nil)
		root = "/dev/fd";
	else
		return name;
	s = p9smprint("%s%s", root, rest);
	if(s == nil)
		sysfatal("unsharp: out of memory");	/* nobody asks */
	return s;
}
