// Reads and writes JSON (RFC 8259).

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query.h"

enum { DEEPEST = 1000, TAB = 9, SPACE = 32 };

// ---- Readers

static char buffer[1 << 16];

reader reader_of(const char *text, const char *name) { return (reader){text, text + strlen(text), name, 0, 1, 1}; }

reader standard_input(void) { return (reader){buffer, buffer, "input", 1, 1, 1}; }

static int refill(reader *reader) {
    if (!reader->is_stream) return 0;
    size_t count = fread(buffer, 1, sizeof buffer, stdin);
    if (ferror(stdin)) fail("standard input cannot be read");
    reader->at = buffer;
    reader->end = buffer + count;
    return count > 0;
}

int peek(reader *reader) { return reader->at < reader->end || refill(reader) ? (unsigned char)*reader->at : -1; }

int next(reader *reader) {
    int byte = peek(reader);
    if (byte < 0) return byte;
    reader->at++;
    if (byte == '\n')
        reader->line++, reader->column = 1;
    else
        reader->column += (byte & 0xC0) != 0x80;  // columns are characters, and this byte begins one
    return byte;
}

void skip_space(reader *reader) {
    for (int c; (c = peek(reader)) == ' ' || c == '\n' || c == '\t' || c == '\r';) next(reader);
}

void fail_at(const reader *reader, const char *message) {
    fail("%s, line %zu, column %zu: %s", reader->name, reader->line, reader->column, message);
}

// ---- Bytes of a text, as they are put together

static struct {
    char *bytes;
    size_t count, room;
} text;

static void put(char byte) {
    if (text.count == text.room) {
        text.room = text.room ? 2 * text.room : 1 << 12;
        text.bytes = realloc(text.bytes, text.room);
        if (!text.bytes) fail("there is not enough memory");
    }
    text.bytes[text.count++] = byte;
}

static value take_text(enum kind kind) {
    value taken = string(text.bytes, text.count);
    taken.kind = kind;
    text.count = 0;
    return taken;
}

// ---- Reading

static uint32_t read_hexadecimal(reader *reader) {
    uint32_t unit = 0;
    for (int i = 0; i < 4; i++) {
        int c = peek(reader);
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
        if (digit < 0) fail_at(reader, "behind \\u there have to be four hexadecimal digits");
        unit = 16 * unit + (uint32_t)digit;
        next(reader);
    }
    return unit;
}

static void put_character(uint32_t code) {
    if (code < 0x80) {
        put((char)code);
        return;
    }
    int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const uint8_t first[] = {0, 0xC0, 0xE0, 0xF0};
    put((char)(first[more] | code >> 6 * more));
    while (more--) put((char)(0x80 | (code >> 6 * more & 0x3F)));
}

static void read_escape(reader *reader) {
    next(reader);
    static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    int c = peek(reader);
    const char *letter = c > 0 ? strchr(letters, c) : NULL;
    if (letter) {
        put(meant[letter - letters]);
        next(reader);
        return;
    }
    if (c != 'u') fail_at(reader, "there is no such escape: behind a backslash there can be \", \\, /, b, f, n, r, t and u");
    next(reader);
    uint32_t code = read_hexadecimal(reader);
    if (code >= 0xD800 && code < 0xDC00) {
        if (peek(reader) != '\\' || (next(reader), peek(reader)) != 'u') fail_at(reader, "here the second half of a \\u pair is missing");
        next(reader);
        uint32_t low = read_hexadecimal(reader);
        if (low < 0xDC00 || low >= 0xE000) fail_at(reader, "this is not the second half of a \\u pair");
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code >= 0xDC00 && code < 0xE000)
        fail_at(reader, "the first half of this \\u pair is missing");
    put_character(code);
}

// One character of several bytes (RFC 3629).
static void read_character(reader *reader) {
    int first = peek(reader);
    int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
    // What the second byte may be is less than usual where a code would be too long, half of a pair, or too high.
    int low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80, high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (first < 0xC2 || first > 0xF4) fail_at(reader, "this is not UTF-8");
    put((char)next(reader));
    for (; more--; low = 0x80, high = 0xBF) {
        int c = peek(reader);
        if (c < low || c > high) fail_at(reader, "this is not UTF-8");
        put((char)next(reader));
    }
}

value read_string(reader *reader) {
    const size_t line = reader->line, column = reader->column;
    next(reader);
    for (int c; (c = peek(reader)) != '"';) {
        if (c < 0) {
            reader->line = line, reader->column = column;
            fail_at(reader, "this string has no closing quotes");
        }
        if (c < SPACE) fail_at(reader, "a control character in a string has to be escaped");
        if (c == '\\')
            read_escape(reader);
        else if (c < 0x80)
            put((char)next(reader));
        else
            read_character(reader);
    }
    next(reader);
    return take_text(STRING);
}

static void read_digits(reader *reader, const char *where) {
    if (peek(reader) < '0' || peek(reader) > '9') fail_at(reader, where);
    while (peek(reader) >= '0' && peek(reader) <= '9') put((char)next(reader));
}

value read_number(reader *reader) {
    if (peek(reader) == '-') put((char)next(reader));
    if (peek(reader) == '0') {
        put((char)next(reader));
        if (peek(reader) >= '0' && peek(reader) <= '9') fail_at(reader, "a number does not begin with a superfluous 0");
    } else
        read_digits(reader, "a number has digits behind its sign");
    if (peek(reader) == '.') {
        put((char)next(reader));
        read_digits(reader, "a number has digits behind its point");
    }
    if (peek(reader) == 'e' || peek(reader) == 'E') {
        put((char)next(reader));
        if (peek(reader) == '+' || peek(reader) == '-') put((char)next(reader));
        read_digits(reader, "a number has digits behind its e");
    }
    return take_text(NUMBER);
}

