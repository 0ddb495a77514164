/*
 * Plan 9's formats: p9print(3).
 *
 * No memory is allocated and no lock taken, so that they work in any task, in
 * a note handler and when memory has run out.
 */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "p9impl.h"

enum {
	Fleft = 1<<0,		/* - */
	Fplus = 1<<1,		/* + */
	Fspace = 1<<2,		/* space */
	Fsharp = 1<<3,		/* # */
	Fzero = 1<<4,		/* 0 */
	Fcomma = 1<<5,		/* , */
	Funsigned = 1<<6,	/* u */
	Fprec = 1<<7,		/* .n */

	Sint = 0,		/* size of an integer argument */
	Schar,
	Sshort,
	Slong,
	Svlong,
	Ssize,
	Sptrdiff,
	Smax,

	Ndigit = 64 + 64/3 + 1,	/* binary, with commas */
	Maxprec = 64,		/* of floating-point numbers */
	Nfloat = 512,		/* 309 digits before the point, Maxprec after */
};

/* one format in progress, and the verb at hand */
typedef struct Fmt Fmt;
struct Fmt
{
	Out	*out;
	const char	*s;	/* rest of the format */
	va_list	arg;
	int	errnum;		/* errno at the call, for %r */
	int	flags;
	int	size;
	int	width;
	int	prec;
};

static void
put(Out *o, const char *s, size_t n)
{
	size_t m;

	o->n += (long)n;
	for(;;){
		m = (size_t)(o->e - o->p);
		if(m > n)
			m = n;
		/* o->p is nil where the text is only counted */
		if(m > 0){
			memcpy(o->p, s, m);
			o->p += m;
			s += m;
			n -= m;
		}
		if(n == 0 || o->flush == nil)
			return;
		if(o->flush(o) < 0){
			o->flush = nil;
			o->e = o->p;
			return;
		}
	}
}

static void
fill(Out *o, int c, long n)
{
	char buf[32];
	long m;

	memset(buf, c, sizeof buf);
	for(; n > 0; n -= m){
		m = n < (long)sizeof buf? n: (long)sizeof buf;
		put(o, buf, (size_t)m);
	}
}

/* the bytes of the UTF-8 character at s; 1 for what is none */
static size_t
charlen(const char *s)
{
	unsigned char c;
	size_t i, n;

	c = (unsigned char)s[0];
	n = c < 0xC2? 1: c < 0xE0? 2: c < 0xF0? 3: c < 0xF5? 4: 1;
	for(i = 1; i < n; i++)
		if(((unsigned char)s[i] & 0xC0) != 0x80)
			return 1;
	return n;
}

/* put text of nchar characters into its field */
static void
field(Fmt *f, const char *s, size_t n, int nchar)
{
	if((f->flags & Fleft) == 0)
		fill(f->out, ' ', f->width - nchar);
	put(f->out, s, n);
	if(f->flags & Fleft)
		fill(f->out, ' ', f->width - nchar);
}

/* not a byte is looked at beyond the precision */
static void
string(Fmt *f, const char *s)
{
	size_t n;
	int nchar;

	if(s == nil)
		s = "<nil>";
	n = 0;
	for(nchar = 0; (f->flags & Fprec) == 0 || nchar < f->prec; nchar++){
		if(s[n] == '\0')
			break;
		n += charlen(s+n);
	}
	field(f, s, n, nchar);
}

static bool
wantsquotes(const char *s)
{
	const char *p;

	if(*s == '\0')
		return true;
	for(p = s; *p != '\0'; p++)
		if((unsigned char)*p <= ' ' || *p == '\'')
			return true;
	return false;
}

/* so that p9tokenize gives the string back */
static void
quoted(Fmt *f, const char *s)
{
	const char *p;
	int nchar;

	if(s == nil || ((f->flags & Fsharp) == 0 && !wantsquotes(s))){
		f->flags &= ~Fprec;
		string(f, s);
		return;
	}
	nchar = 2;
	for(p = s; *p != '\0'; p += charlen(p))
		nchar += *p == '\''? 2: 1;
	if((f->flags & Fleft) == 0)
		fill(f->out, ' ', f->width - nchar);
	put(f->out, "'", 1);
	for(p = s; *p != '\0'; p++)
		put(f->out, *p == '\''? "''": p, *p == '\''? 2: 1);
	put(f->out, "'", 1);
	if(f->flags & Fleft)
		fill(f->out, ' ', f->width - nchar);
}

