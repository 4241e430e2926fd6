"""Building blocks: functions from tensor to tensor, in plain Keras layers with readable names."""

from dataclasses import dataclass
from typing import Any

import keras

from evrisim._validate import InputError, check_choice
from evrisim.layers import BatchNormalization, Conv2D
from evrisim.messages import translate as _

Tensor = Any

# Keras' 0.99 averages over hundreds of steps; a small data set has fewer than a hundred an epoch.
NORM_MOMENTUM = 0.9

GROUPS = 32
SMALLEST_GROUP = 4
"""Channels a group has at least: with fewer, group normalisation is nearly one channel alone."""

CONDENSE = ("pool", "stride")
NORMS = ("batch", "group")


@dataclass(frozen=True)
class Style:
    """How plain blocks are made, where there is a choice.

    Attributes:
        kernel_size: Rows and columns of the kernels.
        condense: How a block halves rows and columns: `pool` (max pooling 2×2) or `stride`
            (its convolution moves in steps of 2, which computes a quarter as much).
        norm: `batch` or `group`.
        norm_momentum: Share a batch normalisation keeps of its running mean and variance at each
            step; with small batches it takes more steps, so nearer 1, to see as many images.
        bias: Whether convolutions have one.
    """

    kernel_size: int = 3
    condense: str = "pool"
    norm: str = "batch"
    norm_momentum: float = NORM_MOMENTUM
    bias: bool = False


def conv(
    x: Tensor, filters: int, kernel_size: int, *, name: str, strides: int = 1, bias: bool = False
) -> Tensor:
    """Convolve with zero padding and He initialisation (He et al. 2015).

    Without a bias, because the normalisation that follows takes the mean away again.

    Args:
        x: `(batch, rows, columns, channels)`.
        filters: Number of feature maps that come out.
        kernel_size: Rows and columns of the kernel.
        name: Name of the layer.
        strides: Step of the kernel; 2 halves rows and columns.
        bias: Add a learned number to each feature map all the same.
    """
    return Conv2D(
        filters,
        kernel_size,
        strides=strides,
        padding="same",
        use_bias=bias,
        kernel_initializer="he_normal",
        name=name,
    )(x)


def norm(x: Tensor, *, name: str, kind: str = "batch", momentum: float = NORM_MOMENTUM) -> Tensor:
    """Normalise each feature map over the batch, or groups of feature maps within each image.

    Args:
        x: `(batch, rows, columns, channels)`.
        name: Name of the layer.
        kind: `batch`, or `group`: 32 groups, fewer where a group would have under 4 channels.
        momentum: Of `batch`: the share of its running statistics kept at each step.

    Raises:
        InputError: For another kind, or channels that do not divide into such groups.

    Reference:
        Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167; Wu and He 2018,
        https://arxiv.org/abs/1803.08494.
    """
    check_choice("norm", kind, NORMS)
    if kind == "batch":
        return BatchNormalization(momentum=momentum, name=name)(x)
    channels = x.shape[-1]
    groups = min(GROUPS, max(channels // SMALLEST_GROUP, 1))
    if channels % groups:
        raise InputError(
            _("Group normalisation cannot divide {channels} channels into {groups} groups.").format(
                channels=channels, groups=groups
            )
        )
    return keras.layers.GroupNormalization(groups, name=name)(x)


def relu(x: Tensor, *, name: str) -> Tensor:
    """Keep what is positive."""
    return keras.layers.ReLU(name=name)(x)


def plain_block(
    x: Tensor, filters: int, *, name: str, condense: bool = False, style: Style | None = None
) -> Tensor:
    """Filter, condense if asked, normalise, detect: Conv → (MaxPool 2×2) → norm → ReLU.

    Pooling comes before the normalisation: maximum and ReLU commute, and the later layers
    then work on a quarter of the pixels.
    """
    style = style or Style()
    check_choice("condense", style.condense, CONDENSE)
    strides = 2 if condense and style.condense == "stride" else 1
    size = style.kernel_size
    x = conv(x, filters, size, strides=strides, bias=style.bias, name=f"{name}_conv")
    if condense and style.condense == "pool":
        x = keras.layers.MaxPooling2D(2, name=f"{name}_pool")(x)
    x = norm(x, kind=style.norm, momentum=style.norm_momentum, name=f"{name}_norm")
    return relu(x, name=f"{name}_relu")


def residual_block(x: Tensor, filters: int, *, name: str, strides: int = 1) -> Tensor:
    """Two 3×3 convolutions and a shortcut around them (basic block of He et al. 2016).

    The shortcut is the input itself; where the shape changes, a 1×1 convolution (type B).

    Reference:
        He et al. 2016, https://arxiv.org/abs/1512.03385.
    """
    shortcut = x
    if strides != 1 or x.shape[-1] != filters:
        shortcut = conv(x, filters, 1, strides=strides, name=f"{name}_shortcut_conv")
        shortcut = norm(shortcut, name=f"{name}_shortcut_norm")
    x = conv(x, filters, 3, strides=strides, name=f"{name}_conv1")
    x = relu(norm(x, name=f"{name}_norm1"), name=f"{name}_relu1")
    x = norm(conv(x, filters, 3, name=f"{name}_conv2"), name=f"{name}_norm2")
    x = keras.layers.Add(name=f"{name}_add")([shortcut, x])
    return relu(x, name=f"{name}_relu2")
