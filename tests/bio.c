/*
 * Biobufs: reading, lines, giving back, writing, seeking, the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "p9bio.h"
#include "p9libc.h"

static char name[64];
static Biobuf b;

/* a file that has text in it, and its name in `name' */
static void
file(const char *text, size_t n)
{
	int fd;

	strcpy(name, "bio.XXXXXX");
	fd = mkstemp(name);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, n), n);
	close(fd);
}

/* what the file has, to be freed */
static char*
contents(void)
{
	char *s;
	int fd;
	long n;

	s = malloc(100000);
	assert_non_null(s);
	fd = open(name, O_RDONLY);
	assert_true(fd >= 0);
	n = p9readn(fd, s, 99999);
	assert_true(n >= 0);
	s[n] = '\0';
	close(fd);
	return s;
}

static void
test_getc(void **state)
{
	Biobuf *p;
	int i, c;

	file("ab\xff", 3);
	p = Bopen(name, OREAD);
	assert_non_null(p);
	assert_int_equal(Bungetc(p), Beof);
	assert_int_equal(Bgetc(p), 'a');
	assert_int_equal(Bbuffered(p), 2);
	assert_int_equal(Boffset(p), 1);
	assert_int_equal(Bungetc(p), 1);
	assert_int_equal(Bgetc(p), 'a');
	assert_int_equal(Bgetc(p), 'b');
	assert_int_equal(Bgetc(p), 0xff);
	assert_int_equal(Bgetc(p), Beof);
	assert_int_equal(Bgetc(p), Beof);
	for(i = 0; i < 3; i++)
		assert_int_equal(Bungetc(p), 1);
	assert_int_equal(Bungetc(p), Beof);
	assert_int_equal(Bgetc(p), 'a');
	assert_int_equal(Bputc(p, 'x'), Beof);
	assert_int_equal(Bwrite(p, "x", 1), Beof);
	assert_int_equal(Bprint(p, "x"), Beof);
	assert_int_equal(Bterm(p), 0);
	unlink(name);

	/* across the border of a buffer */
	file("", 0);
	assert_int_equal(truncate(name, 2*Bsize), 0);
	p = Bopen(name, OREAD);
	assert_non_null(p);
	for(i = 0; i < Bsize+1; i++){
		c = Bgetc(p);
		assert_int_equal(c, 0);
	}
	for(i = 0; i < Bungetsize+1; i++)
		assert_int_equal(Bungetc(p), 1);
	assert_int_equal(Boffset(p), Bsize - Bungetsize);
	assert_int_equal(Bungetc(p), Beof);
	for(i = 0; i < Bsize+Bungetsize; i++)
		assert_int_equal(Bgetc(p), 0);
	assert_int_equal(Bgetc(p), Beof);
	Bterm(p);
	unlink(name);
	assert_null(Bopen("no/such/file", OREAD));
	assert_int_equal(Binit(&b, 0, ORDWR), Beof);
}

static void
test_lines(void **state)
{
	static char text[3*Bsize];
	char *s;
	Biobuf *p;

	file("one\n\nthree\nlast", 15);
	p = Bopen(name, OREAD);
	s = Brdline(p, '\n');
	assert_non_null(s);
	assert_int_equal(Blinelen(p), 4);
	assert_memory_equal(s, "one\n", 4);
	s = Brdline(p, '\n');
	assert_non_null(s);
	assert_int_equal(Blinelen(p), 1);
	s = Brdline(p, '\n');
	assert_memory_equal(s, "three\n", 6);
	assert_null(Brdline(p, '\n'));
	assert_int_equal(Blinelen(p), 4);
	assert_int_equal(Bgetc(p), 'l');
	s = Brdstr(p, '\n', 1);
	assert_string_equal(s, "ast");
	assert_int_equal(Blinelen(p), 3);
	free(s);
	assert_null(Brdline(p, '\n'));
	assert_int_equal(Blinelen(p), 0);
	assert_null(Brdstr(p, '\n', 1));
	assert_int_equal(Bseek(p, 0, 0), 0);
	s = Brdstr(p, '\n', 1);
	assert_string_equal(s, "one");
	assert_int_equal(Blinelen(p), 3);
	free(s);
	s = Brdstr(p, '\n', 0);
	assert_string_equal(s, "\n");
	assert_int_equal(Blinelen(p), 1);
	free(s);
	Bterm(p);
	unlink(name);

	/* too long for the buffer, and just not too long */
	memset(text, 'x', sizeof text);
	text[Bsize-1] = '\n';
	text[sizeof text - 1] = '\n';
	file(text, sizeof text);
	p = Bopen(name, OREAD);
	s = Brdline(p, '\n');
	assert_non_null(s);
	assert_int_equal(Blinelen(p), Bsize);
	assert_null(Brdline(p, '\n'));
	assert_int_equal(Blinelen(p), Bsize);
	s = Brdstr(p, '\n', 1);
	assert_non_null(s);
	assert_int_equal(Blinelen(p), 2*Bsize - 1);
	assert_int_equal(strlen(s), 2*Bsize - 1);
	free(s);
	Bterm(p);
	unlink(name);
}

