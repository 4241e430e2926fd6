"""What an explanation is: a map an image, of whom, by which method."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from evrisim._validate import InputError
from evrisim.explain.gradients import PREDICTED
from evrisim.messages import translate as _

Classes = int | Sequence[int] | np.ndarray | Literal["all"] | None
"""Whose score is explained: None for the predicted class, one number for all images, one for each
image, or `all` of them."""


@dataclass(frozen=True, eq=False)
class Explanation:
    """Where a model looks for a class, image by image.

    Attributes:
        maps: `(count, rows, columns)` float32, at least 0, not normalised: maps of two images
            can be compared. `normalise` and `upsample` prepare them for display. With all classes
            asked for, `(count, classes, rows, columns)`.
        classes: `(count,)` int64, the class each map explains; `(count, classes)` for all.
        scores: float32 of the same shape, the logit of that class.
        layer: path of the layer whose features were weighed; empty for methods that look at
            pixels alone.
        method: name of the method.
    """

    maps: np.ndarray
    classes: np.ndarray
    scores: np.ndarray
    layer: str
    method: str


def wanted_classes(classes: Classes, count: int, num_classes: int) -> np.ndarray:
    """Give a class for each image, `PREDICTED` where the model's own choice is asked for.

    Raises:
        InputError: If it is none of the model's, or there are not as many as images.
    """
    if classes is None:
        return np.full(count, PREDICTED)
    wanted = np.asarray(classes)
    fits = wanted.shape in ((), (count,)) and wanted.dtype.kind in "iu"
    if not fits or ((wanted < 0) | (wanted >= num_classes)).any():
        raise InputError(
            _(
                "`classes` must be one whole number from 0 to {last}, {count} of them, or 'all'; "
                "received {classes}."
            ).format(
                last=num_classes - 1, count=count, classes=np.array2string(wanted, threshold=8)
            )
        )
    return np.broadcast_to(wanted, (count,)).astype(np.int64)
