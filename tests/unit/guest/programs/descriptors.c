// Uses descriptors in the way that its argument names.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static void say(const char *what, long result) {
    fprintf(stderr, "%s: %ld, %s\n", what, result, result < 0 ? strerror(errno) : "fine");
}

static void names(void) {
    char bytes[8] = "";
    int in = open("/dev/stdin", O_RDONLY), out = open("/dev/stdout", O_WRONLY | O_CREAT | O_TRUNC, 0666);
    say("standard input", in);
    say("standard output", out);
    say("read 3", read(in, bytes, 3));
    say("write what was read", write(out, bytes, 3));
    say("read the rest by the other", read(0, bytes, 8));
    say("write to input", write(in, bytes, 1));
    say("read from output", read(out, bytes, 1));
    say("no file", open("/etc/passwd", O_RDONLY));
    say("new file", open("/tmp/new", O_WRONLY | O_CREAT, 0666));
    say("no folder", open("/dev/null", O_RDONLY | O_DIRECTORY));
    say("nothing before", open("/dev/nul", O_RDONLY));
    say("nothing behind", open("/dev/nullx", O_RDONLY));
    say("a path in the kernel", open((char *)0xE0000000, O_RDONLY));
    say("access", access("/dev/null", R_OK | W_OK));
    say("access nothing", access("/dev", R_OK));
}

static void devices(void) {
    unsigned char bytes[24];
    memset(bytes, 'x', sizeof bytes);
    int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDWR), chance = open("/dev/urandom", O_RDWR);
    say("read nothing", read(null, bytes, 8));
    say("write nothing", write(null, bytes, 8));
    say("read zeros", read(zero, bytes, 8));
    say("write zeros", write(zero, bytes, 8));
    say("read chance", read(chance, bytes + 16, 8));
    say("into the kernel", read(zero, (void *)0xE0000000, 8));
    for (size_t i = 0; i < sizeof bytes; i++) printf("%02x", bytes[i]);
}

static void numbers(void) {
    char bytes[4] = "abc";
    say("duplicate", dup(1));
    say("to a number", dup2(1, 10));
    say("write there", write(10, bytes, 3));
    say("to itself", dup2(1, 1));
    say("to itself, strictly", dup3(1, 1, 0));
    say("too far", dup2(1, 64));
    say("of none", dup(20));
    say("at least 7", fcntl(1, F_DUPFD, 7));
    say("close standard output", close(1));
    say("write to it", write(1, bytes, 3));
    say("the lowest again", open("/dev/stdout", O_WRONLY));
    say("close twice", close(3) + close(3));
    int last;
    for (int next; (next = dup(0)) >= 0;) last = next;
    say("no more", dup(0));
    say("the last", last);
    close(last);
    say("flags", fcntl(0, F_GETFL) * 100 + fcntl(1, F_GETFL) * 10 + fcntl(open("/dev/null", O_RDWR), F_GETFL));
}

