"""The kernels a convolution has learned, as arrays and pictures."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from evrisim import taps
from evrisim._validate import InputError
from evrisim.features.layers import default_layers, has_convolution_kernel
from evrisim.messages import translate as _


@dataclass(frozen=True, eq=False)
class Kernels:
    """The learned kernels of one layer.

    Attributes:
        layer: path of the layer.
        kernels: `(rows, columns, channels_in, filters)` float32.
    """

    layer: str
    kernels: np.ndarray

    @property
    def scale(self) -> float:
        """The largest absolute weight: what the ends of a signed scale stand for."""
        return float(np.abs(self.kernels).max(initial=0.0))

    @property
    def in_colour(self) -> bool:
        """Whether each kernel takes red, green and blue, so that it can be seen as a picture."""
        return self.kernels.shape[2] == 3

    def pictures(self) -> np.ndarray:
        """Show kernels over red, green and blue in colour, all on one scale.

        Middle grey is 0, full brightness of a colour is `scale`, none is `-scale`.

        Returns:
            `(filters, rows, columns, 3)` uint8.

        Raises:
            InputError: For kernels of another number of channels.
        """
        if not self.in_colour:
            raise InputError(
                _("The kernels of {layer} take {channels} channels, not red, green, blue.").format(
                    layer=self.layer, channels=self.kernels.shape[2]
                )
            )
        shown = np.moveaxis(self.kernels, -1, 0) / (2 * self.scale or 1) + 0.5
        return np.rint(255 * shown).astype(np.uint8)


def learned_kernels(
    model: keras.Model, layer: str | None = None, *, image_shape: tuple[int, ...] | None = None
) -> Kernels:
    """Give the kernels that a convolution of a model has learned.

    A depthwise kernel sees one channel: each is a filter of its own with `channels_in` 1. Of a
    separable convolution, the two kernels are multiplied out into the one they amount to; a
    transposed convolution's kernel is given as it paints, `(rows, columns, channels_in, filters)`.

    Args:
        model: any Keras model.
        layer: path of the convolution; None for the first one that runs.
        image_shape: `(height, width, channels)`, to find the first one in a model that does not
            fix the size of its images.

    Raises:
        InputError: For an unknown layer (the nearest are suggested), one without such a kernel,
            or a model without a convolution.
    """
    if layer is None:
        first = default_layers(model, image_shape)[0]
        return Kernels(first.path, _kernel(first.step))
    steps = taps.steps(model)
    known = [path for path, step in steps.items() if has_convolution_kernel(step)]
    if layer not in steps:
        raise InputError(
            _("{name} has no layer {layer!r}. Nearest with kernels: {near}.").format(
                name=model.name, layer=layer, near=_few(taps.nearest(layer, known) or known)
            )
        )
    if layer not in known:
        raise InputError(
            _(
                "The layer {layer!r} ({kind}) has no kernel of rows and columns. "
                "Layers that have: {known}."
            ).format(layer=layer, kind=type(steps[layer]).__name__, known=_few(known))
        )
    return Kernels(layer, _kernel(steps[layer]))


def _kernel(step: Any) -> np.ndarray:
    if isinstance(step, keras.layers.SeparableConv2D):
        depthwise, pointwise = _array(step.depthwise_kernel), _array(step.pointwise_kernel)
        _rows, _columns, channels, multiplier = depthwise.shape
        weights = pointwise.reshape(channels, multiplier, -1)
        return np.einsum("rcim,imf->rcif", depthwise, weights)
    kernel = _array(_weight(step))
    if isinstance(step, keras.layers.DepthwiseConv2D):
        return kernel.reshape(*kernel.shape[:2], 1, -1)
    if isinstance(step, keras.layers.Conv2DTranspose):
        return kernel.swapaxes(2, 3)
    return kernel


def _weight(step: Any) -> Any:
    kernel = getattr(step, "kernel", None)  # with LoRA, what the layer really uses
    if kernel is not None and len(kernel.shape) == 4:
        return kernel
    return next(weight for weight in step.weights if len(weight.shape) == 4)


def _array(weight: Any) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(weight), np.float32)


def _few(paths: list[str], longest: int = 8) -> str:
    shown = ", ".join(paths[:longest]) or _("none")
    return shown + (", …" if len(paths) > longest else "")
