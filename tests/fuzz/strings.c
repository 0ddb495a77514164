/*
 * What takes strings apart.
 */
#include "fuzz.h"

enum {
	Nfield = 8,
};

/* the fields lie in s, in order */
static void
within(char *field[], int n, const char *s, size_t len)
{
	int i;

	MUST(n >= 0 && n <= Nfield);
	for(i = 0; i < n; i++){
		MUST(field[i] >= s && field[i] + strlen(field[i]) <= s + len);
		MUST(i == 0 || field[i] > field[i-1]);
	}
}

static void
fields(const uint8_t *data, size_t n, int multi)
{
	char *field[Nfield], *s;
	size_t len;

	s = text(data, n);
	len = strlen(s);
	within(field, p9getfields(s, field, (int)(n%(Nfield+1)), multi, " \t/"), s, len);
	free(s);
}

static void
words(const uint8_t *data, size_t n)
{
	char *field[Nfield], *again[1], *s, *q;
	size_t len;
	int i, m;

	s = text(data, n);
	len = strlen(s);
	m = p9tokenize(s, field, Nfield);
	within(field, m, s, len);
	/* what is quoted comes back as it was */
	for(i = 0; i < m; i++){
		q = p9smprint("%q", field[i]);
		MUST(q != nil && p9tokenize(q, again, 1) == 1 && strcmp(again[0], field[i]) == 0);
		free(q);
	}
	free(s);
}

/* as short as it gets: cleaned again it stays the same */
static void
names(const uint8_t *data, size_t n)
{
	char *s, *once;
	size_t len;

	if(n == 0)
		return;		/* no room for the dot that stands for nothing */
	s = text(data, n);
	len = strlen(s);
	MUST(p9cleanname(s) == s);
	MUST(strlen(s) <= (len == 0? 1: len) && s[0] != '\0');
	once = strdup(s);
	MUST(once != nil && strcmp(p9cleanname(s), once) == 0);
	free(once);
	free(s);
}

static void
encoded(const uint8_t *data, size_t n)
{
	char *out;
	int len;

	len = (int)(4*((n + 2)/3) + 1);
	out = malloc((size_t)len);
	MUST(out != nil);
	MUST(p9enc64(out, len, data, (int)n) == len-1);
	MUST(p9enc64(out, len-1, data, (int)n) == -1);
	free(out);
}

static void
compared(const uint8_t *data, size_t n)
{
	char *s, *t;
	int r;

	s = text(data, n/2);
	t = text(data + n/2, n - n/2);
	r = p9cistrcmp(s, t);
	MUST((r < 0) == (p9cistrcmp(t, s) > 0));
	MUST(p9cistrncmp(s, t, (int)n + 1) == r);
	MUST(p9cistrcmp(s, s) == 0);
	free(s);
	free(t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	fields(data, n, 0);
	fields(data, n, 1);
	words(data, n);
	names(data, n);
	encoded(data, n);
	compared(data, n);
	return 0;
}
