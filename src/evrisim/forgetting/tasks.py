"""Two tasks, one after the other: what a net has learned, and what it learns then."""

from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
from keras import ops

from evrisim import images
from evrisim._validate import InputError
from evrisim.data.dataset import DataSet, Split
from evrisim.data.limiting import limit
from evrisim.messages import translate as _

_OFF = -1e9
"""A logit of the other task: no class of it is ever chosen, and no gradient reaches it."""


@dataclass(frozen=True, eq=False)
class Tasks:
    """Two data sets over one list of classes, of which each has its own.

    Attributes:
        old: What is learned first.
        new: What is learned then; its labels go on where the old ones end.
        groups: The task of each class, 0 or 1.
    """

    old: DataSet
    new: DataSet
    groups: tuple[int, ...]

    def logits(self, scores: np.ndarray, task: int) -> np.ndarray:
        """Leave the logits of one task's classes alone, as the loss does."""
        return np.where(np.array(self.groups) == task, scores, _OFF)

    def limited(self, images: int) -> "Tasks":
        """Keep so many training images of each task.

        Raises:
            InputError: If these are fewer than there are classes.
        """
        kept = {"train": images}
        return replace(self, old=limit(self.old, kept), new=limit(self.new, kept))


def halves(dataset: DataSet) -> Tasks:
    """Make two tasks of one data set: its first classes, and the others.

    Raises:
        InputError: If it has fewer than four classes.
    """
    half = dataset.num_classes // 2
    if half < 2:
        raise InputError(
            _("{name} has {count} classes; two tasks need at least 4.").format(
                name=dataset.name, count=dataset.num_classes
            )
        )
    groups = tuple(int(number >= half) for number in range(dataset.num_classes))
    old, new = (_of_task(dataset, groups, task) for task in (0, 1))
    return Tasks(old, new, groups)


def pair(first: DataSet, second: DataSet) -> Tasks:
    """Make two tasks of two data sets; the second's images are brought to the first's shape."""
    names = (*first.class_names, *second.class_names)
    groups = (0,) * first.num_classes + (1,) * second.num_classes
    old = replace(first, class_names=names)
    parts = {
        name: Split(_shaped(split.images, first.image_shape), split.labels + first.num_classes)
        for name, split in second.splits.items()
    }
    return Tasks(old, _with_splits(replace(second, class_names=names), parts), groups)


def _of_task(dataset: DataSet, groups: tuple[int, ...], task: int) -> DataSet:
    parts = {
        name: split.take(np.flatnonzero(np.array(groups)[split.labels] == task))
        for name, split in dataset.splits.items()
    }
    return _with_splits(dataset, parts)


def _with_splits(dataset: DataSet, parts: dict[str, Split]) -> DataSet:
    train, validation, test = (parts[name] for name in ("train", "validation", "test"))
    return replace(dataset, train=train, validation=validation, test=test)


def _shaped(given: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """Bring images to a shape: sized as a folder's are, grey turned to three channels or back."""
    rows, columns, channels = shape
    if given.shape[3] == 1 and channels == 3:
        given = np.repeat(given, 3, axis=3)
    elif given.shape[3] != channels:
        given = given.mean(axis=3, keepdims=True).round().astype(np.uint8)
    if given.shape[1:3] == (rows, columns):
        return given
    return np.stack([images.fit(one, (rows, columns)).reshape(shape) for one in given])


@keras.saving.register_keras_serializable("evrisim")
class TaskCrossEntropy(keras.losses.Loss):
    """Cross-entropy among the classes of the label's own task, as if each task had a head.

    Args:
        groups: The task of each class.
    """

    def __init__(self, groups: tuple[int, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.groups = tuple(groups)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Give one loss an image, of `(batch,)` labels and `(batch, classes)` logits."""
        labels = ops.cast(ops.reshape(y_true, (-1,)), "int32")
        groups = ops.convert_to_tensor(self.groups, "int32")
        own = ops.equal(ops.take(groups, labels)[:, None], groups[None, :])
        logits = ops.where(own, ops.cast(y_pred, "float32"), _OFF)
        return ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)

    def get_config(self) -> dict[str, Any]:
        """Give what `from_config` needs."""
        return {**super().get_config(), "groups": self.groups}
