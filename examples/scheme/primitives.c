// Procedures that are not written in Scheme, and those of the prelude, that are.

#include <stdlib.h>
#include <string.h>

#include "scheme.h"

static value truth(int is_true) { return is_true ? yes : no; }

// ---- Numbers

static int64_t whole(value v) {
    if (!is_number(v)) fail_with("this is no number:", v);
    return as_number(v);
}

static value sum(value *a, size_t count) {
    int64_t result = 0;
    for (size_t i = 0; i < count; i++) result = as_number(number(result + whole(a[i])));
    return number(result);
}

static value difference(value *a, size_t count) {
    if (count == 1) return number(-whole(a[0]));
    int64_t result = whole(a[0]);
    for (size_t i = 1; i < count; i++) result = as_number(number(result - whole(a[i])));
    return number(result);
}

static value product(value *a, size_t count) {
    int64_t result = 1;
    for (size_t i = 0; i < count; i++)
        if (__builtin_mul_overflow(result, whole(a[i]), &result)) fail("a number is too large");
    return number(result);
}

static int64_t divisor(value v) {
    if (whole(v) == 0) fail("this divides by zero");
    return as_number(v);
}

static value quotient(value *a, size_t count) {
    (void)count;
    return number(whole(a[0]) / divisor(a[1]));
}

static value remainder_of(value *a, size_t count) {
    (void)count;
    return number(whole(a[0]) % divisor(a[1]));
}

// As remainder, but with the sign of the divisor.
static value modulo(value *a, size_t count) {
    (void)count;
    int64_t by = divisor(a[1]), rest = whole(a[0]) % by;
    return number(rest && (rest < 0) != (by < 0) ? rest + by : rest);
}

// Whether each number is to the next one as told: less (1), equal (2), greater (4), or one of several.
static value is_ordered(const value *a, size_t count, int orders) {
    int is_true = 1;
    for (size_t i = 0; i + 1 < count; i++) {
        int64_t x = whole(a[i]), y = whole(a[i + 1]);
        if (!(orders & (x < y ? 1 : x == y ? 2 : 4))) is_true = 0;
    }
    return truth(is_true);
}

static value is_less(value *a, size_t count) { return is_ordered(a, count, 1); }
static value is_equal_number(value *a, size_t count) { return is_ordered(a, count, 2); }
static value is_at_most(value *a, size_t count) { return is_ordered(a, count, 1 | 2); }
static value is_greater(value *a, size_t count) { return is_ordered(a, count, 4); }
static value is_at_least(value *a, size_t count) { return is_ordered(a, count, 4 | 2); }

// ---- What a value is

static int are_equal(value a, value b, unsigned depth) {
    if (depth > DEEPEST) fail("values are nested too deeply to be compared");
    for (; is_kind(a, PAIR) && is_kind(b, PAIR); a = cdr(a), b = cdr(b))
        if (!are_equal(car(a), car(b), depth + 1)) return 0;
    if (a == b) return 1;
    if (is_number(a) || is_number(b)) return 0;
    object *x = as_object(a), *y = as_object(b);
    if (x->kind != y->kind || x->length != y->length) return 0;
    if (x->kind == STRING) return !memcmp(bytes_of(a), bytes_of(b), x->length);
    if (x->kind != VECTOR) return 0;
    for (uint32_t i = 0; i < x->length; i++)
        if (!are_equal(x->items[i], y->items[i], depth + 1)) return 0;
    return 1;
}

#define TEST(name, expression)                                                                                       \
    static value name(value *a, size_t count) {                                                                      \
        (void)count;                                                                                                 \
        return truth(expression);                                                                                    \
    }

TEST(is_same, a[0] == a[1])
TEST(is_equal, are_equal(a[0], a[1], 0))
TEST(is_false, a[0] == no)
TEST(is_null, a[0] == nil)
TEST(is_pair, is_kind(a[0], PAIR))
TEST(is_a_number, is_number(a[0]))
TEST(is_symbol, is_kind(a[0], SYMBOL))
TEST(is_string, is_kind(a[0], STRING))
TEST(is_vector, is_kind(a[0], VECTOR))
TEST(is_procedure, is_kind(a[0], CLOSURE) || is_kind(a[0], PRIMITIVE) || is_kind(a[0], CONTINUATION))
TEST(is_end_of_input, a[0] == end_of_input)

// ---- Lists

static value make_pair(value *a, size_t count) {
    (void)count;
    return cons(a[0], a[1]);
}

static value first(value *a, size_t count) {
    (void)count;
    return car(a[0]);
}

static value rest(value *a, size_t count) {
    (void)count;
    return cdr(a[0]);
}

