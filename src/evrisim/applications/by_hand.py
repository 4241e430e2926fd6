"""Blocks written out in plain Keras, as one would on a slide; the library's are held against them.

Their layers have the library's names, so that weights can be moved from one to the other.
"""

import inspect
from collections.abc import Callable
from typing import Any

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


def code(function: Callable[..., Any]) -> str:
    """Give a function's text as it stands above."""
    return inspect.getsource(function)
