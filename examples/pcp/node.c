/* Symbolic links, fifos, devices and sockets; and what is in the way of a copy. */
#include <u.h>
#include <libc.h>
#include <thread.h>
#include "pcp.h"

/* nothing is there afterwards; a directory, or what is to be copied, stays, and is an error */
int
makeroom(char *to, struct stat *from)
{
	struct stat st;

	if(lstat(to, &st) < 0)
		return errno == ENOENT? 0: -1;
	if(S_ISDIR(st.st_mode)){
		errno = EISDIR;
		return -1;
	}
	if(st.st_dev == from->st_dev && st.st_ino == from->st_ino){
		werrstr("is the same file");
		return -1;
	}
	return unlink(to);
}

/* where the symbolic link leads, malloced */
static char*
leads(char *name, size_t size)
{
	char *s;
	ssize_t n;

	for(size++;; size *= 2){
		s = emalloc(size);
		n = readlink(name, s, size);
		if(n >= 0 && (size_t)n < size){
			s[n] = '\0';
			return s;
		}
		free(s);
		if(n < 0)
			return nil;
	}
}

static int
copylink(File *f)
{
	char *s;
	int r;

	s = leads(f->from, f->st.st_size);
	if(s == nil){
		complain(f->from, "readlink");
		return -1;
	}
	r = makeroom(f->to, &f->st);
	if(r == 0)
		r = symlink(s, f->to);
	free(s);
	if(r < 0)
		complain(f->to, "symlink");
	return r;
}

int
copynode(File *f)
{
	if(S_ISLNK(f->st.st_mode)){
		if(copylink(f) < 0)
			return -1;
	}else if(makeroom(f->to, &f->st) < 0 || mknod(f->to, firstmode(&f->st) | (f->st.st_mode & S_IFMT), f->st.st_rdev) < 0){
		complain(f->to, "mknod");
		return -1;
	}
	return setmeta(-1, f->to, &f->st);
}
