/*
 * Channels and descriptors in the same alt, at random: L9SEED makes the tasks
 * draw the same numbers again (not the same interleaving).
 *
 * Nproc procs, more than there are CPUs here, have takers and givers.  A
 * giver sends a number on a channel, or writes a byte into a pair of
 * sockets.  A taker waits by one alt for some of both, without a limit most of
 * the time, and reads one byte of the pair that it is told of, if it is still
 * there.  All are interrupted all the time.  Pairs are closed by ioclose while
 * others wait for them, and made anew, with the same numbers for other pairs.
 *
 * What must hold: what was sent was received once; the bytes that were
 * written are read at the end, by takers whom nobody disturbs any more, or were
 * in a pair when it was closed; nobody hangs.
 */
#include <fcntl.h>
#include <sys/socket.h>

#include "tools.h"

enum {
	Nproc	= 6,
	Ntask	= 6,		/* takers, and as many givers, in each */
	Nall	= 2*Nproc*Ntask,
	Nchan	= 4,
	Npair	= 6,
	Quit	= 6,		/* the entry that ends a taker */
};

typedef struct Pair Pair;
struct Pair
{
	QLock	lk;		/* to read, to write, and to make it anew */
	_Atomic int	fd[2];	/* alt alone looks without the lock: it may come too late */
};

static Pair pairs[Npair];
static Channel *chans[Nchan], *quit, *begin, *done;
static _Atomic long sent, received, nsent, nreceived, written, bytes;
static _Atomic long nintr, nlate, nclosed, nold;
static _Atomic int id[Nall];
static uint64_t start;

static void
renew(Pair *p)
{
	int fd[2];

	TCHECK(socketpair(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK, 0, fd) == 0);
	atomic_store(&p->fd[0], fd[0]);
	atomic_store(&p->fd[1], fd[1]);
}

/* one byte, if there is one */
static bool
readpair(Pair *p)
{
	char c;
	long n;

	qlock(&p->lk);
	n = read(atomic_load(&p->fd[0]), &c, 1);
	qunlock(&p->lk);
	TCHECK(n == 1 || (n < 0 && errno == EAGAIN));
	if(n == 1)
		atomic_fetch_add(&bytes, 1);
	return n == 1;
}

static void
writepair(Pair *p)
{
	long n;

	qlock(&p->lk);
	n = write(atomic_load(&p->fd[1]), "x", 1);
	if(n == 1)
		atomic_fetch_add(&written, 1);
	qunlock(&p->lk);
	TCHECK(n == 1 || (n < 0 && errno == EAGAIN));
}

/* an interrupt may end ioclose, when it is known to have been done all the same: ioproc(3) */
static void
replace(Pair *p)
{
	char c;

	qlock(&p->lk);
	while(read(atomic_load(&p->fd[0]), &c, 1) == 1)
		atomic_fetch_add(&bytes, 1);
	ioclose(nil, atomic_load(&p->fd[0]));
	ioclose(nil, atomic_load(&p->fd[1]));
	renew(p);
	qunlock(&p->lk);
}

static void
giver(void *v)
{
	uint64_t x;
	unsigned long n;
	int i, me;

	me = (int)(intptr_t)v;
	x = start + (uint64_t)me;
	atomic_store(&id[me], threadid());
	for(i = 0; i < ntimes(2000); i++){
		n = rnd(&x, 1000);
		switch(rnd(&x, 32)){
		case 0:
			/* who begins an alt with a number too late races with us, as ThreadSanitizer says: not there */
			if(!Tsan)
				replace(&pairs[rnd(&x, Npair)]);
			break;
		case 1:
			threadsleep(rnd(&x, 200)*Microsecond);
			break;
		default:
			if(rnd(&x, 2))
				writepair(&pairs[rnd(&x, Npair)]);
			else if(chansend(chans[rnd(&x, Nchan)], &n) == 1){
				atomic_fetch_add(&sent, (long)n);
				atomic_fetch_add(&nsent, 1);
			}
		}
	}
	atomic_store(&id[me], 0);
	chansend(done, nil);
}

