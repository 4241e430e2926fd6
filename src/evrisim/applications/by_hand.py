"""Blocks and transfer in plain Keras, as one would on a slide; the library is held against them.

The blocks' layers have the library's names, so that weights can be moved from one to the other.
"""

import inspect
from collections.abc import Callable
from typing import Any

import keras
from keras import layers


def basic(x: Any, filters: int, stride: int) -> Any:
    """Two 3×3 convolutions, and what went in added before the last ReLU."""
    y = layers.Conv2D(filters, 3, stride, padding="same", use_bias=False, name="b_conv1")(x)
    y = layers.BatchNormalization(name="b_norm1")(y)
    y = layers.ReLU()(y)
    y = layers.Conv2D(filters, 3, padding="same", use_bias=False, name="b_conv2")(y)
    y = layers.BatchNormalization(name="b_norm2")(y)
    if stride != 1 or x.shape[-1] != filters:
        x = layers.Conv2D(filters, 1, stride, use_bias=False, name="b_shortcut_conv")(x)
        x = layers.BatchNormalization(name="b_shortcut_norm")(x)
    return layers.ReLU()(layers.Add()([x, y]))


def bottleneck(x: Any, filters: int, stride: int) -> Any:
    """Narrow to a quarter by 1×1, filter 3×3 there, widen again by 1×1."""
    y = layers.Conv2D(filters // 4, 1, use_bias=False, name="b_conv1")(x)
    y = layers.ReLU()(layers.BatchNormalization(name="b_norm1")(y))
    y = layers.Conv2D(filters // 4, 3, stride, padding="same", use_bias=False, name="b_conv2")(y)
    y = layers.ReLU()(layers.BatchNormalization(name="b_norm2")(y))
    y = layers.Conv2D(filters, 1, use_bias=False, name="b_conv3")(y)
    y = layers.BatchNormalization(name="b_norm3")(y)
    if stride != 1 or x.shape[-1] != filters:
        x = layers.Conv2D(filters, 1, stride, use_bias=False, name="b_shortcut_conv")(x)
        x = layers.BatchNormalization(name="b_shortcut_norm")(x)
    return layers.ReLU()(layers.Add()([x, y]))


def preactivation(x: Any, filters: int, stride: int) -> Any:
    """Normalise and detect first (version 2): nothing changes what is added up."""
    y = layers.ReLU()(layers.BatchNormalization(name="b_norm1")(x))
    if stride != 1 or x.shape[-1] != filters:
        x = layers.Conv2D(filters, 1, stride, use_bias=False, name="b_shortcut_conv")(y)
    y = layers.Conv2D(filters, 3, stride, padding="same", use_bias=False, name="b_conv1")(y)
    y = layers.ReLU()(layers.BatchNormalization(name="b_norm2")(y))
    y = layers.Conv2D(filters, 3, padding="same", use_bias=False, name="b_conv2")(y)
    return layers.Add()([x, y])


def separable(x: Any, filters: int, stride: int) -> Any:
    """Filter each map by itself, then mix the maps by 1×1."""
    y = layers.DepthwiseConv2D(3, stride, padding="same", use_bias=False, name="b_depthwise")(x)
    y = layers.ReLU()(layers.BatchNormalization(name="b_norm1")(y))
    y = layers.Conv2D(filters, 1, use_bias=False, name="b_conv")(y)
    return layers.ReLU()(layers.BatchNormalization(name="b_norm2")(y))


def squeeze_excite(x: Any, ratio: int) -> Any:
    """Weigh each map by what all maps say of the whole image."""
    channels = x.shape[-1]
    y = layers.GlobalAveragePooling2D(keepdims=True)(x)
    y = layers.Dense(channels // ratio, activation="relu", name="b_se_reduce")(y)
    y = layers.Dense(channels, activation="sigmoid", name="b_se_excite")(y)
    return layers.Multiply()([x, y])


BLOCKS: dict[str, Callable[[Any, int, int], Any]] = {
    "basic": basic,
    "bottleneck": bottleneck,
    "preactivation": preactivation,
    "separable": separable,
}


def head_on(base: Any, size: int, classes: int) -> keras.Model:
    """The course's head on a net without one, which takes raw images of `size` rows and columns."""
    inputs = keras.Input((size, size, 3))
    x = base(inputs, training=False)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.3)(x)
    x = layers.Dense(256, activation="relu")(x)
    x = layers.Dropout(0.2)(x)
    return keras.Model(inputs, layers.Dense(classes)(x))


def in_two_stages(model: Any, base: Any, images: Any, labels: Any, last: int = 30) -> None:
    """Train the head alone, then the last layers of `base` with it, at a hundredth of the rate."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    base.trainable = False
    model.compile(keras.optimizers.Adam(1e-3), loss)
    model.fit(images, labels, epochs=20)
    base.trainable = True
    for layer in base.layers[:-last]:
        layer.trainable = False
    for layer in base.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = False  # this, in Keras 3, has them keep their statistics
    steps = 30 * -(-len(images) // 32)
    rate = keras.optimizers.schedules.CosineDecay(1e-5, steps)
    model.compile(keras.optimizers.Adam(rate), loss)  # else what trains would be as before
    model.fit(images, labels, epochs=30)


def code(function: Callable[..., Any]) -> str:
    """Give a function's text as it stands above."""
    return inspect.getsource(function)
