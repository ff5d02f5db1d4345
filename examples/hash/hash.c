// Hashes standard input with SHA-256: the whole of it, and each chunk of it, with a Merkle tree over the chunks.
//
//     hash [CHUNK] < FILE
//
// CHUNK is the size of a chunk in bytes, 4096 if it is not given. The line `sha256` is what sha256sum prints. The tree
// is that of Certificate Transparency (RFC 6962, 2.1): a chunk's hash is SHA-256(0, chunk), and an inner node's is
// SHA-256(1, left, right). So whoever holds `tree` can check a single chunk by a few hashes, and whoever holds all the
// lines can say which chunk of a copy is damaged. Memory does not grow with the input.

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char *message) {
    fprintf(stderr, "hash: %s\n", message);
    exit(1);
}

// ---- SHA-256 (FIPS 180-4)

enum { DIGEST = 32, BLOCK = 64 };

typedef struct {
    uint32_t state[8];
    uint64_t length;       // bytes so far
    uint8_t block[BLOCK];  // the last of them, that do not fill a block yet
} sha256;

// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
static const uint32_t constants[64] = {
    0x428A2F98, 0x71374491, 0xB5C0FBCF, 0xE9B5DBA5, 0x3956C25B, 0x59F111F1, 0x923F82A4, 0xAB1C5ED5,
    0xD807AA98, 0x12835B01, 0x243185BE, 0x550C7DC3, 0x72BE5D74, 0x80DEB1FE, 0x9BDC06A7, 0xC19BF174,
    0xE49B69C1, 0xEFBE4786, 0x0FC19DC6, 0x240CA1CC, 0x2DE92C6F, 0x4A7484AA, 0x5CB0A9DC, 0x76F988DA,
    0x983E5152, 0xA831C66D, 0xB00327C8, 0xBF597FC7, 0xC6E00BF3, 0xD5A79147, 0x06CA6351, 0x14292967,
    0x27B70A85, 0x2E1B2138, 0x4D2C6DFC, 0x53380D13, 0x650A7354, 0x766A0ABB, 0x81C2C92E, 0x92722C85,
    0xA2BFE8A1, 0xA81A664B, 0xC24B8B70, 0xC76C51A3, 0xD192E819, 0xD6990624, 0xF40E3585, 0x106AA070,
    0x19A4C116, 0x1E376C08, 0x2748774C, 0x34B0BCB5, 0x391C0CB3, 0x4ED8AA4A, 0x5B9CCA4F, 0x682E6FF3,
    0x748F82EE, 0x78A5636F, 0x84C87814, 0x8CC70208, 0x90BEFFFA, 0xA4506CEB, 0xBEF9A3F7, 0xC67178F2,
};

static uint32_t turn(uint32_t word, unsigned right) { return word >> right | word << (32 - right); }

