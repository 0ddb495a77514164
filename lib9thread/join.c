/*
 * Waiting for a task's end.
 *
 * Who joins a live task queues on it and leaves Wordjoin in its word, by an
 * exchange that also proves that it is live; a task that ends takes its word
 * away and looks for Wordjoin.  So ending costs nothing where nobody joins.
 * joinq and its lock belong to the Task's memory, not to one life of it: a
 * joiner that was interrupted may take itself out when that life is over.
 *
 * A joinable task that ends unjoined leaves a record, until somebody asks.
 * Worddetach says that nobody will; it goes by the same way as Wordjoin.
 */
#include "hot.h"

enum {
	Nbucket = 64,
};

struct Exitrec
{
	Exitrec	*next;		/* the bucket's lk */
	int	id;
	bool	ending;		/* the bucket's lk: the task is about to see whether anybody wants it */
	char	status[ERRMAX];
};

static struct Bucket
{
	Spin	lk;
	Exitrec	*first;		/* lk */
} ended[Nbucket];

static struct Bucket*
bucketof(int id)
{
	return &ended[(unsigned int)id % Nbucket];
}

Exitrec*
l9exitrec(void)
{
	return calloc(1, sizeof(Exitrec));
}

void
l9exitrecfree(Exitrec *r)
{
	free(r);
}

static void
recput(Exitrec *r)
{
	struct Bucket *b;

	b = bucketof(r->id);
	l9lock(&b->lk);
	r->next = b->first;
	b->first = r;
	l9unlock(&b->lk);
}

/* take id's record out; nil: there is none */
static Exitrec*
recget(int id)
{
	struct Bucket *b;
	Exitrec **l, *r;
	int i;

	b = bucketof(id);
	for(i = 0;; i++){
		l9lock(&b->lk);
		for(l = &b->first; (r = *l) != nil && r->id != id; l = &r->next)
			;
		if(r == nil || !r->ending)
			break;
		/* in a few instructions it is kept, or it is gone */
		l9unlock(&b->lk);
		l9spinpause(i);
	}
	if(r != nil)
		*l = r->next;
	l9unlock(&b->lk);
	return r;
}

/* r's task has ended: whoever asks for r finds it, or not */
static void
recsettle(Exitrec *r, bool keep)
{
	struct Bucket *b;
	Exitrec **l;

	b = bucketof(r->id);
	l9lock(&b->lk);
	r->ending = false;
	if(!keep){
		for(l = &b->first; *l != r; l = &(*l)->next)
			;
		*l = r->next;
	}
	l9unlock(&b->lk);
	if(!keep)
		free(r);
}

static void
copystatus(char *dst, const char *src)
{
	size_t n;

	n = src == nil? 0: strnlen(src, ERRMAX-1);
	memcpy(dst, src == nil? "": src, n);
	dst[n] = '\0';
}

/* claim all who wait for t's end; how many */
static int
endjoins(Task *t, const char *status, Batch *b)
{
	Waiter *w;
	int n;

	n = 0;
	l9lock(&t->joinlk);
	while((w = t->joinq.first) != nil){
		wqdel(&t->joinq, w);
		if(claim(w->task)){
			copystatus(w->v, status);
			w->task->why = Wdone;
			l9batchadd(b, w->task);
			n++;
		}
	}
	l9unlock(&t->joinlk);
	return n;
}

/*
 * The running task ends with this status: nobody finds it any more.  The
 * joiners run only when it is settled whether the status is kept, so that who
 * joins after one of them, or after a detach, does not find it.
 */
void
l9joinend(Task *t, const char *status)
{
	Batch b = {nil, nil};
	Exitrec *r;
	uint64_t word;
	int njoin;

	r = t->exitrec;
	if(r != nil){
		r->id = (int)(ldrlx(&t->word)>>32);
		r->ending = true;
		copystatus(r->status, status);
		/* before the id goes: who does not find the one finds the other */
		recput(r);
	}
	word = l9idend(t);
	njoin = word & Wordjoin? endjoins(t, status, &b): 0;
	if(r != nil)
		recsettle(r, njoin == 0 && !(word & Worddetach));
	l9batchready(&b);
}

static int
joinended(int id, char *status)
{
	Exitrec *r;

	r = recget(id);
	if(r == nil)
		return l9err(ESRCH, "no such thread");
	copystatus(status, r->status);
	free(r);
	return 0;
}

/* t's word shows that it is live, and it will see this bit at its end */
static bool
mark(Task *t, int id, uint64_t bit)
{
	uint64_t w;

	w = ldrlx(&t->word);
	do
		if(!l9isid(w, id))
			return false;
	/* release pairs with l9idend's acquire; the queue itself goes by joinlk */
	while(!casar(&t->word, &w, w | bit));
	return true;
}

static int
joinlive(Task *t, int id, char *status)
{
	Task *self;
	Waiter w;
	int why;

	self = l9cur();
	l9waitingfor(self, "threadjoin", "thread %d", id);
	l9lock(&t->joinlk);
	if(!mark(t, id, Wordjoin)){
		l9unlock(&t->joinlk);
		return joinended(id, status);
	}
	why = beginwait(self, Waitint);
	if(why != 0){
		l9unlock(&t->joinlk);
		return l9errwhy(why);
	}
	w.task = self;
	w.v = status;
	wqput(&t->joinq, &w);
	l9unlock(&t->joinlk);
	why = endwait(self);
	if(why == Wdone){
		l9checkkill(self);
		return 0;
	}
	l9lock(&t->joinlk);
	if(w.queued)
		wqdel(&t->joinq, &w);
	l9unlock(&t->joinlk);
	return l9errwhy(why);
}

int
threadjoin(int id, char *buf, unsigned int n)
{
	char status[ERRMAX];
	Task *t;
	int r;

	t = l9idtask(id);
	if(t != nil && t == l9cur())
		return l9err(EDEADLK, "a thread cannot join itself");
	r = t != nil? joinlive(t, id, status): joinended(id, status);
	if(r == 0 && buf != nil && n > 0){
		memcpy(buf, status, n < ERRMAX? n: ERRMAX);
		buf[(n < ERRMAX? n: ERRMAX) - 1] = '\0';
	}
	return r;
}

int
threaddetach(int id)
{
	char status[ERRMAX];
	Task *t;

	t = l9idtask(id);
	if(t != nil && mark(t, id, Worddetach))
		return 0;
	return joinended(id, status);
}

typedef struct Findgrp Findgrp;
struct Findgrp
{
	int	grp;
	int	id;
	Task	*self;
};

static void
findmember(Task *t, int id, void *v)
{
	Findgrp *f;

	f = v;
	if(f->id == 0 && t != f->self && ldrlx(&t->group) == f->grp)
		f->id = id;
}

int
threadjoingrp(int grp)
{
	Findgrp f;

	for(;;){
		f = (Findgrp){grp, 0, l9cur()};
		l9eachtask(findmember, &f);
		if(f.id == 0)
			return 0;
		/* it may have ended meanwhile: that is what was waited for */
		if(threadjoin(f.id, nil, 0) < 0 && errno != ESRCH)
			return -1;
	}
}
