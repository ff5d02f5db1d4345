// Runs a filter. A filter has any number of results for one value; each is handed on as soon as it is there, to a sink
// that says what becomes of it. What several results of several parts have in common is done for each combination.

#include "query.h"

// Hands results on to another filter.
struct into_filter {
    sink sink;
    const filter *filter;
    sink *to;
};

static void take_into_filter(sink *sink, value result) {
    struct into_filter *into = (struct into_filter *)sink;
    evaluate(into->filter, result, into->to);
}

static void take_and_push(sink *sink, value result) {
    (void)sink;
    push(result);
}

// All results of a filter, as an array.
static value collected(const filter *filter, value input) {
    size_t from = pushed();
    evaluate(filter, input, &(sink){take_and_push});
    return take_array(from);
}

static value all_items(value of) {
    if (of.kind == ARRAY) return of;
    if (of.kind != OBJECT) fail("only arrays and objects have items: this is %s, %s", name_of(of.kind), shown(of));
    size_t from = pushed();
    for (size_t i = 0; i < of.count; i++) push(of.members[i].value);
    return take_array(from);
}

static void take_each(sink *sink, value result) {
    struct into_filter *into = (struct into_filter *)sink;
    value items = all_items(result);
    for (size_t i = 0; i < items.count; i++) into->to->take(into->to, items.items[i]);
}

static void take_all(value of, sink *to) {
    to->take(to, of);
    if (of.kind != ARRAY && of.kind != OBJECT) return;
    value items = all_items(of);
    for (size_t i = 0; i < items.count; i++) take_all(items.items[i], to);
}

static void evaluate_binary(const filter *filter, value input, sink *to) {
    value right = collected(filter->b, input), left = collected(filter->a, input);
    for (size_t i = 0; i < right.count; i++)
        for (size_t k = 0; k < left.count; k++) to->take(to, filter->binary(left.items[k], right.items[i]));
}

static void evaluate_slice(const filter *filter, value input, sink *to) {
    value of = collected(filter->a, input), from = collected(filter->b, input), end = collected(filter->c, input);
    for (size_t e = 0; e < end.count; e++)
        for (size_t f = 0; f < from.count; f++)
            for (size_t i = 0; i < of.count; i++) to->take(to, slice(of.items[i], from.items[f], end.items[e]));
}

// The results of the first filter that are neither null nor false; if there are none, those of the second.
static void evaluate_default(const filter *filter, value input, sink *to) {
    value results = collected(filter->a, input);
    int is_found = 0;
    for (size_t i = 0; i < results.count; i++) {
        if (!is_true(results.items[i])) continue;
        to->take(to, results.items[i]);
        is_found = 1;
    }
    if (!is_found) evaluate(filter->b, input, to);
}

// The second part counts only if the first leaves it open.
static void evaluate_logic(const filter *filter, value input, sink *to) {
    int decides = filter->operation == OR;
    value left = collected(filter->a, input);
    for (size_t i = 0; i < left.count; i++) {
        if (is_true(left.items[i]) == decides) {
            to->take(to, boolean(decides));
            continue;
        }
        value right = collected(filter->b, input);
        for (size_t k = 0; k < right.count; k++) to->take(to, boolean(is_true(right.items[k])));
    }
}

static void evaluate_condition(const filter *filter, value input, sink *to) {
    value conditions = collected(filter->a, input);
    for (size_t i = 0; i < conditions.count; i++) evaluate(is_true(conditions.items[i]) ? filter->b : filter->c, input, to);
}

// Members that have been chosen, the last one first.
struct chosen {
    const struct chosen *before;
    value key, value;
};

static void push_chosen(const struct chosen *chosen) {
    if (!chosen) return;
    push_chosen(chosen->before);
    push(chosen->key), push(chosen->value);
}

static void construct(const filter *filter, value input, const struct chosen *before, sink *to) {
    if (!filter) {
        size_t from = pushed();
        push_chosen(before);
        to->take(to, take_object(from));
        return;
    }
    value keys = collected(filter->a, input), values = collected(filter->b, input);
    for (size_t i = 0; i < keys.count; i++)
        for (size_t k = 0; k < values.count; k++) {
            value key = keys.items[i];
            if (key.kind != STRING) fail("the name of a member has to be a string: this is %s, %s", name_of(key.kind), shown(key));
            construct(filter->c, input, &(struct chosen){before, key, values.items[k]}, to);
        }
}

static void evaluate_arrange(const filter *filter, value input, sink *to) {
    if (input.kind != ARRAY) fail("only arrays can be arranged: this is %s, %s", name_of(input.kind), shown(input));
    struct member *members = allocate(input.count, sizeof *members);
    for (size_t i = 0; i < input.count; i++)
        members[i] = (struct member){collected(filter->a, input.items[i]), input.items[i]};
    sort_by_key(members, input.count);
    to->take(to, filter->arrange(members, input.count));
}

void evaluate(const filter *filter, value input, sink *to) {
    value results;
    switch (filter->operation) {
        case IDENTITY: to->take(to, input); return;
        case CONSTANT: to->take(to, filter->constant); return;
        case EACH: evaluate(filter->a, input, &(struct into_filter){{take_each}, NULL, to}.sink); return;
        case ALL: take_all(input, to); return;
        case SLICE: evaluate_slice(filter, input, to); return;
        case PIPE: evaluate(filter->a, input, &(struct into_filter){{take_into_filter}, filter->b, to}.sink); return;
        case BOTH:
            evaluate(filter->a, input, to);
            evaluate(filter->b, input, to);
            return;
        case DEFAULT: evaluate_default(filter, input, to); return;
        case AND:
        case OR: evaluate_logic(filter, input, to); return;
        case UNARY:
            results = collected(filter->a, input);
            for (size_t i = 0; i < results.count; i++) to->take(to, filter->unary(results.items[i]));
            return;
        case BINARY: evaluate_binary(filter, input, to); return;
        case COLLECT: to->take(to, collected(filter->a, input)); return;
        case CONSTRUCT: construct(filter, input, NULL, to); return;
        case SELECT:
            results = collected(filter->a, input);
            for (size_t i = 0; i < results.count; i++)
                if (is_true(results.items[i])) to->take(to, input);
            return;
        case CONDITION: evaluate_condition(filter, input, to); return;
        case ARRANGE: evaluate_arrange(filter, input, to); return;
        case NOTHING: return;
    }
}
