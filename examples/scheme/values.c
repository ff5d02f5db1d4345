// Numbers, objects, symbols, and the memory that they lie in.
//
// Objects are put one behind the other into blocks. From time to time the machine has everything that can still be
// reached copied into new blocks, breadth first, and gives the old ones back (C. J. Cheney's method). That happens
// between two calls only, so nothing else has to care that objects move.

#include <stdlib.h>
#include <string.h>

#include "scheme.h"

void *resize(void *memory, size_t count, size_t size) {
    memory = realloc(memory, (count + !count) * size);
    if (!memory) fail("there is not enough memory");
    return memory;
}

// ---- Blocks

enum { BLOCK = 1 << 16, MOST_IN_USE = 1 << 24 };  // words

typedef struct block {
    struct block *next;
    size_t used, size;  // words
    uint64_t words[];
} block;

static block *first, *last;      // where new objects go: the last one
static size_t in_use, in_use_at_most;  // words; and when to collect

static uint64_t *take(size_t words) {
    if (!last || last->size - last->used < words) {
        size_t size = words > BLOCK ? words : BLOCK;
        block *new = resize(NULL, 1, sizeof *new + size * sizeof(uint64_t));
        new->next = NULL, new->used = 0, new->size = size;
        if (last)
            last->next = new;
        else
            first = new;
        last = new;
    }
    uint64_t *place = last->words + last->used;
    last->used += words, in_use += words;
    return place;
}

// Words that an object takes: its head, and at least one more, so that there is room to say where it has been moved to.
// A byte behind a string is zero.
static size_t words_of(enum kind kind, size_t length) {
    return 1 + (kind == STRING ? length / sizeof(value) + 1 : length + !length);
}

// ---- Making objects, and looking at them

value nil, yes, no, nothing, end_of_input;

value make(enum kind kind, size_t length) {
    if (length > UINT32_MAX / 64) fail("something is too long");
    size_t words = words_of(kind, length);
    object *new = memset(take(words), 0, words * sizeof(uint64_t));
    new->kind = kind, new->length = (uint32_t)length;
    return (uintptr_t)new;
}

value make_permanent(enum kind kind, int64_t of) {
    object *new = resize(NULL, 1, sizeof *new + sizeof(value));
    new->kind = kind, new->length = 1;
    new->items[0] = number(of);
    return (uintptr_t)new;
}

value cons(value car, value cdr) {
    value pair = make(PAIR, 2);
    as_object(pair)->items[0] = car, as_object(pair)->items[1] = cdr;
    return pair;
}

value car(value pair) {
    if (!is_kind(pair, PAIR)) fail_with("this is no pair:", pair);
    return as_object(pair)->items[0];
}

value cdr(value pair) {
    if (!is_kind(pair, PAIR)) fail_with("this is no pair:", pair);
    return as_object(pair)->items[1];
}

char *bytes_of(value v) {
    object *of = as_object(v);
    return (char *)(of->items + (of->kind == SYMBOL));
}

value text(const char *bytes, size_t length) {
    value string = make(STRING, length);
    if (length) memcpy(bytes_of(string), bytes, length);
    return string;
}

// ---- Symbols: a hash table, doubled whenever it is half full

static value *symbols;
static size_t symbol_room, symbol_count;

// Where a symbol is in the table, or is to be put.
static value *find(const char *name, size_t length) {
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)name[i]) * 16777619u;
    for (size_t at = hash;; at++) {
        value *place = &symbols[at & (symbol_room - 1)];
        if (!*place) return place;
        if (as_object(*place)->length == length && !memcmp(bytes_of(*place), name, length)) return place;
    }
}

static void widen_symbols(void) {
    value *old = symbols;
    size_t room = symbol_room;
    symbol_room = room ? 2 * room : 512;
    symbols = calloc(symbol_room, sizeof *symbols);
    if (!symbols) fail("there is not enough memory");
    for (size_t i = 0; i < room; i++)
        if (old[i]) *find(bytes_of(old[i]), as_object(old[i])->length) = old[i];
    free(old);
}

value symbol(const char *name, size_t length) {
    value *place = find(name, length);
    if (*place) return *place;
    object *new = resize(NULL, 1, sizeof *new + sizeof(value) + length + 1);
    new->kind = SYMBOL, new->length = (uint32_t)length;
    new->items[0] = 0;  // it has no value yet
    *place = (uintptr_t)new;
    memcpy(bytes_of(*place), name, length);
    bytes_of(*place)[length] = 0;
    if (++symbol_count > symbol_room / 2) widen_symbols();
    return (uintptr_t)new;
}

// ---- Collecting

static block *old;

int wants_collection(void) { return in_use > in_use_at_most; }

value move(value v) {
    if (!v || is_number(v) || as_object(v)->kind > MOVED) return v;
    object *from = as_object(v);
    if (from->kind != MOVED) {
        size_t words = words_of(from->kind, from->length);
        value to = (uintptr_t)memcpy(take(words), from, words * sizeof(uint64_t));
        from->kind = MOVED;
        from->items[0] = to;
    }
    return from->items[0];
}

void start_collection(void) {
    old = first;
    first = last = NULL;
    in_use = 0;
    for (size_t i = 0; i < symbol_room; i++)
        if (symbols[i]) as_object(symbols[i])->items[0] = move(as_object(symbols[i])->items[0]);
}

void finish_collection(void) {
    for (block *at = first; at; at = at->next)
        for (size_t place = 0; place < at->used;) {
            object *of = (object *)(at->words + place);
            if (of->kind != STRING)
                for (uint32_t i = 0; i < of->length; i++) of->items[i] = move(of->items[i]);
            place += words_of(of->kind, of->length);
        }
    while (old) {
        block *next = old->next;
        free(old);
        old = next;
    }
    if (in_use > MOST_IN_USE) fail("there is not enough memory");
    in_use_at_most = in_use < BLOCK ? 2 * BLOCK : 2 * in_use;
}

void start_memory(void) {
    in_use_at_most = 2 * BLOCK;
    widen_symbols();
    value *constants[] = {&nil, &yes, &no, &nothing, &end_of_input};
    for (int i = 0; i < 5; i++) *constants[i] = make_permanent(CONSTANT, i);
}
