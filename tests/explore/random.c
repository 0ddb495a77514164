/*
 * Random programs: a few tasks on a few procs, each with a few calls on a few
 * channels, and on each other.  The main task closes the channels in the end,
 * or, when all others sleep, frees them, and kills who is left.
 */
#include "explore.h"
#include "programs.h"

typedef struct Script Script;

enum {
	Maxcall = 4,		/* of a task */
};

/* what a task does */
struct Script
{
	int	n;
	Op	call[Maxcall];
	bool	yield[Maxcall];	/* before the call */
};

static struct {
	int	nchan;
	int	ntask;		/* the main one included */
	bool	free;		/* in the end, not close */
	Script	script[Maxtask];
	bool	ending;		/* no new calls: the channels go */
} prog;

static Entry
randentry(uint64_t *r)
{
	Entry e;

	e.chan = (int)choice(r, (uint32_t)prog.nchan);
	e.send = choice(r, 2) != 0;
	return e;
}

static void
randcomm(uint64_t *r, Op *o)
{
	int i;

	o->kind = Comm;
	o->nentry = 1;
	o->alt = choice(r, 3) == 0;
	if(o->alt){
		o->nentry = 1 + (int)choice(r, Maxentry);
		o->ordered = choice(r, 4) == 0;
		if(choice(r, 4) == 0)
			o->timeout = (1 + choice(r, 2))*Millisecond;
	}
	o->noblock = choice(r, 5) == 0;
	for(i = 0; i < o->nentry; i++)
		o->entry[i] = randentry(r);
	if(choice(r, 6) == 0)
		o->deadline = (1 + choice(r, 2))*Millisecond;
}

static int
randtask(uint64_t *r, int not)
{
	int i;

	i = 1 + (int)choice(r, (uint32_t)prog.ntask - 2);
	return i < not? i: i + 1;
}

/* a call of the task number i */
static Op
randop(uint64_t *r, int i)
{
	static const int rare[] = {Interrupt, Interrupt, Kill, Join, Sleep, Acquire, Release, Close};
	Op o = {.task = i};

	if(choice(r, 4) != 0){
		randcomm(r, &o);
		return o;
	}
	o.kind = rare[choice(r, sizeof rare/sizeof rare[0])];
	if(o.kind == Close)
		o.obj = (int)choice(r, (uint32_t)prog.nchan);
	else if(o.kind == Sleep)
		o.timeout = (1 + choice(r, 2))*Millisecond;
	else if(o.kind != Acquire && o.kind != Release)
		o.obj = randtask(r, i);
	return o;
}

static void
randprog(uint64_t *r)
{
	static const int nel[] = {0, 0, 0, 1, 2, CHANUNBOUNDED};
	Script *s;
	int i, k;

	prog.nchan = 1 + (int)choice(r, Maxchan - 1);
	for(i = 0; i < prog.nchan; i++)
		hchan(i, nel[choice(r, sizeof nel/sizeof nel[0])]);
	prog.ntask = 3 + (int)choice(r, 4);
	for(i = 1; i < prog.ntask; i++){
		s = &prog.script[i];
		s->n = 1 + (int)choice(r, Maxcall);
		for(k = 0; k < s->n; k++){
			s->call[k] = randop(r, i);
			s->yield[k] = choice(r, 4) == 0;
		}
	}
}

static void
task(void *v)
{
	Script *s;
	int i, k, quota;

	i = (int)(intptr_t)v;
	hbegin(i);
	quota = threadquota(1 + i%3);
	check(quota > 0);
	s = &prog.script[i];
	for(k = 0; k < s->n && !prog.ending; k++){
		if(s->yield[k])
			threadyield();
		/* not made yet: whom it is about */
		if((s->call[k].kind == Interrupt || s->call[k].kind == Kill || s->call[k].kind == Join)
		&& taskids[s->call[k].obj] == 0)
			continue;
		hdo(&s->call[k]);
	}
}

/* the task number i, on this proc, a new one, or that of another task */
static void
start(uint64_t *r, int i)
{
	Threadattr a = {.joinable = 1};
	int id, other;

	id = -1;
	switch(choice(r, 4)){
	case 0:
		id = threadcreatex(&a, task, (void*)(intptr_t)i);
		check(id > 0);
		break;
	case 1:
		other = taskids[choice(r, (uint32_t)i)];
		a.proc = other;
		if(other != 0)
			id = threadcreatex(&a, task, (void*)(intptr_t)i);
		break;
	}
	/* it may have ended meanwhile */
	if(id < 0){
		a.proc = 0;
		id = proccreatex(&a, task, (void*)(intptr_t)i);
		check(id > 0);
	}
	taskids[i] = id;
}

/* while the channels are freed */
static void
meddle(void *v)
{
	uint64_t r;
	int i;

	r = (uint64_t)(uintptr_t)v;
	for(i = 0; i < 3; i++)
		hcall(prog.ntask, choice(&r, 2) == 0? Interrupt: Kill, randtask(&r, 0));
}

static void
finish(uint64_t seed)
{
	int i;

	prog.ending = prog.free;
	if(prog.free)
		check(proccreate(meddle, (void*)(uintptr_t)seed, 0) > 0);
	for(i = 0; i < prog.nchan; i++)
		hcall(0, prog.free? Free: Close, i);
	check(threadsleep(10*Millisecond) == 0);
	for(i = 1; i < prog.ntask; i++)
		hcall(0, Kill, i);
	for(i = 1; i < prog.ntask; i++)
		hcall(0, Join, i);
	if(prog.free)
		return;
	for(i = 0; i < prog.nchan; i++){
		hdrain(i);
		chanfree(chans[i]);
	}
}

static void
run(uint64_t seed, bool free)
{
	uint64_t r;
	int i;

	r = seed;
	prog.free = free;
	randprog(&r);
	for(i = 1; i < prog.ntask; i++)
		start(&r, i);
	check(threadsleep(10*Millisecond) == 0);
	finish(seed);
	hcheck();
}

void
randomclose(uint64_t seed)
{
	run(seed, false);
}

/* to be calm: at the end all others must have begun to wait */
void
randomfree(uint64_t seed)
{
	run(seed, true);
}
