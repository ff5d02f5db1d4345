// Descriptors, and what they stand for: the standard streams, and the few devices that programs open by name. To the program
// standard input looks like a file that was opened for reading, standard output and error like pipes, under whatever number
// or name it uses them. There are no other files.

#include "kernel.h"

enum kind { CLOSED, STDIN_FILE, STDOUT_PIPE, STDERR_PIPE, NULL_DEVICE, ZERO_DEVICE, RANDOM_DEVICE };

enum { MODE_FILE = 0100444, MODE_PIPE = 0010600, MODE_DEVICE = 0020666, STATUS_BLOCK = 512, BASIC_STATUS = 0x7FF };
enum { MOST_VECTORS = 1024 };
enum { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT = 0100, O_DIRECTORY = 0200000 };
enum { F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC = 1030, AT_EMPTY_PATH = 0x1000 };
enum { SEEK_SET, SEEK_CUR, SEEK_END };
enum { POLLIN = 1, POLLOUT = 4, POLLNVAL = 32 };

static u8 kinds[DESCRIPTORS] = {STDIN_FILE, STDOUT_PIPE, STDERR_PIPE};

static const struct {
    char path[14];
    u8 kind;
} names[] = {
    {"/dev/stdin", STDIN_FILE},   {"/dev/stdout", STDOUT_PIPE},   {"/dev/stderr", STDERR_PIPE},    {"/dev/null", NULL_DEVICE},
    {"/dev/zero", ZERO_DEVICE},   {"/dev/random", RANDOM_DEVICE}, {"/dev/urandom", RANDOM_DEVICE},
};

static enum kind kind_of(u32 descriptor) { return descriptor < DESCRIPTORS ? kinds[descriptor] : CLOSED; }

static _Bool is_pipe(enum kind kind) { return kind == STDOUT_PIPE || kind == STDERR_PIPE; }

static _Bool is_readable(enum kind kind) { return kind == STDIN_FILE || kind > STDERR_PIPE; }

static _Bool is_writable(enum kind kind) { return kind > STDIN_FILE; }

// Byte by byte, because nothing is known of what lies behind the end of a path.
static _Bool is_path(u64 at, const char *path) {
    for (; is_program(at, 1) && *(const char *)at == *path; at++, path++)
        if (!*path) return 1;
    return 0;
}

// What a path names: a kind, or an error.
static i64 kind_named(u64 path) {
    if (!is_program(path, 1)) return -EFAULT;
    for (u64 i = 0; i < sizeof names / sizeof *names; i++)
        if (is_path(path, names[i].path)) return names[i].kind;
    return -ENOENT;
}

static i64 new_descriptor(u64 least, enum kind kind) {
    for (u64 descriptor = least; descriptor < DESCRIPTORS; descriptor++)
        if (!kinds[descriptor]) {
            kinds[descriptor] = kind;
            return descriptor;
        }
    return -EMFILE;
}

i64 descriptor_open(u64 path, u64 flags) {
    i64 kind = kind_named(path);
    if (kind == -ENOENT && flags & O_CREAT) return -EROFS;
    if (kind < 0) return kind;
    return flags & O_DIRECTORY ? -ENOTDIR : new_descriptor(0, kind);
}

i64 descriptor_close(u32 descriptor) {
    if (!kind_of(descriptor)) return -EBADF;
    kinds[descriptor] = CLOSED;
    return 0;
}

i64 descriptor_duplicate(u32 descriptor, u64 least) {
    if (!kind_of(descriptor)) return -EBADF;
    return least < DESCRIPTORS ? new_descriptor(least, kinds[descriptor]) : -EINVAL;
}

i64 descriptor_duplicate_to(u32 descriptor, u32 to) {
    if (!kind_of(descriptor) || to >= DESCRIPTORS) return -EBADF;
    if (descriptor == to) return -EINVAL;
    kinds[to] = kinds[descriptor];
    return to;
}

