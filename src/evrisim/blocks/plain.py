"""Plain blocks: one convolution, with or without a shortcut's help from others."""

import keras

from evrisim.blocks.parts import Tensor, conv, detect, excited, has_bias, norm
from evrisim.blocks.style import KERNEL, Style


def plain(
    x: Tensor, filters: int, *, name: str, strides: int = 1, style: Style | None = None
) -> Tensor:
    """Filter, condense if asked, normalise, detect: Conv → (MaxPool) → norm → activation.

    Pooling comes before the normalisation: maximum and ReLU commute, and the later layers
    then work on a quarter of the pixels.

    Args:
        x: `(batch, rows, columns, channels)`.
        filters: Number of feature maps that come out.
        name: What the names of its layers begin with.
        strides: 2 halves rows and columns, the way the style condenses.
        style: How it is made.
    """
    style = style or Style()
    step = strides if style.condense == "stride" else 1
    size = style.kernel_size or KERNEL
    x = conv(x, filters, size, strides=step, bias=has_bias(style), name=f"{name}_conv")
    if strides != step:
        x = keras.layers.MaxPooling2D(strides, name=f"{name}_pool")(x)
    x = norm(x, style, name=f"{name}_norm")
    return excited(detect(x, style, name=name), style, name=name)


def plain_pair(
    x: Tensor, filters: int, *, name: str, strides: int = 1, style: Style | None = None
) -> Tensor:
    """Two convolutions with the stride in the first: a basic residual block without its shortcut.

    What plain nets are made of where they are compared with residual ones (He et al. 2016).
    """
    style = style or Style()
    bias, size = has_bias(style), style.kernel_size or KERNEL
    for number, step in (("1", strides), ("2", 1)):
        x = conv(x, filters, size, strides=step, bias=bias, name=f"{name}_conv{number}")
        x = norm(x, style, name=f"{name}_norm{number}")
        if number == "2":
            x = excited(x, style, name=name)
        x = detect(x, style, name=name, number=number)
    return x
