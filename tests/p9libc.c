/*
 * Plan 9's libc: strings, files, options, connections, time, notes.  This file
 * is a Plan 9 program: the short names reach the functions.
 */
#include <u.h>
#include <libc.h>
#include <thread.h>

#include <setjmp.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

/* its runtime hands no signals to handlers in a child of fork */
#if defined(__SANITIZE_THREAD__)
#define NOHANDLER	1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define NOHANDLER	1
#endif
#endif
#ifndef NOHANDLER
#define NOHANDLER	0
#endif

static void
tokens(char *text, int n, char *want[])
{
	char buf[128], *f[4];
	int i;

	strcpy(buf, text);
	assert_int_equal(tokenize(buf, f, nelem(f)), n);
	for(i = 0; i < n; i++)
		assert_string_equal(f[i], want[i]);
}

static void
test_tokenize(void **state)
{
	tokens("", 0, nil);
	tokens(" \t\r\n", 0, nil);
	tokens("one", 1, (char*[]){"one"});
	tokens("  one two\tthree\n", 3, (char*[]){"one", "two", "three"});
	tokens("a b c d e", 4, (char*[]){"a", "b", "c", "d"});
	tokens("'two words' x", 2, (char*[]){"two words", "x"});
	tokens("don''t", 1, (char*[]){"dont"});
	tokens("'don''t'", 1, (char*[]){"don't"});
	tokens("'' x", 2, (char*[]){"", "x"});
	tokens("a'b c'd e", 2, (char*[]){"ab cd", "e"});
	tokens("'open end", 1, (char*[]){"open end"});
}

static void
fields(char *text, int max, int multi, int n, char *want[])
{
	char buf[128], *f[4];
	int i;

	strcpy(buf, text);
	assert_int_equal(getfields(buf, f, max, multi, ": "), n);
	for(i = 0; i < n; i++)
		assert_string_equal(f[i], want[i]);
}

static void
test_getfields(void **state)
{
	fields("", 4, 0, 1, (char*[]){""});
	fields("", 4, 1, 0, nil);
	fields("a", 4, 0, 1, (char*[]){"a"});
	fields("a:b c", 4, 0, 3, (char*[]){"a", "b", "c"});
	fields("a::b", 4, 0, 3, (char*[]){"a", "", "b"});
	fields(":a:", 4, 0, 3, (char*[]){"", "a", ""});
	fields("a: b", 4, 1, 2, (char*[]){"a", "b"});
	fields(" :a: ", 4, 1, 1, (char*[]){"a"});
	fields("a:b:c:d", 2, 0, 2, (char*[]){"a", "b:c:d"});
	fields("a::b:c ", 2, 1, 2, (char*[]){"a", "b:c "});
	fields("a:b", 0, 0, 0, nil);
}

static void
test_cleanname(void **state)
{
	static char *t[][2] = {
		{"", "."}, {".", "."}, {"/", "/"}, {"//", "/"}, {"a", "a"}, {"a/", "a"},
		{"a//b", "a/b"}, {"./a/./b/.", "a/b"}, {"a/..", "."}, {"a/b/..", "a"},
		{"a/../b", "b"}, {"..", ".."}, {"../..", "../.."}, {"../a", "../a"},
		{"../a/..", ".."}, {"../a/../..", "../.."}, {"/..", "/"}, {"/../a", "/a"},
		{"/a/../..", "/"}, {"/a/b/../c", "/a/c"}, {"...", "..."}, {"a/.../b", "a/.../b"},
		{"a/b/../../../c", "../c"}, {"..a/b..", "..a/b.."}, {".//", "."},
	};
	char buf[64];
	uint i;

	for(i = 0; i < nelem(t); i++){
		strcpy(buf, t[i][0]);
		assert_ptr_equal(cleanname(buf), buf);
		assert_string_equal(buf, t[i][1]);
	}
}

