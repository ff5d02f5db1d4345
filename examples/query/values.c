// Values, and the memory that they are in.

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query.h"

void fail(const char *format, ...) {
    fflush(stdout);
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "query: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    exit(1);
}

// ---- Memory: blocks, filled one after the other

enum { BLOCK = 1 << 16, ALIGNMENT = 16 };

struct mark {
    struct mark *before;
    size_t used, size;
    _Alignas(ALIGNMENT) char bytes[];
};

static mark *newest;

static mark *add_block(size_t size) {
    mark *block = size < SIZE_MAX - sizeof *block ? malloc(sizeof *block + size) : NULL;
    if (!block) fail("there is not enough memory");
    *block = (mark){newest, 0, size};
    return newest = block;
}

void *allocate(size_t count, size_t size) {
    if (count > SIZE_MAX / 2 / size) fail("there is not enough memory");
    size_t bytes = (count * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (!newest || newest->size - newest->used < bytes) add_block(bytes > BLOCK ? bytes : BLOCK);
    void *start = newest->bytes + newest->used;
    newest->used += bytes;
    return start;
}

mark *make_mark(void) { return add_block(BLOCK); }

void release(const mark *mark) {
    while (newest != mark) {
        struct mark *before = newest->before;
        free(newest);
        newest = before;
    }
    newest->used = 0;
}

// ---- The heap of values

static value *heap;
static size_t heap_count, heap_room;

void push(value value) {
    if (heap_count == heap_room) {
        heap_room = heap_room ? 2 * heap_room : 256;
        heap = realloc(heap, heap_room * sizeof *heap);
        if (!heap) fail("there is not enough memory");
    }
    heap[heap_count++] = value;
}

size_t pushed(void) { return heap_count; }

value take_array(size_t from) {
    size_t count = heap_count - from;
    value *items = allocate(count, sizeof *items);
    if (count) memcpy(items, heap + from, count * sizeof *items);
    heap_count = from;
    return (value){.kind = ARRAY, .count = count, .items = items};
}

// Gives the first of several equal keys the value of the last, and removes the others; the number of members left.
static size_t remove_repetitions(struct member *members, size_t count) {
    struct member *sorted = allocate(count, sizeof *sorted);
    for (size_t i = 0; i < count; i++) sorted[i] = (struct member){members[i].key, {.kind = NUMBER, .count = i}};
    sort_by_key(sorted, count);

    size_t first = 0, left = 0;
    for (size_t i = 1; i < count; i++) {
        if (compare(sorted[i].key, sorted[first].key)) {
            first = i;
            continue;
        }
        members[sorted[first].value.count].value = members[sorted[i].value.count].value;
        members[sorted[i].value.count].key.kind = NULL_VALUE;
    }
    for (size_t i = 0; i < count; i++)
        if (members[i].key.kind == STRING) members[left++] = members[i];
    return left;
}

value take_object(size_t from) {
    size_t count = (heap_count - from) / 2;
    struct member *members = allocate(count, sizeof *members);
    for (size_t i = 0; i < count; i++) members[i] = (struct member){heap[from + 2 * i], heap[from + 2 * i + 1]};
    heap_count = from;
    return (value){.kind = OBJECT, .count = remove_repetitions(members, count), .members = members};
}

// ---- Values

value constant(enum kind kind) { return (value){.kind = kind}; }

value boolean(int is_true) { return constant(is_true ? TRUE_VALUE : FALSE_VALUE); }

value computed(double number) {
    if (!isfinite(number)) fail("a number is too large");
    return (value){.kind = NUMBER, .computed = number};
}

value string(const char *bytes, size_t count) {
    char *text = allocate(count + 1, 1);
    if (count) memcpy(text, bytes, count);
    text[count] = 0;
    return (value){.kind = STRING, .count = count, .text = text};
}

// A number keeps the text that it had in the document until somebody computes with it.
double number_of(value value) {
    if (!value.count) return value.computed;
    if (value.count < 16) {
        uint64_t whole = 0;
        size_t i = 0;
        while (i < value.count && value.text[i] >= '0' && value.text[i] <= '9') whole = 10 * whole + (value.text[i++] - '0');
        if (i == value.count) return (double)whole;
    }
    double number = strtod(value.text, NULL);
    if (!isfinite(number)) fail("the number %s is too large to compute with", shown(value));
    return number;
}

int is_true(value value) { return value.kind != NULL_VALUE && value.kind != FALSE_VALUE; }

static int compare_counts(size_t a, size_t b) { return (a > b) - (a < b); }

static const struct member *sorted_members(value object) {
    struct member *members = allocate(object.count, sizeof *members);
    if (object.count) memcpy(members, object.members, object.count * sizeof *members);
    sort_by_key(members, object.count);
    return members;
}

// First the keys decide, as lists in their order, and then the values.
static int compare_objects(value a, value b) {
    const struct member *left = sorted_members(a), *right = sorted_members(b);
    size_t common = a.count < b.count ? a.count : b.count;
    int order = 0;
    for (size_t i = 0; i < common && !order; i++) order = compare(left[i].key, right[i].key);
    if (!order) order = compare_counts(a.count, b.count);
    for (size_t i = 0; i < common && !order; i++) order = compare(left[i].value, right[i].value);
    return order;
}

int compare(value a, value b) {
    if (a.kind != b.kind) return a.kind < b.kind ? -1 : 1;
    size_t common = a.count < b.count ? a.count : b.count;
    int order = 0;
    switch (a.kind) {
        case NUMBER: {
            double left = number_of(a), right = number_of(b);
            return (left > right) - (left < right);
        }
        case STRING:
            order = memcmp(a.text, b.text, common);
            return order ? order : compare_counts(a.count, b.count);
        case ARRAY:
            for (size_t i = 0; i < common && !order; i++) order = compare(a.items[i], b.items[i]);
            return order ? order : compare_counts(a.count, b.count);
        case OBJECT: return compare_objects(a, b);
        default: return 0;
    }
}

static void sort_part(struct member *members, struct member *spare, size_t count) {
    if (count < 2) return;
    size_t half = count / 2;
    sort_part(members, spare, half);
    sort_part(members + half, spare, count - half);
    memcpy(spare, members, half * sizeof *members);
    for (size_t left = 0, right = half, to = 0; left < half; to++)
        members[to] = right < count && compare(members[right].key, spare[left].key) < 0 ? members[right++] : spare[left++];
}

void sort_by_key(struct member *members, size_t count) {
    sort_part(members, allocate(count / 2 + 1, sizeof *members), count);
}

const value *find(value object, value key) {
    for (size_t i = 0; i < object.count; i++) {
        const struct member *member = &object.members[i];
        if (member->key.count == key.count && !memcmp(member->key.text, key.text, key.count)) return &member->value;
    }
    return NULL;
}

const char *name_of(enum kind kind) {
    static const char *const names[] = {"null", "false", "true", "a number", "a string", "an array", "an object"};
    return names[kind];
}

const char *shown(value value) {
    enum { MOST = 40 };
    struct value text = text_of(value);
    if (text.count <= MOST) return text.text;
    size_t end = MOST;
    while (end && (text.text[end] & 0xC0) == 0x80) end--;  // not within a character
    char *start = allocate(end + 4, 1);
    memcpy(start, text.text, end);
    memcpy(start + end, "...", 4);
    return start;
}