/* lines that come in pieces */
static void
test_pipe(void **state)
{
	char *s;
	int fd[2];

	assert_int_equal(pipe(fd), 0);
	assert_int_equal(Binit(&b, fd[0], OREAD), 0);
	assert_int_equal(write(fd[1], "a\nbc", 4), 4);
	s = Brdline(&b, '\n');
	assert_memory_equal(s, "a\n", 2);
	assert_int_equal(write(fd[1], "d\n", 2), 2);
	s = Brdline(&b, '\n');
	assert_int_equal(Blinelen(&b), 4);
	assert_memory_equal(s, "bcd\n", 4);
	assert_int_equal(Boffset(&b), 6);
	assert_int_equal(Bseek(&b, 0, 0), Beof);
	assert_int_equal(errno, ESPIPE);
	close(fd[1]);
	assert_int_equal(Bgetc(&b), Beof);
	assert_int_equal(Bfildes(&b), fd[0]);
	assert_int_equal(Bterm(&b), 0);
	close(fd[0]);
}

static void
test_read(void **state)
{
	static char text[3*Bsize+17], got[sizeof text];
	size_t i;
	Biobuf *p;

	for(i = 0; i < sizeof text; i++)
		text[i] = (char)(i*7 + i/256);
	file(text, sizeof text);
	p = Bopen(name, OREAD);
	assert_int_equal(Bread(p, got, 10), 10);
	assert_int_equal(Bread(p, got+10, sizeof text), sizeof text - 10);
	assert_memory_equal(got, text, sizeof text);
	assert_int_equal(Bread(p, got, 1), 0);
	assert_int_equal(Bseek(p, -17, 2), sizeof text - 17);
	assert_int_equal(Bgetc(p), (unsigned char)text[sizeof text - 17]);
	assert_int_equal(Bseek(p, -2, 1), sizeof text - 18);
	assert_int_equal(Bgetc(p), (unsigned char)text[sizeof text - 18]);
	assert_int_equal(Boffset(p), sizeof text - 17);
	assert_int_equal(Bseek(p, 5, 0), 5);
	assert_int_equal(Bungetc(p), Beof);
	assert_int_equal(Bread(p, got, 5), 5);
	assert_memory_equal(got, text+5, 5);
	assert_int_equal(Bflush(p), 0);
	assert_int_equal(Bbuffered(p), 0);
	Bterm(p);
	unlink(name);
}

static int
vprint(Biobuf *p, const char *fmt, ...)
{
	va_list arg;
	int n;

	va_start(arg, fmt);
	n = Bvprint(p, fmt, arg);
	va_end(arg);
	return n;
}

static void
test_write(void **state)
{
	static char text[3*Bsize+5];
	char *s;
	Biobuf *p;

	file("old", 3);
	p = Bopen(name, OWRITE);
	assert_non_null(p);
	assert_int_equal(Bputc(p, 'a'), 0);
	assert_int_equal(Bwrite(p, "bc", 2), 2);
	assert_int_equal(vprint(p, "%d %q\n", 5, "x y"), 8);
	assert_int_equal(Bbuffered(p), 11);
	assert_int_equal(Boffset(p), 11);
	assert_int_equal(Bgetc(p), Beof);
	assert_null(Brdline(p, '\n'));
	s = contents();
	assert_string_equal(s, "");
	free(s);
	assert_int_equal(Bflush(p), 0);
	s = contents();
	assert_string_equal(s, "abc5 'x y'\n");
	free(s);
	assert_int_equal(Bseek(p, 1, 0), 1);
	Bputc(p, 'B');
	assert_int_equal(Bterm(p), 0);
	s = contents();
	assert_string_equal(s, "aBc5 'x y'\n");
	free(s);

	/* more than a buffer, by each way */
	memset(text, 'x', sizeof text - 1);
	p = Bopen(name, OWRITE);
	assert_int_equal(Bwrite(p, text, sizeof text - 1), sizeof text - 1);
	assert_int_equal(Bprint(p, "<%s>", text), sizeof text + 1);
	assert_int_equal(Boffset(p), 2*sizeof text);
	assert_int_equal(Bterm(p), 0);
	s = contents();
	assert_int_equal(strlen(s), 2*sizeof text);
	assert_int_equal(s[sizeof text - 1], '<');
	assert_int_equal(s[2*sizeof text - 1], '>');
	free(s);
	unlink(name);
}

static void
test_errors(void **state)
{
	int fd;

	fd = open("/dev/full", O_WRONLY);
	if(fd < 0)
		skip();
	assert_int_equal(Binit(&b, fd, OWRITE), 0);
	assert_int_equal(Bputc(&b, 'x'), 0);
	assert_int_equal(Bflush(&b), Beof);
	assert_int_equal(errno, ENOSPC);
	assert_int_equal(Bputc(&b, 'x'), Beof);
	assert_int_equal(Bprint(&b, "x"), Beof);
	assert_int_equal(Bseek(&b, 0, 0), Beof);
	assert_int_equal(Bterm(&b), Beof);
	close(fd);

	assert_int_equal(Binit(&b, fd, OREAD), 0);
	assert_int_equal(Bgetc(&b), Beof);
	assert_int_equal(Bread(&b, name, 1), Beof);
	assert_int_equal(Bterm(&b), 0);
}

/* what was not flushed is written when the program ends */
static void
test_exit(void **state)
{
	int fd[2], status;
	pid_t pid;
	char got[16];

	assert_int_equal(pipe(fd), 0);
	pid = fork();
	assert_true(pid >= 0);
	if(pid == 0){
		static Biobuf mine;

		/* twice, without Bterm: still written once */
		if(Binit(&mine, 2, OWRITE) < 0 || Binit(&mine, fd[1], OWRITE) < 0)
			_exit(2);
		Bprint(&mine, "bye %d\n", 1);
		exit(0);
	}
	close(fd[1]);
	assert_int_equal(p9readn(fd[0], got, sizeof got), 6);
	assert_memory_equal(got, "bye 1\n", 6);
	close(fd[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_getc),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_pipe),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_exit),
	};

	if(threadinit() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
