// The Linux calls for 64-bit RISC-V that programs can make: README.md lists them with their answers.

#include "kernel.h"

// include/uapi/asm-generic/unistd.h
enum {
    CALL_getcwd = 17,
    CALL_dup = 23,
    CALL_dup3 = 24,
    CALL_fcntl = 25,
    CALL_ioctl = 29,
    CALL_faccessat = 48,
    CALL_openat = 56,
    CALL_close = 57,
    CALL_lseek = 62,
    CALL_read = 63,
    CALL_write = 64,
    CALL_readv = 65,
    CALL_writev = 66,
    CALL_pread64 = 67,
    CALL_pwrite64 = 68,
    CALL_preadv = 69,
    CALL_pwritev = 70,
    CALL_ppoll = 73,
    CALL_readlinkat = 78,
    CALL_newfstatat = 79,
    CALL_fstat = 80,
    CALL_exit = 93,
    CALL_exit_group = 94,
    CALL_set_tid_address = 96,
    CALL_futex = 98,
    CALL_set_robust_list = 99,
    CALL_nanosleep = 101,
    CALL_clock_gettime = 113,
    CALL_clock_getres = 114,
    CALL_clock_nanosleep = 115,
    CALL_sched_getaffinity = 123,
    CALL_sched_yield = 124,
    CALL_kill = 129,
    CALL_tkill = 130,
    CALL_tgkill = 131,
    CALL_sigaltstack = 132,
    CALL_rt_sigaction = 134,
    CALL_rt_sigprocmask = 135,
    CALL_uname = 160,
    CALL_getrusage = 165,
    CALL_gettimeofday = 169,
    CALL_getpid = 172,
    CALL_getppid = 173,
    CALL_getuid = 174,
    CALL_geteuid = 175,
    CALL_getgid = 176,
    CALL_getegid = 177,
    CALL_gettid = 178,
    CALL_sysinfo = 179,
    CALL_brk = 214,
    CALL_munmap = 215,
    CALL_mremap = 216,
    CALL_clone = 220,
    CALL_mmap = 222,
    CALL_mprotect = 226,
    CALL_madvise = 233,
    CALL_riscv_flush_icache = 259,
    CALL_prlimit64 = 261,
    CALL_getrandom = 278,
    CALL_preadv2 = 286,
    CALL_pwritev2 = 287,
    CALL_statx = 291,
    CALL_clone3 = 435,
    CALL_faccessat2 = 439,
};

enum { FUTEX_WAIT, FUTEX_WAKE, FUTEX_REQUEUE = 3, FUTEX_WAIT_BITSET = 9, FUTEX_WAKE_BITSET, FUTEX_COMMAND = 127 };
enum { EMPTY_PATH = 0x1000, TIMER_ABSTIME = 1 };
#define HERE -1UL  // for a position: where the descriptor is

static i64 call_futex(u64 address, u64 operation, u64 value, u64 timeout) {
    switch (operation & FUTEX_COMMAND) {
        case FUTEX_WAIT:
        case FUTEX_WAIT_BITSET: return process_wait(address, value, timeout);
        case FUTEX_WAKE:
        case FUTEX_REQUEUE:
        case FUTEX_WAKE_BITSET: return 0;
        default: return -ENOSYS;
    }
}

// Called by the trap handler, with the registers a0 to a7 as arguments.
i64 call(u64 a, u64 b, u64 c, u64 d, u64 e, u64 f, u64 unused, u64 number) {
    (void)unused;
    switch (number) {
        case CALL_read: return descriptor_read(a, b, c);
        case CALL_write: return descriptor_write(a, b, c);
        case CALL_readv: return descriptor_read_vector(a, b, c);
        case CALL_writev: return descriptor_write_vector(a, b, c);
        case CALL_lseek: return descriptor_seek(a, b, c);
        case CALL_pread64: return descriptor_read_at(a, b, c, d);
        case CALL_pwrite64: return descriptor_write_at(a, b, c, d);
        case CALL_preadv: return descriptor_read_vector_at(a, b, c, d);
        case CALL_pwritev: return descriptor_write_vector_at(a, b, c, d);
        case CALL_preadv2: return d == HERE ? descriptor_read_vector(a, b, c) : descriptor_read_vector_at(a, b, c, d);
        case CALL_pwritev2: return d == HERE ? descriptor_write_vector(a, b, c) : descriptor_write_vector_at(a, b, c, d);
        case CALL_openat: return descriptor_open(b, c);
        case CALL_close: return descriptor_close(a);
        case CALL_dup: return descriptor_duplicate(a, 0);
        case CALL_dup3: return descriptor_duplicate_to(a, b);
        case CALL_fcntl: return descriptor_control(a, b, c);
        case CALL_ioctl: return descriptor_terminal(a);
        case CALL_fstat: return descriptor_status(a, 0, b, EMPTY_PATH);
        case CALL_newfstatat: return descriptor_status(a, b, c, d);
        case CALL_statx: return descriptor_extended_status(a, b, c, e);
        case CALL_faccessat:
        case CALL_faccessat2: return descriptor_access(b);
        case CALL_readlinkat: return -ENOENT;
        case CALL_ppoll: return descriptor_poll(a, b, c);

        case CALL_brk: return memory_break(a);
        case CALL_mmap: return d & MAP_ANONYMOUS ? memory_map(a, b, d) : descriptor_map(e, a, b, d, f);
        case CALL_munmap: return memory_unmap(a, b);
        case CALL_mremap: return memory_remap(a, b, c, d);
        case CALL_madvise: return memory_advise(a, b, c);
        case CALL_mprotect: return 0;

        case CALL_exit:
        case CALL_exit_group: process_end(EXITED, a);
        case CALL_kill:
        case CALL_tkill: return signal_send(a, b);
        case CALL_tgkill: return signal_send(b, c);
        case CALL_rt_sigaction: return signal_action(a, b, c, d);
        case CALL_rt_sigprocmask: return signal_mask(a, b, c, d);
        case CALL_sigaltstack: return signal_stack(a, b);
        case CALL_clone:
        case CALL_clone3: return -EAGAIN;
        case CALL_set_tid_address:
        case CALL_gettid:
        case CALL_getpid: return PROCESS;
        case CALL_getppid:
        case CALL_getuid:
        case CALL_geteuid:
        case CALL_getgid:
        case CALL_getegid: return 0;
        case CALL_futex: return call_futex(a, b, c, d);
        case CALL_clock_gettime: return process_clock(b, 1);
        case CALL_clock_getres: return process_resolution(b);
        case CALL_getrusage: return process_usage(b);
        case CALL_gettimeofday: return process_clock(a, 1000);
        case CALL_nanosleep: return process_sleep(a, 0);
        case CALL_clock_nanosleep: return process_sleep(c, b & TIMER_ABSTIME);
        case CALL_getrandom: return process_random(a, b);
        case CALL_sched_getaffinity: return process_affinity(b, c);
        case CALL_uname: return process_name(a);
        case CALL_sysinfo: return process_system(a);
        case CALL_getcwd: return process_directory(a, b);
        case CALL_prlimit64: return process_limit(b, d);
        case CALL_set_robust_list:
        case CALL_sched_yield:
        case CALL_riscv_flush_icache: return 0;

        default: return -ENOSYS;
    }
}
