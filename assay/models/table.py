"""All operators that can be imported, by the names that ONNX gives them (docs/operators.md, section 8)."""

from collections.abc import Mapping

from assay.models import convolving, functions, movement, operators, recurrent, reducing
from assay.models.operators import Lowering

OPERATORS: Mapping[str, Lowering] = {
    **operators.OPERATORS,
    **functions.OPERATORS,
    **movement.OPERATORS,
    **reducing.OPERATORS,
    **convolving.OPERATORS,
    **recurrent.OPERATORS,
}
