"""A convolution in groups, as convolutions of each group."""

from collections.abc import Callable
from typing import Any

from keras import ops


def correlate(one: Callable[[Any, Any], Any], inputs: Any, kernel: Any, groups: int) -> Any:
    """Correlate each part of the channels with its part of the kernel.

    On a processor TensorFlow cannot do groups, so Keras has XLA compile them; what XLA makes of
    them, there and on JAX, takes many times as long as the groups one by one.

    Args:
        one: Correlates feature maps with a kernel that sees all of their channels.
        inputs: `(batch, rows, columns, channels)`.
        kernel: `(rows, columns, channels / groups, filters)`; the first `filters / groups` belong
            to the first part of the channels, and so on.
        groups: Parts of the channels.

    Returns:
        `(batch, rows, columns, filters)`.
    """
    parts = ops.split(inputs, groups, axis=-1), ops.split(kernel, groups, axis=-1)
    return ops.concatenate([one(*part) for part in zip(*parts, strict=True)], axis=-1)


def correlate_each(inputs: Any, kernel: Any, **settings: Any) -> Any:
    """Correlate each channel by itself: the case of as many groups as channels.

    Args:
        inputs: `(batch, rows, columns, channels)`.
        kernel: `(rows, columns, 1, filters)`, `filters / channels` for each channel in turn.
        settings: Of `keras.ops.depthwise_conv`: `strides`, `padding`, `dilation_rate`.

    Returns:
        `(batch, rows, columns, filters)`.
    """
    channels = inputs.shape[-1]
    rows, columns, _one, filters = kernel.shape
    kernel = ops.reshape(kernel, (rows, columns, channels, filters // channels))
    return ops.depthwise_conv(inputs, kernel, data_format="channels_last", **settings)
