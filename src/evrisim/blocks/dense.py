"""Dense blocks: every layer is given the feature maps of all layers before it."""

import keras

from evrisim.blocks.parts import Tensor, conv, detect, excited, has_bias, norm
from evrisim.blocks.style import KERNEL, Style

BOTTLENECK = 4
"""Feature maps of the 1×1 convolution, as a multiple of those that are added."""

COMPRESSION = 0.5
"""Share of the feature maps that a transition keeps."""


def dense(
    x: Tensor, filters: int, *, name: str, strides: int = 1, style: Style | None = None
) -> Tensor:
    """Make `filters` new feature maps of all there are, and give them with these.

    Unlike other blocks it gives more maps than it is asked for: those that went in, too. With
    strides a `transition` comes first.

    Args:
        x: `(batch, rows, columns, channels)`.
        filters: New feature maps, in DenseNet the growth rate.
        name: What the names of its layers begin with.
        strides: How much rows and columns are condensed before.
        style: How it is made.

    Returns:
        `(batch, rows, columns, channels + filters)`.

    Reference:
        Huang et al. 2017, DenseNet-BC, https://arxiv.org/abs/1608.06993.
    """
    style = style or Style()
    if strides != 1:
        x = transition(x, name=f"{name}_transition", strides=strides, style=style)
    bias, size = has_bias(style), style.kernel_size or KERNEL
    y = detect(norm(x, style, name=f"{name}_norm1"), style, name=name, number="1")
    y = conv(y, BOTTLENECK * filters, 1, bias=bias, name=f"{name}_conv1")
    y = detect(norm(y, style, name=f"{name}_norm2"), style, name=name, number="2")
    y = excited(conv(y, filters, size, bias=bias, name=f"{name}_conv2"), style, name=name)
    return keras.layers.Concatenate(name=f"{name}_join")([x, y])


def transition(x: Tensor, *, name: str, strides: int = 2, style: Style | None = None) -> Tensor:
    """Halve the number of feature maps by 1×1, then condense them by averages."""
    style = style or Style()
    filters = max(int(int(x.shape[-1]) * COMPRESSION), 1)
    x = detect(norm(x, style, name=f"{name}_norm"), style, name=name)
    x = conv(x, filters, 1, bias=has_bias(style), name=f"{name}_conv")
    return keras.layers.AveragePooling2D(strides, padding="same", name=f"{name}_pool")(x)
