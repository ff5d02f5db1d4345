"""Transposed convolutions, pooling by powers, and Einstein sums (docs/operators.md, section 8)."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from assay.errors import InputError
from assay.machines.tensor.instruction import Kind
from assay.models.builder import Builder, Value
from assay.models.operators import Lowering, convolved, floats, reduced

if TYPE_CHECKING:
    from assay.models.onnx_import import Node


def transposed_convolution(node: "Node") -> Value:
    """A convolution with the kernel turned around, of the input with zeros between its places."""
    build, x, w = node.builder, floats(node.value(0)), node.constant(1)
    kernel, groups = w.shape[2:], node.attribute("group", 1)
    spatial = len(kernel)
    strides, dilations = node.attribute("strides", [1] * spatial), node.attribute("dilations", [1] * spatial)
    extents = [(size - 1) * step + 1 for size, step in zip(kernel, dilations, strict=True)]
    before, behind = _trimmed(node, x.shape[2:], strides, extents)

    spread = x
    if any(step > 1 for step in strides):
        sizes = [(size - 1) * step + 1 for size, step in zip(x.shape[2:], strides, strict=True)]
        target = build.empty((*x.shape[:2], *sizes))
        places = target
        for axis, step in enumerate(strides):
            places = places.sliced(2 + axis, 0, x.shape[2 + axis], step)
        build.emit(Kind.COPY, places, x)
        spread = target
    # What is cut off the result is less padding here; padding below zero is cut off the input.
    margins = [[extent - 1 - cut for extent, cut in zip(extents, cuts, strict=True)] for cuts in (before, behind)]
    for axis, (first, last) in enumerate(zip(*margins, strict=True)):
        start, end = max(0, -first), spread.shape[2 + axis] - max(0, -last)
        spread = spread.sliced(2 + axis, start, end - start)
    pads = [max(0, each) for margin in margins for each in margin]
    # [inputs, outputs / groups, kernel] as [outputs, inputs / groups, kernel], each axis of the kernel turned around.
    parts = w.reshape(groups, w.shape[0] // groups, *w.shape[1:]).swapaxes(1, 2)
    turned = np.flip(parts.reshape(-1, w.shape[0] // groups, *kernel), tuple(range(2, 2 + spatial)))
    plain = replace(node, attributes={"group": groups, "dilations": dilations, "pads": pads})
    result = convolved(plain, spread, np.ascontiguousarray(turned), Builder.dot)
    if node.has(2):
        result = build.binary(Kind.ADD, result, node.value(2).viewed((turned.shape[0],) + (1,) * spatial))
    return result


def _trimmed(
    node: "Node", sizes: tuple[int, ...], strides: list[int], extents: list[int]
) -> tuple[list[int], list[int]]:
    """What is cut off the whole result at both ends of each axis; less than nothing where zeros are added."""
    spatial = len(sizes)
    pads, extra = node.attribute("pads", [0] * 2 * spatial), node.attribute("output_padding", [0] * spatial)
    mode = node.attribute("auto_pad", b"NOTSET").decode()
    wanted = node.attribute("output_shape")
    if wanted is not None or mode in ("SAME_UPPER", "SAME_LOWER"):
        outputs = (
            list(wanted)[-spatial:]
            if wanted is not None
            else [n * step for n, step in zip(sizes, strides, strict=True)]
        )
        before: list[int] = []
        behind: list[int] = []
        for axis, output in enumerate(outputs):
            cut = strides[axis] * (sizes[axis] - 1) + extra[axis] + extents[axis] - output
            if cut < 0:
                raise InputError("a result that is larger than what the kernel reaches")
            less, more = cut // 2, cut - cut // 2
            first, last = (less, more) if mode == "SAME_UPPER" else (more, less)
            before, behind = [*before, first], [*behind, last - extra[axis]]
        return before, behind
    if mode == "VALID":
        pads = [0] * 2 * spatial
    return list(pads[:spatial]), [pads[spatial + axis] - extra[axis] for axis in range(spatial)]


def einstein_sum(node: "Node") -> Value:
    """Of one or two tensors, without a letter twice in one of them: a product of rows, or a sum."""
    equation = node.attribute("equation").decode().replace(" ", "")
    given, arrow, wanted = equation.partition("->")
    terms = given.split(",")
    if not arrow:
        letters = given.replace(",", "")
        wanted = "".join(sorted(each for each in set(letters) if letters.count(each) == 1))
    if "." in equation or len(terms) > 2 or any(len(set(each)) != len(each) for each in (*terms, wanted)):
        raise InputError(f"the equation {equation!r}: one or two terms without '...' or a letter twice are supported")
    values = [floats(node.value(place)) for place in range(len(terms))]
    for number, term in enumerate(terms):  # what is in this term alone is summed up first
        lonely = [
            i
            for i, each in enumerate(term)
            if each not in wanted and not any(each in other for place, other in enumerate(terms) if place != number)
        ]
        if lonely:
            values[number] = reduced(node.builder, Kind.SUM, values[number], lonely, keep=False)
            terms[number] = "".join(each for i, each in enumerate(term) if i not in lonely)
    if len(terms) == 1:
        return values[0].transposed([terms[0].index(each) for each in wanted])
    (a, b), (first, second) = values, terms
    batch = [each for each in first if each in second and each in wanted]
    summed = [each for each in first if each in second and each not in wanted]
    left, right = ([each for each in term if each not in (*batch, *summed)] for term in terms)
    sizes = dict(zip(first + second, a.shape + b.shape, strict=True))

    def rows(value: Value, term: str, own: list[str]) -> Value:
        order = value.transposed([term.index(each) for each in (*batch, *own, *summed)])
        count = [int(np.prod([sizes[each] for each in letters])) for letters in (own, summed)]
        return node.builder.reshape(order, (*(sizes[each] for each in batch), *count))

    product = node.builder.dot(rows(a, first, left), rows(b, second, right))
    letters = [*batch, *left, *right]
    whole = node.builder.reshape(product, tuple(sizes[each] for each in letters))
    return whole.transposed([letters.index(each) for each in wanted])


OPERATORS: dict[str, Lowering] = {"ConvTranspose": transposed_convolution, "Einsum": einstein_sum}
