"""Building programs in Zig, and keeping them."""

from pathlib import Path

import pytest

from assay.errors import InputError
from assay.toolchain import cache
from assay.toolchain.build import Options, build
from assay.toolchain.cache import build_or_reuse
from tests.support.programs import require_toolchain, run_program

# Without the standard library, so that it is built quickly.
MAIN = 'const code = @import("part/code.zig");\npub export fn _start() callconv(.naked) noreturn {\n'
MAIN += '    asm volatile ("li a7, 93; ecall" :: [code] "{a0}" (code.code));\n}\n'
CODE = 'const text = @embedFile("../text");\npub const code: usize = text.len;\n'


@pytest.fixture
def source(tmp_path: Path) -> Path:
    require_toolchain()
    (tmp_path / "part").mkdir()
    (tmp_path / "main.zig").write_text(MAIN)
    (tmp_path / "part" / "code.zig").write_text(CODE)
    (tmp_path / "text").write_text("four")
    return tmp_path / "main.zig"


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The sources that are built rather than found in the cache, as they come."""
    built: list[Path] = []

    def noted(sources: list[Path], output: Path, options: Options, told: None) -> None:
        built.extend(sources)
        build(sources, output, options, told=told)

    monkeypatch.setattr(cache, "build", noted)
    return built


def test_two_files_of_zig_are_refused(source: Path) -> None:
    with pytest.raises(InputError, match="name only the file with `main`"):
        build([source, source.with_name("part") / "code.zig"], source.with_suffix(".elf"))


def test_a_thread_cannot_be_started(source: Path) -> None:
    source.write_text(
        'const std = @import("std");\nfn work() void {}\n'
        "pub fn main() !void { (try std.Thread.spawn(.{}, work, .{})).join(); }\n"
    )
    with pytest.raises(InputError, match=r"Cannot spawn thread(.|\n)*To do: do without threads"):
        build([source], source.with_suffix(".elf"))


def test_a_program_of_zig_and_c_is_one_program(source: Path) -> None:
    source.write_text("extern fn answer() c_int;\npub export fn main() c_int { return answer(); }\n")
    source.with_name("answer.c").write_text(
        "#ifdef NDEBUG\n#error assertions count\n#endif\nint answer(void) { return ANSWER; }\n"
    )
    build([source, source.with_name("answer.c")], source.with_suffix(".elf"), Options(defines=["ANSWER=42"]))
    assert run_program(source.with_suffix(".elf")).exit_status == 42


def test_a_program_is_built_once_and_again_when_any_of_its_files_changes(source: Path, builds: list[Path]) -> None:
    kept, output = source.parent / "kept", source.with_suffix(".elf")

    def exit_status(options: Options = Options()) -> int:  # noqa: B008
        output.write_bytes(build_or_reuse(source, kept, options))
        return run_program(output).exit_status

    assert (exit_status(), exit_status(), len(builds)) == (4, 4, 1)
    source.with_name("text").write_text("other")
    assert (exit_status(), exit_status(), len(builds)) == (5, 5, 2)
    (source.with_name("part") / "code.zig").write_text("pub const code: usize = 3;\n")
    assert (exit_status(), exit_status(), len(builds)) == (3, 3, 3)
    assert (exit_status(Options(level="s")), len(builds)) == (3, 4)
    assert len(list(kept.iterdir())) == 4


def test_a_program_whose_files_cannot_be_known_is_built_each_time(source: Path, builds: list[Path]) -> None:
    computed = CODE.replace('"../text"', '"../" ++ "text"')
    (source.with_name("part") / "code.zig").write_text(computed)
    kept = source.parent / "kept"
    assert build_or_reuse(source, kept, Options()) == build_or_reuse(source, kept, Options())
    assert len(builds) == 2
    assert not kept.exists()
