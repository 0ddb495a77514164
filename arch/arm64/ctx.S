/*
 * arm64, AAPCS64.
 *
 * long l9ctxswitch(Ctx *from: x0, Ctx *to: x1, long (*then)(long): x2, long v: x3)
 *
 * Saved, from the stack pointer upwards (AAPCS64 6.1.1, 6.1.2):
 *	  0  x19, x20
 *	 16  x21, x22
 *	 32  x23, x24
 *	 48  x25, x26
 *	 64  x27, x28
 *	 80  x29, x30: the address to go on at
 *	 96  d8, d9: of v8 to v15 the lower halves only are the callee's to keep
 *	112  d10, d11
 *	128  d12, d13
 *	144  d14, d15
 *	160  fpcr, then 8 unused
 * ctx.c builds the same frame for a new context.
 */

	.macro	save a, b, at
	stp	\a, \b, [sp, #\at]
	.cfi_rel_offset \a, \at
	.cfi_rel_offset \b, \at+8
	.endm

	.macro	load a, b, at
	ldp	\a, \b, [sp, #\at]
	.cfi_restore \a
	.cfi_restore \b
	.endm

	.text
	.globl	l9ctxswitch, l9ctxswitchint
	.hidden	l9ctxswitch, l9ctxswitchint
	.type	l9ctxswitch, %function
	.type	l9ctxswitchint, %function
	.p2align 5
l9ctxswitch:
l9ctxswitchint:
	.cfi_startproc
	hint	#34			/* bti c, which assemblers refuse below v8.5; a nop there */
	sub	sp, sp, #176
	.cfi_adjust_cfa_offset 176
	save	x19, x20, 0
	save	x21, x22, 16
	save	x23, x24, 32
	save	x25, x26, 48
	save	x27, x28, 64
	save	x29, x30, 80
	save	d8, d9, 96
	save	d10, d11, 112
	save	d12, d13, 128
	save	d14, d15, 144
	mrs	x9, fpcr
	str	x9, [sp, #160]
	mov	x10, sp
	str	x10, [x0]
	ldr	x10, [x1]
	mov	sp, x10			/* the new stack has the same layout: CFA stays sp+176 */

	/* writing fpcr may drain the pipeline: only if it changes */
	ldr	x11, [sp, #160]
	cmp	x9, x11
	b.eq	1f
	msr	fpcr, x11
1:	load	d14, d15, 144
	load	d12, d13, 128
	load	d10, d11, 112
	load	d8, d9, 96
	load	x29, x30, 80
	load	x27, x28, 64
	load	x25, x26, 48
	load	x23, x24, 32
	load	x21, x22, 16
	load	x19, x20, 0
	add	sp, sp, #176
	.cfi_adjust_cfa_offset -176
	mov	x0, x3
	/* then leaves to where this would return to */
	cbnz	x2, 2f
	/* not br: there is no bti where a call returns to */
	ret
2:	mov	x16, x2			/* of all registers br x16 and br x17 alone may go to a bti c */
	br	x16
	.cfi_endproc
	.size	l9ctxswitch, .-l9ctxswitch
	.size	l9ctxswitchint, .-l9ctxswitchint

/*
 * The first activation: x19 is fn, x20 its argument, sp is 16-byte aligned.
 * It is entered four bytes in, past the nop: unwinders look up the address
 * before the one that a frame returns to, and it must lie in this function.
 * Undefined x30 is what ends a backtrace here; x29 and x30 are zero for
 * those that follow frame records instead.
 */
	.globl	l9ctxstart
	.hidden	l9ctxstart
	.type	l9ctxstart, %function
	.p2align 4
l9ctxstart:
	.cfi_startproc
	.cfi_undefined x29
	.cfi_undefined x30
	nop
	mov	x29, #0
	mov	x30, #0
	mov	x0, x20
	blr	x19
	brk	#0
	.cfi_endproc
	.size	l9ctxstart, .-l9ctxstart

	.section .note.GNU-stack,"",%progbits

/*
 * Branch targets are marked.  Not pointer authentication, which would say that
 * x30 is signed where it is saved, nor guarded control stacks: the switch
 * leaves for another stack without exchanging them.
 */
	.section .note.gnu.property,"a",%note
	.p2align 3
	.word	4			/* name, bytes */
	.word	16			/* descriptor, bytes */
	.word	5			/* NT_GNU_PROPERTY_TYPE_0 */
	.asciz	"GNU"
	.word	0xc0000000		/* GNU_PROPERTY_AARCH64_FEATURE_1_AND */
	.word	4
	.word	1			/* BTI */
	.word	0
