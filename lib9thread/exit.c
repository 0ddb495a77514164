#include <unistd.h>

#include "impl.h"

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

	if(mine)
		_exit(status);
	if(!atomic_flag_test_and_set_explicit(&begun, memory_order_relaxed)){
		mine = true;
		exit(status);
	}
	for(;;)
		l9waitword(&never, 0, INT64_MAX);
}

_Noreturn void
threadexits(const char *status)
{
	l9cur()->proc->status = statusof(status);
	l9taskend();
}

_Noreturn void
threadexitsall(const char *status)
{
	l9exit(statusof(status));
}
