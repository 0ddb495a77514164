/*
 * shell [-t] [file]: runs the command lines in file, or on descriptor 0.
 *
 *	cmd arg 'quoted arg' <in | cmd | cmd >out ; cmd >>out &
 *
 * cd, status, wait and exit are its own.  The status of a line is those of its
 * programs, joined by bars; wait tells those of the lines that ran in the
 * background.  With -t it works in a folder of its own, which it removes.
 *
 * A thread receives the ends of all programs and hands each to its line.
 */
#include <u.h>
#include <libc.h>
#include <bio.h>
#include <thread.h>

enum { Narg = 32, Nprog = 8, Nword = 128 };

typedef struct Prog Prog;
struct Prog
{
	char	*argv[Narg+1];
	int	argc;
	char	*in;		/* files, or nil */
	char	*out;
	int	append;
	int	pid;		/* 0: it was not started, or has ended */
	char	*status;	/* malloced */
};

typedef struct Line Line;
struct Line
{
	int	n;		/* its number, if in the background */
	Prog	prog[Nprog];
	int	nprog;
	int	nlive;
	Channel	*done;		/* gets a message when nlive is 0 */
	Line	*next;
};

static Line *lines;		/* those with live programs, and those in the background */
static char *status;
static int nback;

static void
setstatus(char *s)
{
	free(status);
	status = s;
}

static Prog*
progof(int pid, Line **lp)
{
	Line *l;
	int i;

	for(l = lines; l != nil; l = l->next)
		for(i = 0; i < l->nprog; i++)
			if(l->prog[i].pid == pid){
				*lp = l;
				return &l->prog[i];
			}
	return nil;
}

static void
reaper(void *v)
{
	Waitmsg *w;
	Prog *p;
	Line *l;

	threadsetname("reaper");
	while((w = recvp(v)) != nil){
		p = progof(w->pid, &l);
		if(p == nil)
			sysfatal("a stranger ended: %d", w->pid);
		p->pid = 0;
		p->status = smprint("%s", w->msg);
		free(w);
		if(--l->nlive == 0)
			sendp(l->done, nil);
	}
}

/*
 * What comes next in *s: 'w' for a word, which is good for this line, or the
 * operator, with 'a' for >> and ';' at the end too, where *s is nil then.
 */
static int
token(char **s, char **w)
{
	static char buf[Nword][256];
	static int n;
	char *p, *b, *e;

	for(p = *s; *p == ' ' || *p == '\t'; p++)
		;
	if(*p == '\0' || *p == '#'){
		*s = nil;
		return ';';
	}
	if(p[0] == '>' && p[1] == '>'){
		*s = p + 2;
		return 'a';
	}
	if(strchr("|;&<>", *p) != nil){
		*s = p + 1;
		return *p;
	}
	*w = b = buf[n++ % Nword];
	e = b + sizeof buf[0] - 1;
	while(*p != '\0' && strchr(" \t|;&<>", *p) == nil && b < e){
		if(*p != '\''){
			*b++ = *p++;
			continue;
		}
		for(p++; *p != '\0' && b < e; *b++ = *p++)
			if(*p == '\'' && *++p != '\'')
				break;
	}
	*b = '\0';
	*s = p;
	return 'w';
}

/* the name of a file after < or > */
static char*
filename(char **s)
{
	char *w;

	if(token(s, &w) != 'w')
		sysfatal("no file name after < or >");
	return w;
}

/* a descriptor for a file, or the one that there is; -1 */
static int
redirect(char *file, int append, int mode, int fd)
{
	if(file == nil)
		return fd;
	close(fd);
	fd = mode == OREAD || append? open(file, mode): -1;
	if(fd < 0 && mode == OWRITE)
		fd = create(file, OWRITE, 0666);
	else if(append)
		seek(fd, 0, 2);
	if(fd < 0)
		werrstr("%s: %r", file);
	return fd;
}

/* in and out are its own from here on */
static void
start(Line *l, Prog *p, int in, int out)
{
	int fd[3];

	fd[0] = redirect(p->in, 0, OREAD, in);
	fd[1] = redirect(p->out, p->append, OWRITE, out);
	fd[2] = dup(2, -1);
	p->pid = -1;
	if(fd[0] >= 0 && fd[1] >= 0)
		p->pid = threadspawn(fd, p->argv[0], p->argv);
	if(p->pid > 0){
		l->nlive++;
		return;
	}
	p->pid = 0;
	p->status = smprint("%r");
	print("%r\n");
	close(fd[0]);
	close(fd[1]);
	close(fd[2]);
}

