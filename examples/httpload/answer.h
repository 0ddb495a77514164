/*
 * An answer of an HTTP server, as it is read: its head, and then how much comes
 * behind it.  What is no HTTP is an error, since a load that is
 * measured by what was misread is worth nothing.
 */
enum {
	Inbuf = 16<<10,
};

typedef struct Answer Answer;
struct Answer
{
	/* up to n bytes more, as read(2); 0 is the end */
	long	(*more)(Answer*, char *buf, long n);
	int	headonly;	/* to HEAD: no body comes */
	/* of the answer */
	int	status;
	int	last;		/* the server hangs up */
	uint64_t	bytes;	/* read since the caller made it 0 */
	/* answer.c's */
	int	r;		/* next byte in in */
	int	w;		/* end of them */
	int	coded;		/* in a transfer coding */
	int	chunked;	/* which is by chunks, at last */
	vlong	length;		/* of the body; negative: answer.c */
	char	in[Inbuf];
};

/* the whole answer: 0; -1 with the error string */
int	readanswer(Answer*);
