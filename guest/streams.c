// The standard streams: input is the input region, output and error are in the output region.

#include "kernel.h"

static u64 stdin_position;  // may lie behind the end

u64 stream_position(void) { return stdin_position; }

void stream_move(u64 position) { stdin_position = position; }

i64 stream_read(u64 address, u64 length) {
    u64 left = stdin_position < INPUT->stdin_length ? INPUT->stdin_length - stdin_position : 0;
    if (length > left) length = left;
    memcpy((void *)address, (const void *)(STDIN + stdin_position), length);
    stdin_position += length;
    return length;
}

// Appends as much as has room. The length comes first: what lies beyond it is zero in every state of a run, so that a run
// that is cut off in the middle proves its output, too.
static u64 append(u64 stream, const void *bytes, u64 length) {
    volatile u64 *position = stream == 1 ? &OUTPUT->stdout_length : &OUTPUT->stderr_length;
    u64 start = stream == 1 ? STDOUT : STDERR;
    u64 room = stream == 1 ? STDERR - STDOUT : OUTPUT_END - STDERR;

    u64 at = *position, left = room - at;
    if (length > left) length = left;
    *position = at + length;
    memcpy((void *)(start + at), bytes, length);
    return length;
}

i64 stream_write(u64 stream, u64 address, u64 length) {
    u64 written = append(stream, (const void *)address, length);
    return written || !length ? (i64)written : -ENOSPC;
}

// The kernel's own messages, on standard error.

void print(const char *text) {
    u64 length = 0;
    while (text[length]) length++;
    append(2, text, length);
}

void print_hexadecimal(u64 value) {
    char text[2 + 16 + 1];
    char *at = text + sizeof text - 1;
    *at = 0;
    do *--at = "0123456789abcdef"[value % 16];
    while (value /= 16);
    *--at = 'x';
    *--at = '0';
    print(at);
}