/* one alt.  False: it is the end */
static bool
take(uint64_t *x)
{
	unsigned long n[2];
	Pair *p[3];
	Alt a[Quit+2];
	int64_t limit;
	int i, r;

	for(i = 0; i < 2; i++)
		a[i] = (Alt){.c = chans[rnd(x, Nchan)], .v = &n[i], .op = CHANRCV};
	for(i = 0; i < 3; i++){
		p[i] = &pairs[rnd(x, Npair)];
		a[2+i] = (Alt){.v = (void*)(intptr_t)atomic_load(&p[i]->fd[0]), .op = CHANFDIN};
	}
	limit = threadnow() + rnd(x, 100)*Microsecond;
	a[5] = (Alt){.v = &limit, .op = rnd(x, 8) == 0? CHANTIMEOUT: CHANNOP};
	a[Quit] = (Alt){.c = quit, .v = nil, .op = CHANRCV};
	a[Quit+1] = (Alt){.op = rnd(x, 8) == 0? CHANNOBLK: CHANEND};
	r = rnd(x, 2)? p9alt(a): altordered(a);
	if(r < 0){
		TCHECK(iserr(EINTR, "interrupted"));
		atomic_fetch_add(&nintr, 1);
	}else if(r < 2){
		TCHECK(a[r].err == nil);
		atomic_fetch_add(&received, (long)n[r]);
		atomic_fetch_add(&nreceived, 1);
	}else if(r < 5){
		if(a[r].err != nil){
			TCHECK(strcmp(a[r].err, "closed") == 0 || strcmp(a[r].err, "bad descriptor") == 0);
			atomic_fetch_add(&nclosed, 1);
		}else if(!readpair(p[r-2]))
			atomic_fetch_add(&nold, 1);
	}else if(r == 5)
		atomic_fetch_add(&nlate, 1);
	return r != Quit;
}

static void
taker(void *v)
{
	uint64_t x;
	int me;

	me = (int)(intptr_t)v;
	x = start + (uint64_t)me;
	atomic_store(&id[me], threadid());
	while(take(&x))
		;
	atomic_store(&id[me], 0);
	chansend(done, nil);
}

/*
 * Have the proc's poller take its descriptors.  Later they could get the number of a pair that
 * some taker still has in mind; and a poller cannot wait for itself.
 */
static void
warm(void)
{
	int64_t soon;
	int fd[2];

	TCHECK(pipe(fd) == 0);
	soon = threadnow() + Millisecond;
	Alt a[] = {
		{.v = (void*)(intptr_t)fd[0], .op = CHANFDIN},
		{.v = &soon, .op = CHANTIMEOUT},
		{.op = CHANEND},
	};
	TCHECK(p9alt(a) == 1);
	close(fd[0]);
	close(fd[1]);
}

static void
procmain(void *v)
{
	int i, me;

	warm();
	chansend(done, nil);
	chanrecv(begin, nil);
	for(i = 0; i < Ntask; i++){
		me = (int)(intptr_t)v + 2*i;
		TCHECK(threadcreate(giver, (void*)(intptr_t)me, 0) > 0);
		TCHECK(threadcreate(taker, (void*)(intptr_t)(me+1), 0) > 0);
	}
}

/* interrupt whom chance picks until all givers have ended */
static void
disturb(uint64_t *x)
{
	int left, t;

	for(left = Nall/2; left > 0;){
		threadsleep(100*Microsecond);
		t = atomic_load(&id[rnd(x, Nall)]);
		if(t > 0)
			threadint(t);
		while(channbrecv(done, nil) == 1)
			left--;
	}
}

static void
test_mixed(void **state)
{
	int64_t limit;
	uint64_t x;
	int i;

	x = start = seed();
	for(i = 0; i < Nchan; i++)
		chans[i] = mkchan(sizeof(unsigned long), i);
	quit = mkchan(1, 0);
	begin = mkchan(1, 0);
	done = mkchan(1, Nall);
	for(i = 0; i < Npair; i++)
		renew(&pairs[i]);
	for(i = 0; i < Nproc; i++)
		assert_true(proccreate(procmain, (void*)(intptr_t)(2*Ntask*i), 0) > 0);
	for(i = 0; i < Nproc; i++)
		mustrecv(done, nil);
	chanclose(begin);
	disturb(&x);
	/* a taker that waits for an old number of a pair is told, so all bytes are seen */
	limit = threadnow() + Patience*Second;
	while(atomic_load(&bytes) < atomic_load(&written) || atomic_load(&nreceived) < atomic_load(&nsent)){
		if(threadnow() > limit)
			fail_msg("%ld of %ld bytes, %ld of %ld messages", bytes, written, nreceived, nsent);
		threadsleep(Millisecond);
	}
	chanclose(quit);
	for(i = 0; i < Nall/2; i++)
		mustrecv(done, nil);
	assert_int_equal(received, sent);
	assert_int_equal(nreceived, nsent);
	assert_int_equal(bytes, written);
	print_message("%ld messages, %ld bytes, %ld interrupted, %ld timeouts, %ld closed, %ld taken by others\n",
		nsent, written, nintr, nlate, nclosed, nold);
	assert_true(nsent > 0 && written > 0);
	/* seldom: in a short run perhaps never */
	assert_true(ntimes(2) == 1 || nclosed > 0);
	for(i = 0; i < Npair; i++){
		close(pairs[i].fd[0]);
		close(pairs[i].fd[1]);
	}
	for(i = 0; i < Nchan; i++)
		chanfree(chans[i]);
	chanfree(quit);
	chanfree(begin);
	chanfree(done);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_mixed),
	};

	if(threadinit() < 0)
		return 1;
	return cmocka_run_group_tests(tests, nil, nil);
}
