/*
 * What threadmain programs lean on of Plan 9's C library, under names that
 * collide with nothing: the manual is p9print(3), p9file(3), p9string(3),
 * p9dial(3), p9proc(3).  plan9/libc.h has the short names.
 *
 * As in lib9thread.h there are only real functions, types and constants
 * here, so this may stand before or after any other header.  p9sysfatal and
 * the print family understand Plan 9's verbs, %r among them, which a
 * compiler's check of printf formats does not know.
 */
#ifndef P9LIBC_H
#define P9LIBC_H

#include <lib9thread.h>

#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif
#ifdef __cplusplus
extern "C" {
#endif

/*
 * Formatted text: p9print(3).
 */
int	p9print(const char *fmt, ...);
int	p9fprint(int fd, const char *fmt, ...);
int	p9vfprint(int fd, const char *fmt, va_list arg);
int	p9sprint(char *s, const char *fmt, ...);
int	p9snprint(char *s, int n, const char *fmt, ...);
int	p9vsnprint(char *s, int n, const char *fmt, va_list arg);
char*	p9seprint(char *s, char *e, const char *fmt, ...);
char*	p9vseprint(char *s, char *e, const char *fmt, va_list arg);
char*	p9smprint(const char *fmt, ...);	/* to be freed; null */
char*	p9vsmprint(const char *fmt, va_list arg);
void	p9werrstr(const char *fmt, ...);
L9NORETURN void	p9sysfatal(const char *fmt, ...);
void	p9syslog(int cons, const char *log, const char *fmt, ...);

/*
 * Files: p9file(3).
 */
enum {
	OREAD = 0,
	OWRITE = 1,
	ORDWR = 2,
	OEXEC = 3,
	OTRUNC = 16,
	OCEXEC = 32,
	ORCLOSE = 64,
	OEXCL = 0x1000,		/* p9create: the file must not be there */
	OAPPEND = 0x4000,

	AEXIST = 0,
	AEXEC = 1,
	AWRITE = 2,
	AREAD = 4,
};
#define DMDIR		0x80000000	/* p9create's perm: a directory */
#define DMAPPEND	0x40000000	/* writes go to the end */
#define DMEXCL		0x20000000	/* as OEXCL */

int	p9open(const char *file, int mode);	/* a descriptor; -1 */
int	p9create(const char *file, int mode, unsigned long perm);	/* a descriptor; -1 */
int	p9opentemp(char *name);		/* of a file that is removed at once; -1 */
int	p9dup(int from, int to);	/* to -1: any; the new one; -1 */
long long	p9seek(int fd, long long n, int type);	/* the new offset; -1 */
long	p9readn(int fd, void *buf, long n);

/*
 * Strings and memory: p9string(3).
 */
void*	p9mallocz(unsigned long n, int clear);	/* null */
char*	p9strecpy(char *to, char *e, const char *from);	/* the 0 */
int	p9cistrcmp(const char *s, const char *t);
int	p9cistrncmp(const char *s, const char *t, int n);
int	p9tokenize(char *s, char *args[], int nargs);
int	p9getfields(char *s, char *args[], int nargs, int multi, const char *delims);
char*	p9cleanname(char *name);
char*	p9unsharp(char *name);
int	p9enc64(char *out, int lim, const unsigned char *in, int n);	/* length; -1 */

/*
 * Connections: p9dial(3).
 */
char*	p9netmkaddr(const char *addr, const char *net, const char *service);
int	p9dial(const char *addr, const char *local, char *dir, int *cfdp);
int	p9announce(const char *addr, char *dir);
int	p9listen(const char *dir, char *newdir);
int	p9accept(int ctl, const char *dir);
int	p9reject(int ctl, const char *dir, const char *cause);	/* 0; -1 */
int	p9post9pservice(int fd, const char *name);	/* 0; -1 */

/*
 * Time, the process, notes: p9proc(3).
 */
typedef struct Tm Tm;
struct Tm
{
	int	sec;		/* 0 to 60 */
	int	min;
	int	hour;
	int	mday;		/* from 1 */
	int	mon;		/* from 0 */
	int	year;		/* since 1900 */
	int	wday;		/* Sunday is 0 */
	int	yday;		/* from 0 */
	char	zone[8];
	int	tzoff;		/* seconds east of Greenwich */
};
typedef struct Qid Qid;
struct Qid
{
	unsigned long long	path;
	unsigned long	vers;
	unsigned char	type;
};

#define RFNAMEG		(1<<0)
#define RFENVG		(1<<1)
#define RFFDG		(1<<2)
#define RFNOTEG		(1<<3)
#define RFPROC		(1<<4)
#define RFMEM		(1<<5)
#define RFNOWAIT	(1<<6)
enum {
	NCONT = 0,
	NDFLT = 1,
	PNPROC = 1,
	PNGROUP = 2,
};

int	p9sleep(long ms);		/* the whole proc; 0 */
long	p9alarm(unsigned long ms);	/* what was left of the last one */
long long	p9nsec(void);		/* since 1970 */
Tm*	p9localtime(long t);
char*	p9getuser(void);
char*	p9sysname(void);
char*	p9getenv(const char *name);	/* to be freed; null */
int	p9putenv(const char *name, const char *value);	/* 0; -1 */
int	p9rfork(int flags);
int	p9procrfork(void (*f)(void*), void *arg, unsigned int stacksize, int flags);	/* id; -1 */
int	p9notify(void (*f)(void*, char*));	/* 0; -1 */
int	p9noted(int how);
int	p9postnote(int who, int pid, const char *note);	/* 0; -1 */

#ifdef __cplusplus
}
#endif
#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#endif
