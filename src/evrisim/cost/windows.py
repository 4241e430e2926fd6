"""How convolutions, pooling, padding and resizing pass positions on."""

from collections.abc import Callable, Sequence
from typing import Any

import keras

from evrisim.cost import spans
from evrisim.cost.spans import Window
from evrisim.cost.strands import Passage, Strand, Unknowable, listed, reduced


def _spatial(step: Any, ndim: int) -> range:
    form = getattr(step, "data_format", None) or keras.config.image_data_format()
    return range(1, ndim - 1) if form == "channels_last" else range(2, ndim)


def _others(axes: range, ndim: int) -> list[int]:
    """Give the axis of the channels, which convolutions mix."""
    return [axis for axis in range(1, ndim) if axis not in axes]


def _each(value: Any, count: int) -> tuple[int, ...]:
    return (value,) * count if isinstance(value, int) else tuple(value)


def _kernel(call: Passage) -> Sequence[int]:
    """Give the size of a kernel: a layer's setting, or the shape of what an operation got."""
    step = call.step
    size = getattr(step, "kernel_size", None) or getattr(step, "pool_size", None)
    axes = len(call.shape) - 2
    return _each(size if size is not None else tuple(call.args[1].shape)[:axes], axes)


def _windows(call: Passage, make: Callable[..., Window]) -> list[Strand]:
    given, step = call.inputs[0], call.step
    axes = _spatial(step, len(given.shape))
    kernel = _kernel(call)
    strides = _each(step.strides or kernel, len(axes))
    dilation = _each(getattr(step, "dilation_rate", 1), len(axes))
    windows = {
        axis: make(step.padding, given.shape[axis], call.shape[axis], *setting)
        for axis, *setting in zip(axes, kernel, strides, dilation, strict=True)
    }
    return given.mixed(_others(axes, len(given.shape))).slid(windows)


def _sliding(
    padding: str, size: int, cells: int, kernel: int, stride: int, dilation: int
) -> Window:
    reach = (kernel - 1) * dilation
    lacking = max(0, (cells - 1) * stride + reach + 1 - size)
    before = {"valid": 0, "same": lacking // 2, "causal": reach}[padding]
    return spans.sliding(kernel, stride, dilation, before)


def _spreading(
    padding: str, size: int, cells: int, kernel: int, stride: int, dilation: int
) -> Window:
    surplus = max(0, (size - 1) * stride + (kernel - 1) * dilation + 1 - cells)
    return spans.spread(kernel, stride, dilation, 0 if padding == "valid" else surplus // 2)


def convolution(call: Passage) -> list[Strand]:
    """Follow a convolution of any kind, or a pooling."""
    return _windows(call, _sliding)


def transposed(call: Passage) -> list[Strand]:
    """Follow a transposed convolution.

    Between kernels narrower than the stride lie cells that see nothing. Where such a map meets
    another, no window says which cells see what: it is flagged rather than overstated.
    """
    strides = _each(call.step.strides, len(call.shape) - 2)
    if any(kernel < stride for kernel, stride in zip(_kernel(call), strides, strict=True)):
        raise Unknowable
    return _windows(call, _spreading)


def global_pooling(call: Passage) -> list[Strand]:
    """Follow a pooling over all positions."""
    given = call.inputs[0]
    return reduced(given, _spatial(call.step, len(given.shape)), keepdims=call.step.keepdims)


def _cut(call: Passage, sign: int) -> list[Strand]:
    step = call.step
    edges = step.cropping if sign > 0 else step.padding
    edges = (edges,) if isinstance(edges[0], int) else edges
    axes = _spatial(step, len(call.shape)) if hasattr(step, "data_format") else range(1, 2)
    shifts = zip(axes, edges, strict=True)
    return call.inputs[0].slid({axis: spans.picked(sign * edge[0], 1) for axis, edge in shifts})


def cropping(call: Passage) -> list[Strand]:
    """Follow a layer that cuts off edges."""
    return _cut(call, 1)


def padding(call: Passage) -> list[Strand]:
    """Follow a layer that adds zeros around."""
    return _cut(call, -1)


def pad(call: Passage) -> list[Strand]:
    """Follow an operation that adds cells around."""
    step, given = call.step, call.inputs[0]
    if step.mode not in ("constant", "reflect", "symmetric"):
        raise Unknowable
    widths = step.pad_width * (len(given.shape) if len(step.pad_width) == 1 else 1)
    return given.slid({axis: spans.picked(-w[0], 1) for axis, w in enumerate(widths) if w[0]})


def upsampling(call: Passage) -> list[Strand]:
    """Follow a layer that enlarges a map by whole factors."""
    return _scaled(call, getattr(call.step, "interpolation", "nearest"))


def resize(call: Passage) -> list[Strand]:
    """Follow a map brought to another size."""
    step = call.step
    ratios = ("crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias")
    if any(getattr(step, name, False) for name in ratios):
        raise Unknowable
    return _scaled(call, step.interpolation)


def _scaled(call: Passage, interpolation: str) -> list[Strand]:
    taps = {"nearest": 1, "bilinear": 2}.get(interpolation)
    given = call.inputs[0]
    if taps is None:
        raise Unknowable
    ends = [(axis, size, call.shape[axis]) for axis, size in enumerate(given.shape)]
    return given.slid({a: spans.resized(old, new, taps) for a, old, new in ends if old != new})


def depth_to_space(call: Passage) -> list[Strand]:
    """Follow channels laid out as blocks of positions."""
    given, window = call.inputs[0], spans.repeated(call.step.block_size)
    return given.slid(dict.fromkeys(_spatial(call.step, 4), window))


def space_to_depth(call: Passage) -> list[Strand]:
    """Follow blocks of positions made channels."""
    given, block = call.inputs[0], call.step.block_size
    return given.slid(dict.fromkeys(_spatial(call.step, 4), spans.sliding(block, block, 1, 0)))


def repeat(call: Passage) -> list[Strand]:
    """Follow cells repeated in a row."""
    step, given = call.step, call.inputs[0]
    if step.axis is None or not isinstance(step.repeats, int):
        raise Unknowable
    return given.slid({step.axis % len(given.shape): spans.repeated(step.repeats)})


def flip(call: Passage) -> list[Strand]:
    """Follow axes turned round."""
    given = call.inputs[0]
    ndim = len(given.shape)
    axes = range(ndim) if call.step.axis is None else listed(call.step.axis)
    return given.slid({a % ndim: spans.picked(given.shape[a] - 1, -1) for a in axes})
