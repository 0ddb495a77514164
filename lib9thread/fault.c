/*
 * A task that runs off its stack touches the guard below it.  Say so, in
 * one line, and let the fault take its usual course.
 */
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "impl.h"

enum {
	Altstack = 64*1024,	/* a signal frame is some 12 KiB with AMX; the next handler in line may want more */
};

static struct sigaction oldsegv, oldbus;

/* async-signal-safe, unlike printf */
static char*
puts_(char *p, char *end, const char *s)
{
	while(*s != '\0' && p < end)
		*p++ = *s++;
	return p;
}

static char*
putu(char *p, char *end, uint64_t u)
{
	char d[24];
	int n;

	n = 0;
	do
		d[n++] = (char)('0' + u%10);
	while((u /= 10) != 0);
	while(n > 0 && p < end)
		*p++ = d[--n];
	return p;
}

static void
report(Task *t)
{
	char buf[200], *p, *end;

	p = buf;
	end = buf + sizeof buf - 1;
	p = puts_(p, end, "lib9thread: thread ");
	p = putu(p, end, ldrlx(&t->word)>>32);
	if(t->name[0] != '\0'){
		p = puts_(p, end, " (");
		p = puts_(p, end, t->name);
		p = puts_(p, end, ")");
	}
	p = puts_(p, end, " overflowed its stack of ");
	p = putu(p, end, t->slot - t->guard);
	p = puts_(p, end, " bytes");
	*p++ = '\n';
	if(write(2, buf, (size_t)(p - buf)) < 0){
		/* nowhere to say it */
	}
}

/* the task whose guard the fault hit, or nil */
static Task*
overflowed(siginfo_t *si)
{
	Task *t;
	uintptr_t a, base;

	t = l9proc != nil? l9proc->cur: nil;
	if(si->si_code <= 0 || t == nil || t == &l9proc->self)
		return nil;
	a = (uintptr_t)si->si_addr;
	base = (uintptr_t)t->stack;
	return a >= base && a < base + t->guard? t: nil;
}

/* with the mask that it asked for; the kernel restores ours on return */
static void
callhandler(struct sigaction *sa, int sig, siginfo_t *si, void *uc)
{
	pthread_sigmask(SIG_BLOCK, &sa->sa_mask, nil);
	if(sa->sa_flags & SA_SIGINFO)
		sa->sa_sigaction(sig, si, uc);
	else
		sa->sa_handler(sig);
}

/*
 * Whoever handled the signal before does so again.  A handler is called, and
 * may mend what was wrong: the next overflow is reported all the same.  Else
 * put back what was, and the instruction faults once more when this returns,
 * so that a core shows the culprit.  A signal that somebody sent does not
 * come again by itself.
 */
static void
fault(int sig, siginfo_t *si, void *uc)
{
	struct sigaction *old;
	Task *t;
	int e;

	e = errno;
	old = sig == SIGSEGV? &oldsegv: &oldbus;
	t = overflowed(si);
	if(t != nil)
		report(t);
	if(old->sa_flags & SA_SIGINFO || (old->sa_handler != SIG_DFL && old->sa_handler != SIG_IGN))
		callhandler(old, sig, si, uc);
	else{
		sigaction(sig, old, nil);
		if(si->si_code <= 0)
			raise(sig);
	}
	errno = e;
}

void
l9faultinit(void)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof sa);
	sa.sa_sigaction = fault;
	sa.sa_flags = SA_SIGINFO|SA_ONSTACK;
	sigemptyset(&sa.sa_mask);
	sigaction(SIGSEGV, &sa, &oldsegv);
	sigaction(SIGBUS, &sa, &oldbus);
}

/*
 * A stack for signals, since the one that overflowed has no room: for each
 * OS thread that runs tasks on stacks of ours and has none.
 */
int
l9altstack(Proc *p)
{
	stack_t ss;

	if(sigaltstack(nil, &ss) < 0 || !(ss.ss_flags & SS_DISABLE))
		return 0;
	p->altstack = l9memmap(Altstack);
	if(p->altstack == nil)
		return -1;
	ss = (stack_t){.ss_sp = p->altstack, .ss_size = Altstack};
	return sigaltstack(&ss, nil);
}

void
l9altstackfree(Proc *p)
{
	stack_t ss;

	if(p->altstack == nil)
		return;
	ss = (stack_t){.ss_flags = SS_DISABLE, .ss_size = Altstack};
	sigaltstack(&ss, nil);
	l9memunmap(p->altstack, Altstack);
	p->altstack = nil;
}
