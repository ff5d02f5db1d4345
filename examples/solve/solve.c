// Finds out whether a formula in conjunctive normal form can be satisfied, by conflict-driven clause learning.
//
//     solve [-p] < FORMULA.cnf
//
// The formula is in the DIMACS format, and the answer is in that of the SAT competitions: `s SATISFIABLE` and the
// values of the variables, with exit status 10; or `s UNSATISFIABLE`, with exit status 20. With -p, the clauses that it
// learns come before the answer: each follows from those before it by unit propagation, so that up to the last one,
// which is empty, they are a proof (DRUP) that a checker of a few lines can check.
//
// Clauses watch two of their literals; a conflict is resolved back to its first unique implication point; the variable
// that took part in the most recent conflicts is decided next, as it was last; restarts follow Luby's sequence; clauses
// that span many levels are forgotten. No floating point, no clock, no chance: the same search on every computer.

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SATISFIABLE = 10,     // exit statuses
    UNSATISFIABLE = 20,
    MOST_VARIABLES = 1 << 24,
    RESTART_AFTER = 64,   // conflicts, times Luby's sequence
    LEARNED_AT_FIRST = 2000,  // clauses, before some are forgotten
};

#define NONE UINT32_MAX

static void fail(const char *message) {
    fprintf(stderr, "solve: %s\n", message);
    exit(1);
}

static void *allocate(size_t count, size_t size) {
    void *items = calloc(count + 1, size);
    if (!items) fail("there is not enough memory");
    return items;
}

// ---- Literals: 2 v for variable v, and 2 v + 1 for its negation.

typedef uint32_t literal;

static uint32_t variable_count;

static uint32_t variable_of(literal literal) { return literal >> 1; }

static literal negation(literal literal) { return literal ^ 1; }

static long as_dimacs(literal literal) {
    long variable = (long)variable_of(literal) + 1;
    return literal & 1 ? -variable : variable;
}

// ---- Lists of numbers that grow

typedef struct {
    uint32_t *items;
    uint32_t count, room;
} list;

static void append(list *list, uint32_t item) {
    if (list->count == list->room) {
        if (list->room > UINT32_MAX / 4) fail("the formula is too large");
        list->room = list->room ? 2 * list->room : 16;
        list->items = realloc(list->items, list->room * sizeof *list->items);
        if (!list->items) fail("there is not enough memory");
    }
    list->items[list->count++] = item;
}

// ---- Clauses lie one after the other in one list, and are named by where they start: the number of literals, the
// number of levels that they spanned when they were learned (0 for those of the formula), the literals. The first two
// literals are watched. The watches of a literal are pairs: a clause, and another of its literals, which is looked at
// first.

enum { SIZE, SPAN, LITERALS };

static list clauses;
static list *watches;      // by literal
static uint32_t learned_count;

static void watch(literal literal, uint32_t clause, uint32_t other) {
    append(&watches[literal], clause);
    append(&watches[literal], other);
}

static void watch_clause(uint32_t clause) {
    const literal *literals = clauses.items + clause + LITERALS;
    watch(literals[0], clause, literals[1]);
    watch(literals[1], clause, literals[0]);
}

// Adds a clause of at least two literals.
static uint32_t add_clause(const literal *literals, uint32_t size, uint32_t span) {
    uint32_t clause = clauses.count;
    append(&clauses, size);
    append(&clauses, span);
    for (uint32_t i = 0; i < size; i++) append(&clauses, literals[i]);
    watch_clause(clause);
    learned_count += span > 0;
    return clause;
}

// ---- The assignment

static int8_t *values;       // by literal: 1 if it is true, -1 if it is false, 0 if it is open
static uint32_t *level_of;   // by variable: the number of decisions before it
static uint32_t *reason_of;  // by variable: the clause that left no choice, or NONE
static list trail;           // the literals that are true, in the order in which they became so
static list levels;          // where in the trail each decision is
static uint32_t propagated;  // how much of the trail the clauses have been told of

static void assign(literal literal, uint32_t reason) {
    values[literal] = 1, values[negation(literal)] = -1;
    level_of[variable_of(literal)] = levels.count;
    reason_of[variable_of(literal)] = reason;
    append(&trail, literal);
}

