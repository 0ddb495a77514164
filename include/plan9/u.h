/* Plan 9's basic types; p9names(7) */
#ifndef PLAN9_U_H
#define PLAN9_U_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

typedef unsigned char	uchar;
typedef signed char	schar;
typedef long long	vlong;
typedef unsigned long long	uvlong;
typedef uint8_t		u8int;
typedef uint16_t	u16int;
typedef uint32_t	u32int;
typedef uint64_t	u64int;
typedef intptr_t	intptr;
typedef uintptr_t	uintptr;

/*
 * <sys/types.h> of glibc and musl has these three under a feature macro;
 * a typedef may be repeated in C11 and C++ when it is the same type.
 */
typedef unsigned short	ushort;
typedef unsigned int	uint;
typedef unsigned long	ulong;

#ifdef __cplusplus
#define nil	nullptr
#else
#define nil	((void*)0)
#endif
#define nelem(x)	(sizeof(x)/sizeof((x)[0]))
#define USED(x)		((void)(x))
#define SET(x)		((x) = 0)

#endif