static value set_first(value *a, size_t count) {
    (void)count;
    car(a[0]);  // that it is a pair
    as_object(a[0])->items[0] = a[1];
    return nothing;
}

static value set_rest(value *a, size_t count) {
    (void)count;
    car(a[0]);
    as_object(a[0])->items[1] = a[1];
    return nothing;
}

static value list(value *a, size_t count) {
    value result = nil;
    while (count) result = cons(a[--count], result);
    return result;
}

static value length(value *a, size_t count) {
    int64_t result = 0;
    (void)count;
    for (value list = a[0]; list != nil; list = cdr(list)) result++;
    return number(result);
}

static value append_two(value list, value tail) {
    value result = tail, *end = &result;
    for (; list != nil; list = cdr(list)) {
        *end = cons(car(list), tail);
        end = &as_object(*end)->items[1];
    }
    return result;
}

static value append(value *a, size_t count) {
    value result = count ? a[count - 1] : nil;
    while (count > 1) result = append_two(a[--count - 1], result);
    return result;
}

static value reverse(value *a, size_t count) {
    value result = nil;
    (void)count;
    for (value list = a[0]; list != nil; list = cdr(list)) result = cons(car(list), result);
    return result;
}

// ---- Vectors

static value vector(value *a, size_t count) {
    value result = make(VECTOR, count);
    if (count) memcpy(as_object(result)->items, a, count * sizeof *a);
    return result;
}

static value make_vector(value *a, size_t count) {
    int64_t length = whole(a[0]);
    if (length < 0 || length > INT32_MAX / 64) fail_with("this is no length of a vector:", a[0]);
    value result = make(VECTOR, (size_t)length);
    for (int64_t i = 0; i < length; i++) as_object(result)->items[i] = count > 1 ? a[1] : number(0);
    return result;
}

static object *as_vector(value v) {
    if (!is_kind(v, VECTOR)) fail_with("this is no vector:", v);
    return as_object(v);
}

static value vector_length(value *a, size_t count) {
    (void)count;
    return number(as_vector(a[0])->length);
}

static value *item(value v, value place) {
    object *of = as_vector(v);
    if (whole(place) < 0 || as_number(place) >= of->length) fail_with("the vector has no such place:", place);
    return &of->items[as_number(place)];
}

static value vector_ref(value *a, size_t count) {
    (void)count;
    return *item(a[0], a[1]);
}

static value vector_set(value *a, size_t count) {
    (void)count;
    *item(a[0], a[1]) = a[2];
    return nothing;
}

// ---- Strings and symbols

static object *as_string(value v) {
    if (!is_kind(v, STRING)) fail_with("this is no string:", v);
    return as_object(v);
}

static value string_length(value *a, size_t count) {
    (void)count;
    return number(as_string(a[0])->length);
}

static value string_append(value *a, size_t count) {
    size_t length = 0;
    for (size_t i = 0; i < count; i++) length += as_string(a[i])->length;
    value result = make(STRING, length);
    char *to = bytes_of(result);
    for (size_t i = 0; i < count; to += as_object(a[i++])->length)
        memcpy(to, bytes_of(a[i]), as_object(a[i])->length);
    return result;
}

static value substring(value *a, size_t count) {
    (void)count;
    int64_t from = whole(a[1]), to = whole(a[2]);
    if (from < 0 || to < from || to > as_string(a[0])->length) fail_with("there is no such part of", a[0]);
    return text(bytes_of(a[0]) + from, (size_t)(to - from));
}

static value number_to_string(value *a, size_t count) {
    char digits[24];
    (void)count;
    return text(digits, (size_t)snprintf(digits, sizeof digits, "%lld", (long long)whole(a[0])));
}

static value symbol_to_string(value *a, size_t count) {
    (void)count;
    if (!is_kind(a[0], SYMBOL)) fail_with("this is no symbol:", a[0]);
    return text(bytes_of(a[0]), as_object(a[0])->length);
}

static value string_to_symbol(value *a, size_t count) {
    (void)count;
    return symbol(bytes_of(a[0]), as_string(a[0])->length);
}

// ---- Input, output, and the end

static value display(value *a, size_t count) {
    (void)count;
    write_value(a[0], 1, stdout);
    return nothing;
}

static value write_out(value *a, size_t count) {
    (void)count;
    write_value(a[0], 0, stdout);
    return nothing;
}

static value newline(value *a, size_t count) {
    (void)a, (void)count;
    putchar('\n');
    return nothing;
}

static value read_in(value *a, size_t count) {
    (void)a, (void)count;
    return read_value();
}