static void
test_strings(void **state)
{
	char buf[8], *p;
	uchar *z;
	int i;

	memset(buf, 'x', sizeof buf);
	p = strecpy(buf, buf+4, "ab");
	assert_ptr_equal(p, buf+2);
	assert_string_equal(buf, "ab");
	p = strecpy(p, buf+4, "cdef");
	assert_ptr_equal(p, buf+3);
	assert_string_equal(buf, "abc");
	assert_int_equal(buf[4], 'x');
	assert_ptr_equal(strecpy(buf+4, buf+4, "z"), buf+4);
	assert_int_equal(buf[4], 'x');

	assert_int_equal(cistrcmp("Hello", "hELLO"), 0);
	assert_true(cistrcmp("a", "B") < 0);
	assert_true(cistrcmp("b", "A") > 0);
	assert_true(cistrcmp("a", "ab") < 0);
	assert_true(cistrcmp("\xe4", "a") > 0);
	assert_int_equal(cistrncmp("HELLO", "help", 3), 0);
	assert_true(cistrncmp("HELLO", "help", 4) < 0);
	assert_int_equal(cistrncmp("a", "A", 100), 0);
	assert_int_equal(cistrncmp("a", "b", 0), 0);

	z = mallocz(1000, 1);
	assert_non_null(z);
	for(i = 0; i < 1000; i++)
		assert_int_equal(z[i], 0);
	free(z);
	z = mallocz(10, 0);
	assert_non_null(z);
	free(z);
}

static void
test_enc64(void **state)
{
	static char *t[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
	char buf[16];
	uint i;

	for(i = 0; i < nelem(t); i++){
		assert_int_equal(enc64(buf, sizeof buf, (uchar*)"foobar", (int)i), strlen(t[i]));
		assert_string_equal(buf, t[i]);
	}
	assert_int_equal(enc64(buf, 9, (uchar*)"foobar", 6), 8);
	assert_int_equal(enc64(buf, 8, (uchar*)"foobar", 6), -1);
	assert_int_equal(enc64(buf, sizeof buf, (uchar*)"\xff\xfe\xfd", 3), 4);
	assert_string_equal(buf, "//79");
}

static void
test_netmkaddr(void **state)
{
	assert_string_equal(netmkaddr("host", nil, nil), "net!host");
	assert_string_equal(netmkaddr("host", nil, "http"), "net!host!http");
	assert_string_equal(netmkaddr("host", "tcp", nil), "tcp!host");
	assert_string_equal(netmkaddr("host", "tcp", "http"), "tcp!host!http");
	assert_string_equal(netmkaddr("tcp!host", "net", "http"), "tcp!host!http");
	assert_string_equal(netmkaddr("tcp!host", "net", nil), "tcp!host");
	assert_string_equal(netmkaddr("tcp!host!80", "net", "http"), "tcp!host!80");
	assert_string_equal(netmkaddr("unix!/tmp/x", "net", "http"), "unix!/tmp/x");
}

static void
test_unsharp(void **state)
{
	char *s, name[] = "#8/x";

	assert_int_equal(putenv("PLAN9", "/p9"), 0);
	s = unsharp("#9/lib/x");
	assert_string_equal(s, "/p9/lib/x");
	free(s);
	s = unsharp("#9");
	assert_string_equal(s, "/p9");
	free(s);
	s = unsharp("#d/0");
	assert_string_equal(s, "/dev/fd/0");
	free(s);
	assert_ptr_equal(unsharp(name), name);
	assert_string_equal(unsharp("#99"), "#99");
}

static void
test_files(void **state)
{
	char buf[16], name[] = "p9libc.XXXXXX", dir[] = "p9libc.d.XXXXXX";
	struct stat st;
	int fd, fd2;

	fd = opentemp(name);
	assert_true(fd >= 0);
	assert_int_equal(access(name, AEXIST), -1);
	close(fd);

	umask(022);
	fd = create(name, ORDWR, 0664);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	assert_int_equal(write(fd, "hello, world", 12), 12);
	assert_int_equal(seek(fd, 7, 0), 7);
	assert_int_equal(readn(fd, buf, sizeof buf), 5);
	assert_memory_equal(buf, "world", 5);
	assert_int_equal(seek(fd, -5, 1), 7);
	assert_int_equal(seek(fd, -1, 2), 11);
	assert_int_equal(seek(fd, 0, 3), -1);
	assert_int_equal(readn(fd, buf, -1), -1);
	fd2 = dup(fd, -1);
	assert_true(fd2 > fd);
	assert_int_equal(dup(fd, fd2), fd2);
	assert_int_equal(seek(fd2, 0, 1), 11);
	close(fd2);
	fd2 = dup(fd);
	assert_true(fd2 > fd);
	close(fd2);
	close(fd);

	assert_int_equal(create(name, OWRITE|OEXCL, 0666), -1);
	assert_int_equal(create(name, OWRITE, DMEXCL|0666), -1);
	assert_int_equal(create(name, OWRITE, 07777), -1);
	assert_int_equal(open(name, 0x10000), -1);
	snprint(buf, sizeof buf, "%r");
	assert_string_equal(buf, "bad open mode");
	assert_int_equal(open(name, OEXEC), -1);
	assert_int_equal(errno, EACCES);

	fd = open(name, OREAD|OCEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	/* POSIX's open is there too */
	fd = open(name, O_RDWR|O_CREAT, 0666);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), 0);
	close(fd);
	fd = create(name, OWRITE, DMAPPEND|0666);
	assert_int_equal(write(fd, "ab", 2), 2);
	seek(fd, 0, 0);
	assert_int_equal(write(fd, "cd", 2), 2);
	close(fd);
	fd = open(name, ORDWR|ORCLOSE);
	assert_true(fd >= 0);
	assert_int_equal(access(name, AEXIST), -1);
	assert_int_equal(readn(fd, buf, sizeof buf), 4);
	assert_memory_equal(buf, "abcd", 4);
	close(fd);
	assert_int_equal(open(name, OREAD), -1);
	assert_int_equal(errno, ENOENT);

	assert_non_null(mkdtemp(dir));
	assert_int_equal(remove(dir), 0);
	assert_int_equal(create(dir, OWRITE, DMDIR|0777), -1);
	fd = create(dir, OREAD, DMDIR|0755);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	close(fd);
	assert_int_equal(remove(dir), 0);
}

