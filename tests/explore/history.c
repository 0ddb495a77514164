#include <stdio.h>
#include <string.h>

#include "control.h"
#include "explore.h"

Op ops[Maxop];
int nop;
int events[2*Maxop];
int nevent;
int nelof[Maxchan];
Channel *chans[Maxchan];
int taskids[Maxtask];

static Sema sema;

void
hchan(int i, int nel)
{
	nelof[i] = nel;
	chans[i] = chancreate(sizeof(unsigned long), nel);
	check(chans[i] != nil);
}

unsigned long
hvalue(int i, int e)
{
	return (unsigned long)(i*Maxentry + e + 1);
}

static Op*
begin(const Op *op)
{
	Op *o;

	check(nop < Maxop);
	o = &ops[nop++];
	*o = *op;
	o->out = Unknown;
	events[nevent++] = (int)(o - ops);
	return o;
}

static Op*
end(Op *o, int out)
{
	o->out = out;
	o->at = threadnow();
	l9controlnote((uint64_t)(o - ops)<<32 | (uint64_t)out<<16 | o->got);
	events[nevent++] = ~(int)(o - ops);
	return o;
}

static int
outof(const char *err)
{
	static const struct {
		const char	*err;
		int	out;
	} tab[] = {
		{"channel closed", Closed},
		{"channel freed", Freed},
		{"interrupted", Interrupted},
		{"deadline", Deadline},
		{"no such thread", Nosuch},
	};
	size_t i;

	for(i = 0; i < sizeof tab/sizeof tab[0]; i++)
		if(strcmp(err, tab[i].err) == 0)
			return tab[i].out;
	failed("unexpected error: %s", err);
}

/* of a call that returned r */
static int
result(int r)
{
	char err[ERRMAX];

	if(r > 0)
		return Done;
	if(r == 0)
		return Wouldblock;
	rerrstr(err, sizeof err);
	return outof(err);
}

static int
result0(int r)
{
	return r == 0? Done: result(r);
}

/* one entry, and no alt */
static int
commone(Op *o, unsigned long *v)
{
	Channel *c;

	c = chans[o->entry[0].chan];
	o->index = 0;
	if(o->noblock)
		return result(o->entry[0].send? p9nbsend(c, v): p9nbrecv(c, v));
	return result(o->entry[0].send? chansend(c, v): chanrecv(c, v));
}

static int
commalt(Op *o, unsigned long *v)
{
	Alt a[Maxentry+2];
	int64_t when;
	int i, n;

	when = o->begun + o->timeout;
	for(n = 0; n < o->nentry; n++)
		a[n] = (Alt){chans[o->entry[n].chan], &v[n], o->entry[n].send? CHANSND: CHANRCV, nil};
	if(o->timeout != 0)
		a[n++] = (Alt){nil, &when, CHANTIMEOUT, nil};
	a[n] = (Alt){nil, nil, o->noblock? CHANNOBLK: CHANEND, nil};
	i = o->ordered? altordered(a): p9alt(a);
	o->index = i;
	if(i < 0)
		return result(i);
	if(i >= o->nentry)
		return a[i].op == CHANTIMEOUT? Timeout: Wouldblock;
	return a[i].err == nil? Done: outof(a[i].err);
}

static int
comm(Op *o)
{
	unsigned long v[Maxentry];
	int i, out;

	for(i = 0; i < o->nentry; i++)
		v[i] = o->entry[i].send? hvalue((int)(o - ops), i): 0;
	out = o->alt? commalt(o, v): commone(o, v);
	if(out == Done)
		o->got = v[o->index];
	return out;
}

static int
join(int id)
{
	char status[ERRMAX];
	int out;

	out = result0(threadjoin(id, status, sizeof status));
	if(out == Done && status[0] != '\0')
		check(strcmp(status, "killed") == 0);
	return out;
}

static int
call(Op *o)
{
	switch(o->kind){
	case Comm:
		return comm(o);
	case Close:
		return result0(chanclose(chans[o->obj]));
	case Free:
		chanfree(chans[o->obj]);
		return Done;
	case Interrupt:
		return result0(threadint(taskids[o->obj]));
	case Kill:
		return result0(threadkill(taskids[o->obj]));
	case Join:
		return join(taskids[o->obj]);
	case Sleep:
		return result0(threadsleepuntil(o->begun + o->timeout));
	case Acquire:
		return result0(semacquire(&sema));
	case Release:
		semrelease(&sema, 1);
		return Done;
	}
	failed("op %d is none", o->kind);
}

