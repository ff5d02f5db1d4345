// From a form to instructions.
//
// A variable is found when its form is compiled: it is either in one of the frames around it, at a place that is known,
// or global. In a tail position there is nothing to return to, so a call there does not push a return: that makes loops
// of tail calls run in constant space.

#include <string.h>

#include "scheme.h"

// ---- What is made

int32_t *code;
static size_t code_length, code_room;

value *constants;
size_t constant_count;
static size_t constant_room;

static int32_t emit(int32_t word) {
    if (code_length == INT32_MAX) fail("the program is too long");
    if (code_length == code_room) code = resize(code, code_room = 2 * code_room + 1024, sizeof *code);
    code[code_length] = word;
    return (int32_t)code_length++;
}

// An instruction whose target is not known yet: the place to be patched.
static int32_t emit_jump(enum instruction instruction) {
    emit(instruction);
    return emit(0);
}

static void land(int32_t jump) { code[jump] = (int32_t)code_length; }

static int32_t constant(value v) {
    if (constant_count == INT32_MAX) fail("the program is too long");
    if (constant_count == constant_room)
        constants = resize(constants, constant_room = 2 * constant_room + 256, sizeof *constants);
    constants[constant_count] = v;
    return (int32_t)constant_count++;
}

static void emit_constant(enum instruction instruction, value v) {
    emit(instruction);
    emit(constant(v));
}

// ---- Where variables are

typedef struct scope {
    struct scope *outer;
    value names;     // a list, the last one first
    int32_t length;  // of it
} scope;

static void add_name(scope *scope, value name) {
    if (!is_kind(name, SYMBOL)) fail_with("this cannot be a variable:", name);
    scope->names = cons(name, scope->names);
    scope->length++;
}

// The place of a name in a scope's frame, or 0 if it is not there.
static int32_t place_in(const scope *scope, value name) {
    int32_t place = scope->length;
    for (value names = scope->names; names != nil && car(names) != name; names = cdr(names)) place--;
    return place;
}

static void emit_variable(enum instruction local, enum instruction global, value name, const scope *scope) {
    int32_t place = 0, outwards = 0;
    for (; scope && !(place = place_in(scope, name)); scope = scope->outer) outwards++;
    if (!scope) {
        emit_constant(global, name);
        return;
    }
    emit(local);
    emit(outwards);
    emit(place);
}

static int is_local(value name, const scope *scope) {
    while (scope && !place_in(scope, name)) scope = scope->outer;
    return scope != NULL;
}

// ---- Forms

typedef void compiler(value form, scope *scope, int is_tail);

static compiler compile;
static value form_in_hand;  // for messages

static noreturn void refuse(void) { fail_with("this is not how such a form looks:", form_in_hand); }

static value first(value list) {
    if (!is_kind(list, PAIR)) refuse();
    return car(list);
}

static value rest(value list) {
    if (!is_kind(list, PAIR)) refuse();
    return cdr(list);
}

static value second(value list) { return first(rest(list)); }

static value only(value list) {
    if (rest(list) != nil) refuse();
    return first(list);
}

static value list_of(value a, value b, value c) { return cons(a, cons(b, cons(c, nil))); }

static value named(const char *name) { return symbol(name, strlen(name)); }

static void end(int is_tail) {
    if (is_tail) emit(RETURN);
}

static void compile_constant(value v, int is_tail) {
    emit_constant(PUSH_CONSTANT, v);
    end(is_tail);
}

static void compile_sequence(value forms, scope *scope, int is_tail) {
    if (forms == nil) compile_constant(nothing, is_tail);
    for (; forms != nil; forms = rest(forms)) {
        int is_last = rest(forms) == nil;
        compile(first(forms), scope, is_tail && is_last);
        if (!is_last) emit(DROP);
    }
}

// A procedure, without what pushes it: where its code starts.
static int32_t compile_procedure(value parameters, value body, scope *outer) {
    scope inner = {outer, nil, 0};
    int32_t required = 0, has_rest = 0, around = emit_jump(JUMP), start = (int32_t)code_length;
    for (; is_kind(parameters, PAIR); parameters = cdr(parameters), required++) add_name(&inner, car(parameters));
    if (parameters != nil) add_name(&inner, parameters), has_rest = 1;
    // What the body defines is in the same frame.
    for (value forms = body; is_kind(forms, PAIR); forms = cdr(forms)) {
        value form = car(forms), name;
        if (!is_kind(form, PAIR) || car(form) != named("define")) continue;
        for (name = second(form); is_kind(name, PAIR);) name = car(name);
        if (!place_in(&inner, name)) add_name(&inner, name);
    }
    emit(required);
    emit(has_rest);
    int32_t items = emit(0);
    compile_sequence(body, &inner, 1);
    code[items] = inner.length + 1;
    land(around);
    return start;
}

