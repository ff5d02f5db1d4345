"""All kernels as one module in LLVM's language, and `run`, which goes through a tape (docs/operators.md, section 4)."""

from assay.machines.tensor_fast.elementwise import elementwise_kernels
from assay.machines.tensor_fast.emit import Code, Constants
from assay.machines.tensor_fast.products import product_kernels
from assay.machines.tensor_fast.reductions import reduction_kernels

COLUMNS = 12
"""Numbers of 64 bits of an entry of a tape: the address of a kernel, and what it is given."""

_RUN = f"""
define dso_local void @run(ptr %tape, i64 %count, ptr %constants) nounwind "no-builtins" {{
  br label %next
next:
  %i = phi i64 [0, %0], [%more, %go]
  %ended = icmp eq i64 %i, %count
  br i1 %ended, label %end, label %go
go:
  %at = mul i64 %i, {COLUMNS}
  %entry = getelementptr i64, ptr %tape, i64 %at
  %kernel = load ptr, ptr %entry
  call void %kernel(ptr %entry, ptr %constants)
  %more = add i64 %i, 1
  br label %next
end:
  ret void
}}"""


def kernels_ir(lanes: int) -> tuple[str, list[int]]:
    """The module, for vectors of `lanes` numbers; and the constants that it is given, as bits."""
    constants = Constants()
    kernels: list[Code] = []
    for make in (product_kernels, elementwise_kernels, reduction_kernels):
        kernels += make(lanes, constants)
    declared = [
        f"declare <{each} x float> @llvm.fma.v{each}f32(<{each} x float>, <{each} x float>, <{each} x float>)"
        for each in (1, lanes)
    ]
    declared.append("declare void @llvm.prefetch.p0(ptr, i32, i32, i32)")
    declared.append(f"declare <{lanes} x float> @llvm.sqrt.v{lanes}f32(<{lanes} x float>)")
    return "\n".join([*declared, *(kernel.text() for kernel in kernels), _RUN]), constants.bits
