#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "lib9thread.h"

enum {
	Maxrun = 99,
	Maxpeer = 4,
	Limit = 300,		/* s: a run that takes longer hangs */
	Nagain = 10,		/* a figure's rounds in all, if others disturb them, for each that counts */
	Nopeer = 3,		/* a peer's status: it has no such operation */
};

typedef struct Peer Peer;
struct Peer
{
	const char	*name;
	const char	*prog;
};

/* what was measured of one side, a figure's runs side by side */
typedef struct Result Result;
struct Result
{
	const char	*name;
	double	v[Maxfigure][Maxrun];
};

typedef struct Stat Stat;
struct Stat
{
	double	median;
	double	min;
	double	max;
};

static int nrun = 5;
static double maxothers;	/* CPUs that others may use in a round; 0: any */
static bool quick;
static FILE *table, *json;
static Peer peer[Maxpeer];
static int npeer;

void
fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	_exit(1);
}

static int64_t
now(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec*1000000000 + t.tv_nsec;
}

int64_t
cpunow(void)
{
	return now(CLOCK_PROCESS_CPUTIME_ID);
}

int64_t
wallnow(void)
{
	return now(CLOCK_MONOTONIC);
}

double
procstatus(const char *key)
{
	char line[256];
	size_t n;
	long kb;
	FILE *f;

	kb = -1;
	n = strlen(key);
	f = fopen("/proc/self/status", "re");
	if(f == NULL)
		fail("/proc/self/status");
	while(kb < 0 && fgets(line, sizeof line, f) != NULL)
		if(strncmp(line, key, n) == 0 && line[n] == ':')
			kb = strtol(line+n+1, NULL, 10);
	fclose(f);
	return kb < 0? 0: kb*1024.0;
}

static int
cmp(const void *a, const void *b)
{
	double x, y;

	x = *(const double*)a;
	y = *(const double*)b;
	return (x > y) - (x < y);
}

double
quantile(double *v, long n, double p)
{
	long i;

	qsort(v, (size_t)n, sizeof v[0], cmp);
	i = (long)(p*(double)n);
	return v[i < n? i: n-1];
}

static Stat
stat3(const double *v, int n)
{
	double s[Maxrun];
	Stat r;

	memcpy(s, v, (size_t)n*sizeof s[0]);
	r.median = quantile(s, n, 0.5);
	r.min = s[0];
	r.max = s[n-1];
	return r;
}

/*
 * How many CPUs others kept busy: the machine's busy time less ours.
 */
typedef struct Busy Busy;
struct Busy
{
	int64_t	wall;
	double	all;		/* s */
	double	own;
};

static double
used(int who)
{
	struct rusage r;

	getrusage(who, &r);
	return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec)
		+ (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec)/1e6;
}

static Busy
busynow(void)
{
	unsigned long long t[8];
	Busy b;
	FILE *f;
	int i, n;

	b.wall = wallnow();
	b.own = used(RUSAGE_SELF) + used(RUSAGE_CHILDREN);
	b.all = 0;
	f = fopen("/proc/stat", "re");
	if(f == NULL)
		return b;
	/* user nice system idle iowait irq softirq steal */
	n = fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu",
		&t[0], &t[1], &t[2], &t[3], &t[4], &t[5], &t[6], &t[7]);
	fclose(f);
	for(i = 0; i < n; i++)
		if(i != 3 && i != 4)
			b.all += (double)t[i]/(double)sysconf(_SC_CLK_TCK);
	return b;
}

static Busy
since(Busy a)
{
	Busy b;

	b = busynow();
	return (Busy){b.wall - a.wall, b.all - a.all, b.own - a.own};
}

static Busy
sum(Busy a, Busy b)
{
	return (Busy){a.wall + b.wall, a.all + b.all, a.own + b.own};
}

static double
others(Busy b)
{
	double n, t;

	t = (double)b.wall/1e9;
	if(t < 0.5 || b.all == 0)
		return NAN;		/* it is counted in ticks */
	n = (b.all - b.own)/t;
	return n > 0? n: 0;
}

