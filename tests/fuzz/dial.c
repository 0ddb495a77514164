/*
 * Dial strings and network directories, as they come from whoever uses a
 * program: any bytes.  No name is looked up: getaddrinfo (ld's --wrap) says one
 * thing or the other.
 */
#include <stdlib.h>
#include <string.h>

#include "dial.h"
#include "fuzz.h"

int	__wrap_getaddrinfo(const char*, const char*, const struct addrinfo*, struct addrinfo**);
void	__wrap_freeaddrinfo(struct addrinfo*);

int
__wrap_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **a)
{
	MUST(service[0] != '\0' && strchr(service, '!') == nil);
	MUST(host == nil? hints->ai_flags == AI_PASSIVE: host[0] != '\0');
	if(host != nil && strlen(host)%2 == 1)
		return EAI_NONAME;
	*a = calloc(1, sizeof **a);
	(*a)->ai_family = AF_INET;
	return 0;
}

void
__wrap_freeaddrinfo(struct addrinfo *a)
{
	free(a);
}

static void
parse(const char *s, bool passive)
{
	char err[ERRMAX];
	Addr a;
	int r;

	r = l9dialparse(&a, s, passive);
	MUST((r == 0) == (a.list != nil));
	MUST(a.list != &a.unixinfo || strcmp(a.un.sun_path, strchr(s, '!') + 1) == 0);
	l9dialfree(&a);
	if(r < 0){
		l9dialerr("dial", s);
		rerrstr(err, sizeof err);
		MUST(strncmp(err, "dial ", 5) == 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char dir[NETPATHLEN], *s, *t;
	int fd;

	s = text(data, n);
	parse(s, false);
	parse(s, true);
	/* the net and the service are the first and the last few bytes of the same */
	t = p9netmkaddr(s, n%3 == 0? nil: "tcp", n%2 == 0? nil: s + strlen(s)/2);
	/* what is too long is cut */
	MUST(strlen(t) < 256 && (strlen(t) > 200 || strchr(t, '!') != nil));
	fd = l9dirget(s);
	MUST(fd >= -1);
	if(fd >= 0){
		l9dirput(dir, fd);
		MUST(l9dirget(dir) == fd);
	}
	free(s);
	return 0;
}
