/* Files as they are found below the root, and what a head tells of them. */
#include <u.h>
#include <libc.h>
#include <thread.h>
#include <sys/stat.h>
#include "httpd.h"

static char index_html[] = "index.html";

static char*
mediatype(char *path)
{
	static char *types[][2] = {
		{".html", "text/html; charset=utf-8"},
		{".htm", "text/html; charset=utf-8"},
		{".txt", "text/plain; charset=utf-8"},
		{".md", "text/plain; charset=utf-8"},
		{".c", "text/plain; charset=utf-8"},
		{".h", "text/plain; charset=utf-8"},
		{".css", "text/css; charset=utf-8"},
		{".js", "text/javascript; charset=utf-8"},
		{".json", "application/json"},
		{".xml", "application/xml"},
		{".svg", "image/svg+xml"},
		{".png", "image/png"},
		{".jpg", "image/jpeg"},
		{".jpeg", "image/jpeg"},
		{".gif", "image/gif"},
		{".webp", "image/webp"},
		{".ico", "image/x-icon"},
		{".pdf", "application/pdf"},
		{".wasm", "application/wasm"},
		{".gz", "application/gzip"},
		{".mp3", "audio/mpeg"},
		{".mp4", "video/mp4"},
		{".woff2", "font/woff2"},
	};
	char *dot;
	uint i;

	dot = strrchr(path, '.');
	for(i = 0; dot != nil && i < nelem(types); i++)
		if(cistrcmp(dot, types[i][0]) == 0)
			return types[i][1];
	return "application/octet-stream";
}

static int
why(void)
{
	switch(errno){
	case ENOENT:
	case ENOTDIR:
	case ENAMETOOLONG:
	case ELOOP:
	case ENXIO:
		return 404;
	case EACCES:
	case EPERM:
		return 403;
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		return 503;
	default:
		return 500;
	}
}

static int
isdir(char *path)
{
	return path[0] == '\0' || path[strlen(path)-1] == '/';
}

/* a fifo must not keep us waiting.  cached: nor the disk */
static int
openfile(char *path, struct stat *st, int cached)
{
	static int flags = O_RDONLY|O_NONBLOCK|O_NOCTTY|O_CLOEXEC;
	char name[Maxpath + sizeof index_html];
	int fd;

	snprint(name, sizeof name, "%s%s", path, isdir(path)? index_html: "");
	fd = cached? opencached(rootfd, name, flags): openat(rootfd, name, flags);
	if(fd >= 0 && fstat(fd, st) < 0){
		close(fd);
		return -1;
	}
	return fd;
}

/* the whole of a small file.  -1: it cannot be read, or has become shorter */
static int
readwhole(File *f)
{
	vlong n;
	long r;

	f->data = malloc(f->size + 1);
	if(f->data == nil)
		return -1;
	for(n = 0; n < f->size; n += r){
		r = pread(f->fd, f->data + n, f->size - n, n);
		if(r < 0 && errno == EINTR)
			r = 0;
		else if(r <= 0)
			return -1;
	}
	close(f->fd);
	f->fd = -1;
	return 0;
}

static void
describe(File *f)
{
	putdate(f->modified, f->mtime.tv_sec);
	snprint(f->tag, sizeof f->tag, "\"%llx.%lx-%llx\"", (vlong)f->mtime.tv_sec, f->mtime.tv_nsec, f->size);
	f->nfields = snprint(f->fields, sizeof f->fields,
		"Content-Type: %s\r\nLast-Modified: %s\r\nETag: %s\r\nAccept-Ranges: bytes\r\n",
		mediatype(isdir(f->path)? index_html: f->path), f->modified, f->tag);
}

static void
found(File *f, struct stat *st)
{
	f->status = 200;
	f->size = st->st_size;
	f->mtime = st->st_mtim;
	f->ino = st->st_ino;
}

void
loadfile(File *f)
{
	struct stat st;

	f->fd = openfile(f->path, &st, 0);
	if(f->fd < 0){
		f->status = why();
		return;
	}
	found(f, &st);
	if(S_ISDIR(st.st_mode))
		f->status = isdir(f->path)? 404: 301;
	else if(!S_ISREG(st.st_mode))
		f->status = 403;
	else if(f->size <= Smallfile && readwhole(f) < 0)
		f->status = 500;
	else
		describe(f);
}

int
quickload(File *f)
{
	struct stat st;
	int fd;

	fd = openfile(f->path, &st, 1);
	if(fd < 0)
		return 0;
	if(!S_ISREG(st.st_mode) || st.st_size <= Smallfile){
		close(fd);
		return 0;
	}
	f->fd = fd;
	found(f, &st);
	describe(f);
	return 1;
}

int
samefile(File *f)
{
	struct stat st;
	int fd;

	fd = openfile(f->path, &st, 0);
	if(fd < 0)
		return 0;
	close(fd);
	return st.st_ino == f->ino && st.st_size == f->size
		&& st.st_mtim.tv_sec == f->mtime.tv_sec && st.st_mtim.tv_nsec == f->mtime.tv_nsec;
}

void
freefile(File *f)
{
	if(f->fd >= 0)
		close(f->fd);
	free(f->data);
	free(f->path);
	free(f);
}
