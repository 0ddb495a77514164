#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102	/* Linux 6.13 */
#endif

enum {
	/* <linux/futex.h>, which musl does not ship */
	Futexwait = 0|128,
	Futexwake = 1|128,
};

static long nop;

static void
thread(pthread_t *th, void *(*f)(void*), void *arg)
{
	if(pthread_create(th, NULL, f, arg) != 0)
		fail("pthread_create");
}

/* futex */
static _Atomic uint32_t word;
static int nspin;

static inline void
relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

static void
handover(uint32_t me)
{
	uint32_t w;
	long i;
	int j;

	for(i = 0; i < nop; i++){
		for(j = 0; j < nspin && atomic_load(&word) != me; j++)
			relax();
		while((w = atomic_load(&word)) != me)
			syscall(SYS_futex, &word, Futexwait, w, NULL, NULL, 0);
		atomic_store(&word, !me);
		syscall(SYS_futex, &word, Futexwake, 1, NULL, NULL, 0);
	}
}

static void*
other(void *v)
{
	(void)v;
	handover(1);
	return NULL;
}

void
futexover(Bench *b, double *v)
{
	pthread_t th;
	int64_t t;

	nop = b->n/2 + 1;
	atomic_store(&word, 0);
	t = wallnow();
	thread(&th, other, NULL);
	handover(0);
	pthread_join(th, NULL);
	*v = (double)(wallnow() - t)/(double)(2*nop);
}

void
spinover(Bench *b, double *v)
{
	nspin = 2000;
	futexover(b, v);
	nspin = 0;
}

/* ring */
enum {
	Nring = 128,
	Maxpair = 8,
};

static pthread_mutex_t lk = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t notempty = PTHREAD_COND_INITIALIZER, notfull = PTHREAD_COND_INITIALIZER;
static void *el[Nring];
static int nel, first;

/* the conditions are signalled on a transition alone, and so to all */
static void*
produce(void *v)
{
	long i;

	for(i = 0; i < nop; i++){
		pthread_mutex_lock(&lk);
		while(nel == Nring)
			pthread_cond_wait(&notfull, &lk);
		el[(first + nel++)%Nring] = v;
		if(nel == 1)
			pthread_cond_broadcast(&notempty);
		pthread_mutex_unlock(&lk);
	}
	return NULL;
}

static void*
consume(void *v)
{
	long i;

	for(i = 0; i < nop; i++){
		pthread_mutex_lock(&lk);
		while(nel == 0)
			pthread_cond_wait(&notempty, &lk);
		v = el[first];
		first = (first+1)%Nring;
		if(nel-- == Nring)
			pthread_cond_broadcast(&notfull);
		pthread_mutex_unlock(&lk);
	}
	return v;
}

void
ring(Bench *b, double *v)
{
	pthread_t th[2*Maxpair];
	int64_t t;
	int i;

	nop = b->n/b->arg + 1;
	t = wallnow();
	for(i = 0; i < b->arg; i++){
		thread(&th[2*i], produce, NULL);
		thread(&th[2*i+1], consume, NULL);
	}
	for(i = 0; i < 2*b->arg; i++)
		pthread_join(th[i], NULL);
	*v = (double)(wallnow() - t)/(double)(nop*b->arg);
}

char*
stacks(long n)
{
	size_t size;
	char *p;
	long i;

	size = (size_t)n*Slot;
	p = mmap(NULL, size, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0);
	if(p == MAP_FAILED)
		fail("mmap");
	madvise(p, size, MADV_NOHUGEPAGE);
	for(i = 0; i < n; i++){
		/* a kernel that has no such guards is let off: mprotect's are limited in number */
		madvise(p + i*Slot, Guard, MADV_GUARD_INSTALL);
		p[(i+1)*Slot - 1] = 1;
	}
	return p;
}
