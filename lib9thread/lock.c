#include "lock.h"

int
l9lockwait(Lockq *l, Waiter *w, int kind, int how, int undo, const char *what)
{
	Task *t;
	int why;

	t = l9cur();
	why = beginwait(t, how);
	if(why != 0){
		l->n -= undo;
		w->index = Gone;
		l9unlock(&l->lk);
		return why;
	}
	l9waiting(t, what, l, nil);
	w->task = t;
	w->index = kind;
	wqput(&l->q, w);
	l9unlock(&l->lk);
	why = endwait(t);
	if(why >= Wtimeout){
		l9lock(&l->lk);
		if(w->queued){
			wqdel(&l->q, w);
			l->n -= undo;
			w->index = Gone;
		}
		l9unlock(&l->lk);
	}
	return why;
}

Waiter*
l9lockfirst(Lockq *l)
{
	Waiter *w;

	while((w = l->q.first) != nil){
		wqdel(&l->q, w);
		if(claim(w->task)){
			w->task->why = Wdone;
			return w;
		}
	}
	return nil;
}
