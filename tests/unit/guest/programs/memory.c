// Uses the heap and mappings in the way that its argument names, and checks what it finds there.

#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PAGE = 4096 };

static void check(int holds, const char *what) {
    if (holds) return;
    printf("wrong: %s\n", what);
    exit(1);
}

static int is_filled(const void *bytes, size_t length, uint64_t with) {
    const uint64_t *at = bytes;
    for (size_t i = 0; i < length / 8; i++)
        if (at[i] != with) return 0;
    return 1;
}

static void fill(void *bytes, size_t length, uint64_t with) {
    uint64_t *at = bytes;
    for (size_t i = 0; i < length / 8; i++) at[i] = with;
}

// The C library's own brk always refuses.
static int set_break(void *to) { return (void *)syscall(SYS_brk, to) == to; }

static void *map(size_t length) {
    return mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static uint32_t random_number(void) {
    static uint32_t state = 1;
    state = state * 1664525 + 1013904223;
    return state >> 16;
}

static void heap(void) {
    char *start = sbrk(0);
    check(set_break(start + 3 * PAGE + 5), "the heap grows");
    check(is_filled(start, 3 * PAGE, 0), "it is zero");
    fill(start, 3 * PAGE, 7);
    check(set_break(start + PAGE), "it shrinks");
    check(set_break(start + 3 * PAGE), "and grows again");
    check(is_filled(start, PAGE, 7) && is_filled(start + PAGE, 2 * PAGE, 0), "what was given back is zero");
    check(!set_break((void *)0x7FFF0000), "not into the stack");
    check(!set_break(start - PAGE), "not into the program");
    check(sbrk(0) == start + 3 * PAGE, "a refusal changes nothing");
    char *mapping = map(PAGE);
    check(!set_break(mapping + PAGE), "not into a mapping");
    check(set_break(mapping), "but up to it");
    check(map(PAGE) == MAP_FAILED && errno == ENOMEM, "which leaves no room for mappings");
}

// Many mappings of random sizes, some of them unmapped in part: all are zero at first, and none overlaps another.
static void mappings(void) {
    enum { SLOTS = 12, ROUNDS = 120 };
    static struct {
        char *at;
        size_t length;
        uint64_t mark;
    } slots[SLOTS];
    for (uint64_t mark = 1; mark <= ROUNDS; mark++) {
        unsigned i = random_number() % SLOTS;
        if (slots[i].at) {
            check(is_filled(slots[i].at, slots[i].length, slots[i].mark), "a mapping keeps what is written to it");
            size_t part = random_number() % 2 ? slots[i].length : slots[i].length / PAGE / 2 * PAGE;
            if (part) check(munmap(slots[i].at, part) == 0, "it can be unmapped");
            slots[i].at += part, slots[i].length -= part;
            if (slots[i].length) continue;
        }
        slots[i].length = (1 + random_number() % 4) * PAGE;
        slots[i].at = map(slots[i].length);
        slots[i].mark = mark;
        check(slots[i].at != MAP_FAILED && (uintptr_t)slots[i].at % PAGE == 0, "a mapping is found");
        check(is_filled(slots[i].at, slots[i].length, 0), "it is zero");
        fill(slots[i].at, slots[i].length, mark);
    }
}

// More holes than the kernel's table can hold.
static void holes(void) {
    enum { HOLES = 300 };
    char *start = map(2 * HOLES * PAGE);
    for (int i = 0; i < HOLES; i++) check(munmap(start + 2 * i * PAGE, PAGE) == 0, "a hole is made");
    for (int i = 0; i < HOLES; i++) {
        uint64_t *kept = (uint64_t *)(start + (2 * i + 1) * PAGE);
        check(*kept == 0, "a page between two holes is not given away");
        *kept = 1;
        char *page = map(PAGE);
        check(page != MAP_FAILED && *(uint64_t *)page == 0, "a page is found");
        *(uint64_t *)page = 2;
    }
}

static void remap(void) {
    char *small = map(2 * PAGE), *below;
    fill(small, 2 * PAGE, 5);
    check(mremap(small, 2 * PAGE, PAGE, 0) == small, "a mapping shrinks where it is");
    check(mremap(small, PAGE, 2 * PAGE, 0) == small, "and grows back into the hole");
    check(is_filled(small, PAGE, 5) && is_filled(small + PAGE, PAGE, 0), "where it is zero");
    check(mremap(small, 2 * PAGE, 8 * PAGE, 0) == MAP_FAILED && errno == ENOMEM, "it stays if there is no room");
    below = mremap(small, 2 * PAGE, 8 * PAGE, MREMAP_MAYMOVE);
    check(below != MAP_FAILED && below != small, "and moves if it may");
    check(is_filled(below, PAGE, 5) && is_filled(below + PAGE, 7 * PAGE, 0), "with what it holds");
    check(mremap(below, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, small) == MAP_FAILED && errno == EINVAL, "not to a place");
    check(mremap((void *)0x2000, PAGE, PAGE, 0) == MAP_FAILED && errno == EFAULT, "only a mapping");
}

static void fixed(void) {
    char *start = map(4 * PAGE);
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    fill(start, 4 * PAGE, 3);
    check(mmap(start + PAGE, PAGE, PROT_READ, flags, -1, 0) == start + PAGE, "a page is mapped over");
    check(is_filled(start, PAGE, 3) && is_filled(start + PAGE, PAGE, 0), "it alone is zero");
    char *below = start - (1 << 20);
    check(mmap(below, PAGE, PROT_READ, flags, -1, 0) == below, "a page is mapped far below");
    fill(below, PAGE, 4);
    char *next = map(2 * PAGE);
    check(next > below && next < start, "the room between is used");
    check(is_filled(below, PAGE, 4), "beside the page");
    check(mmap((void *)0x10000000, PAGE, PROT_READ, flags, -1, 0) != MAP_FAILED, "among free pages");
    check(mmap(fixed, PAGE, PROT_READ, flags, -1, 0) == MAP_FAILED && errno == ENOMEM, "not over the program");
}

static void advice(void) {
    char *start = map(2 * PAGE);
    fill(start, 2 * PAGE, 9);
    check(madvise(start, PAGE, MADV_NORMAL) == 0 && is_filled(start, PAGE, 9), "advice changes nothing");
    check(madvise(start, PAGE, MADV_DONTNEED) == 0, "but one");
    check(is_filled(start, PAGE, 0) && is_filled(start + PAGE, PAGE, 9), "which zeroes");
    check(mprotect(start, PAGE, PROT_NONE) == 0 && start[0] == 0, "there is no protection");
}

static void refusals(void) {
    check(map(0) == MAP_FAILED && errno == EINVAL, "nothing");
    check(map((size_t)3 << 30) == MAP_FAILED && errno == ENOMEM, "more than there is");
    check(map(SIZE_MAX) == MAP_FAILED && errno == ENOMEM, "much more");
    check(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 9, 0) == MAP_FAILED && errno == EBADF, "no file");
    check(munmap((void *)0x12345, PAGE) < 0 && errno == EINVAL, "half a page");
    size_t total = 0;
    for (; map(64 << 20) != MAP_FAILED; total += 64) continue;
    check(total >= 1900 && total < 2048, "all there is");
    check(errno == ENOMEM, "and no more");
    void *volatile none = malloc(100 << 20);
    check(none == NULL, "malloc says so");
}

