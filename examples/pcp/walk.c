/*
 * The walker: directories that are still to be read lie on a stack, so that
 * the depth of a tree costs nothing.  A directory is made before anything is
 * sent that goes into it; its mode and times are set at the very end, when
 * nothing is written there any more.
 */
#include <dirent.h>
#include <u.h>
#include <libc.h>
#include <thread.h>
#include "pcp.h"

enum {
	Maxscan = 256,		/* names read in one call: the workers should not wait for the whole directory */
};

typedef struct Dir Dir;
struct Dir
{
	Dir	*next;
	char	*from;
	char	*to;
	struct stat	st;
	DIR	*d;		/* while it is read */
};

static Dir *unread;
static Dir *made;		/* the last one first */
static File *links;		/* second names: from is the first name's copy */

/* the list that is being filled */
static File *batch;
static int nbatch;
static vlong batchsize;
static Channel *out;

static void
flush(void)
{
	if(batch == nil)
		return;
	tell(Found, nbatch, batchsize);
	sendp(out, batch);
	batch = nil;
	nbatch = 0;
	batchsize = 0;
}

static void
put(File *f)
{
	vlong size;

	size = S_ISREG(f->st.st_mode)? f->st.st_size: 0;
	if(batchsize + size > Large)
		flush();
	f->next = batch;
	batch = f;
	batchsize += size;
	if(++nbatch == Maxlist || batchsize > Large)
		flush();
}

static void
pushdir(File *f)
{
	Dir *d;

	d = emalloc(sizeof *d);
	*d = (Dir){.from = f->from, .to = f->to, .st = f->st, .next = unread};
	unread = d;
	free(f);
}

/* takes f */
static void
sort(File *f)
{
	char *first;

	if(S_ISDIR(f->st.st_mode))
		pushdir(f);
	else if(f->st.st_nlink > 1 && (first = firstname(f)) != nil){
		free(f->from);
		f->from = first;
		f->next = links;
		links = f;
	}else
		put(f);
}

