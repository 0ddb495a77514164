/*
 * pool [-n workers] [limit]: how many primes there are below limit (200000),
 * found by a boss and a pool of procs.  The boss hands out ranges, and hands
 * out anew what a worker has lost: worker 0 gives up every third range.
 */
#include <u.h>
#include <libc.h>
#include <thread.h>

typedef struct Job Job;
struct Job
{
	int	n;
	ulong	from;
	ulong	to;
	ulong	count;
	int	lost;
	Job	*next;		/* of those to be done again */
};

enum { Step = 1000 };

static Channel *todo, *done;

static int
isprime(ulong n)
{
	ulong d;

	if(n < 2)
		return 0;
	for(d = 2; d*d <= n; d++)
		if(n % d == 0)
			return 0;
	return 1;
}

static void
worker(void *v)
{
	int self, n;
	ulong i;
	Job *j;

	self = (int)(uintptr)v;
	threadsetname("worker %d", self);
	for(n = 0; (j = recvp(todo)) != nil; n++){
		j->lost = self == 0 && n % 3 == 2;
		j->count = 0;
		if(!j->lost)
			for(i = j->from; i < j->to; i++)
				j->count += isprime(i);
		sendp(done, j);
	}
	sendp(done, nil);
}

void
threadmain(int argc, char *argv[])
{
	ulong limit, total;
	int i, njob, nworker, next, left, nlive;
	Job *job, *j, *give, *again;
	Alt a[3];

	nworker = 4;
	limit = 200000;
	if(argc > 2 && strcmp(argv[1], "-n") == 0){
		nworker = atoi(argv[2]);
		argc -= 2;
		argv += 2;
	}
	if(argc > 1)
		limit = strtoul(argv[1], nil, 0);
	todo = chancreate(sizeof(Job*), 0);
	done = chancreate(sizeof(Job*), 0);
	njob = (int)((limit + Step - 1)/Step);
	job = calloc((size_t)njob + 1, sizeof *job);
	if(todo == nil || done == nil || job == nil)
		sysfatal("no memory");
	for(i = 0; i < njob; i++){
		job[i].n = i;
		job[i].from = (ulong)i*Step;
		job[i].to = job[i].from + Step < limit? job[i].from + Step: limit;
	}
	for(i = 0; i < nworker; i++)
		if(proccreate(worker, (void*)(uintptr)i, 0) < 0)
			sysfatal("no worker");

	total = 0;
	next = 0;
	left = njob;
	again = nil;
	memset(a, 0, sizeof a);
	a[1].c = done;
	a[1].v = &j;
	a[1].op = CHANRCV;
	a[2].op = CHANEND;
	while(left > 0){
		give = again != nil? again: next < njob? &job[next]: nil;
		a[0].c = todo;
		a[0].v = &give;
		a[0].op = give == nil? CHANNOP: CHANSND;
		switch(alt(a)){
		case 0:
			if(give == again)
				again = again->next;
			else
				next++;
			break;
		case 1:
			if(j->lost){
				j->next = again;
				again = j;
				break;
			}
			total += j->count;
			left--;
			break;
		default:
			sysfatal("alt");
		}
	}
	chanclose(todo);
	for(nlive = nworker; nlive > 0; nlive--)
		if(recvp(done) != nil)
			sysfatal("a job too many");
	print("%lud primes below %lud, in %d ranges\n", total, limit, njob);
	for(i = 0; i < njob; i += njob/4)
		print("%lud in %lud-%lud\n", job[i].count, job[i].from, job[i].to);
	free(job);
	chanfree(todo);
	chanfree(done);
}
