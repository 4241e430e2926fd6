"""A first convolution that is computed from images, not trained: it whitens their patches."""

from typing import Any

import keras
import numpy as np

from evrisim._validate import InputError
from evrisim.messages import translate as _

CHUNK = 500
"""Images whose patches are laid out at a time."""


@keras.saving.register_keras_serializable("evrisim")
class Whitening(keras.layers.Conv2D):
    """A convolution whose outputs are uncorrelated and equally spread over patches of images.

    Neighbouring pixels are much alike, so most of what a first convolution gives is brightness.
    Its kernels here are the principal axes of small patches, each divided by the patches' spread
    along it, and the same with the opposite sign, for ReLU and its like cut one half away. They
    are fixed once `adapt` has seen images; a bias is trained. Without one nothing is trained here,
    and no gradient has to come back to the first and largest feature maps.

    Args:
        channels: Of the images.
        kernel_size: Rows and columns of a patch.
        epsilon: Added to the squared spread, so that what hardly varies is not blown up.
        use_bias: Whether there is a bias.
        rest: `name`, `dtype` and the like.

    Reference:
        Page 2019, "How to train your ResNet 8: bag of tricks"; Jordan 2024,
        https://arxiv.org/abs/2404.00498.
    """

    def __init__(
        self,
        channels: int = 3,
        kernel_size: int = 2,
        epsilon: float = 5e-4,
        use_bias: bool = True,
        **rest: Any,
    ) -> None:
        self.channels, self.epsilon = channels, epsilon
        filters = 2 * channels * kernel_size**2
        super().__init__(filters, kernel_size, padding="valid", use_bias=use_bias, **rest)

    def build(self, input_shape: Any) -> None:
        """Make the kernels, which are zero until `adapt` is called, and a bias if there is one."""
        shape = (*self.kernel_size, self.channels, self.filters)
        self._kernel = self.add_weight(
            name="kernel", shape=shape, initializer="zeros", trainable=False
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros")

    @property
    def is_adapted(self) -> bool:
        """Whether it has kernels."""
        return bool(np.any(keras.ops.convert_to_numpy(self._kernel)))

    def adapt(self, images: np.ndarray) -> None:
        """Compute the kernels from images as they come to this layer.

        Args:
            images: `(count, rows, columns, channels)` numbers.

        Raises:
            InputError: For images of other channels, or smaller than a patch.
        """
        images = np.asarray(images)
        side = self.kernel_size[0]
        if images.ndim != 4 or images.shape[3] != self.channels or min(images.shape[1:3]) < side:
            raise InputError(
                _(
                    "Whitening takes images (count, rows, columns, {channels}) of at least "
                    "{side}×{side} pixels; received {shape}."
                ).format(channels=self.channels, side=side, shape=images.shape)
            )
        values, axes = np.linalg.eigh(_moments(images, side))
        # The sign of an axis is arbitrary: here its largest part is positive, on every machine.
        largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=0)[None], axis=0)
        axes = axes * np.sign(largest) / np.sqrt(np.maximum(values, 0) + self.epsilon)
        kernels = axes.reshape(side, side, self.channels, -1)
        self._kernel.assign(np.concatenate([kernels, -kernels], axis=3))

    def get_config(self) -> dict[str, Any]:
        """Give what the layer is made from again."""
        kept = ("name", "trainable", "dtype")
        base = {key: value for key, value in super().get_config().items() if key in kept}
        return {
            **base,
            "channels": self.channels,
            "kernel_size": self.kernel_size[0],
            "epsilon": self.epsilon,
            "use_bias": self.use_bias,
        }


def _moments(images: np.ndarray, side: int) -> np.ndarray:
    """Give the second moments of all patches, their numbers in the order of a kernel's."""
    total, count = np.zeros(()), 0
    for start in range(0, len(images), CHUNK):
        some = np.asarray(images[start : start + CHUNK], np.float64)
        windows = np.lib.stride_tricks.sliding_window_view(some, (side, side), axis=(1, 2))
        patches = np.moveaxis(windows, 3, 5).reshape(-1, side * side * some.shape[3])
        total, count = total + patches.T @ patches, count + len(patches)
    return total / count
