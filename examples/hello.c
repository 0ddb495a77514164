/*
 * hello: two threads of one proc and one of another talk to the first.
 */
#include <u.h>
#include <libc.h>
#include <thread.h>

enum {
	Nhello = 3,
};

typedef struct Greeting Greeting;
struct Greeting
{
	char	*who;
	Channel	*c;
};

static void
hello(void *v)
{
	Greeting *g;
	int i;

	g = v;
	for(i = 0; i < Nhello; i++)
		sendp(g->c, g->who);
	sendp(g->c, nil);
}

void
threadmain(int argc, char *argv[])
{
	Greeting g[3];
	Channel *c;
	char *s;
	int running, count;

	USED(argc);
	USED(argv);
	c = chancreate(sizeof(char*), 0);
	if(c == nil)
		sysfatal("no channel");
	g[0] = (Greeting){"a thread", c};
	g[1] = (Greeting){"another thread", c};
	g[2] = (Greeting){"a proc", c};
	if(threadcreate(hello, &g[0], 0) < 0
	|| threadcreate(hello, &g[1], 0) < 0
	|| proccreate(hello, &g[2], 0) < 0)
		sysfatal("cannot start");
	count = 0;
	running = nelem(g);
	while(running > 0){
		s = recvp(c);
		if(s == nil)
			running--;
		else{
			printf("hello from %s\n", s);
			count++;
		}
	}
	printf("%d greetings\n", count);
	chanfree(c);
	threadexitsall(nil);
}
