/*
 * A task that makes one blocking call, and what came of it:
 * for the suites on ioprocs.
 *
 * The call is made in the proc of the main task, so after one threadyield
 * it has been posted, or waits for its turn.  Jobs are not on the stack: one
 * that hangs outlives the test that failed.
 */
#ifndef JOB_H
#define JOB_H

#include "tools.h"

typedef struct Job Job;
struct Job
{
	long	(*fn)(Job*);	/* what the task does */
	Ioproc	*io;
	const char	*path;
	int	fd;
	char	*buf;
	long	n;
	_Atomic int	started;	/* an op of the test's own has begun */
	_Atomic int	release;	/* and may end */
	int64_t	look;		/* sleep so long then, to see whether an interrupt is remembered */
	int	id;		/* the task's */
	Channel	*done;
	/* the results */
	bool	over;		/* the main task's proc alone */
	long	ret;
	int	errnum;
	char	err[ERRMAX];
	bool	flag;		/* one was */
};

static void
jobmain(void *v)
{
	Job *j;

	j = v;
	j->ret = j->fn(j);
	j->errnum = errno;
	rerrstr(j->err, sizeof j->err);
	j->over = true;
	if(j->look != 0)
		j->flag = threadsleep(j->look) < 0;
	chansend(j->done, nil);
}

static Job*
jobnew(long (*fn)(Job*), Ioproc *io)
{
	Job *j;

	j = calloc(1, sizeof *j);
	assert_non_null(j);
	j->fn = fn;
	j->io = io;
	j->fd = -1;
	j->done = mkchan(1, 1);
	return j;
}

/* let it begin: it has posted its call, or waits for its turn, at return */
static void
jobstart(Job *j)
{
	j->id = threadcreate(jobmain, j, 0);
	assert_true(j->id > 0);
	threadyield();
}

/* until the op says that it has begun */
static inline void
jobstarted(Job *j)
{
	int64_t limit;

	limit = threadnow() + Patience*Second;
	while(atomic_load(&j->started) == 0){
		if(threadnow() > limit)
			fail_msg("the call was not begun in %d s", Patience);
		threadsleep(Millisecond/8);
	}
}

static void
jobwait(Job *j)
{
	mustrecv(j->done, nil);
}

static void
jobfree(Job *j)
{
	chanfree(j->done);
	free(j);
}

/* it came back as told to: result, and where that is negative, errno and string */
static inline void
assert_job(Job *j, long ret, int errnum, const char *err)
{
	jobwait(j);
	if(j->ret != ret)
		fail_msg("returned %ld, not %ld (%s)", j->ret, ret, j->err);
	if(ret < 0){
		assert_string_equal(j->err, err);
		assert_int_equal(j->errnum, errnum);
	}
}

static inline void
assert_interrupted(Job *j)
{
	assert_job(j, -1, EINTR, "interrupted");
}

#endif
