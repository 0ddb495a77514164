/*
 * The end of a task and of the program.
 */
#include <stdio.h>
#include <unistd.h>

#include "hot.h"

struct Cleanup
{
	Cleanup	*next;
	void	(*fn)(void*);
	void	*arg;
};

static int
statusof(const char *msg)
{
	return msg != nil && msg[0] != '\0';
}

/*
 * exit() is for one caller: the first runs the atexit handlers, which may
 * call it again; whoever comes meanwhile waits for the end.
 */
_Noreturn void
l9exit(int status)
{
	static atomic_flag begun;
	static _Thread_local bool mine;
	_Atomic uint32_t never = 0;

	if(mine){
		fflush(nil);
		_exit(status);
	}
	if(!atomic_flag_test_and_set_explicit(&begun, memory_order_relaxed)){
		mine = true;
		l9deadoff();
		exit(status);
	}
	for(;;)
		l9waitword(&never, 0, INT64_MAX);
}

/* what a task that ends still has to run */
void
l9runend(Task *t)
{
	Cleanup *c;

	while((c = t->cleanup) != nil){
		t->cleanup = c->next;
		c->fn(c->arg);
		free(c);
	}
	l9tprivend(t);
}

/* the running task ends; what is left is to leave it: l9taskend */
void
l9end(Task *t, const char *status)
{
	if(unlikely(t->cleanup != nil || t->priv != nil))
		l9runend(t);
	/* before anybody can see that it has ended: who ends after that says it later */
	l9setstatus(t->proc, statusof(status));
	l9joinend(t, status);
}

_Noreturn void
threadexits(const char *status)
{
	l9end(l9cur(), status);
	l9taskend();
}

/*
 * The task was killed.  Its cleanup functions are ordinary code, which may
 * block; a second kill ends the one that runs, and the rest still do.  The
 * program's exit status is not a killed task's to say.
 */
_Noreturn void
l9die(Task *t)
{
	t->holdkill = 0;
	t->deadline = INT64_MAX;
	andrlx(&t->word, ~(uint64_t)(Wordkill|Wordint));
	l9runend(t);
	l9joinend(t, "killed");
	l9taskend();
}

void
l9checkkill(Task *t)
{
	if(ldrlx(&t->word) & Wordkill && t->holdkill == 0)
		l9die(t);
}

void
l9holdkill(Task *t)
{
	t->holdkill++;
}

void
l9allowkill(Task *t)
{
	t->holdkill--;
	l9checkkill(t);
}

void
l9laterkill(Task *t)
{
	t->holdkill--;
}

_Noreturn void
threadexitsall(const char *status)
{
	l9exit(statusof(status));
}

/* t is the running task, or one of this proc that has not run yet */
int
l9cleanup(Task *t, void (*f)(void*), void *arg)
{
	Cleanup *c;

	c = malloc(sizeof *c);
	if(c == nil)
		return l9err(ENOMEM, "out of memory");
	*c = (Cleanup){t->cleanup, f, arg};
	t->cleanup = c;
	return 0;
}

int
threadcleanup(void (*f)(void*), void *arg)
{
	if(f == nil)
		l9misuse("threadcleanup", "nil function");
	return l9cleanup(l9cur(), f, arg);
}

void
threaduncleanup(int run)
{
	Cleanup *c;
	Task *t;

	t = l9cur();
	c = t->cleanup;
	if(c == nil)
		l9misuse("threaduncleanup", "nothing to undo");
	t->cleanup = c->next;
	if(run)
		c->fn(c->arg);
	free(c);
}
