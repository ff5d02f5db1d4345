// Reads a filter: a recursive descent, one function a level of precedence, from `|` down to a single word.

#include <string.h>

#include "query.h"

enum { DEEPEST = 200, LONGEST = 4000 };

static int depth;

static filter *new_filter(int operation, const filter *a, const filter *b) {
    filter *made = allocate(1, sizeof *made);
    *made = (filter){.operation = operation, .a = a, .b = b};
    return made;
}

static const filter *new_constant(value value) {
    filter *made = new_filter(CONSTANT, NULL, NULL);
    made->constant = value;
    return made;
}

static const filter *new_unary(unary *function, const filter *a) {
    filter *made = new_filter(UNARY, a, NULL);
    made->unary = function;
    return made;
}

static const filter *new_binary(binary *function, const filter *a, const filter *b) {
    filter *made = new_filter(BINARY, a, b);
    made->binary = function;
    return made;
}

static const filter identity = {.operation = IDENTITY};

// ---- Words. The text of a filter is all there, and ends by a zero byte, so that it can be looked ahead in.

static int is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

static int is_digit(char c) { return c >= '0' && c <= '9'; }

static size_t name_length(const reader *reader) {
    size_t length = 0;
    while (is_letter(reader->at[length]) || (length && is_digit(reader->at[length]))) length++;
    return length;
}

static value take_name(reader *reader, size_t length) {
    value name = string(reader->at, length);
    while (length--) next(reader);
    return name;
}

static int is_next(reader *reader, const char *word) {
    skip_space(reader);
    size_t length = strlen(word);
    if (strncmp(reader->at, word, length)) return 0;
    return !is_letter(*word) || name_length(reader) == length;
}

static int accept(reader *reader, const char *word) {
    if (!is_next(reader, word)) return 0;
    for (; *word; word++) next(reader);
    return 1;
}

static void expect(reader *reader, const char *word, const char *message) {
    if (!accept(reader, word)) fail_at(reader, message);
}

// ---- From the lowest level up

static const filter *read_pipe(reader *reader);

static const filter *read_condition(reader *reader) {
    filter *made = new_filter(CONDITION, read_pipe(reader), NULL);
    expect(reader, "then", "behind a condition there has to be \"then\"");
    made->b = read_pipe(reader);
    made->c = &identity;
    if (accept(reader, "elif"))
        made->c = read_condition(reader);
    else {
        if (accept(reader, "else")) made->c = read_pipe(reader);
        expect(reader, "end", "an \"if\" ends by \"end\"");
    }
    return made;
}

static const filter *read_alternative(reader *reader);

// A member of an object: `name`, `name: value`, "any name": value, (computed): value.
static void read_member(reader *reader, filter *member) {
    skip_space(reader);
    size_t length = name_length(reader);
    int has_value = 0;
    if (length)
        member->a = new_constant(take_name(reader, length));
    else if (*reader->at == '"')
        member->a = new_constant(read_string(reader));
    else if (accept(reader, "(")) {
        member->a = read_pipe(reader);
        expect(reader, ")", "a parenthesis is not closed");
        has_value = 1;
    } else
        fail_at(reader, "here has to be the name of a member");
    if (accept(reader, ":"))
        member->b = read_alternative(reader);
    else if (has_value)
        fail_at(reader, "behind a computed name there has to be a colon");
    else
        member->b = new_binary(at, &identity, member->a);
}

static const filter *read_object(reader *reader) {
    static const value none = {.kind = OBJECT};
    if (accept(reader, "}")) return new_constant(none);
    filter *first = new_filter(CONSTRUCT, NULL, NULL), *member = first;
    while (read_member(reader, member), accept(reader, ",")) {
        filter *following = new_filter(CONSTRUCT, NULL, NULL);
        member->c = following;
        member = following;
    }
    expect(reader, "}", "behind a member of an object there has to be a comma, or }");
    return first;
}

static const filter *read_call(reader *reader, size_t length) {
    const size_t line = reader->line, column = reader->column;
    value name = take_name(reader, length);
    if (!strcmp(name.text, "null")) return new_constant(constant(NULL_VALUE));
    if (!strcmp(name.text, "false")) return new_constant(boolean(0));
    if (!strcmp(name.text, "true")) return new_constant(boolean(1));
    if (!strcmp(name.text, "empty")) return new_filter(NOTHING, NULL, NULL);
    if (!strcmp(name.text, "if")) return read_condition(reader);

    const filter *argument = NULL;
    if (accept(reader, "(")) {
        argument = read_pipe(reader);
        expect(reader, ")", "a parenthesis is not closed");
    }
    const struct function *function = find_function(name.text, name.count);
    if (argument) {
        if (!strcmp(name.text, "select")) return new_filter(SELECT, argument, NULL);
        if (!strcmp(name.text, "map")) {
            const filter *items = new_filter(EACH, &identity, NULL);
            return new_filter(COLLECT, new_filter(PIPE, items, argument), NULL);
        }
        if (function && function->binary) return new_binary(function->binary, &identity, argument);
        if (function && function->arrange) {
            filter *made = new_filter(ARRANGE, argument, NULL);
            made->arrange = function->arrange;
            return made;
        }
    } else if (function && function->unary)
        return new_unary(function->unary, &identity);
    reader->line = line, reader->column = column;
    fail_at(reader, argument ? "there is no such function with an argument" : "there is no such function without an argument");
}

