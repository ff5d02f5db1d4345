// Reading values from text, and writing them.

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "scheme.h"

// ---- Characters: those of the prelude, and then those of standard input

static int next = '\n';
static unsigned line;  // 0 before the first one of standard input
unsigned line_of_form;

static void step(void) {
    if (*prelude) {
        next = *prelude++;
        return;
    }
    line += next == '\n';
    next = getchar();
}

static int is_space(int character) { return character == ' ' || (character >= '\t' && character <= '\r'); }

static void skip_spaces(void) {
    while (is_space(next) || next == ';') {
        if (next == ';')
            while (next != '\n' && next != EOF) step();
        else
            step();
    }
}

// ---- Reading

static struct {
    char *bytes;
    size_t length, room;
} token;

static void keep(int character) {
    if (token.length == token.room) token.bytes = resize(token.bytes, token.room = 2 * token.room + 16, 1);
    token.bytes[token.length++] = (char)character;
}

static value read_string(void) {
    token.length = 0;
    for (step(); next != '"'; step()) {
        if (next == '\\') {
            step();
            if (next == 'n') next = '\n';
            if (next == 't') next = '\t';
            keep(next);
            continue;
        }
        if (next == EOF) fail("a string has no closing quotes");
        keep(next);
    }
    step();
    return text(token.bytes, token.length);
}

static int is_integer(void) {
    size_t start = token.length > 1 && (token.bytes[0] == '-' || token.bytes[0] == '+');
    for (size_t i = start; i < token.length; i++)
        if (token.bytes[i] < '0' || token.bytes[i] > '9') return 0;
    return 1;
}

static value read_integer(void) {
    int is_negative = token.bytes[0] == '-';
    int64_t sum = 0;
    for (size_t i = is_negative || token.bytes[0] == '+'; i < token.length; i++) {
        if (sum > INT64_MAX / 20) fail("a number is too large");
        sum = 10 * sum + token.bytes[i] - '0';
    }
    return number(is_negative ? -sum : sum);
}

static value read_word(void) {
    for (token.length = 0; next != EOF && !is_space(next) && !strchr("()'`,\";", next); step()) keep(next);
    if (!token.length) fail("there is a character that starts nothing");
    if (is_integer()) return read_integer();
    if (token.length == 2 && !memcmp(token.bytes, "#t", 2)) return yes;
    if (token.length == 2 && !memcmp(token.bytes, "#f", 2)) return no;
    return symbol(token.bytes, token.length);
}

static value read_nested(unsigned depth);

static value read_list(unsigned depth) {
    value list = nil, last = nil, dot = symbol(".", 1);
    for (step();; ) {
        skip_spaces();
        if (next == EOF) fail("a parenthesis is not closed");
        if (next == ')') break;
        value item = read_nested(depth + 1);
        if (list != nil && item == dot) {
            as_object(last)->items[1] = read_nested(depth + 1);
            skip_spaces();
            if (next != ')') fail("there is more than one value behind a dot");
            break;
        }
        value pair = cons(item, nil);
        if (list == nil)
            list = pair;
        else
            as_object(last)->items[1] = pair;
        last = pair;
    }
    step();
    return list;
}

static value read_quoted(const char *name, unsigned depth) {
    return cons(symbol(name, strlen(name)), cons(read_nested(depth + 1), nil));
}

static value read_nested(unsigned depth) {
    if (depth > DEEPEST) fail("lists are nested too deeply");
    skip_spaces();
    switch (next) {
    case EOF: fail("there has to be a value before the end");
    case '(': return read_list(depth);
    case ')': fail("a parenthesis is closed that is not open");
    case '"': return read_string();
    case '\'': step(); return read_quoted("quote", depth);
    case '`': step(); return read_quoted("quasiquote", depth);
    case ',':
        step();
        if (next != '@') return read_quoted("unquote", depth);
        step();
        return read_quoted("unquote-splicing", depth);
    default: return read_word();
    }
}

value read_value(void) {
    skip_spaces();
    line_of_form = line;
    return next == EOF ? end_of_input : read_nested(0);
}

// ---- Writing

static void write_string(value v, FILE *file) {
    const char *bytes = bytes_of(v);
    putc('"', file);
    for (uint32_t i = 0; i < as_object(v)->length; i++) {
        if (bytes[i] == '"' || bytes[i] == '\\') putc('\\', file);
        if (bytes[i] == '\n')
            fputs("\\n", file);
        else
            putc(bytes[i], file);
    }
    putc('"', file);
}

static void write_nested(value v, int is_display, FILE *file, unsigned depth);

static void write_list(value v, int is_display, FILE *file, unsigned depth) {
    for (char before = '('; is_kind(v, PAIR); before = ' ', v = cdr(v)) {
        putc(before, file);
        write_nested(car(v), is_display, file, depth + 1);
    }
    if (v != nil) {
        fputs(" . ", file);
        write_nested(v, is_display, file, depth + 1);
    }
    putc(')', file);
}

static void write_nested(value v, int is_display, FILE *file, unsigned depth) {
    static const char *const names[] = {"()", "#t", "#f", "", "#<end of input>"};
    if (is_number(v)) {
        fprintf(file, "%" PRId64, as_number(v));
        return;
    }
    object *of = as_object(v);
    if (depth > DEEPEST) {
        fputs("...", file);
        return;
    }
    switch (of->kind) {
    case PAIR: write_list(v, is_display, file, depth); return;
    case VECTOR:
        fputs("#(", file);
        for (uint32_t i = 0; i < of->length; i++) {
            if (i) putc(' ', file);
            write_nested(of->items[i], is_display, file, depth + 1);
        }
        putc(')', file);
        return;
    case STRING:
        if (!is_display) {
            write_string(v, file);
            return;
        }
        // falls through
    case SYMBOL: fwrite(bytes_of(v), 1, of->length, file); return;
    case CONSTANT: fputs(names[as_number(of->items[0])], file); return;
    default: fputs("#<procedure>", file);
    }
}

void write_value(value v, int is_display, FILE *file) { write_nested(v, is_display, file, 0); }

// ---- Errors

noreturn void fail(const char *message) {
    fflush(stdout);
    fprintf(stderr, "scheme: in the form at line %u: %s\n", line_of_form, message);
    exit(1);
}

noreturn void fail_with(const char *message, value v) {
    fflush(stdout);
    fprintf(stderr, "scheme: in the form at line %u: %s ", line_of_form, message);
    write_value(v, 0, stderr);
    putc('\n', stderr);
    exit(1);
}
