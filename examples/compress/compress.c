// Compresses standard input to standard output, in the gzip format (RFC 1952) that gunzip and every browser read.
//
//     compress [-1 ... -9] < FILE > FILE.gz
//
// The number says how hard to look for repetitions. They are found through hash chains and taken lazily; each block of
// tokens gets Huffman codes of its own (RFC 1951, "DEFLATE").

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WINDOW = 32768,      // how far back a repetition can be, a power of two
    SHORTEST = 3,        // lengths of repetitions
    LONGEST = 258,
    HASHES = 1 << 13,
    BLOCK_TOKENS = 16384,

    LITERALS = 286,      // 256 bytes, the end of a block, 29 kinds of length
    DISTANCES = 30,
    END_OF_BLOCK = 256,
    FIRST_LENGTH = 257,
    LONGEST_CODE = 15,   // bits
    CODE_LENGTHS = 19,   // the alphabet in which code lengths are written
    LONGEST_LENGTH_CODE = 7,
};

static void fail(const char *message) {
    fprintf(stderr, "compress: %s\n", message);
    exit(1);
}

// ---- Output: bits are packed into bytes from the least significant one up.

static struct {
    uint64_t bits;
    unsigned bit_count;
    size_t length;
    uint8_t bytes[4096];
} out;

static void flush(void) {
    if (fwrite(out.bytes, 1, out.length, stdout) != out.length) fail("standard output cannot be written");
    out.length = 0;
}

static void put_bits(uint64_t bits, unsigned count) {
    out.bits |= bits << out.bit_count;
    out.bit_count += count;
    for (; out.bit_count >= 8; out.bit_count -= 8, out.bits >>= 8) {
        if (out.length == sizeof out.bytes) flush();
        out.bytes[out.length++] = (uint8_t)out.bits;
    }
}

static void end_byte(void) { put_bits(0, -out.bit_count % 8); }

// ---- Huffman codes

struct code {
    unsigned size;
    uint32_t frequency[LITERALS];
    uint8_t length[LITERALS];   // bits; 0 for a symbol that does not occur
    uint16_t bits[LITERALS];    // first bit lowest
};

// A binary heap of tree nodes, the least frequent one first. Equal ones are ordered by number, so that every computer
// builds the same tree.
struct heap {
    const uint32_t *frequency;
    unsigned size;
    uint16_t node[LITERALS];
};

static int comes_first(const struct heap *heap, unsigned a, unsigned b) {
    uint32_t x = heap->frequency[a], y = heap->frequency[b];
    return x < y || (x == y && a < b);
}

static void heap_push(struct heap *heap, unsigned node) {
    unsigned at = heap->size++;
    for (; at && comes_first(heap, node, heap->node[(at - 1) / 2]); at = (at - 1) / 2)
        heap->node[at] = heap->node[(at - 1) / 2];
    heap->node[at] = (uint16_t)node;
}

static unsigned heap_pop(struct heap *heap) {
    unsigned first = heap->node[0], last = heap->node[--heap->size], at = 0;
    for (unsigned child; (child = 2 * at + 1) < heap->size; at = child) {
        if (child + 1 < heap->size && comes_first(heap, heap->node[child + 1], heap->node[child])) child++;
        if (!comes_first(heap, heap->node[child], last)) break;
        heap->node[at] = heap->node[child];
    }
    heap->node[at] = (uint16_t)last;
    return first;
}

