/*
 * httpd: serve the files of a directory.
 *
 * A Server is a proc's part: its connections, each a thread, and the files
 * that it remembers.  Only threads of that proc touch it, so there is no lock.
 */
#include <sys/types.h>
#include <time.h>

#include "request.h"

enum {
	Smallfile = 64<<10,	/* bytes: a file up to that is remembered */
	Cachesize = 32<<20,	/* bytes of the files that a proc remembers */
	Outsize = 20<<10,	/* bytes: what fits is sent by one write */
	Piece = 256<<10,	/* bytes of a large file sent at once: no other connection is served meanwhile */
	Copysize = 64<<10,	/* bytes read at once, where it cannot be sent without that */
	Maxbody = 64<<10,	/* bytes of a request's body, which nobody wants */
};

/* a file as it was found */
typedef struct File File;
struct File
{
	char	*path;
	int	ref;		/* the cache, each response */
	int	status;		/* 200, or why it cannot be had */
	int	fd;		/* of a large one, else -1 */
	char	*data;		/* of a small one, else nil */
	vlong	size;
	struct timespec	mtime;
	ino_t	ino;
	char	tag[48];
	char	modified[32];
	char	fields[256];	/* of the head, whoever asks */
	int	nfields;

	/* cache.c */
	File	*next;		/* of the same hash */
	File	*newer;
	int64_t	checked;
};

typedef struct Cache Cache;
struct Cache
{
	File	*hash[1024];
	File	*oldest;
	File	*newest;
	vlong	size;
};

typedef struct Conn Conn;
typedef struct Server Server;
struct Server
{
	int	id;		/* the proc's first thread */
	int	stopping;
	Conn	*conns;
	Conn	*spare;		/* to be used again */
	Cache	cache;
	time_t	now;		/* what date says */
	char	date[40];
	Waitgroup	alive;	/* connections; added to by who makes them */
	Channel	*stop;
	Channel	*ended;
};

/* set before the first connection */
extern int rootfd;
extern Channel *logc;		/* of char*; nil: no log */
extern int64_t headtime;	/* for a request to be complete */
extern int64_t idletime;	/* for the next one to begin */
extern int64_t sendtime;	/* for a piece of a response to be taken */

/* httpd.c */
void*	emalloc(size_t);

/* conn.c */
typedef struct Call Call;
struct Call
{
	Server	*s;
	int	fd;
};
void	connection(void*);	/* a Call, which it frees: a thread of s's proc */
void	hangup(Server*);	/* those that wait for a request */
int	writeall(Conn*, char *buf, vlong n);	/* 0; -1 */
int	writemore(Conn*, char *buf, vlong n);	/* the same; more is written at once */
int	waitroom(Conn*);	/* for something to be taken: not negative; -1 */
int	readsome(Conn*, char *buf, int n, int64_t by);	/* as ioread */

/* a connection, and the request that it is at */
struct Conn
{
	Server	*s;
	Conn	*next;		/* of s->conns or s->spare */
	int	fd;
	int	id;		/* its thread */
	int	idle;		/* it waits for a request to begin */
	int	close;		/* after this response */
	Request	req;
	int	n;		/* bytes in in */
	int	used;		/* of them, by the request */
	int	nout;		/* bytes in out */
	char	in[Maxhead];
	char	out[Outsize];
};

/* reply.c */
int	reply(Conn*);		/* to req: 0; -1: the connection is of no use */
int	refuse(Conn*, int status, char *fields);	/* the same */

/* file.c */
void	loadfile(File*);	/* path to the rest; blocks the proc */
int	quickload(File*);	/* 1: the same, of a large one whose name is in memory, so that a disk does not block it; 0: nothing is done */
int	samefile(File*);	/* path is still what it was */
void	freefile(File*);

/* linux.c, posix.c */
vlong	sendrange(int to, int fd, vlong off, vlong n);	/* what `to', which does not block, has taken; -1 */
int	inmemory(int fd, vlong off, vlong n);	/* 1: sendrange does not wait for a disk, very likely */
int	opencached(int dir, char *path, int flags);	/* as openat, where the names on the way are in memory; -1 */

/* cache.c */
File*	findfile(Cache*, char *path);	/* nil: no memory, or interrupted */
void	dropfile(File*);

/* date.c */
void	putdate(char buf[32], time_t);
