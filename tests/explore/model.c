/*
 * Is there a sequential order of the calls, each at one moment between its
 * call and its return, in which they end as they did?
 *
 * In the model a call takes effect in one step: it finds its partner waiting,
 * or what it needs, or else begins to wait, first come first served; a
 * partner's step, a close, a free, an interrupt or a kill ends that.  Where a time
 * may end a wait, that is a step of its own.  A call that never returned, since
 * its task was killed, may have taken effect or not.
 *
 * The search goes along the events.  At a return whose call has not ended in the
 * model it tries the steps that are possible, the returning call's first, and
 * goes on from each; a state that was met before is not tried again.
 */
#include <string.h>

#include "explore.h"

typedef struct Mchan Mchan;
typedef struct State State;
typedef struct Wait Wait;

enum {
	Nseen = 1<<20,		/* states, at most */
};

/* who waits at one side of something, in order: op*Maxentry + entry */
struct Wait
{
	uint8_t	n;
	uint8_t	who[Maxtask*Maxentry];
};

struct Mchan
{
	bool	closed;
	bool	freed;
	uint8_t	n;
	uint8_t	buf[Maxop];
	Wait	side[2];	/* receivers, senders */
};

/* all of it is hashed: nothing is left uncleared */
struct State
{
	uint64_t	called;
	uint64_t	stepped;	/* ops that took effect, or wait */
	uint64_t	waiting;
	uint64_t	ended;		/* with the result that is written down */
	uint64_t	held;		/* of those: acquired, and nobody was told */
	int	at;			/* events that are explained */
	int	sem;
	Wait	semwait;
	uint8_t	interrupted;	/* tasks: the next wait is to fail */
	uint8_t	killed;
	uint8_t	gone;
	Mchan	chan[Maxchan];
};

static uint64_t seen[Nseen];	/* hashes of states, by hash; 0: none */
static int nseen;

static uint64_t
bit(int i)
{
	return (uint64_t)1<<i;
}

static void
push(Wait *w, int op, int e)
{
	check(w->n < Maxtask*Maxentry);
	w->who[w->n++] = (uint8_t)(op*Maxentry + e);
}

static void
leave(Wait *w, int op)
{
	int i, n;

	for(i = n = 0; i < w->n; i++)
		if(w->who[i]/Maxentry != op)
			w->who[n++] = w->who[i];
	memset(w->who + n, 0, (size_t)(w->n - n));
	w->n = (uint8_t)n;
}

static void
leaveall(State *s, int op)
{
	int i;

	for(i = 0; i < Maxchan; i++){
		leave(&s->chan[i].side[0], op);
		leave(&s->chan[i].side[1], op);
	}
	leave(&s->semwait, op);
	s->waiting &= ~bit(op);
}

/* the op ends so: false, if that is not how it did */
static bool
finish(State *s, int i, int out, int index, unsigned long got)
{
	Op *o;

	o = &ops[i];
	leaveall(s, i);
	s->stepped |= bit(i);
	s->ended |= bit(i);
	if(o->out == Unknown){
		if(o->kind == Acquire && out == Done)
			s->held |= bit(i);
		return true;
	}
	if(o->out != out)
		return false;
	if(o->kind != Comm || (out != Done && out != Closed && out != Freed))
		return true;
	/* of several entries for a channel any may say what became of it */
	if(out != Done)
		return o->index >= 0 && o->index < o->nentry && o->entry[o->index].chan == o->entry[index].chan;
	return o->index == index && (o->entry[index].send || o->got == got);
}

/* the one who waits first at that side ends so */
static bool
finishfirst(State *s, Wait *w, int out, unsigned long got)
{
	int who;

	who = w->who[0];
	return finish(s, who/Maxentry, out, who%Maxentry, got);
}

static bool
ready(State *s, Entry *e)
{
	Mchan *c;
	int nel;

	c = &s->chan[e->chan];
	nel = nelof[e->chan];
	if(c->closed)
		return true;
	if(e->send)
		return c->side[0].n > 0 || nel == CHANUNBOUNDED || c->n < nel;
	return c->n > 0 || c->side[1].n > 0;
}

/* the value that the first waiting sender of c brings */
static unsigned long
offered(Mchan *c)
{
	int who;

	who = c->side[1].who[0];
	return hvalue(who/Maxentry, who%Maxentry);
}

static bool
dosend(State *s, int i, int e)
{
	Mchan *c;
	unsigned long v;

	c = &s->chan[ops[i].entry[e].chan];
	v = hvalue(i, e);
	if(c->closed)
		return finish(s, i, Closed, e, 0);
	if(c->side[0].n > 0){
		if(!finishfirst(s, &c->side[0], Done, v))
			return false;
	}else
		c->buf[c->n++] = (uint8_t)v;
	return finish(s, i, Done, e, 0);
}

