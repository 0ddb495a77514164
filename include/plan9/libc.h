/* The part of Plan 9's libc that threadmain programs lean on; p9names(7) */
#ifndef PLAN9_LIBC_H
#define PLAN9_LIBC_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lib9thread.h>

#endif
