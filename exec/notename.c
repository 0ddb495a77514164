#include <signal.h>
#include <stddef.h>

#include "execimpl.h"

/* plan9port's, which are Plan 9's where that has one */
static const struct {
	int	sig;
	const char	*name;
} names[] = {
	{SIGHUP, "hangup"},
	{SIGINT, "interrupt"},
	{SIGQUIT, "quit"},
	{SIGILL, "sys: illegal instruction"},
	{SIGTRAP, "sys: breakpoint"},
	{SIGABRT, "sys: abort"},
	{SIGFPE, "sys: fp: trap"},
	{SIGKILL, "sys: kill"},
	{SIGBUS, "sys: bus error"},
	{SIGSEGV, "sys: segmentation violation"},
	{SIGALRM, "alarm"},
	{SIGTERM, "kill"},
	{SIGURG, "sys: urgent condition on socket"},
	{SIGSTOP, "sys: stop"},
	{SIGTSTP, "sys: tstp"},
	{SIGCONT, "sys: cont"},
	{SIGCHLD, "sys: child"},
	{SIGTTIN, "sys: ttin"},
	{SIGTTOU, "sys: ttou"},
	{SIGIO, "sys: i/o possible on fd"},
	{SIGXCPU, "sys: cpu time limit exceeded"},
	{SIGXFSZ, "sys: file size limit exceeded"},
	{SIGVTALRM, "sys: virtual time alarm"},
	{SIGPROF, "sys: profiling timer alarm"},
	{SIGWINCH, "sys: window size change"},
	{SIGUSR1, "sys: usr1"},
	{SIGUSR2, "sys: usr2"},
	{SIGPIPE, "sys: write on closed pipe"},
	{SIGSYS, "sys: bad sys call"},
};

const char*
l9notename(int sig)
{
	size_t i;

	for(i = 0; i < sizeof names/sizeof names[0]; i++)
		if(names[i].sig == sig)
			return names[i].name;
	return nil;
}
