/*
 * explore: run small programs under many interleavings, each of which a seed
 * decides.
 *
 *	explore [-t] [-j workers] [-m function:how] [-n schedules] [-s seed] [program ...]
 *
 * Of each program (all of them) the schedules of n seeds (100), from `seed' (1) on.
 * -t: print each point.  -m: do the atomic operations in a function of the
 * library wrong (split: not in one step; late: seen late; blind, stale: a load
 * gives 0, or what it gave before); then it is a
 * success to fail.  The last line says how much was done, and has a hash of all:
 * the same arguments but -j give the same line.
 *
 * Each schedule is a new process.  The workers have a CPU each, since who
 * hands the turn on and who takes it never run at once.
 */
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control.h"
#include "explore.h"

typedef struct Shared Shared;

enum {
	Perprogram = 8,		/* schedules of each random program */
	Maxpoint = 200*1000,
	Toolong = 60,		/* seconds of real time, for one schedule */
	Failed = 99,		/* exit status */
};

/* what processes tell each other */
struct Shared
{
	Ran	ran;		/* of this worker's last schedule */
	bool	done;
	Ran	sum;		/* of all its schedules */
	int	n;		/* how many those are */
};

static struct {
	bool	trace;
	const char	*self;
	char	*mutation;	/* as given; nil: none */
	char	weakfn[64];
	int	weak;
	int	nworker;
	int	n;
	uint64_t	first;
} opt;

static Shared *shared;		/* this worker's, in the worker and below */
static const Program *running;
static uint64_t seed;

void
failed(const char *fmt, ...)
{
	va_list arg;

	l9controlend();
	dprintf(2, "\n%s, seed %llu: ", running->name, (unsigned long long)seed);
	va_start(arg, fmt);
	vdprintf(2, fmt, arg);
	va_end(arg);
	dprintf(2, "\n");
	hprint();
	l9controlwho();
	threadinfo(2);
	_exit(Failed);
}

static void
controlfailed(const char *why)
{
	failed("%s", why);
}

static Plan
planof(const Program *p)
{
	static const uint32_t stays[] = {0, 7, 31};
	static const uint32_t nudges[] = {0, 0, 100, 1000};
	Plan plan;
	uint64_t r;

	r = ~seed;
	plan = (Plan){
		.seed = seed,
		.priorities = choice(&r, 2) != 0,
		.nchange = 1 + (int)choice(&r, 4),
		.span = 100u << choice(&r, 5),
		.stay = stays[choice(&r, 3)],
		.nudge = nudges[choice(&r, 4)],
		.odd = choice(&r, 2) != 0,
		.maxpoint = Maxpoint,
		.trace = opt.trace,
		.failed = controlfailed,
	};
	if(p->calm)
		plan.nudge = 0;
	if(opt.mutation != nil){
		plan.weakfn = opt.weakfn;
		plan.weak = opt.weak;
	}
	return plan;
}

/* where it is meant to fail, and nobody asked for this one schedule */
static void
quiet(const Program *p)
{
	if((opt.mutation != nil || p->deadlock) && opt.n > 1 && freopen("/dev/null", "w", stderr) == nil)
		_exit(2);
}

static void
saveran(void)
{
	l9controlran(&shared->ran);
}

/* in a process of its own: one schedule of p */
static _Noreturn void
child(const Program *p)
{
	Plan plan;

	/* what is freed is no longer what it was */
	mallopt(M_PERTURB, 0x5a);
	alarm(Toolong);
	plan = planof(p);
	quiet(p);
	atexit(saveran);
	l9control(&plan);
	check(threadinit() == 0);
	p->run(seed/Perprogram);
	saveran();
	shared->done = true;
	_exit(0);
}

/* how it ended; nil: well */
static const char*
ending(const Program *p, int status)
{
	static char why[64];

	if(WIFSIGNALED(status)){
		snprintf(why, sizeof why, "signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
		return why;
	}
	if(p->deadlock)
		return WEXITSTATUS(status) == 1? nil: "no deadlock was reported";
	if(WEXITSTATUS(status) == 0 && shared->done)
		return nil;
	return WEXITSTATUS(status) == Failed? "see above": "the program ended early: a deadlock was reported?";
}

static void
sum(Ran *all, const Ran *r)
{
	all->npoint += r->npoint;
	all->nswitch += r->nswitch;
	all->hash += r->hash;		/* in any order */
}

/* one schedule; why it failed, or nil */
static const char*
schedule(const Program *p)
{
	int status;
	pid_t pid;

	memset(&shared->ran, 0, sizeof shared->ran);
	shared->done = false;
	pid = fork();
	if(pid == 0)
		child(p);
	if(pid < 0 || waitpid(pid, &status, 0) < 0){
		perror("explore: fork");
		exit(2);
	}
	shared->n++;
	sum(&shared->sum, &shared->ran);
	return ending(p, status);
}

static void
pin(int worker)
{
	cpu_set_t all, one;
	int cpu, n;

	if(sched_getaffinity(0, sizeof all, &all) < 0)
		return;
	n = worker % CPU_COUNT(&all);
	for(cpu = 0; !CPU_ISSET(cpu, &all) || n-- > 0; cpu++)
		;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof one, &one);
}

