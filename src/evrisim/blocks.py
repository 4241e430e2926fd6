"""Building blocks: functions from tensor to tensor, in plain Keras layers with readable names."""

from typing import Any

import keras

from evrisim.layers import BatchNormalization, Conv2D

Tensor = Any

# Keras' 0.99 averages over hundreds of steps; a small data set has fewer than a hundred an epoch.
NORM_MOMENTUM = 0.9


def conv(x: Tensor, filters: int, kernel_size: int, *, name: str, strides: int = 1) -> Tensor:
    """Convolve with zero padding, no bias and He initialisation (He et al. 2015).

    The bias is left out because the normalisation that follows takes the mean away again.

    Args:
        x: `(batch, rows, columns, channels)`.
        filters: Number of feature maps that come out.
        kernel_size: Rows and columns of the kernel.
        name: Name of the layer.
        strides: Step of the kernel; 2 halves rows and columns.
    """
    return Conv2D(
        filters,
        kernel_size,
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )(x)


def norm(x: Tensor, *, name: str) -> Tensor:
    """Normalise each feature map over the batch."""
    return BatchNormalization(momentum=NORM_MOMENTUM, name=name)(x)


def relu(x: Tensor, *, name: str) -> Tensor:
    """Keep what is positive."""
    return keras.layers.ReLU(name=name)(x)


def plain_block(x: Tensor, filters: int, *, name: str, pool: bool = False) -> Tensor:
    """Filter, condense if `pool`, normalise, detect: Conv → (MaxPool 2×2) → BatchNorm → ReLU.

    Pooling comes before the normalisation: maximum and ReLU commute, and the later layers
    then work on a quarter of the pixels.
    """
    x = conv(x, filters, 3, name=f"{name}_conv")
    if pool:
        x = keras.layers.MaxPooling2D(2, name=f"{name}_pool")(x)
    return relu(norm(x, name=f"{name}_norm"), name=f"{name}_relu")


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
