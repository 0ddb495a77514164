/* Channels: each program is a few tasks that meet on one or two. */
#include "explore.h"
#include "programs.h"

/* two alts that each offer what the other wants, and a third that wants both */

static void
altleft(int i)
{
	static const Entry e[] = {{true, 0}, {false, 1}};

	halt(i, 2, e);
	halt(i, 2, e);
}

static void
altright(int i)
{
	static const Entry e[] = {{true, 1}, {false, 0}};

	halt(i, 2, e);
	halt(i, 2, e);
}

static void
altboth(int i)
{
	static const Entry e[] = {{false, 0}, {false, 1}, {true, 0}};

	halt(i, 3, e);
}

void
altalt(uint64_t seed)
{
	(void)seed;
	hchan(0, 0);
	hchan(1, 0);
	hstart(1, 1, altleft);
	hstart(2, 2, altright);
	hstart(3, 3, altboth);
	check(threadsleep(Millisecond) == 0);
	hfinish(2, 3);
}

/* two of one proc, whose own the channel is until a third comes, and is interrupted */

static void
ownsend(int i)
{
	hsend(i, 0);
	hsend(i, 0);
	hrecv(i, 0);
}

static void
ownrecv(int i)
{
	hrecv(i, 0);
	hrecv(i, 0);
	hsend(i, 0);
}

static void
stranger(int i)
{
	hsend(i, 0);
	hrecv(i, 0);
}

static void
intone(int i)
{
	hcall(i, Interrupt, 1);
}

void
owned(uint64_t seed)
{
	hchan(0, (int)(seed/2%3));
	hstart(1, 1, ownrecv);
	hstart(2, 1, ownsend);
	hstart(3, 3, stranger);
	hstart(4, 4, intone);
	check(threadsleep(Millisecond) == 0);
	hfinish(1, 4);
}

/*
 * The same with several channels, since the first who comes makes each shared
 * for good.  Two come, by different ways, whom the owner may meet one right after the other.
 */

enum {
	Nowned = 3,
	Nround = 4,
};

static void
ownsendall(int i)
{
	int k;

	for(k = 0; k < Nround*Nowned; k++)
		hsend(i, k%Nowned);
}

static void
ownrecvall(int i)
{
	int k;

	for(k = 0; k < Nround*Nowned; k++)
		hrecv(i, k%Nowned);
}

static void
strangers(int i)
{
	int c, k;

	for(k = 0; k < Nowned; k++){
		c = i%2 == 0? k: Nowned-1 - k;
		if((c + i)%2 == 0)
			hsend(i, c);
		else
			hrecv(i, c);
	}
}

void
ownedmany(uint64_t seed)
{
	int c;

	for(c = 0; c < Nowned; c++)
		hchan(c, (int)(seed/2%3));
	hstart(1, 1, ownrecvall);
	hstart(2, 1, ownsendall);
	hstart(3, 3, strangers);
	hstart(4, 4, strangers);
	if(seed/6%2 != 0)
		hstart(5, 5, intone);
	check(threadsleep(Millisecond) == 0);
	hfinish(Nowned, seed/6%2 != 0? 5: 4);
}

/* alts over channels that are the proc's own, one of which ceases to be */

static void
ownalts(int i)
{
	static const Entry e[] = {{false, 0}, {false, 1}, {true, 2}};
	int k;

	for(k = 0; k < 8; k++)
		halt(i, 3, e);
}

static void
sendzero(int i)
{
	hsend(i, 0);
	hsend(i, 1);
}

static void
recvthird(int i)
{
	hrecv(i, 2);
}

static void
ownfeed(int i)
{
	hsend(i, 0);
	hsend(i, 1);
	hrecv(i, 2);
	hsend(i, 1);
	hrecv(i, 2);
	hsend(i, 0);
}

void
ownedalt(uint64_t seed)
{
	int c;

	for(c = 0; c < 3; c++)
		hchan(c, (int)(seed/2%2));
	hstart(1, 1, ownalts);
	hstart(2, 1, ownfeed);
	hstart(3, 3, sendzero);
	hstart(4, 4, recvthird);
	check(threadsleep(Millisecond) == 0);
	hfinish(3, 4);
}

/* a wait that only the interrupt, or the kill, can end, in a channel that is the proc's own */

static void
untilint(int i)
{
	while(hrecv(i, 0)->out == Done)
		;
}

