/*
 * How often which value came, to within two percent: exact up to Exact, and
 * above that so many buckets for each power of two.  Pure functions.
 */
enum {
	Exact = 64,
	Nbucket = (63-5)*Exact,
};

typedef struct Hist Hist;
struct Hist
{
	uint64_t	n;
	int64_t	max;
	int64_t	min;
	uint64_t	count[Nbucket];
};

void	histadd(Hist*, int64_t v);	/* v >= 0 */
void	histmerge(Hist*, const Hist*);	/* the second one's values, too */
int64_t	histpart(const Hist*, double part);	/* that part of the values is not above it; 0 if there are none */
