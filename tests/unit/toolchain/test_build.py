"""Building programs for the machine from C, and what all languages share."""

import importlib.util
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

import assay.toolchain.zig
from assay.errors import InputError
from assay.machines.base import Outcome, RunStatus
from assay.machines.riscv.elf import parse_elf
from assay.toolchain.build import Options, build
from assay.toolchain.zig import SLOW_BUILD
from tests.support.programs import require_toolchain, run_program

GREETING = '#include <stdio.h>\nint main(int count, char **words) { printf("%s %f\\n", words[0], 1.5 * count); }\n'
# Loads, stores and arithmetic of floating-point registers.
FLOAT_OPCODES = {0x07, 0x27, 0x43, 0x47, 0x4B, 0x4F, 0x53}


@pytest.fixture
def greeting(tmp_path: Path) -> Path:
    require_toolchain()
    source = tmp_path / "greeting.c"
    source.write_text(GREETING)
    return source


def words_of_code(file: bytes) -> Iterator[int]:
    section = ELFFile(io.BytesIO(file)).get_section_by_name(".text")
    assert section is not None
    code = section.data()
    assert len(code) % 4 == 0
    for at in range(0, len(code), 4):
        yield int.from_bytes(code[at : at + 4], "little")


def test_without_the_toolchain_the_user_learns_how_to_install_it(
    greeting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(InputError, match=r"pip install 'assay\[build\]'"):
        build([greeting], greeting.with_suffix(".elf"))


def test_no_sources_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no sources"):
        build([], tmp_path / "program.elf")


def test_a_source_in_another_language_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"program\.rs cannot be built: name files that end in .*\.c, .*\.cpp, .*\.zig"
    ):
        build([tmp_path / "program.rs"], tmp_path / "program.elf")


def test_a_missing_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"missing\.c is not there"):
        build([tmp_path / "missing.c"], tmp_path / "program.elf")


def test_a_missing_output_folder_is_refused(greeting: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="make the folder"):
        build([greeting], tmp_path / "missing" / "greeting.elf")


def test_a_folder_as_output_is_refused(greeting: Path) -> None:
    with pytest.raises(InputError, match="name a file"):
        build([greeting], greeting.parent)


def test_an_error_in_the_source_is_shown_and_leaves_the_old_program(greeting: Path) -> None:
    output = greeting.with_suffix(".elf")
    output.write_bytes(b"the old program")
    greeting.write_text("int main(void) { retrun 0; }\n")
    with pytest.raises(
        InputError, match=r"(?s)greeting\.c cannot be built.*use of undeclared identifier 'retrun'.*To do: correct"
    ):
        build([greeting], output)
    assert output.read_bytes() == b"the old program"
    assert sorted(path.name for path in greeting.parent.iterdir()) == ["greeting.c", "greeting.elf"]


@pytest.mark.parametrize(
    ("flag", "reason"),
    [
        ("-shared", "not a static executable"),
        ("-c", "not a static executable"),
        ("-E", "not an ELF file"),
        ("-Wl,--image-base=0x70000000", "has a segment at 0x70000000"),
    ],
)
def test_flags_that_make_something_else_are_refused(greeting: Path, flag: str, reason: str) -> None:
    with pytest.raises(InputError, match=f"flags are to blame: .*{reason}"):
        build([greeting], greeting.with_suffix(".elf"), Options(flags=[flag]))


def test_compressed_instructions_are_refused(greeting: Path) -> None:
    # Without the C library, which would be compiled anew for this processor.
    greeting.write_text("void _start(void) { for (;;) continue; }\n")
    with pytest.raises(InputError, match=r"flags are to blame: .*compressed instructions"):
        build([greeting], greeting.with_suffix(".elf"), Options(flags=["-mcpu=generic_rv64+m+a+c", "-nostdlib"]))


def test_a_source_that_is_named_twice_is_refused(greeting: Path) -> None:
    with pytest.raises(InputError, match=r"duplicate symbol: main(.|\n)*To do: .* name each file once"):
        build([greeting, greeting], greeting.with_suffix(".elf"))


def test_a_flood_of_messages_is_cut(greeting: Path) -> None:
    greeting.write_text("".join(f'#error "number {i}"\n' for i in range(100)))
    with pytest.raises(InputError) as caught:
        build([greeting], greeting.with_suffix(".elf"), Options(flags=["-ferror-limit=0"]))
    lines = str(caught.value).splitlines()
    assert 30 < len(lines) < 60
    assert re.fullmatch(r"\.\.\. and \d+ more lines", lines[-2])


def test_a_program_is_static_and_within_what_the_machine_executes(greeting: Path) -> None:
    output = greeting.with_suffix(".elf")
    build([greeting], output)
    parse_elf(output.read_bytes())
    for word in words_of_code(output.read_bytes()):
        assert word & 3 == 3, f"{word:#x} is compressed"
        assert word & 0x7F not in FLOAT_OPCODES, f"{word:#x} uses floating-point registers"


