// The standard streams. Standard input is the input region, standard output and error are in the output region; to the
// program all three look like pipes.

#include "kernel.h"

struct vector {
    u64 address, length;
};

// As Linux lays it out for 64-bit RISC-V (include/uapi/asm-generic/stat.h).
struct file_status {
    u64 device, inode;
    u32 mode, links, user, group;
    u64 special_device, padding1;
    i64 size;
    u32 block_size, padding2;
    u64 blocks, times[6], unused;
};

enum { MODE_PIPE = 0010600, MOST_VECTORS = 1024 };

static u64 stdin_position;

_Bool is_stream(u64 stream) { return stream <= 2; }

i64 stream_read(u64 stream, u64 address, u64 length) {
    if (stream != 0) return -EBADF;
    if (!is_program(address, length)) return -EFAULT;

    u64 left = INPUT->stdin_length - stdin_position;
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
    if (stream != 1 && stream != 2) return -EBADF;
    if (!is_program(address, length)) return -EFAULT;

    u64 written = append(stream, (const void *)address, length);
    return written || !length ? (i64)written : -ENOSPC;
}

// What has been read or written before an error counts; the error shows at the next call.
static i64 each(u64 stream, u64 address, u64 count, i64 (*transfer)(u64, u64, u64)) {
    if (count > MOST_VECTORS) return -EINVAL;
    if (!is_program(address, count * sizeof(struct vector))) return -EFAULT;

    i64 total = 0;
    for (u64 i = 0; i < count; i++) {
        struct vector vector;
        memcpy(&vector, (const void *)(address + i * sizeof vector), sizeof vector);
        i64 done = transfer(stream, vector.address, vector.length);
        if (done < 0) return total ? total : done;
        total += done;
        if ((u64)done < vector.length) break;
    }
    return total;
}

i64 stream_read_vector(u64 stream, u64 vector, u64 count) { return each(stream, vector, count, stream_read); }

i64 stream_write_vector(u64 stream, u64 vector, u64 count) { return each(stream, vector, count, stream_write); }

i64 stream_status(u64 stream, u64 address) {
    struct file_status status = {
        .inode = stream + 1,
        .mode = MODE_PIPE,
        .links = 1,
        .block_size = PAGE,
    };
    if (!is_stream(stream)) return -EBADF;
    if (!is_program(address, sizeof status)) return -EFAULT;
    memcpy((void *)address, &status, sizeof status);
    return 0;
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
