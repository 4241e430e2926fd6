"""Max, average and global pooling of arrays, with the windows that Keras lays.

Maps are `(..., rows, columns, channels)`. All windows are rectangles, and a maximum or a sum over
a rectangle is one over its columns of one over its rows, so the two axes are pooled in turn.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from evrisim._validate import InputError, check_choice, check_whole
from evrisim.messages import translate as _

PADDINGS = ("valid", "same")
"""`valid`: windows lie wholly on the map. `same`: one window for each stride begun."""

Size = int | tuple[int, int]
_ROWS, _COLUMNS = -3, -2


@dataclass(frozen=True)
class Span:
    """How windows lie along one axis.

    Attributes:
        size: cells in a window.
        stride: cells from a window's first to the next one's.
        count: number of windows.
        before, after: cells by which the windows reach over the map's ends.
    """

    size: int
    stride: int
    count: int
    before: int = 0
    after: int = 0

    def cells(self, padded: np.ndarray, axis: int, place: int) -> np.ndarray:
        """Give the cell at `place` of every window."""
        index: list[Any] = [slice(None)] * padded.ndim
        stop = place + (self.count - 1) * self.stride + 1
        index[axis] = slice(place, stop, self.stride)
        return padded[tuple(index)]


def max_pool(
    maps: np.ndarray, size: Size, *, stride: Size | None = None, padding: str = "valid"
) -> np.ndarray:
    """Keep the largest number in each window.

    Args:
        maps: `(..., rows, columns, channels)` numbers.
        size: Rows and columns of a window, or one number for both.
        stride: From one window to the next, likewise; default `size`, so that windows tile.
        padding: One of `PADDINGS`. What `same` adds is never the largest.

    Returns:
        `(..., windows down, windows across, channels)`, dtype of `maps`.

    Raises:
        InputError: For other than maps, a size or stride below 1, an unknown padding, or a window
            larger than the map with padding `valid`.

    Example:
        >>> max_pool(np.arange(16).reshape(4, 4, 1), 2)[..., 0].tolist()
        [[5, 7], [13, 15]]
    """
    maps, spans = _checked(maps, size, stride, padding)
    for axis, span in spans.items():
        padded = _padded(maps, axis, span, _lowest(maps.dtype))
        maps = reduce(np.maximum, (span.cells(padded, axis, i) for i in range(span.size)))
    return maps


def average_pool(
    maps: np.ndarray, size: Size, *, stride: Size | None = None, padding: str = "valid"
) -> np.ndarray:
    """Give the mean of each window; cells that padding `same` adds are not counted.

    Arguments and errors are those of `max_pool`.

    Returns:
        `(..., windows down, windows across, channels)`, float32 or wider.

    Example:
        >>> average_pool(np.arange(9).reshape(3, 3, 1), 2, padding="same")[..., 0].tolist()
        [[2.0, 3.5], [6.5, 8.0]]
    """
    maps, spans = _checked(maps, size, stride, padding)
    maps = maps.astype(np.result_type(maps, np.float32))
    for axis, span in spans.items():
        real = np.ones((maps.shape[axis], *[1] * (-1 - axis)), maps.dtype)
        total, count = (_sum(array, axis, span) for array in (maps, real))
        maps = total / count
    return maps


def subsample(
    maps: np.ndarray, size: Size, *, stride: Size | None = None, padding: str = "valid"
) -> np.ndarray:
    """Keep the middle cell of each window and look at no other, as a mere stride does.

    The middle of an even window is the last cell of its first half. Arguments and errors are
    those of `max_pool`.

    Example:
        >>> subsample(np.arange(16).reshape(4, 4, 1), 2)[..., 0].tolist()
        [[0, 2], [8, 10]]
    """
    maps, spans = _checked(maps, size, stride, padding)
    for axis, span in spans.items():
        # The middle of a window never lies in what `same` adds, so the zeros are not seen.
        padded = _padded(maps, axis, span, 0)
        maps = span.cells(padded, axis, (span.size - 1) // 2)
    return maps


METHODS: dict[str, Callable[..., np.ndarray]] = {
    "max": max_pool,
    "average": average_pool,
    "stride": subsample,
}
"""Kinds of pooling by windows; the last looks at one cell in each, for comparison."""


def global_average(maps: np.ndarray) -> np.ndarray:
    """Give the mean of each map, `(..., rows, columns, channels)` to `(..., channels)`.

    Cells are added in the order of their values, so that the mean is the same to the last bit
    wherever they lie.

    Raises:
        InputError: For other than maps.

    Reference:
        Lin, Chen, Yan 2013, "Network in network", https://arxiv.org/abs/1312.4400, section 3.2

    Example:
        >>> global_average(np.arange(4).reshape(2, 2, 1)).tolist()
        [1.5]
    """
    maps = check_maps(maps)
    cells = maps.reshape(*maps.shape[:-3], -1, maps.shape[-1])
    cells = np.sort(cells.astype(np.result_type(maps, np.float32)), axis=-2)
    return np.asarray(cells.mean(axis=-2))


def global_max(maps: np.ndarray) -> np.ndarray:
    """Give the largest number of each map, `(..., rows, columns, channels)` to `(..., channels)`.

    Raises:
        InputError: For other than maps.

    Example:
        >>> global_max(np.arange(4).reshape(2, 2, 1)).tolist()
        [3]
    """
    return np.asarray(check_maps(maps).max(axis=(_ROWS, _COLUMNS)))


def check_maps(maps: np.ndarray) -> np.ndarray:
    """Return `maps` as an array if they are feature maps with at least one cell.

    Raises:
        InputError: If they are not.
    """
    maps = np.asarray(maps)
    if maps.ndim < 3 or not maps.size or maps.dtype.kind not in "biuf":
        raise InputError(
            _(
                "Feature maps must be numbers of shape (..., rows, columns, channels) with at "
                "least one cell; received {kind} of shape {shape}."
            ).format(kind=maps.dtype, shape=maps.shape)
        )
    return maps


def spans_of(
    sides: tuple[int, int], size: Size, stride: Size | None, padding: str
) -> tuple[Span, Span]:
    """Lay windows over a map of `(rows, columns)`.

    Raises:
        InputError: As `max_pool` does.
    """
    check_choice("padding", padding, PADDINGS)
    sizes = _pair("size", size)
    strides = sizes if stride is None else _pair("stride", stride)
    if padding == "valid" and (sizes[0] > sides[0] or sizes[1] > sides[1]):
        raise InputError(
            _(
                "A window of {size} does not fit on a map of {sides} cells; choose a smaller "
                "`size`, or padding `same`."
            ).format(size="{}×{}".format(*sizes), sides="{}×{}".format(*sides))
        )
    lay = _lay_same if padding == "same" else _lay_valid
    down, across = (lay(*one) for one in zip(sides, sizes, strides, strict=True))
    return down, across


def _lay_valid(cells: int, size: int, stride: int) -> Span:
    return Span(size, stride, (cells - size) // stride + 1)


def _lay_same(cells: int, size: int, stride: int) -> Span:
    count = -(-cells // stride)
    over = max(0, (count - 1) * stride + size - cells)
    return Span(size, stride, count, over // 2, over - over // 2)


def _checked(
    maps: np.ndarray, size: Size, stride: Size | None, padding: str
) -> tuple[np.ndarray, dict[int, Span]]:
    maps = check_maps(maps)
    down, across = spans_of((maps.shape[_ROWS], maps.shape[_COLUMNS]), size, stride, padding)
    return maps, {_ROWS: down, _COLUMNS: across}


def _pair(name: str, value: Size) -> tuple[int, int]:
    pair = value if isinstance(value, tuple) else (value, value)
    if len(pair) != 2:
        raise InputError(
            _(
                "`{name}` must be a whole number or two, (rows, columns); received {value!r}."
            ).format(name=name, value=value)
        )
    return check_whole(name, pair[0], 1), check_whole(name, pair[1], 1)


def _padded(maps: np.ndarray, axis: int, span: Span, value: Any) -> np.ndarray:
    if not span.before and not span.after:
        return maps
    wide = [(0, 0)] * maps.ndim
    wide[axis] = (span.before, span.after)
    return np.pad(maps, wide, constant_values=value)


def _sum(maps: np.ndarray, axis: int, span: Span) -> np.ndarray:
    padded = _padded(maps, axis, span, 0)
    return reduce(np.add, (span.cells(padded, axis, i) for i in range(span.size)))


def _lowest(dtype: np.dtype[Any]) -> Any:
    if dtype.kind == "f":
        return -np.inf
    return False if dtype.kind == "b" else np.iinfo(dtype).min
