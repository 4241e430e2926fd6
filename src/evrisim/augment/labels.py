"""Labels of mixed images: shares of the classes in place of whole numbers."""

from collections.abc import Sequence

import numpy as np

from evrisim._validate import InputError
from evrisim.augment.base import Augmentation, Size
from evrisim.augment.mix import label_shares
from evrisim.augment.steps import MIXING, Step
from evrisim.messages import translate as _


def mixes(augmentation: Augmentation) -> bool:
    """Tell whether an augmentation joins images, so that labels are shares of classes."""
    steps = augmentation.draw(np.zeros((2, augmentation.needs), np.float32), (8, 8), np)
    return mixing(steps)


def mixing(steps: Sequence[Step]) -> bool:
    """Tell whether a draw may join images."""
    return any(one.may & MIXING for one in steps)


def mixed_labels(steps: Sequence[Step], labels: np.ndarray, classes: int, size: Size) -> np.ndarray:
    """Give float32 `(count, classes)` shares of a batch whose images went through `steps`.

    Args:
        steps: What was drawn for the batch.
        labels: `(count,)` whole numbers, or `(count, classes)` shares already.
        classes: How many there are.
        size: Rows and columns of the images.

    Raises:
        InputError: If a label is not one of `0 … classes − 1`, or there are more or fewer labels
            than images.
    """
    labels = np.asarray(labels)
    _check(labels, [len(one.codes) for one in steps[:1]])
    shares = labels.astype(np.float32) if labels.ndim == 2 else _one_hot(labels, classes)
    for one in steps:
        if one.may & MIXING:
            partner, own = label_shares(one, size)
            shares = own[:, None] * shares + (1 - own)[:, None] * shares[partner]
    return shares


def _check(labels: np.ndarray, counts: Sequence[int]) -> None:
    """Check that labels are whole numbers or shares, one or one row for each image."""
    whole = labels.ndim == 1 and np.issubdtype(labels.dtype, np.integer)
    if not (whole or (labels.ndim == 2 and np.issubdtype(labels.dtype, np.number))):
        raise InputError(
            _(
                "Labels to mix must be whole numbers (count,) or shares (count, classes); "
                "received {dtype} {shape}."
            ).format(dtype=labels.dtype, shape=labels.shape)
        )
    for count in counts:
        if len(labels) != count:
            raise InputError(
                _("There are {labels} labels for {images} images.").format(
                    labels=len(labels), images=count
                )
            )


def _one_hot(labels: np.ndarray, classes: int) -> np.ndarray:
    if labels.size and not (labels.min() >= 0 and labels.max() < classes):
        worst = int(labels.min()) if labels.min() < 0 else int(labels.max())
        raise InputError(
            _("Labels must lie between 0 and {last}; received {worst}.").format(
                last=classes - 1, worst=worst
            )
        )
    shares = np.zeros((len(labels), classes), np.float32)
    shares[np.arange(len(labels)), labels] = 1
    return shares
