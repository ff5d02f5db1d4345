// Uses descriptors in the way that its argument names.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
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

static void positions(void) {
    char byte;
    struct iovec vector = {&byte, 1};
    say("seek", lseek(0, 0, SEEK_CUR));
    say("pread", pread(0, &byte, 1, 0));
    say("pwrite", pwrite(1, &byte, 1, 0));
    say("preadv", preadv(0, &vector, 1, 0));
    say("pwritev", pwritev(1, &vector, 1, 0));
    say("of none", preadv(9, &vector, 1, 0));
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
    if (!strcmp(action, "status")) status();
    if (!strcmp(action, "polls")) polls();
    return 0;
}