/* the first CPU that we may use, alone */
static void
pin(void)
{
	cpu_set_t set;
	int i;

	if(sched_getaffinity(0, sizeof set, &set) < 0)
		fail("sched_getaffinity");
	for(i = 0; i < CPU_SETSIZE-1 && !CPU_ISSET(i, &set); i++)
		;
	CPU_ZERO(&set);
	CPU_SET(i, &set);
	if(sched_setaffinity(0, sizeof set, &set) < 0)
		fail("sched_setaffinity");
}

static _Noreturn void
child(Bench *b, int side, int fd)
{
	double v[Maxfigure];
	size_t n;
	long ops;

	alarm(Limit);
	if(b->flags & Onecpu)
		pin();
	if(side == 0 && threadinit() < 0)
		fail("threadinit");
	if(!(b->flags & Cold)){
		ops = b->n;
		b->n = ops/10 > 0? ops/10: 1;
		b->side[side].run(b, v);
		b->n = ops;
	}
	b->side[side].run(b, v);
	n = (size_t)b->nfig*sizeof v[0];
	_exit(write(fd, v, n) != (ssize_t)n);
}

static int
ended(pid_t pid)
{
	int status;

	while(waitpid(pid, &status, 0) < 0)
		if(errno != EINTR)
			return -1;
	return WIFEXITED(status)? WEXITSTATUS(status): -1;
}

/* one run of a side of ours: 0; -1 */
static int
runown(Bench *b, int side, double *v)
{
	size_t n;
	ssize_t m;
	pid_t pid;
	int fd[2];

	fflush(NULL);
	if(pipe(fd) < 0 || (pid = fork()) < 0)
		fail("fork");
	if(pid == 0)
		child(b, side, fd[1]);
	close(fd[1]);
	n = (size_t)b->nfig*sizeof v[0];
	do
		m = read(fd[0], v, n);
	while(m < 0 && errno == EINTR);
	close(fd[0]);
	return ended(pid) == 0 && m == (ssize_t)n? 0: -1;
}

/* one run of a peer: 0; -1; 1: it has no such operation */
static int
runpeer(Bench *b, Peer *p, double *v)
{
	char n[32];
	pid_t pid;
	FILE *f;
	int fd[2], i, status;

	snprintf(n, sizeof n, "%ld", b->n);
	fflush(NULL);
	if(pipe(fd) < 0 || (pid = fork()) < 0)
		fail("fork");
	if(pid == 0){
		alarm(Limit);
		if(b->flags & Onecpu)
			pin();
		if(dup2(fd[1], 1) < 0)
			fail("dup2");
		close(fd[0]);
		close(fd[1]);
		execl(p->prog, p->name, b->fig[0].id, n, (char*)NULL);
		fail(p->prog);
	}
	close(fd[1]);
	f = fdopen(fd[0], "r");
	if(f == NULL)
		fail("fdopen");
	for(i = 0; i < b->nfig && fscanf(f, "%lf", &v[i]) == 1; i++)
		;
	fclose(f);
	status = ended(pid);
	if(status == Nopeer)
		return 1;
	return status == 0 && i == b->nfig? 0: -1;
}

/* a number as wide as it is worth */
static const char*
num(char *buf, size_t n, double v)
{
	snprintf(buf, n, "%.*f", v < 10? 2: v < 1000? 1: 0, v);
	return buf;
}

static void
put3(Stat s, int width)
{
	char a[32], b[32], c[32];

	fprintf(table, " %*s %*s %*s", width, num(a, sizeof a, s.median),
		width, num(b, sizeof b, s.min), width, num(c, sizeof c, s.max));
}

static void
blank3(int width)
{
	fprintf(table, " %*s", 3*width + 2, "");
}

static void
header(const char *subject)
{
	fprintf(table, "\n%s: %d runs, median min max\n", subject, nrun);
	fprintf(table, "%-44s %-7s %29s | %29s | %23s | %6s\n", "", "", "lib9thread", "baseline or peer", "ratio", "others");
}