static Line*
startall(Line *l)
{
	int i, in, fd[2];

	l->done = chancreate(sizeof(void*), 1);
	l->next = lines;
	lines = l;
	in = dup(0, -1);
	for(i = 0; i < l->nprog; i++){
		fd[1] = dup(1, -1);
		fd[0] = -1;
		if(i < l->nprog-1){
			close(fd[1]);
			if(pipe(fd) < 0)
				sysfatal("no pipe");
		}
		start(l, &l->prog[i], in, fd[1]);
		in = fd[0];
	}
	if(l->nlive == 0)
		sendp(l->done, nil);
	return l;
}

static char*
await(Line *l)
{
	Line **pp;
	char *s, *t;
	int i;

	recvp(l->done);
	for(pp = &lines; *pp != l; pp = &(*pp)->next)
		;
	*pp = l->next;
	s = strdup(l->prog[0].status);
	for(i = 1; i < l->nprog; i++){
		t = smprint("%s|%s", s, l->prog[i].status);
		free(s);
		s = t;
	}
	for(i = 0; i < l->nprog; i++)
		free(l->prog[i].status);
	chanfree(l->done);
	free(l);
	return s;
}

static void
awaitback(void)
{
	Line *l;
	char *s;
	int i;

	for(i = 1; i <= nback; i++){
		for(l = lines; l != nil && l->n != i; l = l->next)
			;
		if(l == nil)
			continue;
		s = await(l);
		print("line %d: '%s'\n", i, s);
		free(s);
	}
	nback = 0;
}

/* the shell does it by itself */
static int
builtin(Prog *p)
{
	if(strcmp(p->argv[0], "cd") == 0)
		setstatus(p->argc == 2 && chdir(p->argv[1]) == 0? strdup(""): strdup("cannot cd"));
	else if(strcmp(p->argv[0], "status") == 0)
		print("'%s'\n", status);
	else if(strcmp(p->argv[0], "wait") == 0)
		awaitback();
	else
		return 0;
	return 1;
}

static void
run(Line *l, int back)
{
	if(l->nprog == 1 && builtin(&l->prog[0])){
		free(l);
		return;
	}
	startall(l);
	if(back)
		l->n = ++nback;
	else
		setstatus(await(l));
}

static Line*
newline(void)
{
	Line *l;

	l = mallocz(sizeof *l, 1);
	if(l == nil)
		sysfatal("no memory");
	return l;
}

/* one line of input, which may be several: 0 to exit */
static int
interpret(char *s)
{
	Line *l;
	Prog *p;
	char *w;
	int op, exiting;

	exiting = 0;
	l = newline();
	while(s != nil && !exiting){
		p = &l->prog[l->nprog];
		switch(op = token(&s, &w)){
		case 'w':
			if(p->argc < Narg)
				p->argv[p->argc++] = w;
			break;
		case '<':
			p->in = filename(&s);
			break;
		case '>':
		case 'a':
			p->append = op == 'a';
			p->out = filename(&s);
			break;
		case '|':
			if(p->argc == 0 || ++l->nprog == Nprog)
				sysfatal("bad pipe");
			break;
		default:
			if(p->argc == 0)
				break;
			l->nprog++;
			exiting = strcmp(p->argv[0], "exit") == 0;
			if(!exiting){
				run(l, op == '&');
				l = newline();
			}
			break;
		}
	}
	free(l);
	return !exiting;
}

static void
usage(void)
{
	fprint(2, "usage: shell [-t] [file]\n");
	threadexitsall("usage");
}

void
threadmain(int argc, char *argv[])
{
	char dir[] = "/tmp/shellXXXXXX";
	Biobuf *in, b;
	Channel *ends;
	char *s;
	int own;

	own = 0;
	ARGBEGIN{
	case 't':
		own = 1;
		break;
	default:
		usage();
	}ARGEND
	if(argc > 1)
		usage();
	in = &b;
	if(argc == 1)
		in = Bopen(argv[0], OREAD);
	else
		Binit(in, 0, OREAD);
	if(in == nil)
		sysfatal("%r");
	if(own && (mkdtemp(dir) == nil || chdir(dir) < 0))
		sysfatal("no folder");
	ends = threadwaitchan();
	if(ends == nil || threadcreate(reaper, ends, 0) < 0)
		sysfatal("%r");
	setstatus(strdup(""));
	while((s = Brdstr(in, '\n', 1)) != nil && interpret(s))
		free(s);
	free(s);
	Bterm(in);
	awaitback();
	if(own){
		if(chdir("/") < 0)
			sysfatal("no /");
		free(procwait(threadspawnl(nil, "rm", "rm", "-r", dir, nil)));
	}
	setstatus(nil);
	threadexitsall(nil);
}