static value read_word(reader *reader) {
    static const char *const words[] = {[NULL_VALUE] = "null", [FALSE_VALUE] = "false", [TRUE_VALUE] = "true"};
    for (enum kind kind = NULL_VALUE; kind <= TRUE_VALUE; kind++) {
        if (peek(reader) != words[kind][0]) continue;
        for (const char *c = words[kind]; *c; c++)
            if (peek(reader) == *c)
                next(reader);
            else
                fail_at(reader, "only null, false and true are written without quotes");
        return constant(kind);
    }
    fail_at(reader, peek(reader) < 0 ? "the input ends where a value has to be" : "here has to be a value");
}

static value read_at(reader *reader, int depth);

static value read_array(reader *reader, int depth) {
    size_t from = pushed();
    next(reader), skip_space(reader);
    if (peek(reader) != ']')
        for (;; next(reader)) {
            push(read_at(reader, depth));
            skip_space(reader);
            if (peek(reader) != ',') break;
        }
    if (peek(reader) != ']') fail_at(reader, "behind an item of an array there has to be a comma, or ]");
    next(reader);
    return take_array(from);
}

static value read_object(reader *reader, int depth) {
    size_t from = pushed();
    next(reader), skip_space(reader);
    if (peek(reader) != '}')
        for (;; next(reader)) {
            skip_space(reader);
            if (peek(reader) != '"') fail_at(reader, "here has to be the name of a member, in quotes");
            push(read_string(reader));
            skip_space(reader);
            if (peek(reader) != ':') fail_at(reader, "behind the name of a member there has to be a colon");
            next(reader);
            push(read_at(reader, depth));
            skip_space(reader);
            if (peek(reader) != ',') break;
        }
    if (peek(reader) != '}') fail_at(reader, "behind a member of an object there has to be a comma, or }");
    next(reader);
    return take_object(from);
}

static value read_at(reader *reader, int depth) {
    if (depth == DEEPEST) fail_at(reader, "arrays and objects are nested too deeply");
    skip_space(reader);
    int c = peek(reader);
    if (c == '{') return read_object(reader, depth + 1);
    if (c == '[') return read_array(reader, depth + 1);
    if (c == '"') return read_string(reader);
    if (c == '-' || (c >= '0' && c <= '9')) return read_number(reader);
    return read_word(reader);
}

value read_value(reader *reader) { return read_at(reader, 0); }

// ---- Writing: to `text`, from where it goes to standard output or into a string

static void put_all(const char *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) put(bytes[i]);
}

static void put_line(style style, int depth) {
    if (style.is_compact) return;
    put('\n');
    for (int i = 0; i < 2 * depth; i++) put(' ');
}

static void put_string(value of) {
    put('"');
    for (size_t i = 0; i < of.count; i++) {
        char c = of.text[i];
        static const char meant[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
        const char *known = c ? strchr(meant, c) : NULL;
        if (known)
            put('\\'), put(letters[known - meant]);
        else if ((unsigned char)c < SPACE || c == 0x7F) {
            char escape[7];
            put_all(escape, (size_t)snprintf(escape, sizeof escape, "\\u%04x", (unsigned)c));
        } else
            put(c);
    }
    put('"');
}

// A computed number, with the fewest digits that mean it.
static void put_number(double number) {
    char digits[32];
    int length = 0;
    if (number == 0) number = 0;  // not -0
    for (int precision = 15; precision <= 17; precision++) {
        length = snprintf(digits, sizeof digits, "%.*g", precision, number);
        if (strtod(digits, NULL) == number) break;
    }
    if (strchr(digits, 'e') && number > -1e17 && number < 1e17 && number == (double)(int64_t)number)
        length = snprintf(digits, sizeof digits, "%.0f", number);
    put_all(digits, (size_t)length);
}

static void put_value(value of, style style, int depth) {
    switch (of.kind) {
        case NUMBER:
            if (of.count)
                put_all(of.text, of.count);
            else
                put_number(of.computed);
            return;
        case STRING: put_string(of); return;
        case ARRAY:
            put('[');
            for (size_t i = 0; i < of.count; i++) {
                if (i) put(',');
                put_line(style, depth + 1);
                put_value(of.items[i], style, depth + 1);
            }
            if (of.count) put_line(style, depth);
            put(']');
            return;
        case OBJECT:
            put('{');
            for (size_t i = 0; i < of.count; i++) {
                if (i) put(',');
                put_line(style, depth + 1);
                put_string(of.members[i].key);
                put(':');
                if (!style.is_compact) put(' ');
                put_value(of.members[i].value, style, depth + 1);
            }
            if (of.count) put_line(style, depth);
            put('}');
            return;
        default: put_all(name_of(of.kind), strlen(name_of(of.kind)));
    }
}

void write_value(value of, style style) {
    if (style.is_raw && of.kind == STRING)
        put_all(of.text, of.count);
    else
        put_value(of, style, 0);
    put('\n');
    fwrite(text.bytes, 1, text.count, stdout);
    text.count = 0;
}

value text_of(value of) {
    put_value(of, (style){.is_compact = 1}, 0);
    return take_text(STRING);
}