Op*
hdo(const Op *op)
{
	Op *o;
	int64_t old;
	int out;

	o = begin(op);
	o->begun = threadnow();
	if(o->deadline == 0)
		return end(o, call(o));
	old = threaddeadline(o->begun + o->deadline);
	out = call(o);
	threadundeadline(old);
	return end(o, out);
}

Op*
hsend(int task, int chan)
{
	Op o = {.kind = Comm, .task = task, .nentry = 1, .entry[0] = {true, chan}};

	return hdo(&o);
}

Op*
hrecv(int task, int chan)
{
	Op o = {.kind = Comm, .task = task, .nentry = 1, .entry[0] = {false, chan}};

	return hdo(&o);
}

Op*
hcall(int task, int kind, int obj)
{
	Op o = {.kind = kind, .task = task, .obj = obj};

	return hdo(&o);
}

static void
ending(void *v)
{
	Op o = {.kind = End, .task = (int)(intptr_t)v};

	begin(&o);
}

void
hbegin(int i)
{
	check(threadcleanup(ending, (void*)(intptr_t)i) == 0);
}

Op*
halt(int task, int nentry, const Entry *entry)
{
	Op o = {.kind = Comm, .task = task, .alt = true, .nentry = nentry};

	memcpy(o.entry, entry, (size_t)nentry*sizeof entry[0]);
	return hdo(&o);
}

static void (*bodies[Maxtask])(int);

static void
taskmain(void *v)
{
	int i;

	i = (int)(intptr_t)v;
	hbegin(i);
	bodies[i](i);
}

void
hstart(int i, int at, void (*f)(int))
{
	Threadattr a = {.joinable = 1};

	bodies[i] = f;
	taskids[i] = -1;
	if(at != i){
		a.proc = taskids[at];
		taskids[i] = threadcreatex(&a, taskmain, (void*)(intptr_t)i);
	}
	/* that proc may have ended */
	a.proc = 0;
	if(taskids[i] < 0)
		taskids[i] = proccreatex(&a, taskmain, (void*)(intptr_t)i);
	check(taskids[i] > 0);
}

/* what is left in channel c */
void
hdrain(int c)
{
	Op o = {.kind = Comm, .nentry = 1, .noblock = true, .entry[0].chan = c};

	while(nop < Maxop && hdo(&o)->out == Done)
		;
}

void
hfinish(int n, int ntask)
{
	int i;

	for(i = 0; i < n; i++)
		hcall(0, Close, i);
	for(i = 1; i <= ntask; i++)
		hcall(0, Join, i);
	for(i = 0; i < n; i++){
		hdrain(i);
		chanfree(chans[i]);
	}
	hcheck();
}

static void
printop(int i)
{
	static const char *const kind[] = {
		"", "", "close", "free", "interrupt", "kill", "join", "sleep", "acquire", "release", "end",
	};
	Op *o;
	int e;

	o = &ops[i];
	if(o->kind != Comm){
		dprintf(2, "%s", kind[o->kind]);
		if(o->kind == Close || o->kind == Free)
			dprintf(2, " channel %d", o->obj);
		else if(o->kind == Interrupt || o->kind == Kill || o->kind == Join)
			dprintf(2, " task %d", o->obj);
		return;
	}
	dprintf(2, "%s%s%s(", o->noblock? "non-blocking ": "", o->ordered? "ordered ": "", o->alt? "alt": "");
	for(e = 0; e < o->nentry; e++){
		dprintf(2, "%s%s %d", e > 0? ", ": "", o->entry[e].send? "send": "recv", o->entry[e].chan);
		if(o->entry[e].send)
			dprintf(2, " %lu", hvalue(i, e));
	}
	dprintf(2, "%s)", o->timeout != 0? ", timeout": "");
}

static void
printreturn(Op *o)
{
	static const char *const out[] = {
		"?", "done", "would block", "closed", "freed", "interrupted", "deadline", "timeout", "no such thread",
	};

	dprintf(2, "%s", out[o->out]);
	if(o->kind == Comm && o->out == Done){
		dprintf(2, ", entry %d", o->index);
		if(!o->entry[o->index].send)
			dprintf(2, ", got %lu", o->got);
	}
}

void
hprint(void)
{
	int i, e;

	for(i = 0; i < Maxchan; i++)
		if(chans[i] != nil)
			dprintf(2, "	channel %d holds %d\n", i, nelof[i]);
	for(i = 0; i < nevent; i++){
		e = events[i];
		dprintf(2, "	%3d task %d: ", e >= 0? e: ~e, ops[e >= 0? e: ~e].task);
		if(e >= 0)
			printop(e);
		else{
			dprintf(2, "		");
			printreturn(&ops[~e]);
		}
		dprintf(2, "\n");
	}
}
