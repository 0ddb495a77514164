/*
 * Ioprocs: a helper and its turn.
 *
 * The turn is the room for one in a channel: who has sent has it, until it
 * takes out again.  So those who wait for it wait as for any channel: in
 * order, and free to leave when interrupted.  An Ioproc goes when it has been
 * closed and the last call has left it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper.h"
#include "try.h"

struct Ioproc
{
	Ref	ref;		/* the owner, until closeioproc; each call */
	Channel	*turn;
	Helper	*helper;	/* touched by whoever has the turn, and l9helperint */
};

Ioproc*
ioproc(void)
{
	Ioproc *io;

	io = calloc(1, sizeof *io);
	if(io == nil){
		l9err(ENOMEM, "out of memory");
		return nil;
	}
	io->turn = chancreate(1, 1);
	if(io->turn != nil && (io->helper = l9helper()) == nil){
		chanfree(io->turn);
		io->turn = nil;
	}
	if(io->turn == nil){
		free(io);
		return nil;
	}
	l9chancalled(io->turn, "ioproc");
	io->ref.ref = 1;
	return io;
}

static void
leave(Ioproc *io)
{
	if(decref(&io->ref) > 0)
		return;
	chanfree(io->turn);
	l9helperfree(io->helper);
	free(io);
}

void
closeioproc(Ioproc *io)
{
	if(io == nil)
		return;
	/* those who wait for the turn fail; nobody gets it any more */
	chanclose(io->turn);
	l9helperclose(io->helper);
	leave(io);
}

void
iointerrupt(Ioproc *io)
{
	if(io == nil)
		l9misuse("iointerrupt", "nil Ioproc");
	l9helperint(io->helper);
}

/* 9front's: an interrupt never waits for the next call here, so there is none to forget */
int
ioflush(Ioproc *io)
{
	if(io == nil)
		l9misuse("ioflush", "nil Ioproc");
	return 0;
}

long
l9iodirect(long (*op)(va_list*), ...)
{
	char old[ERRMAX];
	va_list arg;
	long r;
	int e;

	/* a system call that fails sets errno alone, which may be that of an older error string */
	l9errget(&e, old);
	l9errput(0, "");
	va_start(arg, op);
	r = op(&arg);
	va_end(arg);
	if(r >= 0)
		l9errput(e, old);
	return r;
}

/* wait for io's turn, and make the call */
static void
turncall(Ioproc *io, Call *c)
{
	incref(&io->ref);
	c->ret = chansend(io->turn, nil);
	if(c->ret < 0){
		l9errget(&c->errnum, c->errstr);
		if(c->errnum == EPIPE)
			strcpy(c->errstr, "ioproc closed");
	}else{
		l9helpercall(io->helper, c);
		/* the next one's turn */
		p9nbrecv(io->turn, nil);
	}
	leave(io);
}

/* c->op is to be called with c->arg; the rest of c is filled in here */
static long
call(Ioproc *io, Call *c)
{
	Task *t;

	if(c->op == nil)
		l9misuse("iocall", "nil function");
	c->part = false;
	t = l9self();
	/* one that came too late for the call before */
	l9checkkill(t);
	/* a kill in the middle would leave the turn taken, or a helper */
	l9holdkill(t);
	if(io != nil)
		turncall(io, c);
	else
		l9poolcall(c);
	if(!l9callfailed(c)){
		l9laterkill(t);
		return c->ret;
	}
	l9allowkill(t);
	l9errput(c->errnum, c->errstr);
	return c->ret;
}

long
iocall(Ioproc *io, long (*op)(va_list*), ...)
{
	Call c;
	long r;

	c.op = op;
	c.what = "iocall";
	c.fd = -1;
	c.name = nil;
	va_start(c.arg, op);
	r = call(io, &c);
	va_end(c.arg);
	return r;
}

long
l9iocall(Ioproc *io, const char *what, int fd, const char *name, long (*op)(va_list*), ...)
{
	Call c;
	long r;

	c.op = op;
	c.what = what;
	c.fd = fd;
	c.name = name;
	va_start(c.arg, op);
	r = call(io, &c);
	va_end(c.arg);
	return r;
}

long
l9fdcall(Ioproc *io, const char *what, int fd, int side, long (*op)(va_list*), ...)
{
	Call c;
	Try t;
	long r;

	r = Trypool;
	if(io == nil){
		t = (Try){.fd = fd, .vop = op};
		va_start(t.arg, op);
		r = l9try(&t, what, side, nil);
		va_end(t.arg);
	}
	if(r != Trypool)
		return r;
	c.op = op;
	c.what = what;
	c.fd = fd;
	c.name = nil;
	va_start(c.arg, op);
	r = call(io, &c);
	va_end(c.arg);
	return r;
}
