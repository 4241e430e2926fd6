"""Layers that act on the channels of feature maps: zeros as further ones, a scale for each."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("evrisim")
class PadChannels(keras.layers.Layer):
    """Give feature maps further channels that are zero: a shortcut without weights.

    Args:
        channels: How many there are to be, at least as many as there are.
    """

    def __init__(self, channels: int, **rest: Any) -> None:
        super().__init__(**rest)
        self.channels = channels

    def call(self, inputs: Any) -> Any:
        """Pad `(batch, rows, columns, n)` to `(batch, rows, columns, channels)`."""
        more = self.channels - inputs.shape[-1]
        return ops.pad(inputs, [[0, 0], [0, 0], [0, 0], [0, more]])

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Give the shape with its last axis enlarged."""
        return (*input_shape[:-1], self.channels)

    def get_config(self) -> dict[str, Any]:
        """Give what the layer is made from again."""
        return {**super().get_config(), "channels": self.channels}


@keras.saving.register_keras_serializable("evrisim")
class ChannelScale(keras.layers.Layer):
    """Multiply each channel by a learned number that starts small (LayerScale).

    Args:
        start: What the numbers are at first.

    Reference:
        Touvron et al. 2021, https://arxiv.org/abs/2103.17239.
    """

    def __init__(self, start: float = 1e-6, **rest: Any) -> None:
        super().__init__(**rest)
        self.start = start

    def build(self, input_shape: Any) -> None:
        """Make a number for each channel."""
        self.gamma = self.add_weight(
            shape=(input_shape[-1],),
            initializer=keras.initializers.Constant(self.start),
            name="gamma",
        )

    def call(self, inputs: Any) -> Any:
        """Scale `(…, channels)`."""
        return inputs * ops.cast(self.gamma, inputs.dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Give the shape as it is."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Give what the layer is made from again."""
        return {**super().get_config(), "start": self.start}
