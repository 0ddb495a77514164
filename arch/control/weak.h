/* how an atomic operation is done */
#ifndef L9WEAK_H
#define L9WEAK_H

enum {
	L9asis,
	L9split,	/* an exchange reads, and writes later */
	L9late,		/* a store is seen only after the loads that follow it: a relaxed one may */
	L9fails,	/* a weak compare-and-swap fails for no reason, as it may */
};

#endif
