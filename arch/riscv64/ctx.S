/*
 * riscv64, LP64D, LP64F and LP64.
 *
 * long l9ctxswitch(Ctx *from: a0, Ctx *to: a1, long (*then)(long): a2, long v: a3)
 *
 * Saved, from the stack pointer upwards (psABI, "Register convention"):
 *	  0  ra: the address to go on at
 *	  8  s0, 16 s1, … 96 s11
 *	104  frm, the rounding mode: of fcsr the rest is status flags
 *	112  fs0, 120 fs1, … 200 fs11
 * A CPU without floating point ends the frame at 112.  ctx.c builds the same
 * frame for a new context.
 */

#ifdef __riscv_flen
#if __riscv_flen == 32
#define FS	fsw
#define FL	flw
#else
#define FS	fsd
#define FL	fld
#endif
#define FRAME	208
#else
#define FRAME	112
#endif

	.macro	save op, r, at
	\op	\r, \at(sp)
	.cfi_rel_offset \r, \at
	.endm

	.macro	load op, r, at
	\op	\r, \at(sp)
	.cfi_restore \r
	.endm

	.text
	.globl	l9ctxswitch, l9ctxswitchint
	.hidden	l9ctxswitch, l9ctxswitchint
	.type	l9ctxswitch, @function
	.type	l9ctxswitchint, @function
	.p2align 5
l9ctxswitch:
l9ctxswitchint:
	.cfi_startproc
	addi	sp, sp, -FRAME
	.cfi_adjust_cfa_offset FRAME
	save	sd, ra, 0
	save	sd, s0, 8
	save	sd, s1, 16
	save	sd, s2, 24
	save	sd, s3, 32
	save	sd, s4, 40
	save	sd, s5, 48
	save	sd, s6, 56
	save	sd, s7, 64
	save	sd, s8, 72
	save	sd, s9, 80
	save	sd, s10, 88
	save	sd, s11, 96
#ifdef __riscv_flen
	save	FS, fs0, 112
	save	FS, fs1, 120
	save	FS, fs2, 128
	save	FS, fs3, 136
	save	FS, fs4, 144
	save	FS, fs5, 152
	save	FS, fs6, 160
	save	FS, fs7, 168
	save	FS, fs8, 176
	save	FS, fs9, 184
	save	FS, fs10, 192
	save	FS, fs11, 200
	frrm	t0
	sd	t0, 104(sp)
#endif
	sd	sp, 0(a0)
	ld	sp, 0(a1)		/* the new stack has the same layout: CFA stays sp+FRAME */

#ifdef __riscv_flen
	/* writing frm may drain the pipeline: only if it changes */
	ld	t1, 104(sp)
	beq	t0, t1, 1f
	fsrm	t1
1:	load	FL, fs11, 200
	load	FL, fs10, 192
	load	FL, fs9, 184
	load	FL, fs8, 176
	load	FL, fs7, 168
	load	FL, fs6, 160
	load	FL, fs5, 152
	load	FL, fs4, 144
	load	FL, fs3, 136
	load	FL, fs2, 128
	load	FL, fs1, 120
	load	FL, fs0, 112
#endif
	load	ld, s11, 96
	load	ld, s10, 88
	load	ld, s9, 80
	load	ld, s8, 72
	load	ld, s7, 64
	load	ld, s6, 56
	load	ld, s5, 48
	load	ld, s4, 40
	load	ld, s3, 32
	load	ld, s2, 24
	load	ld, s1, 16
	load	ld, s0, 8
	load	ld, ra, 0
	addi	sp, sp, FRAME
	.cfi_adjust_cfa_offset -FRAME
	mv	a0, a3
	bnez	a2, 2f
	ret
2:	jr	a2			/* it leaves to where this would return to */
	.cfi_endproc
	.size	l9ctxswitch, .-l9ctxswitch
	.size	l9ctxswitchint, .-l9ctxswitchint

/*
 * The first activation: s1 is fn, s2 its argument, sp is 16-byte aligned.
 * It is entered four bytes in, past the nop: unwinders look up the address
 * before the one that a frame returns to, and it must lie in this function.
 * Undefined ra is what ends a backtrace here; s0 is zero for those that
 * follow frame pointers instead.
 */
	.globl	l9ctxstart
	.hidden	l9ctxstart
	.type	l9ctxstart, @function
	.p2align 4
l9ctxstart:
	.cfi_startproc
	.cfi_undefined s0
	.cfi_undefined ra
	.option push
	.option norvc			/* four bytes with and without the C extension */
	nop
	.option pop
	li	s0, 0
	mv	a0, s2
	jalr	s1
	ebreak
	.cfi_endproc
	.size	l9ctxstart, .-l9ctxstart

	.section .note.GNU-stack,"",@progbits