static void
jstat(const char *key, Stat s)
{
	fprintf(json, "\"%s\":{\"median\":%.6g,\"min\":%.6g,\"max\":%.6g}", key, s.median, s.min, s.max);
}

static void
jside(const char *name, const double *v)
{
	int i;

	fprintf(json, "{\"name\":\"%s\",", name);
	jstat("figure", stat3(v, nrun));
	fprintf(json, ",\"all\":[");
	for(i = 0; i < nrun; i++)
		fprintf(json, "%s%.6g", i > 0? ",": "", v[i]);
	fprintf(json, "]");
}

static Stat
ratio(const double *a, const double *b)
{
	double r[Maxrun];
	int i;

	for(i = 0; i < nrun; i++)
		r[i] = b[i] > 0? a[i]/b[i]: 0;
	return stat3(r, nrun);
}

/* a figure's line in the table and in the JSON, beside its n others */
static void
report(const char *subject, Bench *b, int fig, const double *lib,
	const char *name[], const double *v[], int n, double busy)
{
	const Figure *f;
	char cpus[32];
	Stat r;
	int i;

	f = &b->fig[fig];
	if(isnan(busy))
		strcpy(cpus, "-");
	else
		snprintf(cpus, sizeof cpus, "%.2f", busy);
	fprintf(table, "%-44s %-7s", f->name, f->unit);
	put3(stat3(lib, nrun), 9);
	if(n == 0)
		fprintf(table, " | %29s | %23s | %6s\n", "", "", cpus);
	fprintf(json, "{\"subject\":\"%s\",\"id\":\"%s\",\"name\":\"%s\",\"unit\":\"%s\",\"n\":%ld,\"others\":%s",
		subject, f->id, f->name, f->unit, b->n, isnan(busy)? "null": cpus);
	if(f->x > 0)
		fprintf(json, ",\"x\":%g", f->x);
	fprintf(json, ",\"sides\":[");
	jside("lib9thread", lib);
	fprintf(json, "}");
	for(i = 0; i < n; i++){
		r = ratio(lib, v[i]);
		if(i > 0){
			fprintf(table, "%-44s %-7s", "", "");
			blank3(9);
		}
		fprintf(table, " |");
		put3(stat3(v[i], nrun), 9);
		fprintf(table, " |");
		put3(r, 7);
		fprintf(table, " | %6s  %s\n", i == 0? cpus: "", name[i]);
		fprintf(json, ",");
		jside(name[i], v[i]);
		fprintf(json, ",");
		jstat("ratio", r);
		fprintf(json, "}");
	}
	fprintf(json, "]}\n");
	fflush(table);
	fflush(json);
}

/* one run of each side, in turn, their figures in res as of that round.  The sides that gave some; -1 */
static int
turn(Bench *b, Result *res, int nside, bool *absent, int round)
{
	double v[Maxfigure];
	int i, j, k;

	k = 0;
	for(i = 0; i < nside + npeer; i++){
		if(i < nside){
			if(runown(b, i, v) < 0){
				fprintf(stderr, "%s: %s failed\n", b->fig[0].id, b->side[i].name);
				return -1;
			}
		}else if(!absent[i-nside]){
			switch(runpeer(b, &peer[i-nside], v)){
			case -1:
				fprintf(stderr, "%s: %s failed\n", b->fig[0].id, peer[i-nside].name);
				return -1;
			case 1:
				absent[i-nside] = true;
				continue;
			}
			res[k].name = peer[i-nside].name;
		}else
			continue;
		for(j = 0; j < b->nfig; j++)
			res[k].v[j][round] = v[j];
		k++;
	}
	return k;
}

/* others did not disturb a round in which the machine was that busy, or we ask for no better */
static bool
calm(Busy b, int ntry)
{
	return maxothers == 0 || !(others(b) > maxothers) || ntry > (Nagain - 1)*nrun;
}

