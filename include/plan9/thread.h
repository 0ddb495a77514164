/*
 * The names of Plan 9's thread library for lib9thread.h: p9names(7).
 *
 * They are function-like macros, so a variable, a type or a struct member
 * of the same name is left alone, and (name)(...) is always the function.
 * send and recv are told from the socket calls by their number of
 * arguments.  -DNOPLAN9DEFINES leaves all of them out.
 */
#ifndef PLAN9_THREAD_H
#define PLAN9_THREAD_H

#include <lib9thread.h>

#if !defined(NOPLAN9DEFINES) && !defined(__cplusplus)

#define alt(a)		p9alt(a)
#define yield()		threadyield()

#define sendp(c, v)	chansendp(c, v)
#define recvp(c)	chanrecvp(c)
#define sendul(c, v)	chansendul(c, v)
#define recvul(c)	chanrecvul(c)
#define nbsend(c, v)	p9nbsend(c, v)
#define nbrecv(c, v)	p9nbrecv(c, v)
#define nbsendp(c, v)	p9nbsendp(c, v)
#define nbrecvp(c)	channbrecvp(c)
#define nbsendul(c, v)	p9nbsendul(c, v)
#define nbrecvul(c)	channbrecvul(c)
#define chanprint(...)	p9chanprint(__VA_ARGS__)
#define procrfork(f, a, s, g)	p9procrfork(f, a, s, g)

/*
 * Two arguments: the channel call.  Four: the socket call, or its
 * declaration in <sys/socket.h>, which therefore may come later.
 */
#define L9PICK(_1, _2, _3, _4, name, ...)	name
#define send(...)	L9PICK(__VA_ARGS__, l9send4, l9send3, l9send2, l9send1, 0)(__VA_ARGS__)
#define recv(...)	L9PICK(__VA_ARGS__, l9recv4, l9recv3, l9recv2, l9recv1, 0)(__VA_ARGS__)
#define l9send2(c, v)		chansend(c, v)
#define l9recv2(c, v)		chanrecv(c, v)
#define l9send4(fd, b, n, f)	send(fd, b, n, f)
#define l9recv4(fd, b, n, f)	recv(fd, b, n, f)

#endif
#endif
