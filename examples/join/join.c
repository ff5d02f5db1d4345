// Joins two tables in CSV (RFC 4180), and sorts the result.
//
//     join [-l] LEFT RIGHT [COLUMN ...] < TABLES > TABLE
//
// Standard input is the two tables, each with a line of column names, and an empty line between them. Rows belong
// together if the first table's column LEFT is the same text as the second table's column RIGHT. A row of the result
// has the first table's columns, then the second's without RIGHT. With -l, rows of the first table that have no partner
// stay, the other columns empty. The result is in the order of the first table, and then of the second; with COLUMNs it
// is sorted by these, the first counts most, and -COLUMN is from high to low. Numbers come before text and are compared
// as numbers.

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char *message) {
    fprintf(stderr, "join: %s\n", message);
    exit(1);
}

static void fail_at(const char *message, size_t line) {
    fprintf(stderr, "join: line %zu: %s\n", line, message);
    exit(1);
}

// More room for an array: for at least one item more than `count`, doubled whenever it is full.
static void *grow(void *items, size_t count, size_t item_size) {
    if (count & (count - 1)) return items;
    size_t room = count ? 2 * count : 1;
    items = realloc(items, room * item_size);
    if (!items) fail("there is not enough memory");
    return items;
}

// ---- Fields

typedef struct {
    char *at;
    size_t length;
} field;

static int by_text(field a, field b) {
    int order = memcmp(a.at, b.at, a.length < b.length ? a.length : b.length);
    return order ? order : (a.length > b.length) - (a.length < b.length);
}

// A decimal number of any length: digits before the point without leading zeros, digits behind it without trailing
// ones.
typedef struct {
    int is_number, is_negative;
    field whole, fraction;
} decimal;

static field digits(char **at, const char *end) {
    field run = {*at, 0};
    while (*at < end && **at >= '0' && **at <= '9') ++*at;
    run.length = (size_t)(*at - run.at);
    return run;
}

static decimal read_decimal(field text) {
    decimal number = {0};
    char *at = text.at, *end = at + text.length;
    if (at < end && *at == '-') number.is_negative = 1, at++;
    number.whole = number.fraction = digits(&at, end);
    if (!number.whole.length) return number;
    number.fraction.length = 0;
    if (at < end && *at == '.') {
        at++;
        number.fraction = digits(&at, end);
        if (!number.fraction.length) return number;
    }
    number.is_number = at == end;

    while (number.whole.length && *number.whole.at == '0') number.whole.at++, number.whole.length--;
    while (number.fraction.length && number.fraction.at[number.fraction.length - 1] == '0') number.fraction.length--;
    if (!number.whole.length && !number.fraction.length) number.is_negative = 0;
    return number;
}

static int by_value(field a, field b) {
    decimal x = read_decimal(a), y = read_decimal(b);
    if (!x.is_number || !y.is_number) return x.is_number || y.is_number ? y.is_number - x.is_number : by_text(a, b);
    if (x.is_negative != y.is_negative) return y.is_negative - x.is_negative;
    int order = (x.whole.length > y.whole.length) - (x.whole.length < y.whole.length);
    if (!order) order = by_text(x.whole, y.whole);
    if (!order) order = by_text(x.fraction, y.fraction);
    return x.is_negative ? -order : order;
}

// ---- Tables

typedef struct {
    size_t columns, rows;  // the names of the columns are not a row
    field *names, *cells;  // row by row
} table;

static const field *row_of(const table *table, size_t row) { return table->cells + row * table->columns; }

static struct {
    char *at, *end;
    size_t line;
} input = {.line = 1};

static void read_all(void) {
    size_t length = 0, room = 1 << 16;
    char *text = malloc(room);
    for (size_t got; text && (got = fread(text + length, 1, room - length, stdin)) > 0;) {
        length += got;
        if (length == room) text = realloc(text, room *= 2);
    }
    if (!text || ferror(stdin)) fail("standard input cannot be read");
    input.at = text;
    input.end = text + length;
}

// Moves on behind the end of a line, if there is one here.
static int end_line(void) {
    size_t left = (size_t)(input.end - input.at);
    size_t length = left >= 1 && *input.at == '\n' ? 1 : left >= 2 && !memcmp(input.at, "\r\n", 2) ? 2 : 0;
    input.at += length;
    input.line += length > 0;
    return length > 0;
}

