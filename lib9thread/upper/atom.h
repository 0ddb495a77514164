/*
 * C11 atomics with the order in the name.
 *
 * rlx: no order.  acq: what the partner wrote before its rel is seen after
 * this.  rel: what was written before this is seen by the partner's acq.
 * ar: both.  sc: both, and one order of all sc operations that everybody
 * agrees on; for the store-then-look patterns alone.
 */
#ifndef L9ATOM_H
#define L9ATOM_H

#include <stdatomic.h>

#define ldrlx(p)	atomic_load_explicit(p, memory_order_relaxed)
#define ldacq(p)	atomic_load_explicit(p, memory_order_acquire)
#define ldsc(p)		atomic_load_explicit(p, memory_order_seq_cst)
#define strlx(p, v)	atomic_store_explicit(p, v, memory_order_relaxed)
#define strel(p, v)	atomic_store_explicit(p, v, memory_order_release)
#define stsc(p, v)	atomic_store_explicit(p, v, memory_order_seq_cst)
#define xchgacq(p, v)	atomic_exchange_explicit(p, v, memory_order_acquire)
#define xchgar(p, v)	atomic_exchange_explicit(p, v, memory_order_acq_rel)
#define addrlx(p, v)	atomic_fetch_add_explicit(p, v, memory_order_relaxed)
#define addrel(p, v)	atomic_fetch_add_explicit(p, v, memory_order_release)
#define addar(p, v)	atomic_fetch_add_explicit(p, v, memory_order_acq_rel)
#define orrel(p, v)	atomic_fetch_or_explicit(p, v, memory_order_release)
#define andrlx(p, v)	atomic_fetch_and_explicit(p, v, memory_order_relaxed)
#define andrel(p, v)	atomic_fetch_and_explicit(p, v, memory_order_release)
/* a failed exchange only loads: relaxed, and *old is the value seen */
#define casacq(p, old, v)	atomic_compare_exchange_weak_explicit(p, old, v, memory_order_acquire, memory_order_relaxed)
#define casrel(p, old, v)	atomic_compare_exchange_weak_explicit(p, old, v, memory_order_release, memory_order_relaxed)
#define casar(p, old, v)	atomic_compare_exchange_weak_explicit(p, old, v, memory_order_acq_rel, memory_order_relaxed)
/* the strong form: fails only where the value differs */
#define cas1rlx(p, old, v)	atomic_compare_exchange_strong_explicit(p, old, v, memory_order_relaxed, memory_order_relaxed)
#define cas1ar(p, old, v)	atomic_compare_exchange_strong_explicit(p, old, v, memory_order_acq_rel, memory_order_relaxed)
#define fencesc()	atomic_thread_fence(memory_order_seq_cst)
/* in the middle of a change by plain stores, which whoever keeps others out may make: nothing, but in the controlled build */
#define midway()	((void)0)

#ifdef L9CONTROLLED
#include "points.h"	/* the same, each a point at which another OS thread may run: arch/control */
#endif

#endif
