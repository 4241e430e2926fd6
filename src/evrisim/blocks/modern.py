"""The block of ConvNeXt: a large depthwise kernel, and a small dense net at each pixel."""

import keras

from evrisim.blocks.parts import Tensor, added, changes, conv, depthwise, excited, norm
from evrisim.blocks.style import Style
from evrisim.layers import ChannelScale

EXPANSION = 4
KERNEL = 7

STYLE = Style(norm="layer", norm_epsilon=1e-6, activation="gelu")
"""What the paper has; a block is so unless it is told otherwise."""


def convnext(
    x: Tensor, filters: int, *, name: str, strides: int = 1, style: Style | None = None
) -> Tensor:
    """Filter each map by 7×7, normalise, widen to four times as many maps, detect, narrow, add.

    Where the shape changes, a normalisation and a convolution by `strides` × `strides` come first.
    Each channel of what is added has a learned scale, which starts at 1e-6.

    Args:
        x: `(batch, rows, columns, channels)`.
        filters: Number of feature maps that come out.
        name: What the names of its layers begin with.
        strides: How much it condenses, before the block itself.
        style: How it is made; by default `STYLE`.

    Reference:
        Liu et al. 2022, https://arxiv.org/abs/2201.03545.
    """
    style = style or STYLE
    if changes(x, filters, strides):
        x = norm(x, style, name=f"{name}_down_norm")
        x = conv(x, filters, strides, strides=strides, bias=True, name=f"{name}_down_conv")
    start, expansion = x, EXPANSION if style.inner is None else style.inner
    x = depthwise(x, style.kernel_size or KERNEL, bias=True, name=f"{name}_depthwise")
    x = norm(x, style, name=f"{name}_norm")
    x = keras.layers.Dense(round(filters * expansion), name=f"{name}_expand")(x)
    x = keras.layers.Activation(style.activation, name=f"{name}_{style.activation}")(x)
    x = keras.layers.Dense(filters, name=f"{name}_project")(x)
    x = ChannelScale(0.0 if style.zero_init else 1e-6, name=f"{name}_scale")(x)
    return added(start, excited(x, style, name=name), style, name=name)