/* a number: sign and the like, zeros up to min digits or the width, digits */
static void
number(Fmt *f, const char *prefix, int min, const char *digits, int n)
{
	long nprefix, zeros;

	nprefix = (long)strlen(prefix);
	zeros = min > n? min - n: 0;
	if((f->flags & (Fzero|Fleft)) == Fzero && f->width - nprefix - n > zeros)
		zeros = f->width - nprefix - n;
	if((f->flags & Fleft) == 0)
		fill(f->out, ' ', f->width - nprefix - zeros - n);
	put(f->out, prefix, (size_t)nprefix);
	fill(f->out, '0', zeros);
	put(f->out, digits, (size_t)n);
	if(f->flags & Fleft)
		fill(f->out, ' ', f->width - nprefix - zeros - n);
}

static intmax_t
signedarg(Fmt *f)
{
	switch(f->size){
	case Schar:
		return (signed char)va_arg(f->arg, int);
	case Sshort:
		return (short)va_arg(f->arg, int);
	case Slong:
		return va_arg(f->arg, long);
	case Svlong:
		return va_arg(f->arg, long long);
	case Ssize:
	case Sptrdiff:
		return va_arg(f->arg, ptrdiff_t);
	case Smax:
		return va_arg(f->arg, intmax_t);
	}
	return va_arg(f->arg, int);
}

static uintmax_t
unsignedarg(Fmt *f)
{
	switch(f->size){
	case Schar:
		return (unsigned char)va_arg(f->arg, unsigned int);
	case Sshort:
		return (unsigned short)va_arg(f->arg, unsigned int);
	case Slong:
		return va_arg(f->arg, unsigned long);
	case Svlong:
		return va_arg(f->arg, unsigned long long);
	case Ssize:
	case Sptrdiff:
		return va_arg(f->arg, size_t);
	case Smax:
		return va_arg(f->arg, uintmax_t);
	}
	return va_arg(f->arg, unsigned int);
}

static const char*
sign(Fmt *f, bool negative)
{
	if(negative)
		return "-";
	return f->flags & Fplus? "+": f->flags & Fspace? " ": "";
}

/* the digits of u, before end; where they begin */
static char*
digits(char *end, uintmax_t u, unsigned int base, bool upper, bool commas)
{
	const char *set;
	int n;

	set = upper? "0123456789ABCDEF": "0123456789abcdef";
	for(n = 0; u != 0; n++){
		if(commas && n > 0 && n%3 == 0)
			*--end = ',';
		*--end = set[u%base];
		u /= base;
	}
	return end;
}

static void
integer(Fmt *f, int verb, unsigned int base)
{
	char buf[Ndigit], *p;
	const char *prefix;
	uintmax_t u;
	intmax_t i;
	int min;

	prefix = "";
	if(verb == 'p')
		u = (uintptr_t)va_arg(f->arg, void*);
	else if(base != 10 || f->flags & Funsigned)
		u = unsignedarg(f);
	else{
		i = signedarg(f);
		u = i < 0? -(uintmax_t)i: (uintmax_t)i;
		prefix = sign(f, i < 0);
	}
	p = digits(buf + sizeof buf, u, base, verb == 'X', f->flags & Fcomma);
	min = f->flags & Fprec? f->prec: 1;
	if(f->flags & Fprec)
		f->flags &= ~Fzero;
	if(f->flags & Fsharp && base == 16)
		prefix = verb == 'X'? "0X": "0x";
	if(f->flags & Fsharp && base == 8 && u != 0 && min <= buf + sizeof buf - p)
		prefix = "0";
	number(f, prefix, min, p, (int)(buf + sizeof buf - p));
}

/* the C library knows how to write the digits; the field is ours */
static void
floating(Fmt *f, int verb)
{
	char buf[Nfloat], fmt[] = "%#.*e";
	double d;
	int n;

	d = va_arg(f->arg, double);
	if(isnan(d) || isinf(d)){
		f->flags &= ~Fzero;
		if(isnan(d))
			number(f, "", 0, "NaN", 3);
		else
			number(f, d < 0? "-": "+", 0, "Inf", 3);
		return;
	}
	if((f->flags & Fprec) == 0)
		f->prec = 6;
	if(f->prec > Maxprec)
		f->prec = Maxprec;
	fmt[4] = (char)verb;
	if(f->flags & Fsharp)
		n = snprintf(buf, sizeof buf, fmt, f->prec, fabs(d));
	else{
		fmt[1] = '%';
		n = snprintf(buf, sizeof buf, fmt+1, f->prec, fabs(d));
	}
	number(f, sign(f, signbit(d)), 0, buf, n);
}

