"""What to do about programs that want what the machine does not have: instructions, libraries, threads, a network."""

import re
from collections.abc import Iterator

PLAIN = "correct what the compiler says and build again"

ADVICE = [
    (
        r"requires the following: '[FD]'|constraint 'f'|floating-point ABI|[Hh]ard-float",
        "leave out flags and assembly for floating-point registers: the machine has none, "
        "and the compiler computes floats in software",
    ),
    (
        r"invalid (in|out)put constraint|unknown register name|unrecognized instruction mnemonic|"
        r"requires the following: |requires the '\w+' extension|vector intrinsics|only meant to be used on|unknown CPU",
        "leave out assembly, intrinsics and flags for other processors: the machine executes RV64IMA",
    ),
    (
        r"'omp\.h' file not found|__kmpc_|Cannot spawn thread",
        "do without threads: the machine has one processor. What can run side by side can be tasks of their own",
    ),
    (
        r"file not found|module '\w+' not found",
        "name the folders of further headers with -I, and build their sources with yours: "
        "the standard libraries of C and C++ are all that is installed",
    ),
    (
        r"\bstd\b.* has no member named|invalid builtin function",
        "look for it in the documentation of this version of Zig (`python -m ziglang version`): each changes it",
    ),
    (
        r"no member named '\w+' in namespace 'std'",
        "include the header that declares it; if it is newer than C++17, ask for a later C++ with --flag=-std=c++23",
    ),
    (
        r"undefined symbol: main\b",
        "name the source file that has the function `main`, where a program begins",
    ),
    (
        r"duplicate symbol",
        "define it in one source file only, and name each file once: several programs are built one by one",
    ),
    (
        r"undefined symbol|unable to find (static|dynamic) system library",
        "name all source files that belong to the program: the standard libraries are all that can be linked",
    ),
]
"""Signs in a compiler's messages, and what to do; the first that fits."""

MISSING = [
    ({"pthread_create", "thrd_create"}, "threads", "there is one only"),
    ({"fork", "vfork", "_Fork", "posix_spawn", "execve"}, "other processes", "there is one only"),
    ({"socket"}, "sockets", "there is no network"),
    ({"dlopen"}, "libraries that are loaded while it runs", "it is linked statically"),
]
"""Functions of the C library that can only fail, what a program wants with them, and why it will not get it."""


def advice_on(messages: str) -> str:
    """What to do about a compiler's messages."""
    return next((advice for sign, advice in ADVICE if re.search(sign, messages)), PLAIN)


def warnings_about(link_map: str) -> Iterator[str]:
    """What a program will not get although it was built: one line each, from the linker's map of what is in it."""
    # Columns: addresses, size, alignment, and then a name, further indented if it is a symbol's.
    linked = set(re.findall(r"^ *[0-9a-f]+ +[0-9a-f]+ +[0-9a-f]+ +\d+ {10,}(\w+)$", link_map, re.MULTILINE))
    for functions, wanted, reason in MISSING:
        if called := sorted(functions & linked):
            yield f"warning: the program wants {wanted} ({', '.join(called)}), and will not get them: {reason}"