// A list and a growing array by malloc and realloc.
static void churn(void) {
    struct node {
        struct node *next;
        size_t size;
        unsigned char bytes[];
    } *list = NULL;
    for (size_t i = 0; i < 300; i++) {
        size_t size = random_number() % 500;
        struct node *node = malloc(sizeof *node + size);
        check(node != NULL, "there is memory");
        *node = (struct node){list, size};
        memset(node->bytes, (int)size, size);
        list = node;
        if (i % 3) continue;
        struct node *second = list->next;
        if (second) list->next = second->next, free(second);
    }
    for (; list; list = list->next)
        for (size_t i = 0; i < list->size; i++) check(list->bytes[i] == (unsigned char)list->size, "nothing overlaps");

    size_t room = 1, length = 0;
    uint32_t *numbers = malloc(sizeof *numbers);
    for (; length < 20000; length++) {
        if (length == room) numbers = realloc(numbers, (room *= 2) * sizeof *numbers);
        numbers[length] = (uint32_t)length;
    }
    for (size_t i = 0; i < length; i++) check(numbers[i] == i, "realloc keeps what is there");
}

int main(int count, char **arguments) {
    static const struct {
        const char *name;
        void (*run)(void);
    } actions[] = {
        {"heap", heap},   {"mappings", mappings}, {"holes", holes},       {"remap", remap},
        {"fixed", fixed}, {"advice", advice},     {"refusals", refusals}, {"churn", churn},
    };
    for (size_t i = 0; count == 2 && i < sizeof actions / sizeof *actions; i++) {
        if (strcmp(arguments[1], actions[i].name)) continue;
        actions[i].run();
        printf("fine\n");
        return 0;
    }
    return 99;
}