/*
 * All rounds that count, and how busy the machine was in them; where others disturb
 * one, all of its sides run again.  The sides that gave figures; -1
 */
static int
measure(Bench *b, Result *res, Busy *busy)
{
	bool absent[Maxpeer] = {false};
	Busy before, it;
	int k, nside, ntry, round;

	for(nside = 0; nside < Maxside && b->side[nside].run != NULL; nside++)
		res[nside].name = b->side[nside].name;
	*busy = (Busy){0, 0, 0};
	k = 0;
	round = 0;
	for(ntry = 1; round < nrun; ntry++){
		before = busynow();
		k = turn(b, res, nside, absent, round);
		if(k < 0)
			return -1;
		it = since(before);
		if(calm(it, ntry)){
			*busy = sum(*busy, it);
			round++;
		}
	}
	return k;
}

static int
run(const char *subject, Bench *b)
{
	static Result res[Maxside + Maxpeer];
	const char *name[Maxside + Maxpeer];
	const double *v[Maxside + Maxpeer];
	char at[32];
	Busy busy;
	int i, j, n;

	if(quick)
		b->n = b->quick;
	n = measure(b, res, &busy);
	if(n < 0)
		return -1;
	for(j = 0; j < b->nfig; j++){
		if(isnan(res[0].v[j][0]))
			continue;
		for(i = 1; i < n; i++){
			name[i-1] = res[i].name;
			v[i-1] = res[i].v[j];
		}
		if(b->fig[j].ref > 0){
			snprintf(at, sizeof at, "at %g", b->fig[j - b->fig[j].ref].x);
			name[0] = at;
			v[0] = res[0].v[j - b->fig[j].ref];
			report(subject, b, j, res[0].v[j], name, v, 1, others(busy));
		}else
			report(subject, b, j, res[0].v[j], name, v, n-1, others(busy));
	}
	return 0;
}

static bool
chosen(Bench *b, int n, char *word[])
{
	int i;

	for(i = 0; i < n; i++)
		if(strncmp(b->fig[0].id, word[i], strlen(word[i])) == 0)
			return true;
	return n == 0;
}

static _Noreturn void
usage(const char *prog)
{
	fprintf(stderr, "usage: %s [-jq] [-o file] [-r runs] [-s CPUs] [-p peer=program] [id ...]\n", prog);
	exit(2);
}

static FILE*
output(const char *file)
{
	FILE *f;

	f = fopen(file, "we");
	if(f == NULL)
		fail(file);
	return f;
}

static void
addpeer(char *arg, const char *prog)
{
	char *s;

	s = strchr(arg, '=');
	if(s == NULL || npeer == Maxpeer)
		usage(prog);
	*s++ = '\0';
	peer[npeer].name = arg;
	peer[npeer++].prog = s;
}

int
benchmain(const char *subject, Bench *b, int n, int argc, char *argv[])
{
	int c, i, failed;

	while((c = getopt(argc, argv, "jo:p:qr:s:")) != -1)
		switch(c){
		case 'j':
			json = stdout;
			break;
		case 'o':
			json = output(optarg);
			break;
		case 'p':
			addpeer(optarg, argv[0]);
			break;
		case 'q':
			quick = true;
			nrun = 1;
			break;
		case 'r':
			nrun = atoi(optarg);
			if(nrun < 1 || nrun > Maxrun)
				usage(argv[0]);
			break;
		case 's':
			maxothers = atof(optarg);
			if(maxothers <= 0)
				usage(argv[0]);
			break;
		default:
			usage(argv[0]);
		}
	table = json == stdout? output("/dev/null"): stdout;
	if(json == NULL)
		json = output("/dev/null");
	header(subject);
	failed = 0;
	for(i = 0; i < n; i++)
		if(chosen(&b[i], argc-optind, argv+optind) && run(subject, &b[i]) < 0)
			failed = 1;
	if(fclose(table) != 0 || (json != stdout && fclose(json) != 0))
		fail("output");
	return failed;
}
