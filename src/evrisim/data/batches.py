"""Training batches: a new order and new draws each epoch, both pure functions of (seed, epoch)."""

from typing import Any

import numpy as np
import tensorflow as tf

from evrisim import augment
from evrisim.data.dataset import Split

# What sets the order's stream of randomness apart from others that start from the same seed.
_ORDER = 1

AHEAD = 2
"""Batches prepared ahead of the training step."""


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
    split: Split,
    index: np.ndarray,
    augmentation: augment.Augmentation | None,
    *,
    classes: int,
    seed: int,
    epoch: int,
    first: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Gather the images at `index` and augment them.

    Args:
        split: Where the images are.
        index: `(count,)`, which of them.
        augmentation: What they go through, or None.
        classes: How many there are; where images mix, labels become float32 shares of them.
        seed: Decides, with epoch and place, every draw.
        epoch: Number of the epoch.
        first: Place in the epoch of the first of these images.
    """
    images, labels = np.asarray(split.images[index]), split.labels[index].astype(np.int64)
    if augmentation is None:
        return np.ascontiguousarray(images), labels
    batch = augment.augmented(
        augmentation, images, labels=labels, classes=classes, seed=seed, epoch=epoch, first=first
    )
    return batch.images, np.asarray(batch.labels)


def training_batches(
    split: Split,
    batch_size: int,
    *,
    seed: int,
    epoch: int,
    augmentation: augment.Augmentation | None = None,
    classes: int = 0,
    ahead: int = AHEAD,
) -> tf.data.Dataset:
    """Give one epoch of `(images, labels)` batches, prepared ahead of the training step.

    Images stay uint8 and where they are (in memory or memory-mapped); a batch is gathered and
    augmented as a whole, a few batches ahead.

    Args:
        split: The training split.
        batch_size: Images a batch.
        seed: With `epoch`, decides the order and every draw, whatever ran before.
        epoch: Number of the epoch, from 0.
        augmentation: What the images go through, or None.
        classes: How many there are; needed by augmentations that mix images.
        ahead: How many batches are prepared before they are asked for; with 0 none is.

    Returns:
        A dataset of uint8 `(batch, rows, columns, channels)` and int64 `(batch,)`, or where images
        mix float32 `(batch, classes)`.
    """
    steps = steps_per_epoch(len(split), batch_size)
    order = epoch_order(len(split), seed=seed, epoch=epoch)

    count = min(batch_size, len(split))
    mixed = augmentation is not None and augment.mixes(augmentation)

    def one_batch(step: Any) -> tuple[np.ndarray, np.ndarray]:
        first = int(step) * batch_size
        return draw_batch(
            split,
            order[first : first + batch_size],
            augmentation,
            classes=classes,
            seed=seed,
            epoch=epoch,
            first=first,
        )

    def one_batch_tensor(step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        kinds = (tf.uint8, tf.float32 if mixed else tf.int64)
        images, labels = tf.numpy_function(one_batch, [step], kinds)
        return tf.ensure_shape(images, (count, *split.images.shape[1:])), tf.ensure_shape(
            labels, (count, classes) if mixed else (count,)
        )

    batches = tf.data.Dataset.range(steps).map(one_batch_tensor)
    if ahead:
        return batches.prefetch(ahead)
    options = tf.data.Options()
    options.experimental_optimization.inject_prefetch = False  # which it would do unasked
    return batches.with_options(options)
