// What the parts of the interpreter share.
//
//     scheme.c      the program: reads forms from standard input, compiles each of them and runs it
//     values.c      numbers, objects, symbols, and the memory that they lie in
//     text.c        reading values from text, and writing them
//     compiler.c    from a form to instructions
//     machine.c     runs instructions
//     primitives.c  procedures that are not written in Scheme

#ifndef SCHEME_H
#define SCHEME_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdnoreturn.h>

// ---- Values (values.c)

// A whole number of 63 bits, times 2 and 1 added; or else the address of an object.
typedef uint64_t value;

enum kind {
    PAIR,          // car, cdr
    VECTOR,        // its items
    STRING,        // bytes
    CLOSURE,       // where its code starts, the frame in which it was made
    FRAME,         // the frame around it, then arguments and inner definitions
    CONTINUATION,  // a copy of the stack
    MOVED,         // the object's new place, while memory is collected
    // The kinds from here on are never moved.
    SYMBOL,        // its value as a global variable, then the bytes of its name
    PRIMITIVE,     // its number
    CONSTANT,      // its number; only the five below
};

typedef struct {
    uint32_t kind, length;  // items; bytes of a string or of a symbol's name
    value items[];
} object;

extern value nil, yes, no, nothing, end_of_input;

noreturn void fail(const char *message);                // with the line of the form that is being run
noreturn void fail_with(const char *message, value v);  // ... and the value that is to blame

static inline int is_number(value v) { return v & 1; }

static inline int64_t as_number(value v) { return (int64_t)v >> 1; }

static inline value number(int64_t of) {
    if (of < INT64_MIN / 2 || of > INT64_MAX / 2) fail("a number is too large");
    return (uint64_t)of << 1 | 1;
}

static inline object *as_object(value v) { return (object *)(uintptr_t)v; }

static inline int is_kind(value v, enum kind kind) { return !is_number(v) && as_object(v)->kind == kind; }

value make(enum kind kind, size_t length);  // items are zero; memory is never collected here
value make_permanent(enum kind kind, int64_t number);
value cons(value car, value cdr);
value text(const char *bytes, size_t length);
value symbol(const char *name, size_t length);
char *bytes_of(value string_or_symbol);
value car(value pair);
value cdr(value pair);

void start_memory(void);
int wants_collection(void);
void start_collection(void);    // then each root that is no symbol is to be moved,
value move(value root);
void finish_collection(void);   // and what they lead to is moved here

void *resize(void *memory, size_t count, size_t size);

// ---- Text (text.c)

value read_value(void);  // the next one of standard input, or end_of_input
extern const char *prelude;  // is read before standard input
void write_value(value v, int is_display, FILE *file);
extern unsigned line_of_form;

enum { DEEPEST = 2000 };  // nesting of lists, in forms and in what is written or compared

// ---- Compiler (compiler.c)

enum instruction {
    PUSH_CONSTANT,  // its number
    PUSH_LOCAL,     // how many frames outwards, which item
    PUSH_GLOBAL,    // number of the constant that is the symbol
    PUSH_CLOSURE,   // where its code starts
    SET_LOCAL,      // as PUSH_LOCAL; takes a value off the stack
    SET_GLOBAL,
    DEFINE_GLOBAL,
    DROP,           // a value
    JUMP,           // to where
    JUMP_IF_FALSE,  // takes a value off
    JUMP_OR_DROP,   // if the value is false, and leaves it; else takes it off
    JUMP_IF_TRUE_OR_DROP,
    PUSH_RETURN,    // where to go on when the call that is being prepared returns
    CALL,           // number of arguments: they are on the stack, the procedure below them
    RETURN,         // with the value on the stack
    STOP,
};

// A closure's code starts with three numbers: of its required arguments, of lists of further ones (0 or 1), and of the
// items in its frame.
enum { REQUIRED, REST, ITEMS, CODE };

extern int32_t *code;
extern value *constants;
extern size_t constant_count;

void start_compiler(void);
int32_t compile_form(value form);  // where its instructions start

// ---- Machine (machine.c)

value run(int32_t start);

// ---- Primitives (primitives.c)

typedef struct {
    const char *name;
    value (*function)(value *arguments, size_t count);  // null for the two that the machine carries out itself
    size_t least, most;
} primitive;

extern const primitive primitives[];
enum { APPLY, CALL_WITH_CURRENT_CONTINUATION };  // their places there

void define_primitives(void);
value find_primitive(const char *name);  // whatever the program has defined by that name

#endif