static void absorb(uint32_t *state, const uint8_t *block) {
    uint32_t w[64];
    for (unsigned i = 0; i < 16; i++, block += 4)
        w[i] = (uint32_t)block[0] << 24 | (uint32_t)block[1] << 16 | (uint32_t)block[2] << 8 | block[3];
    for (unsigned i = 16; i < 64; i++) {
        uint32_t early = turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t late = turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + early + w[i - 7] + late;
    }

    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
// A round changes d and h alone: instead of moving the other six along, the next round names them differently.
#define ROUND(a, b, c, d, e, f, g, h, i)                                                                             \
    h += (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + constants[i] + w[i];                      \
    d += h;                                                                                                          \
    h += (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    for (unsigned i = 0; i < 64; i += 8) {
        ROUND(a, b, c, d, e, f, g, h, i)
        ROUND(h, a, b, c, d, e, f, g, i + 1)
        ROUND(g, h, a, b, c, d, e, f, i + 2)
        ROUND(f, g, h, a, b, c, d, e, i + 3)
        ROUND(e, f, g, h, a, b, c, d, i + 4)
        ROUND(d, e, f, g, h, a, b, c, i + 5)
        ROUND(c, d, e, f, g, h, a, b, i + 6)
        ROUND(b, c, d, e, f, g, h, a, i + 7)
    }
#undef ROUND
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

static sha256 start(void) {
    // The first 32 bits of the fractional parts of the square roots of the first 8 primes.
    return (sha256){.state = {0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB,
                              0x5BE0CD19}};
}

static void add(sha256 *hash, const uint8_t *bytes, size_t length) {
    size_t held = hash->length % BLOCK;
    hash->length += length;
    if (held + length < BLOCK) {
        memcpy(hash->block + held, bytes, length);
        return;
    }
    if (held) {
        memcpy(hash->block + held, bytes, BLOCK - held);
        absorb(hash->state, hash->block);
        bytes += BLOCK - held, length -= BLOCK - held;
    }
    for (; length >= BLOCK; bytes += BLOCK, length -= BLOCK) absorb(hash->state, bytes);
    memcpy(hash->block, bytes, length);
}

static void add_byte(sha256 *hash, uint8_t byte) { add(hash, &byte, 1); }

// Ends the message with a 1 bit, zeros, and its length in bits.
static void finish(sha256 *hash, uint8_t *digest) {
    uint64_t bits = hash->length * 8;
    add_byte(hash, 0x80);
    while (hash->length % BLOCK != BLOCK - 8) add_byte(hash, 0);
    for (unsigned shift = 64; shift;) add_byte(hash, (uint8_t)(bits >> (shift -= 8)));
    for (unsigned i = 0; i < DIGEST; i++) digest[i] = (uint8_t)(hash->state[i / 4] >> (24 - i % 4 * 8));
}

// ---- The tree: full subtrees that wait for their right neighbour, the largest first. Their sizes are the binary
// digits of the number of chunks.

static uint8_t waiting[64][DIGEST];
static unsigned waiting_count;
static uint64_t chunk_count;

// Replaces the last two subtrees by the one above them.
static void join(void) {
    sha256 node = start();
    add_byte(&node, 1);
    add(&node, waiting[waiting_count - 2], 2 * DIGEST);
    finish(&node, waiting[--waiting_count - 1]);
}

static void add_chunk(const uint8_t *digest) {
    memcpy(waiting[waiting_count++], digest, DIGEST);
    for (uint64_t pairs = chunk_count++; pairs & 1; pairs >>= 1) join();
}

// The root. A subtree at the right edge that has no neighbour goes up unchanged.
static void finish_tree(uint8_t *digest) {
    if (!waiting_count) {
        sha256 nothing = start();
        finish(&nothing, waiting[waiting_count++]);
    }
    while (waiting_count > 1) join();
    memcpy(digest, waiting[0], DIGEST);
}

// ---- The program

static void print(const char *name, const uint8_t *digest) {
    printf("%s ", name);
    for (unsigned i = 0; i < DIGEST; i++) printf("%02x", digest[i]);
    putchar('\n');
}

// A size in bytes, or 0 if the text is none.
static size_t read_size(const char *text) {
    const size_t most = (size_t)1 << 30;
    size_t size = 0;
    for (; *text >= '0' && *text <= '9' && size <= most; text++) size = 10 * size + (size_t)(*text - '0');
    return *text || size > most ? 0 : size;
}

int main(int count, char **arguments) {
    size_t chunk_size = count > 1 ? read_size(arguments[1]) : 4096;
    if (count > 2 || !chunk_size) {
        fprintf(stderr, "usage: hash [CHUNK] < FILE, where CHUNK is 1 to 1073741824 bytes\n");
        return 2;
    }
    uint8_t *chunk = malloc(chunk_size), digest[DIGEST];
    if (!chunk) fail("there is not enough memory for a chunk");

    sha256 whole = start();
    for (size_t length; (length = fread(chunk, 1, chunk_size, stdin)) > 0;) {
        add(&whole, chunk, length);
        sha256 leaf = start();
        add_byte(&leaf, 0);
        add(&leaf, chunk, length);
        finish(&leaf, digest);
        print("chunk", digest);
        add_chunk(digest);
    }
    if (ferror(stdin)) fail("standard input cannot be read");
    free(chunk);

    finish_tree(digest);
    print("tree", digest);
    printf("bytes %" PRIu64 "\n", whole.length);
    finish(&whole, digest);
    print("sha256", digest);
    if (fflush(stdout)) fail("standard output cannot be written");
    return 0;
}
