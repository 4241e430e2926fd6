"""A batch augmented: images, and with them their labels and masks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evrisim._validate import InputError
from evrisim.augment.base import Augmentation, Size, draw
from evrisim.augment.checks import as_bytes, check_masks
from evrisim.augment.labels import mixed_labels, mixing
from evrisim.augment.steps import Step
from evrisim.messages import translate as _


@dataclass(frozen=True, eq=False)
class Batch:
    """What came out.

    Attributes:
        images: As they were given: same shape and dtype.
        labels: As they were given, or float32 `(count, classes)` shares if images are mixed.
        masks: As they were given, or None.
        steps: What was done.
    """

    images: np.ndarray
    labels: np.ndarray | None
    masks: np.ndarray | None
    steps: tuple[Step, ...]


def augmented(  # noqa: PLR0913 (a batch and its draw, each given by name)
    augmentation: Augmentation,
    images: Any,
    *,
    labels: Any = None,
    masks: Any = None,
    classes: int | None = None,
    seed: int = 0,
    epoch: int = 0,
    first: int = 0,
    steps: Sequence[Step] | None = None,
) -> Batch:
    """Draw for a batch and apply the draw.

    Args:
        augmentation: What the images go through.
        images: `(count, rows, columns, 1 or 3)`, 0–255, of any dtype.
        labels: `(count,)` whole numbers or `(count, classes)` shares; needed where images mix.
        masks: bool or uint8 `(count, rows, columns)` or `(…, channels)`, moved with the images.
        classes: How many there are; needed where images mix and labels are whole numbers.
        seed: Decides the draw, with `epoch` and the place of each image.
        epoch: Number of the epoch, from 0.
        first: Place in the epoch of the batch's first image.
        steps: A draw of one's own, in place of one from `seed`, `epoch` and `first`.

    Returns:
        New arrays; the given ones are left alone.

    Raises:
        InputError: If values, shapes, labels or masks are not as above.
    """
    from evrisim.augment.host import apply

    pixels = as_bytes(images)
    size = (pixels.shape[1], pixels.shape[2])
    if steps is None:
        places = np.arange(first, first + len(pixels))
        steps = draw(augmentation, places, size, seed=seed, epoch=epoch)
    _check_fits(steps, len(pixels))
    cover = None if masks is None else check_masks(masks, pixels)
    if labels is not None:
        labels = _labels(steps, np.asarray(labels), classes, size)
    if cover is not None:
        cover = apply(steps, cover, masks=True).astype(np.asarray(masks).dtype)
        cover = cover.reshape(np.shape(masks))
    changed = apply(steps, pixels).astype(np.asarray(images).dtype, copy=False)
    return Batch(changed, labels, cover, tuple(steps))


def _check_fits(steps: Sequence[Step], count: int) -> None:
    """Check that a draw was made for as many images: compiled loops would not notice."""
    for one in steps:
        if len(one.codes) != count:
            raise InputError(
                _("The draw is for {drawn} images; there are {count}.").format(
                    drawn=len(one.codes), count=count
                )
            )


def _labels(
    steps: Sequence[Step], labels: np.ndarray, classes: int | None, size: Size
) -> np.ndarray:
    """Give labels as they are, or as shares if a step mixes images."""
    if not mixing(steps):
        return labels
    if classes is None and labels.ndim != 2:
        raise InputError(_("`classes` is needed to mix labels that are whole numbers."))
    return mixed_labels(steps, labels, classes or 0, size)
