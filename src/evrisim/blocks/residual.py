"""Residual blocks: what a few convolutions compute is added to what went in.

The gradient of a sum reaches the block's input unchanged through the shortcut, whatever the
convolutions do to it; so nets of a hundred layers train.
"""

from dataclasses import replace

from evrisim.blocks.parts import (
    Tensor,
    added,
    changes,
    conv,
    detect,
    excited,
    grouped,
    has_bias,
    norm,
    padded,
    shortcut,
)
from evrisim.blocks.style import KERNEL, Style

BOTTLENECK = 0.25
"""Channels in a bottleneck's middle, of those that come out."""

CARDINALITY = 32
"""Groups of a ResNeXt block."""


def basic(
    x: Tensor, filters: int, *, name: str, strides: int = 1, style: Style | None = None
) -> Tensor:
    """Two convolutions and a shortcut around them, then detection.

    Args:
        x: `(batch, rows, columns, channels)`.
        filters: Number of feature maps that come out.
        name: What the names of its layers begin with.
        strides: Step of the first convolution and of the shortcut.
        style: How it is made.

    Reference:
        He et al. 2016, https://arxiv.org/abs/1512.03385, figure 5 left.
    """
    style = style or Style()
    bias, size = has_bias(style), style.kernel_size or KERNEL
    around = shortcut(x, filters, strides, style, name=name)
    x = conv(x, filters, size, strides=strides, bias=bias, name=f"{name}_conv1")
    x = detect(norm(x, style, name=f"{name}_norm1"), style, name=name, number="1")
    x = conv(x, filters, size, bias=bias, zero=_zero_kernel(style), name=f"{name}_conv2")
    x = norm(x, style, name=f"{name}_norm2", zero=style.zero_init)
    x = added(around, excited(x, style, name=name), style, name=name)
    return detect(x, style, name=name, number="2")


def bottleneck(
    x: Tensor, filters: int, *, name: str, strides: int = 1, style: Style | None = None
) -> Tensor:
    """Narrow by 1×1, filter by 3×3, widen by 1×1, with a shortcut around them, then detection.

    Args:
        x: `(batch, rows, columns, channels)`.
        filters: Number of feature maps that come out; in the middle there are a quarter of them.
        name: What the names of its layers begin with.
        strides: Step of the convolution that the style names, and of the shortcut.
        style: How it is made.

    Reference:
        He et al. 2016, https://arxiv.org/abs/1512.03385, figure 5 right.
    """
    style = style or Style()
    bias, middle = has_bias(style), _middle(filters, style)
    first, second = (strides, 1) if style.stride_at == "first" else (1, strides)
    around = shortcut(x, filters, strides, style, name=name)
    x = conv(x, middle, 1, strides=first, bias=bias, name=f"{name}_conv1")
    x = detect(norm(x, style, name=f"{name}_norm1"), style, name=name, number="1")
    size, groups = style.kernel_size or KERNEL, style.groups
    x = grouped(x, size, groups, strides=second, bias=bias, name=f"{name}_conv2")
    x = detect(norm(x, style, name=f"{name}_norm2"), style, name=name, number="2")
    x = conv(x, filters, 1, bias=bias, zero=_zero_kernel(style), name=f"{name}_conv3")
    x = norm(x, style, name=f"{name}_norm3", zero=style.zero_init)
    x = added(around, excited(x, style, name=name), style, name=name)
    return detect(x, style, name=name, number="3")


def resnext(
    x: Tensor, filters: int, *, name: str, strides: int = 1, style: Style | None = None
) -> Tensor:
    """Give a bottleneck twice as wide in the middle, whose 3×3 convolution works in 32 groups.

    Reference:
        Xie et al. 2017, https://arxiv.org/abs/1611.05431, ResNeXt 32×4d.
    """
    style = style or Style()
    groups = CARDINALITY if style.groups == 1 else style.groups
    inner = 2 * BOTTLENECK if style.inner is None else style.inner
    style = replace(style, groups=groups, inner=inner)
    return bottleneck(x, filters, name=name, strides=strides, style=style)


def preactivation(
    x: Tensor, filters: int, *, name: str, strides: int = 1, style: Style | None = None
) -> Tensor:
    """Normalise and detect before each of two convolutions; nothing comes after the addition.

    The sum goes on as it is, so from block to block there is a way that no activation cuts. Where
    the shape changes, the shortcut starts after the first detection.

    Reference:
        He et al. 2016, Identity mappings, https://arxiv.org/abs/1603.05027.
    """
    style = style or Style()
    bias, size = has_bias(style), style.kernel_size or KERNEL
    ready = detect(norm(x, style, name=f"{name}_norm1"), style, name=name, number="1")
    around = _around(x, ready, filters, strides, style, name=name)
    y = conv(ready, filters, size, strides=strides, bias=bias, name=f"{name}_conv1")
    y = detect(norm(y, style, name=f"{name}_norm2"), style, name=name, number="2")
    y = conv(y, filters, size, bias=bias, zero=style.zero_init, name=f"{name}_conv2")
    return added(around, excited(y, style, name=name), style, name=name)


def preactivation_bottleneck(
    x: Tensor, filters: int, *, name: str, strides: int = 1, style: Style | None = None
) -> Tensor:
    """Give a bottleneck whose three convolutions each come after normalisation and detection.

    Reference:
        He et al. 2016, Identity mappings, https://arxiv.org/abs/1603.05027.
    """
    style = style or Style()
    bias, middle = has_bias(style), _middle(filters, style)
    ready = detect(norm(x, style, name=f"{name}_norm1"), style, name=name, number="1")
    around = _around(x, ready, filters, strides, style, name=name)
    first, second = (strides, 1) if style.stride_at == "first" else (1, strides)
    y = conv(ready, middle, 1, strides=first, bias=bias, name=f"{name}_conv1")
    y = detect(norm(y, style, name=f"{name}_norm2"), style, name=name, number="2")
    size, groups = style.kernel_size or KERNEL, style.groups
    y = grouped(y, size, groups, strides=second, bias=bias, name=f"{name}_conv2")
    y = detect(norm(y, style, name=f"{name}_norm3"), style, name=name, number="3")
    y = conv(y, filters, 1, bias=bias, zero=style.zero_init, name=f"{name}_conv3")
    return added(around, excited(y, style, name=name), style, name=name)


def _around(
    x: Tensor, ready: Tensor, filters: int, strides: int, style: Style, *, name: str
) -> Tensor:
    """Give the shortcut of a pre-activation block."""
    if not changes(x, filters, strides):
        return x
    if style.shortcut == "padded":
        return padded(x, filters, strides, name=name)
    name = f"{name}_shortcut_conv"
    return conv(ready, filters, 1, strides=strides, bias=has_bias(style), name=name)


def _middle(filters: int, style: Style) -> int:
    share = BOTTLENECK if style.inner is None else style.inner
    return max(round(filters * share), 1)


def _zero_kernel(style: Style) -> bool:
    """Without a normalisation whose scale could be zero, the last kernel is."""
    return style.zero_init and style.norm == "none"
