#include <string.h>

#include "p9impl.h"

/* a proc's own, as in Plan 9: good until the next call */
char*
p9netmkaddr(const char *addr, const char *net, const char *service)
{
	static _Thread_local char buf[256];
	const char *bang;

	bang = strchr(addr, '!');
	if(bang == nil){
		p9snprint(buf, sizeof buf, "%s!%s", net != nil? net: "net", addr);
		if(service != nil)
			p9seprint(buf + strlen(buf), buf + sizeof buf, "!%s", service);
		return buf;
	}
	/* a path is all that unix! has */
	if(service == nil || strchr(bang+1, '!') != nil || strncmp(addr, "unix!", 5) == 0)
		p9snprint(buf, sizeof buf, "%s", addr);
	else
		p9snprint(buf, sizeof buf, "%s!%s", addr, service);
	return buf;
}
