// What the parts of the query tool know of each other.

#pragma once

#include <stddef.h>
#include <stdint.h>

// ---- values.c: memory, and the values of JSON in it

enum kind { NULL_VALUE, FALSE_VALUE, TRUE_VALUE, NUMBER, STRING, ARRAY, OBJECT };  // in the order in which they are sorted

// A value is copied freely; what it points to is never changed.
typedef struct value {
    uint8_t kind;
    // Of bytes, items or members; of a number, the bytes of its text, or 0 if it was computed.
    size_t count;
    union {
        double computed;
        const char *text;  // of a number or string; ended by a zero byte too, which is not counted
        const struct value *items;
        const struct member *members;
    };
} value;

struct member {
    value key, value;
};

// Ends the program, as a mistake in what it was given.
_Noreturn void fail(const char *format, ...);

// What is allocated lasts until everything since an earlier mark is released.
typedef struct mark mark;
void *allocate(size_t count, size_t size);
mark *make_mark(void);
void release(const mark *mark);

// A heap of values that grows and shrinks at its end: where arrays and objects are gathered.
void push(value value);
size_t pushed(void);
value take_array(size_t from);   // of all that was pushed since there were `from`
value take_object(size_t from);  // the same: keys and values in turn. Of equal keys the last counts

value constant(enum kind kind);
value boolean(int is_true);
value computed(double number);
value string(const char *bytes, size_t count);
double number_of(value value);
int is_true(value value);
int compare(value a, value b);                              // negative, 0 or positive
void sort_by_key(struct member *members, size_t count);     // what is equal stays as it was
const value *find(value object, value key);                 // null if there is none
const char *name_of(enum kind kind);                        // "a number"
const char *shown(value value);                             // a short text for messages

// ---- json.c: reading and writing

// Text that is read forwards, from a string or from standard input, and where it is read.
typedef struct {
    const char *at, *end, *name;
    int is_stream;
    size_t line, column;
} reader;

reader reader_of(const char *text, const char *name);
reader standard_input(void);
int peek(reader *reader);  // the next byte, or -1 at the end
int next(reader *reader);
void skip_space(reader *reader);
_Noreturn void fail_at(const reader *reader, const char *message);
value read_value(reader *reader);
value read_string(reader *reader);
value read_number(reader *reader);

typedef struct {
    int is_compact, is_raw;
} style;

void write_value(value value, style style);
value text_of(value value);  // its compact text, as a string

// ---- filters.c: the language

typedef value unary(value of);
typedef value binary(value of, value with);
typedef value arrange(struct member *members, size_t count);

typedef struct filter {
    enum {
        IDENTITY,     // .
        CONSTANT,     // 1
        EACH,         // a[]
        ALL,          // ..
        SLICE,        // a[b:c]
        PIPE,         // a | b
        BOTH,         // a, b
        DEFAULT,      // a // b
        AND,          // a and b
        OR,           // a or b
        UNARY,        // length, -a
        BINARY,       // a + b, a[b], has(b)
        COLLECT,      // [a]
        CONSTRUCT,    // {a: b, c...}: a key, a value, and the rest of the members
        SELECT,       // select(a)
        CONDITION,    // if a then b else c end
        ARRANGE,      // sort_by(a)
        NOTHING,      // empty
    } operation;
    const struct filter *a, *b, *c;
    value constant;
    unary *unary;
    binary *binary;
    arrange *arrange;
} filter;

const filter *read_filter(const char *text);

// ---- functions.c: what can be done with values, by name

struct function {
    const char *name;
    unary *unary;      // without an argument
    binary *binary;    // with one, which is a value
    arrange *arrange;  // with one, by which the items of an array are arranged
};

const struct function *find_function(const char *name, size_t length);
unary negate;
binary add, subtract, multiply, divide, modulo, at, equal, unequal, less, less_or_equal, greater, greater_or_equal;
value slice(value of, value from, value to);

// ---- evaluate.c: running a filter

// Takes the results of a filter, one by one.
typedef struct sink {
    void (*take)(struct sink *, value);
} sink;

void evaluate(const filter *filter, value input, sink *to);