static void compile_lambda(value form, scope *scope, int is_tail) {
    int32_t start = compile_procedure(second(form), rest(rest(form)), scope);
    emit(PUSH_CLOSURE);
    emit(start);
    end(is_tail);
}

static void compile_quote(value form, scope *scope, int is_tail) {
    (void)scope;
    compile_constant(only(rest(form)), is_tail);
}

static void compile_if(value form, scope *scope, int is_tail) {
    value branches = rest(rest(form));
    compile(second(form), scope, 0);
    int32_t otherwise = emit_jump(JUMP_IF_FALSE), over = 0;
    compile(first(branches), scope, is_tail);
    if (!is_tail) over = emit_jump(JUMP);
    land(otherwise);
    if (rest(branches) == nil)
        compile_constant(nothing, is_tail);
    else
        compile(only(rest(branches)), scope, is_tail);
    if (!is_tail) land(over);
}

// (define name value), or (define (name parameters ...) body ...), or (define ((name outer ...) inner ...) body ...)
static void compile_define(value form, scope *scope, int is_tail) {
    value name = second(form), body = rest(rest(form));
    while (is_kind(name, PAIR)) {
        body = cons(cons(named("lambda"), cons(cdr(name), body)), nil);
        name = car(name);
    }
    if (!is_kind(name, SYMBOL)) refuse();
    if (scope && !place_in(scope, name)) fail_with("a definition has to be at the top of a body:", name);
    compile(only(body), scope, 0);
    emit_variable(SET_LOCAL, DEFINE_GLOBAL, name, scope);
    compile_constant(nothing, is_tail);
}

static void compile_set(value form, scope *scope, int is_tail) {
    if (!is_kind(second(form), SYMBOL)) refuse();
    compile(only(rest(rest(form))), scope, 0);
    emit_variable(SET_LOCAL, SET_GLOBAL, second(form), scope);
    compile_constant(nothing, is_tail);
}

static void compile_begin(value form, scope *scope, int is_tail) { compile_sequence(rest(form), scope, is_tail); }

static void compile_when(value form, scope *scope, int is_tail) {
    compile_if(list_of(nil, second(form), cons(named("begin"), rest(rest(form)))), scope, is_tail);
}

static void compile_unless(value form, scope *scope, int is_tail) {
    value body = cons(named("begin"), rest(rest(form)));
    compile_if(cons(nil, list_of(second(form), nothing, body)), scope, is_tail);
}

// Jumps to the end that are not known yet are a list; each has the place of the one before it.
static void land_all(int32_t jump) {
    while (jump) {
        int32_t before = code[jump];
        land(jump);
        jump = before;
    }
}

static int32_t chain(int32_t jump, int32_t before) {
    code[jump] = before;
    return jump;
}

static void compile_chain(value forms, enum instruction jump, value if_empty, scope *scope, int is_tail) {
    int32_t jumps = 0;
    if (forms == nil) compile_constant(if_empty, 0);
    for (; forms != nil; forms = rest(forms)) {
        compile(first(forms), scope, is_tail && rest(forms) == nil);
        if (rest(forms) != nil) jumps = chain(emit_jump(jump), jumps);
    }
    land_all(jumps);
    end(is_tail);
}

static void compile_and(value form, scope *scope, int is_tail) {
    compile_chain(rest(form), JUMP_OR_DROP, yes, scope, is_tail);
}

static void compile_or(value form, scope *scope, int is_tail) {
    compile_chain(rest(form), JUMP_IF_TRUE_OR_DROP, no, scope, is_tail);
}

static void compile_cond(value form, scope *scope, int is_tail) {
    int32_t jumps = 0;
    for (value clauses = rest(form); clauses != nil; clauses = rest(clauses)) {
        value test = first(first(clauses)), body = rest(first(clauses));
        int32_t otherwise = 0;
        if (test == named("else")) test = yes;
        compile(test, scope, 0);
        if (body == nil) {  // the value of the test is the result
            jumps = chain(emit_jump(JUMP_IF_TRUE_OR_DROP), jumps);
            continue;
        }
        otherwise = emit_jump(JUMP_IF_FALSE);
        compile_sequence(body, scope, is_tail);
        if (!is_tail) jumps = chain(emit_jump(JUMP), jumps);
        land(otherwise);
    }
    compile_constant(nothing, is_tail);
    if (!jumps) return;
    land_all(jumps);
    end(is_tail);
}

// Names and values of (let ((name value) ...) ...), as two lists in order.
static void take_apart(value bindings, value *names, value *values) {
    value *name = names, *init = values;
    *names = *values = nil;
    for (; bindings != nil; bindings = rest(bindings)) {
        *name = cons(first(first(bindings)), nil);
        *init = cons(only(rest(first(bindings))), nil);
        name = &as_object(*name)->items[1], init = &as_object(*init)->items[1];
    }
}

static value lambda(value names, value body) { return cons(named("lambda"), cons(names, body)); }