/* those of the programs' schedules that are this worker's; 1: one failed */
static int
work(int worker, int np, const Program **p)
{
	const char *why;
	int i, k;

	pin(worker);
	for(i = worker; i < opt.n; i += opt.nworker)
		for(k = 0; k < np; k++){
			running = p[k];
			seed = opt.first + (uint64_t)i;
			why = schedule(running);
			if(why == nil)
				continue;
			dprintf(1, "%s %s seed %llu: %s\n", opt.mutation != nil? "found:": "FAILED:",
				running->name, (unsigned long long)seed, why);
			dprintf(1, "	%s%s%s -n 1 -s %llu %s\n", opt.self, opt.mutation != nil? " -m ": "",
				opt.mutation != nil? opt.mutation: "", (unsigned long long)seed, running->name);
			return 1;
		}
	return 0;
}

/* all workers; how many of them failed */
static int
workall(int np, const Program **p)
{
	Shared *all;
	int i, nfail, status;

	all = mmap(nil, (size_t)opt.nworker*sizeof *all, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0);
	if(all == MAP_FAILED){
		perror("explore: mmap");
		exit(2);
	}
	fflush(stdout);
	for(i = 0; i < opt.nworker; i++){
		shared = &all[i];
		switch(fork()){
		case -1:
			perror("explore: fork");
			exit(2);
		case 0:
			exit(work(i, np, p));
		}
	}
	nfail = 0;
	for(i = 0; i < opt.nworker; i++)
		nfail += wait(&status) < 0 || status != 0;
	for(i = 1; i < opt.nworker; i++){
		all[0].n += all[i].n;
		sum(&all[0].sum, &all[i].sum);
	}
	printf("%d schedules, %llu points, %llu switches, hash %016llx\n", all[0].n, (unsigned long long)all[0].sum.npoint,
		(unsigned long long)all[0].sum.nswitch, (unsigned long long)all[0].sum.hash);
	return nfail;
}

static const Program*
find(const char *name)
{
	int i;

	for(i = 0; i < nprogram; i++)
		if(strcmp(programs[i].name, name) == 0)
			return &programs[i];
	fprintf(stderr, "explore: no program %s\n", name);
	exit(2);
}

static void
usage(void)
{
	int i;

	fprintf(stderr, "usage: explore [-t] [-j workers] [-m function:split|late|blind|stale] [-n schedules] [-s seed] [program ...]\n");
	for(i = 0; i < nprogram; i++)
		fprintf(stderr, "	%-12s %s\n", programs[i].name, programs[i].about);
	exit(2);
}

/* function:how */
static void
setmutation(char *s)
{
	static const struct { const char *name; int weak; } hows[] = {
		{"split", L9split}, {"late", L9late}, {"blind", L9blind}, {"stale", L9stale},
	};
	char *how;
	size_t i;

	opt.mutation = s;
	how = strchr(s, ':');
	if(how == nil || (size_t)(how - s) >= sizeof opt.weakfn)
		usage();
	memcpy(opt.weakfn, s, (size_t)(how - s));
	for(i = 0; i < sizeof hows/sizeof hows[0]; i++)
		if(strcmp(how + 1, hows[i].name) == 0){
			opt.weak = hows[i].weak;
			return;
		}
	usage();
}

static void
options(int argc, char *argv[])
{
	int c;

	opt.self = argv[0];
	opt.n = 100;
	opt.first = 1;
	opt.nworker = (int)sysconf(_SC_NPROCESSORS_ONLN);
	while((c = getopt(argc, argv, "tj:m:n:s:")) != -1)
		switch(c){
		case 't':
			opt.trace = true;
			break;
		case 'j':
			opt.nworker = atoi(optarg);
			break;
		case 'm':
			setmutation(optarg);
			break;
		case 'n':
			opt.n = atoi(optarg);
			break;
		case 's':
			opt.first = strtoull(optarg, nil, 10);
			break;
		default:
			usage();
		}
	if(opt.nworker < 1 || opt.n < 1)
		usage();
	if(opt.n < opt.nworker)
		opt.nworker = opt.n;
}

int
main(int argc, char *argv[])
{
	const Program **p;
	int i, np, nfail;

	options(argc, argv);
	np = argc > optind? argc - optind: nprogram;
	p = calloc((size_t)np, sizeof *p);
	if(p == nil)
		return 2;
	for(i = 0; i < np; i++)
		p[i] = argc > optind? find(argv[optind+i]): &programs[i];
	nfail = workall(np, p);
	return opt.mutation != nil? nfail == 0: nfail != 0;
}
