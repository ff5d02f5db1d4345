/* A few thousand steps that use the kernel, the C library, the stack, the heap and all of integer arithmetic. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int main(int count, char **arguments) {
    char *line = malloc(256);
    size_t size = fread(line, 1, 256, stdin);

    uint64_t hash = 5381;
    int64_t sum = -1;
    for (size_t i = 0; i < size; i++) {
        hash = hash * 33 + (unsigned char)line[i];
        sum = sum / 3 * (int8_t)(hash >> 5) - (int32_t)hash % 7;
    }
    printf("%s %d %016llx %lld\n", arguments[0], count, (unsigned long long)hash, (long long)sum);
    free(line);
    return 3;
}