// A field in quotes; it is made shorter in its place, a pair of quotes to one.
static field read_quoted(void) {
    size_t first_line = input.line;
    field text = {++input.at, 0};
    for (char *to = text.at; input.at < input.end; *to++ = *input.at++, text.length++) {
        if (*input.at == '"' && (++input.at == input.end || *input.at != '"')) return text;
        if (*input.at == '\n') input.line++;
    }
    fail_at("the quotes that open here are not closed", first_line);
    return text;
}

static field read_field(void) {
    if (input.at < input.end && *input.at == '"') return read_quoted();
    field text = {input.at, 0};
    for (; input.at < input.end && *input.at != ',' && *input.at != '\n'; input.at++) {
        if (*input.at == '"') fail_at("quotes have to be around the whole field", input.line);
        if (*input.at == '\r' && input.end - input.at > 1 && input.at[1] == '\n') break;
    }
    text.length = (size_t)(input.at - text.at);
    return text;
}

// Reads the fields of a line behind those that are there already; the number of all of them.
static size_t read_line(field **fields, size_t count) {
    for (;; input.at++) {
        *fields = grow(*fields, count, sizeof **fields);
        (*fields)[count++] = read_field();
        if (input.at == input.end || end_line()) return count;
        if (*input.at != ',') fail_at("behind closing quotes there has to be a comma", input.line);
    }
}

// Reads up to an empty line, or to the end.
static table read_table(void) {
    table read = {0};
    while (end_line()) continue;
    if (input.at == input.end) fail("two tables are needed, with an empty line between them");
    read.columns = read_line(&read.names, 0);
    for (size_t count = 0; input.at < input.end && !end_line(); read.rows++) {
        size_t line = input.line, before = count;
        count = read_line(&read.cells, before);
        if (count - before != read.columns) fail_at("this row has not as many fields as there are columns", line);
    }
    return read;
}

// The number of columns if there is none of that name.
static size_t find_column(const table *table, const char *name) {
    size_t column = 0;
    while (column < table->columns && by_text(table->names[column], (field){(char *)name, strlen(name)})) column++;
    return column;
}

// ---- Sorting: merge sort, which keeps equal items in their order. An order says whether item b belongs before item a.

typedef int order(size_t a, size_t b);

static void sort_part(size_t *items, size_t *spare, size_t count, order *is_before) {
    if (count < 2) return;
    size_t half = count / 2;
    sort_part(items, spare, half, is_before);
    sort_part(items + half, spare, count - half, is_before);
    memcpy(spare, items, half * sizeof *items);
    for (size_t left = 0, right = half, to = 0; left < half; to++)
        items[to] = right < count && is_before(spare[left], items[right]) ? items[right++] : spare[left++];
}

static void sort(size_t *items, size_t count, order *is_before) {
    size_t *spare = calloc(count + 1, sizeof *spare);
    if (!spare) fail("there is not enough memory");
    sort_part(items, spare, count, is_before);
    free(spare);
}

// ---- Joining

static table left, right;
static size_t left_key, right_key;

static field key_of(size_t right_row) { return row_of(&right, right_row)[right_key]; }

static int key_is_before(size_t a, size_t b) { return by_text(key_of(b), key_of(a)) < 0; }

// Pairs of rows; no row of the second table is shown by the number of its rows.
static struct {
    size_t left, right;
} *pairs;
static size_t pair_count;

static void add_pair(size_t left_row, size_t right_row) {
    pairs = grow(pairs, pair_count, sizeof *pairs);
    pairs[pair_count].left = left_row;
    pairs[pair_count++].right = right_row;
}

static void pair_rows(int keeps_all) {
    size_t *rows = calloc(right.rows + 1, sizeof *rows);
    if (!rows) fail("there is not enough memory");
    for (size_t i = 0; i < right.rows; i++) rows[i] = i;
    sort(rows, right.rows, key_is_before);

    for (size_t i = 0; i < left.rows; i++) {
        field key = row_of(&left, i)[left_key];
        size_t first = 0, end = right.rows;
        while (first < end) {
            size_t middle = first + (end - first) / 2;
            if (by_text(key_of(rows[middle]), key) < 0)
                first = middle + 1;
            else
                end = middle;
        }
        size_t before = pair_count;
        for (; first < right.rows && !by_text(key_of(rows[first]), key); first++) add_pair(i, rows[first]);
        if (keeps_all && pair_count == before) add_pair(i, right.rows);
    }
    free(rows);
}

