/*
 * Helpers: OS threads that make blocking calls for tasks, one call at a time.
 *
 * h->lk guards the hand-over.  A call is the helper's from the moment it is
 * posted; the caller gets it back when done is set.  The helper sets done and
 * claims the caller under the lock, so a caller that was woken by an
 * interrupt instead looks under the lock and either finds the results or
 * cancels and waits on: the record never goes while the helper may touch it.
 *
 * Interrupting.  cancel is set, then a signal sent whose handler does nothing
 * but end a system call.  One that comes just before the system call is
 * lost, and no look at cancel can close that window from outside; so
 * the timer proc sends it again, after 1 ms, 2 ms ..., until the helper has
 * left the call.  A helper that has been sent a signal looks that none is left
 * before it takes the next call: no interrupt hits a later call.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "helper.h"

enum {
	Stack = 256*1024,
	Firstagain = 1000*1000,		/* ns until the signal is sent again, doubled each time */
	Lastagain = 64*Firstagain,
};

#define Keep	(5*Second)	/* without a call: then a helper that is nobody's ends */

static _Thread_local Helper *self;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/*
 * Linux has a signal that nothing raises.  A real-time signal, which belongs to
 * nobody either, Linux refuses to send when the user has RLIMIT_SIGPENDING of
 * them queued, and the call could not be interrupted.  Elsewhere it must do;
 * not the very last, which emulators keep.
 */
static int
intsignal(void)
{
#ifdef SIGSTKFLT
	return SIGSTKFLT;
#else
	return SIGRTMAX - 3;
#endif
}

/* that it was called has ended the system call */
static void
caught(int sig)
{
	(void)sig;
}

static void
install(void)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof sa);
	sa.sa_handler = caught;		/* without SA_RESTART: system calls end with EINTR */
	sigemptyset(&sa.sa_mask);
	sigaction(intsignal(), &sa, nil);
}

/* with h->lk and h->running: the helper cannot leave, nor its OS thread end */
static void
kick(Helper *h)
{
	if(pthread_kill(h->thread, intsignal()) == 0)
		h->sent = true;
}

/* by the timer proc, with its heap's lock: the signal may have come too early */
static int64_t
kickagain(Sleeper *s, int64_t now)
{
	Helper *h;
	bool need;

	h = (Helper*)(void*)((char*)s - offsetof(Helper, sleeper));
	l9lock(&h->lk);
	need = h->call != nil && h->call->cancel;
	if(need && h->running)
		kick(h);
	h->again = need;
	l9unlock(&h->lk);
	if(!need)
		return INT64_MAX;
	h->delay = h->delay < Lastagain? 2*h->delay: Lastagain;
	return now + h->delay;
}

/* with h->lk.  True: armagain must follow, without it */
static bool
cancel(Helper *h)
{
	if(h->call->cancel)
		return false;
	h->call->cancel = true;
	if(h->running)
		kick(h);
	if(h->again)
		return false;
	h->again = true;
	return true;
}

/* h->again was just set by us, who keep h from going: nobody else touches the sleeper */
static void
armagain(Helper *h)
{
	h->delay = Firstagain;
	h->sleeper.when = l9nsec() + Firstagain;
	h->sleeper.fire = kickagain;
	l9timer->arm(&h->sleeper);	/* cannot fail: pool.c started the timer proc */
}

bool
l9iocancelled(void)
{
	bool yes;

	if(self == nil)
		return false;
	l9lock(&self->lk);
	yes = self->call->cancel;
	l9unlock(&self->lk);
	return yes;
}

long
l9iosofar(long done)
{
	if(done == 0)
		return -1;
	if(self != nil)
		self->call->part = true;
	return done;
}

/* in the helper: make the call; the results go into c */
static void
run(Call *c)
{
	l9errput(0, "");
	c->ret = c->op(&c->arg);
	l9errget(&c->errnum, c->errstr);
	if(l9callfailed(c) && c->errnum == EINTR)
		strcpy(c->errstr, "interrupted");
}

void
l9callfailwhy(Call *c, int why)
{
	c->ret = -1;
	l9errwhy(why);
	l9errget(&c->errnum, c->errstr);
}

void
l9callfail(Call *c, int e, const char *msg)
{
	c->ret = -1;
	c->errnum = e;
	strcpy(c->errstr, msg);
}

/*
 * No more signals can be sent, since running is false.  Those that were have
 * been delivered, or are pending for this OS thread and taken here.
 */
static void
consume(void)
{
	static const struct timespec now = {0, 0};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, intsignal());
	while(sigtimedwait(&set, nil, &now) >= 0 || errno == EINTR)
		;
}

