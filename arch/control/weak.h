/* how an atomic operation is done */
#ifndef L9WEAK_H
#define L9WEAK_H

enum {
	L9asis,
	L9split,	/* an exchange reads, and writes later */
	L9late,		/* a store is seen only after the loads that follow it: a relaxed one may */
	L9blind,	/* a load gives 0 */
	L9stale,	/* a load gives what the one before it of the same place did */
	L9fails,	/* a weak compare-and-swap fails for no reason, as it may */
};

#endif