i64 descriptor_control(u32 descriptor, u64 command, u64 argument) {
    enum kind kind = kind_of(descriptor);
    if (!kind) return -EBADF;
    switch (command) {
        case F_DUPFD:
        case F_DUPFD_CLOEXEC: return descriptor_duplicate(descriptor, argument);
        case F_GETFL: return !is_writable(kind) ? O_RDONLY : !is_readable(kind) ? O_WRONLY : O_RDWR;
        case F_GETFD:
        case F_SETFD:
        case F_SETFL: return 0;
        default: return -EINVAL;
    }
}

i64 descriptor_read(u32 descriptor, u64 address, u64 length) {
    enum kind kind = kind_of(descriptor);
    if (!is_readable(kind)) return -EBADF;
    if (!is_program(address, length)) return -EFAULT;
    switch (kind) {
        case STDIN_FILE: return stream_read(address, length);
        case ZERO_DEVICE: memset((void *)address, 0, length); return length;
        case RANDOM_DEVICE: return process_random(address, length);
        default: return 0;
    }
}

i64 descriptor_write(u32 descriptor, u64 address, u64 length) {
    enum kind kind = kind_of(descriptor);
    if (!is_writable(kind)) return -EBADF;
    if (!is_program(address, length)) return -EFAULT;
    return is_pipe(kind) ? stream_write(kind == STDOUT_PIPE ? 1 : 2, address, length) : (i64)length;
}

typedef i64 transfer(u32, u64, u64);

struct vector {
    u64 address, length;
};

// What has been read or written before an error counts; the error shows at the next call.
static i64 each(u32 descriptor, u64 address, u64 count, transfer *transfer) {
    if (count > MOST_VECTORS) return -EINVAL;
    if (!is_program(address, count * sizeof(struct vector))) return -EFAULT;

    i64 total = 0;
    for (u64 i = 0; i < count; i++) {
        struct vector vector;
        memcpy(&vector, (const void *)(address + i * sizeof vector), sizeof vector);
        i64 done = transfer(descriptor, vector.address, vector.length);
        if (done < 0) return total ? total : done;
        total += done;
        if ((u64)done < vector.length) break;
    }
    return total;
}

i64 descriptor_read_vector(u32 descriptor, u64 vector, u64 count) {
    return each(descriptor, vector, count, descriptor_read);
}

i64 descriptor_write_vector(u32 descriptor, u64 vector, u64 count) {
    return each(descriptor, vector, count, descriptor_write);
}

// Why nothing can be read or written at a position; 0 if it can.
static i64 refusal_at(u32 descriptor, u64 position) {
    enum kind kind = kind_of(descriptor);
    return !kind ? -EBADF : is_pipe(kind) ? -ESPIPE : (i64)position < 0 ? -EINVAL : 0;
}

// Standard input is the only thing that has a position; it is left where it was.
static i64 at(u64 position, transfer *transfer, u32 descriptor, u64 address, u64 length) {
    i64 refusal = refusal_at(descriptor, position);
    if (refusal) return refusal;
    u64 before = stream_position();
    stream_move(position);
    i64 result = transfer(descriptor, address, length);
    stream_move(before);
    return result;
}

i64 descriptor_read_at(u32 descriptor, u64 address, u64 length, u64 position) {
    return at(position, descriptor_read, descriptor, address, length);
}

i64 descriptor_write_at(u32 descriptor, u64 address, u64 length, u64 position) {
    return at(position, descriptor_write, descriptor, address, length);
}

i64 descriptor_read_vector_at(u32 descriptor, u64 vector, u64 count, u64 position) {
    return at(position, descriptor_read_vector, descriptor, vector, count);
}

i64 descriptor_write_vector_at(u32 descriptor, u64 vector, u64 count, u64 position) {
    return at(position, descriptor_write_vector, descriptor, vector, count);
}

// A device is always at its beginning.
i64 descriptor_seek(u32 descriptor, u64 offset, u64 from) {
    enum kind kind = kind_of(descriptor);
    i64 refusal = refusal_at(descriptor, 0);
    if (refusal) return refusal;
    if (from > SEEK_END) return -EINVAL;
    if (kind != STDIN_FILE) return 0;
    u64 to = offset + (from == SEEK_CUR ? stream_position() : from == SEEK_END ? INPUT->stdin_length : 0);
    if ((i64)to < 0) return -EINVAL;
    stream_move(to);
    return to;
}

