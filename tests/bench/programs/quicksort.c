// Sorts 20,000 numbers by quicksort, as often as its argument says, each time other ones.

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { COUNT = 20000 };

static uint32_t numbers[COUNT];

static void sort(uint32_t *from, uint32_t *to) {
    while (to - from > 1) {
        uint32_t pivot = from[(to - from) / 2], *left = from, *right = to - 1;
        while (left <= right) {
            while (*left < pivot) left++;
            while (*right > pivot) right--;
            if (left > right) break;
            uint32_t number = *left;
            *left++ = *right, *right-- = number;
        }
        if (right + 1 - from < to - left) {
            sort(from, right + 1);
            from = left;
        } else {
            sort(left, to);
            to = right + 1;
        }
    }
}

int main(int count, char **arguments) {
    uint32_t rounds = count > 1 ? (uint32_t)atoi(arguments[1]) : 1, sum = 0;
    uint64_t state = 1;
    for (uint32_t round = 0; round < rounds; round++) {
        for (int i = 0; i < COUNT; i++) numbers[i] = (uint32_t)((state = state * 6364136223846793005u + 1442695040888963407u) >> 32);
        sort(numbers, numbers + COUNT);
        for (int i = 1; i < COUNT; i++)
            if (numbers[i - 1] > numbers[i]) return 1;
        sum = sum * 31 + numbers[round % COUNT];
    }
    printf("%" PRIu32 "\n", sum);
    return 0;
}
