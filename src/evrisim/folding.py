"""Batch normalisations folded into the convolutions before them, for inference alone."""

from typing import Any

import keras
import numpy as np

from evrisim._validate import InputError
from evrisim.graph import Graph

_CONVOLUTIONS = (
    keras.layers.Conv2D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv2D,
    keras.layers.Dense,
)

FEWEST_IMAGES, FEWEST_PAIRS = 2000, 10
"""Predictions, and normalisations that can be folded, with which it pays."""

# In bfloat16 they would round images to 8 bits.
_SCALING = (keras.layers.Rescaling, keras.layers.Normalization, keras.layers.InputLayer)


def folded(model: keras.Model, precision: str = "float32") -> keras.Model:
    """Give a model that computes the same in inference mode with fewer steps.

    In inference a batch normalisation multiplies each feature map by a number and adds another.
    Where a convolution (or dense layer) without activation comes before it and gives to nothing
    else, both go into the convolution's kernel and bias: one pass over the feature maps less,
    and convolution, bias and activation can run as one.

    Args:
        model: A functional model; left as it is. Of one with models within it these are folded.
        precision: `float32`, or `bfloat16` for all that does not scale images.

    Returns:
        A new model, which must not be trained. Where nothing can be folded it computes the same.

    Raises:
        InputError: If the model is not functional.

    Reference:
        Jacob et al. 2018, https://arxiv.org/abs/1712.05877, section 3.2.
    """
    pairs = _pairs(model)
    gone = {norm.name for norm in pairs.values()}

    def cloned(layer: keras.Layer) -> keras.Layer:
        if _has_graph(layer):
            return folded(layer, precision)
        return _made_again(layer, precision, biased=layer.name in pairs)

    def called(layer: Any, *arguments: Any, **more: Any) -> Any:
        return arguments[0] if layer.name in gone else layer(*arguments, **more)

    made = keras.models.clone_model(model, clone_function=cloned, call_function=called)
    for layer in made.layers:
        if layer.name in pairs:
            layer.set_weights(_folded_weights(model.get_layer(layer.name), pairs[layer.name]))
        elif layer.weights and not _has_graph(layer):
            layer.set_weights(model.get_layer(layer.name).get_weights())
    refresh(made)
    return made


def _has_graph(layer: keras.Layer) -> bool:
    """Tell whether a layer is a model whose layers can be looked at one by one."""
    if not isinstance(layer, keras.Model):
        return False
    try:
        Graph(layer)
    except InputError:
        return False
    return True


def _made_again(layer: keras.Layer, precision: str, *, biased: bool) -> keras.Layer:
    config = layer.get_config()
    if biased:
        config["use_bias"] = True
    if precision == "bfloat16" and not isinstance(layer, _SCALING):
        config["dtype"] = "mixed_bfloat16"
    return layer.__class__.from_config(config)


def quickened(model: keras.Model, images: int) -> keras.Model:
    """Give a model to predict so many images with: folded where that pays, else itself.

    It pays for deep nets and many images; to make it takes as long as a few hundred predictions.
    A model that has no graph to read, or does not compute the same when it is folded, stays.

    Args:
        model: Any model; left as it is.
        images: How many predictions are to come.
    """
    if images < FEWEST_IMAGES:
        return model
    try:
        if _foldable(model) < FEWEST_PAIRS:
            return model
        made = folded(model)
    except (InputError, TypeError, ValueError):  # or a layer that cannot be made again
        return model
    return made if _alike(model, made) else model


def _foldable(model: keras.Model) -> int:
    """Count the normalisations that can be folded, in the models within a model too."""
    inner = sum(map(_foldable, filter(_has_graph, model.layers)))
    return len(_pairs(model)) + inner


def _alike(model: keras.Model, made: keras.Model) -> bool:
    """Compare both on a few images of noise; in bfloat16 they may differ by its rounding."""
    shape = [8, *model.input_shape[1:]]
    noise = np.random.default_rng(0).integers(0, 256, shape).astype(np.float32)
    one, other = (
        keras.ops.convert_to_numpy(keras.ops.cast(net(noise, training=False), "float32"))
        for net in (model, made)
    )
    short = any(layer.compute_dtype != "float32" for layer in model._flatten_layers())
    return bool(np.abs(one - other).max() <= (5e-2 if short else 1e-3) * np.abs(one).max())


def refresh(model: keras.Model) -> None:
    """Have normalisations compute with the mean and variance they hold now.

    Keras' `Normalization` keeps a copy of both, which setting its weights does not change.
    """
    for layer in model.layers:
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()


def _pairs(model: keras.Model) -> dict[str, keras.Layer]:
    """Give the normalisation that goes into each convolution, by the convolution's name.

    Beside models within a model there are none: only in them is looked.
    """
    if any(map(_has_graph, model.layers)):
        return {}
    graph = Graph(model)
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
