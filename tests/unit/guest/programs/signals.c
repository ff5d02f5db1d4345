// Says what it wants of signals, and sends some to itself, in the way that its argument names.

#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void handler(int number) { (void)number; }

static void say(const char *what, long result) {
    printf("%s: %ld, %s\n", what, result, result < 0 ? strerror(errno) : "fine");
    fflush(stdout);
}

static void actions(void) {
    struct sigaction before;
    say("default at first", signal(SIGINT, handler) == SIG_DFL);
    say("then what was set", signal(SIGINT, SIG_IGN) == handler);
    say("nothing set", sigaction(SIGINT, NULL, &before));
    say("ignored", before.sa_handler == SIG_IGN);
    say("of kill", sigaction(SIGKILL, &before, NULL));
    say("of kill, asked", sigaction(SIGKILL, NULL, &before));
    say("number 0", syscall(SYS_rt_sigaction, 0, NULL, NULL, 8));
    say("number 65", syscall(SYS_rt_sigaction, 65, NULL, NULL, 8));
    say("another size", syscall(SYS_rt_sigaction, SIGINT, NULL, NULL, 16));
    say("in the kernel", syscall(SYS_rt_sigaction, SIGINT, 0xE0000000, NULL, 8));
    say("raise what is ignored", raise(SIGINT));
    say("raise what is ignored by default", raise(SIGCHLD));
    say("number 65", kill(getpid(), 65));
}

static void masks(void) {
    sigset_t set, before;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1), sigaddset(&set, SIGKILL);
    say("block", sigprocmask(SIG_BLOCK, &set, NULL));
    say("ask", sigprocmask(SIG_BLOCK, NULL, &before));
    say("blocked", sigismember(&before, SIGUSR1) * 100 + sigismember(&before, SIGUSR2) * 10 + sigismember(&before, SIGKILL));
    say("no such way", syscall(SYS_rt_sigprocmask, 3, &set, NULL, 8));
    say("raise", raise(SIGUSR1));
    say("send", kill(getpid(), SIGUSR1));
    say("ignore", signal(SIGUSR1, SIG_IGN) == SIG_DFL);
    say("set none", sigprocmask(SIG_SETMASK, &(sigset_t){0}, &before));
    say("was blocked", sigismember(&before, SIGUSR1));
    say("block again", sigprocmask(SIG_BLOCK, &set, NULL));
    say("not ignored", signal(SIGUSR1, SIG_DFL) == SIG_IGN);
    say("raise", raise(SIGUSR1));
    say("unblock", sigprocmask(SIG_UNBLOCK, &set, NULL));
}

static void stacks(void) {
    static char stack[8192];
    stack_t before;
    say("ask", sigaltstack(NULL, &before));
    say("none", before.ss_flags == SS_DISABLE);
    say("set", sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL));
    say("too small", sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = 100}, NULL));
    say("ask", sigaltstack(NULL, &before));
    say("is that", before.ss_sp == stack && before.ss_size == sizeof stack);
}

int main(int count, char **arguments) {
    const char *action = count > 1 ? arguments[1] : "";
    if (!strcmp(action, "actions")) actions();
    if (!strcmp(action, "masks")) masks();
    if (!strcmp(action, "stacks")) stacks();
    return 0;
}
