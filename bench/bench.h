/*
 * A benchmark has sides that do the same work: the library's way, a baseline
 * with none of its services, and what else is worth having beside them.  They
 * run in turn, A B A B; each run is a process of its own.  What counts is
 * the ratio, round by round.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>

typedef struct Bench Bench;
typedef struct Figure Figure;
typedef struct Side Side;

enum {
	Maxfigure = 64,
	Maxside = 8,		/* peers included */

	/* Bench.flags */
	Onecpu = 1,		/* the process may use one CPU only */
	Cold = 2,		/* no warming up: a tenth of the work first */
};

/* what one run measures */
struct Figure
{
	const char	*id;
	const char	*name;
	const char	*unit;	/* less is better */
	double	x;		/* where on a line of a chart; 0: nowhere */
	int	ref;		/* no baseline: it is that many figures back, in the same run */
};

struct Side
{
	const char	*name;
	void	(*run)(Bench*, double *v);	/* one v a figure; NAN: not measured */
};

struct Bench
{
	const Figure	*fig;
	int	nfig;
	long	n;		/* operations a run */
	long	quick;		/* with -q */
	int	arg;
	int	flags;
	Side	side[Maxside];	/* the library, which is initialized for it; the baseline; others */
};

int	benchmain(const char *subject, Bench *b, int n, int argc, char *argv[]);

/* CPU time of the process, and of the wall, in ns */
int64_t	cpunow(void);
int64_t	wallnow(void);

/* of /proc/self/status, in bytes */
double	procstatus(const char *key);

/* the p-quantile of v[0..n-1], which is left sorted */
double	quantile(double *v, long n, double p);

/* an error that ends the run */
_Noreturn void	fail(const char *what);

#define NELEM(a) ((int)(sizeof (a)/sizeof (a)[0]))

#endif
