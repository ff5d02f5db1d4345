// Computes the 22nd Fibonacci number by its definition, as often as its argument says: nothing but calls.

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static uint32_t fib(uint32_t n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

int main(int count, char **arguments) {
    uint32_t rounds = count > 1 ? (uint32_t)atoi(arguments[1]) : 1, sum = 0;
    for (uint32_t round = 0; round < rounds; round++) sum = sum * 31 + fib(21 + (round & 1));
    printf("%" PRIu32 "\n", sum);
    return 0;
}
