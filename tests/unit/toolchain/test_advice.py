"""What a user is told to do about a program that wants what the machine does not have."""

from pathlib import Path

import pytest

from assay.errors import InputError
from assay.toolchain.build import Options, build
from tests.support.programs import require_toolchain

REFUSED = {
    "a library's header": ("t.c", "#include <zlib.h>\n", (), "-I"),
    "a C++ library's header": ("t.cpp", "#include <boost/any.hpp>\n", (), "-I"),
    "a source that is not named": ("t.c", "int f(void); int main(void) { return f(); }\n", (), "name all source files"),
    "a program without main": ("t.c", "int f(void) { return 1; }\n", (), "the function `main`"),
    "a later C++": ("t.cpp", '#include <format>\nauto text = std::format("{}", 1);\n', (), "--flag=-std=c++23"),
    "another processor's assembly": ("t.c", 'int main(void) { int a; __asm__("rdtsc" : "=a"(a)); }\n', (), "RV64IMA"),
    "a library to link": ("t.c", "int main(void) {}\n", ("-lz",), "name all source files"),
    "float registers": ("t.c", 'int main(void) { __asm__("fadd.d f0, f0, f0"); }\n', (), "floats in software"),
    "a float operand": ("t.c", 'int main(void) { __asm__("" ::"f"(1.0)); }\n', (), "floats in software"),
    "the hard-float ABI": ("t.c", "int main(void) {}\n", ("-mabi=lp64d",), "floats in software"),
    "compressed code": ("t.c", 'int main(void) { __asm__("c.nop"); }\n', (), "RV64IMA"),
    "vectors": ("t.c", "#include <riscv_vector.h>\nint main(void) { vint32m1_t v; }\n", (), "RV64IMA"),
    "another processor": ("t.c", "#include <immintrin.h>\nint main(void) {}\n", (), "RV64IMA"),
    "OpenMP": ("t.c", "#include <omp.h>\nint main(void) {}\n", ("-fopenmp",), "without threads"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_built_is_told_by_the_compiler_and_then_what_to_do(case: str, tmp_path: Path) -> None:
    require_toolchain()
    name, text, flags, advice = REFUSED[case]
    source = tmp_path / name
    source.write_text(text)
    with pytest.raises(InputError) as refused:
        build([source], tmp_path / "t.elf", Options(flags=flags))
    first, *messages, last = str(refused.value).splitlines()
    assert first == f"{source} cannot be built:"
    assert any("error: " in message for message in messages)
    assert last.startswith("To do: ")
    assert advice in last


CALLS = {
    "pthread_create(&(pthread_t){0}, 0, 0, 0)": "threads (pthread_create)",
    "system(\"ls\")": "other processes (execve, posix_spawn)",
    "fork()": "other processes (_Fork, fork)",
    "socket(1, 1, 0)": "sockets (socket)",
    "(long)dlopen(\"libm.so\", 1)": "libraries that are loaded while it runs (dlopen)",
}  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_a_program_that_will_not_get_what_it_wants_is_built_with_a_warning(call: str, tmp_path: Path) -> None:
    require_toolchain()
    source = tmp_path / "t.c"
    headers = "dlfcn.h", "pthread.h", "stdlib.h", "sys/socket.h", "unistd.h"
    source.write_text(
        "".join(f"#include <{header}>\n" for header in headers) + f"int main(void) {{ return {call}; }}\n"
    )
    told: list[str] = []
    build([source], tmp_path / "t.elf", told=told.append)
    assert len(told) == 1
    assert f"wants {CALLS[call]}, and will not get them" in told[0]


def test_an_ordinary_program_is_built_without_a_word(tmp_path: Path) -> None:
    require_toolchain()
    source = tmp_path / "t.c"
    source.write_text('#include <stdio.h>\nint socket_count; int main(void) { printf("%f", 1.5); fopen("f", "r"); }\n')
    told: list[str] = []
    build([source], tmp_path / "t.elf", told=told.append)
    assert told == []
