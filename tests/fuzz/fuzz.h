/*
 * What the fuzz targets share.  Each is linked with libFuzzer, which has main.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib9thread.h"
#include "p9libc.h"

#ifndef nil
#define nil	((void*)0)
#endif
#define MUST(x)	((x)? (void)0: (fprintf(stderr, "%s:%d: %s: not so\n", __FILE__, __LINE__, #x), abort()))

int	LLVMFuzzerInitialize(int*, char***);
int	LLVMFuzzerTestOneInput(const uint8_t*, size_t);

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return threadinit();
}

/* a string of its own, so that a byte too far is seen */
static inline char*
text(const uint8_t *data, size_t n)
{
	char *s;

	s = malloc(n + 1);
	MUST(s != nil);
	if(n > 0)
		memcpy(s, data, n);
	s[n] = '\0';
	return s;
}

#endif
