// Starts the program: sets its stack up as Linux does (argument count and pointers, an empty environment, the auxiliary
// vector), so that the C library finds its arguments.

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

struct start boot(void) {
    u64 length = INPUT->arguments_length, count = INPUT->argument_count;

    // From the top down: the arguments' text, the random bytes, and the table that begins at the stack pointer.
    char *text = (char *)((PROGRAM_END - length) & -8UL);
    char *random = text - sizeof random_bytes;
    memcpy(text, (const void *)ARGUMENTS, length);
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
    u64 pointers = 1 + count + 1 + 1;
    u64 *stack = (u64 *)(((u64)random - 8 * pointers - sizeof auxiliary) & -16UL);

    stack[0] = count;
    const char *argument = text;
    for (u64 i = 1; i <= count; i++) {
        stack[i] = (u64)argument;
        while (argument < text + length && *argument++) continue;
    }
    stack[count + 1] = 0;  // the arguments end
    stack[count + 2] = 0;  // so does the environment
    memcpy(stack + pointers, auxiliary, sizeof auxiliary);

    memory_start(INFO->initial_break, ((u64)stack - STACK_SIZE) & -PAGE);
    return (struct start){(u64)stack, INFO->entry};
}
