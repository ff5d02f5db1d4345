// The heap and the mappings.
//
//     program | heap, grows up -> | fresh | <- mappings, grow down | stack (8 MiB) | arguments | info page
//             ^ initial break     ^ top   ^ floor                  ^ ceiling
//
// Memory starts zeroed, and is fresh between `top` and `floor`: a new mapping is taken from there for nothing. What the
// program has unmapped is kept in a table of ranges, and cleared when it is mapped again. There is no protection: every
// address can be read and written at all times, so that guard pages and mprotect change nothing.

#include "kernel.h"

enum { MAP_FIXED = 0x10 };
enum { REMAP_MAYMOVE = 1, REMAP_FIXED = 2, REMAP_DONTUNMAP = 4, ADVICE_DONTNEED = 4 };
enum { MOST_RANGES = 256 };

struct range {
    u64 start, end;
};

static u64 initial_break, current_break, top, floor, ceiling;
static struct range unmapped[MOST_RANGES];  // in ascending order, none touching the next
static u64 ranges;

static u64 round_up(u64 length) { return (length + PAGE - 1) & -PAGE; }

void memory_start(u64 program_end, u64 stack_bottom) {
    initial_break = current_break = program_end;
    top = round_up(program_end);
    floor = ceiling = stack_bottom;
}

_Bool is_program(u64 address, u64 length) {
    return !length || (address >= PROGRAM_START && address <= PROGRAM_END && length <= PROGRAM_END - address);
}

u64 memory_left(void) { return floor - top; }

i64 memory_break(u64 to) {
    if (to < initial_break || to > floor) return current_break;

    u64 new_top = round_up(to);
    if (new_top < top) memset((void *)new_top, 0, top - new_top);
    top = new_top;
    return current_break = to;
}

static void remove_range(u64 i) {
    ranges--;
    for (; i < ranges; i++) unmapped[i] = unmapped[i + 1];
}

static void insert_range(u64 i, struct range range) {
    if (ranges == MOST_RANGES) {
        // The table is full: forget the smallest, whose addresses are then lost to the program.
        u64 smallest = 0;
        for (u64 k = 1; k < ranges; k++)
            if (unmapped[k].end - unmapped[k].start < unmapped[smallest].end - unmapped[smallest].start) smallest = k;
        if (range.end - range.start <= unmapped[smallest].end - unmapped[smallest].start) return;
        remove_range(smallest);
        if (smallest < i) i--;
    }
    for (u64 k = ranges++; k > i; k--) unmapped[k] = unmapped[k - 1];
    unmapped[i] = range;
}

// Take the given pages out of the table, wherever they are in it.
static void take(u64 start, u64 end) {
    for (u64 i = 0; i < ranges && unmapped[i].start < end;) {
        struct range range = unmapped[i];
        if (range.end <= start) {
            i++;
            continue;
        }
        remove_range(i);
        if (range.start < start) insert_range(i++, (struct range){range.start, start});
        if (end < range.end) insert_range(i++, (struct range){end, range.end});
    }
}

static void give(u64 start, u64 end) {
    take(start, end);
    u64 i = 0;
    while (i < ranges && unmapped[i].end < start) i++;
    if (i < ranges && unmapped[i].end == start) {
        start = unmapped[i].start;
        remove_range(i);
    }
    if (i < ranges && unmapped[i].start == end) {
        end = unmapped[i].end;
        remove_range(i);
    }
    insert_range(i, (struct range){start, end});
}

static _Bool is_unmapped(u64 start, u64 end) {
    for (u64 i = 0; i < ranges; i++)
        if (unmapped[i].start <= start && end <= unmapped[i].end) return 1;
    return 0;
}

// Pages for a new mapping, zeroed: unmapped ones if a range is long enough, else fresh ones. 0 if there are none.
static u64 find(u64 length) {
    for (u64 i = ranges; i-- > 0;) {
        if (unmapped[i].end - unmapped[i].start < length) continue;
        u64 start = unmapped[i].end -= length;
        if (unmapped[i].start == start) remove_range(i);
        memset((void *)start, 0, length);
        return start;
    }
    if (length > floor - top) return 0;
    return floor -= length;
}

// Whether pages can be mapped where the program says: among the mappings, or fresh.
static _Bool is_mappable(u64 start, u64 length) {
    return start % PAGE == 0 && start >= top && start <= ceiling && length <= ceiling - start;
}

static i64 map_at(u64 start, u64 length) {
    if (!is_mappable(start, length)) return -ENOMEM;
    u64 end = start + length;
    if (start < floor) {
        if (end < floor) give(end, floor);
        floor = start;
    }
    take(start, end);
    memset((void *)start, 0, length);
    return start;
}

i64 memory_map(u64 address, u64 length, u64 flags) {
    if (!length) return -EINVAL;
    if (length > MEMORY_END) return -ENOMEM;
    length = round_up(length);

    if (flags & MAP_FIXED) return map_at(address, length);
    u64 start = find(length);
    return start ? (i64)start : -ENOMEM;
}

i64 memory_unmap(u64 address, u64 length) {
    if (address % PAGE || !length || length > MEMORY_END) return -EINVAL;
    length = round_up(length);

    u64 end = address + length;
    if (address < floor) address = floor;
    if (end > ceiling) end = ceiling;
    if (address < end) give(address, end);
    return 0;
}

i64 memory_remap(u64 address, u64 length, u64 new_length, u64 flags) {
    if (address % PAGE || !length || !new_length || flags & (REMAP_FIXED | REMAP_DONTUNMAP)) return -EINVAL;
    if (length > MEMORY_END || new_length > MEMORY_END) return -ENOMEM;
    length = round_up(length), new_length = round_up(new_length);
    if (address < floor || address > ceiling || length > ceiling - address) return -EFAULT;

    if (new_length <= length) {
        if (new_length < length) give(address + new_length, address + length);
        return address;
    }
    u64 end = address + length, new_end = address + new_length;
    if (is_unmapped(end, new_end)) {
        take(end, new_end);
        memset((void *)end, 0, new_end - end);
        return address;
    }
    if (!(flags & REMAP_MAYMOVE)) return -ENOMEM;
    u64 start = find(new_length);
    if (!start) return -ENOMEM;
    memcpy((void *)start, (const void *)address, length);
    give(address, end);
    return start;
}

i64 memory_advise(u64 address, u64 length, u64 advice) {
    if (address % PAGE) return -EINVAL;
    if (!is_program(address, length)) return -ENOMEM;
    if (advice == ADVICE_DONTNEED) memset((void *)address, 0, round_up(length));
    return 0;
}
