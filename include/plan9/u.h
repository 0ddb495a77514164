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
/* of up to four variables, as Plan 9's compilers take them */
#define L9VARS(_1, _2, _3, _4, name, ...)	name
#define USED(...)	L9VARS(__VA_ARGS__, l9used4, l9used3, l9used2, l9used1, 0)(__VA_ARGS__)
#define l9used1(a)	((void)(a))
#define l9used2(a, b)	(l9used1(a), l9used1(b))
#define l9used3(a, b, c)	(l9used2(a, b), l9used1(c))
#define l9used4(a, b, c, d)	(l9used3(a, b, c), l9used1(d))
#define SET(...)	L9VARS(__VA_ARGS__, l9set4, l9set3, l9set2, l9set1, 0)(__VA_ARGS__)
#define l9set1(a)	((a) = 0)
#define l9set2(a, b)	(l9set1(a), l9set1(b))
#define l9set3(a, b, c)	(l9set2(a, b), l9set1(c))
#define l9set4(a, b, c, d)	(l9set3(a, b, c), l9set1(d))

#endif
