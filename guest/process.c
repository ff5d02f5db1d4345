// What a process asks about itself and its computer, and its end. There is one process with one thread, number 1, of the user 0.
//
// Time and chance are the same in every run: the clock starts at zero and goes on by a microsecond whenever it is read,
// and by the time asked for when the program sleeps; random bytes come from a fixed sequence.

#include "kernel.h"

enum { NANOSECONDS = 1000000000, MICROSECOND = 1000, CLOCK_READING = MICROSECOND };
enum { LIMIT_STACK = 3, LIMIT_PROCESSES = 6, LIMIT_DESCRIPTORS = 7, LIMITS = 16, CPU_SET_SIZE = 8 };

// A time in seconds and a fraction: nanoseconds, or microseconds for gettimeofday.
struct time {
    i64 seconds, fraction;
};

static u64 now;  // nanoseconds

static struct time read_clock(u64 unit) {
    now += CLOCK_READING;
    return (struct time){now / NANOSECONDS, now % NANOSECONDS / unit};
}

i64 process_clock(u64 address, u64 unit) {
    if (!is_program(address, sizeof(struct time))) return -EFAULT;
    struct time time = read_clock(unit);
    memcpy((void *)address, &time, sizeof time);
    return 0;
}

i64 process_resolution(u64 address) {
    const struct time resolution = {0, CLOCK_READING};
    if (!address) return 0;
    if (!is_program(address, sizeof resolution)) return -EFAULT;
    memcpy((void *)address, &resolution, sizeof resolution);
    return 0;
}

// include/uapi/linux/resource.h
i64 process_usage(u64 address) {
    struct {
        struct time user, system;
        u64 others[14];
    } usage = {};
    if (!is_program(address, sizeof usage)) return -EFAULT;
    usage.user = read_clock(MICROSECOND);
    memcpy((void *)address, &usage, sizeof usage);
    return 0;
}

i64 process_sleep(u64 address, _Bool absolute) {
    struct time time;
    if (!is_program(address, sizeof time)) return -EFAULT;
    memcpy(&time, (const void *)address, sizeof time);
    if (time.seconds < 0 || time.fraction < 0 || time.fraction >= NANOSECONDS) return -EINVAL;

    u64 until = (absolute ? 0 : now) + time.seconds * NANOSECONDS + time.fraction;
    if (until > now) now = until;
    return 0;
}

// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014) from seed 0.
static u64 random_word(void) {
    static u64 state;
    u64 z = state += 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return z ^ z >> 31;
}

i64 process_random(u64 address, u64 length) {
    if (!is_program(address, length)) return -EFAULT;
    for (u64 at = address, left = length; left;) {
        u64 word = random_word(), size = left < sizeof word ? left : sizeof word;
        memcpy((void *)at, &word, size);
        at += size, left -= size;
    }
    return length;
}

i64 process_affinity(u64 size, u64 address) {
    const u64 processors = 1;
    if (size < CPU_SET_SIZE || size % CPU_SET_SIZE) return -EINVAL;
    if (!is_program(address, CPU_SET_SIZE)) return -EFAULT;
    memcpy((void *)address, &processors, CPU_SET_SIZE);
    return CPU_SET_SIZE;
}

i64 process_name(u64 address) {
    static const char names[6][65] = {"Linux", "assay", "6.6.0", "#1", "riscv64", ""};
    if (!is_program(address, sizeof names)) return -EFAULT;
    memcpy((void *)address, names, sizeof names);
    return 0;
}

// include/uapi/linux/sysinfo.h
i64 process_system(u64 address) {
    struct {
        u64 uptime, loads[3], memory, free, shared, buffers, swap, free_swap;
        u16 processes, padding[3];
        u64 high, free_high;
        u32 unit, padding2;
    } system = {
        .uptime = now / NANOSECONDS,
        .memory = PROGRAM_END,
        .free = memory_left(),
        .processes = 1,
        .unit = 1,
    };
    if (!is_program(address, sizeof system)) return -EFAULT;
    memcpy((void *)address, &system, sizeof system);
    return 0;
}

i64 process_directory(u64 address, u64 size) {
    if (size < sizeof "/") return -ERANGE;
    if (!is_program(address, size)) return -EFAULT;
    memcpy((void *)address, "/", sizeof "/");
    return sizeof "/";
}

static u64 limit_of(u64 resource) {
    switch (resource) {
        case LIMIT_STACK: return STACK_SIZE;
        case LIMIT_PROCESSES: return 1;
        case LIMIT_DESCRIPTORS: return DESCRIPTORS;
        default: return -1UL;
    }
}

i64 process_limit(u64 resource, u64 address) {
    const u64 limits[2] = {limit_of(resource), limit_of(resource)};
    if (resource >= LIMITS) return -EINVAL;
    if (!address) return 0;
    if (!is_program(address, sizeof limits)) return -EFAULT;
    memcpy((void *)address, limits, sizeof limits);
    return 0;
}

i64 process_wait(u64 address, u32 expected, u64 timeout) {
    if (address % sizeof expected) return -EINVAL;
    if (!is_program(address, sizeof expected)) return -EFAULT;
    if (*(const u32 *)address != expected) return -EAGAIN;
    if (timeout) return -ETIMEDOUT;
    process_wait_for_ever();
}

void process_wait_for_ever(void) {
    print("Deadlock: the program waits for something that can never happen\n");
    process_end(FAULTED, 128 + SIGABRT);
}

void process_end(enum status status, u64 exit_status) {
    OUTPUT->exit_status = exit_status % 256;
    OUTPUT->status = status;
    for (;;) __asm__ volatile("wfi");
}
