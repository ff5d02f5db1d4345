// An interpreter for a small Scheme: it runs the program on standard input.
//
//     scheme < PROGRAM
//
// Numbers are whole ones of 63 bits. There are pairs, vectors, strings, symbols and procedures, tail calls in constant
// space, first-class continuations (call/cc), and a garbage collector. `(read)` reads the next value behind the form
// that is being run, so data can follow the program. See scheme.h for the parts.

#include "scheme.h"

int main(int count, char **arguments) {
    (void)arguments;
    if (count > 1) {
        fprintf(stderr, "usage: scheme < PROGRAM\n");
        return 2;
    }
    start_memory();
    start_compiler();
    define_primitives();
    for (value form; (form = read_value()) != end_of_input;) run(compile_form(form));
    if (ferror(stdin)) fail("standard input cannot be read");
    if (fflush(stdout) || ferror(stdout)) fail("standard output cannot be written");
    return 0;
}