static bool
dorecv(State *s, int i, int e)
{
	Mchan *c;
	unsigned long v, next;

	c = &s->chan[ops[i].entry[e].chan];
	if(c->n == 0 && c->side[1].n == 0)
		return finish(s, i, Closed, e, 0);
	next = c->side[1].n > 0? offered(c): 0;
	v = next;
	if(c->n > 0){
		v = c->buf[0];
		memmove(c->buf, c->buf + 1, --c->n);
		c->buf[c->n] = 0;
		if(next != 0)
			c->buf[c->n++] = (uint8_t)next;
	}
	if(next != 0 && !finishfirst(s, &c->side[1], Done, 0))
		return false;
	return finish(s, i, Done, e, v);
}

/*
 * The op would have to wait.  choice 1: a time that has come ends it instead.
 * Returns whether that is how it went.
 */
static bool
mustwait(State *s, int i, int choice)
{
	Op *o;
	int task;

	o = &ops[i];
	task = 1<<o->task;
	if(choice == 1)
		return (o->out == Timeout || o->out == Deadline) && finish(s, i, o->out, 0, 0);
	if(o->noblock)
		return finish(s, i, Wouldblock, 0, 0);
	/* it ends here; how, nobody was told */
	if(o->out == Unknown && (s->killed | s->interrupted) & task)
		return finish(s, i, Unknown, 0, 0);
	if(s->killed & task)
		return false;
	if(s->interrupted & task){
		s->interrupted &= (uint8_t)~task;
		return finish(s, i, Interrupted, 0, 0);
	}
	s->stepped |= bit(i);
	s->waiting |= bit(i);
	return true;
}

/* choice: the entry to take, where the history does not say it */
static bool
docomm(State *s, int i, int choice)
{
	Op *o;
	int e, first;

	o = &ops[i];
	first = -1;
	for(e = o->nentry; e-- > 0;)
		if(ready(s, &o->entry[e]))
			first = e;
	if(first < 0){
		if(!mustwait(s, i, choice))
			return false;
		if(s->waiting & bit(i))
			for(e = 0; e < o->nentry; e++)
				push(&s->chan[o->entry[e].chan].side[o->entry[e].send], i, e);
		return true;
	}
	e = o->out == Unknown? choice: o->index;
	if(e < 0 || e >= o->nentry || !ready(s, &o->entry[e]) || (o->ordered && e != first))
		return false;
	return o->entry[e].send? dosend(s, i, e): dorecv(s, i, e);
}

/* close or free: all who wait hear it */
static bool
dismiss(State *s, Mchan *c, int out)
{
	int i;

	for(i = 0; i < 2; i++)
		while(c->side[i].n > 0)
			if(!finishfirst(s, &c->side[i], out, 0))
				return false;
	return true;
}

static bool
doclose(State *s, int i)
{
	Mchan *c;

	c = &s->chan[ops[i].obj];
	if(c->closed)
		return finish(s, i, Closed, 0, 0);
	c->closed = true;
	return dismiss(s, c, Closed) && finish(s, i, Done, 0, 0);
}

static bool
dofree(State *s, int i)
{
	return dismiss(s, &s->chan[ops[i].obj], Freed) && finish(s, i, Done, 0, 0);
}

/* the op in which the task waits; -1: none */
static int
waitof(State *s, int task)
{
	int i;

	for(i = 0; i < nop; i++)
		if(s->waiting & bit(i) && ops[i].task == task)
			return i;
	return -1;
}

static bool
dointerrupt(State *s, int i)
{
	int task, w;

	task = ops[i].obj;
	if(ops[i].out == Nosuch)
		return (s->gone | s->killed) & 1<<task && finish(s, i, Nosuch, 0, 0);
	if(s->gone & 1<<task)
		return false;
	w = waitof(s, task);
	if(w < 0)
		s->interrupted |= (uint8_t)(1<<task);
	else if(!finish(s, w, Interrupted, 0, 0))
		return false;
	return finish(s, i, Done, 0, 0);
}

static bool
dokill(State *s, int i)
{
	int task, w;

	task = ops[i].obj;
	if(ops[i].out == Nosuch)
		return (s->gone | s->killed) & 1<<task && finish(s, i, Nosuch, 0, 0);
	if(s->gone & 1<<task)
		return false;
	s->killed |= (uint8_t)(1<<task);
	w = waitof(s, task);
	if(w >= 0 && (ops[w].out != Unknown || !finish(s, w, Unknown, 0, 0)))
		return false;
	return finish(s, i, Done, 0, 0);
}

