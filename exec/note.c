/*
 * Notes: signals, brought to functions that run on a task, or to channels; or
 * they ask for threadinfo's table.
 *
 *	signal handler		sets the signal's bit in pending; posts sem
 *	catcher, an OS thread	waits for sem; takes the bits out of pending,
 *				sends to the channels; sets the bits in todo;
 *				sends to wake; writes the table
 *	notetask, in a proc of	receives from wake; takes bit after bit out of
 *	its own			todo, and calls the functions
 *
 * The handler may do no more than that in a signal's context.  The catcher
 * stands between since a proc that waits for sem would keep the tasks that a
 * note function makes from running; and it can send with a lock held, for it
 * is no proc, and so does not yield after a send.  A bit that is set while wake
 * is full, or while the notetask works, is seen: it looks at todo after it
 * received.
 *
 * A signal that nobody wants is left alone: its disposition is changed when the
 * first comes who wants it, and put back when the last goes.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "execimpl.h"

enum {
	Nfunc = 32,
	Stack = 64*1024,
	Group = INT_MIN,	/* the notetask's: no threadkillgrp of the program's means it */
};

typedef struct Sub Sub;
struct Sub
{
	Sub	*next;
	Channel	*c;
	unsigned int	want;	/* bits of kinds; never 0 */
};

/* the bit of kinds[i] is 1<<i */
static const struct {
	int	sig;
	bool	harmless;	/* its default is to do nothing */
} kinds[] = {
	{SIGINT, false},
	{SIGTERM, false},
	{SIGHUP, false},
	{SIGQUIT, false},
	{SIGALRM, false},
	{SIGPIPE, false},
	{SIGUSR1, false},
	{SIGUSR2, false},
	{SIGCHLD, true},
	{SIGWINCH, true},
};

enum {
	Nkind = sizeof kinds/sizeof kinds[0],
	Allkinds = (1<<Nkind) - 1,
	Sent = 16,	/* the bits in todo of those that went to a channel are so much further up */
};

static struct {
	pthread_mutex_t	lk;
	int	(*func[Nfunc])(void*, char*);	/* lk: nil where there is none */
	int	nfunc;		/* lk */
	Sub	*sub;		/* lk */
	int	infofd[Nkind];	/* lk: where threadinfo's table goes when it comes, and 1; 0: nowhere */
	unsigned int	caught;	/* lk: bits of the signals that come to us */
	bool	waker;		/* lk: some of them may wake a task */
	struct sigaction	old[Nkind];	/* lk: of those, what was before */
	bool	started;	/* lk */
	Channel	*wake;		/* set once */
	sem_t	sem;
	_Atomic unsigned int	pending;	/* came, and the catcher has not seen them */
	_Atomic unsigned int	todo;	/* the notetask has not seen them */
} notes = {.lk = PTHREAD_MUTEX_INITIALIZER};

/* by the kernel */
static void
signalled(int sig)
{
	unsigned int bit;
	int i, e;

	e = errno;
	for(i = 0; i < Nkind && kinds[i].sig != sig; i++)
		;
	bit = 1u << i;
	/* pairs with the catcher; only who sets it posts, so sem cannot overflow */
	if(!(atomic_fetch_or_explicit(&notes.pending, bit, memory_order_acq_rel) & bit))
		sem_post(&notes.sem);
	errno = e;
}

/*
 * What is wanted, and the dispositions to match.  All with lk.
 */

static bool
isdefault(const struct sigaction *sa)
{
	return !(sa->sa_flags & SA_SIGINFO) && sa->sa_handler == SIG_DFL;
}

static bool
isours(int i)
{
	struct sigaction sa;

	sigaction(kinds[i].sig, nil, &sa);
	return !(sa.sa_flags & SA_SIGINFO) && sa.sa_handler == signalled;
}

/* a channel hears what it was told; functions hear whatever would have its default */
static bool
heard(int i)
{
	struct sigaction sa;
	Sub *s;

	for(s = notes.sub; s != nil; s = s->next)
		if(s->want & 1u<<i)
			return true;
	if(notes.nfunc == 0)
		return false;
	if(notes.caught & 1u<<i)
		return isdefault(&notes.old[i]);
	sigaction(kinds[i].sig, nil, &sa);
	return isdefault(&sa);
}

static void
install(int i)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof sa);
	sa.sa_handler = signalled;
	sa.sa_flags = SA_RESTART|SA_ONSTACK;
	sigemptyset(&sa.sa_mask);
	sigaction(kinds[i].sig, &sa, &notes.old[i]);
	notes.caught |= 1u<<i;
}

/* if the program has set another since, that stays */
static void
restore(int i)
{
	if(isours(i))
		sigaction(kinds[i].sig, &notes.old[i], nil);
	notes.caught &= ~(1u<<i);
}

