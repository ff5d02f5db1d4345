// What can be done with values: operators, and functions by name.

#include <stdlib.h>
#include <string.h>

#include "query.h"

_Noreturn static void refuse(const char *what, value a) { fail("%s: this is %s, %s", what, name_of(a.kind), shown(a)); }

static void require(enum kind kind, value of, const char *what) {
    if (of.kind != kind) refuse(what, of);
}

// ---- Operators

static double operand(value of) {
    require(NUMBER, of, "only numbers can be computed with");
    return number_of(of);
}

value negate(value of) { return computed(-operand(of)); }

value add(value of, value with) {
    if (of.kind == NULL_VALUE) return with;
    if (with.kind == NULL_VALUE) return of;
    if (of.kind == NUMBER && with.kind == NUMBER) return computed(number_of(of) + number_of(with));
    if (of.kind != with.kind || of.kind < STRING)
        fail("%s and %s cannot be added: %s, %s", name_of(of.kind), name_of(with.kind), shown(of), shown(with));
    if (of.kind == STRING) {
        char *text = allocate(of.count + with.count + 1, 1);
        memcpy(text, of.text, of.count);
        memcpy(text + of.count, with.text, with.count + 1);
        return (value){.kind = STRING, .count = of.count + with.count, .text = text};
    }
    size_t from = pushed();
    value both[] = {of, with};
    for (int part = 0; part < 2; part++)
        for (size_t i = 0; i < both[part].count; i++)
            if (of.kind == ARRAY)
                push(both[part].items[i]);
            else
                push(both[part].members[i].key), push(both[part].members[i].value);
    return of.kind == ARRAY ? take_array(from) : take_object(from);
}

static int contains(value array, value item) {
    for (size_t i = 0; i < array.count; i++)
        if (!compare(array.items[i], item)) return 1;
    return 0;
}

// Of two arrays: the items of the first that are not in the second.
value subtract(value of, value with) {
    if (of.kind != ARRAY || with.kind != ARRAY) return computed(operand(of) - operand(with));
    size_t from = pushed();
    for (size_t i = 0; i < of.count; i++)
        if (!contains(with, of.items[i])) push(of.items[i]);
    return take_array(from);
}

value multiply(value of, value with) { return computed(operand(of) * operand(with)); }

static double divisor(value with) {
    double by = operand(with);
    if (by == 0) fail("this divides by zero");
    return by;
}

value divide(value of, value with) { return computed(operand(of) / divisor(with)); }

static const double SAFE = 1LL << 53;  // whole numbers up to here are exact

static int64_t whole(double number) {
    if (number > SAFE || number < -SAFE) fail("this number is too large for a remainder: %.17g", number);
    return (int64_t)number;
}

// Of whole numbers; fractions are cut off. It has the sign of the first number.
value modulo(value of, value with) {
    int64_t by = whole(operand(with));
    return computed((double)(whole(operand(of)) % (int64_t)divisor(computed((double)by))));
}

value equal(value of, value with) { return boolean(compare(of, with) == 0); }
value unequal(value of, value with) { return boolean(compare(of, with) != 0); }
value less(value of, value with) { return boolean(compare(of, with) < 0); }
value less_or_equal(value of, value with) { return boolean(compare(of, with) <= 0); }
value greater(value of, value with) { return boolean(compare(of, with) > 0); }
value greater_or_equal(value of, value with) { return boolean(compare(of, with) >= 0); }

// ---- Parts of values

static double floor_of(double number) {
    if (number > SAFE || number < -SAFE) return number;
    double cut = (double)(int64_t)number;
    return cut > number ? cut - 1 : cut;
}

// A member by its name, or an item by its place, which counts from the end if it is negative; null if there is none.
value at(value of, value key) {
    if (of.kind == NULL_VALUE && (key.kind == STRING || key.kind == NUMBER)) return of;
    if (key.kind == STRING) {
        if (of.kind != OBJECT) fail("only objects have members: .%s of %s, %s", shown(key), name_of(of.kind), shown(of));
        const value *found = find(of, key);
        return found ? *found : constant(NULL_VALUE);
    }
    if (of.kind != ARRAY || key.kind != NUMBER) fail("there is no place %s in %s, %s", shown(key), name_of(of.kind), shown(of));
    double place = floor_of(number_of(key));
    if (place < 0) place += (double)of.count;
    return place >= 0 && place < (double)of.count ? of.items[(size_t)place] : constant(NULL_VALUE);
}

static size_t bound(value of, size_t count, size_t open) {
    if (of.kind == NULL_VALUE) return open;
    double place = floor_of(operand(of));
    if (place < 0) place += (double)count;
    return place < 0 ? 0 : place > (double)count ? count : (size_t)place;
}

static int begins_character(char byte) { return (byte & 0xC0) != 0x80; }