static bool
doacquire(State *s, int i, int choice)
{
	if(s->sem > 0){
		s->sem--;
		return finish(s, i, Done, 0, 0);
	}
	if(!mustwait(s, i, choice))
		return false;
	if(s->waiting & bit(i))
		push(&s->semwait, i, 0);
	return true;
}

static bool
release(State *s)
{
	if(s->semwait.n > 0)
		return finishfirst(s, &s->semwait, Done, 0);
	s->sem++;
	return true;
}

/* sleep and join end for reasons of their own; but an interrupt must have been */
static bool
doother(State *s, int i)
{
	Op *o;
	int task;

	o = &ops[i];
	task = 1<<o->task;
	if(o->out == Interrupted){
		if(!(s->interrupted & task))
			return false;
		s->interrupted &= (uint8_t)~task;
	}
	if(o->kind == Join && (o->out == Done || o->out == Nosuch) && !((s->gone | s->killed) & 1<<o->obj))
		return false;
	return finish(s, i, o->out, 0, 0);
}

/* false: that cannot be */
static bool
step(State *s, int i, int choice)
{
	switch(ops[i].kind){
	case Comm:
		return docomm(s, i, choice);
	case Close:
		return doclose(s, i);
	case Free:
		return dofree(s, i);
	case Interrupt:
		return dointerrupt(s, i);
	case Kill:
		return dokill(s, i);
	case Acquire:
		return doacquire(s, i, choice);
	case Release:
		return release(s) && finish(s, i, Done, 0, 0);
	case End:
		s->gone |= (uint8_t)(1<<ops[i].task);
		return finish(s, i, Unknown, 0, 0);
	}
	return doother(s, i);
}

/* false: it was met before */
static bool
isnew(State *s)
{
	const uint8_t *p;
	uint64_t h;
	size_t i;

	h = 0xcbf29ce484222325;
	for(p = (uint8_t*)s, i = 0; i < sizeof *s; i++)
		h = (h ^ p[i])*0x100000001b3;
	h |= 1;
	for(i = h>>40; seen[i % Nseen] != 0; i++)
		if(seen[i % Nseen] == h)
			return false;
	if(++nseen > Nseen/2)
		failed("the history is too hard to check");
	seen[i % Nseen] = h;
	return true;
}

/* the history up to the next return that is not explained; false: there is none */
static bool
advance(State *s)
{
	int e;

	for(; s->at < nevent; s->at++){
		e = events[s->at];
		if(e >= 0)
			s->called |= bit(e);
		else if(!(s->ended & bit(~e)))
			return true;
	}
	return false;
}

static bool search(State *s);

static bool
trystep(State *s, int i)
{
	State next;
	int choice, n;

	n = ops[i].out == Unknown? Maxentry: ops[i].out == Timeout || ops[i].out == Deadline? 2: 1;
	for(choice = 0; choice < n; choice++){
		next = *s;
		if(step(&next, i, choice) && search(&next))
			return true;
	}
	return false;
}

/* a time ends the wait */
static bool
tryexpire(State *s, int i)
{
	State next;

	if(ops[i].out != Timeout && ops[i].out != Deadline)
		return false;
	next = *s;
	return finish(&next, i, ops[i].out, 0, 0) && search(&next);
}

/* one who was killed gives back what it was handed */
static bool
trypass(State *s, int i)
{
	State next;

	if(!(s->held & bit(i)) || !(s->killed & 1<<ops[i].task))
		return false;
	next = *s;
	next.held &= ~bit(i);
	return release(&next) && search(&next);
}

static bool
tryop(State *s, int i)
{
	if(!(s->called & bit(i)))
		return false;
	if(s->waiting & bit(i))
		return tryexpire(s, i);
	if(!(s->stepped & bit(i)))
		return trystep(s, i);
	return trypass(s, i);
}

static bool
search(State *s)
{
	int i, first;

	if(!advance(s))
		return true;
	if(!isnew(s))
		return false;
	first = ~events[s->at];
	if(tryop(s, first))
		return true;
	for(i = 0; i < nop; i++)
		if(i != first && tryop(s, i))
			return true;
	return false;
}

/* what no order can explain */
static void
checktimes(void)
{
	Op *o;

	for(o = ops; o < ops + nop; o++){
		if((o->kind == Sleep && o->out == Done) || o->out == Timeout)
			check(o->at >= o->begun + o->timeout);
		if(o->out == Deadline)
			check(o->at >= o->begun + o->deadline);
	}
}

void
hcheck(void)
{
	State s;

	checktimes();
	memset(&s, 0, sizeof s);
	if(!search(&s))
		failed("no sequential order of the calls explains how they ended");
}
