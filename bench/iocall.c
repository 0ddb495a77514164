/*
 * One system call by way of an Ioproc, another OS thread: there and back.
 */
#include <unistd.h>

#include "bench.h"
#include "lib.h"
#include "os.h"

static long
nothing(va_list *arg)
{
	(void)arg;
	return getppid();
}

static void
call(Bench *b, double *v)
{
	Ioproc *io;
	int64_t t;
	long i;

	io = ioproc();
	if(io == NULL)
		fail("ioproc");
	t = wallnow();
	for(i = 0; i < b->n; i++)
		iocall(io, nothing);
	*v = (double)(wallnow() - t)/1e3/(double)b->n;
	closeioproc(io);
}

static void
twice(Bench *b, double *v, void (*over)(Bench*, double*))
{
	Bench two;

	two = *b;
	two.n *= 2;
	over(&two, v);
	*v *= 2/1e3;
}

static void
futexes(Bench *b, double *v)
{
	twice(b, v, futexover);
}

static void
spins(Bench *b, double *v)
{
	twice(b, v, spinover);
}

static const Figure fig = {"iocall", "iocall", "us wall", 0, 0};
static const Figure one = {"iocallone", "iocall, one CPU", "us wall", 0, 0};

static Bench benches[] = {
	{&fig, 1, 10000, 500, 0, 0, {{"lib9thread", call},
		{"2 futex hand-overs", futexes}, {"2 of 2000 spins, then futex", spins}}},
	{&one, 1, 10000, 500, 0, Onecpu, {{"lib9thread", call}, {"2 futex hand-overs", futexes}}},
};

int
main(int argc, char *argv[])
{
	return benchmain("iocall", benches, NELEM(benches), argc, argv);
}
