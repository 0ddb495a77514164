/*
 * lib9thread/upper/atom.h in the controlled build: before each operation
 * another OS thread may run, and in one function, if a plan says so, the
 * operation is done wrong.
 */
#ifndef L9POINTS_H
#define L9POINTS_H

#include <pthread.h>
#include <stdint.h>

#include "weak.h"

/* what the operation is */
enum {
	L9load,
	L9store,
	L9storerlx,
	L9change,	/* reads and writes */
	L9weakcas,
};

/* how to do it: weak.h */
int	l9point(const volatile void *p, const char *fn, int op);
/* the middle of an exchange that is split */
void	l9gap(void);
void	l9fence(void);
/* what the load at p, whose point was the last, gives: v, which is there, or what a mutation makes of it */
uint64_t	l9loaded(const volatile void *p, uint64_t v);
/* in the middle of a change that nobody else may see half done */
void	l9midway(const char *fn);
void	l9storelate(volatile void *p, unsigned int size, uint64_t v);

#define l9load(p, order) \
	(l9point(p, __func__, L9load), \
		(__typeof__(atomic_load(p)))l9loaded(p, (uint64_t)atomic_load_explicit(p, order)))
#define l9store(p, v, op, order) \
	(l9point(p, __func__, op) == L9late \
		? l9storelate(p, sizeof *(p), (uint64_t)(v)): atomic_store_explicit(p, v, order))
/* new may use l9old, the value seen */
#define l9change(p, new, change) \
	(__extension__({ \
		__typeof__(atomic_load(p)) l9old; \
		if(l9point(p, __func__, L9change) == L9split){ \
			l9old = atomic_load(p); \
			l9gap(); \
			atomic_store(p, new); \
		}else \
			l9old = change; \
		l9old; \
	}))
#define l9cas(p, old, v, op, cas) \
	(__extension__({ \
		__typeof__(atomic_load(p)) l9old; \
		int l9how, l9same; \
		l9how = l9point(p, __func__, op); \
		if(l9how == L9asis) \
			l9same = cas; \
		else{ \
			l9old = atomic_load(p); \
			l9same = l9how == L9split && l9old == *(old); \
			*(old) = l9old; \
			if(l9same){ \
				l9gap(); \
				atomic_store(p, v); \
			} \
		} \
		l9same; \
	}))

#undef ldrlx
#undef ldacq
#undef ldsc
#undef strlx
#undef strel
#undef stsc
#undef xchgacq
#undef xchgar
#undef addrlx
#undef addrel
#undef addar
#undef orrel
#undef fencesc
#undef midway
#undef andrlx
#undef andrel
#undef casacq
#undef casrel
#undef casar
#undef cas1rlx
#undef cas1ar

#define ldrlx(p)	l9load(p, memory_order_relaxed)
#define ldacq(p)	l9load(p, memory_order_acquire)
#define ldsc(p)		l9load(p, memory_order_seq_cst)
#define strlx(p, v)	l9store(p, v, L9storerlx, memory_order_relaxed)
#define strel(p, v)	l9store(p, v, L9store, memory_order_release)
#define stsc(p, v)	l9store(p, v, L9store, memory_order_seq_cst)
#define xchgacq(p, v)	l9change(p, v, atomic_exchange_explicit(p, v, memory_order_acquire))
#define xchgar(p, v)	l9change(p, v, atomic_exchange_explicit(p, v, memory_order_acq_rel))
#define addrlx(p, v)	l9change(p, l9old + (v), atomic_fetch_add_explicit(p, v, memory_order_relaxed))
#define addrel(p, v)	l9change(p, l9old + (v), atomic_fetch_add_explicit(p, v, memory_order_release))
#define addar(p, v)	l9change(p, l9old + (v), atomic_fetch_add_explicit(p, v, memory_order_acq_rel))
#define orrel(p, v)	l9change(p, l9old | (v), atomic_fetch_or_explicit(p, v, memory_order_release))
#define andrlx(p, v)	l9change(p, l9old & (v), atomic_fetch_and_explicit(p, v, memory_order_relaxed))
#define andrel(p, v)	l9change(p, l9old & (v), atomic_fetch_and_explicit(p, v, memory_order_release))
#define casacq(p, old, v) \
	l9cas(p, old, v, L9weakcas, atomic_compare_exchange_weak_explicit(p, old, v, memory_order_acquire, memory_order_relaxed))
#define casrel(p, old, v) \
	l9cas(p, old, v, L9weakcas, atomic_compare_exchange_weak_explicit(p, old, v, memory_order_release, memory_order_relaxed))
#define casar(p, old, v) \
	l9cas(p, old, v, L9weakcas, atomic_compare_exchange_weak_explicit(p, old, v, memory_order_acq_rel, memory_order_relaxed))
#define cas1rlx(p, old, v) \
	l9cas(p, old, v, L9change, atomic_compare_exchange_strong_explicit(p, old, v, memory_order_relaxed, memory_order_relaxed))
#define cas1ar(p, old, v) \
	l9cas(p, old, v, L9change, atomic_compare_exchange_strong_explicit(p, old, v, memory_order_acq_rel, memory_order_relaxed))

#define fencesc()	(l9fence(), atomic_thread_fence(memory_order_seq_cst))
#define midway()	l9midway(__func__)

/* a wait for one of these is a wait for another OS thread */
int	l9mutexlock(pthread_mutex_t*);
#define pthread_mutex_lock(m)	l9mutexlock(m)

#endif