static void
update(void)
{
	bool waker, hear, want;
	int i;

	waker = false;
	for(i = 0; i < Nkind; i++){
		hear = heard(i);
		waker |= hear;
		want = hear || notes.infofd[i] > 0;
		if(want && !(notes.caught & 1u<<i))
			install(i);
		else if(!want && notes.caught & 1u<<i)
			restore(i);
	}
	/* a note that is heard may wake any task; to write a table wakes none */
	l9wakers(waker - notes.waker);
	notes.waker = waker;
}

/*
 * Delivery.
 */

/* Sent, if a channel has it, or the table was asked for */
static unsigned int
tochannels(int i, int *infofd)
{
	unsigned int sent;
	char *note;
	Sub *s;

	sent = 0;
	note = (char*)(uintptr_t)l9notename(kinds[i].sig);
	pthread_mutex_lock(&notes.lk);
	for(s = notes.sub; s != nil; s = s->next)
		if(s->want & 1u<<i){
			/* full or closed: its reader does not care to hear more */
			p9nbsendp(s->c, note);
			sent = 1u<<i;
		}
	*infofd = notes.infofd[i] - 1;
	if(*infofd >= 0)
		sent = 1u<<i;
	pthread_mutex_unlock(&notes.lk);
	return sent;
}

static void
catcher(void *v)
{
	unsigned int bits, todo;
	int i, infofd[Nkind];

	(void)v;
	l9neverproc();
	for(;;){
		while(sem_wait(&notes.sem) < 0)
			;
		bits = xchgar(&notes.pending, 0);
		todo = bits;
		for(i = 0; i < Nkind; i++)
			if(bits & 1u<<i)
				todo |= tochannels(i, &infofd[i]) << Sent;
		/* together: the notetask must not see one that was sent as one that was not */
		atomic_fetch_or_explicit(&notes.todo, todo, memory_order_release);
		/* full: the notetask is to look anyway */
		p9nbsend(notes.wake, nil);
		/* from here, since the procs may all be busy; and last, since it may take long */
		for(i = 0; i < Nkind; i++)
			if(bits & 1u<<i && infofd[i] >= 0)
				threadinfo(infofd[i]);
	}
}

static bool
tofunctions(const char *note)
{
	int (*f)(void*, char*);
	char buf[ERRMAX];
	int i;

	for(i = 0; i < Nfunc; i++){
		/* looked at anew each time: one function may take another out */
		pthread_mutex_lock(&notes.lk);
		f = notes.func[i];
		pthread_mutex_unlock(&notes.lk);
		if(f == nil)
			continue;
		/* a copy: it is the function's to change */
		strcpy(buf, note);
		if(f(nil, buf) != 0)
			return true;
	}
	return false;
}

/* as if we had not been there: the default, or what was put back meanwhile */
static void
unhandled(int i)
{
	struct sigaction sa;
	sigset_t set;

	if(kinds[i].harmless)
		return;
	pthread_mutex_lock(&notes.lk);
	if(notes.caught & 1u<<i && isours(i)){
		memset(&sa, 0, sizeof sa);
		sa.sa_handler = SIG_DFL;
		sigaction(kinds[i].sig, &sa, nil);
	}
	pthread_mutex_unlock(&notes.lk);
	sigemptyset(&set);
	sigaddset(&set, kinds[i].sig);
	pthread_sigmask(SIG_UNBLOCK, &set, nil);
	raise(kinds[i].sig);
}

/* taken before it is delivered, so that one that comes meanwhile counts.  True: there was one */
static bool
take(int i, bool *sent)
{
	unsigned int bits, old;

	bits = (1u | 1u<<Sent) << i;
	/* pairs with the catcher's */
	old = atomic_fetch_and_explicit(&notes.todo, ~bits, memory_order_acquire);
	*sent = old & 1u<<Sent<<i;
	return old & 1u<<i;
}

static void
deliver(int i, bool sent)
{
	if(!tofunctions(l9notename(kinds[i].sig)) && !sent)
		unhandled(i);
}

/* no memory just now: notes wait until there is some.  They have a proc of their own */
static void
breathe(void)
{
	static const struct timespec t = {0, 10*1000*1000};

	nanosleep(&t, nil);
}

static void	again(void*);

static void
notetask(void *v)
{
	bool sent;
	int i;

	(void)v;
	threadsetname("notes");
	while(threadcleanup(again, nil) < 0)
		breathe();
	for(;;){
		while(ldrlx(&notes.todo) != 0)
			for(i = 0; i < Nkind; i++)
				if(take(i, &sent))
					deliver(i, sent);
		chanrecv(notes.wake, nil);
	}
}

/* a function called threadexits, or somebody killed the task: the notes go on */
static void
again(void *v)
{
	while(threadcreate(notetask, v, 0) < 0)
		breathe();
}