def test_the_same_sources_make_the_same_program_anywhere(greeting: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    copy = tmp_path / "elsewhere" / "greeting.c"
    copy.write_text(GREETING)
    build([greeting], greeting.with_suffix(".elf"))
    build([copy], tmp_path / "elsewhere" / "other name.elf")
    assert greeting.with_suffix(".elf").read_bytes() == (tmp_path / "elsewhere" / "other name.elf").read_bytes()


def test_an_unknown_level_and_a_missing_folder_of_headers_are_refused(greeting: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no level of optimisation 'fast'"):
        build([greeting], tmp_path / "greeting.elf", Options(level="fast"))
    with pytest.raises(InputError, match="missing is no folder of headers"):
        build([greeting], tmp_path / "greeting.elf", Options(includes=[tmp_path / "missing"]))


def test_several_sources_macros_and_folders_of_headers_make_one_program(greeting: Path, tmp_path: Path) -> None:
    (tmp_path / "include").mkdir()
    (tmp_path / "include" / "answer.h").write_text("int answer(void);\n")
    greeting.write_text("#include <answer.h>\nint main(void) { return answer() + ONE; }\n")
    (tmp_path / "answer.c").write_text("int answer(void) { return ANSWER; }\n")
    options = Options(defines=["ANSWER=41", "ONE"], includes=[tmp_path / "include"])
    build([greeting, tmp_path / "answer.c"], greeting.with_suffix(".elf"), options)
    assert run_program(greeting.with_suffix(".elf")) == Outcome(RunStatus.EXITED, 42, b"", b"")


def test_the_level_of_optimisation_is_the_compilers(greeting: Path) -> None:
    """Without the C library, which would be compiled anew for each level."""
    macros = "#ifdef __OPTIMIZE_SIZE__\n#define A 2\n#elif __OPTIMIZE__\n#define A 1\n#else\n#define A 0\n#endif\n"
    greeting.write_text(
        macros + 'void _start(void) { __asm__ volatile("mv a0, %0; li a7, 93; ecall" ::"r"(A) : "a0", "a7"); }\n'
    )
    found = []
    for level in ("0", "2", "s"):
        build([greeting], greeting.with_suffix(".elf"), Options(level=level, flags=["-nostdlib"]))
        found.append(run_program(greeting.with_suffix(".elf")).exit_status)
    assert found == [0, 1, 2]


def test_no_sanitizer_is_linked_that_nobody_asked_for(greeting: Path) -> None:
    """Without the C library, which would be compiled anew for this level."""
    greeting.write_text(
        "volatile int most = 0x7FFFFFFF;\n"
        'void _start(void) { __asm__ volatile("mv a0, %0; li a7, 93; ecall" ::"r"(most + 1 < 0) : "a0", "a7"); }\n'
    )
    build([greeting], greeting.with_suffix(".elf"), Options(level="0", flags=["-nostdlib"]))
    assert run_program(greeting.with_suffix(".elf")).exit_status == 1


def test_assembly_is_built_with_the_rest(greeting: Path, tmp_path: Path) -> None:
    greeting.write_text("int answer(void);\nint main(void) { return answer(); }\n")
    (tmp_path / "answer.S").write_text(".globl answer\nanswer:\n    li a0, 42\n    ret\n")
    build([greeting, tmp_path / "answer.S"], greeting.with_suffix(".elf"))
    assert run_program(greeting.with_suffix(".elf")).exit_status == 42


def test_assertions_count_unless_they_are_turned_off(greeting: Path) -> None:
    greeting.write_text("#include <assert.h>\nint main(int count, char **arguments) { assert(count == 2); }\n")
    build([greeting], greeting.with_suffix(".elf"))
    outcome = run_program(greeting.with_suffix(".elf"))
    assert (outcome.status, outcome.exit_status) == (RunStatus.FAULTED, 128 + 6)
    assert b"Assertion failed: count == 2" in outcome.stderr
    build([greeting], greeting.with_suffix(".elf"), Options(defines=["NDEBUG"]))
    assert run_program(greeting.with_suffix(".elf")).exit_status == 0


def test_what_the_language_leaves_undefined_ends_the_run_where_the_compiler_sees_it(greeting: Path) -> None:
    greeting.write_text("int main(void) { int *nowhere = 0; *nowhere = 5; }\n")
    build([greeting], greeting.with_suffix(".elf"))
    outcome = run_program(greeting.with_suffix(".elf"))
    assert (outcome.status, outcome.exit_status) == (RunStatus.FAULTED, 128 + 4)


def test_warnings_are_told(greeting: Path) -> None:
    greeting.write_text("int main(void) { return 1 / 0; }\n")
    told: list[str] = []
    build([greeting], greeting.with_suffix(".elf"), told=told.append)
    assert "division by zero" in "\n".join(told)


def test_a_build_that_takes_long_says_why(greeting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assay.toolchain.zig, "SLOW_SECONDS", 0.0)
    told: list[str] = []
    build([greeting], greeting.with_suffix(".elf"), told=told.append)
    assert told == [SLOW_BUILD]
