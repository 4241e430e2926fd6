"""Pictures as arrays: bringing them to one size, laying them out, laying heat over them."""

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
from PIL import Image

from evrisim._validate import InputError, check_choice
from evrisim.messages import translate as _

POLICIES = ("fit", "crop", "pad")
"""How an image of another shape is brought to a size: see `fit`."""


def fit(image: np.ndarray, size: tuple[int, int], policy: str = "fit") -> np.ndarray:
    """Bring one image to `size`, averaging over what is left out (antialiased, bilinear).

    Policies:
        `fit`: the whole image is squeezed or stretched into the size; nothing is lost but the
            proportions. The default.
        `crop`: proportions are kept and the size is filled; what sticks out on the two longer
            ends is cut off equally.
        `pad`: proportions are kept and everything stays visible; the rest is white.

    Args:
        image: `(height, width, channels)` uint8 with 1 or 3 channels.
        size: Wanted `(height, width)` in pixels.
        policy: One of `POLICIES`.

    Returns:
        `(size[0], size[1], channels)` uint8; the image itself if it has that size already.

    Raises:
        InputError: For an unknown policy or a size below 1.

    Example:
        >>> wide = np.zeros((2, 4, 3), np.uint8)
        >>> fit(wide, (2, 2), "pad")[:, 0, 0].tolist()
        [0, 255]
    """
    check_choice("policy", policy, POLICIES)
    height, width = image.shape[:2]
    rows, columns = check_size(size)
    if (height, width) == (rows, columns):
        return image
    if policy == "fit":
        return _resize(image, (rows, columns), (0, 0, width, height))
    if policy == "crop":
        scale = max(rows / height, columns / width)
        # The part that is kept is cut out first: resizing a 1x60000 strip whole would be a bomb.
        kept_high, kept_wide = min(height, rows / scale), min(width, columns / scale)
        left, top = (width - kept_wide) / 2, (height - kept_high) / 2
        return _resize(image, (rows, columns), (left, top, left + kept_wide, top + kept_high))
    return _pad(image, (rows, columns))


def check_size(size: tuple[int, int]) -> tuple[int, int]:
    """Return `(height, width)` as whole numbers from 1 to 4096.

    Raises:
        InputError: If it is anything else.
    """
    try:
        rows, columns = (int(side) for side in size)
        valid = (rows, columns) == tuple(size) and min(rows, columns) >= 1
    except (TypeError, ValueError):
        valid = False
    if not valid or max(rows, columns) > 4096:
        raise InputError(
            _(
                "`size` must be a height and a width from 1 to 4096 pixels; received {size!r}."
            ).format(size=size)
        )
    return rows, columns


def tile(
    images: np.ndarray | Sequence[np.ndarray], columns: int | None = None, gap: int = 2
) -> np.ndarray:
    """Lay images of one shape out in a grid, row by row, with white between them.

    Args:
        images: `(count, height, width, channels)`, uint8.
        columns: Images in a row; by default the grid is about square.
        gap: White pixels between neighbours.

    Returns:
        `(rows·(height+gap)−gap, columns·(width+gap)−gap, channels)` uint8; empty places are white.

    Example:
        >>> tile(np.zeros((3, 2, 2, 1), np.uint8), columns=2, gap=1)[:, :, 0].tolist()[3]
        [0, 0, 255, 255, 255]
    """
    images = np.asarray(images)
    count, height, width, channels = images.shape
    columns = columns or max(1, math.ceil(math.sqrt(count)))
    rows = max(1, math.ceil(count / columns))
    grid = np.full((rows * columns, height + gap, width + gap, channels), 255, np.uint8)
    grid[:count, :height, :width] = images
    grid = grid.reshape(rows, columns, height + gap, width + gap, channels).swapaxes(1, 2)
    sheet = grid.reshape(rows * (height + gap), columns * (width + gap), channels)
    return sheet[: rows * (height + gap) - gap, : columns * (width + gap) - gap]


