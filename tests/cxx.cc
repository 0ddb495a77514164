// The library from C++: the header, exceptions inside tasks, and what a switch
// inside a catch or a destructor must not mix up.
#include "lib9thread.h"	// first: it needs nothing before it

#include <atomic>
#include <csetjmp>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

extern "C" {
#include <cmocka.h>
}

// As in t.h: only the main task may assert.
static std::atomic<int> nbad;
#define TCHECK(x)	((x)? (void)0: bad(#x, __LINE__))

static void
bad(const char *what, int line)
{
	if(nbad++ < 20)
		std::fprintf(stderr, "cxx.cc:%d: %s: not so in thread %d\n", line, what, threadid());
}

static int
begin(void **)
{
	nbad = 0;
	return 0;
}

static int
end(void **)
{
	return nbad == 0? 0: -1;
}

static Channel*
ulchan(int nel)
{
	Channel *c;

	c = chancreate(sizeof(unsigned long), nel);
	assert_non_null(c);
	return c;
}

// an exception that knows whose it is
struct Mine
{
	int	id;
	std::string	why;
};

// counts how many live
struct Guard
{
	int	*n;
	explicit Guard(int *p): n(p) { ++*n; }
	~Guard() { --*n; }
	Guard(const Guard&) = delete;
	Guard &operator=(const Guard&) = delete;
};

// run f as task or proc, n of them, and wait for all
static void
runall(void (*f)(void*), int n, int nproc)
{
	Channel *c;

	c = ulchan(n);
	for(int i = 0; i < n; i++)
		assert_true((i < nproc? proccreate: threadcreate)(f, c, 0) > 0);
	for(int i = 0; i < n; i++)
		assert_int_equal(chanrecvul(c), 1);
	chanfree(c);
}

static void
done(void *v)
{
	TCHECK(chansendul(static_cast<Channel*>(v), 1) == 1);
}

// the calls and types of the header as C++ sees them
static void
header(void **)
{
	unsigned long v = 7, w = 0;
	Channel *c = chancreate(sizeof v, 2);
	assert_non_null(c);
	assert_int_equal(chansend(c, &v), 1);
	Alt a[2] = {};
	a[0].c = c;
	a[0].v = &w;
	a[0].op = CHANRCV;
	a[1].op = CHANNOBLK;
	assert_int_equal(p9alt(a), 0);
	assert_int_equal(w, 7);
	assert_int_equal(chanalt(a), -1);
	chanfree(c);
	static_assert(offsetof(Alt, c) == 0, "c comes first");
	static_assert(offsetof(Alt, v) == sizeof(void*), "then v");
	static_assert(sizeof(Ref) == sizeof(long), "Ref is a long");
	Ref r = {0};
	assert_int_equal(incref(&r), 1);
	assert_true(Second == 1000*Millisecond);
	// a lambda without captures is a function
	Channel *d = ulchan(0);
	assert_true(threadcreate([](void *x){ chansendul(static_cast<Channel*>(x), 5); }, d, 0) > 0);
	assert_int_equal(chanrecvul(d), 5);
	chanfree(d);
}

// thrown and caught within a task
static void
thrower(void *v)
{
	for(int i = 0; i < 100; i++){
		try{
			if(i%2 == 0)
				throw Mine{threadid(), "int"};
			throw std::runtime_error(std::to_string(threadid()));
		}catch(const Mine &m){
			TCHECK(m.id == threadid());
		}catch(const std::exception &e){
			TCHECK(std::to_string(threadid()) == e.what());
		}
		threadyield();
	}
	done(v);
}

static void
throwcatch(void **)
{
	runall(thrower, 1, 0);
	runall(thrower, 10, 0);
	runall(thrower, 12, 4);
}

// from deep down, with destructors on the way
static void
fall(int depth, int *n)
{
	Guard g(n);
	std::unique_ptr<std::vector<int>> p(new std::vector<int>(10));

	if(depth == 0)
		throw Mine{threadid(), "deep"};
	fall(depth-1, n);
}

static void
faller(void *v)
{
	int n = 0;

	for(int i = 0; i < 10; i++){
		try{
			fall(300, &n);
			TCHECK(false);
		}catch(const Mine &m){
			TCHECK(m.id == threadid());
			TCHECK(m.why == "deep");
		}
		TCHECK(n == 0);
		threadyield();
	}
	done(v);
}

static void
unwinding(void **)
{
	runall(faller, 6, 2);
}

// destructors run at the ends of scopes, over switches too
static void
scoped(void *v)
{
	int n = 0;
	{
		Guard a(&n), b(&n);
		threadyield();
		TCHECK(n == 2);
		{
			Guard c(&n);
			threadyield();
			TCHECK(n == 3);
		}
		TCHECK(n == 2);
	}
	TCHECK(n == 0);
	done(v);
}

static void
raii(void **)
{
	runall(scoped, 20, 4);
}

// a yield inside a catch: the exception that is being handled stays ours
static void
rethrower(void *v)
{
	TCHECK(!std::current_exception());
	TCHECK(std::uncaught_exceptions() == 0);
	for(int i = 0; i < 50; i++){
		int me = threadid()*1000 + i;
		try{
			try{
				throw Mine{me, "inner"};
			}catch(...){
				for(int j = 0; j < 3; j++)
					threadyield();
				throw;
			}
		}catch(const Mine &m){
			threadyield();
			TCHECK(m.id == me);
			TCHECK(m.why == "inner");
			try{
				std::rethrow_exception(std::current_exception());
			}catch(const Mine &again){
				threadyield();
				TCHECK(again.id == me);
			}
		}
		TCHECK(!std::current_exception());
	}
	done(v);
}

