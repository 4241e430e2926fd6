"""Blocks that filter each feature map by itself and mix the maps by 1×1 convolutions."""

from evrisim.blocks.parts import (
    Tensor,
    added,
    changes,
    conv,
    depthwise,
    detect,
    excited,
    has_bias,
    norm,
)
from evrisim.blocks.style import KERNEL, Style

EXPANSION = 6
"""How many times as many channels an inverted residual has in its middle as go in."""


def separable(
    x: Tensor, filters: int, *, name: str, strides: int = 1, style: Style | None = None
) -> Tensor:
    """Filter each map by itself, then mix them: depthwise and 1×1, each normalised and detected.

    Against a 3×3 convolution it has 1/filters + 1/9 of the parameters and of the work.

    Args:
        x: `(batch, rows, columns, channels)`.
        filters: Number of feature maps that come out.
        name: What the names of its layers begin with.
        strides: Step of the depthwise convolution.
        style: How it is made.

    Reference:
        Howard et al. 2017, MobileNets, https://arxiv.org/abs/1704.04861, figure 3.
    """
    style = style or Style()
    bias, size = has_bias(style), style.kernel_size or KERNEL
    x = depthwise(x, size, strides=strides, bias=bias, name=f"{name}_depthwise")
    x = detect(norm(x, style, name=f"{name}_norm1"), style, name=name, number="1")
    x = norm(conv(x, filters, 1, bias=bias, name=f"{name}_conv"), style, name=f"{name}_norm2")
    return excited(detect(x, style, name=name, number="2"), style, name=name)


def inverted(
    x: Tensor, filters: int, *, name: str, strides: int = 1, style: Style | None = None
) -> Tensor:
    """Widen by 1×1, filter each map by itself, narrow by 1×1 without detection.

    The shortcut joins the narrow ends; where the shape changes there is none. Squeeze-and-excite
    weighs the wide maps in the middle, as in EfficientNet.

    Args:
        x: `(batch, rows, columns, channels)`.
        filters: Number of feature maps that come out.
        name: What the names of its layers begin with.
        strides: Step of the depthwise convolution.
        style: How it is made; the paper's activation is `relu6`.

    Reference:
        Sandler et al. 2018, MobileNetV2, https://arxiv.org/abs/1801.04381.
    """
    style = style or Style()
    bias, start = has_bias(style), x
    expansion = EXPANSION if style.inner is None else style.inner
    middle = max(round(int(x.shape[-1]) * expansion), 1)
    if expansion != 1:
        x = norm(conv(x, middle, 1, bias=bias, name=f"{name}_expand"), style, name=f"{name}_norm1")
        x = detect(x, style, name=name, number="1")
    x = depthwise(
        x, style.kernel_size or KERNEL, strides=strides, bias=bias, name=f"{name}_depthwise"
    )
    x = detect(norm(x, style, name=f"{name}_norm2"), style, name=name, number="2")
    x = excited(x, style, name=name)
    zero = style.zero_init and style.norm == "none"
    x = conv(x, filters, 1, bias=bias, zero=zero, name=f"{name}_project")
    x = norm(x, style, name=f"{name}_norm3", zero=style.zero_init)
    return x if changes(start, filters, strides) else added(start, x, style, name=name)
