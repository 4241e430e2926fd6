"""Keep what was drawn: every process that wants the same images is spared drawing them."""

from collections.abc import Callable
from contextlib import suppress

import numpy as np

from evrisim.data.cache import ArrayCache
from evrisim.data.dataset import Split

WORTH = 1_000
"""So many images take a quarter of a second to draw: fewer are not worth a place on disk."""


def kept_or_drawn(
    cache: ArrayCache,
    key: str,
    counts: tuple[int, int, int],
    size: int,
    draw: Callable[[], list[Split]],
) -> list[Split]:
    """Read the splits from the cache, or draw them and keep them there if that is possible.

    In the cache an image is a row of bytes: its pixels, its mask, its label.
    """
    shape = (sum(counts), 4 * size**2 + 1)
    kept = cache.load(key)
    if kept is not None and kept[0].shape == shape:
        return [_unpacked(part, size) for part in _split(kept[0], counts)]
    drawn = draw()

    def fill(rows: np.ndarray) -> dict[str, object]:
        for part, split in zip(_split(rows, counts), drawn, strict=True):
            _pack(part, split)
        return {}

    with suppress(OSError):  # a folder that cannot be written, a full disk: drawn again next time
        cache.store(key, shape, fill)
    return drawn


def _split(rows: np.ndarray, counts: tuple[int, int, int]) -> list[np.ndarray]:
    return np.split(rows, np.cumsum(counts)[:-1])


def _pack(rows: np.ndarray, split: Split) -> None:
    count, size = split.images.shape[:2]
    assert split.masks is not None
    rows[:, : 3 * size**2] = split.images.reshape(count, -1)
    rows[:, 3 * size**2 : -1] = split.masks.reshape(count, -1)
    rows[:, -1] = split.labels


def _unpacked(rows: np.ndarray, size: int) -> Split:
    images = np.array(rows[:, : 3 * size**2]).reshape(-1, size, size, 3)
    masks = np.array(rows[:, 3 * size**2 : -1]).reshape(-1, size, size)
    return Split(images, rows[:, -1].astype(np.int64), masks.view(bool))
