"""LLVM IR to bytes: what is refused because it would need a linker, and that what is left runs."""

import ctypes
import subprocess
import sys

import pytest

from assay.errors import IntegrityError, NativeError
from assay.native.code import Code
from assay.native.compile import Target, compile_ir
from assay.native.memory import CodeArena

LEVELS = range(4)

BACK_AND_FORTH = """
define internal preserve_nonecc i64 @even(i64 %n, i64 %x) noinline {
  %done = icmp eq i64 %n, 0
  br i1 %done, label %end, label %go
go:
  %m = sub i64 %n, 1
  %y = add i64 %x, %n
  %r = musttail call preserve_nonecc i64 @odd(i64 %m, i64 %y)
  ret i64 %r
end:
  ret i64 %x
}
define internal preserve_nonecc i64 @odd(i64 %n, i64 %x) noinline {
  %done = icmp eq i64 %n, 0
  br i1 %done, label %end, label %go
go:
  %m = sub i64 %n, 1
  %y = xor i64 %x, %n
  %r = musttail call preserve_nonecc i64 @even(i64 %m, i64 %y)
  ret i64 %r
end:
  ret i64 -1
}
define dso_local i64 @run(i64 %n) {
  %r = call preserve_nonecc i64 @even(i64 %n, i64 0)
  ret i64 %r
}
define i64 @run_twice(i64 %n) {
  %r = call i64 @run(i64 %n)
  %s = call i64 @run(i64 %n)
  %t = add i64 %r, %s
  ret i64 %t
}
"""


def back_and_forth(n: int) -> int:
    x = 0
    for i in range(n, 0, -1):
        x = x + i if i % 2 == n % 2 else x ^ i
    return x if n % 2 == 0 else -1


SWITCH = "\n".join(
    (
        "define i64 @f(i64 %x) ATTRIBUTES {",
        "  switch i64 %x, label %other [" + " ".join(f"i64 {i}, label %case{i}" for i in range(16)) + "]",
        *(f"case{i}:\n  ret i64 {i**5 % 97}" for i in range(16)),
        "other:\n  ret i64 1\n}",
    )
)


@pytest.mark.parametrize(
    ("module", "message"),
    [
        ("define i64 @f(", "refused by LLVM"),
        ("define i32 @f(i64 %x) {\n ret i64 %x\n}", "refused by LLVM"),
        ("define i64 @f() {\n %y = add i64 %x, 1\n %x = add i64 %y, 1\n ret i64 %x\n}", "does not dominate"),
        ("declare void @f()", "no code"),
        ("declare void @g()\ndefine void @f() {\n call void @g()\n ret void\n}", "needs a linker, for g"),
        ("@x = global i64 3\ndefine i64 @f() {\n %x = load i64, ptr @x\n ret i64 %x\n}", "needs a linker, for x"),
        ("@x = global i64 3\ndefine void @f() {\n ret void\n}", r"needs a section beside its code, \.data"),
        ("define double @f(double %x) {\n %y = fadd double %x, 1.25\n ret double %y\n}", "needs a linker"),
        ("define void @f() section \"elsewhere\" {\n ret void\n}", "no code"),
        (SWITCH.replace("ATTRIBUTES", ""), r"needs a linker, for .*\.rodata"),
    ],
)  # fmt: skip
def test_a_module_that_needs_more_than_itself_is_refused_with_what_it_needs(module: str, message: str) -> None:
    with pytest.raises(NativeError, match=message):
        compile_ir(module)


@pytest.mark.parametrize("level", LEVELS)
def test_functions_that_call_each_other_need_no_linker(level: int) -> None:
    arena = CodeArena(1 << 16)
    addresses = arena.load(compile_ir(BACK_AND_FORTH, level))
    run = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(addresses["run"])
    twice = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(addresses["run_twice"])
    for n in (0, 1, 2, 9, 100):
        assert run(n) == back_and_forth(n)
        assert twice(n) == 2 * back_and_forth(n)


@pytest.mark.parametrize("level", LEVELS)
def test_tail_calls_take_no_stack(level: int) -> None:
    arena = CodeArena(1 << 16)
    run = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(arena.load(compile_ir(BACK_AND_FORTH, level))["run"])
    assert run(10_000_000) > 0  # at 8 bytes a call, ten times the stack of a thread


def test_a_switch_without_tables_needs_no_linker() -> None:
    arena = CodeArena(1 << 16)
    code = compile_ir(SWITCH.replace("ATTRIBUTES", '"no-jump-tables"="true"'), level=1)
    function = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(arena.load(code)["f"])
    assert [function(i) for i in range(17)] == [*(i**5 % 97 for i in range(16)), 1]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("processor", [("x86_64-linux-gnu", "x86-64"), ("aarch64-linux-gnu", "generic")])
def test_code_for_either_processor_needs_no_linker(processor: tuple[str, str], level: int) -> None:
    code = compile_ir(BACK_AND_FORTH, level, Target(*processor, features=""))
    assert set(code.symbols) >= {"run", "run_twice"}


def test_packed_code_unpacks_to_the_same() -> None:
    code = compile_ir(BACK_AND_FORTH)
    assert Code.unpack(code.pack()) == code


@pytest.mark.parametrize("keep", [slice(20), slice(0), slice(60), slice(1, None)])
def test_what_is_no_packed_code_is_refused(keep: slice) -> None:
    packed = compile_ir(BACK_AND_FORTH).pack()
    with pytest.raises(IntegrityError):
        Code.unpack(packed[keep])


def test_code_that_was_kept_runs_without_llvm() -> None:
    packed = compile_ir(BACK_AND_FORTH).pack()
    script = (
        "import sys, ctypes\n"
        "import assay.native.compile\n"
        "from assay.native.cache import cache_key\n"
        "from assay.native.code import Code\n"
        "from assay.native.memory import CodeArena\n"
        "cache_key('module')\n"
        "arena = CodeArena(1 << 16)\n"
        "addresses = arena.load(Code.unpack(sys.stdin.buffer.read()))\n"
        "print(ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(addresses['run'])(10))\n"
        "assert 'llvmlite' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", script], input=packed, capture_output=True, check=True)
    assert int(done.stdout) == back_and_forth(10)
