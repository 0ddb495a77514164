/*
 * Data by key, beside threaddata: each task has its own value of each key.
 */
#include "impl.h"

static struct {
	Spin	lk;
	bool	used[Ntpriv];		/* lk */
	void	(*end[Ntpriv])(void*);	/* lk; the key's destructor */
	_Atomic uint32_t	gen[Ntpriv];	/* a freed key's old values are not the new one's */
} keys;

int
tprivalloc(void (*end)(void*))
{
	int i;

	l9lock(&keys.lk);
	for(i = 0; i < Ntpriv; i++)
		if(!keys.used[i]){
			keys.used[i] = true;
			keys.end[i] = end;
			break;
		}
	l9unlock(&keys.lk);
	if(i == Ntpriv)
		return l9err(EAGAIN, "no more keys");
	return i;
}

void
tprivfree(int key)
{
	l9lock(&keys.lk);
	if(key < 0 || key >= Ntpriv || !keys.used[key]){
		l9unlock(&keys.lk);
		l9misuse("tprivfree", "key %d is none", key);
	}
	keys.used[key] = false;
	keys.end[key] = nil;
	addrlx(&keys.gen[key], 1);
	l9unlock(&keys.lk);
}

void**
tprivaddr(int key)
{
	Task *t;
	Priv *p;
	uint32_t gen;

	if(key < 0 || key >= Ntpriv)
		l9misuse("tprivaddr", "key %d is none", key);
	t = l9cur();
	if(t->priv == nil){
		t->priv = calloc(Ntpriv, sizeof t->priv[0]);
		if(t->priv == nil){
			l9err(ENOMEM, "out of memory");
			return nil;
		}
	}
	p = &t->priv[key];
	gen = ldrlx(&keys.gen[key]);
	if(p->gen != gen)
		*p = (Priv){nil, gen};
	return &p->v;
}

/* t, the running task, ends: destructors see its last values, once */
void
l9tprivend(Task *t)
{
	Priv *priv;
	void (*end)(void*);
	int i;

	priv = t->priv;
	if(priv == nil)
		return;
	t->priv = nil;
	for(i = 0; i < Ntpriv; i++){
		if(priv[i].v == nil)
			continue;
		l9lock(&keys.lk);
		end = priv[i].gen == ldrlx(&keys.gen[i])? keys.end[i]: nil;
		l9unlock(&keys.lk);
		if(end != nil)
			end(priv[i].v);
	}
	free(priv);
}
