"""The embedded data set `shapes`: ten forms in varied scenes, with the object's mask known.

Drawn by this code from a seed, so it needs no download, comes in any size, and every
explanation can be scored against the truth. Only the form tells the class: colour, place, size,
background, light and what stands before the object are drawn without knowing it.
"""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from evrisim._validate import InputError
from evrisim.data.cache import ArrayCache, digest
from evrisim.data.dataset import DataSet, Split
from evrisim.data.shapes import keeping
from evrisim.data.shapes.forms import FORMS
from evrisim.data.shapes.paint import paint
from evrisim.data.shapes.scene import DRAWS, draw_scene
from evrisim.messages import translate as _

CLASS_NAMES = tuple(form.name for form in FORMS)
VERSION = 1
"""Goes up whenever the same seed gives other images."""

_SPLITS = ("train", "validation", "test")
_PIXELS_AT_ONCE = 2**17

Progress = Callable[[int, int], None]


def generate(
    counts: tuple[int, int, int] = (10_000, 2_000, 2_000),
    *,
    seed: int = 0,
    size: int = 32,
    progress: Progress | None = None,
    cache: ArrayCache | None = None,
) -> DataSet:
    """Draw the data set `shapes`.

    Image `i` of a split depends on the seed, the split and `i` alone: a larger data set begins
    with the smaller one, and the same arguments give the same bytes on every machine. Each ten
    images in a row hold each class once. At another `size` the scenes are the same, painted
    with other pixels and grain.

    Args:
        counts: how many images for training, validation and test.
        seed: a whole number from 0.
        size: height and width in pixels, from 16 to 256.
        progress: called as `progress(done, total)` in images.
        cache: where what is drawn is kept, if it is `keeping.WORTH` images or more, and taken
            from when the same is asked for again.

    Returns:
        A `DataSet` with images `(count, size, size, 3)` uint8, labels int64, and masks
        `(count, size, size)` bool: the visible pixels of the labelled object.

    Raises:
        InputError: If an argument is not a whole number in its range.

    Example:
        >>> small = generate((20, 10, 10), seed=1)
        >>> small.train.images.shape, small.class_names[:3]
        ((20, 32, 32, 3), ('circle', 'square', 'triangle'))
    """
    counts = _checked_counts(counts)
    seed = _whole("seed", seed, 0, 2**63 - 1)
    size = _whole("size", size, 16, 256)
    origin = {"seed": seed, "size": size, "version": VERSION}

    def draw() -> list[Split]:
        total, done, splits = sum(counts), 0, []
        for number, count in enumerate(counts):
            report = _offset(progress, done, total)
            splits.append(_draw_split(count, (seed, number), size, report))
            done += count
        return splits

    if cache is None or sum(counts) < keeping.WORTH:
        train, validation, test = draw()
    else:
        key = f"shapes-{digest(counts, origin)}"
        train, validation, test = keeping.kept_or_drawn(cache, key, counts, size, draw)
    return DataSet("shapes", train, validation, test, CLASS_NAMES, origin)


def display_names() -> tuple[str, ...]:
    """Give the class names in the language in use, in label order."""
    return (
        _("circle"),
        _("square"),
        _("triangle"),
        _("star"),
        _("cross"),
        _("ring"),
        _("crescent"),
        _("heart"),
        _("arrow"),
        _("drop"),
    )


def _draw_split(count: int, key: tuple[int, int], size: int, report: Progress) -> Split:
    """Draw one split, some images at a time; a stream each for labels, scenes and grain."""
    seed, number = key
    for_labels, for_scenes, for_grain = (
        np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(number, stream)))
        for stream in range(3)
    )
    labels = _draw_labels(count, for_labels)
    images = np.empty((count, size, size, 3), np.uint8)
    masks = np.empty((count, size, size), bool)
    chunk = max(1, _PIXELS_AT_ONCE // size**2)
    for start in range(0, count, chunk):
        part = slice(start, min(start + chunk, count))
        here = part.stop - start
        scene = draw_scene(_bits(for_scenes, here, DRAWS))
        grain = _bytes(for_grain, here, 6 * size**2).reshape(-1, 2, 3, size, size)
        images[part], masks[part] = paint(scene, labels[part], grain)
        report(part.stop, count)
    return Split(images, labels, masks)


def _draw_labels(count: int, stream: np.random.PCG64) -> np.ndarray:
    """Shuffle the ten classes anew for each ten images in a row."""
    classes = len(CLASS_NAMES)
    order = np.argsort(_bits(stream, -(-count // classes), classes), axis=1, kind="stable")
    return np.ascontiguousarray(order.reshape(-1)[:count], dtype=np.int64)


def _bits(stream: np.random.PCG64, rows: int, columns: int) -> np.ndarray:
    """Give random uint64; the raw stream, since only it is promised never to change."""
    return stream.random_raw(rows * columns).reshape(rows, columns)


def _bytes(stream: np.random.PCG64, rows: int, columns: int) -> np.ndarray:
    """Give random uint8, each row from whole draws of its own."""
    bits = _bits(stream, rows, -(-columns // 8))
    return bits.astype("<u8", copy=False).view(np.uint8)[:, :columns]


def _offset(progress: Progress | None, before: int, total: int) -> Progress:
    def report(done: int, _count: int) -> None:
        if progress is not None:
            progress(before + done, total)

    return report


def _checked_counts(counts: Any) -> tuple[int, int, int]:
    try:
        train, validation, test = counts
    except (TypeError, ValueError):
        raise InputError(
            _(
                "`counts` must be three whole numbers (train, validation, test); "
                "received {value!r}."
            ).format(value=counts)
        ) from None
    named = zip(_SPLITS, (train, validation, test), strict=True)
    train, validation, test = (_whole(f"counts, {name}", n, 1, 10**7) for name, n in named)
    return train, validation, test


def _whole(name: str, value: Any, low: int, high: int) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        number = low - 1
    if isinstance(value, bool) or not low <= number <= high:
        raise InputError(
            _("`{name}` must be a whole number from {low} to {high}; received {value!r}.").format(
                name=name, low=low, high=high, value=value
            )
        )
    return number
