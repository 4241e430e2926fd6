"""The kernels that a trained model has learned."""

from dataclasses import dataclass

import keras
import numpy as np

from evrisim import taps
from evrisim._validate import InputError, check_choice
from evrisim.messages import translate as _


@dataclass(frozen=True, eq=False)
class Learned:
    """The kernels of one convolution.

    Attributes:
        layer: its path in the model, such as `backbone/conv1`.
        kernels: `(rows, columns, channels_in, filters)` float32: `kernels[..., f]` is one filter.
    """

    layer: str
    kernels: np.ndarray


def kernels(model: keras.Model, layer: str | None = None) -> Learned:
    """Give the kernels of a convolution of a model, by default of its first one.

    Models and blocks inside the model are looked into. Biases are not part of a kernel.

    Args:
        model: Any Keras model that is built.
        layer: Path of a `Conv2D` in the model, or its name where only one is called so.

    Raises:
        InputError: If there is no such layer, or no convolution at all.

    Example:
        >>> layers = [keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 5, name="first")]
        >>> found = kernels(keras.Sequential(layers))
        >>> found.layer, found.kernels.shape
        ('first', (5, 5, 3, 4))
    """
    steps = taps.steps(model)
    convolutions = {
        path: step
        for path, step in steps.items()
        if isinstance(step, keras.layers.Conv2D) and step.built
    }
    if not convolutions:
        raise InputError(
            _("The model {name} has no Conv2D whose kernels could be shown.").format(
                name=model.name
            )
        )
    path = next(iter(convolutions)) if layer is None else _find(layer, list(convolutions))
    weights = keras.ops.convert_to_numpy(convolutions[path].kernel)
    return Learned(path, np.asarray(weights, np.float32))


def _find(layer: str, paths: list[str]) -> str:
    called = [path for path in paths if path.rpartition("/")[2] == layer]
    return called[0] if len(called) == 1 else check_choice("layer", layer, paths)
