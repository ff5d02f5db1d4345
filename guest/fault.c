// Traps other than calls: a misaligned load or store is carried out here, everything else ends the run as the signal
// that Linux would send does.

#include "kernel.h"

// Privileged manual, 3.1.15.
enum cause {
    MISALIGNED_FETCH = 0,
    FETCH = 1,
    ILLEGAL = 2,
    BREAKPOINT = 3,
    MISALIGNED_LOAD = 4,
    LOAD = 5,
    MISALIGNED_STORE = 6,
    STORE = 7,
};

enum { OPCODE_LOAD = 0x03, OPCODE_STORE = 0x23 };

static u64 signal_of(enum cause cause, u64 pc) {
    switch (cause) {
        case ILLEGAL: return pc < PROGRAM_START ? SIGSEGV : SIGILL;  // a call of a null pointer, into zeros
        case BREAKPOINT: return SIGTRAP;
        case MISALIGNED_FETCH:
        case MISALIGNED_LOAD:
        case MISALIGNED_STORE: return SIGBUS;
        default: return SIGSEGV;
    }
}

static u64 load(const u8 *from, u64 size) {
    u64 value = 0;
    for (u64 i = 0; i < size; i++) value |= (u64)from[i] << 8 * i;
    return value;
}

static void store(u8 *to, u64 size, u64 value) {
    for (u64 i = 0; i < size; i++) to[i] = value >> 8 * i;
}

// Linux carries out misaligned loads and stores, so programs rely on it; atomic ones fault there too. The immediate
// need not be decoded: mtval holds the address.
static _Bool is_carried_out(struct frame *frame, u32 instruction, u64 address) {
    u32 opcode = instruction % 128, rd = instruction >> 7 & 31, rs2 = instruction >> 20 & 31;
    u32 log_size = instruction >> 12 & 3, is_unsigned = instruction >> 14 & 1;
    u64 size = 1 << log_size, unused = 64 - 8 * size;

    if (opcode == OPCODE_LOAD) {
        u64 value = load((const u8 *)address, size) << unused;
        if (rd) frame->x[rd] = is_unsigned ? value >> unused : (u64)((i64)value >> unused);
        return 1;
    }
    if (opcode == OPCODE_STORE) {
        store((u8 *)address, size, rs2 ? frame->x[rs2] : 0);
        return 1;
    }
    return 0;
}

void fault_at(struct frame *frame, enum cause cause, u64 value, u64 pc) {
    if (cause == MISALIGNED_LOAD || cause == MISALIGNED_STORE) {
        if (value > MEMORY_END - sizeof(u64))
            cause = LOAD;
        else if (is_carried_out(frame, *(const u32 *)pc, value))
            return;
    }
    u64 signal = signal_of(cause, pc);
    print(signal_name(signal));
    print(" at pc ");
    print_hexadecimal(pc);
    print(signal == SIGILL ? ", instruction " : ", address ");
    print_hexadecimal(value);
    print("\n");
    process_end(FAULTED, 128 + signal);
}
