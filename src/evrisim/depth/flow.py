"""How a signal goes forward through the layers of a net, and its gradient back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import keras
import numpy as np
from keras import ops

from evrisim._validate import InputError
from evrisim.depth.recorder import GradientRecorder
from evrisim.messages import translate as _

ASIDE = "shortcut"
"""Layers whose names hold this lie beside the way and not on it."""

Batch = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class Flow:
    """What was found at each layer with a kernel along the way, from the images on.

    Attributes:
        layers: Names, `(n,)`.
        gradient: Norm of the gradient of the mean loss to the layer's kernel, `(n,)` float64.
        kernel: Norm of the kernel itself.
        agreement: Mean cosine between the kernel's gradients of two batches, −1 to 1: near 1 all
            images ask for the same change, near 0 it is noise. NaN where a gradient is 0.
        mean: Mean of what goes into the layer.
        std: Standard deviation of what goes into the layer, over images, pixels and channels.
        zeros: Share of it that is 0, 0 to 1.
    """

    layers: tuple[str, ...]
    gradient: np.ndarray
    kernel: np.ndarray
    agreement: np.ndarray
    mean: np.ndarray
    std: np.ndarray
    zeros: np.ndarray

    @property
    def reach(self) -> float:
        """Gradient in the first third of the layers relative to the last third, by medians.

        0 where none reaches the first layers; NaN if there is none in the last, either.
        """
        third = max(len(self.layers) // 3, 1)
        first, last = np.median(self.gradient[:third]), np.median(self.gradient[-third:])
        return float(first / last) if last else float("nan")

    @property
    def early_agreement(self) -> float:
        """Mean agreement in the first third of the layers; NaN where a gradient is 0."""
        return float(np.mean(self.agreement[: max(len(self.layers) // 3, 1)]))


class Watched:
    """A net in training whose gradients can be seen.

    Args:
        model: A functional Keras model from images to logits; it is compiled anew and trained.
        learning_rate: Of SGD.
        momentum: Of SGD (Nesterov's).

    Raises:
        InputError: If the model is not functional, or has no layer with a kernel.
    """

    def __init__(
        self, model: keras.Model, *, learning_rate: float = 0.1, momentum: float = 0.9
    ) -> None:
        self.model = model
        self.layers = tuple(_along(model))
        self._optimizer = GradientRecorder(learning_rate, momentum=momentum, nesterov=True)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(self._optimizer, loss)
        # Variables that the first step made would have TensorFlow trace it twice.
        self._optimizer.build(model.trainable_variables)
        self._untouched = _values(self._optimizer.variables)
        self._signals = _signals(model, self.layers)

    def begin_anew(self, model: keras.Model) -> None:
        """Go on as if made of `model`, whose layers are the same; nothing is traced again."""
        _put(self.model.weights, _values(model.weights))
        _put(self._optimizer.variables, self._untouched)

    def step(self, images: np.ndarray, labels: np.ndarray) -> float:
        """Train on one batch and give its loss."""
        return float(self.model.train_on_batch(images, labels))

    def set_rate(self, learning_rate: float) -> None:
        """Change the learning rate of the steps to come."""
        self._optimizer.learning_rate = learning_rate

    def gradient_norm(self) -> float:
        """Give the norm of the last step's whole gradient."""
        parts = [ops.convert_to_numpy(one).ravel() for one in self._optimizer.gradients]
        return float(np.linalg.norm(np.concatenate(parts).astype(np.float64)))

    def flow(self, batches: Sequence[Batch]) -> Flow:
        """Measure at the present weights, which stay as they are.

        Args:
            batches: At least two, `(count, rows, columns, channels)` images in 0–255 and labels.
        """
        found = [self._gradients(*one) for one in batches]
        images = np.concatenate([images for images, _labels in batches])
        mean, std, zeros = self._unmoved(lambda: self._look(images))
        gradients = [np.stack(of_layer) for of_layer in zip(*found, strict=True)]
        return Flow(
            layers=tuple(layer.name for layer in self.layers),
            gradient=np.array([np.linalg.norm(one.mean(0)) for one in gradients]),
            kernel=np.array([np.linalg.norm(_numbers(layer.kernel)) for layer in self.layers]),
            agreement=np.array([_agreement(one) for one in gradients]),
            mean=mean,
            std=std,
            zeros=zeros,
        )

    def _gradients(self, images: np.ndarray, labels: np.ndarray) -> list[np.ndarray]:
        """Give the gradient of each kernel, flat."""

        def read() -> list[np.ndarray]:
            self.step(images, labels)
            places = {id(one): i for i, one in enumerate(self.model.trainable_variables)}
            return [
                _numbers(self._optimizer.gradients[places[id(layer.kernel)]]).ravel()
                for layer in self.layers
            ]

        return self._unmoved(read)

    def _look(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        mean, square, zeros = (
            np.array([float(value) for value in part])
            for part in self._signals(ops.convert_to_tensor(images, "float32"), training=True)
        )
        return mean, np.sqrt(np.maximum(square - mean**2, 0)), zeros

    def _unmoved(self, do: Any) -> Any:
        """Do something that trains, and put everything back as it was before."""
        variables = [*self.model.variables, *self._optimizer.variables]
        before = _values(variables)
        try:
            return do()
        finally:
            _put(variables, before)


def _numbers(tensor: Any) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(tensor))


def _values(variables: Sequence[Any]) -> list[np.ndarray]:
    """Copy what variables hold: JAX reuses their memory at each step."""
    return [_numbers(one).copy() for one in variables]


def _put(variables: Sequence[Any], values: Sequence[np.ndarray]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _along(model: keras.Model) -> Iterable[keras.Layer]:
    """Give the layers with kernels that are not beside the way, in order."""
    found = [
        layer for layer in model.layers if hasattr(layer, "kernel") and ASIDE not in layer.name
    ]
    if not found:
        raise InputError(_("Model {name} has no layer with a kernel.").format(name=model.name))
    return found


def _signals(model: keras.Model, layers: Sequence[keras.Layer]) -> keras.Model:
    """Build what gives mean, mean square and share of zeros of all that goes into layers."""
    try:
        given = [ops.cast(layer.input, "float32") for layer in layers]
    except (AttributeError, ValueError):
        raise InputError(
            _(
                "Signals can be followed through functional Keras models only; {name} is none."
            ).format(name=model.name)
        ) from None
    return keras.Model(
        model.inputs,
        [
            [ops.mean(one) for one in given],
            [ops.mean(ops.square(one)) for one in given],
            [ops.mean(ops.cast(ops.equal(one, 0.0), "float32")) for one in given],
        ],
    )


def _agreement(gradients: np.ndarray) -> float:
    """Give the mean cosine of pairs of rows, `(batches, weights)`."""
    lengths = np.linalg.norm(gradients, axis=1)
    if not lengths.all():
        return float("nan")
    units = gradients / lengths[:, None]
    pairs = combinations(range(len(units)), 2)
    return float(np.mean([units[a] @ units[b] for a, b in pairs]))
