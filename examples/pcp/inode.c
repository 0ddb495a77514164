/*
 * Which files have several names: a table by device and inode.  The walker's.
 */
#include <u.h>
#include <libc.h>
#include <thread.h>
#include "pcp.h"

enum {
	Nhash = 4096,
};

typedef struct Inode Inode;
struct Inode
{
	Inode	*next;
	dev_t	dev;
	ino_t	ino;
	char	*to;
};

static Inode *hash[Nhash];

char*
firstname(File *f)
{
	Inode *i, **h;

	h = &hash[(f->st.st_ino ^ f->st.st_dev) % Nhash];
	for(i = *h; i != nil; i = i->next)
		if(i->ino == f->st.st_ino && i->dev == f->st.st_dev)
			return estrdup(i->to);
	i = emalloc(sizeof *i);
	*i = (Inode){*h, f->st.st_dev, f->st.st_ino, estrdup(f->to)};
	*h = i;
	return nil;
}
