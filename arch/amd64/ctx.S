/*
 * amd64, System V ABI.
 *
 * long l9ctxswitch(Ctx *from: rdi, Ctx *to: rsi, long (*then)(long): rdx, long v: rcx)
 * void l9ctxleave, of the same
 *
 * Saved, from the stack pointer upwards (ABI 3.2.1, 3.2.3):
 *	 0  mxcsr (4 bytes), x87 control word (2 bytes, then 2 unused)
 *	 8  r15, 16 r14, 24 r13, 32 r12, 40 rbx, 48 rbp
 *	56  the address to go on at
 * ctx.c builds the same frame for a new context, whose Ctx has 1 added to its
 * stack pointer: it is begun, not returned to.
 */

	.text
	.globl	l9ctxswitch, l9ctxswitchint
	.hidden	l9ctxswitch, l9ctxswitchint
	.type	l9ctxswitch, @function
	.type	l9ctxswitchint, @function
	.p2align 5
l9ctxswitch:
l9ctxswitchint:
	.cfi_startproc
	endbr64
	/* before the stores of this switch, which it does not wait for then:
	   half the time of a switch on Zen 5 */
	movq	(%rsi), %r8
	movq	(%rsp), %r9
	pushq	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset rbp, 0
	pushq	%rbx
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset rbx, 0
	pushq	%r12
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r12, 0
	pushq	%r13
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r13, 0
	pushq	%r14
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r14, 0
	pushq	%r15
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r15, 0
	subq	$8, %rsp
	.cfi_adjust_cfa_offset 8
	stmxcsr	(%rsp)
	fnstcw	4(%rsp)
	movq	%rsp, (%rdi)
	testb	$1, %r8b
	jne	l9ctxbegin		/* it has not run yet */
	movzwl	4(%rsp), %eax
	movq	%r8, %rsp		/* the new stack has the same layout: CFA stays rsp+64 */

	/* mxcsr is loaded always: to look whether it differs means to read back
	   what was just stored, which costs more than the load (4.9 ns a switch
	   against 7.0 on Zen 5).  fldcw is dear where it changes nothing, too */
	cmpw	4(%rsp), %ax
	jne	3f
1:	ldmxcsr	(%rsp)
	addq	$8, %rsp
	.cfi_adjust_cfa_offset -8
	popq	%r15
	.cfi_adjust_cfa_offset -8
	.cfi_restore r15
	popq	%r14
	.cfi_adjust_cfa_offset -8
	.cfi_restore r14
	popq	%r13
	.cfi_adjust_cfa_offset -8
	.cfi_restore r13
	popq	%r12
	.cfi_adjust_cfa_offset -8
	.cfi_restore r12
	popq	%rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore rbx
	popq	%rbp
	.cfi_adjust_cfa_offset -8
	.cfi_restore rbp
	testq	%rdx, %rdx
	jne	4f
	movq	%rcx, %rax
	/* The predictor has a stack of returns, of which the first is now where
	   this call came from.  If that is where it goes, as between tasks that do
	   the same, ret keeps calls and returns paired, and those further up are
	   guessed right, too.  If not, ret would be guessed wrong, which costs more than
	   all the rest; a jump's goal is learnt from what led to it. */
2:	cmpq	%r9, (%rsp)
	jne	5f
	ret
	.cfi_endproc

	/* out of the way: the x87 control word differs */
	.cfi_startproc
	.cfi_def_cfa rsp, 64
	.cfi_offset rip, -8
	.cfi_offset rbp, -16
	.cfi_offset rbx, -24
	.cfi_offset r12, -32
	.cfi_offset r13, -40
	.cfi_offset r14, -48
	.cfi_offset r15, -56
3:	fldcw	4(%rsp)
	jmp	1b
	.cfi_endproc

	/* the same: not where the call came from */
	.cfi_startproc
5:	popq	%rcx
	.cfi_def_cfa rsp, 0
	.cfi_register rip, rcx
	notrack jmp	*%rcx
	.cfi_endproc

	/* the same: there is something to do here */
	.cfi_startproc
4:	movq	%rcx, %rdi
	pushq	%r9			/* a hint.  And so rsp is aligned */
	.cfi_adjust_cfa_offset 8
	call	*%rdx
	popq	%r9
	.cfi_adjust_cfa_offset -8
	jmp	2b
	.cfi_endproc
	.size	l9ctxswitch, .-l9ctxswitch
	.size	l9ctxswitchint, .-l9ctxswitchint

/*
 * l9ctxswitch for a context that is not resumed: it need not be saved.  It is
 * left for good at the call, so there is nothing to unwind to.  It leaves by ret
 * always: l9taskmain comes here by a jump, and the predictor has what was there before.
 */
	.globl	l9ctxleave
	.hidden	l9ctxleave
	.type	l9ctxleave, @function
	.p2align 5
l9ctxleave:
	.cfi_startproc
	.cfi_undefined rip
	endbr64
	movq	(%rsi), %r8
	testb	$1, %r8b
	jne	l9ctxbegin
	movq	%r8, %rsp
	fldcw	4(%rsp)
	ldmxcsr	(%rsp)
	addq	$8, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	movq	(%rsp), %r9
	testq	%rdx, %rdx
	jne	4b
	movq	%rcx, %rax
	ret
	.cfi_endproc
	.size	l9ctxleave, .-l9ctxleave

/*
 * r8 is a new context's stack pointer, and 1.  Begin it by a jump to fn, as if
 * l9ctxstart had called it: a return would be guessed wrong, and so would
 * be those after it (l9ctxswitch, at its end).
 */
	.type	l9ctxbegin, @function
	.p2align 5
l9ctxbegin:
	.cfi_startproc
	.cfi_undefined rip
	leaq	-1(%r8), %rsp
	fldcw	4(%rsp)
	ldmxcsr	(%rsp)
	movq	24(%rsp), %rdi
	movq	32(%rsp), %rax
	addq	$56, %rsp
	xorl	%ebp, %ebp
	jmp	*%rax
	.cfi_endproc
	.size	l9ctxbegin, .-l9ctxbegin

/*
 * Where a context's first function seems to have been called from.  Undefined
 * rip is what ends a backtrace here.  Its frame's return address is one byte
 * in, past the nop: unwinders look up the address before that, and it must
 * lie in this function.
 */
	.globl	l9ctxstart
	.hidden	l9ctxstart
	.type	l9ctxstart, @function
	.p2align 4
l9ctxstart:
	.cfi_startproc
	.cfi_undefined rip
	.cfi_undefined rbp
	nop
	ud2
	.cfi_endproc
	.size	l9ctxstart, .-l9ctxstart

	.section .note.GNU-stack,"",@progbits

/*
 * Indirect branch tracking, and not shadow stacks: the switch leaves for
 * another stack without exchanging them.
 */
	.section .note.gnu.property,"a",@note
	.p2align 3
	.long	4			/* name, bytes */
	.long	16			/* descriptor, bytes */
	.long	5			/* NT_GNU_PROPERTY_TYPE_0 */
	.asciz	"GNU"
	.long	0xc0000002		/* GNU_PROPERTY_X86_FEATURE_1_AND */
	.long	4
	.long	1			/* IBT */
	.p2align 3
