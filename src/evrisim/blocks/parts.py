"""What blocks are made of: convolution, normalisation, detection, attention, ways around."""

from typing import Any

import keras

from evrisim._validate import InputError
from evrisim.blocks.style import Style
from evrisim.layers import BatchNormalization, Conv2D, PadChannels
from evrisim.messages import translate as _

Tensor = Any

GROUPS = 32
SMALLEST_GROUP = 4
"""Channels a group has at least: with fewer, group normalisation is nearly one channel alone."""


def conv(
    x: Tensor,
    filters: int,
    kernel_size: int,
    *,
    name: str,
    strides: int = 1,
    bias: bool = False,
    zero: bool = False,
) -> Tensor:
    """Convolve with zero padding and He initialisation (He et al. 2015).

    Weights drawn with variance 2/n, n being the numbers that each output is summed from, keep the
    variance of what goes through a ReLU: it neither dies out nor explodes with depth. There is no
    bias, because the normalisation that follows takes the mean away again.

    Args:
        x: `(batch, rows, columns, channels)`.
        filters: Number of feature maps that come out.
        kernel_size: Rows and columns of the kernel.
        name: Name of the layer.
        strides: Step of the kernel; 2 halves rows and columns.
        bias: Add a learned number to each feature map all the same.
        zero: Start with a kernel of zeros.
    """
    return Conv2D(
        filters,
        kernel_size,
        strides=strides,
        padding="same",
        use_bias=bias,
        kernel_initializer="zeros" if zero else "he_normal",
        name=name,
    )(x)


def grouped(
    x: Tensor, kernel_size: int, groups: int, *, name: str, strides: int = 1, bias: bool = False
) -> Tensor:
    """Convolve in groups: each part of the channels gives as many, and sees no other part.

    Raises:
        InputError: If groups do not divide the channels.
    """
    channels = int(x.shape[-1])
    if channels % groups:
        raise InputError(
            _(
                "`groups` must divide the channels of `{name}`; {channels} channels do not divide "
                "into {groups} groups."
            ).format(name=name, channels=channels, groups=groups)
        )
    return Conv2D(
        channels,
        kernel_size,
        strides=strides,
        padding="same",
        use_bias=bias,
        groups=groups,
        kernel_initializer="he_normal",
        name=name,
    )(x)


def depthwise(x: Tensor, kernel_size: int, *, name: str, strides: int = 1, bias: bool) -> Tensor:
    """Convolve each feature map by itself with a kernel of its own."""
    return keras.layers.DepthwiseConv2D(
        kernel_size,
        strides=strides,
        padding="same",
        use_bias=bias,
        depthwise_initializer="he_normal",
        name=name,
    )(x)


