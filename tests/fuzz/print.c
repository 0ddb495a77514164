/*
 * Formats: any bytes.  Each verb takes what it finds, so each argument is a
 * string for one that wants a string, and an address, which is a small number, for
 * one that wants a number or a width: on amd64, where fractions come by other
 * registers, which is where this is run.
 */
#include <sys/mman.h>

#include "fuzz.h"

enum {
	Nverb = 8,		/* so many arguments of each kind; no more fractions come by registers */
	Low = 64*1024,		/* an address */
};

#define STRINGS	s, s+1, s+2, s, s+1, s+2, s, s+1
#define NUMBERS	0.0, -1.5, 1e300, 1.0/3, 0.0/0.0, 1e-300, 123456.75, -1/0.0

static const char words[] = "it's \xce\xb1\xff words";
static const char *s;

static void
havewords(void)
{
	char *p;

	if(s != nil)
		return;
	p = mmap((void*)(uintptr_t)Low, 1 + sizeof words, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED_NOREPLACE, -1, 0);
	MUST(p != MAP_FAILED);
	/* no argument ends the text: as a character it is not 0 */
	s = p + 1;
	memcpy(p + 1, words, sizeof words);
}

/* verbs and stars are no more than the arguments, and the text is not so long that few can be tried */
static int
few(const char *fmt)
{
	int nverb, nstar, ndigit;

	nverb = nstar = ndigit = 0;
	for(; *fmt != '\0'; fmt++){
		nverb += *fmt == '%';
		nstar += *fmt == '*';
		ndigit = *fmt >= '0' && *fmt <= '9'? ndigit+1: 0;
		if(ndigit > 3)
			return 0;
	}
	return nverb + nstar <= Nverb && nstar <= 1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *fmt, *all, *buf;
	size_t room;
	int r;

	havewords();
	fmt = text(data, n);
	if(few(fmt)){
		all = p9smprint(fmt, STRINGS, NUMBERS);
		MUST(all != nil);
		/* the same, as far as there is room */
		room = n == 0? 1: 1 + data[0];
		buf = malloc(room);
		MUST(buf != nil);
		r = p9snprint(buf, (int)room, fmt, STRINGS, NUMBERS);
		MUST(r >= 0 && strlen(buf) < room);
		MUST(strncmp(buf, all, strlen(buf)) == 0);
		MUST(strlen(all) >= room || strcmp(buf, all) == 0);
		free(buf);
		free(all);
	}
	free(fmt);
	return 0;
}
