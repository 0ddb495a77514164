// peer id n: what the programs in bench/ measure, done with Boost.Fiber.  It
// prints the figures that the operation's program names, and exits with 3 if
// Boost.Fiber has no such operation.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <time.h>
#include <unistd.h>
#include <vector>

#include <boost/fiber/all.hpp>

namespace fibers = boost::fibers;
namespace this_fiber = boost::this_fiber;

typedef std::vector<double> Figures;
typedef fibers::unbuffered_channel<uintptr_t> Chan;
typedef fibers::buffered_channel<uintptr_t> Bufchan;

struct Bench {
	std::function<Figures(long)> run;
	bool cold;
};

static double
now(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (double)t.tv_sec*1e9 + (double)t.tv_nsec;
}

static double cpunow() { return now(CLOCK_PROCESS_CPUTIME_ID); }
static double wallnow() { return now(CLOCK_MONOTONIC); }

// no guards: there may be a million
static fibers::fixedsize_stack stacks(64*1024);

template<typename F> static fibers::fiber
start(F f)
{
	return fibers::fiber(fibers::launch::post, std::allocator_arg, stacks, f);
}

static Figures
yield(long n, int ntask)
{
	std::vector<fibers::fiber> task;
	long nop = n/ntask + 1;

	double t = cpunow();
	for(int i = 0; i < ntask; i++)
		task.push_back(start([=]{
			for(long j = 0; j < nop; j++)
				this_fiber::yield();
		}));
	for(auto &f : task)
		f.join();
	return {(cpunow() - t)/(double)(nop*ntask)};
}

static void
ping(Chan &c1, Chan &c2, long n)
{
	uintptr_t v = 0;

	while(n-- > 0){
		c1.push(v);
		c2.pop(v);
	}
}

static void
pong(Chan &c1, Chan &c2, long n)
{
	uintptr_t v = 0;

	while(n-- > 0){
		c1.pop(v);
		c2.push(v);
	}
}

static Figures
pingpong(long n)
{
	Chan c1, c2;

	double t = cpunow();
	fibers::fiber a = start([&]{ ping(c1, c2, n/2 + 1); });
	fibers::fiber b = start([&]{ pong(c1, c2, n/2 + 1); });
	a.join();
	b.join();
	return {(cpunow() - t)/(double)(n/2*2 + 2)};
}

static Figures
xpingpong(long n)
{
	Chan c1, c2;

	double t = wallnow();
	std::thread a([&]{ ping(c1, c2, n/2 + 1); });
	std::thread b([&]{ pong(c1, c2, n/2 + 1); });
	a.join();
	b.join();
	return {(wallnow() - t)/(double)(n/2*2 + 2)};
}

static void
produce(Bufchan &c, long n)
{
	while(n-- > 0)
		c.push(0);
}

static void
consume(Bufchan &c, long n)
{
	uintptr_t v;

	while(n-- > 0)
		c.pop(v);
}

// a buffered_channel of 128 holds 127
static Figures
buffered(long n)
{
	Bufchan c(128);

	double t = cpunow();
	fibers::fiber a = start([&]{ produce(c, n); });
	fibers::fiber b = start([&]{ consume(c, n); });
	a.join();
	b.join();
	return {(cpunow() - t)/(double)n};
}

static Figures
xbuffered(long n, int npair)
{
	Bufchan c(128);
	std::vector<std::thread> th;
	long nop = n/npair + 1;

	double t = wallnow();
	for(int i = 0; i < npair; i++){
		th.emplace_back([&]{ produce(c, nop); });
		th.emplace_back([&]{ consume(c, nop); });
	}
	for(auto &h : th)
		h.join();
	return {(wallnow() - t)/(double)(nop*npair)};
}

static Figures
create(long n)
{
	fibers::pooled_fixedsize_stack pool(64*1024);

	double t = cpunow();
	for(long i = 0; i < n; i++){
		fibers::fiber(fibers::launch::post, std::allocator_arg, pool, []{}).detach();
		this_fiber::yield();
	}
	return {(cpunow() - t)/(double)n};
}

// of /proc/self/status, in bytes
static double
procstatus(const char *key)
{
	char line[256];
	double kb = 0;
	FILE *f = fopen("/proc/self/status", "r");

	while(f != nullptr && fgets(line, sizeof line, f) != nullptr)
		if(strncmp(line, key, strlen(key)) == 0)
			kb = atof(line + strlen(key) + 1);
	if(f != nullptr)
		fclose(f);
	return kb*1024;
}