static void
rethrow(void **)
{
	runall(rethrower, 2, 0);
	runall(rethrower, 10, 0);
	runall(rethrower, 12, 4);
}

// the same, in step: each task rethrows while the other one handles
struct Step
{
	Channel	*mine;
	Channel	*other;
	Channel	*out;
};

static void
stepper(void *v)
{
	Step *s = static_cast<Step*>(v);
	int me = threadid();

	for(int i = 0; i < 100; i++){
		try{
			try{
				throw Mine{me, "step"};
			}catch(const Mine&){
				// blocks in a channel, inside the catch
				TCHECK(chansendul(s->other, 1) == 1);
				TCHECK(chanrecvul(s->mine) == 1);
				throw;
			}
		}catch(const Mine &m){
			TCHECK(m.id == me);
		}
	}
	TCHECK(chansendul(s->out, 1) == 1);
}

static void
steps(void **)
{
	for(int k = 0; k < 2; k++){
		Channel *a = ulchan(1), *b = ulchan(1), *out = ulchan(2);
		Step s[2] = { {a, b, out}, {b, a, out} };
		assert_true(threadcreate(stepper, &s[0], 0) > 0);
		assert_true((k == 0? threadcreate: proccreate)(stepper, &s[1], 0) > 0);
		assert_int_equal(chanrecvul(out), 1);
		assert_int_equal(chanrecvul(out), 1);
		chanfree(a);
		chanfree(b);
		chanfree(out);
	}
}

// a switch inside a destructor that runs because of an exception
struct Yielder
{
	int	want;
	explicit Yielder(int n): want(n) {}
	~Yielder()
	{
		for(int i = 0; i < 3; i++){
			TCHECK(std::uncaught_exceptions() == want);
			threadyield();
		}
		TCHECK(std::uncaught_exceptions() == want);
		// and another exception on top
		try{
			throw Mine{threadid(), "in a destructor"};
		}catch(const Mine &m){
			threadyield();
			TCHECK(m.id == threadid());
		}
	}
};

static void
destroyer(void *v)
{
	for(int i = 0; i < 20; i++){
		TCHECK(std::uncaught_exceptions() == 0);
		try{
			Yielder y(i%2);
			if(i%2 == 1)
				throw Mine{threadid(), "outer"};
		}catch(const Mine &m){
			TCHECK(m.id == threadid());
			TCHECK(m.why == "outer");
		}
	}
	done(v);
}

static void
destructors(void **)
{
	runall(destroyer, 2, 0);
	runall(destroyer, 9, 3);
}

// made inside a catch: the new task handles nothing
static void
clean(void *v)
{
	TCHECK(!std::current_exception());
	TCHECK(std::uncaught_exceptions() == 0);
	try{
		throw 5;
	}catch(int i){
		TCHECK(i == 5);
	}
	done(v);
}

static void
incatch(void **)
{
	try{
		throw Mine{1, "main's"};
	}catch(const Mine &m){
		runall(clean, 10, 3);
		assert_true(std::current_exception() != nullptr);
		assert_int_equal(m.id, 1);
		try{
			throw;
		}catch(const Mine &again){
			assert_string_equal(again.why.c_str(), "main's");
		}
	}
	assert_true(std::current_exception() == nullptr);
}

// an exception goes from task to task as a pointer, in a message
static void
sender(void *v)
{
	std::exception_ptr *p = nullptr;

	try{
		throw Mine{77, "sent"};
	}catch(...){
		p = new std::exception_ptr(std::current_exception());
	}
	// we let go of it first: ThreadSanitizer does not see libstdc++ count
	TCHECK(chansendp(static_cast<Channel*>(v), p) == 1);
}

static void
sent(void **)
{
	for(int k = 0; k < 2; k++){
		Channel *c = chancreate(sizeof(void*), 0);
		assert_non_null(c);
		assert_true((k == 0? threadcreate: proccreate)(sender, c, 0) > 0);
		std::unique_ptr<std::exception_ptr> p(static_cast<std::exception_ptr*>(chanrecvp(c)));
		int id = 0;
		try{
			std::rethrow_exception(*p);
		}catch(const Mine &m){
			id = m.id;
		}
		assert_int_equal(id, 77);
		chanfree(c);
	}
}

// a wait inside a catch that ends in an interrupt
static void
interruptee(void *v)
{
	Channel *c = chancreate(1, 0);

	try{
		throw Mine{threadid(), "waiting"};
	}catch(const Mine &m){
		TCHECK(chanrecv(c, nullptr) == -1);
		TCHECK(m.id == threadid());
	}
	chanfree(c);
	done(v);
}

static void
interrupted(void **)
{
	Channel *c = ulchan(1);
	int id;

	for(int k = 0; k < 10; k++){
		id = (k%2 == 0? threadcreate: proccreate)(interruptee, c, 0);
		assert_true(id > 0);
		if(k%2 == 0)
			threadyield();
		assert_int_equal(threadint(id), 0);
		assert_int_equal(chanrecvul(c), 1);
	}
	chanfree(c);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, begin, end)

int
main()
{
	const struct CMUnitTest tests[] = {
		TEST(header),
		TEST(throwcatch),
		TEST(unwinding),
		TEST(raii),
		TEST(rethrow),
		TEST(steps),
		TEST(destructors),
		TEST(incatch),
		TEST(sent),
		TEST(interrupted),
	};

	if(threadinit() < 0)
		return 1;
	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
