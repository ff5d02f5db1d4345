// Does what the machine cannot do, in the way that its argument names.

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static unsigned char bytes[32];

#define LOAD(instruction, at) \
    ({ \
        uint64_t value; \
        __asm__ volatile(instruction " %0, 0(%1)" : "=r"(value) : "r"(at) : "memory"); \
        value; \
    })
#define STORE(instruction, at, value) __asm__ volatile(instruction " %0, 0(%1)" ::"r"(value), "r"(at) : "memory")

static void misaligned(void) {
    for (int i = 0; i < 32; i++) bytes[i] = (unsigned char)(0x7A + 3 * i);
    for (int offset = 0; offset < 8; offset++) {
        unsigned char *at = bytes + 8 + offset;
        printf("%lx %lx ", LOAD("lh", at), LOAD("lhu", at));
        printf("%lx %lx ", LOAD("lw", at), LOAD("lwu", at));
        printf("%lx\n", LOAD("ld", at));
    }
    for (int offset = 0; offset < 8; offset++) {
        memset(bytes, 0, sizeof bytes);
        STORE("sh", bytes + offset, 0x1122334455667788);
        STORE("sw", bytes + 8 + offset, 0x1122334455667788);
        STORE("sd", bytes + 16 + offset, 0x1122334455667788);
        for (int i = 0; i < 32; i++) printf("%02x", bytes[i]);
        printf("\n");
    }
    STORE("sd", bytes + 1, 0L);
    __asm__ volatile("lw zero, 0(%0)" ::"r"(bytes + 1));
    printf("zero: %d\n", bytes[5]);
}

// Fills the registers, makes a call or a misaligned access, and stores them all.
__asm__(
    ".macro each operation\n"
    ".irp n, 1, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n"
    "\\operation \\n\n"
    ".endr\n"
    ".endm\n"
    ".macro fill n\n li x\\n, 0x1234567890 * \\n\n .endm\n"
    ".macro keep n\n sd x\\n, 8 * \\n(sp)\n .endm\n"
    ".macro show n\n sd x\\n, 256 + 8 * \\n(sp)\n .endm\n"
    ".macro back n\n ld x\\n, 8 * \\n(sp)\n .endm\n"
    ".macro registers trap\n"
    "    addi sp, sp, -528\n"
    "    sd a0, 512(sp)\n"
    "    each keep\n"
    "    each fill\n"
    "    li a7, 173\n"  // getppid
    "    \\trap\n"
    "    each show\n"
    "    show 17\n"
    "    each back\n"
    "    ld a0, 512(sp)\n"
    "    addi a1, sp, 256\n"
    "    li a2, 256\n"
    "    sd ra, 520(sp)\n"
    "    call memcpy\n"
    "    ld ra, 520(sp)\n"
    "    addi sp, sp, 528\n"
    "    ret\n"
    ".endm\n"
    "registers_of_call: registers ecall\n"
    "registers_of_store: registers \"sd a0, 257(sp)\"\n");

void registers_of_call(uint64_t *), registers_of_store(uint64_t *);

static int are_kept(void (*trap)(uint64_t *)) {
    uint64_t registers[32];
    trap(registers);
    for (uint64_t n = 1; n < 32; n++) {
        if (n == 2 || n == 10 || n == 17) continue;  // the stack pointer, the result, the number of the call
        if (registers[n] != 0x1234567890 * n) return 0;
    }
    return registers[17] == 173;
}

static void jump(uintptr_t to) { __asm__ volatile("jr %0" ::"r"(to)); }

static void overwrite(uintptr_t from) {
    memset((char *)from, 0xFF, 0xE0003000 - from);
    puts("gone");
    fflush(stdout);
}

int main(int count, char **arguments) {
    const char *action = count > 1 ? arguments[1] : "";
    printf("before\n");
    fflush(stdout);
    if (!strcmp(action, "load")) LOAD("ld", 0x100000000);
    if (!strcmp(action, "store")) STORE("sb", -1L, 0);
    if (!strcmp(action, "load across the end")) LOAD("ld", 0xFFFFFFFCUL);
    if (!strcmp(action, "null function")) jump(0);
    if (!strcmp(action, "far jump")) jump(0x100000000);
    if (!strcmp(action, "misaligned jump")) jump((uintptr_t)main + 2);
    if (!strcmp(action, "misaligned atomic")) __asm__ volatile("amoadd.w zero, zero, (%0)" ::"r"(bytes + 1));
    if (!strcmp(action, "misaligned reserve")) __asm__ volatile("lr.d a0, (%0)" ::"r"(bytes + 4) : "a0");
    if (!strcmp(action, "trap")) __builtin_trap();
    if (!strcmp(action, "compressed")) __asm__ volatile(".word 0x00010001");
    if (!strcmp(action, "breakpoint")) __asm__ volatile("ebreak");
    if (!strcmp(action, "kernel")) overwrite(0xE0000000);
    if (!strcmp(action, "calls")) overwrite(0xE0000200);  // all but the trap handler
    if (!strcmp(action, "stop")) __asm__ volatile("wfi");
    if (!strcmp(action, "misaligned")) misaligned();
    if (!strcmp(action, "registers")) printf("%d %d\n", are_kept(registers_of_call), are_kept(registers_of_store));
    printf("after\n");
    return 0;
}
