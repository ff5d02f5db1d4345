// Signals that the program sends to itself. What it says about handling and blocking them is kept, but no handler is ever
// called: a signal that is neither blocked nor ignored ends the run.

#include "kernel.h"

enum { LAST_SIGNAL = 64, SIGKILL = 9, SIGCHLD = 17, SIGCONT, SIGSTOP, SIGURG = 23, SIGWINCH = 28 };
enum { SIG_DFL, SIG_IGN, SIG_BLOCK = 0, SIG_UNBLOCK, SIG_SETMASK, SS_DISABLE = 2, SMALLEST_STACK = 2048 };

// arch/riscv/include/uapi/asm/signal.h
struct action {
    u64 handler, flags, mask;
};

struct stack {
    u64 address, flags, size;
};

static struct action actions[LAST_SIGNAL + 1];
static u64 blocked, pending;
static struct stack alternate = {.flags = SS_DISABLE};

static u64 bit(u64 signal) { return 1UL << (signal - 1); }

static u64 unblockable(void) { return bit(SIGKILL) | bit(SIGSTOP); }

static _Bool is_ignored(u64 signal) {
    u64 ignored_by_default = bit(SIGCHLD) | bit(SIGCONT) | bit(SIGURG) | bit(SIGWINCH);
    u64 handler = actions[signal].handler;
    return handler == SIG_IGN || (handler == SIG_DFL && bit(signal) & ignored_by_default);
}

const char *signal_name(u64 signal) {
    switch (signal) {
        case SIGILL: return "Illegal instruction";
        case SIGTRAP: return "Trace/breakpoint trap";
        case SIGABRT: return "Aborted";
        case SIGBUS: return "Bus error";
        case SIGSEGV: return "Segmentation fault";
        default: return "Killed by a signal";
    }
}

static void deliver(void) {
    for (u64 signal = 1; signal <= LAST_SIGNAL; signal++) {
        if (!(pending & ~blocked & bit(signal))) continue;
        pending &= ~bit(signal);
        if (is_ignored(signal)) continue;
        print(signal_name(signal));
        print("\n");
        process_end(FAULTED, 128 + signal);
    }
}

i64 signal_send(u64 process, u64 signal) {
    if (process != PROCESS && process != 0) return -ESRCH;
    if (signal > LAST_SIGNAL) return -EINVAL;
    if (signal) pending |= bit(signal);
    deliver();
    return 0;
}

i64 signal_action(u64 signal, u64 to, u64 before, u64 mask_size) {
    if (!signal || signal > LAST_SIGNAL || mask_size != sizeof blocked) return -EINVAL;
    if (to && bit(signal) & unblockable()) return -EINVAL;
    if ((to && !is_program(to, sizeof *actions)) || (before && !is_program(before, sizeof *actions))) return -EFAULT;

    struct action old = actions[signal];
    if (to) memcpy(&actions[signal], (const void *)to, sizeof old);
    if (before) memcpy((void *)before, &old, sizeof old);
    return 0;
}

i64 signal_mask(u64 how, u64 to, u64 before, u64 mask_size) {
    u64 old = blocked, set;
    if (mask_size != sizeof blocked || (to && how > SIG_SETMASK)) return -EINVAL;
    if ((to && !is_program(to, sizeof set)) || (before && !is_program(before, sizeof old))) return -EFAULT;

    if (to) {
        memcpy(&set, (const void *)to, sizeof set);
        blocked = (how == SIG_BLOCK ? old | set : how == SIG_UNBLOCK ? old & ~set : set) & ~unblockable();
    }
    if (before) memcpy((void *)before, &old, sizeof old);
    deliver();
    return 0;
}

i64 signal_stack(u64 to, u64 before) {
    struct stack old = alternate, stack;
    if ((to && !is_program(to, sizeof stack)) || (before && !is_program(before, sizeof old))) return -EFAULT;

    if (to) {
        memcpy(&stack, (const void *)to, sizeof stack);
        if (!((u32)stack.flags & SS_DISABLE) && stack.size < SMALLEST_STACK) return -ENOMEM;
        alternate = stack;
    }
    if (before) memcpy((void *)before, &old, sizeof old);
    return 0;
}
