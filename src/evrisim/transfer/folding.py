"""Batch normalisations folded into the convolutions before them, for inference alone."""

from typing import Any

import keras
import numpy as np

from evrisim.transfer.graph import Graph
from evrisim.transfer.weights import refresh

_CONVOLUTIONS = (
    keras.layers.Conv2D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv2D,
    keras.layers.Dense,
)

# In bfloat16 they would round images to 8 bits.
_SCALING = (keras.layers.Rescaling, keras.layers.Normalization, keras.layers.InputLayer)


def folded(model: keras.Model, precision: str = "float32") -> keras.Model:
    """Give a model that computes the same in inference mode with fewer steps.

    In inference a batch normalisation multiplies each feature map by a number and adds another.
    Where a convolution (or dense layer) without activation comes before it and gives to nothing
    else, both go into the convolution's kernel and bias: one pass over the feature maps less,
    and convolution, bias and activation can run as one.

    Args:
        model: A functional model; left as it is.
        precision: `float32`, or `bfloat16` for all that does not scale images.

    Returns:
        A new model, which must not be trained. Where nothing can be folded it computes the same.

    Raises:
        InputError: If the model is not functional.

    Reference:
        Jacob et al. 2018, https://arxiv.org/abs/1712.05877, section 3.2.
    """
    graph = Graph(model)
    pairs = _pairs(graph)
    gone = {norm.name for norm in pairs.values()}

    def cloned(layer: keras.Layer) -> keras.Layer:
        config = layer.get_config()
        if layer.name in pairs:
            config["use_bias"] = True
        if precision == "bfloat16" and not isinstance(layer, _SCALING):
            config["dtype"] = "mixed_bfloat16"
        return layer.__class__.from_config(config)

    def called(layer: Any, *arguments: Any, **more: Any) -> Any:
        return arguments[0] if layer.name in gone else layer(*arguments, **more)

    made = keras.models.clone_model(model, clone_function=cloned, call_function=called)
    for layer in made.layers:
        if layer.name in pairs:
            layer.set_weights(_folded_weights(model.get_layer(layer.name), pairs[layer.name]))
        elif layer.weights:
            layer.set_weights(model.get_layer(layer.name).get_weights())
    refresh(made)
    return made


def _pairs(graph: Graph) -> dict[str, keras.Layer]:
    """Give the normalisation that goes into each convolution, by the convolution's name."""
    after, pairs = graph.after(), {}
    for operation in graph.order:
        if not isinstance(operation, keras.layers.BatchNormalization):
            continue
        (before,) = graph.before(operation)
        channels_last = operation.axis in (-1, len(operation.output.shape) - 1)
        if (
            isinstance(before, _CONVOLUTIONS)
            and before.activation is keras.activations.linear
            and len(after[before.name]) == 1
            and channels_last
        ):
            pairs[before.name] = operation
    return pairs


def _folded_weights(convolution: keras.Layer, norm: keras.Layer) -> list[np.ndarray]:
    numbers = keras.ops.convert_to_numpy
    mean, variance = numbers(norm.moving_mean), numbers(norm.moving_variance)
    scale = 1 / np.sqrt(variance.astype(np.float64) + norm.epsilon)
    if norm.scale:
        scale = scale * numbers(norm.gamma)
    bias = numbers(convolution.bias) if convolution.use_bias else 0.0
    shift = (bias - mean) * scale + (numbers(norm.beta) if norm.center else 0.0)
    if isinstance(convolution, keras.layers.SeparableConv2D):
        depthwise, pointwise = (numbers(weight) for weight in convolution.weights[:2])
        return [depthwise, *_float32(pointwise * scale, shift)]
    kernel = numbers(convolution.kernel)
    # A depthwise kernel is (rows, columns, channels, multiplier); maps come channel by channel.
    by_map = isinstance(convolution, keras.layers.DepthwiseConv2D)
    factor = scale.reshape(kernel.shape[2:]) if by_map else scale
    return _float32(kernel * factor, shift)


def _float32(*arrays: np.ndarray) -> list[np.ndarray]:
    return [array.astype(np.float32) for array in arrays]
