"""Does a map show what the model has learned? Its weights are shuffled, and it should change."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import keras
import numpy as np

from evrisim.explain.methods import Prepared
from evrisim.inference import predict_logits

STAGES = (0.25, 0.5, 0.75, 1.0)
"""After the logits, the shares of the layers with weights that are shuffled, from the end."""

ALIKE = 0.5
"""From this correlation on a map of a shuffled model is like that of the model itself."""


@dataclass(frozen=True, eq=False)
class Sanity:
    """How alike maps stay as a model's weights are shuffled, and for another class.

    Attributes:
        layers: how many layers had been shuffled, from the end, at each stage.
        correlation: mean rank correlation with the maps of the model as it is, at each stage.
        other_class: the same with the map of the class that is least likely, of the model as it is.
    """

    layers: tuple[int, ...]
    correlation: tuple[float, ...]
    other_class: float

    @property
    def passed(self) -> bool:
        """Whether the map of a wholly shuffled model is another."""
        return self.correlation[-1] < ALIKE


def sanity(prepared: Prepared, images: np.ndarray, *, seed: int = 0) -> Sanity:
    """Shuffle a model's weights from the end on, and compare its maps with those before.

    Each weight's numbers change places, so their spread stays; first in the layer that gives the
    logits, then in ever more layers before it. The classes stay those that the model predicted. The
    weights are put back, also after an exception.

    Args:
        prepared: A method made ready for a model.
        images: `(count, height, width, channels)` in 0–255; ten and more.
        seed: of the shuffling.

    Reference:
        Adebayo et al. 2018, https://arxiv.org/abs/1810.03292 (cascading randomisation).
    """
    before = prepared(images)
    layers = _from_the_end(prepared)
    counts = [1, *(max(round(share * len(layers)), 1) for share in STAGES)]
    rng = np.random.default_rng(seed)
    correlations = []
    with _put_back(prepared.subject.model):
        done = 0
        for count in counts:
            for layer in layers[done:count]:
                _shuffle(layer, rng)
            done = max(done, count)
            after = prepared(images, before.classes)
            correlations.append(alike(before.maps, after.maps))
    least = predict_logits(prepared.subject.model, images).argmin(axis=1)
    other = alike(before.maps, prepared(images, least).maps)
    return Sanity(tuple(counts), tuple(correlations), other)


def alike(one: np.ndarray, other: np.ndarray) -> float:
    """Give the mean rank correlation of maps, pair by pair; an even map is like no other."""
    from scipy.stats import rankdata

    found = []
    for first, second in zip(one, other, strict=True):
        ranks = [rankdata(part.ravel()) for part in (first, second)]
        even = any(np.ptp(part) == 0 for part in ranks)
        found.append(0.0 if even else float(np.corrcoef(*ranks)[0, 1]))
    return float(np.mean(found))


def _from_the_end(prepared: Prepared) -> list[keras.layers.Layer]:
    """List the layers with weights of their own, the last to run first."""
    found: dict[int, keras.layers.Layer] = {}
    for one in prepared.subject.trace.seen:
        step = one.step
        if isinstance(step, keras.layers.Layer) and step.weights and not _has_parts(step):
            found.pop(id(step), None)
            found[id(step)] = step
    return list(found.values())[::-1]


def _has_parts(layer: keras.layers.Layer) -> bool:
    return bool(layer._flatten_layers(include_self=False, recursive=False)) or isinstance(
        layer, keras.Model
    )


def _shuffle(layer: keras.layers.Layer, rng: np.random.Generator) -> None:
    for weight in layer.weights:
        values = np.array(keras.ops.convert_to_numpy(weight.value))
        if np.issubdtype(values.dtype, np.integer):  # a seed's state is no weight
            continue
        weight.assign(rng.permutation(values.ravel()).reshape(values.shape))


@contextmanager
def _put_back(model: keras.Model) -> Iterator[None]:
    kept = [np.array(keras.ops.convert_to_numpy(weight.value)) for weight in model.weights]
    try:
        yield
    finally:
        for weight, values in zip(model.weights, kept, strict=True):
            weight.assign(values)
