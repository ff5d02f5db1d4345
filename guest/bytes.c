// Copying and setting memory. All accesses are aligned, as the machine wants them, and of eight bytes where possible:
// every instruction costs whoever runs the job. So the inner loops are unrolled.

#include "kernel.h"

enum { WORD = 8, BLOCK = 64 };

static u8 *copy_bytes(u8 *to, const u8 *from, u64 length) {
    for (u8 *end = to + length; to < end;) *to++ = *from++;
    return to;
}

static void copy_words(u64 *to, const u64 *from, u64 *end) {
    for (; (u64)end - (u64)to >= BLOCK; to += 8, from += 8) {
        u64 a = from[0], b = from[1], c = from[2], d = from[3], e = from[4], f = from[5], g = from[6], h = from[7];
        to[0] = a, to[1] = b, to[2] = c, to[3] = d, to[4] = e, to[5] = f, to[6] = g, to[7] = h;
    }
    while (to < end) *to++ = *from++;
}

// `from` is not aligned: each word is put together from two.
static void copy_shifted(u64 *to, const u8 *from, u64 *end) {
    u64 right = 8 * ((u64)from % WORD), left = 64 - right;
    const u64 *at = (const u64 *)((u64)from & -WORD);
    u64 low = *at++, high;
    for (; (u64)end - (u64)to >= 4 * WORD; to += 4, at += 4) {
        high = at[0], to[0] = low >> right | high << left;
        low = at[1], to[1] = high >> right | low << left;
        high = at[2], to[2] = low >> right | high << left;
        low = at[3], to[3] = high >> right | low << left;
    }
    for (; to < end; low = high) high = *at++, *to++ = low >> right | high << left;
}

void *memcpy(void *to, const void *from, u64 length) {
    u8 *at = to;
    const u8 *source = from;
    if (length >= 2 * WORD) {
        u64 head = -(u64)at % WORD;
        at = copy_bytes(at, source, head), source += head, length -= head;

        u64 middle = length & -WORD;
        u64 *end = (u64 *)(at + middle);
        if ((u64)source % WORD == 0)
            copy_words((u64 *)at, (const u64 *)source, end);
        else
            copy_shifted((u64 *)at, source, end);
        at += middle, source += middle, length -= middle;
    }
    copy_bytes(at, source, length);
    return to;
}

static u8 *set_bytes(u8 *at, u8 value, u64 length) {
    for (u8 *end = at + length; at < end;) *at++ = value;
    return at;
}

static void set_words(u64 *at, u64 value, u64 *end) {
    for (; (u64)end - (u64)at >= BLOCK; at += 8)
        at[0] = value, at[1] = value, at[2] = value, at[3] = value,
        at[4] = value, at[5] = value, at[6] = value, at[7] = value;
    while (at < end) *at++ = value;
}

void *memset(void *to, int value, u64 length) {
    u8 *at = to;
    if (length >= 2 * WORD) {
        u64 head = -(u64)at % WORD;
        at = set_bytes(at, value, head), length -= head;

        u64 middle = length & -WORD;
        set_words((u64 *)at, (u8)value * 0x0101010101010101UL, (u64 *)(at + middle));
        at += middle, length -= middle;
    }
    set_bytes(at, value, length);
    return to;
}
