"""Two-dimensional convolution that chooses the faster algorithm."""

from typing import Any

import keras

from evrisim import machine
from evrisim.layers import grouped

FEWEST_CHANNELS = 64
"""With fewer, making the tiles takes longer than the multiplications they save."""


@keras.saving.register_keras_serializable("evrisim")
class Conv2D(keras.layers.Conv2D):
    """A convolution with Keras' numbers up to rounding, sooner where it can be.

    On TensorFlow on a processor, a 3×3 kernel in steps of one between feature maps of known size
    and at least 64 channels is computed by Winograd's algorithm, forward and backward. One in
    groups is computed group by group there and on JAX, many times as fast as by XLA, to which it
    would be left. All other convolutions, and all on graphics cards and PyTorch, are Keras' own.

    Arguments, variables and configuration are those of `keras.layers.Conv2D`, so weights can be
    exchanged between the two.

    Reference:
        Lavin and Gray 2016, https://arxiv.org/abs/1509.09308.
    """

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """Correlate `inputs` with `kernel`; bias and activation follow."""
        if self._tileable(inputs):
            from evrisim.layers import winograd

            return winograd.correlate(inputs, kernel, padding=1 if self.padding == "same" else 0)
        if self.groups > 1 and self.data_format == "channels_last" and _left_to_xla():
            return self._in_groups(inputs, kernel)
        return super().convolution_op(inputs, kernel)

    def _in_groups(self, inputs: Any, kernel: Any) -> Any:
        alone = self.groups == inputs.shape[-1]
        if alone and self.strides[0] == self.strides[1]:  # TensorFlow's has one stride for both
            settings = ("strides", "padding", "dilation_rate")
            return grouped.correlate_each(
                inputs, kernel, **{name: getattr(self, name) for name in settings}
            )
        return grouped.correlate(super().convolution_op, inputs, kernel, self.groups)

    def _tileable(self, inputs: Any) -> bool:
        return (
            self.kernel_size == (3, 3)
            and self.strides == self.dilation_rate == (1, 1)
            and self.groups == 1
            and self.padding in ("same", "valid")
            and self.data_format == "channels_last"
            and keras.backend.standardize_dtype(inputs.dtype) == "float32"
            and None not in inputs.shape[1:3]
            and min(inputs.shape[1:3]) >= 3  # smaller maps are Keras' to refuse or to pad
            and min(inputs.shape[-1], self.filters) >= FEWEST_CHANNELS
            and keras.backend.backend() == "tensorflow"
            and not machine.has_gpu()
        )


def _left_to_xla() -> bool:
    """Tell whether a convolution in groups would be XLA's on a processor."""
    return keras.backend.backend() in ("tensorflow", "jax") and not machine.has_gpu()
