// Multiplies matrices of 64 x 64 integers, each product by the next, as often as its argument says.

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { SIZE = 64 };

typedef uint32_t matrix[SIZE][SIZE];

static matrix a, b, product;

static void multiply(void) {
    for (int i = 0; i < SIZE; i++)
        for (int k = 0; k < SIZE; k++) {
            uint32_t sum = 0;
            for (int j = 0; j < SIZE; j++) sum += a[i][j] * b[j][k];
            product[i][k] = sum;
        }
}

int main(int count, char **arguments) {
    uint32_t rounds = count > 1 ? (uint32_t)atoi(arguments[1]) : 1;
    for (uint32_t i = 0; i < SIZE; i++)
        for (uint32_t k = 0; k < SIZE; k++) a[i][k] = i * 7 + k * 3 + 1, b[i][k] = i * 5 + k * 11 + 2;
    for (uint32_t round = 0; round < rounds; round++) {
        multiply();
        for (int i = 0; i < SIZE; i++)
            for (int k = 0; k < SIZE; k++) a[i][k] = product[i][k] ^ round;
    }
    uint32_t sum = 0;
    for (int i = 0; i < SIZE; i++)
        for (int k = 0; k < SIZE; k++) sum = sum * 31 + a[i][k];
    printf("%" PRIu32 "\n", sum);
    return 0;
}
