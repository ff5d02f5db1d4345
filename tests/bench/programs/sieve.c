// Counts primes below 2^17 by the sieve of Eratosthenes, as often as its argument says.

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT = 1 << 17 };

static uint8_t is_composite[LIMIT];

static uint32_t count_primes(uint32_t first) {
    memset(is_composite, 0, sizeof is_composite);
    uint32_t count = 0;
    for (uint32_t i = 2; i < LIMIT; i++) {
        if (is_composite[i]) continue;
        count += i >= first;
        for (uint32_t k = 2 * i; k < LIMIT; k += i) is_composite[k] = 1;
    }
    return count;
}

int main(int count, char **arguments) {
    uint32_t rounds = count > 1 ? (uint32_t)atoi(arguments[1]) : 1;
    uint64_t total = 0;
    for (uint32_t i = 0; i < rounds; i++) total += count_primes(i % 1000);
    printf("%" PRIu64 "\n", total);
    return 0;
}
