/* the programs: programs.c says what each is about */
#ifndef PROGRAMS_H
#define PROGRAMS_H

#include <stdint.h>

/* random.c */
void	randomclose(uint64_t seed);
void	randomfree(uint64_t seed);
/* pchan.c */
void	altalt(uint64_t seed);
void	closerace(uint64_t seed);
void	deadline(uint64_t seed);
void	freewait(uint64_t seed);
void	intsend(uint64_t seed);
void	killrecv(uint64_t seed);
void	owned(uint64_t seed);
void	ownedalt(uint64_t seed);
void	ownedint(uint64_t seed);
void	ownedmany(uint64_t seed);
/* ptask.c */
void	deadlock(uint64_t seed);
void	detach(uint64_t seed);
void	group(uint64_t seed);
void	joinexit(uint64_t seed);
void	parallel(uint64_t seed);
void	procend(uint64_t seed);
void	suspend(uint64_t seed);
void	wakend(uint64_t seed);
/* plock.c */
void	lockint(uint64_t seed);
void	lockkill(uint64_t seed);
void	locks(uint64_t seed);
void	readwrite(uint64_t seed);
void	rendezvous(uint64_t seed);
void	semakill(uint64_t seed);
void	together(uint64_t seed);
void	writekill(uint64_t seed);
/* ptime.c */
void	helpers(uint64_t seed);
void	sleepint(uint64_t seed);
void	tick(uint64_t seed);
void	timercancel(uint64_t seed);

#endif
