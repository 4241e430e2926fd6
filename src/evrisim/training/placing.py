"""Where images are augmented: in the input pipeline or on the device, whichever is faster here.

Both ways make the same images from the same draws, so the choice changes no result.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import keras
import numpy as np

from evrisim import augment, machine
from evrisim.data.batches import Place, draw_batch
from evrisim.data.dataset import DataSet
from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.training.recipe import Recipe

PIPELINE, DEVICE = "pipeline", "device"

_ROUNDS = 3

_PART = 8
"""Images that the device is tried with first: often they alone take it longer."""


@dataclass(frozen=True)
class Placement:
    """Which way is faster on this machine.

    Attributes:
        way: `pipeline` (compiled loops on the processor, ahead of the step) or `device` (tensors,
            beside the step).
        pipeline: Seconds a batch takes in the pipeline; None where nothing is augmented.
        device: The same on the device, or what a part of a batch takes there if that is longer
            already; None where it was not tried.
    """

    way: str = PIPELINE
    pipeline: float | None = None
    device: float | None = None

    @property
    def sentence(self) -> str:
        """Say which way was taken and why."""
        if self.pipeline is None or self.device is None:
            return _("Images are augmented in the input pipeline.")
        text = (
            _("In the input pipeline a batch is augmented in {pipeline} ms, on the device in more.")
            if self.way == PIPELINE
            else _("On the device a batch is augmented in {device} ms, in the pipeline in more.")
        )
        return text.format(
            pipeline=numbers.decimal(1000 * self.pipeline, 1),
            device=numbers.decimal(1000 * self.device, 1),
        )

    def to_json(self) -> dict[str, Any]:
        """Give plain values."""
        return asdict(self)


def fastest(dataset: DataSet, recipe: Recipe) -> Placement:
    """Time a batch each way and take the faster; once for each policy in a process."""
    if recipe.policy is None:
        return Placement()
    count = min(recipe.batch_size, len(dataset.train))
    return _timed(repr(recipe.policy), _Case(dataset, recipe, count))


@dataclass(frozen=True)
class _Case:
    """A batch to be timed; two of them are the same if what they cost is."""

    dataset: DataSet
    recipe: Recipe
    count: int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Case) and self._what() == other._what()

    def __hash__(self) -> int:
        return hash(self._what())

    def _what(self) -> tuple[Any, ...]:
        return self.count, self.dataset.image_shape, self.dataset.num_classes


@lru_cache(maxsize=32)
def _timed(_policy: str, case: _Case) -> Placement:
    index = np.arange(case.count)
    place = Place(case.recipe.seed, classes=case.dataset.num_classes)
    split, policy = case.dataset.train, case.recipe.policy
    stored = draw_batch(split, index, None, place)

    def here() -> None:
        draw_batch(split, index, policy, place)

    def there(count: int = case.count) -> None:
        images, _labels = on_device(policy, (stored[0][:count], stored[1][:count]), index, place)
        keras.ops.convert_to_numpy(images[0, 0, 0])  # waits for it

    if keras.backend.backend() == "jax" and not machine.has_gpu():
        # There every operation is compiled by itself, which takes longer than it could gain.
        return Placement(PIPELINE, _median(here))
    pipeline, device = _median(here), _median(lambda: there(_PART))
    device = device if device > pipeline else _median(there)
    return Placement(DEVICE if device < pipeline else PIPELINE, pipeline, device)


def _median(action: Callable[[], None]) -> float:
    action()
    taken = []
    for _round in range(_ROUNDS):
        began = time.perf_counter()
        action()
        taken.append(time.perf_counter() - began)
    return sorted(taken)[_ROUNDS // 2]


def on_device(
    policy: augment.Augmentation | None, batch: tuple[Any, Any], index: np.ndarray, place: Place
) -> tuple[Any, Any]:
    """Augment a batch of the pipeline on the device, as the pipeline would have.

    Args:
        policy: What the images go through.
        batch: `(count, rows, columns, channels)` uint8 images and `(count,)` whole labels.
        index: Which images of the split they are; there may be more, which are left alone.
        place: Seed, epoch and place of the batch's first image.

    Returns:
        float32 images that hold whole numbers 0–255, and labels, shares where images are mixed.
    """
    from evrisim.augment import device

    images, labels = batch
    if policy is None:
        return images, labels
    size = (int(images.shape[1]), int(images.shape[2]))
    places = np.arange(place.first, place.first + int(images.shape[0]))
    which = index[: len(places)]
    steps = augment.draw(policy, places, size, seed=place.seed, epoch=place.epoch, images=which)
    if augment.mixes(policy):
        labels = device.mixed_labels(steps, labels, place.classes, size)
    return device.apply(steps, images), labels


def moved(
    batches: Iterator[tuple[Any, Any]],
    policy: augment.Augmentation,
    place: Place,
    order: np.ndarray,
) -> Iterator[tuple[Any, Any]]:
    """Augment the plain batches of an epoch, which come in this `order`, on the device."""
    first = 0
    for batch in batches:
        count = int(batch[0].shape[0])
        here = Place(place.seed, place.epoch, first, place.classes)
        yield on_device(policy, batch, order[first : first + count], here)
        first += count
