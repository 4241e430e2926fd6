"""How many multiply–accumulates (MACs) one call of a layer takes, by kind of layer.

A MAC is one multiplication and the addition of its product. Counted are the products of
convolutions, dense layers, attention, and matrix products in general, as written: products with
the zeros of padding are counted, skipped parts of a faster algorithm are not. Not counted are
biases, normalisation, activations, pooling, additions and whatever else touches each number once.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras

Shape = tuple[int, ...]
Work = tuple[int, str]  # MACs, and the product that gives them as text

_CONVOLUTIONS = (keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D)
TRANSPOSED = (
    keras.layers.Conv1DTranspose,
    keras.layers.Conv2DTranspose,
    keras.layers.Conv3DTranspose,
)
DEPTHWISE = (keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D)
SEPARABLE = (keras.layers.SeparableConv1D, keras.layers.SeparableConv2D)

# These have tables of weights, but no product of matrices.
_WITHOUT_PRODUCTS = (
    keras.layers.BatchNormalization,
    keras.layers.Embedding,
    keras.layers.LayerNormalization,
    keras.layers.Normalization,
    keras.layers.PReLU,
    keras.layers.RMSNormalization,
)

# Bare operations that multiply in ways no formula here describes.
_UNKNOWN_OPERATIONS = frozenset(
    {
        "Conv",
        "ConvTranspose",
        "DepthwiseConv",
        "Dot",
        "DotProductAttention",
        "Einsum",  # of three and more; one and two are known
        "Inner",
        "Kron",
        "Outer",
        "SeparableConv",
        "Tensordot",
        "Vdot",
    }
)


@dataclass(frozen=True)
class Call:
    """One call of a step.

    Attributes:
        inputs: shapes, batch included, of the tensors that went in, in the order the layer
            declares its arguments.
        outputs: shapes of those that came out.
        learnt: how many of the inputs depend on weights that training changes: each needs a
            gradient.
    """

    inputs: tuple[Shape, ...]
    outputs: tuple[Shape, ...]
    learnt: int = 0


def work(step: Any, call: Call) -> Work | None:
    """Give the MACs of one call and how they come about; None for a step without products.

    Args:
        step: A layer, or an operation of a functional model.
        call: Its shapes.
    """
    for kinds, formula in _BY_LAYER:
        if isinstance(step, kinds):
            return formula(step, call)
    if isinstance(step, keras.Layer) or type(step).__name__ not in _BY_OPERATION:
        return None
    return _BY_OPERATION[type(step).__name__](step, call)


def is_unknown(step: Any, weights: Sequence[Any], call: Call) -> bool:
    """Say whether a step may do work that nothing here describes, so that it is not called zero.

    So are layers of a class from elsewhere that is not made of known layers, products of a kind
    without a formula, and tables of weights that may be multiplied with. Vectors only scale.

    Args:
        step: A layer, or an operation of a functional model.
        weights: Its weights, without those of layers inside it.
        call: One of its calls.
    """
    if work(step, call) is not None or isinstance(step, _WITHOUT_PRODUCTS):
        return False
    if not isinstance(step, keras.Layer):
        return type(step).__name__ in _UNKNOWN_OPERATIONS
    if any(len(weight.shape) > 1 for weight in weights):
        return True
    if step._flatten_layers(include_self=False):
        return False
    return isinstance(step, keras.layers.Lambda) or _is_foreign(type(step))


def _is_foreign(kind: type) -> bool:
    """Say whether a class descends from nothing more telling than `Layer`."""
    ours = (one for one in kind.__mro__ if one.__module__.split(".")[0] in ("keras", "evrisim"))
    return next(ours) in (keras.Layer, keras.Model)


def _channels(layer: Any, shape: Shape) -> int:
    return shape[-1] if layer.data_format == "channels_last" else shape[1]


def _product(*factors: int) -> Work:
    return math.prod(factors), " × ".join(map(str, factors))


def _convolution(layer: Any, call: Call) -> Work:
    fan_in = _channels(layer, call.inputs[0]) // layer.groups
    places = math.prod(call.outputs[0]) // layer.filters
    return _product(places, *layer.kernel_size, fan_in, layer.filters)


def _transposed(layer: Any, call: Call) -> Work:
    """Each input number is spread over a kernel of outputs; what is cropped off counts too."""
    channels = _channels(layer, call.inputs[0])
    places = math.prod(call.inputs[0]) // channels
    return _product(places, *layer.kernel_size, channels, layer.filters)


def _depthwise(layer: Any, call: Call) -> Work:
    channels = _channels(layer, call.outputs[0])
    return _product(math.prod(call.outputs[0]) // channels, *layer.kernel_size, channels)


def _separable(layer: Any, call: Call) -> Work:
    middle = _channels(layer, call.inputs[0]) * layer.depth_multiplier
    places = math.prod(call.outputs[0]) // layer.filters
    depth, depth_text = _product(places, *layer.kernel_size, middle)
    point, point_text = _product(places, middle, layer.filters)
    return depth + point, f"{depth_text} + {point_text}"


def _dense(layer: Any, call: Call) -> Work:
    places = math.prod(call.outputs[0]) // layer.units
    return _product(places, call.inputs[0][-1], layer.units)


def _einsum_dense(layer: Any, call: Call) -> Work:
    return _einsum(layer.equation, [call.inputs[0], tuple(layer.kernel.shape)])


def _einsum(equation: str, shapes: Sequence[Shape]) -> Work:
    """Multiply the sizes of all axes named in `equation`, each once; `...` stands for the rest."""
    sizes: dict[str, int] = {}
    rest: Shape = ()
    for term, shape in zip(
        equation.replace(" ", "").split("->")[0].split(","), shapes, strict=True
    ):
        head, dots, tail = term.partition("...")
        if dots:
            rest = max(rest, shape[len(head) : len(shape) - len(tail)], key=math.prod)
            shape = shape[: len(head)] + shape[len(shape) - len(tail) :]
        for letter, size in zip(head + tail, shape, strict=True):
            sizes[letter] = max(size, sizes.get(letter, 1))  # an axis of one is repeated
    return _product(*rest, *sizes.values())


def _attention_heads(layer: Any, call: Call) -> Work:
    """Scores of each query with each key, and the values they weigh; projections count apart."""
    config = layer.get_config()
    query, value = call.inputs[0], call.inputs[min(1, len(call.inputs) - 1)]
    axes = config["attention_axes"] or range(1, len(query) - 1)
    axes = [axes] if isinstance(axes, int) else axes
    queries, keys = (math.prod(shape[axis] for axis in axes) for shape in (query, value))
    others = math.prod(query[:-1]) // queries
    width = config["key_dim"] + (config["value_dim"] or config["key_dim"])
    return _product(others, config["num_heads"], queries, keys, width)


def _grouped_attention(layer: Any, call: Call) -> Work:
    config = layer.get_config()
    query, value = call.inputs[0], call.inputs[min(1, len(call.inputs) - 1)]
    pairs = (query[0], config["num_query_heads"], query[1], value[1])
    return _product(*pairs, 2 * config["head_dim"])


def _attention(layer: Any, call: Call) -> Work:
    query, value, key = (*call.inputs, call.inputs[1])[:3]
    return _product(math.prod(query[:-1]), value[-2], key[-1] + value[-1])


def _dot(layer: Any, call: Call) -> Work:
    axes = layer.axes if isinstance(layer.axes, int) else layer.axes[0]
    return _product(math.prod(call.outputs[0]), call.inputs[0][axes])


def _matrix_product(operation: Any, call: Call) -> Work:
    return _product(math.prod(call.outputs[0]), call.inputs[0][-1])


def _einsum_operation(operation: Any, call: Call) -> Work | None:
    if len(call.inputs) == 1:
        return 0, ""  # a transposition or a sum
    # Of three factors the work depends on which two are multiplied first.
    return _einsum(operation.subscripts, call.inputs) if len(call.inputs) == 2 else None


_Formula = Callable[[Any, Call], Work | None]

_BY_LAYER: list[tuple[tuple[type, ...], _Formula]] = [
    (_CONVOLUTIONS, _convolution),
    (TRANSPOSED, _transposed),
    (DEPTHWISE, _depthwise),
    (SEPARABLE, _separable),
    ((keras.layers.Dense,), _dense),
    ((keras.layers.EinsumDense,), _einsum_dense),
    ((keras.layers.MultiHeadAttention,), _attention_heads),
    ((keras.layers.GroupQueryAttention,), _grouped_attention),
    ((keras.layers.AdditiveAttention,), lambda layer, call: (0, "")),  # sums, no products
    ((keras.layers.Attention,), _attention),
    ((keras.layers.Dot,), _dot),
]

_BY_OPERATION: dict[str, _Formula] = {"Matmul": _matrix_product, "Einsum": _einsum_operation}
