// Shows what the kernel hands to a program at its start.

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <unistd.h>

int main(int count, char **arguments, char **environment) {
    for (int i = 0; i < count; i++) printf("argument %d: %s\n", i, arguments[i]);
    printf("after the last: %d\n", arguments[count] == NULL);
    for (char **variable = environment; *variable; variable++) printf("variable: %s\n", *variable);
    printf("HOME: %s\n", getenv("HOME"));
    printf("page size: %lu\n", getauxval(AT_PAGESZ));
    printf("random: %.16s\n", (const char *)getauxval(AT_RANDOM));
    printf("file: %s\n", (const char *)getauxval(AT_EXECFN));
    printf("secure: %lu\n", getauxval(AT_SECURE));
    printf("entry: %#lx\n", getauxval(AT_ENTRY));
    printf("headers: %#lx, %lu of %lu bytes\n", getauxval(AT_PHDR), getauxval(AT_PHNUM), getauxval(AT_PHENT));
    printf("break: %p\n", sbrk(0));
    printf("stack: %lu\n", (uintptr_t)(arguments - 1) % 16);  // the argument count is below its pointers
    uintptr_t *vector = (uintptr_t *)environment;
    while (*vector++) continue;
    printf("vector: %d\n", *vector == AT_PHDR);  // behind the environment
    for (int i = 0; i < count; i++) arguments[i][0] = 'X';    // the text is the program's to change
    return count;
}
