/*
 * Buffered input and output: bio(3).  One Biobuf is one thread's at a time.
 */
#ifndef P9BIO_H
#define P9BIO_H

#include <stdarg.h>

#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif
#ifdef __cplusplus
extern "C" {
#endif

enum {
	Bsize = 8192,		/* the longest line of Brdline */
	Bungetsize = 4,		/* so many Bungetc, one after the other */
	Beof = -1,
};

typedef struct Biobuf Biobuf;
struct Biobuf
{
	int	l9fd;
	int	l9mode;
	int	l9own;
	int	l9len;
	long long	l9off;
	unsigned char	*l9lo;
	unsigned char	*l9p;
	unsigned char	*l9e;
	Biobuf	*l9next;
	unsigned char	l9b[Bungetsize+Bsize];
};

Biobuf*	Bopen(const char *file, int mode);	/* null */
int	Binit(Biobuf*, int fd, int mode);	/* 0; Beof */
int	Bterm(Biobuf*);			/* 0; Beof */
int	Bflush(Biobuf*);		/* 0; Beof */
int	Bgetc(Biobuf*);
int	Bungetc(Biobuf*);		/* 1; Beof */
int	Bputc(Biobuf*, int c);		/* 0; Beof */
long	Bread(Biobuf*, void *buf, long n);
long	Bwrite(Biobuf*, const void *buf, long n);
int	Bprint(Biobuf*, const char *fmt, ...);
int	Bvprint(Biobuf*, const char *fmt, va_list arg);
void*	Brdline(Biobuf*, int delim);	/* null */
int	Blinelen(Biobuf*);
char*	Brdstr(Biobuf*, int delim, int nulldelim);	/* to be freed; null */
long long	Bseek(Biobuf*, long long n, int type);
long long	Boffset(Biobuf*);
int	Bbuffered(Biobuf*);
int	Bfildes(Biobuf*);

#ifdef __cplusplus
}
#endif
#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#endif