def norm(x: Tensor, style: Style, *, name: str, zero: bool = False) -> Tensor:
    """Normalise: each feature map over the batch, each pixel over its channels, or groups of maps.

    Args:
        x: `(batch, rows, columns, channels)`.
        style: Whose `norm`, momentum and epsilon are meant. `group` makes 32 groups, fewer where
            a group would have under 4 channels.
        name: Name of the layer.
        zero: Start with a scale of zeros, so that nothing comes out.

    Raises:
        InputError: If channels do not divide into such groups.

    Reference:
        Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167; Ba et al. 2016,
        https://arxiv.org/abs/1607.06450; Wu and He 2018, https://arxiv.org/abs/1803.08494.
    """
    if style.norm == "none":
        return x
    like = {
        "epsilon": style.norm_epsilon,
        "gamma_initializer": "zeros" if zero else "ones",
        "name": name,
    }
    if style.norm == "batch":
        return BatchNormalization(momentum=style.norm_momentum, **like)(x)
    if style.norm == "layer":
        return keras.layers.LayerNormalization(**like)(x)
    channels = int(x.shape[-1])
    groups = min(GROUPS, max(channels // SMALLEST_GROUP, 1))
    if channels % groups:
        raise InputError(
            _("Group normalisation cannot divide {channels} channels into {groups} groups.").format(
                channels=channels, groups=groups
            )
        )
    return keras.layers.GroupNormalization(groups, **like)(x)


def detect(x: Tensor, style: Style, *, name: str, number: str = "") -> Tensor:
    """Keep what is positive, or whatever the style's activation keeps; named after it."""
    kind = style.activation
    if kind in ("relu", "relu6"):
        most = 6.0 if kind == "relu6" else None
        return keras.layers.ReLU(most, name=f"{name}_{kind}{number}")(x)
    return keras.layers.Activation(kind, name=f"{name}_{kind}{number}")(x)


def has_bias(style: Style) -> bool:
    """Tell whether a convolution before the style's normalisation has a bias."""
    return style.bias or style.norm == "none"


def excited(x: Tensor, style: Style, *, name: str) -> Tensor:
    """Weigh each feature map by what all maps say of the whole image, if the style squeezes.

    The maps' means go through two small dense layers, `squeeze` times narrower in the middle, to
    weights between 0 and 1.

    Reference:
        Hu et al. 2018, https://arxiv.org/abs/1709.01507.
    """
    if not style.squeeze:
        return x
    channels = int(x.shape[-1])
    middle = max(channels // style.squeeze, 1)
    means = keras.layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_se_squeeze")(x)
    layers = (
        keras.layers.Dense(
            middle, activation="relu", kernel_initializer="he_normal", name=f"{name}_se_reduce"
        ),
        keras.layers.Dense(channels, activation="sigmoid", name=f"{name}_se_excite"),
    )
    for layer in layers:
        means = layer(means)
    return keras.layers.Multiply(name=f"{name}_se_scale")([x, means])


def added(around: Tensor, x: Tensor, style: Style, *, name: str) -> Tensor:
    """Add what a block computed to its shortcut; in training it is left out for some images.

    Reference:
        Huang et al. 2016, Deep networks with stochastic depth, https://arxiv.org/abs/1603.09382.
    """
    if style.drop_path:
        drop = keras.layers.Dropout(
            style.drop_path, noise_shape=(None, 1, 1, 1), name=f"{name}_drop_path"
        )
        x = drop(x)
    return keras.layers.Add(name=f"{name}_add")([around, x])


def changes(x: Tensor, filters: int, strides: int) -> bool:
    """Tell whether a block changes the shape, so that its input cannot be added as it is."""
    return strides != 1 or int(x.shape[-1]) != filters


def shortcut(x: Tensor, filters: int, strides: int, style: Style, *, name: str) -> Tensor:
    """Give what goes around a block: its input, brought into the shape of its output.

    Raises:
        InputError: If channels are to be padded, but there are fewer to come out than go in.

    Reference:
        He et al. 2016, https://arxiv.org/abs/1512.03385, section 3.3, options A and B.
    """
    if not changes(x, filters, strides):
        return x
    if style.shortcut == "padded":
        return padded(x, filters, strides, name=name)
    x = conv(x, filters, 1, strides=strides, bias=has_bias(style), name=f"{name}_shortcut_conv")
    return norm(x, style, name=f"{name}_shortcut_norm")


def padded(x: Tensor, filters: int, strides: int, *, name: str) -> Tensor:
    """Take every `strides`-th pixel, and zeros as further channels: a shortcut without weights."""
    channels = int(x.shape[-1])
    if filters < channels:
        raise InputError(
            _(
                "A padded shortcut can add channels, not remove them: `{name}` has {channels} and "
                "should give {filters}. Take the shortcut `projection`."
            ).format(name=name, channels=channels, filters=filters)
        )
    if strides != 1:
        x = keras.layers.MaxPooling2D(
            1, strides=strides, padding="same", name=f"{name}_shortcut_pixels"
        )(x)
    if filters == channels:
        return x
    return PadChannels(filters, name=f"{name}_shortcut_pad")(x)
