// Starts the program: sets its stack up as Linux does (argument count and pointers, environment, auxiliary vector), so that
// the C library finds what it looks for.

#include "kernel.h"

enum {
    AT_NULL = 0,
    AT_PHDR = 3,
    AT_PHENT = 4,
    AT_PHNUM = 5,
    AT_PAGESZ = 6,
    AT_ENTRY = 9,
    AT_UID = 11,
    AT_EUID = 12,
    AT_GID = 13,
    AT_EGID = 14,
    AT_HWCAP = 16,
    AT_CLKTCK = 17,
    AT_SECURE = 23,
    AT_RANDOM = 25,
    AT_EXECFN = 31,
};

// Whatever the program seeds with these 16 bytes is the same in every run.
static const char random_bytes[16] = {'n', 'o', 't', ' ', 'r', 'a', 'n', 'd', 'o', 'm', ' ', 'b', 'y', 't', 'e', 's'};

struct start {
    u64 stack_pointer, entry;
};

// Appends pointers to `count` strings that follow each other from `string` on, and a null pointer; the end of the last.
static const char *point_to(u64 **next, u64 count, const char *string, const char *end) {
    while (count--) {
        *(*next)++ = (u64)string;
        while (string < end && *string++) continue;
    }
    *(*next)++ = 0;
    return string;
}

struct start boot(void) {
    u64 length = INPUT->text_length, count = INPUT->argument_count, variables = INPUT->environment_count;

    // From the top down: the text of arguments and environment, the random bytes, and the table that begins at the stack pointer.
    char *text = (char *)((PROGRAM_END - length) & -8UL);
    char *random = text - sizeof random_bytes;
    memcpy(text, (const void *)TEXT, length);
    memcpy(random, random_bytes, sizeof random_bytes);

    const u64 auxiliary[][2] = {
        {AT_PHDR, INFO->program_headers},
        {AT_PHENT, INFO->program_header_size},
        {AT_PHNUM, INFO->program_header_count},
        {AT_PAGESZ, PAGE},
        {AT_ENTRY, INFO->entry},
        {AT_UID, 0},
        {AT_EUID, 0},
        {AT_GID, 0},
        {AT_EGID, 0},
        {AT_HWCAP, 1 << ('i' - 'a') | 1 << ('m' - 'a') | 1 << ('a' - 'a')},
        {AT_CLKTCK, 100},
        {AT_SECURE, 0},
        {AT_RANDOM, (u64)random},
        {AT_EXECFN, (u64)text},
        {AT_NULL, 0},
    };
    u64 pointers = 1 + count + 1 + variables + 1;
    u64 *stack = (u64 *)(((u64)random - 8 * pointers - sizeof auxiliary) & -16UL);

    u64 *next = stack;
    const char *string = text, *end = text + length;
    *next++ = count;
    string = point_to(&next, count, string, end);
    point_to(&next, variables, string, end);
    memcpy(stack + pointers, auxiliary, sizeof auxiliary);

    memory_start(INFO->initial_break, ((u64)stack - STACK_SIZE) & -PAGE);
    return (struct start){(u64)stack, INFO->entry};
}