static int
options(int argc, char *argv[], char *file, int *verbose)
{
	int bad;

	bad = 0;
	ARGBEGIN{
	case 'v':
		(*verbose)++;
		break;
	case 'f':
		strcpy(file, EARGF(abort()));
		break;
	case 'o':
		if(ARGF() == nil)
			bad = -100;
		break;
	default:
		bad = ARGC();
		break;
	}ARGEND
	return bad != 0? -bad: argc;
}

static int
parse(char *argv[], char *file, int *verbose)
{
	int argc;

	for(argc = 0; argv[argc] != nil; argc++)
		;
	*verbose = 0;
	file[0] = '\0';
	return options(argc, argv, file, verbose);
}

static void
test_options(void **state)
{
	char file[16];
	int v;

	argv0 = nil;
	assert_int_equal(parse((char*[]){"prog", nil}, file, &v), 0);
	assert_string_equal(argv0, "prog");
	assert_int_equal(parse((char*[]){"other", "-v", "-vv", "x", "y", nil}, file, &v), 2);
	assert_string_equal(argv0, "prog");
	assert_int_equal(v, 3);
	assert_int_equal(parse((char*[]){"prog", "-vf", "name", "x", nil}, file, &v), 1);
	assert_string_equal(file, "name");
	assert_int_equal(v, 1);
	assert_int_equal(parse((char*[]){"prog", "-fname", nil}, file, &v), 0);
	assert_string_equal(file, "name");
	assert_int_equal(parse((char*[]){"prog", "-v", "--", "-v", nil}, file, &v), 1);
	assert_int_equal(v, 1);
	assert_int_equal(parse((char*[]){"prog", "-", "-v", nil}, file, &v), 2);
	assert_int_equal(v, 0);
	assert_int_equal(parse((char*[]){"prog", "-x", nil}, file, &v), -'x');
	assert_int_equal(parse((char*[]){"prog", "-o", nil}, file, &v), 100);
}

static void
caller(void *v)
{
	char **dir, err[ERRMAX];
	int fd;

	dir = v;
	fd = dial(dir[0], nil, nil, nil);
	if(fd >= 0){
		fprint(fd, "hello %s\n", dir[1]);
		close(fd);
	}else{
		rerrstr(err, sizeof err);
		print("dial: %s\n", err);
	}
	chansendul((Channel*)(void*)dir[2], (ulong)fd);
}

