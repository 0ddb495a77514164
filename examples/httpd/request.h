/*
 * The head of an HTTP request, and what stands in it.  Pure functions: they
 * look at nothing but their arguments, keep nothing, and allocate nothing.
 */
enum {
	Maxhead = 8192,		/* bytes of a head, at most */
	Maxpath = 1024,
};

/* methods; Mother is any other */
enum {
	Mget,
	Mhead,
	Mother,
};

/* a piece of the caller's buffer */
typedef struct Str Str;
struct Str
{
	const char	*s;
	int	n;
};

typedef struct Request Request;
struct Request
{
	int	method;
	int	minor;		/* of the version: HTTP/1.minor */
	int	keep;		/* the client wants to send more requests */
	int	expect;		/* it waits for leave to send the body */
	int	coded;		/* the body is in a transfer coding */
	vlong	length;		/* of the body; 0: there is none */
	Str	verb;
	Str	target;
	Str	host;
	Str	range;		/* n is 0 in those that are not there */
	Str	ifrange;
	Str	ifmodified;
	Str	ifnonematch;
};

/*
 * The head at the beginning of buf: its length, the empty line included; 0 if
 * there is more to come; -s if it is to be refused with status s.  What is
 * refused or complete stays so with more bytes behind it.  The pieces point
 * into buf.
 */
int	parserequest(Request*, const char *buf, int n);

/*
 * The file that a target means, relative to the root, without its query; it
 * ends in / or is empty where a directory is meant.  0; -s as above.
 */
int	targetpath(char path[Maxpath], Str target);

/*
 * The bytes *from to *to, both included, of a file that a Range field asks
 * for.  1; 0: it asks for all of it, or nothing that is understood; -1: for
 * none that are there.
 */
int	parserange(Str, vlong size, vlong *from, vlong *to);

/* does the list of entity tags, or *, have this one? */
int	hastag(Str, const char *tag);