static size_t characters(value text) {
    size_t count = 0;
    for (size_t i = 0; i < text.count; i++) count += begins_character(text.text[i]);
    return count;
}

// Where a character begins.
static size_t offset(value text, size_t character) {
    size_t i = 0;
    for (size_t seen = 0; i < text.count; i++)
        if (begins_character(text.text[i]) && seen++ == character) break;
    return i;
}

value slice(value of, value from, value to) {
    if (of.kind == NULL_VALUE) return of;
    if (of.kind != ARRAY && of.kind != STRING) refuse("only arrays and strings have parts", of);
    size_t count = of.kind == ARRAY ? of.count : characters(of);
    size_t start = bound(from, count, 0), end = bound(to, count, count);
    if (end < start) end = start;
    if (of.kind == ARRAY) return (value){.kind = ARRAY, .count = end - start, .items = of.items + start};
    start = offset(of, start), end = offset(of, end);
    return string(of.text + start, end - start);
}

static value length(value of) {
    switch (of.kind) {
        case NULL_VALUE: return computed(0);
        case NUMBER: return number_of(of) < 0 ? negate(of) : of;
        case STRING: return computed((double)characters(of));
        case ARRAY:
        case OBJECT: return computed((double)of.count);
        default: refuse("this has no length", of);
    }
}

static value sorted_array(value array);

static value keys(value of) {
    size_t from = pushed();
    if (of.kind != ARRAY) require(OBJECT, of, "only objects and arrays have keys");
    for (size_t i = 0; i < of.count; i++) push(of.kind == ARRAY ? computed((double)i) : of.members[i].key);
    return sorted_array(take_array(from));
}

static value has(value of, value key) {
    if (of.kind == OBJECT && key.kind == STRING) return boolean(find(of, key) != NULL);
    if (of.kind == ARRAY && key.kind == NUMBER) return boolean(number_of(key) >= 0 && number_of(key) < (double)of.count);
    fail("%s cannot have %s", name_of(of.kind), shown(key));
}

static value to_entries(value of) {
    require(OBJECT, of, "only an object has entries");
    size_t all = pushed();
    for (size_t i = 0; i < of.count; i++) {
        size_t entry = pushed();
        push(string("key", 3)), push(of.members[i].key);
        push(string("value", 5)), push(of.members[i].value);
        value made = take_object(entry);
        push(made);
    }
    return take_array(all);
}

static value from_entries(value of) {
    require(ARRAY, of, "entries are an array");
    size_t from = pushed();
    for (size_t i = 0; i < of.count; i++) {
        value key = at(of.items[i], string("key", 3));
        require(STRING, key, "the key of an entry is a string");
        push(key), push(at(of.items[i], string("value", 5)));
    }
    return take_object(from);
}

// ---- Arrays as a whole

static value all(value of) {
    require(ARRAY, of, "all is for arrays");
    for (size_t i = 0; i < of.count; i++)
        if (!is_true(of.items[i])) return boolean(0);
    return boolean(1);
}

static value any(value of) {
    require(ARRAY, of, "any is for arrays");
    for (size_t i = 0; i < of.count; i++)
        if (is_true(of.items[i])) return boolean(1);
    return boolean(0);
}

// Strings and arrays are put together at once: one after the other, it would take the square of the time.
static value total(value of) {
    require(ARRAY, of, "add is for arrays");
    size_t from = pushed(), bytes = 0;
    int are_strings = of.count > 0, are_arrays = of.count > 0;
    for (size_t i = 0; i < of.count; i++) {
        are_strings &= of.items[i].kind == STRING, are_arrays &= of.items[i].kind == ARRAY;
        if (are_strings) bytes += of.items[i].count;
    }
    if (are_arrays) {
        for (size_t i = 0; i < of.count; i++)
            for (size_t k = 0; k < of.items[i].count; k++) push(of.items[i].items[k]);
        return take_array(from);
    }
    if (are_strings) {
        char *text = allocate(bytes + 1, 1), *to = text;
        for (size_t i = 0; i < of.count; to += of.items[i++].count) memcpy(to, of.items[i].text, of.items[i].count);
        text[bytes] = 0;
        return (value){.kind = STRING, .count = bytes, .text = text};
    }
    value sum = constant(NULL_VALUE);
    for (size_t i = 0; i < of.count; i++) sum = add(sum, of.items[i]);
    return sum;
}

static value first(value of) { return at(of, computed(0)); }

static value last(value of) { return at(of, computed(-1)); }

static value reverse(value of) {
    require(ARRAY, of, "reverse is for arrays");
    size_t from = pushed();
    for (size_t i = of.count; i-- > 0;) push(of.items[i]);
    return take_array(from);
}