// Standard input holds "abcdefgh" at its beginning.
static void positions(void) {
    char bytes[16] = "";
    struct iovec vector = {bytes, 3};
    say("at first", lseek(0, 0, SEEK_CUR));
    say("to 3", lseek(0, 3, SEEK_SET));
    say("read 2", read(0, bytes, 2));
    printf("%s\n", bytes);
    say("on by 1", lseek(0, 1, SEEK_CUR));
    say("before the beginning", lseek(0, -1, SEEK_SET));
    say("far before the end", lseek(0, -100000, SEEK_END));
    say("no such way", lseek(0, 0, 9));
    say("read 4 at 2", pread(0, bytes, 4, 2));
    printf("%s\n", bytes);
    say("read 3 at 1", preadv(0, &vector, 1, 1));
    printf("%s\n", bytes);
    say("still there", lseek(0, 0, SEEK_CUR));
    say("read from there", preadv2(0, &vector, 1, -1, 0));
    say("at nothing", pread(0, bytes, 1, -1));
    say("write", pwrite(0, bytes, 1, 0));
    say("1 before the end", lseek(0, -1, SEEK_END) == (off_t)lseek(0, 0, SEEK_CUR));
    say("read the last", read(0, bytes, 2));
    say("behind the end", lseek(0, 1, SEEK_END) > 0);
    say("read there", read(0, bytes, 1));
    say("read far behind", pread(0, bytes, 1, 1L << 62));

    say("of a pipe", lseek(1, 0, SEEK_CUR));
    say("read from it", pread(1, bytes, 1, 0));
    say("write to it", pwrite(1, bytes, 1, 0));
    say("read several", preadv(1, &vector, 1, 0));
    say("write several", pwritev(1, &vector, 1, 0));
    say("of a device", lseek(open("/dev/null", O_RDWR), 5, SEEK_SET));
    say("read it", pread(3, bytes, 1, 5));
    say("write it", pwrite(3, bytes, 1, 5));
    say("of none", lseek(9, 0, SEEK_CUR));
    say("of none", preadv(9, &vector, 1, 0));
}

static void *map(int descriptor, off_t position) {
    void *at = mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, descriptor, position);
    say("map", at == MAP_FAILED ? -1 : 0);
    return at;
}

static void maps(void) {
    struct stat file;
    fstat(0, &file);
    const char *all = map(0, 0), *rest = map(0, 4096);
    static char bytes[4096];
    for (off_t start = 0; start < file.st_size; start += 4096) {
        ssize_t length = pread(0, bytes, sizeof bytes, start);
        say("is there", !memcmp(all + start, bytes, length) && (!start || !memcmp(rest, bytes, length)));
    }
    say("behind the end", all[file.st_size]);
    say("still at", lseek(0, 0, SEEK_CUR));
    map(0, 5);
    map(1, 0);
    map(9, 0);
    map(open("/dev/null", O_RDWR), 0);
}

static void status(void) {
    static const char *const paths[] = {"/dev/stdin", "/dev/null"};
    for (int i = 0; i < 2; i++) {
        struct stat plain;
        struct statx extended;
        int results = stat(paths[i], &plain) + statx(AT_FDCWD, paths[i], 0, STATX_BASIC_STATS, &extended);
        fprintf(stderr, "%s: %d, %o %o, size %ld\n", paths[i], results, plain.st_mode, extended.stx_mode, (long)plain.st_size);
    }
    struct statx extended = {0};
    say("of a number", statx(1, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &extended));
    say("a pipe", S_ISFIFO(extended.stx_mode));
    say("of none", statx(9, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &extended));
    say("of nothing", statx(AT_FDCWD, "", 0, STATX_BASIC_STATS, &extended));
    say("of no file", stat("/etc/passwd", &(struct stat){0}));
}

static void polls(void) {
    struct pollfd polls[] = {{0, POLLIN | POLLOUT, 0}, {1, POLLIN | POLLOUT, 0}, {9, POLLIN, 0}, {-1, POLLIN, 99}};
    say("poll", poll(polls, 4, -1));
    for (int i = 0; i < 4; i++) fprintf(stderr, "%d", polls[i].revents);
    fprintf(stderr, "\n");
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    say("nothing", poll(&(struct pollfd){0, POLLOUT, 0}, 1, 5000));
    clock_gettime(CLOCK_MONOTONIC, &after);
    say("seconds", after.tv_sec - before.tv_sec);
    say("wait", poll(&(struct pollfd){0, POLLOUT, 0}, 1, -1));
}

int main(int count, char **arguments) {
    const char *action = count > 1 ? arguments[1] : "";
    if (!strcmp(action, "names")) names();
    if (!strcmp(action, "devices")) devices();
    if (!strcmp(action, "numbers")) numbers();
    if (!strcmp(action, "positions")) positions();
    if (!strcmp(action, "maps")) maps();
    if (!strcmp(action, "status")) status();
    if (!strcmp(action, "polls")) polls();
    return 0;
}
