"""Training batches: a new order and new draws each epoch, both pure functions of (seed, epoch)."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from evrisim.augment import Augmentation
from evrisim.data.dataset import Split

# Streams of randomness that must not meet, though they start from the same seed.
_ORDER, _AUGMENTATION = 1, 2

AHEAD = 2
"""Batches prepared ahead of the training step."""

Draw = Callable[..., tuple[np.ndarray, np.ndarray]]


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
    split: Split, index: np.ndarray, augmentation: Augmentation | None, seed: list[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Gather the images at `index` and augment them with draws made from `seed`."""
    images = np.asarray(split.images[index])
    if augmentation is not None:
        rng = np.random.default_rng(seed)
        images = augmentation.apply(images, augmentation.draw(rng, len(images)))
    return np.ascontiguousarray(images), split.labels[index].astype(np.int64)


def training_batches(
    split: Split,
    batch_size: int,
    *,
    seed: int,
    epoch: int,
    augmentation: Augmentation | None = None,
    ahead: int = AHEAD,
    draw: Draw = draw_batch,
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
        ahead: How many batches are prepared before they are asked for; with 0 none is.
        draw: What makes a batch; given for whoever watches `draw_batch` at its work.

    Returns:
        A dataset of uint8 `(batch, rows, columns, channels)` and int64 `(batch,)`.
    """
    steps = steps_per_epoch(len(split), batch_size)
    order = epoch_order(len(split), seed=seed, epoch=epoch)

    def one_batch(step: Any) -> tuple[np.ndarray, np.ndarray]:
        index = order[int(step) * batch_size :][:batch_size]
        return draw(split, index, augmentation, [seed, _AUGMENTATION, epoch, int(step)])

    def one_batch_tensor(step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        images, labels = tf.numpy_function(one_batch, [step], (tf.uint8, tf.int64))
        count = min(batch_size, len(split))
        return tf.ensure_shape(images, (count, *split.images.shape[1:])), tf.ensure_shape(
            labels, (count,)
        )

    batches = tf.data.Dataset.range(steps).map(one_batch_tensor)
    if ahead:
        return batches.prefetch(ahead)
    options = tf.data.Options()
    options.experimental_optimization.inject_prefetch = False  # which it would do unasked
    return batches.with_options(options)
