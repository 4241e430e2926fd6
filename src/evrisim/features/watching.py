"""One pass of a model that gives what some of its layers gave, on every backend."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from evrisim import taps
from evrisim._validate import InputError
from evrisim.features.layers import LayerCall
from evrisim.inference import batches
from evrisim.messages import translate as _

Progress = Callable[[int, int], None]

_EAGER = 32
"""Up to so many images, running step by step is sooner done than compiling (seconds for a
MobileNetV2 on two cores)."""


def watched(
    model: keras.Model,
    layers: Sequence[LayerCall],
    images: np.ndarray,
    batch_size: int,
    progress: Progress | None = None,
) -> Iterator[tuple[np.ndarray, ...]]:
    """Give, batch by batch, the outputs of layers: `(count, rows, columns, maps)` float32 each.

    Each batch goes through the model once, in inference mode, whatever the number of layers.

    Raises:
        InputError: When a layer gives what is not a number.
    """
    watching = _Watching(model, _forward(model, layers))
    watching.run_eagerly = len(images) <= _EAGER
    for batch, count in batches(images, batch_size, progress):
        outputs = watching.predict_on_batch(batch)
        real = tuple(np.asarray(output, np.float32)[:count] for output in outputs)
        _check_finite(layers, real)
        yield real


class _Watching(keras.Model):
    """Lets Keras run a pass as it runs a prediction: compiled, or without gradients."""

    def __init__(self, model: keras.Model, forward: Callable[[Any], list[Any]]) -> None:
        super().__init__(dtype="float32", name="watching")
        self.watched = model  # its weights are then known, and not compiled in as constants
        self._forward = forward
        self.built = True

    def call(self, images: Any) -> list[Any]:
        return self._forward(images)


def _forward(model: keras.Model, layers: Sequence[LayerCall]) -> Callable[[Any], list[Any]]:
    def forward(images: Any) -> list[Any]:
        caught: dict[int, Any] = {}
        calls: dict[int, int] = {}

        def catch(step: Any) -> taps.Tap:
            def tap(output: Any) -> Any:
                calls[id(step)] = calls.get(id(step), 0) + 1
                for place, layer in enumerate(layers):
                    if layer.step is step and layer.call == calls[id(step)]:
                        caught[place] = ops.cast(output, "float32")
                return output

            return tap

        steps = {id(layer.step): layer.step for layer in layers}
        with taps.tapped([(step, catch(step)) for step in steps.values()]):
            model(images, training=False)
        return [caught[place] for place in range(len(layers))]

    return forward


def _check_finite(layers: Sequence[LayerCall], outputs: Sequence[np.ndarray]) -> None:
    for layer, output in zip(layers, outputs, strict=True):
        if not np.isfinite(output).all():
            raise InputError(
                _(
                    "The layer {layer} gives values that are infinite or not a number; the "
                    "model's weights are damaged, or its training diverged."
                ).format(layer=layer.name)
            )
