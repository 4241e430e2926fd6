"""Images read between their pixels, by bilinear interpolation, many at once.

Sums of a few products an output, never a matrix product: what an image becomes must not depend on
how many stand beside it, to the last bit.
"""

import numpy as np

PUBLISHED_SIDE = 32
"""Pixels; the size the published strengths are for."""


def scale(images: np.ndarray) -> float:
    """Say how large images are against those the strengths were published for."""
    return min(images.shape[1:3]) / PUBLISHED_SIDE


def bilinear(images: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Read each image at places of its own; beyond the edge it is mirrored, the edge once.

    Args:
        images: `(count, height, width, channels)` float.
        rows: `(count, r, c)` float, in pixels from the first one's centre.
        columns: likewise.

    Returns:
        `(count, r, c, channels)`.
    """
    count, height, width, channels = images.shape
    flat = images.reshape(-1, channels)
    first = np.arange(count).reshape(-1, 1, 1) * (height * width)
    top, left = np.floor(rows), np.floor(columns)
    down = (rows - top)[..., None].astype(images.dtype)
    right = (columns - left)[..., None].astype(images.dtype)
    above, below = (first + width * _mirrored(top + step, height) for step in (0, 1))
    before, after = (_mirrored(left + step, width) for step in (0, 1))
    upper = flat[above + before] * (1 - right) + flat[above + after] * right
    lower = flat[below + before] * (1 - right) + flat[below + after] * right
    return upper * (1 - down) + lower * down


def _mirrored(places: np.ndarray, size: int) -> np.ndarray:
    period = 2 * (size - 1)
    inside = np.abs(places.astype(np.int64)) % period
    return np.minimum(inside, period - inside)


def zoomed(images: np.ndarray, factor: float) -> np.ndarray:
    """Enlarge images about their centre by a factor of at least 1 and keep their size."""
    for axis in (1, 2):
        size = images.shape[axis]
        middle = (size - 1) / 2
        place = middle + (np.arange(size) - middle) / factor
        near = np.minimum(place.astype(int), size - 2)
        part = (place - near).astype(images.dtype)
        part = part.reshape([-1 if i == axis else 1 for i in range(images.ndim)])
        images = images.take(near, axis) * (1 - part) + images.take(near + 1, axis) * part
    return images