static Figures
million(long n)
{
	Chan c;
	long nparked = 0, nended = 0;

	double rss = procstatus("VmRSS"), pte = procstatus("VmPTE"), t = cpunow();
	for(long i = 0; i < n; i++){
		start([&]{
			uintptr_t v;
			nparked++;
			c.pop(v);
			nended++;
		}).detach();
		this_fiber::yield();
	}
	while(nparked < n)
		this_fiber::yield();
	t = cpunow() - t;
	Figures v = {t/1e3, procstatus("VmRSS") - rss, procstatus("VmPTE") - pte, 0};
	c.close();
	while(nended < n)
		this_fiber::yield();
	// those that ended last are freed a little later
	for(int i = 0; i < 10; i++)
		this_fiber::yield();
	v[3] = procstatus("VmRSS") - rss;
	for(auto &x : v)
		x /= (double)n;
	return v;
}

static Figures
sleepers(long n)
{
	std::vector<double> late;
	uint64_t seed = 1;

	late.reserve((size_t)n);
	double t = cpunow();
	for(long i = 0; i < n; i++){
		seed = seed*6364136223846793005u + 1442695040888963407u;
		long d = (long)((seed >> 33)%1000000000);
		start([&late, d]{
			double begin = wallnow();
			this_fiber::sleep_for(std::chrono::nanoseconds(d));
			late.push_back(wallnow() - begin - (double)d);
		}).detach();
		if(i%64 == 63)
			this_fiber::yield();
	}
	while(late.size() < (size_t)n)
		this_fiber::sleep_for(std::chrono::milliseconds(10));
	t = cpunow() - t;
	std::sort(late.begin(), late.end());
	return {t/1e6, late[(size_t)n/2]/1e6, late[(size_t)n*99/100]/1e6};
}

static Figures
sieve(long n)
{
	volatile bool enough = false;	// another fiber sets it
	std::vector<std::unique_ptr<Chan>> chan;

	double t = cpunow();
	chan.emplace_back(new Chan);
	Chan *c = chan.back().get();
	start([c, &enough]{
		for(uintptr_t i = 2; !enough; i++)
			c->push(i);
		c->push(0);
	}).detach();
	for(long i = 0; i < n; i++){
		uintptr_t prime;
		c->pop(prime);
		chan.emplace_back(new Chan);
		Chan *out = chan.back().get();
		start([c, out, prime]{
			uintptr_t v;
			do{
				c->pop(v);
				if(v == 0 || v%prime != 0)
					out->push(v);
			}while(v != 0);
		}).detach();
		c = out;
	}
	enough = true;
	uintptr_t v;
	do
		c->pop(v);
	while(v != 0);
	return {(cpunow() - t)/1e6};
}

static void
share(int npair, long nop)
{
	std::vector<std::unique_ptr<Chan>> chan;
	std::vector<fibers::fiber> task;

	for(int i = 0; i < npair; i++){
		chan.emplace_back(new Chan);
		Chan *c = chan.back().get();
		task.push_back(start([c, nop]{
			for(long j = 0; j < nop; j++)
				c->push(0);
		}));
		task.push_back(start([c, nop]{
			uintptr_t v;
			for(long j = 0; j < nop; j++)
				c->pop(v);
		}));
	}
	for(auto &f : task)
		f.join();
}

static Figures
pairs(long n, int nproc)
{
	enum { Npair = 1000 };
	std::vector<std::thread> th;
	long nop = n/Npair + 1;

	double t = wallnow();
	for(int i = 0; i < nproc; i++)
		th.emplace_back([=]{ share(Npair/nproc, nop); });
	for(auto &h : th)
		h.join();
	return {(wallnow() - t)/(double)(nop*Npair)};
}

int
main(int argc, char *argv[])
{
	const std::map<std::string, Bench> benches = {
		{"yield2", {[](long n){ return yield(n, 2); }, false}},
		{"yield1000", {[](long n){ return yield(n, 1000); }, false}},
		{"chan0", {pingpong, false}},
		{"chan128", {buffered, false}},
		{"xproc0", {xpingpong, false}},
		{"xproc0one", {xpingpong, false}},
		{"xproc128x1", {[](long n){ return xbuffered(n, 1); }, false}},
		{"xproc128x4", {[](long n){ return xbuffered(n, 4); }, false}},
		{"create", {create, false}},
		{"million", {million, true}},
		{"sleepers", {sleepers, true}},
		{"sieve", {sieve, true}},
		{"procs1", {[](long n){ return pairs(n, 1); }, false}},
		{"procs2", {[](long n){ return pairs(n, 2); }, false}},
		{"procs4", {[](long n){ return pairs(n, 4); }, false}},
		{"procs8", {[](long n){ return pairs(n, 8); }, false}},
	};

	if(argc != 3)
		return 2;
	auto b = benches.find(argv[1]);
	long n = atol(argv[2]);
	if(b == benches.end())
		return 3;
	if(n < 1)
		return 2;
	if(!b->second.cold)
		b->second.run(n/10 + 1);
	for(double v : b->second.run(n))
		printf("%.6g\n", v);
	fflush(stdout);
	// what detached fibers hold is not worth waiting for
	_exit(0);
}
