"""Gradients of convolutions and poolings. g is the gradient of the result."""

from collections.abc import Mapping

from assay.machines.tensor.instruction import Kind
from assay.models.builder import Value
from assay.models.operators import averaged_elements, one_hot, reduced
from assay.models.training.applied import Applied, Rule
from assay.models.windows import Windows, windows_of


def _convolution(at: Applied, place: int) -> Value:
    """The rows of the windows get g · weights, and their sums go to the input; the weights get g · rows."""
    build, x, w = at.build, at.value(0), at.value(1)
    if place == 2:
        axes = [axis for axis in range(len(x.shape)) if axis != 1]
        return reduced(build, Kind.SUM, at.gradient, axes, keep=False)
    groups, windows = at.node.attribute("group", 1), windows_of(at.node, x.shape, w.shape[2:])
    batch, maps, channels = x.shape[0], w.shape[0] // groups, w.shape[1]
    gradient = build.reshape(at.gradient, (batch, groups, maps, windows.places))
    length = channels * windows.count
    if place == 1:
        rows = windows.convolution_rows(build, x, groups).transposed([1, 3, 0, 2])
        terms = batch * windows.places
        product = build.dot(
            build.reshape(gradient.transposed([1, 2, 0, 3]), (groups, maps, terms)),
            build.reshape(rows, (groups, length, terms)),
        )
        return build.reshape(product, w.shape)
    weights = build.reshape(w, (groups, maps, length)).transposed([0, 2, 1])
    rows = build.dot(gradient.transposed([0, 1, 3, 2]), weights)
    views = windows.spread_channels(rows, channels)
    return build.reshape(windows.collected(build, views, x.shape[2:]), x.shape)


def _max_pool(at: Applied, _: int) -> Value:
    """The largest element of each window gets g: of equal ones, the first."""
    x, windows = at.value(0), _pooling(at)
    rows = windows.pooled_rows(at.build, x, float("-inf"))
    place = at.build.find(rows, at.build.reduce(Kind.FOLD_LARGEST, rows))
    gradient = at.build.reshape(at.gradient, (*x.shape[:2], windows.places, 1))
    parts = at.mul(one_hot(at.build, place, windows.count), gradient)
    return windows.collected(at.build, windows.spread(parts), x.shape[2:])


def _average_pool(at: Applied, _: int) -> Value:
    """Each element of a window of n gets g / n."""
    x, windows = at.value(0), _pooling(at)
    share = at.div(at.gradient, averaged_elements(at.node, x.shape, windows))
    for size in windows.kernel:
        share = share.with_axis(len(share.shape), size, 0)
    return windows.collected(at.build, share, x.shape[2:])


def _pooling(at: Applied) -> Windows:
    return windows_of(at.node, at.shape(0), at.node.attribute("kernel_shape"))


RULES: Mapping[str, Rule] = {"AveragePool": _average_pool, "Conv": _convolution, "MaxPool": _max_pool}
