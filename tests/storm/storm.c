/*
 * To be preloaded into a test: its OS threads get a signal again and again, as
 * of a program that has a handler for it, without SA_RESTART.  System calls end
 * with EINTR for no reason that concerns the library.
 *
 * Whoever blocks the signal does not get it: the library's own OS threads.
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static _Atomic long ncaught;

static void
caught(int sig)
{
	(void)sig;
	atomic_fetch_add_explicit(&ncaught, 1, memory_order_relaxed);
}

/*
 * Not one that a suite uses, nor the library's: ioproc/helper.c.  And not a
 * real-time one: of those, all that an OS thread is sent and does not take are
 * kept, and so the user's queue fills, which others need; of this, one.
 */
enum { Stormsignal = SIGVTALRM };

static DIR *threads;	/* open all the time: suites count descriptors */

static void
sendall(void)
{
	struct dirent *e;
	int id;

	rewinddir(threads);
	while((e = readdir(threads)) != NULL){
		id = atoi(e->d_name);
		if(id > 0 && id != (int)syscall(SYS_gettid))
			syscall(SYS_tgkill, getpid(), id, Stormsignal);
	}
}

static void*
sender(void *v)
{
	static const struct timespec pause = {0, 300*1000};

	for(;;){
		sendall();
		nanosleep(&pause, NULL);
	}
	return v;
}

static void
begin(void)
{
	pthread_t t;
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_create(&t, NULL, sender, NULL);
	pthread_detach(t);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* a storm that nobody felt proves nothing: said on fd 2, where the suite's log has it */
static void
end(void)
{
	static const char none[] = "storm: no signal was caught\n";

	if(atomic_load(&ncaught) == 0 && write(2, none, sizeof none - 1) < 0){
		/* nowhere to say it */
	}
}

__attribute__((constructor)) static void
storm(void)
{
	struct sigaction sa;

	/* the suite alone, not the programs that it starts */
	unsetenv("LD_PRELOAD");
	memset(&sa, 0, sizeof sa);
	sa.sa_handler = caught;
	sigaction(Stormsignal, &sa, NULL);
	atexit(end);
	threads = opendir("/proc/self/task");
	if(threads == NULL)
		abort();
	begin();
}