static void
test_dial(void **state)
{
	char dir[NETPATHLEN], newdir[NETPATHLEN], cdir[NETPATHLEN], addr[64], buf[32];
	int afd, lcfd, dfd, cfd;
	void *arg[3];

	snprint(addr, sizeof addr, "unix!p9libc.%d", getpid());
	afd = announce(addr, dir);
	assert_true(afd >= 0);
	arg[0] = addr;
	arg[1] = "there";
	arg[2] = chancreate(sizeof(ulong), 1);
	assert_non_null(arg[2]);
	/* in a proc of its own: both calls block */
	assert_true(proccreate(caller, arg, 0) > 0);
	lcfd = listen(dir, newdir);
	assert_true(lcfd >= 0);
	dfd = accept(lcfd, newdir);
	assert_true(dfd >= 0);
	close(lcfd);
	assert_int_equal(readn(dfd, buf, sizeof buf), 12);
	assert_memory_equal(buf, "hello there\n", 12);
	close(dfd);
	assert_int_not_equal((long)chanrecvul(arg[2]), -1);
	/* the control descriptor and the directory */
	dfd = dial(addr, nil, cdir, &cfd);
	assert_true(dfd >= 0 && cfd >= 0);
	assert_memory_equal(cdir, "/dev/fd/", 8);
	close(dfd);
	close(cfd);
	close(afd);
	remove(addr + 5);
	chanfree(arg[2]);

	assert_int_equal(dial(addr, nil, nil, nil), -1);
	snprint(buf, sizeof buf, "%.5r");
	assert_string_equal(buf, "dial ");
	assert_int_equal(dial("nonsense", nil, nil, nil), -1);
	assert_int_equal(announce("tcp!x", dir), -1);
	assert_int_equal(listen("x", newdir), -1);
	assert_int_equal(accept(0, "x"), -1);
}

static void
test_time(void **state)
{
	int64_t t;
	vlong a, b;
	Tm *tm;

	t = threadnow();
	assert_int_equal(sleep(20), 0);
	assert_true(threadnow() - t >= 20*Millisecond);
	assert_int_equal(sleep(0), 0);
	assert_int_equal(sleep(-1), 0);
	a = nsec();
	b = time(nil);
	/* time looks at a coarser clock, which may be behind */
	assert_true(b - a/Second >= -1 && b - a/Second < 10);

	setenv("TZ", "XYZ-5:30", 1);
	tzset();
	tm = localtime(86400L*365);
	assert_non_null(tm);
	assert_int_equal(tm->year, 71);
	assert_int_equal(tm->mon, 0);
	assert_int_equal(tm->mday, 1);
	assert_int_equal(tm->hour, 5);
	assert_int_equal(tm->min, 30);
	assert_int_equal(tm->sec, 0);
	assert_int_equal(tm->wday, 5);
	assert_int_equal(tm->yday, 0);
	assert_int_equal(tm->tzoff, 19800);
	assert_string_equal(tm->zone, "XYZ");
}

static void
test_environment(void **state)
{
	char *s;

	assert_int_equal(putenv("p9libc", "value"), 0);
	s = getenv("p9libc");
	assert_string_equal(s, "value");
	free(s);
	assert_null(getenv("p9libc none"));
	assert_int_not_equal(strlen(getuser()), 0);
	assert_int_not_equal(strlen(sysname()), 0);
}

static void
test_locks(void **state)
{
	static Lock l;
	struct { int lock, open, print, sleep; } member = {1, 2, 3, 4};
	int exits = member.lock + member.open + member.print + member.sleep;

	lock(&l);
	assert_int_equal(canlock(&l), 0);
	unlock(&l);
	assert_int_equal(canlock(&l), 1);
	unlock(&l);
	/* names without a call are the program's */
	assert_int_equal(exits, 10);
	quotefmtinstall();
	USED(exits, member);
	SET(exits);
	assert_true(getcallerpc(&state) != 0);
}

static volatile int ncaught;
static char caught[64];

static void
catcher(void *ureg, char *note)
{
	USED(ureg);
	strecpy(caught, caught + sizeof caught, note);
	ncaught++;
	noted(NCONT);
	abort();	/* noted does not return */
}

static void
test_notes(void **state)
{
	assert_int_equal(noted(NCONT), -1);
	assert_int_equal(notify(catcher), 0);
	assert_int_equal(postnote(PNPROC, getpid(), "interrupt"), 0);
	/* another OS thread may get it */
	while(ncaught == 0)
		sleep(1);
	assert_string_equal(caught, "interrupt");
	assert_int_equal(postnote(PNPROC, getpid(), "hangup"), 0);
	while(ncaught == 1)
		sleep(1);
	assert_string_equal(caught, "hangup");
	assert_int_equal(ncaught, 2);
	assert_int_equal(alarm(10000), 0);
	assert_true(alarm(1) > 5000);
	while(ncaught == 2)
		sleep(1);
	assert_string_equal(caught, "alarm");
	assert_int_equal(alarm(0), 0);
	assert_int_equal(postnote(PNPROC, getpid(), "no such note"), -1);
	assert_int_equal(postnote(3, getpid(), "hangup"), -1);
	assert_int_equal(postnote(PNPROC, 0, "hangup"), -1);
	assert_int_equal(notify(nil), 0);
}