// Draws all conclusions; a clause whose literals are all false, or NONE.
static uint32_t propagate(void) {
    while (propagated < trail.count) {
        literal gone = negation(trail.items[propagated++]);
        list *list = &watches[gone];
        uint32_t kept = 0, conflict = NONE;
        for (uint32_t i = 0; i < list->count; i += 2) {
            uint32_t clause = list->items[i], other = list->items[i + 1];
            literal *literals = clauses.items + clause + LITERALS;
            if (conflict == NONE && values[other] <= 0) {
                // The watch that is gone is put second; then another literal is looked for to be watched in its place.
                if (literals[0] == gone) literals[0] = literals[1], literals[1] = gone;
                other = literals[0];
                uint32_t size = literals[SIZE - LITERALS], at = 2;
                if (values[other] <= 0) {
                    while (at < size && values[literals[at]] < 0) at++;
                    if (at < size) {
                        literals[1] = literals[at], literals[at] = gone;
                        watch(literals[1], clause, other);
                        continue;
                    }
                    if (values[other] < 0)
                        conflict = clause;
                    else
                        assign(other, clause);
                }
            }
            list->items[kept++] = clause, list->items[kept++] = other;
        }
        list->count = kept;
        if (conflict != NONE) return conflict;
    }
    return NONE;
}

// ---- Which variable is decided next: a binary heap, the most active one first

static uint64_t *activity;  // by variable
static uint64_t activity_step = 1 << 10;
static int8_t *last_value;  // by variable: as it was last assigned
static uint32_t *place_of;  // by variable: its place in the heap, or NONE
static list heap;

static void put_at(uint32_t variable, uint32_t place) {
    heap.items[place] = variable;
    place_of[variable] = place;
}

static void rise(uint32_t variable) {
    uint32_t at = place_of[variable];
    for (; at && activity[heap.items[(at - 1) / 2]] < activity[variable]; at = (at - 1) / 2)
        put_at(heap.items[(at - 1) / 2], at);
    put_at(variable, at);
}

static void heap_push(uint32_t variable) {
    if (place_of[variable] != NONE) return;
    place_of[variable] = heap.count;
    append(&heap, variable);
    rise(variable);
}

static uint32_t heap_pop(void) {
    uint32_t first = heap.items[0], last = heap.items[--heap.count], at = 0;
    place_of[first] = NONE;
    if (first == last) return first;
    for (uint32_t child; (child = 2 * at + 1) < heap.count; at = child) {
        if (child + 1 < heap.count && activity[heap.items[child + 1]] > activity[heap.items[child]]) child++;
        if (activity[heap.items[child]] <= activity[last]) break;
        put_at(heap.items[child], at);
    }
    put_at(last, at);
    return first;
}

static void make_active(uint32_t variable) {
    activity[variable] += activity_step;
    if (place_of[variable] != NONE) rise(variable);
    if (activity[variable] >> 60 == 0) return;
    for (uint32_t i = 0; i < variable_count; i++) activity[i] >>= 40;
    activity_step = (activity_step >> 40) + 1;
}

// Takes back all decisions but the first `count`.
static void go_back(uint32_t count) {
    if (levels.count <= count) return;
    while (trail.count > levels.items[count]) {
        literal literal = trail.items[--trail.count];
        values[literal] = values[negation(literal)] = 0;
        last_value[variable_of(literal)] = literal & 1 ? -1 : 1;
        heap_push(variable_of(literal));
    }
    propagated = trail.count;
    levels.count = count;
}

// ---- Learning from a conflict

static uint8_t *is_met;        // by variable
static uint32_t *level_stamp;  // by level: the last clause whose span it counted for
static uint32_t stamp;
static list lesson;            // the clause that is learned; its first literal becomes true
static list met;               // the variables to forget about

static void meet(literal literal, uint32_t *open) {
    uint32_t variable = variable_of(literal);
    if (is_met[variable] || !level_of[variable]) return;
    is_met[variable] = 1;
    append(&met, variable);
    make_active(variable);
    if (level_of[variable] == levels.count)
        ++*open;
    else
        append(&lesson, literal);
}

// Whether a literal of the lesson follows from the others.
static int is_needless(literal literal) {
    uint32_t reason = reason_of[variable_of(literal)];
    if (reason == NONE) return 0;
    const uint32_t *clause = clauses.items + reason;
    for (uint32_t i = 0; i < clause[SIZE]; i++) {
        uint32_t variable = variable_of(clause[LITERALS + i]);
        if (variable != variable_of(literal) && !is_met[variable] && level_of[variable]) return 0;
    }
    return 1;
}

