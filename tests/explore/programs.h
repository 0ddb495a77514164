/* the programs, for programs.c: what each is about stands there */
#ifndef PROGRAMS_H
#define PROGRAMS_H

#include <stdint.h>

void	randomclose(uint64_t seed);
void	randomfree(uint64_t seed);

#endif
