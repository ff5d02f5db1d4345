# The kernel's first instruction, and its trap handler.
#
# mscratch tells where a trap came from: while the program runs it holds the address of `frame`, where the program's
# registers are saved; in the kernel it is zero. The kernel's stack grows down from `frame`.

.equ CAUSE_ECALL, 11

.macro save register, index
    sd \register, 8 * \index(sp)
.endm

.macro load register, index
    ld \register, 8 * \index(sp)
.endm

# What a C function may change, beside sp and the two that are treated apart below: t0 and a0.
.macro each_caller_saved operation
    \operation ra, 1
    \operation t1, 6
    \operation t2, 7
    \operation a1, 11
    \operation a2, 12
    \operation a3, 13
    \operation a4, 14
    \operation a5, 15
    \operation a6, 16
    \operation a7, 17
    \operation t3, 28
    \operation t4, 29
    \operation t5, 30
    \operation t6, 31
.endm

.macro each_callee_saved operation
    \operation gp, 3
    \operation tp, 4
    \operation s0, 8
    \operation s1, 9
    \operation s2, 18
    \operation s3, 19
    \operation s4, 20
    \operation s5, 21
    \operation s6, 22
    \operation s7, 23
    \operation s8, 24
    \operation s9, 25
    \operation s10, 26
    \operation s11, 27
.endm

.section .text.start, "ax"
.globl _start
_start:
    la t0, trap
    csrw mtvec, t0
    la sp, frame
    call boot                       # a0: the program's first stack pointer, a1: its entry point
    csrw mscratch, sp
    mv sp, a0
    li a0, 0                        # no function for the program to call at its exit
    jr a1

.balign 4
trap:
    csrrw sp, mscratch, sp
    beqz sp, panic
    save t0, 5
    each_caller_saved save
    csrrw t0, mscratch, zero
    save t0, 2
    csrr t0, mcause
    addi t0, t0, -CAUSE_ECALL
    bnez t0, fault

    csrr t0, mepc
    addi t0, t0, 4
    csrw mepc, t0
    call call                       # the arguments are where C expects them, and the number, in a7, is the eighth
    j resume

fault:
    save a0, 10
    each_callee_saved save
    mv a0, sp
    csrr a1, mcause
    csrr a2, mtval
    csrr a3, mepc
    call fault_at                   # returns if the program goes on after the instruction that trapped
    each_callee_saved load
    load a0, 10
    csrr t0, mepc
    addi t0, t0, 4
    csrw mepc, t0

resume:
    each_caller_saved load
    load t0, 5
    csrw mscratch, sp
    load sp, 2
    mret

# A trap inside the kernel: the program has written over it, which no memory protection prevents. Ends the run as a
# segmentation fault does, without a message, using nothing of the kernel's data.
panic:
    li t0, 0xC0000000
    li t1, 128 + 11
    sd t1, 8(t0)
    li t1, 2
    sd t1, 0(t0)
    wfi

.bss
.balign 16
.space 16384                        # the kernel's stack
.globl frame
frame:
.space 32 * 8
