/* Buffered input and output: bio(3).  Nobody else has these names. */
#ifndef PLAN9_BIO_H
#define PLAN9_BIO_H

#include <p9bio.h>

#endif