static void
error(Fmt *f)
{
	char buf[ERRMAX];

	errno = f->errnum;
	rerrstr(buf, sizeof buf);
	string(f, buf);
}

static int
count(Fmt *f)
{
	int n;

	if(*f->s == '*'){
		f->s++;
		n = va_arg(f->arg, int);
		return n < -INT_MAX? -INT_MAX: n;	/* can be negated */
	}
	for(n = 0; *f->s >= '0' && *f->s <= '9'; f->s++)
		if(n < 1<<20)
			n = 10*n + (*f->s - '0');
	return n;
}

/* %u alone is the verb of C; before d, x, o or b it is Plan 9's flag */
static bool
isuflag(const char *s)
{
	if(*s != '\0' && strchr("dxXob", *s) != nil)
		return true;
	while(*s == 'l' || *s == 'h')
		s++;
	return *s == 'd' || *s == 'x';
}

/* one flag, width or precision; false: a verb comes */
static bool
flag(Fmt *f)
{
	static const char flags[] = "-+ #0,";
	const char *p;

	switch(*f->s){
	case '\0':
		return false;
	case '1': case '2': case '3': case '4': case '5':
	case '6': case '7': case '8': case '9': case '*':
		f->width = count(f);
		if(f->width < 0){
			f->flags |= Fleft;
			f->width = -f->width;
		}
		return true;
	case '.':
		f->s++;
		f->prec = count(f);
		f->flags |= Fprec;
		if(f->prec < 0)
			f->flags &= ~Fprec;
		return true;
	case 'u':
		if(!isuflag(f->s+1))
			return false;
		f->flags |= Funsigned;
		break;
	case 'l':
		f->size = f->size == Slong? Svlong: Slong;
		break;
	case 'h':
		f->size = f->size == Sshort? Schar: Sshort;
		break;
	case 'z':
		f->size = Ssize;
		break;
	case 't':
		f->size = Sptrdiff;
		break;
	case 'j':
		f->size = Smax;
		break;
	default:
		p = strchr(flags, *f->s);
		if(p == nil)
			return false;
		f->flags |= 1 << (p - flags);
		break;
	}
	f->s++;
	return true;
}

/* what stands for a verb that does not exist, as in Plan 9 */
static void
bad(Fmt *f, int verb)
{
	char buf[3];

	buf[0] = '%';
	buf[1] = (char)verb;
	buf[2] = '%';
	put(f->out, buf, verb == '\0'? 1: 3);
}

static void
verb(Fmt *f)
{
	char c;
	int v;

	v = (unsigned char)*f->s;
	if(v != '\0')
		f->s++;
	switch(v){
	case 'c':
		c = (char)va_arg(f->arg, int);
		field(f, &c, 1, 1);
		break;
	case 's':
		string(f, va_arg(f->arg, char*));
		break;
	case 'q':
		quoted(f, va_arg(f->arg, char*));
		break;
	case 'r':
		error(f);
		break;
	case 'u':
		f->flags |= Funsigned;
		/* fall through */
	case 'd':
	case 'i':
		integer(f, v, 10);
		break;
	case 'o':
		integer(f, v, 8);
		break;
	case 'b':
		integer(f, v, 2);
		break;
	case 'x':
	case 'X':
	case 'p':
		integer(f, v, 16);
		break;
	case 'e':
	case 'E':
	case 'f':
	case 'g':
	case 'G':
		floating(f, v);
		break;
	case '%':
		put(f->out, "%", 1);
		break;
	default:
		bad(f, v);
		break;
	}
}

void
l9fmt(Out *o, const char *fmt, va_list arg)
{
	const char *p;
	Fmt f;

	f.out = o;
	f.errnum = errno;
	va_copy(f.arg, arg);
	for(f.s = fmt; *f.s != '\0';){
		p = strchr(f.s, '%');
		if(p == nil)
			p = f.s + strlen(f.s);
		put(o, f.s, (size_t)(p - f.s));
		f.s = p;
		if(*p == '\0')
			break;
		f.s++;
		f.flags = 0;
		f.size = Sint;
		f.width = 0;
		f.prec = 0;
		while(flag(&f))
			;
		verb(&f);
	}
	va_end(f.arg);
	errno = f.errnum;
}
