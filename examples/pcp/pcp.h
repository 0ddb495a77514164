/*
 * pcp: copy files and trees with several workers.
 *
 * A thread walks the trees and sends lists of files to the workers; a worker
 * is a thread that has an Ioproc, whose OS thread makes its system calls: those of a
 * whole list are one iocall.  Walker, workers and the main thread are of one proc, so what they
 * share needs no lock; the functions that iocall runs touch only what they
 * are given, and what is fixed before there is any; errors they tell over a channel, and
 * that there is no sense in going on by hopeless().
 */
#include <sys/stat.h>

enum {
	Maxlist = 128,		/* files of one list: with few, all workers make files in one directory and wait for its lock */
	Large = 1<<20,		/* bytes: a file of more is a list of its own, copied in pieces */
	Piece = 16<<20,		/* bytes copied in one system call */
	Turn = 50*Millisecond,	/* between two looks whether it shall stop */
	Bufsize = 256<<10,
};

/* something that is to be copied and is no directory */
typedef struct File File;
struct File
{
	File	*next;
	char	*from;
	char	*to;
	struct stat	st;	/* of from */
};

typedef struct Count Count;
struct Count
{
	int	files;
	vlong	bytes;
};

/* what the main thread is told */
typedef struct Report Report;
struct Report
{
	int	what;
	Count	n;
	char	*msg;		/* Failed, Noted: the receiver frees it */
};
enum {
	Found,
	Copied,
	Skipped,	/* --resume: complete before */
	Failed,
	Noted,		/* no error */
	Ended,
};

/* set while the options are read */
extern int resume;
extern int verify;

/* pcp.c */
int	shallstop(void);	/* 1: whoever asks has something left, and leaves it out.  Of the main thread's proc alone */
int	leftout(void);		/* something has been */
int	anyfailed(void);	/* an error has been told.  Of any OS thread */
int	hopeless(void);		/* 1: no sense in going on.  Of any OS thread */
void	tell(int what, int files, vlong bytes);
void	complain(char *name, char *what);	/* an error, with the error string */
void	complainonly(char *name, char *what);	/* the same; whatever it is, the others need not meet it */
void	note(char *name, char *what);	/* no error; with the error string */
void*	emalloc(size_t);
char*	estrdup(char*);
char*	join(char *dir, char *name);

/* walk.c: send all that is in the trees to jobs */
typedef struct Tree Tree;
struct Tree
{
	char	*from;
	char	*to;
};
void	walk(Ioproc*, Tree*, int n, Channel *jobs);
void	walkend(Ioproc*);	/* once everything is copied */
char*	parent(char *path);	/* malloced */

/* inode.c: the files that have several names */
char*	firstname(File*);	/* the copy made of it before, or nil: this will be one */

/* file.c */
void	copysome(Ioproc*, File*, char *buf);	/* a list, one after the other */
void	copylarge(Ioproc*, File*, char *buf);
void	freefiles(File*);

/* node.c: what is neither file nor directory */
int	copynode(File*);
int	makeroom(char *to, struct stat *from);

/* meta.c */
void	metainit(void);		/* before all others of these */
mode_t	firstmode(struct stat*);	/* to make a file with */
int	narrow(int fd, struct stat *from, struct stat *now);	/* before it is written over: -1 */
int	ours(struct stat*);	/* it belongs to who runs us */
int	setmeta(int fd, char *to, struct stat*);
int	settimes(int fd, char *to, struct stat*);

/* compare.c */
int	compare(File*, char *buf);	/* 0; -1: they differ, or an error */
int	comparelarge(Ioproc*, File*, char *buf);	/* the same; or -1, since it shall stop */

/* linux.c, posix.c */
vlong	copyrange(int in, int out, vlong off, vlong n);	/* in the kernel; -1: cannot, or an error */
int	clonefile(int in, int out);	/* share the blocks: 0; -1 */

/* show.c */
void	showbar(Count *found, Count *done, int64_t elapsed);
void	clearbar(void);
void	human(char buf[16], double bytes);
