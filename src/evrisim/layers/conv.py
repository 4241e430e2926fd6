"""Two-dimensional convolution that chooses the faster algorithm."""

from typing import Any

import keras

from evrisim import machine

FEWEST_CHANNELS = 64
"""With fewer, making the tiles takes longer than the multiplications they save."""


@keras.saving.register_keras_serializable("evrisim")
class Conv2D(keras.layers.Conv2D):
    """A convolution with Keras' numbers up to rounding, in a quarter of the multiplications.

    On TensorFlow on a processor, a 3×3 kernel in steps of one between feature maps of known size
    and at least 64 channels is computed by Winograd's algorithm, forward and backward; all other
    convolutions, and all on other backends, on graphics cards and in bfloat16, are Keras' own.

    Arguments, variables and configuration are those of `keras.layers.Conv2D`, so weights can be
    exchanged between the two.

    Reference:
        Lavin and Gray 2016, https://arxiv.org/abs/1509.09308.
    """

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """Correlate `inputs` with `kernel`; bias and activation follow."""
        if not self._tileable(inputs):
            return super().convolution_op(inputs, kernel)
        from evrisim.layers import winograd

        padding = 1 if self.padding == "same" else 0
        return winograd.correlate(inputs, kernel, padding=padding)

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