// A mapping of standard input is a copy.
i64 descriptor_map(u32 descriptor, u64 address, u64 length, u64 flags, u64 position) {
    enum kind kind = kind_of(descriptor);
    if (!kind) return -EBADF;
    if (kind != STDIN_FILE) return is_readable(kind) ? -ENODEV : -EACCES;
    if (position % PAGE || (i64)position < 0) return -EINVAL;
    i64 start = memory_map(address, length, flags);
    if (start >= 0) at(position, descriptor_read, descriptor, start, length);
    return start;
}

i64 descriptor_terminal(u32 descriptor) { return kind_of(descriptor) ? -ENOTTY : -EBADF; }

// The kind of what a descriptor and a path stand for together, or an error.
static i64 kind_at(u32 descriptor, u64 path, u64 flags) {
    if (!(flags & AT_EMPTY_PATH) || (path && !is_path(path, ""))) return kind_named(path);
    enum kind kind = kind_of(descriptor);
    return kind ? (i64)kind : -EBADF;
}

static u32 mode_of(enum kind kind) { return kind == STDIN_FILE ? MODE_FILE : is_pipe(kind) ? MODE_PIPE : MODE_DEVICE; }

static u64 size_of(enum kind kind) { return kind == STDIN_FILE ? INPUT->stdin_length : 0; }

// include/uapi/asm-generic/stat.h
struct file_status {
    u64 device, inode;
    u32 mode, links, user, group;
    u64 special_device, padding1;
    i64 size;
    u32 block_size, padding2;
    u64 blocks, times[6], unused;
};

i64 descriptor_status(u32 descriptor, u64 path, u64 address, u64 flags) {
    i64 kind = kind_at(descriptor, path, flags);
    if (kind < 0) return kind;
    struct file_status status = {
        .inode = kind,
        .mode = mode_of(kind),
        .links = 1,
        .size = size_of(kind),
        .block_size = PAGE,
        .blocks = (size_of(kind) + STATUS_BLOCK - 1) / STATUS_BLOCK,
    };
    if (!is_program(address, sizeof status)) return -EFAULT;
    memcpy((void *)address, &status, sizeof status);
    return 0;
}

// include/uapi/linux/stat.h
struct extended_status {
    u32 mask, block_size;
    u64 attributes;
    u32 links, user, group;
    u16 mode, padding;
    u64 inode, size, blocks, attributes_mask, times[8], devices[2], unused[14];
};

i64 descriptor_extended_status(u32 descriptor, u64 path, u64 flags, u64 address) {
    i64 kind = kind_at(descriptor, path, flags);
    if (kind < 0) return kind;
    struct extended_status status = {
        .mask = BASIC_STATUS,
        .block_size = PAGE,
        .links = 1,
        .mode = mode_of(kind),
        .inode = kind,
        .size = size_of(kind),
        .blocks = (size_of(kind) + STATUS_BLOCK - 1) / STATUS_BLOCK,
    };
    if (!is_program(address, sizeof status)) return -EFAULT;
    memcpy((void *)address, &status, sizeof status);
    return 0;
}

i64 descriptor_access(u64 path) {
    i64 kind = kind_named(path);
    return kind < 0 ? kind : 0;
}

struct poll {
    i32 descriptor;
    u16 events, found;
};

static u16 poll(struct poll poll) {
    enum kind kind = kind_of(poll.descriptor);
    if (poll.descriptor < 0) return 0;
    if (!kind) return POLLNVAL;
    return poll.events & ((is_readable(kind) ? POLLIN : 0) | (is_writable(kind) ? POLLOUT : 0));
}

// What can be read or written at all can be without waiting.
i64 descriptor_poll(u64 address, u64 count, u64 timeout) {
    if (count > DESCRIPTORS) return -EINVAL;
    if (!is_program(address, count * sizeof(struct poll))) return -EFAULT;

    u64 ready = 0;
    for (struct poll each; count--; address += sizeof each) {
        memcpy(&each, (const void *)address, sizeof each);
        each.found = poll(each);
        ready += each.found != 0;
        memcpy((void *)address, &each, sizeof each);
    }
    if (ready) return ready;
    if (!timeout) process_wait_for_ever();
    return process_sleep(timeout, 0);
}
