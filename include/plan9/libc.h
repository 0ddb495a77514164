/*
 * The part of Plan 9's libc that threadmain programs lean on: p9names(7).
 *
 * As in thread.h the short names are function-like macros: a variable or a
 * member of that name is left alone, and (name)(...) is the function that
 * the C library has, if it has one.  The system's headers that declare such
 * functions are included first, so that they may be included again anywhere.
 * -DNOPLAN9DEFINES leaves the short names out.
 */
#ifndef PLAN9_LIBC_H
#define PLAN9_LIBC_H

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <p9libc.h>

/*
 * Options: ARGBEGIN{ case 'x': ... default: usage(); }ARGEND takes them off
 * argc and argv.
 */
#define ARGBEGIN	for(argv0 = argv0 != NULL? argv0: *argv, argv++, argc--;\
			    argv[0] != NULL && argv[0][0] == '-' && argv[0][1] != '\0';\
			    argc--, argv++){\
				char *_args, *_argt;\
				int _argc;\
				_args = &argv[0][1];\
				if(_args[0] == '-' && _args[1] == '\0'){\
					argc--;\
					argv++;\
					break;\
				}\
				_argc = 0;\
				_argt = NULL;\
				while(*_args != '\0' && (_argc = (unsigned char)*_args++) != 0)\
				switch(_argc)
#define ARGEND			(void)_argt;\
				(void)_argc;\
				(void)_args;\
			}\
			(void)argv;\
			(void)argc;
#define ARGF()		(_argt = _args, _args = (char*)"",\
				(*_argt != '\0'? _argt: argv[1] != NULL? (argc--, *++argv): NULL))
#define EARGF(x)	(_argt = _args, _args = (char*)"",\
				(*_argt != '\0'? _argt: argv[1] != NULL? (argc--, *++argv): ((x), abort(), (char*)NULL)))
#define ARGC()		_argc

#if !defined(NOPLAN9DEFINES) && !defined(__cplusplus)

#define print(...)	p9print(__VA_ARGS__)
#define fprint(...)	p9fprint(__VA_ARGS__)
#define vfprint(fd, f, a)	p9vfprint(fd, f, a)
#define sprint(...)	p9sprint(__VA_ARGS__)
#define snprint(...)	p9snprint(__VA_ARGS__)
#define vsnprint(s, n, f, a)	p9vsnprint(s, n, f, a)
#define seprint(...)	p9seprint(__VA_ARGS__)
#define vseprint(s, e, f, a)	p9vseprint(s, e, f, a)
#define smprint(...)	p9smprint(__VA_ARGS__)
#define vsmprint(f, a)	p9vsmprint(f, a)
#define quotefmtinstall()	((void)0)
#define werrstr(...)	p9werrstr(__VA_ARGS__)
#define sysfatal(...)	p9sysfatal(__VA_ARGS__)
#undef syslog	/* some libcs have a macro of their own */
#define syslog(...)	p9syslog(__VA_ARGS__)

#define create(f, m, p)	p9create(f, m, p)
#define seek(fd, n, t)	p9seek(fd, n, t)
#define readn(fd, b, n)	p9readn(fd, b, n)
#define opentemp(f)	p9opentemp(f)

#define mallocz(n, c)	p9mallocz(n, c)
#define strecpy(t, e, f)	p9strecpy(t, e, f)
#define cistrcmp(s, t)	p9cistrcmp(s, t)
#define cistrncmp(s, t, n)	p9cistrncmp(s, t, n)
#define tokenize(s, a, n)	p9tokenize(s, a, n)
#define getfields(s, a, n, m, d)	p9getfields(s, a, n, m, d)
#define cleanname(f)	p9cleanname(f)
#define unsharp(f)	p9unsharp(f)
#define enc64(o, l, i, n)	p9enc64(o, l, i, n)

#define netmkaddr(a, n, s)	p9netmkaddr(a, n, s)
#define dial(a, l, d, c)	p9dial(a, l, d, c)
#define announce(a, d)	p9announce(a, d)
#define listen(d, n)	p9listen(d, n)
#define reject(c, d, s)	p9reject(c, d, s)
#define post9pservice(fd, n)	p9post9pservice(fd, n)

#define exits(s)	threadexitsall(s)
#define sleep(ms)	p9sleep(ms)
#define alarm(ms)	p9alarm(ms)
#define nsec()		p9nsec()
#define localtime(t)	p9localtime(t)
#define getuser()	p9getuser()
#define sysname()	p9sysname()
#define getenv(n)	p9getenv(n)
#define rfork(f)	p9rfork(f)
#define notify(f)	p9notify(f)
#define noted(n)	p9noted(n)
#define postnote(w, p, n)	p9postnote(w, p, n)
#define getcallerpc(x)	((uintptr_t)__builtin_return_address(0))

#define lock(l)		p9lock(l)
#define canlock(l)	p9canlock(l)
#define unlock(l)	p9unlock(l)

/*
 * POSIX's twin has another number of arguments, which tells them apart.
 */
#define L9PICK3(_1, _2, _3, name, ...)	name
#define open(...)	L9PICK3(__VA_ARGS__, l9open3, l9open2, l9open1, 0)(__VA_ARGS__)
#define l9open2(f, m)	p9open(f, m)
#define l9open3(f, m, p)	open(f, m, p)
#define dup(...)	L9PICK3(__VA_ARGS__, l9dup3, l9dup2, l9dup1, 0)(__VA_ARGS__)
#define l9dup1(fd)	dup(fd)
#define l9dup2(o, n)	p9dup(o, n)
#define accept(...)	L9PICK3(__VA_ARGS__, l9accept3, l9accept2, l9accept1, 0)(__VA_ARGS__)
#define l9accept2(c, d)	p9accept(c, d)
#define l9accept3(f, a, l)	accept(f, a, l)
#define putenv(...)	L9PICK3(__VA_ARGS__, l9putenv3, l9putenv2, l9putenv1, 0)(__VA_ARGS__)
#define l9putenv1(s)	putenv(s)
#define l9putenv2(n, v)	p9putenv(n, v)

#endif
#endif
