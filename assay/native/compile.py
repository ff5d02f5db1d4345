"""LLVM IR to native code. LLVM is loaded by the first compilation and not before: it takes 0.1 s and 100 MB."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from assay.errors import NativeError
from assay.native.code import Code, code_of_object


@dataclass(frozen=True)
class Target:
    """What to make code for, in LLVM's words."""

    triple: str
    processor: str
    features: str


@cache
def host() -> Target:
    """The processor that this runs on, with all it can do."""
    import llvmlite.binding as llvm  # noqa: PLC0415

    return Target(llvm.get_process_triple(), llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten())


def compile_ir(text: str, level: int = 2, target: Target | None = None) -> Code:
    """The code of a module in LLVM's language, optimised at `level` 0 to 3, for this host if nothing else is said.

    Levels 2 and 3 are LLVM's own; level 1 is the few of their passes that do most, for half the time.

    What the module has to heed, since nobody links it:

    - It has no globals, and calls nothing that it does not define. All data come by pointers in arguments.
    - Functions that it calls itself are `internal`, or `dso_local`: a call of one that another module could replace
      would go through a linker's table.
    - LLVM makes tables of its own: of a `switch`, unless the function has the attribute `"no-jump-tables"="true"`; of
      vectors of different constants, and of some shuffles. It makes calls of memcpy or memset of loops and of large
      copies, unless the function is `nobuiltin` or has `"no-builtins"`.

    Raises `NativeError` if LLVM refuses the module, and if the code needs anything beside itself; then it says what.
    May be called by several threads: LLVM works for one at a time, and without Python's lock.
    """
    import llvmlite.binding as llvm  # noqa: PLC0415

    machine = _target_machine(target or host(), level)
    options = llvm.create_pipeline_tuning_options(speed_level=level)
    options.loop_vectorization = options.slp_vectorization = False  # vectors need constants in memory
    # A context of its own: what LLVM remembers of types and constants goes with it.
    with llvm.create_context() as context:
        try:
            parsed = llvm.parse_assembly(text, context)
        except RuntimeError as error:
            raise NativeError(f"the module is refused by LLVM: {error}") from error
        with parsed as module, llvm.create_pass_builder(machine, options) as builder:
            _verify(module)
            module.triple = machine.triple
            module.data_layout = str(machine.target_data)
            with _light_passes() if level == 1 else builder.getModulePassManager() as passes:
                passes.run(module, builder)
            return code_of_object(machine.emit_object(module))


def _light_passes() -> Any:
    import llvmlite.binding as llvm  # noqa: PLC0415

    passes = llvm.create_new_module_pass_manager()
    passes.add_sroa_pass()
    passes.add_instruction_combine_pass()
    passes.add_simplify_cfg_pass()
    return passes


def _verify(module: Any) -> None:
    try:
        module.verify()
    except RuntimeError as error:
        raise NativeError(f"the module is refused by LLVM: {error}") from error


@cache
def _target_machine(target: Target, level: int) -> Any:
    import llvmlite.binding as llvm  # noqa: PLC0415

    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    found = llvm.Target.from_triple(target.triple)
    return found.create_target_machine(
        cpu=target.processor, features=target.features, opt=2 if level else 0, reloc="pic", codemodel="small"
    )
