/*
 * Plan 9 dial strings: network!host!service.  The network is tcp, udp, unix,
 * or net, which means tcp.  A path follows unix!.
 */
#ifndef L9DIAL_H
#define L9DIAL_H

#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "ioimpl.h"
#include "p9libc.h"

typedef struct Addr Addr;

/* where a dial string leads: several places, of which any will do */
struct Addr
{
	struct addrinfo	*list;
	struct addrinfo	*info;		/* getaddrinfo's, or nil */
	bool	any;		/* the host is * */
	struct addrinfo	unixinfo;	/* list, for unix! */
	struct sockaddr_un	un;
};

/* passive: an address to announce, where host may be *.  0; -1 with errstr */
int	l9dialparse(Addr*, const char *addr, bool passive);
void	l9dialfree(Addr*);

/* a socket for one of the places, close-on-exec; set its mode */
int	l9dialsocket(const struct addrinfo*);
int	l9setnonblock(int fd, bool on);

/* a connection to the first of these places that answers, from local's if that has any; -1 with errno */
int	l9dialany(const struct addrinfo *list, const Addr *local);

/*
 * l9dialany by the calling task, which waits in its proc's poller; not for unix!.
 * The task's end by a kill must be held off.  -1 with errstr; Dialended with errstr:
 * interrupted, or the like.
 */
int	l9dialtask(const struct addrinfo *list, const Addr *local);
enum {
	Dialended = -2,
};

/* a connection's or announcement's directory: names its descriptor */
void	l9dirput(char dir[NETPATHLEN], int fd);
int	l9dirget(const char *dir);

/* put "call addr: " before the error string; returns -1 */
int	l9dialerr(const char *call, const char *addr);

#endif
