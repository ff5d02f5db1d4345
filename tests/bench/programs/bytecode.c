// Interprets a program for a small stack machine, a loop in a loop, as often as its argument says.

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { PUSH, LOAD, STORE, ADD, MULTIPLY, MIX, LESS, JUMP_UNLESS, JUMP, END };
enum { I, K, SUM, VARIABLES };

static const int32_t program[] = {
    /*  0 */ PUSH, 0, STORE, I,                          // for i = 0
    /*  4 */ LOAD, I, PUSH, 20, LESS, JUMP_UNLESS, 48,   // while i < 20
    /* 11 */ PUSH, 0, STORE, K,                          // for k = 0
    /* 15 */ LOAD, K, PUSH, 300, LESS, JUMP_UNLESS, 39,  // while k < 300
    /* 22 */ LOAD, SUM, PUSH, 31, MULTIPLY, LOAD, K, ADD, MIX, STORE, SUM,
    /* 33 */ LOAD, K, PUSH, 1, JUMP, 49,                 // k = k + 1
    /* 39 */ LOAD, I, PUSH, 1, ADD, STORE, I, JUMP, 4,   // i = i + 1
    /* 48 */ END,
    /* 49 */ ADD, STORE, K, JUMP, 15,
};

static uint32_t run(uint32_t sum) {
    uint32_t variables[VARIABLES] = {0, 0, sum}, stack[16], *top = stack;
    for (const int32_t *at = program;;) switch (*at++) {
            case PUSH: *top++ = (uint32_t)*at++; break;
            case LOAD: *top++ = variables[*at++]; break;
            case STORE: variables[*at++] = *--top; break;
            case ADD: top--, top[-1] += *top; break;
            case MULTIPLY: top--, top[-1] *= *top; break;
            case MIX: top[-1] ^= top[-1] >> 15; break;
            case LESS: top--, top[-1] = top[-1] < *top; break;
            case JUMP_UNLESS: at = *--top ? at + 1 : program + *at; break;
            case JUMP: at = program + *at; break;
            case END: return variables[SUM];
        }
}

int main(int count, char **arguments) {
    uint32_t rounds = count > 1 ? (uint32_t)atoi(arguments[1]) : 1, sum = 1;
    for (uint32_t round = 0; round < rounds; round++) sum = run(sum);
    printf("%" PRIu32 "\n", sum);
    return 0;
}