/* up to Maxscan files into *list; 0 at the end */
static int
scan(Dir *d, File **list)
{
	struct dirent *e;
	File *f;
	int n;

	*list = nil;
	n = 0;
	while(n < Maxscan && (errno = 0, e = readdir(d->d)) != nil){
		if(strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		f = emalloc(sizeof *f);
		f->from = join(d->from, e->d_name);
		f->to = join(d->to, e->d_name);
		f->next = nil;
		if(fstatat(dirfd(d->d), e->d_name, &f->st, AT_SYMLINK_NOFOLLOW) < 0){
			complain(f->from, "stat");
			freefiles(f);
			continue;
		}
		f->next = *list;
		*list = f;
		n++;
	}
	if(n == 0 && errno != 0)
		complain(d->from, "read");
	return n;
}

static long
xscan(va_list *arg)
{
	Dir *d;

	d = va_arg(*arg, Dir*);
	return scan(d, va_arg(*arg, File**));
}

static int
makedir(Dir *d)
{
	struct stat st;

	if(mkdir(d->to, 0700) == 0)
		return 0;
	if(errno != EEXIST)
		return -1;
	if(lstat(d->to, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	errno = ENOTDIR;
	return -1;
}

/* not if it has become a symbolic link since */
static DIR*
openfrom(char *name)
{
	DIR *d;
	int fd;

	fd = open(name, O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC, 0);
	if(fd < 0)
		return nil;
	d = fdopendir(fd);
	if(d == nil)
		close(fd);
	return d;
}

static long
xenter(va_list *arg)
{
	Dir *d;

	d = va_arg(*arg, Dir*);
	if(makedir(d) < 0){
		complain(d->to, "mkdir");
		return -1;
	}
	d->d = openfrom(d->from);
	if(d->d == nil)
		complain(d->from, "open");
	return 0;
}

static void
freedir(Dir *d)
{
	free(d->from);
	free(d->to);
	free(d);
}

/* read first, and ask then whether it shall stop: if nothing comes, nothing is left out */
static void
readall(Ioproc *io, Dir *d)
{
	File *f, *next;

	while(iocall(io, xscan, d, &f) > 0){
		if(shallstop()){
			freefiles(f);
			break;
		}
		for(; f != nil; f = next){
			next = f->next;
			sort(f);
		}
	}
	closedir(d->d);
	d->d = nil;
}

static void
enter(Ioproc *io, Dir *d)
{
	if(iocall(io, xenter, d) < 0){
		freedir(d);
		return;
	}
	d->next = made;
	made = d;
	if(d->d != nil)
		readall(io, d);
}

/* is this directory, or one above it, the one that st says? */
static int
isbelow(char *dir, struct stat *st)
{
	struct stat here, above;
	char *up;
	int yes;

	if(stat(dir, &here) < 0)
		return 0;
	if(here.st_dev == st->st_dev && here.st_ino == st->st_ino)
		return 1;
	up = join(dir, "..");
	yes = stat(up, &above) == 0
		&& (above.st_dev != here.st_dev || above.st_ino != here.st_ino)
		&& isbelow(up, st);
	free(up);
	return yes;
}

/* the directory in which the last name of a path stands.  By the text, but not by cleanname: before ".." there may be a symbolic link */
char*
parent(char *path)
{
	char *s, *p;

	s = estrdup(path);
	for(p = s + strlen(s); p > s+1 && p[-1] == '/';)
		*--p = '\0';
	p = strrchr(s, '/');
	if(p != nil){
		p[p == s] = '\0';
		return s;
	}
	free(s);
	return estrdup(".");
}

static int
intoitself(File *f)
{
	char *dir;
	int yes;

	if(!S_ISDIR(f->st.st_mode))
		return 0;
	dir = parent(f->to);
	yes = isbelow(f->to, &f->st) || isbelow(dir, &f->st);
	free(dir);
	return yes;
}

static long
xtop(va_list *arg)
{
	File *f;

	f = va_arg(*arg, File*);
	if(lstat(f->from, &f->st) < 0){
		complain(f->from, "stat");
		return -1;
	}
	if(intoitself(f)){
		werrstr("not into itself, %s", f->to);
		complain(f->from, "copy");
		return -1;
	}
	return 0;
}

static void
walktree(Ioproc *io, Tree *t)
{
	File *f;
	Dir *d;

	f = emalloc(sizeof *f);
	f->next = nil;
	f->from = estrdup(t->from);
	f->to = estrdup(t->to);
	if(iocall(io, xtop, f) < 0){
		freefiles(f);
		return;
	}
	sort(f);
	while((d = unread) != nil){
		unread = d->next;
		if(shallstop())
			freedir(d);
		else
			enter(io, d);
	}
}

void
walk(Ioproc *io, Tree *t, int n, Channel *jobs)
{
	out = jobs;
	while(n-- > 0 && !shallstop())
		walktree(io, t++);
	flush();
}

static long
xlink(va_list *arg)
{
	struct stat a, b;
	File *f;

	f = va_arg(*arg, File*);
	if(lstat(f->from, &a) == 0 && lstat(f->to, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino)
		return 0;
	if(makeroom(f->to, &f->st) < 0 || link(f->from, f->to) < 0){
		complain(f->to, "link");
		return -1;
	}
	return 0;
}

static long
xfinish(va_list *arg)
{
	Dir *d;

	d = va_arg(*arg, Dir*);
	return setmeta(-1, d->to, &d->st);
}

void
walkend(Ioproc *io)
{
	File *f;
	Dir *d;

	while((f = links) != nil){
		links = f->next;
		f->next = nil;
		if(!shallstop()){
			tell(Found, 1, 0);
			if(iocall(io, xlink, f) >= 0)
				tell(Copied, 1, 0);
		}
		freefiles(f);
	}
	while((d = made) != nil){
		made = d->next;
		/* who goes on must be able to write there */
		if(leftout() || anyfailed())
			d->st.st_mode |= S_IRWXU;
		iocall(io, xfinish, d);
		freedir(d);
	}
}
