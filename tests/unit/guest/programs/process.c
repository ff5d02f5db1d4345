// Asks about itself, or ends, in the way that its first argument names.

#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static void identity(void) {
    struct utsname name;
    char folder[64] = "";
    cpu_set_t processors;
    struct rlimit limits[4];
    struct sysinfo computer;
    uname(&name);
    getcwd(folder, sizeof folder);
    printf("process %d of %d, user %d, group %d\n", getpid(), getppid(), getuid(), getgid());
    printf("%s %s %s in %s\n", name.sysname, name.nodename, name.machine, folder);
    printf("processors %d: %d\n", sched_getaffinity(0, sizeof processors, &processors) == 0, CPU_COUNT(&processors));
    static const int resources[] = {RLIMIT_STACK, RLIMIT_NPROC, RLIMIT_NOFILE, RLIMIT_DATA};
    printf("limits");
    for (int i = 0; i < 4; i++) getrlimit(resources[i], &limits[i]), printf(" %ld", (long)limits[i].rlim_cur);
    sysinfo(&computer);
    long used = computer.totalram - computer.freeram;
    printf("\nmemory %lu, used about %ld MiB, processes %d\n", computer.totalram, used >> 20, computer.procs);
}

static long nanoseconds(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * 1000000000 + time.tv_nsec;
}

static void clocks(void) {
    struct timeval day;
    printf("%ld %ld\n", nanoseconds(CLOCK_REALTIME), nanoseconds(CLOCK_MONOTONIC));
    nanosleep(&(struct timespec){5, 7000}, NULL);
    gettimeofday(&day, NULL);
    printf("%ld.%06ld\n", (long)day.tv_sec, (long)day.tv_usec);
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &(struct timespec){100, 0}, NULL);
    printf("%ld\n", nanoseconds(CLOCK_MONOTONIC));
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &(struct timespec){50, 0}, NULL);
    printf("%ld\n", nanoseconds(CLOCK_MONOTONIC));
    printf("%d\n", nanosleep(&(struct timespec){0, 1000000000}, NULL) < 0 && errno == EINVAL);
    struct timespec resolution;
    struct rusage usage;
    clock_getres(CLOCK_REALTIME, &resolution), getrusage(RUSAGE_SELF, &usage);
    printf("%ld %ld.%06ld %ld\n", resolution.tv_nsec, (long)usage.ru_utime.tv_sec, (long)usage.ru_utime.tv_usec, usage.ru_maxrss);
}

static void chance(void) {
    unsigned char bytes[20];
    for (ssize_t left = getrandom(bytes, sizeof bytes, 0), i = 0; i < left; i++) printf("%02x", bytes[i]);
    printf("\n");
}

static void refusals(void) {
    errno = 0;
    long result = syscall(SYS_socket, 1, 2, 3);
    printf("socket: %ld, %s\n", result, strerror(errno));
    result = syscall(9999);
    printf("9999: %ld, %s\n", result, strerror(errno));
    result = fork();
    printf("fork: %ld, %s\n", result, strerror(errno));
    result = getrlimit(99, NULL);
    printf("limit 99: %ld, %s\n", result, strerror(errno));
    result = syscall(SYS_getrandom, 0xE0000000, 8, 0);
    printf("random kernel: %ld, %s\n", result, strerror(errno));
    result = kill(2, 0);
    printf("look for another: %ld, %s\n", result, strerror(errno));
    printf("look for itself: %d\n", kill(getpid(), 0));
    printf("raise an ignored signal: %d\n", raise(SIGCHLD));
    fflush(stdout);
}

static void starts(void) {
    static struct {
        void *next;
        long offset;
        void *pending;
    } list;
    printf("thread: %ld\n", syscall(SYS_set_tid_address, &list));
    printf("robust list: %ld\n", syscall(SYS_set_robust_list, &list, sizeof list));
    printf("yield: %ld\n", syscall(SYS_sched_yield));
    printf("wake: %ld\n", syscall(SYS_futex, &list, 1, 1));
    fflush(stdout);
    syscall(SYS_exit, 5);
}

static void wait_for(int expected, const struct timespec *timeout) {
    static int word = 1;
    long result = syscall(SYS_futex, &word, 0, expected, timeout);
    printf("%ld, %s\n", result, strerror(errno));
    fflush(stdout);
}

int main(int count, char **arguments) {
    const char *action = count > 1 ? arguments[1] : "";
    if (!strcmp(action, "identity")) identity();
    if (!strcmp(action, "clocks")) clocks();
    if (!strcmp(action, "chance")) chance();
    if (!strcmp(action, "refusals")) refusals();
    if (!strcmp(action, "exit")) printf("not lost"), exit(atoi(arguments[2]));
    if (!strcmp(action, "_exit")) printf("lost"), _exit(atoi(arguments[2]));
    if (!strcmp(action, "starts")) starts();
    if (!strcmp(action, "abort")) abort();
    if (!strcmp(action, "raise")) raise(atoi(arguments[2]));
    if (!strcmp(action, "wait")) wait_for(2, NULL), wait_for(1, &(struct timespec){1, 0}), wait_for(1, NULL);
    return 0;
}