static void
serve(Helper *h)
{
	Call *c;
	Task *t;
	bool sent, won;

	l9lock(&h->lk);
	c = h->call;
	h->running = !c->cancel;
	l9unlock(&h->lk);
	if(h->running)
		run(c);
	else
		l9callfail(c, EINTR, "interrupted");
	l9lock(&h->lk);
	h->running = false;
	sent = h->sent;
	h->sent = false;
	l9unlock(&h->lk);
	if(sent)
		consume();

	t = c->task;
	l9lock(&h->lk);
	h->call = nil;
	c->done = true;
	won = l9claim(t);
	if(won)
		l9setwhy(t, Wdone);
	l9unlock(&h->lk);
	/* c is the caller's again */
	if(won)
		l9ready(t);
}

/*
 * Until a call is posted.  False: none came for long, and h is nobody's.  One
 * that an Ioproc keeps looks less and less often.
 */
static bool
await(Helper *h)
{
	int64_t keep, until;

	keep = Keep;
	until = l9nsec() + keep;
	/* acquire pairs with post */
	while(xchgacq(&h->posted, 0) == 0){
		l9waitword(&h->posted, 0, until);
		if(l9nsec() < until)
			continue;
		if(l9poolleave(h))
			return false;
		keep *= 2;
		until = l9nsec() + keep;
	}
	return true;
}

static void
helpermain(void *v)
{
	Helper *h;
	sigset_t set;

	h = v;
	self = h;
	h->thread = pthread_self();
	sigemptyset(&set);
	sigaddset(&set, intsignal());
	pthread_sigmask(SIG_UNBLOCK, &set, nil);
	while(await(h))
		serve(h);
	/* the last call's interrupt may have left it there; who armed it did so before the call was over */
	l9timer->disarm(&h->sleeper);
	self = nil;
	free(h);
}

int
l9helpernew(Helper **hp)
{
	Helper *h;
	int e;

	pthread_once(&once, install);
	h = calloc(1, sizeof *h);
	if(h == nil)
		return ENOMEM;
	e = l9osthread(helpermain, h, Stack, 1);
	if(e != 0)
		free(h);
	else
		*hp = h;
	return e;
}

/* interrupt the call that is being made, if one is */
void
l9helperint(Helper *h)
{
	bool arm;

	l9lock(&h->lk);
	arm = h->call != nil && cancel(h);
	l9unlock(&h->lk);
	if(arm)
		armagain(h);
}

/* as l9helperint, and no call that is not yet posted is made */
void
l9helperclose(Helper *h)
{
	l9lock(&h->lk);
	h->refuse = true;
	l9unlock(&h->lk);
	l9helperint(h);
}

/*
 * The caller's wait was ended by an interrupt: pass it on, and wait until the
 * helper has let go of c, however long that takes.
 */
static void
waitout(Helper *h, Call *c)
{
	bool arm, done;

	arm = false;
	l9lock(&h->lk);
	done = c->done;
	if(!done){
		arm = cancel(h);
		l9waitbegin(c->task, Waitnoint|Waitnokill);
	}
	l9unlock(&h->lk);
	if(arm)
		armagain(h);
	if(!done)
		l9wait(c->task);
}

/* have h, which is idle, make call c, and fill in its results */
void
l9helpercall(Helper *h, Call *c)
{
	Task *t;
	long ret;
	int why;

	t = l9self();
	c->task = t;
	c->cancel = false;
	c->done = false;
	l9lock(&h->lk);
	if(h->refuse){
		l9unlock(&h->lk);
		l9callfail(c, EPIPE, "ioproc closed");
		return;
	}
	why = l9waitbegin(t, Waitint);
	if(why != 0){
		l9unlock(&h->lk);
		l9callfailwhy(c, why);
		return;
	}
	if(c->fd >= 0)
		l9waitingfor(t, c->what, "fd %d", c->fd);
	else if(c->name != nil)
		l9waitingfor(t, c->what, "%s", c->name);
	else
		l9waitingfor(t, c->what, nil);
	h->call = c;
	l9unlock(&h->lk);
	l9wakers(1);
	/* release: the helper finds h->call */
	strel(&h->posted, 1);
	l9wakeword(&h->posted);
	why = l9wait(t);
	if(why != Wdone)
		waitout(h, c);
	l9wakers(-1);
	if(why == Wdone)
		return;
	ret = c->ret;
	if(l9callfailed(c) && c->errnum == EINTR){
		l9callfailwhy(c, why);
		c->ret = ret;
	}
	/* what the call did before it, or without it, counts: then an interrupt is for the next */
	if(why == Wintr && (ret >= 0 || c->errnum != EINTR))
		l9intagain(t);
}
