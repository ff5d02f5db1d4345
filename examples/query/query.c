// Answers questions about JSON documents.
//
//     query [-c] [-r] FILTER < DOCUMENTS
//
// Standard input is one JSON document or several (JSON Lines, for example): each is read, given to the filter, and
// forgotten. The results are written as JSON, indented; with -c each on one line; with -r strings are written as they
// are, without quotes. The language of the filters is a part of that of jq, with the same meaning:
//
//     .  .name  ."any name"  .[0]  .[-1]  .[2:5]  .[]  ..     parts: a member, an item, from 2 to before 5, each, all
//     a | b   a, b   a // b                                   b of the results of a; both; b if a is null or false
//     + - * / %   == != < <= > >=   and or not                numbers; + also joins strings, arrays, objects
//     select(a)  map(a)  if a then b elif c then d else e end
//     [a]  {name, total: a, "any name": b, (a): b}            a new array, a new object
//     length keys has(a) type tostring tonumber floor         and, of arrays: add any all first last min max sort
//     startswith(a) endswith(a) to_entries from_entries       unique reverse join(a), and sort_by(a) group_by(a)
//     empty                                                   unique_by(a) min_by(a) max_by(a)
//
// The exit status is 1 if a document is no JSON or does not fit the filter, or if the filter is none, with its line and
// column; 2 if the arguments are wrong.

#include <stdio.h>
#include <string.h>

#include "query.h"

struct output {
    sink sink;
    style style;
};

static void take_and_write(sink *sink, value result) { write_value(result, ((struct output *)sink)->style); }

int main(int count, char **arguments) {
    struct output output = {.sink = {take_and_write}};
    for (; count > 2 && arguments[1][0] == '-'; count--, arguments++)
        if (!strcmp(arguments[1], "-c"))
            output.style.is_compact = 1;
        else if (!strcmp(arguments[1], "-r"))
            output.style.is_raw = 1;
        else
            break;
    if (count != 2) {
        fprintf(stderr, "usage: query [-c] [-r] FILTER < DOCUMENTS\n");
        return 2;
    }
    const filter *filter = read_filter(arguments[1]);

    reader input = standard_input();
    const mark *mark = make_mark();
    for (;; release(mark)) {
        skip_space(&input);
        if (peek(&input) < 0) break;
        evaluate(filter, read_value(&input), &output.sink);
    }
    if (fflush(stdout) || ferror(stdout)) fail("standard output cannot be written");
    return 0;
}