static field cell(size_t pair, int is_right, size_t column) {
    if (!is_right) return row_of(&left, pairs[pair].left)[column];
    if (pairs[pair].right == right.rows) return (field){"", 0};
    return row_of(&right, pairs[pair].right)[column];
}

// ---- The order of the result

static struct sort_key {
    int is_right, is_downwards;
    size_t column;
} *sort_keys;
static size_t sort_key_count;

static int pair_is_before(size_t a, size_t b) {
    for (size_t i = 0; i < sort_key_count; i++) {
        const struct sort_key *key = &sort_keys[i];
        int order = by_value(cell(b, key->is_right, key->column), cell(a, key->is_right, key->column));
        if (order) return key->is_downwards ? order > 0 : order < 0;
    }
    return 0;
}

static size_t require_column(const table *table, const char *name) {
    size_t column = find_column(table, name);
    if (column < table->columns) return column;
    fprintf(stderr, "join: there is no column \"%s\"\n", name);
    exit(1);
}

static struct sort_key read_sort_key(const char *name) {
    struct sort_key key = {0};
    // A name of a column may itself start with a dash.
    if (*name == '-' && find_column(&left, name) == left.columns && find_column(&right, name) == right.columns)
        key.is_downwards = 1, name++;
    key.column = find_column(&left, name);
    key.is_right = key.column == left.columns;
    if (key.is_right) key.column = require_column(&right, name);
    return key;
}

// ---- Writing

static void put_field(field text, int is_first) {
    int is_plain = 1;
    if (!is_first) putchar(',');
    for (size_t i = 0; i < text.length; i++)
        if (strchr("\",\r\n", text.at[i]) && text.at[i]) is_plain = 0;
    if (is_plain) {
        fwrite(text.at, 1, text.length, stdout);
        return;
    }
    putchar('"');
    for (size_t i = 0; i < text.length; i++) {
        if (text.at[i] == '"') putchar('"');
        putchar(text.at[i]);
    }
    putchar('"');
}

static void put_names(void) {
    for (size_t i = 0; i < left.columns; i++) put_field(left.names[i], i == 0);
    for (size_t i = 0; i < right.columns; i++)
        if (i != right_key) put_field(right.names[i], 0);
    putchar('\n');
}

static void put_row(size_t pair) {
    for (size_t i = 0; i < left.columns; i++) put_field(cell(pair, 0, i), i == 0);
    for (size_t i = 0; i < right.columns; i++)
        if (i != right_key) put_field(cell(pair, 1, i), 0);
    putchar('\n');
}

int main(int count, char **arguments) {
    int keeps_all = count > 1 && !strcmp(arguments[1], "-l");
    arguments += keeps_all, count -= keeps_all;
    if (count < 3) {
        fprintf(stderr, "usage: join [-l] LEFT RIGHT [COLUMN ...] < TABLES > TABLE\n");
        return 2;
    }
    read_all();
    char *text = input.at;
    left = read_table();
    right = read_table();
    while (end_line()) continue;
    if (input.at < input.end) fail_at("there are more than two tables", input.line);
    left_key = require_column(&left, arguments[1]);
    right_key = require_column(&right, arguments[2]);
    sort_key_count = (size_t)count - 3;
    sort_keys = calloc(sort_key_count + 1, sizeof *sort_keys);
    if (!sort_keys) fail("there is not enough memory");
    for (size_t i = 0; i < sort_key_count; i++) sort_keys[i] = read_sort_key(arguments[3 + i]);

    pair_rows(keeps_all);
    size_t *rows = calloc(pair_count + 1, sizeof *rows);
    if (!rows) fail("there is not enough memory");
    for (size_t i = 0; i < pair_count; i++) rows[i] = i;
    sort(rows, pair_count, pair_is_before);

    put_names();
    for (size_t i = 0; i < pair_count; i++) put_row(rows[i]);
    if (fflush(stdout) || ferror(stdout)) fail("standard output cannot be written");

    free(rows), free(pairs), free(sort_keys), free(text);
    free(left.names), free(left.cells), free(right.names), free(right.cells);
    return 0;
}