static value stop_with_error(value *a, size_t count) {
    fflush(stdout);
    fprintf(stderr, "scheme: in the form at line %u: ", line_of_form);
    for (size_t i = 0; i < count; i++) {
        if (i) putc(' ', stderr);
        write_value(a[i], i == 0, stderr);
    }
    putc('\n', stderr);
    exit(1);
}

static value stop(value *a, size_t count) {
    int64_t status = count ? whole(a[0]) : 0;
    if (fflush(stdout) || ferror(stdout)) fail("standard output cannot be written");
    exit((int)(status & 255));
}

// ---- All of them

#define ANY ((size_t)-1)

const primitive primitives[] = {
    {"apply", NULL, 2, ANY},
    {"call/cc", NULL, 1, 1},
    {"+", sum, 0, ANY},
    {"-", difference, 1, ANY},
    {"*", product, 0, ANY},
    {"quotient", quotient, 2, 2},
    {"remainder", remainder_of, 2, 2},
    {"modulo", modulo, 2, 2},
    {"<", is_less, 1, ANY},
    {"=", is_equal_number, 1, ANY},
    {"<=", is_at_most, 1, ANY},
    {">", is_greater, 1, ANY},
    {">=", is_at_least, 1, ANY},
    {"eq?", is_same, 2, 2},
    {"equal?", is_equal, 2, 2},
    {"not", is_false, 1, 1},
    {"null?", is_null, 1, 1},
    {"pair?", is_pair, 1, 1},
    {"number?", is_a_number, 1, 1},
    {"symbol?", is_symbol, 1, 1},
    {"string?", is_string, 1, 1},
    {"vector?", is_vector, 1, 1},
    {"procedure?", is_procedure, 1, 1},
    {"eof-object?", is_end_of_input, 1, 1},
    {"cons", make_pair, 2, 2},
    {"car", first, 1, 1},
    {"cdr", rest, 1, 1},
    {"set-car!", set_first, 2, 2},
    {"set-cdr!", set_rest, 2, 2},
    {"list", list, 0, ANY},
    {"length", length, 1, 1},
    {"append", append, 0, ANY},
    {"reverse", reverse, 1, 1},
    {"vector", vector, 0, ANY},
    {"make-vector", make_vector, 1, 2},
    {"vector-length", vector_length, 1, 1},
    {"vector-ref", vector_ref, 2, 2},
    {"vector-set!", vector_set, 3, 3},
    {"string-length", string_length, 1, 1},
    {"string-append", string_append, 0, ANY},
    {"substring", substring, 3, 3},
    {"number->string", number_to_string, 1, 1},
    {"symbol->string", symbol_to_string, 1, 1},
    {"string->symbol", string_to_symbol, 1, 1},
    {"display", display, 1, 1},
    {"write", write_out, 1, 1},
    {"newline", newline, 0, 0},
    {"read", read_in, 0, 0},
    {"error", stop_with_error, 1, ANY},
    {"exit", stop, 0, 1},
};

enum { PRIMITIVES = sizeof primitives / sizeof *primitives };

static value procedures[PRIMITIVES];

void define_primitives(void) {
    for (int i = 0; i < PRIMITIVES; i++) {
        procedures[i] = make_permanent(PRIMITIVE, i);
        as_object(symbol(primitives[i].name, strlen(primitives[i].name)))->items[0] = procedures[i];
    }
}

value find_primitive(const char *name) {
    int at = 0;
    while (strcmp(primitives[at].name, name)) at++;
    return procedures[at];
}

const char *prelude =
    "(define (cadr l) (car (cdr l)))"
    "(define (cddr l) (cdr (cdr l)))"
    "(define (caddr l) (car (cddr l)))"
    "(define (map f l . more)"
    "  (cond ((null? l) '())"
    "        ((null? more) (cons (f (car l)) (map f (cdr l))))"
    "        (else (cons (apply f (car l) (map car more)) (apply map f (cdr l) (map cdr more))))))"
    "(define (for-each f l) (unless (null? l) (f (car l)) (for-each f (cdr l))))"
    "(define (filter f l)"
    "  (cond ((null? l) '()) ((f (car l)) (cons (car l) (filter f (cdr l)))) (else (filter f (cdr l)))))"
    "(define (fold-left f a l) (if (null? l) a (fold-left f (f a (car l)) (cdr l))))"
    "(define (member x l) (cond ((null? l) #f) ((equal? x (car l)) l) (else (member x (cdr l)))))"
    "(define (assoc x l) (cond ((null? l) #f) ((equal? x (car (car l))) (car l)) (else (assoc x (cdr l)))))"
    "(define (list-tail l n) (if (= n 0) l (list-tail (cdr l) (- n 1))))"
    "(define (list-ref l n) (car (list-tail l n)))\n";