static void compile_let(value form, scope *scope, int is_tail) {
    value names, values, name = second(form), body = rest(rest(form));
    if (!is_kind(name, SYMBOL)) {
        take_apart(name, &names, &values);
        compile(cons(lambda(names, body), values), scope, is_tail);
        return;
    }
    // (let loop ((n v) ...) ...) is ((letrec ((loop (lambda (n ...) ...))) loop) v ...)
    take_apart(first(body), &names, &values);
    value definition = list_of(named("define"), name, lambda(names, rest(body)));
    compile(cons(cons(lambda(nil, cons(definition, cons(name, nil))), nil), values), scope, is_tail);
}

// (let* ((a v) more ...) ...) is (let ((a v)) (let* (more ...) ...))
static void compile_let_in_turn(value form, scope *scope, int is_tail) {
    value bindings = second(form), body = rest(rest(form));
    if (bindings != nil && rest(bindings) != nil) {
        body = cons(cons(named("let*"), cons(rest(bindings), body)), nil);
        bindings = cons(first(bindings), nil);
    }
    compile_let(cons(nil, cons(bindings, body)), scope, is_tail);
}

// (letrec ((a v) ...) ...) is ((lambda () (define a v) ... (let () ...)))
static void compile_letrec(value form, scope *scope, int is_tail) {
    value bindings = second(form), body = nil, *end = &body;
    for (; bindings != nil; bindings = rest(bindings)) {
        *end = cons(cons(named("define"), first(bindings)), nil);
        end = &as_object(*end)->items[1];
    }
    *end = cons(cons(named("let"), cons(nil, rest(rest(form)))), nil);
    compile(cons(lambda(nil, body), nil), scope, is_tail);
}

// The form that makes a value like the template, what is unquoted in it filled in.
static value fill_in(value template, unsigned depth) {
    if (depth > DEEPEST) fail("a template is too long");
    if (!is_kind(template, PAIR)) return cons(named("quote"), cons(template, nil));
    if (car(template) == named("unquote")) return only(cdr(template));
    if (is_kind(car(template), PAIR) && car(car(template)) == named("unquote-splicing"))
        return list_of(find_primitive("append"), only(cdr(car(template))), fill_in(cdr(template), depth + 1));
    return list_of(find_primitive("cons"), fill_in(car(template), depth + 1), fill_in(cdr(template), depth + 1));
}

static void compile_quasiquote(value form, scope *scope, int is_tail) {
    compile(fill_in(only(rest(form)), 0), scope, is_tail);
}

static void compile_call(value form, scope *scope, int is_tail) {
    int32_t count = 0, back = is_tail ? 0 : emit_jump(PUSH_RETURN);
    compile(first(form), scope, 0);
    for (value arguments = rest(form); arguments != nil; arguments = rest(arguments), count++)
        compile(first(arguments), scope, 0);
    emit(CALL);
    emit(count);
    if (!is_tail) land(back);
}

// ---- All forms

static struct {
    const char *name;
    compiler *compile;
    value symbol;
} special[] = {
    {"quote", compile_quote, 0},   {"quasiquote", compile_quasiquote, 0},
    {"if", compile_if, 0},         {"cond", compile_cond, 0},
    {"and", compile_and, 0},       {"or", compile_or, 0},
    {"when", compile_when, 0},     {"unless", compile_unless, 0},
    {"lambda", compile_lambda, 0}, {"define", compile_define, 0},
    {"set!", compile_set, 0},      {"begin", compile_begin, 0},
    {"let", compile_let, 0},       {"let*", compile_let_in_turn, 0},
    {"letrec", compile_letrec, 0},
};

enum { SPECIAL = sizeof special / sizeof *special };

void start_compiler(void) {
    for (int i = 0; i < SPECIAL; i++) special[i].symbol = named(special[i].name);
    emit(STOP);  // where the first procedure returns to
}

static void compile(value form, scope *scope, int is_tail) {
    static unsigned depth;
    if (is_kind(form, SYMBOL)) {
        emit_variable(PUSH_LOCAL, PUSH_GLOBAL, form, scope);
        end(is_tail);
        return;
    }
    if (!is_kind(form, PAIR)) {
        if (form == nil) fail("() is no form: a list of nothing is '()");
        compile_constant(form, is_tail);
        return;
    }

    compiler *compiler = compile_call;
    if (is_kind(car(form), SYMBOL) && !is_local(car(form), scope))
        for (int i = 0; i < SPECIAL; i++)
            if (car(form) == special[i].symbol) compiler = special[i].compile;
    value around = form_in_hand;
    form_in_hand = form;
    if (++depth > 2 * DEEPEST) fail("the program is nested too deeply");
    compiler(form, scope, is_tail);
    depth--;
    form_in_hand = around;
}

int32_t compile_form(value form) {
    int32_t start = (int32_t)code_length;
    compile(form, NULL, 1);
    return start;
}
