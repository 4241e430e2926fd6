"""Fewer images of a data set, the same ones each time, each class with its share."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from evrisim._validate import InputError, check_choice, check_whole
from evrisim.data.dataset import DataSet
from evrisim.messages import translate as _

_SPLITS = ("train", "validation", "test")


def limit(dataset: DataSet, counts: Mapping[str, int]) -> DataSet:
    """Keep a number of images of each named split.

    Which ones depends on the split's labels alone. A larger part holds the smaller one, and each
    class keeps its share to one image.

    Args:
        dataset: Left as it is.
        counts: Images to keep, by `train`, `validation` and `test`; a split that is not named,
            or has no more images than that, is kept whole.

    Raises:
        InputError: For another split, or fewer images than classes.
    """
    parts = {}
    for name, count in counts.items():
        split = getattr(dataset, check_choice("split", name, _SPLITS))
        if check_whole(f"data.{name}_images", count, 1) < dataset.num_classes:
            raise InputError(
                _(
                    "`data.{split}_images` is {count}, but {name} has {classes} classes; keep at "
                    "least one image of each."
                ).format(split=name, count=count, name=dataset.name, classes=dataset.num_classes)
            )
        if count < len(split):
            parts[name] = split.take(_first(split.labels, count))
    origin = {**dataset.origin, "limited_to": {name: len(part) for name, part in parts.items()}}
    return replace(dataset, **parts, origin=origin) if parts else dataset


def _first(labels: np.ndarray, count: int) -> np.ndarray:
    """Give ascending indices of `count` images, drawn from every class in step."""
    order = np.random.default_rng(0).permutation(len(labels))
    progress = np.empty(len(labels))
    for label in np.unique(labels):
        members = order[labels[order] == label]
        progress[members] = (np.arange(len(members)) + 0.5) / len(members)
    return np.sort(np.argsort(progress, kind="stable")[:count])