static value join(value of, value with) {
    require(ARRAY, of, "join is for arrays");
    require(STRING, with, "what joins is a string");
    size_t from = pushed();
    for (size_t i = 0; i < of.count; i++) {
        value item = of.items[i];
        if (item.kind == ARRAY || item.kind == OBJECT) refuse("this cannot be joined", item);
        if (i) push(with);
        push(item.kind == STRING ? item : item.kind == NULL_VALUE ? string("", 0) : text_of(item));
    }
    return of.count ? total(take_array(from)) : string("", 0);
}

// ---- Arrays, arranged by a key of each item: sorted by it already when they come here

static value sorted(struct member *members, size_t count) {
    size_t from = pushed();
    for (size_t i = 0; i < count; i++) push(members[i].value);
    return take_array(from);
}

static value grouped(struct member *members, size_t count) {
    size_t groups = pushed();
    for (size_t i = 0; i < count;) {
        size_t from = pushed(), start = i;
        while (i < count && !compare(members[i].key, members[start].key)) push(members[i++].value);
        value group = take_array(from);
        push(group);
    }
    return take_array(groups);
}

static value distinct(struct member *members, size_t count) {
    size_t from = pushed();
    for (size_t i = 0; i < count; i++)
        if (!i || compare(members[i].key, members[i - 1].key)) push(members[i].value);
    return take_array(from);
}

static value least(struct member *members, size_t count) { return count ? members[0].value : constant(NULL_VALUE); }

static value greatest(struct member *members, size_t count) {
    return count ? members[count - 1].value : constant(NULL_VALUE);
}

static value arranged(value of, arrange *arrange, const char *what) {
    require(ARRAY, of, what);
    struct member *members = allocate(of.count, sizeof *members);
    for (size_t i = 0; i < of.count; i++) members[i] = (struct member){of.items[i], of.items[i]};
    sort_by_key(members, of.count);
    return arrange(members, of.count);
}

static value sorted_array(value of) { return arranged(of, sorted, "sort is for arrays"); }

static value unique(value of) { return arranged(of, distinct, "unique is for arrays"); }

static value minimum(value of) { return arranged(of, least, "min is for arrays"); }

static value maximum(value of) { return arranged(of, greatest, "max is for arrays"); }

// ---- Others

static value not(value of) { return boolean(!is_true(of)); }

static value round_down(value of) { return computed(floor_of(operand(of))); }

static value type(value of) {
    static const char *const names[] = {"null", "boolean", "boolean", "number", "string", "array", "object"};
    return string(names[of.kind], strlen(names[of.kind]));
}

static value to_string(value of) { return of.kind == STRING ? of : text_of(of); }

static value to_number(value of) {
    if (of.kind == NUMBER) return of;
    require(STRING, of, "only a string can become a number");
    if (!of.count || !strchr("-0123456789", *of.text) || strlen(of.text) < of.count) fail("this is no number: %s", shown(of));
    reader reader = reader_of(of.text, "tonumber");
    value number = read_number(&reader);
    if (*reader.at) fail("this is no number: %s", shown(of));
    return number;
}

static value starts_with(value of, value with) {
    require(STRING, of, "startswith is for strings"), require(STRING, with, "startswith is for strings");
    return boolean(with.count <= of.count && !memcmp(of.text, with.text, with.count));
}

static value ends_with(value of, value with) {
    require(STRING, of, "endswith is for strings"), require(STRING, with, "endswith is for strings");
    return boolean(with.count <= of.count && !memcmp(of.text + of.count - with.count, with.text, with.count));
}

static const struct function functions[] = {
    {.name = "add", .unary = total},
    {.name = "all", .unary = all},
    {.name = "any", .unary = any},
    {.name = "endswith", .binary = ends_with},
    {.name = "first", .unary = first},
    {.name = "floor", .unary = round_down},
    {.name = "from_entries", .unary = from_entries},
    {.name = "group_by", .arrange = grouped},
    {.name = "has", .binary = has},
    {.name = "join", .binary = join},
    {.name = "keys", .unary = keys},
    {.name = "last", .unary = last},
    {.name = "length", .unary = length},
    {.name = "max", .unary = maximum},
    {.name = "max_by", .arrange = greatest},
    {.name = "min", .unary = minimum},
    {.name = "min_by", .arrange = least},
    {.name = "not", .unary = not},
    {.name = "reverse", .unary = reverse},
    {.name = "sort", .unary = sorted_array},
    {.name = "sort_by", .arrange = sorted},
    {.name = "startswith", .binary = starts_with},
    {.name = "to_entries", .unary = to_entries},
    {.name = "tonumber", .unary = to_number},
    {.name = "tostring", .unary = to_string},
    {.name = "type", .unary = type},
    {.name = "unique", .unary = unique},
    {.name = "unique_by", .arrange = distinct},
};

const struct function *find_function(const char *name, size_t length) {
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (strlen(functions[i].name) == length && !memcmp(functions[i].name, name, length)) return &functions[i];
    return NULL;
}