// Makes the lesson of a conflict; the number of levels that it spans.
static uint32_t learn(uint32_t conflict) {
    uint32_t open = 0, at = trail.count;  // `open` literals of this level are still to be replaced by their reasons
    lesson.count = met.count = 0;
    append(&lesson, NONE);
    for (uint32_t reason = conflict;;) {
        for (uint32_t i = 0; i < clauses.items[reason + SIZE]; i++) meet(clauses.items[reason + LITERALS + i], &open);
        do at--;
        while (!is_met[variable_of(trail.items[at])]);
        if (--open == 0) break;
        reason = reason_of[variable_of(trail.items[at])];
    }
    lesson.items[0] = negation(trail.items[at]);

    uint32_t kept = 1, span = 1;
    for (uint32_t i = 1; i < lesson.count; i++)
        if (!is_needless(lesson.items[i])) lesson.items[kept++] = lesson.items[i];
    lesson.count = kept;
    for (uint32_t i = 0; i < met.count; i++) is_met[met.items[i]] = 0;

    stamp++;
    for (uint32_t i = 1; i < lesson.count; i++) {
        uint32_t level = level_of[variable_of(lesson.items[i])];
        if (level_stamp[level] != stamp) level_stamp[level] = stamp, span++;
        // The second literal is of the highest level: it is the last to become open again.
        if (level > level_of[variable_of(lesson.items[1])]) {
            literal highest = lesson.items[i];
            lesson.items[i] = lesson.items[1], lesson.items[1] = highest;
        }
    }
    return span;
}

static int writes_proof;

static void apply_lesson(uint32_t span) {
    if (writes_proof) {
        for (uint32_t i = 0; i < lesson.count; i++) printf("%ld ", as_dimacs(lesson.items[i]));
        puts("0");
    }
    go_back(lesson.count == 1 ? 0 : level_of[variable_of(lesson.items[1])]);
    assign(lesson.items[0], lesson.count == 1 ? NONE : add_clause(lesson.items, lesson.count, span));
    activity_step += activity_step >> 4;
}

// ---- Forgetting

static int is_satisfied(const uint32_t *clause) {
    for (uint32_t i = 0; i < clause[SIZE]; i++)
        if (values[clause[LITERALS + i]] > 0) return 1;
    return 0;
}

// Drops what is true whatever is decided, and of the clauses learned the half that spans the most levels, and of these
// the oldest. There are no decisions when this is called, so no clause is a reason that will be asked for.
static void forget(void) {
    uint32_t *by_span = allocate(variable_count + 2, sizeof *by_span);
    for (uint32_t at = 0; at < clauses.count; at += LITERALS + clauses.items[at + SIZE])
        by_span[clauses.items[at + SPAN]]++;
    uint32_t surplus = learned_count / 2, most = variable_count + 1;
    for (; most > 2 && by_span[most] <= surplus; most--) surplus -= by_span[most];
    free(by_span);

    for (literal i = 0; i < 2 * variable_count; i++) watches[i].count = 0;
    uint32_t end = clauses.count;
    clauses.count = learned_count = 0;
    for (uint32_t at = 0, length; at < end; at += length) {
        const uint32_t *clause = clauses.items + at;
        length = LITERALS + clause[SIZE];
        if (is_satisfied(clause) || clause[SPAN] > most) continue;
        if (clause[SPAN] == most && most > 2 && surplus) {
            surplus--;
            continue;
        }
        memmove(clauses.items + clauses.count, clause, length * sizeof *clause);
        watch_clause(clauses.count);
        learned_count += clauses.items[clauses.count + SPAN] > 0;
        clauses.count += length;
    }
}

// ---- The search

// Luby's sequence: 1 1 2 1 1 2 4 1 1 2 1 1 2 4 8 ...
static uint32_t luby(uint32_t i) {
    uint32_t size = 1;
    while (size < i + 1) size = 2 * size + 1;
    while (size - 1 != i) size /= 2, i %= size;
    return (size + 1) / 2;
}

static int decide(void) {
    while (heap.count) {
        uint32_t variable = heap_pop();
        if (values[2 * variable]) continue;
        append(&levels, trail.count);
        assign(2 * variable + (last_value[variable] < 0), NONE);
        return 1;
    }
    return 0;
}

static int search(void) {
    uint32_t most_learned = LEARNED_AT_FIRST;
    for (uint32_t restarts = 0;; restarts++) {
        for (uint32_t conflicts_left = RESTART_AFTER * luby(restarts); conflicts_left;) {
            uint32_t conflict = propagate();
            if (conflict != NONE) {
                if (!levels.count) return UNSATISFIABLE;
                apply_lesson(learn(conflict));
                conflicts_left--;
            } else if (!decide()) {
                return SATISFIABLE;
            }
        }
        go_back(0);
        if (propagate() != NONE) return UNSATISFIABLE;
        if (learned_count > most_learned) {
            forget();
            most_learned += most_learned / 8;
        }
    }
}

// ---- Reading a formula

static struct {
    int next;
    unsigned line;
} input = {' ', 1};

static void fail_to_read(const char *message) {
    fprintf(stderr, "solve: line %u of the formula: %s\n", input.line, message);
    exit(1);
}