static void
ownfill(int i)
{
	hsend(i, 0);
	hsend(i, 0);
	hsend(i, 0);
}

static void
killone(int i)
{
	hcall(i, Kill, 1);
}

void
ownedint(uint64_t seed)
{
	int i;

	/* room for all */
	hchan(0, 3);
	hstart(1, 1, untilint);
	hstart(2, 1, ownfill);
	hstart(3, 3, seed%2 == 0? intone: killone);
	for(i = 1; i <= 3; i++)
		hcall(0, Join, i);
	hfinish(1, 0);
}

/* close against send and receive */

static void
sendtwo(int i)
{
	hsend(i, 0);
	hsend(i, 0);
}

static void
recvtwo(int i)
{
	hrecv(i, 0);
	hrecv(i, 0);
}

static void
recvone(int i)
{
	hrecv(i, 0);
}

static void
sendone(int i)
{
	hsend(i, 0);
}

static void
closer(int i)
{
	hcall(i, Close, 0);
}

void
closerace(uint64_t seed)
{
	static const int nel[] = {0, 1, CHANUNBOUNDED};

	hchan(0, nel[seed%3]);
	hstart(1, 1, sendtwo);
	hstart(2, 2, recvtwo);
	hstart(3, 3, closer);
	hstart(4, 3, sendone);
	hfinish(1, 4);
}

/* an interrupt against the partner */

static void
inttwice(int i)
{
	hcall(i, Interrupt, 1);
	hcall(i, Interrupt, 1);
}

void
intsend(uint64_t seed)
{
	(void)seed;
	hchan(0, 0);
	hstart(1, 1, sendtwo);
	hstart(2, 2, recvtwo);
	hstart(3, 3, inttwice);
	check(threadsleep(Millisecond) == 0);
	hfinish(1, 3);
}

/* a kill of one of two receivers against a sender: the value is the other's, or was received */

void
killrecv(uint64_t seed)
{
	(void)seed;
	hchan(0, 0);
	hstart(1, 1, recvone);
	hstart(2, 1, recvone);
	hstart(3, 3, sendone);
	hstart(4, 4, killone);
	check(threadsleep(Millisecond) == 0);
	hfinish(1, 4);
}

/* a deadline against the partner, who comes at the same time */

static void
recvdeadline(int i)
{
	Op o = {.kind = Comm, .task = i, .nentry = 1, .deadline = Millisecond};

	hdo(&o);
}

static void
alttimeout(int i)
{
	Op o = {.kind = Comm, .task = i, .alt = true, .nentry = 2, .timeout = Millisecond, .entry = {{false, 0}, {false, 1}}};

	hdo(&o);
}

static void
sendlater(int i)
{
	Op o = {.kind = Comm, .task = i, .nentry = 1, .entry[0] = {true, 0}, .deadline = 2*Millisecond};
	Op sleep = {.kind = Sleep, .task = i, .timeout = Millisecond};

	hdo(&sleep);
	hdo(&o);
}

void
deadline(uint64_t seed)
{
	(void)seed;
	hchan(0, 0);
	hchan(1, 0);
	hstart(1, 1, recvdeadline);
	hstart(2, 2, alttimeout);
	hstart(3, 3, sendlater);
	hstart(4, 1, sendlater);
	check(threadsleep(4*Millisecond) == 0);
	hfinish(2, 4);
}

/*
 * A channel is freed while others wait on it, and at the same time their wait
 * ends otherwise.  Nobody begins anything on it after that.
 */

static void
altfreed(int i)
{
	static const Entry e[] = {{false, 0}, {false, 1}};

	halt(i, 2, e);
}

static void
meddler(int i)
{
	Op sleep = {.kind = Sleep, .task = i, .timeout = Millisecond};

	hdo(&sleep);
	hcall(i, Interrupt, 2);
	hsend(i, 1);
	hcall(i, Kill, 1);
}

void
freewait(uint64_t seed)
{
	int i;

	(void)seed;
	hchan(0, 0);
	hchan(1, 1);
	hstart(1, 1, recvone);
	hstart(2, 2, altfreed);
	hstart(3, 2, recvdeadline);
	hstart(4, 4, altfreed);
	hstart(5, 5, meddler);
	check(threadsleep(Millisecond) == 0);
	hcall(0, Free, 0);
	for(i = 1; i <= 5; i++)
		hcall(0, Join, i);
	hdrain(1);
	chanfree(chans[1]);
	hcheck();
}
