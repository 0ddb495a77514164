/* The line on the terminal. */
#include <u.h>
#include <libc.h>
#include <thread.h>
#include <sys/ioctl.h>
#include "pcp.h"

enum {
	Barlen = 24,
	Maxline = 200,
};

void
human(char buf[16], double bytes)
{
	static char *unit[] = {"B", "KB", "MB", "GB", "TB", "PB"};
	uint i;

	for(i = 0; bytes >= 999.5 && i < nelem(unit)-1; i++)
		bytes /= 1000;
	snprint(buf, 16, i > 0 && bytes < 9.95? "%.1f %s": "%.0f %s", bytes, unit[i]);
}

static int shown;	/* it is on the terminal now */

static int
width(void)
{
	struct winsize w;

	if(ioctl(2, TIOCGWINSZ, &w) < 0 || w.ws_col == 0)
		return 80;
	return w.ws_col;
}

/* what is found is all there is, once the walker is through: until then a lower bound */
void
showbar(Count *found, Count *done, int64_t elapsed)
{
	char line[Maxline], bar[Barlen+1], did[16], all[16], rate[16];
	double part, s;
	int i;

	s = (double)elapsed/Second;
	part = found->bytes > 0? (double)done->bytes/found->bytes: 0;
	if(part > 1)
		part = 1;
	for(i = 0; i < Barlen; i++)
		bar[i] = i < part*Barlen? '#': '-';
	bar[i] = '\0';
	human(did, done->bytes);
	human(all, found->bytes);
	human(rate, s > 0? done->bytes/s: 0);
	snprint(line, sizeof line, "[%s] %3d%%  %s of %s  %d of %d files  %s/s  %d s",
		bar, (int)(100*part), did, all, done->files, found->files, rate, (int)s);
	i = width() - 1;
	if(i < Maxline)
		line[i] = '\0';
	fprint(2, "\r%s\033[K", line);
	shown = 1;
}

void
clearbar(void)
{
	if(shown)
		fprint(2, "\r\033[K");
	shown = 0;
}
