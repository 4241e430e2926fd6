"""What a frozen trunk makes of images, computed once and kept."""

import hashlib
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from evrisim import inference
from evrisim._validate import check_choice
from evrisim.data.cache import ArrayCache, digest
from evrisim.folding import folded
from evrisim.graph import Graph
from evrisim.training.fitting import weights_hash
from evrisim.training.precision import resolve
from evrisim.transfer.classifier import resized
from evrisim.transfer.trunks import Trunk
from evrisim.transfer.views import View

Progress = Callable[[int, int], None]

BATCH = 64
"""Images at a time: larger batches leave the processor's caches and are slower."""

CHUNK = 2048
"""Images whose features are kept together: what a kill can cost."""

_FORMAT = 1


class Extractor:
    """Turns images into features: what comes out of a trunk, or of a layer within it.

    The trunk's batch normalisations are folded into its convolutions, and it computes in bfloat16
    where the processor has it.

    Args:
        trunk: Whose features are meant; its weights as they are now.
        image_shape: Of the images; where it is not the trunk's, they are resized. None: the
            trunk's.
        cut: Name of the layer whose feature maps are given; None: the averages of the last maps.
        precision: `auto`, `float32` or `bfloat16`.

    Attributes:
        cut: The layer, None for averages.
        shape: `(rows, columns, channels)` of one image's features, `(1, 1, channels)` of averages.
        key: Another for every other trunk, weights, size, cut and precision.
    """

    def __init__(
        self,
        trunk: Trunk,
        image_shape: tuple[int, int, int] | None = None,
        *,
        cut: str | None = None,
        precision: str = "auto",
    ) -> None:
        model, self.cut = trunk.model, cut
        if cut is not None:
            check_choice("cut", cut, [one.name for one in Graph(model).cuts()])
            model = keras.Model(model.input, model.get_layer(cut).output, name=model.name)
        computed = resolve(precision)
        inputs, x = resized(trunk, image_shape)
        maps = folded(model, computed)(x)
        if cut is None:
            pool = keras.layers.GlobalAveragePooling2D(keepdims=True, dtype="float32", name="pool")
            maps = pool(maps)
        self._model = keras.Model(inputs, maps, name=f"{model.name}_features")
        self.shape: tuple[int, ...] = tuple(self._model.output_shape[1:])
        layers = hashlib.sha256(model.to_json().encode()).hexdigest()
        size = [*inputs.shape[1:], *model.input_shape[1:]]
        self.key = digest(_FORMAT, layers, weights_hash(model), size, cut, computed)

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Give the features of raw 0–255 images: `(count, *shape)` float32."""
        return inference.outputs(self._model, images, BATCH)


def features(
    extractor: Extractor,
    images: np.ndarray,
    cache: ArrayCache,
    *,
    view: View | None = None,
    progress: Progress = lambda done, total: None,
) -> np.ndarray:
    """Give the features of images, from the cache where they are in it.

    They are kept in chunks, each of which appears whole or not at all: a killed extraction goes on
    where it was, and two at once do the same work twice but never harm each other. A chunk is
    found by the extractor's key and the content of its images, so that one of other weights,
    images or sizes is never taken for it; one that was damaged is made again.

    Args:
        extractor: What makes them.
        images: `(count, rows, columns, channels)` uint8; may be memory-mapped.
        cache: Where they are kept.
        view: What the images are turned into first; None: nothing.
        progress: Called as `progress(done, total)`, in images.

    Returns:
        `(count, *extractor.shape)` float32.

    Raises:
        OSError: If the cache's folder cannot be written or is full; what is there stays whole.
    """
    found = np.empty((len(images), *extractor.shape), np.float32)
    for start in range(0, len(images), CHUNK):
        part = np.ascontiguousarray(images[start : start + CHUNK])
        if view is not None:
            part = view(part, start)
        found[start : start + len(part)] = _chunk(extractor, part, cache)
        progress(start + len(part), len(images))
    return found


def _chunk(extractor: Extractor, images: np.ndarray, cache: ArrayCache) -> np.ndarray:
    content = hashlib.sha256(images.data).hexdigest()
    key = digest("features", extractor.key, images.shape, content)
    kept = cache.load(key)
    if kept is not None:
        return kept[0]

    def fill(array: np.ndarray) -> dict[str, Any]:
        array[...] = extractor(images)
        return {"images": len(images)}

    shape = (len(images), *extractor.shape)
    return cache.store(key, shape, fill, dtype=np.float32)[0]
