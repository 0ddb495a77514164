/*
 * Notes, which are signals here: p9proc(3).
 *
 * A handler runs in signal context, on the alternate stack if the proc has
 * one.  noted leaves it by longjmp, to where the signal came in: it does not
 * return, and the mask is put back by the return from the handler.
 * threadnotify(3) has its functions on a thread instead, and the same notes.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "p9impl.h"

static const struct {
	int	sig;
	const char	*note;
} notes[] = {
	{SIGHUP, "hangup"},
	{SIGINT, "interrupt"},
	{SIGQUIT, "quit"},
	{SIGTERM, "kill"},
	{SIGALRM, "alarm"},
	{SIGPIPE, "sys: write on closed pipe"},
	{SIGUSR1, "sys: usr1"},
	{SIGUSR2, "sys: usr2"},
};

enum {
	Nnote = sizeof notes/sizeof notes[0],
	Unnoted = 2,		/* the function returned */
};

/* a handler that runs; a second signal may come in meanwhile */
typedef struct Noting Noting;
struct Noting
{
	jmp_buf	out;
	Noting	*outer;
};

static _Thread_local Noting *noting;
static void (*_Atomic handler)(void*, char*);	/* rel in p9notify, acq in catch */

static const char*
noteof(int sig)
{
	int i;

	for(i = 0; i < Nnote; i++)
		if(notes[i].sig == sig)
			return notes[i].note;
	return "sys: signal";
}

/* what the program would have died of */
static void
bydefault(int sig)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof sa);
	sa.sa_handler = SIG_DFL;
	sigemptyset(&sa.sa_mask);
	sigaction(sig, &sa, nil);
	raise(sig);	/* comes in once we return */
}

static void
catch(int sig)
{
	char msg[64];
	void (*f)(void*, char*);
	Noting n;
	int e, how;

	f = ldacq(&handler);
	if(f == nil)
		return;
	e = errno;
	n.outer = noting;
	noting = &n;
	how = setjmp(n.out);
	if(how == 0){
		p9strecpy(msg, msg + sizeof msg, noteof(sig));
		f(nil, msg);
		how = 1 + Unnoted;
	}
	noting = n.outer;
	if(how != 1 + NCONT)
		bydefault(sig);
	errno = e;
}

int
p9notify(void (*f)(void*, char*))
{
	struct sigaction sa;
	int i;

	memset(&sa, 0, sizeof sa);
	sa.sa_handler = f != nil? catch: SIG_DFL;
	sa.sa_flags = SA_ONSTACK;	/* not SA_RESTART: a note ends a system call */
	sigemptyset(&sa.sa_mask);
	if(f != nil)
		strel(&handler, f);
	for(i = 0; i < Nnote; i++)
		if(sigaction(notes[i].sig, &sa, nil) < 0)
			return -1;
	if(f == nil)
		strel(&handler, nil);
	return 0;
}

int
p9noted(int how)
{
	if(noting == nil)
		return l9err(EINVAL, "no note");
	if(how != NCONT && how != NDFLT)
		return l9err(EINVAL, "bad argument of noted");
	longjmp(noting->out, 1 + how);
}

int
p9postnote(int who, int pid, const char *note)
{
	int i;

	if(pid <= 0 || (who != PNPROC && who != PNGROUP))
		return l9err(EINVAL, "bad argument of postnote");
	for(i = 0; i < Nnote; i++)
		if(strcmp(notes[i].note, note) == 0)
			break;
	if(i == Nnote)
		return l9err(EINVAL, "unknown note");
	if(who == PNPROC)
		return kill(pid, notes[i].sig);
	pid = getpgid(pid);
	return pid < 0? -1: killpg(pid, notes[i].sig);
}
