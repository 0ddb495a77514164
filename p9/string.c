/*
 * Strings and memory: p9string(3).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "p9impl.h"

void*
p9mallocz(unsigned long n, int clear)
{
	void *p;

	p = clear? calloc(1, n): malloc(n);
	if(p == nil && n > 0)
		l9err(ENOMEM, "out of memory");
	return p;
}

char*
p9strecpy(char *to, char *e, const char *from)
{
	if(to >= e)
		return to;
	while(to < e-1 && *from != '\0')
		*to++ = *from++;
	*to = '\0';
	return to;
}

/* ASCII's letters, whatever the locale says */
static int
lower(char c)
{
	return c >= 'A' && c <= 'Z'? c - 'A' + 'a': (unsigned char)c;
}

int
p9cistrncmp(const char *s, const char *t, int n)
{
	for(; n > 0; n--, s++, t++)
		if(*s == '\0' || lower(*s) != lower(*t))
			return lower(*s) - lower(*t);
	return 0;
}

int
p9cistrcmp(const char *s, const char *t)
{
	while(*s != '\0' && lower(*s) == lower(*t)){
		s++;
		t++;
	}
	return lower(*s) - lower(*t);
}

static bool
isin(const char *set, char c)
{
	return c != '\0' && strchr(set, c) != nil;
}

/* take the quotes off the word at s, end it, and return what comes after */
static char*
word(char *s, const char *sep)
{
	char *t;
	bool quoting;

	quoting = false;
	for(t = s; *t != '\0' && (quoting || !isin(sep, *t)); t++){
		if(*t != '\'')
			*s++ = *t;
		else if(quoting && t[1] == '\'')
			*s++ = *++t;
		else
			quoting = !quoting;
	}
	if(*t != '\0')
		t++;
	*s = '\0';
	return t;
}

int
p9tokenize(char *s, char *args[], int nargs)
{
	static const char sep[] = " \t\r\n";
	int n;

	for(n = 0; n < nargs; n++){
		s += strspn(s, sep);
		if(*s == '\0')
			break;
		args[n] = s;
		s = word(s, sep);
	}
	return n;
}

/* without multi every delimiter ends a field; the last field is the rest */
int
p9getfields(char *s, char *args[], int nargs, int multi, const char *delims)
{
	int n;

	for(n = 0; n < nargs;){
		if(multi){
			while(isin(delims, *s))
				*s++ = '\0';
			if(*s == '\0')
				break;
		}
		args[n++] = s;
		if(n == nargs)
			break;
		s += strcspn(s, delims);
		if(*s == '\0')
			break;
		if(!multi)
			*s++ = '\0';
	}
	return n;
}

static bool
isdotdot(const char *s, size_t n)
{
	return n == 2 && s[0] == '.' && s[1] == '.';
}

/*
 * The shortest name for the same place, if no symbolic link is in the way; in
 * place, since no step makes it longer.
 */
char*
p9cleanname(char *name)
{
	char *s, *t, *base, *floor;
	size_t n;

	s = t = base = name + (*name == '/');
	floor = base;	/* .. takes off no more than this */
	for(; *s != '\0'; s += n + (s[n] == '/')){
		n = strcspn(s, "/");
		if(n == 0 || (n == 1 && s[0] == '.'))
			continue;
		if(isdotdot(s, n) && t > floor){
			while(--t > floor && *t != '/')
				;
			continue;
		}
		if(isdotdot(s, n) && base > name)
			continue;	/* the root's parent is the root */
		if(t > base)
			*t++ = '/';
		memmove(t, s, n);
		t += n;
		if(isdotdot(t-n, n))
			floor = t;
	}
	if(t == name)
		*t++ = '.';
	*t = '\0';
	return name;
}

int
p9enc64(char *out, int lim, const unsigned char *in, int n)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *start;
	unsigned int b;

	if(n < 0 || lim < 1 || (n+2)/3 > (lim-1)/4)
		return -1;
	start = out;
	for(; n > 0; n -= 3, in += 3){
		b = (unsigned int)in[0]<<16;
		if(n > 1)
			b |= (unsigned int)in[1]<<8;
		if(n > 2)
			b |= in[2];
		*out++ = set[b>>18];
		*out++ = set[b>>12 & 63];
		*out++ = n > 1? set[b>>6 & 63]: '=';
		*out++ = n > 2? set[b & 63]: '=';
	}
	*out = '\0';
	return (int)(out - start);
}
