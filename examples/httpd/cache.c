/*
 * The small files that a proc remembers, by path.  What has been looked at
 * less than a second ago is believed; the others are compared with what is
 * there now.  When there are too many, those go first that came first.
 */
#include <u.h>
#include <libc.h>
#include <thread.h>
#include "httpd.h"

enum {
	Believed = Second,
	Overhead = 1024,	/* bytes of a file beside its data, about */
};

static File**
slot(Cache *c, char *path)
{
	ulong h;

	for(h = 5381; *path != '\0'; path++)
		h = 33*h + (uchar)*path;
	return &c->hash[h % nelem(c->hash)];
}

/* the pointer that leads to the file, or would */
static File**
place(Cache *c, char *path)
{
	File **p;

	for(p = slot(c, path); *p != nil && strcmp((*p)->path, path) != 0; p = &(*p)->next)
		;
	return p;
}

void
dropfile(File *f)
{
	if(--f->ref == 0)
		freefile(f);
}

/* no longer found by its path; it stays in the order of age */
static void
unhash(Cache *c, File *f)
{
	File **p;

	for(p = slot(c, f->path); *p != nil; p = &(*p)->next)
		if(*p == f){
			*p = f->next;
			return;
		}
}

static void
forget(Cache *c)
{
	File *f;

	f = c->oldest;
	c->oldest = f->newer;
	if(c->oldest == nil)
		c->newest = nil;
	c->size -= f->size + Overhead;
	unhash(c, f);
	dropfile(f);
}

static void
remember(Cache *c, File *f)
{
	File **p;

	f->ref++;
	if(c->newest != nil)
		c->newest->newer = f;
	else
		c->oldest = f;
	c->newest = f;
	c->size += f->size + Overhead;
	p = slot(c, f->path);
	f->next = *p;
	*p = f;
	while(c->size > Cachesize)
		forget(c);
}

static long
xload(va_list *arg)
{
	loadfile(va_arg(*arg, File*));
	return 0;
}

static long
xsame(va_list *arg)
{
	return samefile(va_arg(*arg, File*));
}

static File*
load(char *path)
{
	File *f;

	f = calloc(1, sizeof *f);
	if(f == nil)
		return nil;
	f->ref = 1;
	f->fd = -1;
	f->path = strdup(path);
	if(f->path == nil || (!quickload(f) && iocall(nil, xload, f) < 0)){
		dropfile(f);
		return nil;
	}
	f->checked = threadnow();
	return f;
}

/* while one thread looks, the others believe */
static int
good(File *f)
{
	int64_t now;

	now = threadnow();
	if(now - f->checked < Believed)
		return 1;
	f->checked = now;
	return iocall(nil, xsame, f) > 0;
}

File*
findfile(Cache *c, char *path)
{
	File *f, *old;

	f = *place(c, path);
	if(f != nil){
		f->ref++;
		if(good(f))
			return f;
		dropfile(f);
	}
	f = load(path);
	if(f == nil)
		return nil;
	/* another thread may have been here meanwhile: the newest counts */
	old = *place(c, path);
	if(old != nil)
		unhash(c, old);
	if(f->data != nil && f->status == 200)
		remember(c, f);
	return f;
}