// Sets the lengths of the code's symbols; returns the longest.
static unsigned measure(struct code *code, const uint32_t *weights) {
    static uint32_t frequency[2 * LITERALS];
    static uint16_t parent[2 * LITERALS];
    static uint8_t depth[2 * LITERALS];
    static struct heap heap;

    memset(code->length, 0, sizeof code->length);
    memcpy(frequency, weights, code->size * sizeof *frequency);
    heap.frequency = frequency;
    heap.size = 0;
    for (unsigned i = 0; i < code->size; i++)
        if (frequency[i]) heap_push(&heap, i);
    if (heap.size == 1) return code->length[heap.node[0]] = 1;

    unsigned nodes = code->size, longest = 0;
    while (heap.size > 1) {
        unsigned a = heap_pop(&heap), b = heap_pop(&heap);
        frequency[nodes] = frequency[a] + frequency[b];
        parent[a] = parent[b] = (uint16_t)nodes;
        heap_push(&heap, nodes++);
    }
    depth[nodes - 1] = 0;
    for (unsigned i = nodes - 1; i-- > code->size;) depth[i] = depth[parent[i]] + 1;
    for (unsigned i = 0; i < code->size; i++) {
        if (!weights[i]) continue;
        code->length[i] = depth[parent[i]] + 1;
        if (code->length[i] > longest) longest = code->length[i];
    }
    return longest;
}

// Numbers the symbols of each length in order (RFC 1951, 3.2.2).
static void assign_bits(struct code *code) {
    unsigned count[LONGEST_CODE + 1] = {0}, next[LONGEST_CODE + 1] = {0};
    for (unsigned i = 0; i < code->size; i++) count[code->length[i]]++;
    count[0] = 0;
    for (unsigned i = 1; i <= LONGEST_CODE; i++) next[i] = (next[i - 1] + count[i - 1]) << 1;
    for (unsigned i = 0; i < code->size; i++) {
        unsigned number = next[code->length[i]]++, bits = 0;
        for (unsigned k = 0; k < code->length[i]; k++, number >>= 1) bits = bits << 1 | (number & 1);
        code->bits[i] = (uint16_t)bits;
    }
}

static void make_code(struct code *code, unsigned longest) {
    uint32_t weights[LITERALS];
    memcpy(weights, code->frequency, sizeof weights);
    // A code that is too long is made flatter: rare symbols gain weight.
    while (measure(code, weights) > longest)
        for (unsigned i = 0; i < code->size; i++) weights[i] = (weights[i] + 1) / 2;
    assign_bits(code);
}

static void put_symbol(const struct code *code, unsigned symbol) { put_bits(code->bits[symbol], code->length[symbol]); }

// ---- Lengths and distances: a symbol stands for a range of values, and extra bits say which one it is.