static void step(void) {
    input.line += input.next == '\n';
    input.next = getchar();
}

static void skip_spaces(void) {
    while (input.next == ' ' || input.next == '\t' || input.next == '\r' || input.next == '\n') step();
}

static long read_number(long most) {
    skip_spaces();
    int is_negative = input.next == '-';
    if (is_negative) step();
    if (input.next < '0' || input.next > '9') fail_to_read("there has to be a number here");
    long number = 0;
    for (; input.next >= '0' && input.next <= '9'; step()) {
        number = 10 * number + input.next - '0';
        if (number > most) fail_to_read("this number is too large");
    }
    return is_negative ? -number : number;
}

static void expect(const char *word) {
    for (; *word; word++, step())
        if (input.next != *word) fail_to_read("there has to be `p cnf VARIABLES CLAUSES` before the clauses");
}

// The number of clauses.
static long read_header(void) {
    for (skip_spaces(); input.next == 'c'; skip_spaces())
        while (input.next != '\n' && input.next != EOF) step();
    expect("p");
    skip_spaces();
    expect("cnf");
    long variables = read_number(MOST_VARIABLES), clauses = read_number(UINT32_MAX / 4);
    if (variables < 0 || clauses < 0) fail_to_read("there cannot be less than nothing");
    variable_count = (uint32_t)variables;
    return clauses;
}

static void make_room(void) {
    watches = allocate(2 * variable_count, sizeof *watches);
    values = allocate(2 * variable_count, sizeof *values);
    level_of = allocate(variable_count, sizeof *level_of);
    reason_of = allocate(variable_count, sizeof *reason_of);
    activity = allocate(variable_count, sizeof *activity);
    last_value = allocate(variable_count, sizeof *last_value);
    place_of = allocate(variable_count, sizeof *place_of);
    is_met = allocate(variable_count, sizeof *is_met);
    level_stamp = allocate(variable_count, sizeof *level_stamp);
    memset(place_of, 255, variable_count * sizeof *place_of);
    memset(last_value, 255, variable_count * sizeof *last_value);  // try false first
}

// Reads a clause, without literals that are there twice; 0 if it is always true, as it has both a variable and its
// negation.
static int read_clause(list *clause) {
    static uint32_t *last_clause;  // by literal: the clause in which it was seen last
    static uint32_t number;
    if (!last_clause) last_clause = allocate(2 * variable_count, sizeof *last_clause);

    int is_open = 1;
    clause->count = 0;
    number++;
    for (long given; (given = read_number(variable_count));) {
        literal literal = given > 0 ? 2 * (uint32_t)given - 2 : 2 * (uint32_t)-given - 1;
        if (last_clause[negation(literal)] == number) is_open = 0;
        if (last_clause[literal] != number) append(clause, literal);
        last_clause[literal] = number;
    }
    return is_open;
}

// Reads all clauses; 0 if they contradict each other on the first look.
static int read_formula(void) {
    int is_possible = 1;
    list clause = {0};
    long count = read_header();
    make_room();
    for (; count; count--) {
        if (!read_clause(&clause)) continue;
        for (uint32_t i = 0; i < clause.count; i++) activity[variable_of(clause.items[i])]++;
        if (clause.count > 1)
            add_clause(clause.items, clause.count, 0);
        else if (!clause.count || values[clause.items[0]] < 0)
            is_possible = 0;
        else if (!values[clause.items[0]])
            assign(clause.items[0], NONE);
    }
    free(clause.items);
    skip_spaces();
    if (input.next != EOF) fail_to_read("there are more clauses than the header says");
    return is_possible;
}

static void write_model(void) {
    int column = printf("v");
    for (uint32_t i = 0; i < variable_count; i++) {
        if (column > 70) column = printf("\nv") - 1;
        column += printf(" %ld", as_dimacs(2 * i + (values[2 * i] < 0)));
    }
    puts(" 0");
}

int main(int count, char **arguments) {
    writes_proof = count == 2 && !strcmp(arguments[1], "-p");
    if (count - writes_proof != 1) {
        fprintf(stderr, "usage: solve [-p] < FORMULA.cnf\n");
        return 2;
    }
    int answer = read_formula() ? 0 : UNSATISFIABLE;
    if (!answer) {
        for (uint32_t i = 0; i < variable_count; i++) heap_push(i);
        answer = search();
    }
    if (answer == UNSATISFIABLE && writes_proof) puts("0");
    puts(answer == SATISFIABLE ? "s SATISFIABLE" : "s UNSATISFIABLE");
    if (answer == SATISFIABLE) write_model();
    if (fflush(stdout) || ferror(stdout)) fail("standard output cannot be written");
    return answer;
}