def upsample(maps: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Bring maps to another size by linear interpolation between the centres of their cells.

    A cell of a feature map stands for the middle of the patch it saw, so the centres are aligned
    (as `tf.image.resize` does), not the corners; outside the outermost centres the value stays.
    Meant for enlarging: nothing is averaged when a map gets smaller.

    Args:
        maps: `(..., rows, columns)` numbers.
        size: Wanted `(height, width)`.

    Returns:
        `(..., height, width)` float32.

    Example:
        >>> upsample(np.array([[0.0, 1.0]]), (1, 4)).tolist()
        [[0.0, 0.25, 0.75, 1.0]]
    """
    maps = np.asarray(maps, np.float32)
    height, width = check_size(size)
    down = _interpolation(maps.shape[-2], height)
    across = _interpolation(maps.shape[-1], width)
    return down @ maps @ across.T


def stretch(maps: np.ndarray) -> np.ndarray:
    """Shift and scale each map to the full range 0–1, for display; a flat map becomes 0.

    Args:
        maps: `(..., height, width)` numbers; each last two axes are one map.

    Returns:
        The same shape, float32.

    Example:
        >>> stretch(np.array([[2.0, 4.0, 6.0]])).tolist()
        [[0.0, 0.5, 1.0]]
    """
    maps = np.asarray(maps, np.float32)
    low = maps.min(axis=(-2, -1), keepdims=True)
    spread = maps.max(axis=(-2, -1), keepdims=True) - low
    return np.divide(maps - low, spread, out=np.zeros_like(maps), where=spread > 0)


def colour(values: np.ndarray) -> np.ndarray:
    """Show numbers as colours: dark blue for 0 through grey to yellow for 1.

    The map is cividis, whose lightness rises evenly and which people with and without colour
    vision deficiency see nearly alike.

    Args:
        values: Any shape, meant for 0–1; what is outside is clipped, NaN counts as 0.

    Returns:
        The shape of `values` with a last axis of 3, uint8.

    Reference:
        Nuñez, Anderton, Renslow 2018, https://doi.org/10.1371/journal.pone.0199239
    """
    table = _cividis()
    values = np.nan_to_num(np.asarray(values, np.float32), nan=0.0)
    index = np.clip(np.rint(values * (len(table) - 1)), 0, len(table) - 1)
    return table[index.astype(np.int64)]


def enlarged(image: np.ndarray, side: int = 256) -> np.ndarray:
    """Enlarge a small image in whole pixels to about `side` rows, in three channels.

    Example:
        >>> enlarged(np.zeros((100, 50, 1), np.uint8)).shape
        (200, 100, 3)
    """
    factor = max(1, side // image.shape[0])
    large = image.repeat(factor, axis=0).repeat(factor, axis=1)
    return np.broadcast_to(large, (*large.shape[:2], 3))


def overlay(image: np.ndarray, heat: np.ndarray, strength: float = 0.5) -> np.ndarray:
    """Lay a heat map over an image, in the colours of `colour`.

    Args:
        image: `(height, width, channels)` uint8 with 1 or 3 channels.
        heat: `(rows, columns)` numbers in 0–1, of any size: it is brought to the image's.
        strength: 0 shows the image alone, 1 the heat alone.

    Returns:
        `(height, width, 3)` uint8.

    Example:
        >>> overlay(np.zeros((1, 1, 1), np.uint8), np.ones((1, 1)), strength=0).tolist()
        [[[0, 0, 0]]]
    """
    picture = np.broadcast_to(image, (*image.shape[:2], 3)).astype(np.float32)
    size = (image.shape[0], image.shape[1])
    heat = heat if heat.shape == size else upsample(heat, size)
    mixed = (1 - strength) * picture + strength * colour(heat).astype(np.float32)
    return np.rint(mixed).astype(np.uint8)


def _resize(
    image: np.ndarray, size: tuple[int, int], box: tuple[float, float, float, float]
) -> np.ndarray:
    grey = image.shape[2] == 1
    picture = Image.fromarray(image[:, :, 0] if grey else image)
    resized = picture.resize((size[1], size[0]), Image.Resampling.BILINEAR, box=box)
    return np.array(resized).reshape(*size, image.shape[2])


def _pad(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    height, width, channels = image.shape
    scale = min(size[0] / height, size[1] / width)
    rows = min(size[0], max(1, round(height * scale)))
    columns = min(size[1], max(1, round(width * scale)))
    padded = np.full((*size, channels), 255, np.uint8)
    top, left = (size[0] - rows) // 2, (size[1] - columns) // 2
    inner = _resize(image, (rows, columns), (0, 0, width, height))
    padded[top : top + rows, left : left + columns] = inner
    return padded


def _interpolation(cells: int, pixels: int) -> np.ndarray:
    """Give the `(pixels, cells)` matrix that interpolates linearly between cell centres."""
    position = np.clip((np.arange(pixels) + 0.5) * cells / pixels - 0.5, 0, cells - 1)
    return np.maximum(0, 1 - np.abs(position[:, None] - np.arange(cells))).astype(np.float32)


@cache
def _cividis() -> np.ndarray:
    from matplotlib import colormaps

    shades = colormaps["cividis"](np.linspace(0, 1, 256))[:, :3]
    return np.rint(255 * shades).astype(np.uint8)
