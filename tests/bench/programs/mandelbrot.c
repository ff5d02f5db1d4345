// Draws the Mandelbrot set in floating point, 16 x 12 points and at most 100 steps each, as often as its argument says.

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { WIDTH = 16, HEIGHT = 12, MOST = 100 };

static uint32_t steps(double re, double im) {
    double x = 0, y = 0;
    uint32_t count = 0;
    for (; count < MOST && x * x + y * y < 4; count++) {
        double next = x * x - y * y + re;
        y = 2 * x * y + im;
        x = next;
    }
    return count;
}

int main(int count, char **arguments) {
    uint32_t rounds = count > 1 ? (uint32_t)atoi(arguments[1]) : 1, sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        double shift = (round % 64) * 0.001;
        for (int i = 0; i < HEIGHT; i++)
            for (int k = 0; k < WIDTH; k++) sum = sum * 31 + steps(-2 + 2.8 * k / WIDTH + shift, -1.2 + 2.4 * i / HEIGHT);
    }
    printf("%" PRIu32 "\n", sum);
    return 0;
}
