// What the kernel's parts know of each other, and of the image that they run in (docs/machine.md, section 6).

#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef int i32;
typedef unsigned long u64;
typedef long i64;

#define PAGE 4096UL
#define STACK_SIZE (8UL << 20)

// The image.

#define PROGRAM_START 0x00001000UL
#define PROGRAM_END 0x7FFFF000UL  // the info page is above
#define MEMORY_END 0x100000000UL
#define TEXT 0x80001000UL  // arguments and environment
#define STDIN 0x80100000UL
#define STDOUT 0xC0001000UL
#define STDERR 0xD0000000UL
#define OUTPUT_END 0xE0000000UL

struct info {
    u64 entry, program_headers, program_header_size, program_header_count, initial_break;
};

struct input {
    u64 argument_count, text_length, stdin_length, environment_count;
};

struct output {
    u64 status, exit_status, stdout_length, stderr_length;
};

#define INFO ((const volatile struct info *)0x7FFFF000UL)
#define INPUT ((const volatile struct input *)0x80000000UL)
#define OUTPUT ((volatile struct output *)0xC0000000UL)

enum status { RUNNING, EXITED, FAULTED };

// Error numbers and signals, as Linux counts them.

enum {
    ENOENT = 2,
    ESRCH = 3,
    EBADF = 9,
    EAGAIN = 11,
    ENOMEM = 12,
    EACCES = 13,
    EFAULT = 14,
    ENODEV = 19,
    ENOTDIR = 20,
    EINVAL = 22,
    EMFILE = 24,
    ENOTTY = 25,
    ENOSPC = 28,
    ESPIPE = 29,
    EROFS = 30,
    ERANGE = 34,
    ENOSYS = 38,
    ETIMEDOUT = 110,
};

enum {
    SIGILL = 4,
    SIGTRAP = 5,
    SIGABRT = 6,
    SIGBUS = 7,
    SIGSEGV = 11,
};

// The program's registers at a trap, by number; number 0 is not used.
struct frame {
    u64 x[32];
};

// bytes.c: by their standard names, since the compiler calls them too

void *memcpy(void *to, const void *from, u64 length);
void *memset(void *at, int value, u64 length);

// memory.c: the program's part of the memory

enum { MAP_ANONYMOUS = 0x20 };

void memory_start(u64 initial_break, u64 stack_bottom);
_Bool is_program(u64 address, u64 length);  // whether the program may hand this range to a call
u64 memory_left(void);
i64 memory_break(u64 to);
i64 memory_map(u64 address, u64 length, u64 flags);
i64 memory_unmap(u64 address, u64 length);
i64 memory_remap(u64 address, u64 length, u64 new_length, u64 flags);
i64 memory_advise(u64 address, u64 length, u64 advice);

// descriptors.c: what the program reads from and writes to

enum { DESCRIPTORS = 64 };

i64 descriptor_open(u64 path, u64 flags);
i64 descriptor_close(u32 descriptor);
i64 descriptor_duplicate(u32 descriptor, u64 least);
i64 descriptor_duplicate_to(u32 descriptor, u32 to);
i64 descriptor_control(u32 descriptor, u64 command, u64 argument);
i64 descriptor_read(u32 descriptor, u64 address, u64 length);
i64 descriptor_write(u32 descriptor, u64 address, u64 length);
i64 descriptor_read_vector(u32 descriptor, u64 vector, u64 count);
i64 descriptor_write_vector(u32 descriptor, u64 vector, u64 count);
i64 descriptor_read_at(u32 descriptor, u64 address, u64 length, u64 position);
i64 descriptor_write_at(u32 descriptor, u64 address, u64 length, u64 position);
i64 descriptor_read_vector_at(u32 descriptor, u64 vector, u64 count, u64 position);
i64 descriptor_write_vector_at(u32 descriptor, u64 vector, u64 count, u64 position);
i64 descriptor_seek(u32 descriptor, u64 offset, u64 from);
i64 descriptor_map(u32 descriptor, u64 address, u64 length, u64 flags, u64 position);
i64 descriptor_terminal(u32 descriptor);
i64 descriptor_status(u32 descriptor, u64 path, u64 address, u64 flags);
i64 descriptor_extended_status(u32 descriptor, u64 path, u64 flags, u64 address);
i64 descriptor_access(u64 path);
i64 descriptor_poll(u64 address, u64 count, u64 timeout);

// streams.c: standard input, output and error; the ranges have been checked

i64 stream_read(u64 address, u64 length);
u64 stream_position(void);  // of standard input
void stream_move(u64 position);
i64 stream_write(u64 stream, u64 address, u64 length);
void print(const char *text);
void print_hexadecimal(u64 value);

// process.c: what a process asks about itself and its computer, and its end

enum { PROCESS = 1 };  // its number, and that of its only thread

i64 process_clock(u64 address, u64 unit);  // the unit of the fraction, nanoseconds
i64 process_resolution(u64 address);
i64 process_usage(u64 address);
i64 process_sleep(u64 address, _Bool absolute);
i64 process_random(u64 address, u64 length);
i64 process_affinity(u64 size, u64 address);
i64 process_name(u64 address);
i64 process_system(u64 address);
i64 process_directory(u64 address, u64 size);
i64 process_limit(u64 resource, u64 address);
i64 process_wait(u64 address, u32 expected, u64 timeout);
_Noreturn void process_wait_for_ever(void);
_Noreturn void process_end(enum status status, u64 exit_status);

// signals.c

const char *signal_name(u64 signal);
i64 signal_send(u64 process, u64 signal);
i64 signal_action(u64 signal, u64 to, u64 before, u64 mask_size);
i64 signal_mask(u64 how, u64 to, u64 before, u64 mask_size);
i64 signal_stack(u64 to, u64 before);
