"""Corrupt images: the public call, with its checks."""

from collections.abc import Sequence

import numpy as np

from evrisim._validate import InputError, check_choice, check_range, check_whole
from evrisim.corruptions.chance import Chance
from evrisim.corruptions.table import CORRUPTIONS, SEVERITIES
from evrisim.messages import translate as _

SMALLEST = 4
"""Pixels; the shorter side of an image that can still be corrupted."""

VALUES = 1 << 20
"""Values worked on at a time: few enough to stay in a processor's cache."""


def corrupt(
    images: np.ndarray,
    name: str,
    severity: int,
    seed: int = 0,
    *,
    numbers: Sequence[int] | np.ndarray | None = None,
) -> np.ndarray:
    """Give images as they look after one of the common corruptions.

    What is drawn for an image depends on seed, name, severity and the image's number, and on
    nothing else: images may come in any order and in batches of any size.

    Args:
        images: `(count, rows, columns, 1 or 3)` uint8, at least 4 pixels to a side.
        name: one of `CORRUPTIONS`.
        severity: 1 (light) to 5 (strong).
        seed: at least 0.
        numbers: one an image, at least 0; default 0, 1, 2, …

    Returns:
        `(count, rows, columns, 1 or 3)` uint8, rounded to the nearest.

    Raises:
        InputError: For an unknown corruption or severity, images that are not as said above, or
            another count of numbers than of images.

    Example:
        >>> grey = np.full((1, 8, 8, 3), 100, np.uint8)
        >>> int(corrupt(grey, "brightness", 1)[0, 0, 0, 0])  # 100 + 0.05 · 255
        113

    Reference:
        Hendrycks and Dietterich 2019, https://arxiv.org/abs/1903.12261
    """
    corruption = CORRUPTIONS[check_choice("corruption", name, CORRUPTIONS)]
    level = int(check_range("severity", check_whole("severity", severity, 1), 1, SEVERITIES[-1]))
    check_whole("seed", seed, 0)
    checked = _checked(images)
    places = _numbered(len(checked), numbers)
    out = np.empty_like(checked)
    size = max(1, VALUES // max(1, checked[0].size if len(checked) else 1))
    for start in range(0, len(checked), size):
        part = slice(start, start + size)
        chance = Chance.of(seed, name, level, places[part])
        clean = checked[part].astype(np.float32) / 255
        changed = corruption.apply(clean, corruption.strengths[level - 1], chance)
        out[part] = np.rint(255 * changed.clip(0, 1)).astype(np.uint8)
    return out


def _checked(images: np.ndarray) -> np.ndarray:
    images = np.asarray(images)
    right = images.ndim == 4 and images.shape[3] in (1, 3) and min(images.shape[1:3]) >= SMALLEST
    if not right or images.dtype != np.uint8:
        raise InputError(
            _(
                "Images to corrupt must be uint8 in 0–255 of shape (count, rows, columns, 1 or 3), "
                "at least {smallest} pixels to a side; received {dtype} of shape {shape}."
            ).format(smallest=SMALLEST, dtype=images.dtype, shape=images.shape)
        )
    return images


def _numbered(count: int, numbers: Sequence[int] | np.ndarray | None) -> list[int]:
    places = list(range(count)) if numbers is None else [int(one) for one in numbers]
    if len(places) != count or min(places, default=0) < 0:
        raise InputError(
            _(
                "`numbers` must have one whole number of at least 0 for each of {count} images; "
                "received {received}."
            ).format(count=count, received=len(places))
        )
    return places
