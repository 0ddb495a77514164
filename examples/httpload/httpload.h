/*
 * httpload: ask a server for one thing, over and over, and say how long that took.
 *
 * A Part is a proc's: its connections, each a thread, and what they have seen.
 * The main thread asks each part now and then what came since the last time.
 */
#include "hist.h"

/* what came in some time */
typedef struct Seen Seen;
struct Seen
{
	Hist	took;		/* ns, of the answers that came whole */
	uint64_t	bytes;		/* heads and bodies */
	uint64_t	status[6];	/* of each hundred: [2] is 200 to 299; [0] the rest */
	uint64_t	failed;
	char	why[ERRMAX];	/* of the last failure */
};

typedef struct Part Part;
struct Part
{
	Seen	seen;
	int	nconn;
	int	running;	/* of them */
	int64_t	left;		/* requests still to be made */
	Channel	*ask;		/* of Seen*, to be filled */
	Channel	*told;
};

/* what is asked for; set before the first connection */
typedef struct Target Target;
struct Target
{
	char	addr[300];	/* to dial */
	char	*request;
	int	nrequest;
	int	head;		/* it is HEAD: no body comes */
};
extern Target target;
extern int64_t patience;	/* ns, with one answer */

/* client.c */
void	client(void*);		/* a Part: a connection's thread */
