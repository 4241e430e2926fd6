"""How layers and bare operations pass positions on, by kind."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
from keras import layers

from evrisim.cost import spans
from evrisim.cost.spans import Window
from evrisim.cost.strands import (
    Placed,
    Shape,
    Strand,
    Unknowable,
    broadcast,
    reduced,
    reshaped,
)
from evrisim.layers import BatchNormalization


@dataclass(frozen=True, eq=False)
class Passage:
    """One call of a step.

    Attributes:
        step: the layer or operation.
        args: what it was called with, tensors and all.
        inputs: the tensors among that, and what they see.
        shape: of the output.
    """

    step: Any
    args: tuple[Any, ...]
    inputs: tuple[Placed, ...]
    shape: Shape


Rule = Callable[[Passage], list[Strand]]


def rule(step: Any) -> Rule | None:
    """Give how a step passes positions on; None where its kind is unknown here."""
    if not isinstance(step, keras.Layer):
        return _BY_OPERATION.get(type(step).__name__) if _is_keras(type(step)) else None
    for kinds, found in _BY_LAYER:
        for kind in kinds:
            # A subclass with a `call` of its own may do something else.
            if isinstance(step, kind) and type(step).call is kind.call:
                return found if _is_known(getattr(step, "activation", None)) else None
    if type(step).__name__.startswith("Random") and _is_keras(type(step)):
        return _elementwise  # augmentation: nothing in inference
    return None


def _is_keras(thing: Any) -> bool:
    return str(getattr(thing, "__module__", "")).split(".")[0] == "keras"


def _is_known(activation: Any) -> bool:
    module = str(getattr(activation, "__module__", None) or type(activation).__module__)
    known = ("keras", "tensorflow", "jax", "torch")
    return activation is None or module.split(".")[0] in known


def _elementwise(call: Passage) -> list[Strand]:
    return [strand for given in call.inputs for strand in broadcast(given, call.shape)]


def _constant(call: Passage) -> list[Strand]:
    return []


# --- windows ------------------------------------------------------------------------------------


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


def _convolution(call: Passage) -> list[Strand]:
    return _windows(call, _sliding)


def _transposed(call: Passage) -> list[Strand]:
    return _windows(call, _spreading)


def _global_pooling(call: Passage) -> list[Strand]:
    given = call.inputs[0]
    return reduced(given, _spatial(call.step, len(given.shape)), keepdims=call.step.keepdims)


def _cut(call: Passage, sign: int) -> list[Strand]:
    step = call.step
    edges = step.cropping if sign > 0 else step.padding
    edges = (edges,) if isinstance(edges[0], int) else edges
    axes = _spatial(step, len(call.shape)) if hasattr(step, "data_format") else range(1, 2)
    shifts = zip(axes, edges, strict=True)
    return call.inputs[0].slid({axis: spans.picked(sign * edge[0], 1) for axis, edge in shifts})


def _cropping(call: Passage) -> list[Strand]:
    return _cut(call, 1)


def _padding(call: Passage) -> list[Strand]:
    return _cut(call, -1)


def _pad(call: Passage) -> list[Strand]:
    step, given = call.step, call.inputs[0]
    if step.mode not in ("constant", "reflect", "symmetric"):
        raise Unknowable
    widths = step.pad_width * (len(given.shape) if len(step.pad_width) == 1 else 1)
    return given.slid({axis: spans.picked(-w[0], 1) for axis, w in enumerate(widths) if w[0]})


def _upsampling(call: Passage) -> list[Strand]:
    return _scaled(call, getattr(call.step, "interpolation", "nearest"))


def _resize(call: Passage) -> list[Strand]:
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


def _depth_to_space(call: Passage) -> list[Strand]:
    given, window = call.inputs[0], spans.repeated(call.step.block_size)
    return given.slid(dict.fromkeys(_spatial(call.step, 4), window))


def _space_to_depth(call: Passage) -> list[Strand]:
    given, block = call.inputs[0], call.step.block_size
    return given.slid(dict.fromkeys(_spatial(call.step, 4), spans.sliding(block, block, 1, 0)))


def _repeat(call: Passage) -> list[Strand]:
    step, given = call.step, call.inputs[0]
    if step.axis is None or not isinstance(step.repeats, int):
        raise Unknowable
    return given.slid({step.axis % len(given.shape): spans.repeated(step.repeats)})


def _flip(call: Passage) -> list[Strand]:
    given = call.inputs[0]
    ndim = len(given.shape)
    axes = range(ndim) if call.step.axis is None else _listed(call.step.axis)
    return given.slid({a % ndim: spans.picked(given.shape[a] - 1, -1) for a in axes})


# --- axes ---------------------------------------------------------------------------------------


def _listed(axes: Any) -> list[int]:
    return [axes] if isinstance(axes, int) else list(axes)


def _reduction(call: Passage) -> list[Strand]:
    axes = call.step.axis
    axes = None if axes is None else _listed(axes)
    return reduced(call.inputs[0], axes, keepdims=bool(getattr(call.step, "keepdims", False)))


def _moments(call: Passage) -> list[Strand]:
    return reduced(call.inputs[0], _listed(call.step.axes), keepdims=call.step.keepdims)


def _along_axis(call: Passage) -> list[Strand]:
    """Normalise over some axes: each number there depends on all the others."""
    axes = getattr(call.step, "axis", -1)
    given = call.inputs[0]
    mixed = given.mixed(range(len(given.shape)) if axes is None else _listed(axes))
    return [*mixed.strands, *(s for one in call.inputs[1:] for s in broadcast(one, call.shape))]


def _activation(call: Passage) -> list[Strand]:
    """Most act on each number, a softmax on the last axis."""
    return list(call.inputs[0].mixed([-1]).strands)


def _group_normalisation(call: Passage) -> list[Strand]:
    given = call.inputs[0]
    return list(given.mixed(range(1, len(given.shape))).strands)


def _dense(call: Passage) -> list[Strand]:
    return list(call.inputs[0].mixed([-1]).strands)


def _reshape(call: Passage) -> list[Strand]:
    return reshaped(call.inputs[0], call.shape)


def _order(axes: Sequence[int]) -> dict[int, int]:
    return {axis % len(axes): place for place, axis in enumerate(axes)}


def _permute(call: Passage) -> list[Strand]:
    return call.inputs[0].moved(_order([0, *call.step.dims]))


def _transpose(call: Passage) -> list[Strand]:
    axes = call.step.axes
    return call.inputs[0].moved(_order(axes or range(len(call.shape))[::-1]))


def _swapaxes(call: Passage) -> list[Strand]:
    order = list(range(len(call.shape)))
    one, other = call.step.axis1, call.step.axis2
    order[one], order[other] = order[other], order[one]
    return call.inputs[0].moved(_order(order))


def _moveaxis(call: Passage) -> list[Strand]:
    ndim = len(call.shape)
    pairs = zip(_listed(call.step.source), _listed(call.step.destination), strict=True)
    order = [axis for axis in range(ndim) if axis not in {s % ndim for s in call.step.source}]
    for to, source in sorted((to % ndim, source % ndim) for source, to in pairs):
        order.insert(to, source)
    return call.inputs[0].moved(_order(order))


def _concatenate(call: Passage) -> list[Strand]:
    axis = call.step.axis % len(call.shape)
    strands = [strand for given in call.inputs for strand in given.strands]
    if any(strand.axis == axis for strand in strands) and len(call.inputs) > 1:
        raise Unknowable
    return strands


def _stack(call: Passage) -> list[Strand]:
    place = call.step.axis % len(call.shape)
    ahead = {axis: axis + (axis >= place) for axis in range(len(call.shape) - 1)}
    return [strand for given in call.inputs for strand in given.moved(ahead)]


def _split(call: Passage) -> list[Strand]:
    axis = call.step.axis % len(call.inputs[0].shape)
    if any(strand.axis == axis for strand in call.inputs[0].strands):
        raise Unknowable
    kept = [a for a in range(len(call.inputs[0].shape)) if a != axis]
    if len(call.shape) == len(kept):  # unstacked
        return call.inputs[0].moved(_order_of(kept))
    return list(call.inputs[0].strands)


def _order_of(kept: Sequence[int]) -> dict[int, int]:
    return {axis: place for place, axis in enumerate(kept)}


def _item(call: Passage) -> list[Strand]:
    """Follow `x[...]` made of slices, numbers, new axes and dots."""
    given, key = call.inputs[0], call.args[1]
    windows: dict[int, Window] = {}
    places: dict[int, int] = {}
    axis = place = 0
    for part in _spelled_out(key, len(given.shape)):
        if part is None:
            place += 1
        elif isinstance(part, slice):
            start, _stop, step = part.indices(given.shape[axis])
            windows[axis], places[axis] = spans.picked(start, step), place
            axis, place = axis + 1, place + 1
        else:
            windows[axis], places[axis] = Window(_one(part, given.shape[axis]), 0), -1
            axis += 1
    moved = Placed(tuple(given.slid(windows)), given.shape, given.frame).moved(places)
    return [Strand(s.side, None, s.span) if s.axis == -1 else s for s in moved]


def _one(index: Any, count: int) -> Any:
    import numpy as np

    return np.array([[int(index) % count]])


def _spelled_out(key: Any, ndim: int) -> Iterator[Any]:
    parts = list(key) if isinstance(key, tuple | list) else [key]
    if not all(part is None or part is ... or isinstance(part, int | slice) for part in parts):
        raise Unknowable
    dots = next((n for n, part in enumerate(parts) if part is ...), len(parts))
    given = sum(part is not None and part is not ... for part in parts)
    return iter([*parts[:dots], *[slice(None)] * (ndim - given), *parts[dots + 1 :]])


def _einsum(call: Passage) -> list[Strand]:
    return _contracted(call, call.step.subscripts)


def _einsum_dense(call: Passage) -> list[Strand]:
    return _contracted(call, call.step.equation)


def _contracted(call: Passage, equation: str) -> list[Strand]:
    """Follow the letters of a product: those that are gone were summed over."""
    terms, _arrow, result = equation.replace(" ", "").partition("->")
    if not result:
        raise Unknowable
    names = terms.split(",")
    letters = _letters(result, len(call.shape))
    found: list[Strand] = []
    for name, given in zip(names, call.inputs, strict=False):
        own = _letters(name, len(given.shape))
        summed = [axis for axis, letter in enumerate(own) if letter not in letters]
        places = {a: letters.index(x) for a, x in enumerate(own) if x in letters}
        found += given.mixed(summed).moved(places)
    return found


def _letters(term: str, ndim: int) -> list[str]:
    head, dots, tail = term.partition("...")
    rest = [f".{back}" for back in range(ndim - len(head) - len(tail), 0, -1)] if dots else []
    return [*head, *rest, *tail]


def _matmul(call: Passage) -> list[Strand]:
    if len(call.inputs) < 2:  # with weights: as a dense layer
        if call.inputs[0].shape[:-1] != call.shape[:-1]:
            raise Unknowable
        return _dense(call)
    one, other = call.inputs
    if len(one.shape) != len(other.shape) or one.shape[:-2] != other.shape[:-2]:
        raise Unknowable
    return [*one.mixed([-1]).strands, *other.mixed([-2]).strands]


def _attention_heads(call: Passage) -> list[Strand]:
    query, *memory = call.inputs
    axes = call.step.get_config().get("attention_axes") or range(1, len(query.shape) - 1)
    return _attending(query, memory or [query], _listed(axes))


def _attention(call: Passage) -> list[Strand]:
    return _attending(call.inputs[0], list(call.inputs[1:]), [1])


def _attending(query: Placed, memory: list[Placed], axes: Sequence[int]) -> list[Strand]:
    """Each query sees itself and all that keys and values see along the axes attended."""
    seen = [strand for given in memory for strand in given.mixed([*axes, -1]).strands]
    return [*query.mixed([-1]).strands, *seen]


_ELEMENTWISE_LAYERS = (
    layers.Identity, layers.Dropout, layers.SpatialDropout1D, layers.SpatialDropout2D,
    layers.SpatialDropout3D, layers.AlphaDropout, layers.GaussianDropout, layers.GaussianNoise,
    layers.ActivityRegularization, layers.BatchNormalization, BatchNormalization, layers.Rescaling,
    layers.Normalization, layers.ReLU, layers.LeakyReLU, layers.PReLU, layers.ELU, layers.Add,
    layers.Subtract, layers.Multiply, layers.Average, layers.Maximum, layers.Minimum,
)  # fmt: skip
_CONVOLUTIONS = (
    layers.Conv1D, layers.Conv2D, layers.Conv3D, layers.DepthwiseConv1D, layers.DepthwiseConv2D,
    layers.SeparableConv1D, layers.SeparableConv2D, layers.MaxPooling1D, layers.MaxPooling2D,
    layers.MaxPooling3D, layers.AveragePooling1D, layers.AveragePooling2D, layers.AveragePooling3D,
)  # fmt: skip
_GLOBAL_POOLINGS = (
    layers.GlobalAveragePooling1D, layers.GlobalAveragePooling2D, layers.GlobalAveragePooling3D,
    layers.GlobalMaxPooling1D, layers.GlobalMaxPooling2D, layers.GlobalMaxPooling3D,
)  # fmt: skip

_BY_LAYER: list[tuple[tuple[type[Any], ...], Rule]] = [
    (_ELEMENTWISE_LAYERS, _elementwise),
    ((layers.Activation,), _activation),
    (_CONVOLUTIONS, _convolution),
    ((layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose), _transposed),
    (_GLOBAL_POOLINGS, _global_pooling),
    ((layers.Cropping1D, layers.Cropping2D, layers.Cropping3D), _cropping),
    ((layers.ZeroPadding1D, layers.ZeroPadding2D, layers.ZeroPadding3D), _padding),
    ((layers.UpSampling1D, layers.UpSampling2D, layers.UpSampling3D), _upsampling),
    ((layers.Resizing,), _resize),
    ((layers.Dense,), _dense),
    ((layers.EinsumDense,), _einsum_dense),
    ((layers.Flatten, layers.Reshape), _reshape),
    ((layers.Permute,), _permute),
    ((layers.Concatenate,), _concatenate),
    ((layers.LayerNormalization, layers.RMSNormalization, layers.UnitNormalization), _along_axis),
    ((layers.Softmax,), _along_axis),
    ((layers.GroupNormalization,), _group_normalisation),
    ((layers.MultiHeadAttention, layers.GroupQueryAttention), _attention_heads),
    ((layers.Attention, layers.AdditiveAttention), _attention),
]

_ELEMENTWISE = """
    Absolute Fabs Add Subtract Multiply Divide DivideNoNan TrueDivide FloorDivide Power Negative
    Square Sqrt Rsqrt Reciprocal Exp Exp2 Expm1 Log Log10 Log1p Log2 Logaddexp Maximum Minimum Fmax
    Fmin Mod Fmod Sign Round Floor Ceil Trunc Clip Where Select Sin Cos Tan Sinh Cosh Tanh Arcsin
    Arccos Arctan Arctan2 Arcsinh Arccosh Arctanh Erf Erfc Cbrt Hypot Heaviside Sinc Real Imag
    Conjugate Copy NanToNum Isfinite Isinf Isnan Equal NotEqual Greater GreaterEqual Less LessEqual
    LogicalAnd LogicalNot LogicalOr LogicalXor BroadcastTo Cast SaturateCast StopGradient
    ConvertToTensor Relu Relu6 Sigmoid SparseSigmoid Softplus Softsign SoftShrink SparsePlus Silu
    Squareplus LogSigmoid LeakyRelu HardSigmoid HardSilu Elu Selu Gelu Celu TanhShrink HardTanh
    HardShrink Threshold BatchNorm
