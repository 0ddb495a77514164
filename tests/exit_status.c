/*
 * How programs end: the exit status, and what lives on until then.  L9PROG
 * names the program with a threadmain (exit_status_main.c); those with a main
 * of their own are this one.
 */
#include <pthread.h>

#include "t.h"

enum {
	Nrace	= Tsan || Asan? 5: 40,
};

typedef struct Case Case;
struct Case
{
	const char	*name;
	int	status;
	const char	*out;
	const char	*err;
	int	times;
};

static Case cases[] = {
	{"return", 0, "", "", 1},
	{"nil", 0, "", "", 1},
	{"empty", 0, "", "", 1},
	{"other", 1, "", "", 1},
	{"last task good", 0, "", "", 1},
	{"last task bad", 1, "", "", 1},
	{"last task bad, return", 1, "", "", 1},
	{"tasks go on", 0, "task\ntask\ntask\n", "", 1},
	{"last proc good", 0, "alive\n", "", Nrace},
	{"last proc bad", 1, "alive\n", "", Nrace},
	{"return, proc goes on", 0, "alive\n", "", 1},
	{"tasks of a proc", 0, "task\ntask\n", "", 1},
	{"tree", 0, "xxxxxxxxxxxxxxxx", "", 5},
	{"all good", 0, "", "", 5},
	{"all empty", 0, "", "", 1},
	{"all bad", 1, "", "", 5},
	{"all from a task", 1, "", "", 1},
	{"all from a proc", 1, "", "", 1},
	{"all from a proc, main gone", 0, "", "", 5},
	{"all from a foreign thread", 1, "", "", 1},
	{"all at once", 1, "atexit\n", "", Nrace},
	{"atexit", 0, "atexit\nbuffered", "", 5},
	{"atexit all", 0, "atexit\nbuffered", "", 5},
	{"all from atexit", 0, "again\n", "", 1},
	{"atexit uses it", 0, "used\n", "", 5},
	{"atexit uses it, in a proc", 0, "used\n", "", 5},
	{"atexit uses it, all", 0, "used\n", "", 5},
	{"foreign lives", 0, "", "", 5},
	{"exit", 5, "", "", 1},
	{"sysfatal", 1, "", "bad: cannot go on 7\n", 1},
	{"sysfatal unnamed", 1, "", "cannot\n", 1},
	{"sysfatal in a proc", 1, "", "bad: from a proc\n", 1},
	{"stack", 0, "deep\n", "", 1},
	{"id", 0, "1\n", "", 1},
};

static Case owncases[] = {
	{"return 3", 3, "", "", 1},
	{"return, all live", 4, "", "", 5},
	{"exits nil", 0, "", "", 1},
	{"exits bad", 1, "", "", 1},
	{"exits, task", 0, "task\n", "", 1},
	{"exits, proc", 0, "proc\n", "", Nrace},
	{"exits, proc bad", 1, "proc\n", "", Nrace},
	{"exitsall", 1, "", "", 5},
	{"exit in a proc", 6, "", "", 1},
};

static int mainid;

static void
forever(void *v)
{
	for(;;)
		threadsleep(Hour);
}

static void
sayandexit(void *v)
{
	if(write(1, "task\n", 5) < 0)
		_exit(99);
}

static void
afterwards(void *status)
{
	while(threadint(mainid) == 0)
		threadyield();
	if(write(1, "proc\n", 5) < 0)
		_exit(99);
	threadexits(status);
}

static void
exit6(void *v)
{
	exit(6);
}

static int
child(const char *how)
{
	static char bad[] = "bad";

	if(threadinit() < 0)
		return 97;
	mainid = threadid();
	if(strcmp(how, "return 3") == 0)
		return 3;
	if(strcmp(how, "return, all live") == 0){
		proccreate(forever, nil, 0);
		threadcreate(forever, nil, 0);
		threadyield();
		return 4;
	}
	if(strcmp(how, "exits nil") == 0)
		threadexits(nil);
	if(strcmp(how, "exits bad") == 0)
		threadexits(bad);
	if(strcmp(how, "exits, task") == 0){
		threadcreate(sayandexit, nil, 0);
		threadexits(bad);
	}
	if(strcmp(how, "exits, proc") == 0){
		proccreate(afterwards, nil, 0);
		threadexits(bad);
	}
	if(strcmp(how, "exits, proc bad") == 0){
		proccreate(afterwards, bad, 0);
		threadexits(nil);
	}
	if(strcmp(how, "exitsall") == 0){
		proccreate(forever, nil, 0);
		threadexitsall(bad);
	}
	if(strcmp(how, "exit in a proc") == 0){
		proccreate(exit6, nil, 0);
		forever(nil);
	}
	return 98;
}

static void
ends(char *prog, Case *k)
{
	static Child c;
	int i, n;

	n = Tsan? k->times: ntimes(k->times);
	for(i = 0; i < n; i++){
		runprog(&c, prog, k->name);
		assert_string_equal(c.err, k->err);
		assert_string_equal(c.out, k->out);
		assert_true(WIFEXITED(c.status));
		assert_int_equal(WEXITSTATUS(c.status), k->status);
	}
}

static void
mainprog(void **state)
{
	assert_non_null(getenv("L9PROG"));
	ends(getenv("L9PROG"), *state);
}

static void
ownmain(void **state)
{
	ends(tself, *state);
}

int
main(int argc, char *argv[])
{
	struct CMUnitTest tests[nelem(cases)+nelem(owncases)];
	int i, n;

	tself = argv[0];
	if(argc > 1)
		return child(argv[1]);
	n = 0;
	for(i = 0; i < nelem(cases); i++)
		tests[n++] = (struct CMUnitTest){cases[i].name, mainprog, nil, nil, &cases[i]};
	for(i = 0; i < nelem(owncases); i++)
		tests[n++] = (struct CMUnitTest){owncases[i].name, ownmain, nil, nil, &owncases[i]};
	return cmocka_run_group_tests(tests, nil, nil);
}
