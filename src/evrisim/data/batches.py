"""Training batches: a new order and new draws each epoch, both pure functions of (seed, epoch)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from evrisim import augment
from evrisim.augment.host import apply
from evrisim.data.ahead import made_ahead
from evrisim.data.dataset import Split

# What sets the order's stream of randomness apart from others that start from the same seed.
_ORDER, _VIEW = 1, 2

AHEAD = 2
"""Batches prepared ahead of the training step."""


@dataclass(frozen=True)
class Place:
    """Where in a training a batch is: what its draws follow from.

    Attributes:
        seed, epoch: Decide every draw, with the place of each image in the epoch.
        first: Place of the batch's first image.
        classes: How many there are; where images mix, labels become float32 shares of them.
    """

    seed: int
    epoch: int = 0
    first: int = 0
    classes: int = 0


Draw = Callable[
    [Split, np.ndarray, augment.Augmentation | None, Place], tuple[np.ndarray, np.ndarray]
]
"""What makes a batch: see `draw_batch`."""


def epoch_order(count: int, *, seed: int, epoch: int) -> np.ndarray:
    """Give the order in which an epoch visits the images: a permutation of `0 … count − 1`.

    Example:
        >>> first, again = (epoch_order(5, seed=0, epoch=1) for _ in range(2))
        >>> bool((first == again).all()), bool((first == epoch_order(5, seed=0, epoch=2)).all())
        (True, False)
    """
    return np.random.default_rng([seed, _ORDER, epoch]).permutation(count)


def steps_per_epoch(count: int, batch_size: int) -> int:
    """Count the batches of an epoch: whole ones only, so that one traced step serves them all.

    The images left over are others each epoch. A data set smaller than a batch is one batch.
    """
    return max(count // batch_size, 1)


def draw_batch(
    split: Split, index: np.ndarray, augmentation: augment.Augmentation | None, place: Place
) -> tuple[np.ndarray, np.ndarray]:
    """Gather the images at `index` and augment them as their place in the training says."""
    labels = split.labels[index].astype(np.int64)
    if augmentation is None:
        return _gathered(split, index, place), labels
    size = (int(split.images.shape[1]), int(split.images.shape[2]))
    places = np.arange(place.first, place.first + len(index))
    steps = augment.draw(
        augmentation, places, size, seed=place.seed, epoch=place.epoch, images=index
    )
    if augment.mixing(steps):
        labels = augment.mixed_labels(steps, labels, place.classes, size)
    return apply(steps, split.images, index=index), labels


def _gathered(split: Split, index: np.ndarray, place: Place) -> np.ndarray:
    """Give the images at `index`, each in the view whose turn it is."""
    if not split.views:
        return np.ascontiguousarray(split.images[index])
    every = (split.images, *split.views)
    first = np.random.default_rng([place.seed, _VIEW]).integers(len(every), size=len(split))
    turn = (first[index] + place.epoch) % len(every)
    found = np.empty((len(index), *split.images.shape[1:]), split.images.dtype)
    for view, images in enumerate(every):
        found[turn == view] = images[index[turn == view]]
    return found


def training_batches(
    split: Split,
    batch_size: int,
    place: Place,
    augmentation: augment.Augmentation | None = None,
    *,
    ahead: int = AHEAD,
    draw: Draw = draw_batch,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give one epoch of `(images, labels)` batches, prepared ahead of the training step.

    Images stay uint8 and where they are (in memory or memory-mapped); a batch is gathered and
    augmented as a whole, a few batches ahead.

    Args:
        split: The training split.
        batch_size: Images a batch.
        place: Seed and epoch, which decide the order and every draw, whatever ran before.
        augmentation: What the images go through, or None.
        ahead: How many batches are prepared before they are asked for; with 0 none is.
        draw: What makes a batch; given for whoever watches `draw_batch` at its work.

    Returns:
        uint8 `(batch, rows, columns, channels)` and int64 `(batch,)`, or where images mix float32
        `(batch, classes)`.
    """
    order = epoch_order(len(split), seed=place.seed, epoch=place.epoch)

    def one_batch(step: int) -> tuple[np.ndarray, np.ndarray]:
        first = step * batch_size
        index = order[first : first + batch_size]
        return draw(split, index, augmentation, replace(place, first=first))

    return made_ahead(one_batch, steps_per_epoch(len(split), batch_size), ahead=ahead)