"""
_REDUCTIONS = "Mean Sum Max Min Amax Amin Prod Var Std Any All CountNonzero Median Logsumexp"

_BY_OPERATION: dict[str, Rule] = {
    **dict.fromkeys(_ELEMENTWISE.split(), _elementwise),
    **dict.fromkeys(_REDUCTIONS.split(), _reduction),
    **dict.fromkeys(("OnesLike", "ZerosLike", "FullLike"), _constant),
    **dict.fromkeys(("Conv", "DepthwiseConv", "SeparableConv"), _convolution),
    **dict.fromkeys(("MaxPool", "AveragePool"), _convolution),
    **dict.fromkeys(("Softmax", "LogSoftmax", "Normalize", "LayerNorm", "RMSNorm"), _along_axis),
    **dict.fromkeys(("Reshape", "Ravel", "Squeeze", "ExpandDims"), _reshape),
    **dict.fromkeys(("Split", "Unstack"), _split),
    "ConvTranspose": _transposed,
    "Moments": _moments,
    "Pad": _pad,
    "Resize": _resize,
    "Repeat": _repeat,
    "Flip": _flip,
    "DepthToSpace": _depth_to_space,
    "SpaceToDepth": _space_to_depth,
    "Transpose": _transpose,
    "Swapaxes": _swapaxes,
    "Moveaxis": _moveaxis,
    "Concatenate": _concatenate,
    "Stack": _stack,
    "GetItem": _item,
    "Einsum": _einsum,
    "Matmul": _matmul,
}
