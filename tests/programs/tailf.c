/*
 * tailf: follows several files that grow, with a thread and an Ioproc each,
 * and prints their lines as they come.  It also makes the files grow: each
 * line is written when the one before has been seen.
 */
#include <u.h>
#include <libc.h>
#include <thread.h>

enum { Nfile = 3, Nline = 30, Nbuf = 64 };

typedef struct File File;
struct File
{
	char	name[64];
	int	n;
	int	wfd;
};

typedef struct Line Line;
struct Line
{
	int	file;
	char	text[Nbuf];
};

static Channel *lines, *seen;
static File file[Nfile];

/* sends each whole line; gives up at one that says end */
static void
follow(void *v)
{
	File *f;
	Ioproc *io;
	Line l;
	char buf[Nbuf];
	int fd;
	long i, n, k;

	f = v;
	io = ioproc();
	if(io == nil || (fd = ioopen(io, f->name, O_RDONLY)) < 0)
		sysfatal("cannot follow %s", f->name);
	l.file = f->n;
	k = 0;
	for(;;){
		n = ioread(io, fd, buf, sizeof buf);
		if(n < 0)
			sysfatal("cannot read %s", f->name);
		if(n == 0){
			iosleep(io, 1);
			continue;
		}
		for(i = 0; i < n; i++){
			if(buf[i] != '\n'){
				l.text[k++] = buf[i];
				continue;
			}
			l.text[k] = '\0';
			k = 0;
			if(strcmp(l.text, "end") == 0){
				ioclose(io, fd);
				closeioproc(io);
				sendp(seen, nil);
				return;
			}
			send(lines, &l);
		}
	}
}

static void
append(File *f, char *s)
{
	/* in two pieces: a reader must not take half a line for one */
	if(write(f->wfd, s, 2) != 2 || (yield(), write(f->wfd, s+2, strlen(s+2))) < 0)
		sysfatal("cannot write %s", f->name);
}

static void
writer(void *v)
{
	char s[Nbuf];
	int i;

	USED(v);
	for(i = 0; i < Nline; i++){
		snprint(s, sizeof s, "line %d\n", i);
		append(&file[(i*i + i/2) % Nfile], s);
		recvp(seen);
	}
	for(i = 0; i < Nfile; i++)
		append(&file[i], "end\n");
	for(i = 0; i < Nfile; i++)
		recvp(seen);
	chanclose(lines);
}

void
threadmain(int argc, char *argv[])
{
	Line l;
	File *f;
	int i, count[Nfile] = {0};

	USED(argc);
	USED(argv);
	lines = chancreate(sizeof(Line), 0);
	seen = chancreate(sizeof(void*), Nfile);
	if(lines == nil || seen == nil)
		sysfatal("no channel");
	for(i = 0; i < Nfile; i++){
		f = &file[i];
		f->n = i;
		strcpy(f->name, "/tmp/tailfXXXXXX");
		f->wfd = mkstemp(f->name);
		if(f->wfd < 0)
			sysfatal("no file");
		if((i == 0? proccreate: threadcreate)(follow, f, 0) < 0)
			sysfatal("no thread");
	}
	if(threadcreate(writer, nil, 0) < 0)
		sysfatal("no thread");
	while(recv(lines, &l) == 1){
		print("file %d: %s\n", l.file, l.text);
		count[l.file]++;
		sendp(seen, nil);
	}
	for(i = 0; i < Nfile; i++){
		print("file %d had %d lines\n", i, count[i]);
		close(file[i].wfd);
		unlink(file[i].name);
	}
}