/* with lk, the first time: whatever fails, it can be tried again.  0; -1 with errstr */
static int
start(void)
{
	Threadattr a = {.name = "notes", .group = Group, .system = 1};
	int e;

	if(notes.started)
		return 0;
	if(notes.wake == nil){
		sem_init(&notes.sem, 0, 0);
		notes.wake = chancreate(1, 1);
		if(notes.wake == nil)
			return -1;
		l9chancalled(notes.wake, "notes");
		l9chanstays(notes.wake);
		e = l9osthread(catcher, nil, Stack, 1);
		if(e != 0){
			chanfree(notes.wake);
			notes.wake = nil;
			return l9err(e, strerror(e));
		}
	}
	if(proccreatex(&a, notetask, nil) < 0)
		return -1;
	notes.started = true;
	return 0;
}

/*
 * The calls.
 */

static int
slotof(int (*f)(void*, char*))
{
	int i;

	for(i = 0; i < Nfunc; i++)
		if(notes.func[i] == f)
			return i;
	return -1;
}

static int
addfunc(int (*f)(void*, char*))
{
	int i;

	i = slotof(nil);
	if(i < 0){
		l9err(ENOMEM, "too many note functions");
		return 0;
	}
	if(start() < 0)
		return 0;
	notes.func[i] = f;
	notes.nfunc++;
	update();
	return 1;
}

static int
delfunc(int (*f)(void*, char*))
{
	int i;

	i = slotof(f);
	if(i < 0){
		l9err(ENOENT, "no such note function");
		return 0;
	}
	notes.func[i] = nil;
	notes.nfunc--;
	update();
	return 1;
}

int
threadnotify(int (*f)(void*, char*), int in)
{
	int r;

	if(f == nil)
		l9misuse("threadnotify", "nil function");
	l9self();	/* adopted now, or an error would be, with the lock */
	pthread_mutex_lock(&notes.lk);
	r = in? addfunc(f): delfunc(f);
	pthread_mutex_unlock(&notes.lk);
	return r;
}

/* nil: all.  0: not a note that a program gets */
static unsigned int
bitsof(const char *note)
{
	int i;

	if(note == nil)
		return Allkinds;
	for(i = 0; i < Nkind; i++)
		if(strcmp(l9notename(kinds[i].sig), note) == 0)
			return 1u<<i;
	return 0;
}

/* where the one of c is, or the last link */
static Sub**
subof(Channel *c)
{
	Sub **l;

	for(l = &notes.sub; *l != nil && (*l)->c != c; l = &(*l)->next)
		;
	return l;
}

static int
addchan(Channel *c, unsigned int bits)
{
	Sub **l, *s;

	if(start() < 0)
		return -1;
	l = subof(c);
	s = *l;
	if(s == nil){
		s = malloc(sizeof *s);
		if(s == nil)
			return l9err(ENOMEM, "out of memory");
		*s = (Sub){nil, c, 0};
		*l = s;
	}
	s->want |= bits;
	update();
	return 0;
}

static int
delchan(Channel *c, unsigned int bits)
{
	Sub **l, *s;

	l = subof(c);
	s = *l;
	if(s == nil || !(s->want & bits))
		return l9err(ENOENT, "channel gets no such note");
	s->want &= ~bits;
	if(s->want == 0){
		*l = s->next;
		free(s);
	}
	update();
	return 0;
}

int
notechan(Channel *c, const char *note, int in)
{
	unsigned int bits;
	int r;

	if(c == nil)
		l9misuse("notechan", "nil channel");
	bits = bitsof(note);
	if(bits == 0)
		return l9err(EINVAL, "no such note");
	l9self();
	pthread_mutex_lock(&notes.lk);
	r = in? addchan(c, bits): delchan(c, bits);
	pthread_mutex_unlock(&notes.lk);
	return r;
}

/* with lk */
static int
setinfo(unsigned int bits, int fd)
{
	int i;

	if(fd >= 0 && start() < 0)
		return -1;
	for(i = 0; i < Nkind; i++)
		if(bits & 1u<<i)
			notes.infofd[i] = fd + 1;
	update();
	return 0;
}

int
threadinfonote(const char *note, int fd)
{
	unsigned int bits;
	int r;

	bits = note == nil? 0: bitsof(note);
	if(bits == 0)
		return l9err(EINVAL, "no such note");
	if(fd >= 0 && fcntl(fd, F_GETFD) < 0)
		return l9err(errno, strerror(errno));
	l9self();
	pthread_mutex_lock(&notes.lk);
	r = setinfo(bits, fd < 0? -1: fd);
	pthread_mutex_unlock(&notes.lk);
	return r;
}

void
threadnonotes(void)
{
	Sub *s;

	pthread_mutex_lock(&notes.lk);
	memset(notes.func, 0, sizeof notes.func);
	notes.nfunc = 0;
	while((s = notes.sub) != nil){
		notes.sub = s->next;
		free(s);
	}
	update();
	pthread_mutex_unlock(&notes.lk);
}
