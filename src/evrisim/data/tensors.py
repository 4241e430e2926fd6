"""Training batches as a `tf.data.Dataset`, for whoever fits a model with Keras alone."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np
import tensorflow as tf

from evrisim import augment
from evrisim.data.batches import Place, steps_per_epoch, training_batches
from evrisim.data.dataset import Split


def training_dataset(
    split: Split,
    batch_size: int,
    place: Place,
    augmentation: augment.Augmentation | None = None,
) -> tf.data.Dataset:
    """Give `training_batches` as a dataset; each time it is gone through is the next epoch.

    Images are augmented in it and prepared ahead already: neither `map` nor `prefetch` need follow.

    Args:
        split: The training split.
        batch_size: Images a batch.
        place: The seed, and the first epoch.
        augmentation: What the images go through, or None.

    Returns:
        A dataset of uint8 `(batch, rows, columns, channels)` and int64 `(batch,)`, or where images
        mix float32 `(batch, classes)`.
    """
    epochs = count(place.epoch)

    def epoch() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        here = replace(place, epoch=next(epochs))
        return training_batches(split, batch_size, here, augmentation)

    number = min(batch_size, len(split))
    mixed = augmentation is not None and augment.mixes(augmentation)
    batches = tf.data.Dataset.from_generator(
        epoch,
        output_signature=(
            tf.TensorSpec((number, *split.images.shape[1:]), tf.uint8),
            tf.TensorSpec((number, place.classes), tf.float32)
            if mixed
            else tf.TensorSpec((number,), tf.int64),
        ),
    )
    steps: Any = tf.data.experimental.assert_cardinality(steps_per_epoch(len(split), batch_size))
    options = tf.data.Options()
    options.experimental_optimization.inject_prefetch = False  # the batches come from threads
    return batches.apply(steps).with_options(options)
