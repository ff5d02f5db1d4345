// Reads standard input, and writes standard output and error, in the way that its argument names.

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <fcntl.h>
#include <unistd.h>

static char buffer[1 << 16];

// Standard output by the C library's streams, byte by byte.
static void bytes(void) {
    for (int c; (c = getchar()) != EOF;) putchar(c);
}

static void blocks(void) {
    for (size_t length; (length = fread(buffer, 1, 3000, stdin)) > 0;) fwrite(buffer, 1, length, stdout);
}

// Pieces of many lengths, read to and written from addresses of every alignment.
static void pieces(void) {
    static const size_t sizes[] = {1, 2, 7, 8, 9, 15, 16, 17, 23, 31, 40, 63, 64, 65, 71, 127, 128, 129, 200, 1000};
    for (size_t i = 0;; i++) {
        char *at = buffer + i % 11;
        ssize_t length = read(0, at, sizes[i % 20]);
        if (length <= 0) break;
        if (at[length] != 0) exit(90);  // nothing is written beyond what was read
        write(1, at, (size_t)length);
        memset(buffer, 0, 2000);
    }
}

// Tells the length, the first words of all blocks, and the last three bytes.
static void large(void) {
    size_t total = 0, last = 0;
    uint64_t words = 0;
    for (ssize_t length; (length = read(0, buffer, sizeof buffer)) > 0; total += last = (size_t)length) {
        uint64_t word = 0;
        memcpy(&word, buffer, length < 8 ? (size_t)length : 8);
        words ^= word;
    }
    printf("%zu %lx %.3s\n", total, (unsigned long)words, buffer + last - 3);
}

static void vectors(void) {
    char a[3] = "", b[1] = "", c[20] = "";
    struct iovec vectors[] = {{a, sizeof a}, {NULL, 0}, {b, sizeof b}, {c, sizeof c}};
    ssize_t length = readv(0, vectors, 4);
    vectors[3].iov_len = (size_t)length - 4;
    struct iovec reversed[] = {vectors[3], vectors[2], vectors[1], vectors[0]};
    printf(" %zd\n", writev(1, reversed, 4));
    // The second buffer is none of ours: what came before it counts.
    struct iovec bad[] = {{"first", 5}, {(void *)0x80000000, 5}};
    printf(" %zd\n", writev(1, bad, 2));
}

static void both(void) {
    printf("to standard output\n");
    fprintf(stderr, "to standard error, at once\n");
    printf("%d %s %.3f %x\n", -42, "text", 2.5, 0xBEEF);
}

static void say(const char *what, long result) { printf("%s: %ld, %s\n", what, result, result < 0 ? strerror(errno) : "fine"); }

static void refusals(void) {
    char *kernel = (char *)0xE0000000, *beyond = (char *)0x7FFFEFF8;
    struct iovec vector = {buffer, 1};
    say("read from standard output", read(1, buffer, 1));
    say("write to standard input", write(0, buffer, 1));
    say("write to stream 3", write(3, buffer, 1));
    say("read over the kernel", read(0, kernel, 1));
    say("write what is not there", write(1, beyond, 16));
    say("write from the null page", write(1, NULL, 1));
    say("write nothing from nowhere", write(1, NULL, 0));
    say("write a length that wraps", write(1, buffer, SIZE_MAX));
    say("too many vectors", writev(1, &vector, 1025));
    say("vectors in the kernel", writev(1, (struct iovec *)kernel, 1));
    say("seek", lseek(0, 0, SEEK_CUR));
    say("terminal", isatty(1) - 1);
    say("open", open("/etc/passwd", O_RDONLY));
    say("stream 3's status", fstat(3, &(struct stat){0}));
    say("flags", fcntl(1, F_GETFL));
    say("close stream 9", close(9));
}

static void status(void) {
    for (int stream = 0; stream < 3; stream++) {
        struct stat status;
        int result = fstat(stream, &status);
        printf("%d: %d, mode %o, size %ld, block %d\n", stream, result, status.st_mode, (long)status.st_size, (int)status.st_blksize);
    }
}

// Pretends that a stream is almost full: nothing protects the output region from the program.
static void fill_up(int stream, uintptr_t start, uintptr_t end_of_room) {
    volatile uint64_t *length = (uint64_t *)0xC0000000 + 1 + stream;
    char before = *(volatile char *)end_of_room;
    *length = end_of_room - start - 10;
    long first = write(stream, "sixteen letters.", 16);
    long second = write(stream, "x", 1);
    int error = errno;
    volatile char *end = (char *)end_of_room - 10;
    int is_written = 1;
    for (int i = 0; i < 10; i++) is_written &= end[i] == "sixteen letters."[i], end[i] = 0;
    int is_beyond = *(volatile char *)end_of_room != before;
    *length = 0;
    printf("%ld, then %ld: %s; written %d, beyond %d\n", first, second, strerror(error), is_written, is_beyond);
}

static void full(void) { fill_up(1, 0xC0001000, 0xD0000000); }

static void full_error(void) { fill_up(2, 0xD0000000, 0xE0000000); }

int main(int count, char **arguments) {
    static const struct {
        const char *name;
        void (*run)(void);
    } actions[] = {
        {"bytes", bytes}, {"blocks", blocks},     {"pieces", pieces}, {"vectors", vectors},
        {"both", both},   {"refusals", refusals}, {"status", status}, {"full", full},    {"full error", full_error}, {"large", large},
    };
    for (size_t i = 0; count == 2 && i < sizeof actions / sizeof *actions; i++) {
        if (strcmp(arguments[1], actions[i].name)) continue;
        actions[i].run();
        return 0;
    }
    return 99;
}