static const uint16_t length_base[] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                       31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
static const uint8_t length_extra[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                       2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
static const uint16_t distance_base[] = {1,    2,    3,    4,    5,    7,    9,    13,    17,    25,
                                         33,   49,   65,   97,   129,  193,  257,  385,   513,   769,
                                         1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
static const uint8_t distance_extra[] = {0, 0, 0, 0, 1, 1, 2,  2,  3,  3,  4,  4,  5,  5,  6,
                                         6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13};

static uint8_t length_kind[LONGEST + 1];
static uint8_t near_kind[256], far_kind[256];  // by distance - 1, and by (distance - 1) / 128

static unsigned distance_kind(unsigned distance) {
    return distance <= 256 ? near_kind[distance - 1] : far_kind[(distance - 1) / 128];
}

static void make_kinds(void) {
    for (unsigned kind = 0; kind < 29; kind++) {
        unsigned end = length_base[kind] + (1u << length_extra[kind]);
        for (unsigned i = length_base[kind]; i < end && i <= LONGEST; i++) length_kind[i] = (uint8_t)kind;
    }
    for (unsigned kind = 0; kind < DISTANCES; kind++) {
        unsigned start = distance_base[kind] - 1, end = start + (1u << distance_extra[kind]);
        for (unsigned i = start; i < end && i < 256; i++) near_kind[i] = (uint8_t)kind;
        for (unsigned i = (start + 127) / 128; i < end / 128; i++) far_kind[i] = (uint8_t)kind;
    }
}

// ---- Blocks: a token is a literal byte, or a repetition (the length, and above it the distance).

static uint32_t tokens[BLOCK_TOKENS];
static unsigned token_count;
static struct code literals = {.size = LITERALS}, distances = {.size = DISTANCES};

// Both codes' lengths, run-length coded (RFC 1951, 3.2.7): 16 repeats the last, 17 and 18 are runs of zeros.
static struct {
    struct code code;
    unsigned literals, distances, written;  // how many of each alphabet are given
    unsigned count;
    uint8_t symbol[LITERALS + DISTANCES], extra[LITERALS + DISTANCES];
} header = {.code = {.size = CODE_LENGTHS}};

static const uint8_t length_order[CODE_LENGTHS] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};

static void add_run(unsigned symbol, unsigned extra) {
    header.symbol[header.count] = (uint8_t)symbol;
    header.extra[header.count++] = (uint8_t)extra;
    header.code.frequency[symbol]++;
}

static unsigned smaller(unsigned a, unsigned b) { return a < b ? a : b; }

static void make_header(void) {
    static uint8_t lengths[LITERALS + DISTANCES];

    for (header.literals = LITERALS; !literals.length[header.literals - 1];) header.literals--;
    for (header.distances = DISTANCES; header.distances > 1;) {
        if (distances.length[header.distances - 1]) break;
        header.distances--;
    }
    unsigned size = header.literals + header.distances;
    memcpy(lengths, literals.length, header.literals);
    memcpy(lengths + header.literals, distances.length, header.distances);

    header.count = 0;
    memset(header.code.frequency, 0, sizeof header.code.frequency);
    for (unsigned i = 0; i < size;) {
        unsigned length = lengths[i], run = 1;
        while (i + run < size && lengths[i + run] == length) run++;
        i += run;
        if (length) add_run(length, 0), run--;
        while (run >= SHORTEST) {
            unsigned part = smaller(run, length ? 6 : 138);
            if (length)
                add_run(16, part - 3);
            else
                part <= 10 ? add_run(17, part - 3) : add_run(18, part - 11);
            run -= part;
        }
        while (run--) add_run(length, 0);
    }
    make_code(&header.code, LONGEST_LENGTH_CODE);
    for (header.written = CODE_LENGTHS; !header.code.length[length_order[header.written - 1]];) header.written--;
}

static void put_header(void) {
    put_bits(header.literals - 257, 5);
    put_bits(header.distances - 1, 5);
    put_bits(header.written - 4, 4);
    for (unsigned i = 0; i < header.written; i++) put_bits(header.code.length[length_order[i]], 3);
    for (unsigned i = 0; i < header.count; i++) {
        put_symbol(&header.code, header.symbol[i]);
        if (header.symbol[i] >= 16) put_bits(header.extra[i], (const uint8_t[]){2, 3, 7}[header.symbol[i] - 16]);
    }
}

static void put_tokens(void) {
    for (unsigned i = 0; i < token_count; i++) {
        unsigned value = tokens[i] & 0xFFFF, distance = tokens[i] >> 16;
        if (!distance) {
            put_symbol(&literals, value);
            continue;
        }
        unsigned kind = length_kind[value];
        put_symbol(&literals, FIRST_LENGTH + kind);
        put_bits(value - length_base[kind], length_extra[kind]);
        kind = distance_kind(distance);
        put_symbol(&distances, kind);
        put_bits(distance - distance_base[kind], distance_extra[kind]);
    }
    put_symbol(&literals, END_OF_BLOCK);
}

static void end_block(int is_last) {
    literals.frequency[END_OF_BLOCK] = 1;
    make_code(&literals, LONGEST_CODE);
    make_code(&distances, LONGEST_CODE);
    make_header();

    put_bits((unsigned)is_last, 1);
    put_bits(2, 2);  // with its own codes
    put_header();
    put_tokens();

    token_count = 0;
    memset(literals.frequency, 0, sizeof literals.frequency);
    memset(distances.frequency, 0, sizeof distances.frequency);
}

static void add_token(unsigned value, unsigned distance) {
    if (token_count == BLOCK_TOKENS) end_block(0);
    tokens[token_count++] = distance << 16 | value;
    if (!distance) {
        literals.frequency[value]++;
        return;
    }
    literals.frequency[FIRST_LENGTH + length_kind[value]]++;
    distances.frequency[distance_kind(distance)]++;
}

// ---- Repetitions

static const uint8_t *text;
static uint32_t text_length;
static unsigned effort;                           // how many earlier places to compare with
static uint32_t newest[HASHES], earlier[WINDOW];  // places plus 1, by hash and by place; 0 for none

struct match {
    unsigned length, distance;
};

// The longest repetition at `place` that is longer than `least`; remembers the place.
static struct match find(uint32_t place, unsigned least) {
    struct match best = {least, 0};
    unsigned longest = smaller(LONGEST, text_length - place);
    if (longest < SHORTEST) return best;

    const uint8_t *here = text + place;
    unsigned hash = ((here[0] | here[1] << 8 | (uint32_t)here[2] << 16) * 0x9E3779B1u) >> 19;
    uint32_t there = newest[hash];
    earlier[place % WINDOW] = there;
    newest[hash] = place + 1;

    for (unsigned tries = effort; there && tries && best.length < longest; tries--) {
        unsigned distance = place - (there - 1);
        if (distance >= WINDOW) break;
        const uint8_t *candidate = here - distance;
        there = earlier[(there - 1) % WINDOW];
        if (candidate[best.length] != here[best.length]) continue;
        unsigned length = 0;
        while (length < longest && candidate[length] == here[length]) length++;
        if (length > best.length) best = (struct match){length, distance};
    }
    return best;
}

static void compress(void) {
    struct match held = {0, 0};  // the repetition at the place before, put off in case the next place has a longer one
    int holding = 0;             // whether the byte before is still to be written
    for (uint32_t place = 0; place < text_length; place++) {
        struct match match = find(place, held.length > SHORTEST - 1 ? held.length : SHORTEST - 1);
        if (held.distance && !match.distance) {
            add_token(held.length, held.distance);
            for (uint32_t end = place - 1 + held.length; ++place < end;) find(place, LONGEST);
            place--;
            held = (struct match){0, 0};
            holding = 0;
            continue;
        }
        if (holding) add_token(text[place - 1], 0);
        held = match.distance ? match : (struct match){0, 0};
        holding = 1;
    }
    if (holding && held.distance)
        add_token(held.length, held.distance);
    else if (holding)
        add_token(text[text_length - 1], 0);
    end_block(1);
}

// ---- The gzip file

static uint32_t checksum(const uint8_t *bytes, uint32_t length) {
    static uint32_t table[256];
    for (uint32_t i = 0; i < 256; i++) {
        table[i] = i;
        for (int k = 0; k < 8; k++) table[i] = table[i] >> 1 ^ (-(table[i] & 1) & 0xEDB88320u);
    }
    uint32_t sum = ~0u;
    for (uint32_t i = 0; i < length; i++) sum = sum >> 8 ^ table[(sum ^ bytes[i]) & 255];
    return ~sum;
}

static void read_all(void) {
    size_t room = 1 << 16, length = 0;
    uint8_t *bytes = malloc(room);
    for (size_t got; bytes && (got = fread(bytes + length, 1, room - length, stdin)) > 0;) {
        length += got;
        if (length == room) bytes = realloc(bytes, room *= 2);
    }
    if (!bytes || length > UINT32_MAX / 2) fail("standard input is too large");
    text = bytes;
    text_length = (uint32_t)length;
}

int main(int count, char **arguments) {
    const char *level = count > 1 ? arguments[1] : "-6";
    if (count > 2 || level[0] != '-' || level[1] < '1' || level[1] > '9' || level[2]) {
        fprintf(stderr, "usage: compress [-1 ... -9] < FILE > FILE.gz\n");
        return 2;
    }
    effort = 1u << (level[1] - '1');
    make_kinds();
    read_all();

    static const uint8_t head[10] = {0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255};  // DEFLATE, no time, no name, any system
    for (size_t i = 0; i < sizeof head; i++) put_bits(head[i], 8);
    compress();
    end_byte();
    put_bits(checksum(text, text_length), 32);
    put_bits(text_length, 32);
    flush();
    if (fflush(stdout)) fail("standard output cannot be written");
    return 0;
}