static void
dying(void *ureg, char *note)
{
	USED(ureg, note);
	noted(NDFLT);
}

static void
returning(void *ureg, char *note)
{
	USED(ureg, note);
}

static int
fateof(void (*f)(void*, char*))
{
	int pid, status;

	pid = rfork(RFPROC|RFFDG|RFNOTEG);
	assert_true(pid >= 0);
	if(pid == 0){
		notify(f);
		postnote(PNPROC, getpid(), "kill");
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
test_rfork(void **state)
{
	int pid, p[2];
	char c;

	assert_int_equal(fateof(catcher), 0);
	if(!NOHANDLER){
		assert_int_equal(fateof(dying), SIGTERM);
		assert_int_equal(fateof(returning), SIGTERM);
	}
	assert_int_equal(rfork(RFMEM|RFPROC), -1);
	assert_int_equal(rfork(RFFDG|RFNAMEG|RFENVG), 0);

	/* nobody waits for it, and its group is its own */
	assert_int_equal(pipe(p), 0);
	pid = rfork(RFPROC|RFNOWAIT|RFNOTEG);
	assert_true(pid >= 0);
	if(pid == 0){
		c = getpgid(0) == getpid();
		_exit(write(p[1], &c, 1) != 1);
	}
	close(p[1]);
	assert_int_equal(read(p[0], &c, 1), 1);
	assert_int_equal(c, 1);
	close(p[0]);
	assert_int_equal(waitpid(-1, nil, 0), -1);
}

static void
tell(void *v)
{
	Channel *c;

	c = v;
	sendul(c, (ulong)threadid());
}

static void
test_procrfork(void **state)
{
	Channel *c;
	int id;

	c = chancreate(sizeof(ulong), 0);
	assert_non_null(c);
	id = procrfork(tell, c, 8192, RFNAMEG|RFNOTEG|RFNOWAIT);
	assert_true(id > 0);
	assert_int_equal(recvul(c), id);
	/* what procs share */
	assert_int_equal(procrfork(tell, c, 8192, RFFDG), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(procrfork(tell, c, 8192, RFENVG|RFNAMEG), -1);
	chanfree(c);
}

/* as much as can be seen without 9pserve */
static void
test_post9p(void **state)
{
	char buf[ERRMAX], dir[] = "p9libc.XXXXXX", prog[32], *path;
	int fd[2], n;

	path = getenv("PATH");
	putenv("NAMESPACE", "/nonexistent");
	putenv("PATH", ".");
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(post9pservice(fd[0], "srv"), -1);
	rerrstr(buf, sizeof buf);
	assert_memory_equal(buf, "9pserve", 7);

	assert_non_null(mkdtemp(dir));
	snprint(prog, sizeof prog, "%s/9pserve", dir);
	n = create(prog, OWRITE, 0755);
	fprint(n, "#!/bin/sh\ntest \"$*\" = '-u unix!/nonexistent/srv'\n");
	close(n);
	putenv("PATH", dir);
	assert_int_equal(post9pservice(fd[0], "srv"), 0);
	assert_int_equal(close(fd[0]), -1);
	close(fd[1]);
	remove(prog);
	remove(dir);
	putenv("PATH", path);
	free(path);
}

static void
printing(void *v)
{
	werrstr("a reason");
	if(chanprint(v, "%ud %q %r", 7u, "it's") < 0)
		abort();
}

/* chanprint takes Plan 9's verbs here */
static void
test_chanprint(void **state)
{
	Channel *c;
	char *s;

	c = chancreate(sizeof(char*), 0);
	assert_true(threadcreate(printing, c, 0) > 0);
	s = recvp(c);
	assert_string_equal(s, "7 'it''s' a reason");
	free(s);
	chanclose(c);
	assert_int_equal(chanprint(c, "%d", 1), -1);
	chanfree(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tokenize),
		cmocka_unit_test(test_getfields),
		cmocka_unit_test(test_cleanname),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_enc64),
		cmocka_unit_test(test_netmkaddr),
		cmocka_unit_test(test_unsharp),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_dial),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_locks),
		cmocka_unit_test(test_chanprint),
		cmocka_unit_test(test_notes),
		cmocka_unit_test(test_rfork),
		cmocka_unit_test(test_procrfork),
		cmocka_unit_test(test_post9p),
	};

	if(threadinit() < 0)
		return 1;
	return cmocka_run_group_tests(tests, nil, nil);
}
