// Runs instructions.
//
// The stack has values only: arguments and results that are waited for, and for each call that is to return, where to
// and the frame there. So a continuation is a copy of the stack, and everything that is in use is found from here.

#include <string.h>

#include "scheme.h"

enum { DEEPEST_STACK = 1 << 22 };  // values

static value *stack;
static size_t top, room;
static value frame;   // the arguments and inner definitions of the procedure that runs, or nil
static int32_t next;  // the place of the next instruction

static void push(value v) {
    if (top == room) {
        if (room == DEEPEST_STACK) fail("calls are nested too deeply");
        stack = resize(stack, room = room ? 2 * room : 1024, sizeof *stack);
    }
    stack[top++] = v;
}

static void collect(void) {
    start_collection();
    for (size_t i = 0; i < top; i++) stack[i] = move(stack[i]);
    for (size_t i = 0; i < constant_count; i++) constants[i] = move(constants[i]);
    frame = move(frame);
    finish_collection();
}

// ---- Calls

static void return_with(value result) {
    frame = stack[--top];
    next = (int32_t)as_number(stack[--top]);
    push(result);
}

static void enter(value closure, size_t count) {
    int32_t start = (int32_t)as_number(as_object(closure)->items[0]);
    size_t required = (size_t)code[start + REQUIRED], has_rest = (size_t)code[start + REST];
    if (count < required || (count > required && !has_rest))
        fail_with("this procedure is called with a wrong number of arguments:", closure);

    object *new = as_object(make(FRAME, (size_t)code[start + ITEMS]));
    new->items[0] = as_object(closure)->items[1];
    if (has_rest) {
        value list = nil;
        for (; count > required; count--) list = cons(stack[--top], list);
        new->items[required + 1] = list;
    }
    memcpy(new->items + 1, stack + top - required, required * sizeof(value));
    top -= required + 1;
    frame = (uintptr_t)new;
    next = start + CODE;
}

static value copy_of_stack(void) {
    value copy = make(CONTINUATION, top);
    memcpy(as_object(copy)->items, stack, top * sizeof *stack);
    return copy;
}

static void go_back_to(value continuation, value result) {
    top = 0;
    for (uint32_t i = 0; i < as_object(continuation)->length; i++) push(as_object(continuation)->items[i]);
    return_with(result);
}

// Calls the procedure that lies below so many arguments.
static void call(size_t count) {
    if (wants_collection()) collect();
    for (;;) {
        value procedure = stack[top - count - 1];
        if (is_kind(procedure, CLOSURE)) {
            enter(procedure, count);
            return;
        }
        if (is_kind(procedure, CONTINUATION) && count == 1) {
            go_back_to(procedure, stack[top - 1]);
            return;
        }
        if (!is_kind(procedure, PRIMITIVE)) fail_with("this cannot be called so:", procedure);

        int64_t place = as_number(as_object(procedure)->items[0]);
        const primitive *primitive = &primitives[place];
        if (count < primitive->least || count > primitive->most)
            fail_with("this procedure is called with a wrong number of arguments:", procedure);
        if (primitive->function) {
            value result = primitive->function(stack + top - count, count);
            top -= count + 1;
            return_with(result);
            return;
        }
        if (place == APPLY) {
            // What is called moves to where `apply` was, and the list at the end is laid out.
            value list = stack[--top];
            memmove(stack + top - count, stack + top - count + 1, (count - 1) * sizeof *stack);
            top--;
            for (count -= 2; list != nil; list = cdr(list), count++) push(car(list));
        } else {
            value receiver = stack[top - 1];
            top -= 2;
            value continuation = copy_of_stack();
            push(receiver);
            push(continuation);
        }
    }
}

// ---- Instructions

static value *local(void) {
    object *of = as_object(frame);
    for (int32_t outwards = code[next]; outwards; outwards--) of = as_object(of->items[0]);
    value *place = &of->items[code[next + 1]];
    next += 2;
    return place;
}

static value *global(void) { return &as_object(constants[code[next++]])->items[0]; }

static value make_closure(int32_t start) {
    value closure = make(CLOSURE, 2);
    as_object(closure)->items[0] = number(start), as_object(closure)->items[1] = frame;
    return closure;
}

value run(int32_t start) {
    value *place;
    top = 0;
    frame = nil;
    push(number(0));  // STOP
    push(nil);
    for (next = start;;) switch (code[next++]) {
        case PUSH_CONSTANT: push(constants[code[next++]]); break;
        case PUSH_LOCAL:
            place = local();
            if (!*place) fail("a variable is used before it has a value");
            push(*place);
            break;
        case PUSH_GLOBAL:
            place = global();
            if (!*place) fail_with("this variable has no value:", constants[code[next - 1]]);
            push(*place);
            break;
        case PUSH_CLOSURE: push(make_closure(code[next++])); break;
        case SET_LOCAL: place = local(), *place = stack[--top]; break;
        case SET_GLOBAL:
            place = global();
            if (!*place) fail_with("this variable is not defined:", constants[code[next - 1]]);
            *place = stack[--top];
            break;
        case DEFINE_GLOBAL: place = global(), *place = stack[--top]; break;
        case DROP: top--; break;
        case JUMP: next = code[next]; break;
        case JUMP_IF_FALSE: next = stack[--top] == no ? code[next] : next + 1; break;
        case JUMP_OR_DROP:
            if (stack[top - 1] == no)
                next = code[next];
            else
                top--, next++;
            break;
        case JUMP_IF_TRUE_OR_DROP:
            if (stack[top - 1] != no)
                next = code[next];
            else
                top--, next++;
            break;
        case PUSH_RETURN:
            push(number(code[next++]));
            push(frame);
            break;
        case CALL: call((size_t)code[next++]); break;
        case RETURN: return_with(stack[--top]); break;
        default: return stack[--top];  // STOP
        }
}
