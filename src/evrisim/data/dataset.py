"""What a data set is: images with labels, in three splits, held as frozen values."""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from evrisim._validate import InputError
from evrisim.messages import translate as _


@dataclass(frozen=True, eq=False)
class Split:
    """Images with labels.

    Attributes:
        images: `(count, height, width, channels)` uint8 in 0–255; may be memory-mapped.
        labels: `(count,)` int64, each in `0 … num_classes − 1`.
        masks: `(count, height, width)` bool, true on the labelled object; None where unknown.
        names: one name an image (a path within the folder, or `index`), or None.
        views: further arrays as `images`, of the same images drawn otherwise; a training is shown
            one of all of them each epoch, in turn.
    """

    images: np.ndarray
    labels: np.ndarray
    masks: np.ndarray | None = None
    names: tuple[str, ...] | None = None
    views: tuple[np.ndarray, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, index: np.ndarray) -> "Split":
        """Give the images at `index` (integers), in that order, with all that belongs to them."""
        index = np.asarray(index)
        return Split(
            self.images[index],
            self.labels[index],
            None if self.masks is None else self.masks[index],
            None if self.names is None else tuple(self.names[i] for i in index),
            tuple(view[index] for view in self.views),
        )

    def name(self, index: int) -> str:
        """Give the name of one image, for messages and galleries."""
        return f"#{index}" if self.names is None else self.names[index]


@dataclass(frozen=True, eq=False)
class DataSet:
    """A named data set in three splits.

    Attributes:
        name: what the user called it (`shapes`, `cifar10`, a folder's path).
        train, validation, test: the splits; validation steers, test is touched once.
        class_names: one name a class, in label order.
        origin: how it came to be (seed, folder, files skipped, …), plain JSON values.
        features: whether `images` are float32 feature maps that a trunk made of images.
    """

    name: str
    train: Split
    validation: Split
    test: Split
    class_names: tuple[str, ...]
    origin: dict[str, Any] = field(default_factory=dict)
    features: bool = False

    @property
    def num_classes(self) -> int:
        """How many classes there are."""
        return len(self.class_names)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """`(height, width, channels)` of every image."""
        height, width, channels = self.train.images.shape[1:]
        return int(height), int(width), int(channels)

    @property
    def splits(self) -> dict[str, Split]:
        """The three splits by name."""
        return {"train": self.train, "validation": self.validation, "test": self.test}

    def content_hash(self) -> str:
        """Give the SHA-256 over all images and labels: what a run was trained on.

        Taken once: whoever changes the arrays of a data set in place deceives himself.
        """
        return self._content_hash

    @cached_property
    def _content_hash(self) -> str:
        digest = hashlib.sha256()
        for name, split in self.splits.items():
            digest.update(f"{name} {split.images.shape} {self.class_names}".encode())
            for images in (split.images, *split.views):
                for start in range(0, len(split), 4096):
                    digest.update(np.ascontiguousarray(images[start : start + 4096]).data)
            digest.update(np.ascontiguousarray(split.labels, dtype="<i8").data)
        return digest.hexdigest()


def check_dataset(dataset: DataSet) -> DataSet:
    """Return `dataset` if a training can trust it, else say what is wrong with it.

    Raises:
        InputError: For fewer than two classes, an empty split, images that are not uint8 of one
            shape, or a label that is not a whole number in range (the first such image is named).
    """
    if dataset.num_classes < 2:
        raise InputError(
            _("{name}: a classifier needs at least 2 classes; found {found}.").format(
                name=dataset.name, found=", ".join(dataset.class_names) or "0"
            )
        )
    for name, split in dataset.splits.items():
        _check_split(dataset, name, split)
    return dataset


def _check_split(dataset: DataSet, name: str, split: Split) -> None:
    where = f"{dataset.name}, {name}"
    images, labels = split.images, np.asarray(split.labels)
    wanted = np.float32 if dataset.features else np.uint8
    if images.ndim != 4 or images.dtype != wanted or images.shape[1:] != dataset.image_shape:
        raise InputError(
            _(
                "{where}: images must be {wanted} of shape (count, {shape}); received {dtype} "
                "{found}."
            ).format(
                where=where,
                wanted=np.dtype(wanted),
                shape=", ".join(map(str, dataset.image_shape)),
                dtype=images.dtype,
                found=images.shape,
            )
        )
    if not len(images):
        raise InputError(_("{where}: there is no image in this split.").format(where=where))
    if labels.shape != (len(images),):
        raise InputError(
            _("{where}: {images} images need as many labels; received shape {shape}.").format(
                where=where, images=len(images), shape=labels.shape
            )
        )
    wrong = _wrong_labels(labels, dataset.num_classes)
    if len(wrong):
        raise InputError(
            _(
                "{where}: the label of {image} must be a whole number from 0 to {last}; "
                "received {label!r} ({count} such labels)."
            ).format(
                where=where,
                image=split.name(int(wrong[0])),
                last=dataset.num_classes - 1,
                label=labels[wrong[0]].item() if hasattr(labels[wrong[0]], "item") else labels[0],
                count=len(wrong),
            )
        )


def _wrong_labels(labels: np.ndarray, num_classes: int) -> np.ndarray:
    if labels.dtype.kind not in "iu":
        return np.arange(len(labels))
    return np.flatnonzero((labels < 0) | (labels >= num_classes))
