#include "impl.h"

typedef struct Part Part;
struct Part
{
	int	(*f)(void*);
	void	*arg;
	int	*result;
	Waitgroup	*wg;
};

static void
part(void *v)
{
	Part *p;
	int r;

	p = v;
	r = p->f(p->arg);
	if(p->result != nil)
		*p->result = r;
}

/* however a part ended */
static void
finish(void *v)
{
	wgdone(v);
}

static int
start(Part *p)
{
	int id;

	wgadd(p->wg, 1);
	id = threadcreate(part, p, 0);
	if(id > 0 && l9cleanup(l9idtask(id), finish, p->wg) == 0)
		return 0;
	if(id > 0)
		threadkill(id);
	wgdone(p->wg);
	return -1;
}

/*
 * The parts have their records here, so this waits for all of them whatever
 * happens meanwhile: an interrupt stays for later, and so does a kill.
 */
int
threadpar(int n, int (*f)(void*), void *arg[], int result[])
{
	Waitgroup wg;
	Part *p;
	Task *t;
	int i, r;

	if(n < 0 || f == nil)
		l9misuse("threadpar", "%d functions", n);
	p = calloc((size_t)n + 1, sizeof *p);
	if(p == nil)
		return l9err(ENOMEM, "out of memory");
	t = l9cur();
	memset(&wg, 0, sizeof wg);
	r = 0;
	for(i = 0; i < n && r == 0; i++){
		p[i] = (Part){f, arg == nil? nil: arg[i], result == nil? nil: &result[i], &wg};
		if(result != nil)
			result[i] = -1;
		r = start(&p[i]);
	}
	l9wgwaitout(&wg);
	free(p);
	l9checkkill(t);
	return r;
}