static const filter *read_path(reader *reader);

static const filter *read_primary(reader *reader) {
    skip_space(reader);
    char c = *reader->at;
    const filter *inner;
    if (accept(reader, "..")) return new_filter(ALL, NULL, NULL);
    if (c == '.') {
        // If a name follows the dot, it is read with the dots that come later.
        if (!is_letter(reader->at[1]) && reader->at[1] != '"') next(reader);
        return &identity;
    }
    if (c == '"') return new_constant(read_string(reader));
    if (is_digit(c)) return new_constant(read_number(reader));
    if (accept(reader, "(")) {
        inner = read_pipe(reader);
        expect(reader, ")", "a parenthesis is not closed");
        return inner;
    }
    if (accept(reader, "[")) {
        static const filter nothing = {.operation = NOTHING};
        inner = is_next(reader, "]") ? &nothing : read_pipe(reader);
        expect(reader, "]", "a bracket is not closed");
        return new_filter(COLLECT, inner, NULL);
    }
    if (accept(reader, "{")) return read_object(reader);
    if (accept(reader, "-")) return new_unary(negate, read_path(reader));
    if (is_letter(c)) return read_call(reader, name_length(reader));
    fail_at(reader, c ? "here has to be a filter" : "the filter ends where something has to follow");
}

// Behind an opening bracket: [], [index], [from:to].
static const filter *read_brackets(reader *reader, const filter *of) {
    if (accept(reader, "]")) return new_filter(EACH, of, NULL);
    static const filter open = {.operation = CONSTANT, .constant = {.kind = NULL_VALUE}};
    const filter *from = is_next(reader, ":") ? &open : read_pipe(reader);
    if (accept(reader, ":")) {
        filter *made = new_filter(SLICE, of, from);
        made->c = is_next(reader, "]") ? &open : read_pipe(reader);
        of = made;
    } else
        of = new_binary(at, of, from);
    expect(reader, "]", "a bracket is not closed");
    return of;
}

static const filter *read_path(reader *reader) {
    if (++depth > DEEPEST) fail_at(reader, "the filter is nested too deeply");
    const filter *of = read_primary(reader);
    for (;;) {
        if (accept(reader, "["))
            of = read_brackets(reader, of);
        else if (is_next(reader, ".") && reader->at[1] == '"')
            next(reader), of = new_binary(at, of, new_constant(read_string(reader)));
        else if (is_next(reader, ".") && is_letter(reader->at[1]))
            next(reader), of = new_binary(at, of, new_constant(take_name(reader, name_length(reader))));
        else if (is_next(reader, ".") && reader->at[1] == '[')
            next(reader);
        else
            break;
    }
    depth--;
    return of;
}

static const filter *read_product(reader *reader) {
    const filter *left = read_path(reader);
    for (;;) {
        binary *function = is_next(reader, "//") ? NULL
                           : accept(reader, "*") ? multiply
                           : accept(reader, "/") ? divide
                           : accept(reader, "%") ? modulo
                                                 : NULL;
        if (!function) return left;
        left = new_binary(function, left, read_path(reader));
    }
}

static const filter *read_sum(reader *reader) {
    const filter *left = read_product(reader);
    for (;;) {
        binary *function = accept(reader, "+") ? add : accept(reader, "-") ? subtract : NULL;
        if (!function) return left;
        left = new_binary(function, left, read_product(reader));
    }
}

static const filter *read_comparison(reader *reader) {
    static const struct {
        const char *sign;
        binary *function;
    } signs[] = {{"==", equal}, {"!=", unequal}, {"<=", less_or_equal}, {"<", less}, {">=", greater_or_equal}, {">", greater}};
    const filter *left = read_sum(reader);
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (accept(reader, signs[i].sign)) return new_binary(signs[i].function, left, read_sum(reader));
    return left;
}

static const filter *read_and(reader *reader) {
    const filter *left = read_comparison(reader);
    while (accept(reader, "and")) left = new_filter(AND, left, read_comparison(reader));
    return left;
}

static const filter *read_or(reader *reader) {
    const filter *left = read_and(reader);
    while (accept(reader, "or")) left = new_filter(OR, left, read_and(reader));
    return left;
}

static const filter *read_alternative(reader *reader) {
    const filter *left = read_or(reader);
    return accept(reader, "//") ? new_filter(DEFAULT, left, read_alternative(reader)) : left;
}

static const filter *read_pipe(reader *reader) {
    const filter *left = read_alternative(reader);
    while (accept(reader, ",")) left = new_filter(BOTH, left, read_alternative(reader));
    return accept(reader, "|") ? new_filter(PIPE, left, read_pipe(reader)) : left;
}

const filter *read_filter(const char *text) {
    if (strlen(text) > LONGEST) fail("the filter is too long: it may have %d bytes", LONGEST);
    reader reader = reader_of(text, "filter");
    const filter *read = read_pipe(&reader);
    skip_space(&reader);
    if (*reader.at) fail_at(&reader, "here the filter could have ended, and what follows does not belong to it");
    return read;
}
