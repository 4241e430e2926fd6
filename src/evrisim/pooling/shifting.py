"""How much a pooled map changes when the picture moves by a few cells."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evrisim._validate import check_whole
from evrisim.pooling.keeping import standardised
from evrisim.pooling.pools import METHODS, Size, Span, global_average, global_max, spans_of

GLOBAL_METHODS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "global average": global_average,
    "global max": global_max,
}
"""Kinds of pooling that leave one number a map."""


@dataclass(frozen=True)
class Shift:
    """How far a pooled map is from what it was, after the picture moved by some cells.

    0 says that nothing changed, 1 that it is as far as a map that has nothing to do with it.

    Attributes:
        cells: by how many the picture moved.
        difference: from the pooled map of the picture before: how far from *invariant*.
        remainder: from the same map moved along, by whole cells as well as it goes: how far from
            *equivariant*. 0 where `cells` is a multiple of the stride.
    """

    cells: int
    difference: float
    remainder: float


def compare_shifts(
    maps: np.ndarray,
    size: Size,
    *,
    stride: Size | None = None,
    shifts: Sequence[int] | None = None,
) -> dict[str, tuple[Shift, ...]]:
    """Measure how max pooling, average pooling, a mere stride and global pooling bear a shift.

    With `z` a map of mean 0 and variance 1, `S` the shift by `d` cells and `P` the pooling,
    `difference = √mean (P(S z) − P(z))² / √(2 · mean variance of P(z))`, which is
    `√(1 − correlation)` of the two pooled maps; rows and columns are shifted in turn. The shift
    is circular: what leaves at one end comes in at the other, and windows reach round the ends,
    so that nothing but the position changes. (Padding therefore plays no part; rows and columns
    beyond a whole number of strides are cut off.) One number a map has no variance over cells,
    so global pooling is measured in standard deviations of the map itself.

    Args:
        maps: `(..., rows, columns, channels)` finite numbers.
        size: Of a window, as for `max_pool`.
        stride: From window to window, likewise.
        shifts: Cells to move by, 0 or more; default 1 to twice the window or stride.

    Returns:
        The shifts in their order, by the names in `METHODS` and `GLOBAL_METHODS`.

    Raises:
        InputError: As `compare` does.

    Reference:
        Zhang 2019, "Making convolutional networks shift-invariant again",
        https://arxiv.org/abs/1904.11486; the measure here is of the pooling alone.
    """
    stack, _flat = standardised(maps)
    sides = (stack.shape[0], stack.shape[1])
    down, across = spans_of(sides, size, stride, "same")
    steps = (down.stride, across.stride)
    spans_of(sides, steps, None, "valid")  # one stride at least
    rows, columns = (side // step * step for side, step in zip(sides, steps, strict=True))
    stack = standardised(stack[:rows, :columns])[0]
    if shifts is None:
        shifts = range(1, 2 * max(down.size, down.stride, across.size, across.stride) + 1)
    cells = [check_whole("shifts", one, 0) for one in shifts]
    measured: dict[str, tuple[Shift, ...]] = {}
    for name, method in METHODS.items():
        wrapped = _wrapped(method, (down, across))
        measured[name] = tuple(_shift(stack, wrapped, (down, across), d) for d in cells)
    for name, whole in GLOBAL_METHODS.items():
        measured[name] = tuple(_global_shift(stack, whole, d) for d in cells)
    return measured


def _wrapped(method: Callable[..., np.ndarray], spans: tuple[Span, Span]) -> Any:
    """Let windows that begin on the map and reach over its end go on at the beginning."""
    wide = [(0, max(0, span.size - span.stride)) for span in spans]

    def pool(stack: np.ndarray) -> np.ndarray:
        round_the_ends = np.pad(stack, [*wide, (0, 0)], mode="wrap")
        sizes, strides = zip(*((span.size, span.stride) for span in spans), strict=True)
        return method(round_the_ends, sizes, stride=strides)

    return pool


def _shift(stack: np.ndarray, pool: Any, spans: tuple[Span, Span], cells: int) -> Shift:
    before = pool(stack)
    scale = 2 * before.var(axis=(0, 1)).mean()
    stayed, moved = [], []
    for axis, span in enumerate(spans):
        after = pool(np.roll(stack, cells, axis=axis))
        whole = cells // span.stride
        stayed.append(((after - before) ** 2).mean())
        along = (np.roll(before, steps, axis=axis) for steps in (whole, whole + 1))
        moved.append(min(((after - one) ** 2).mean() for one in along))
    return Shift(cells, _root(np.mean(stayed), scale), _root(np.mean(moved), scale))


def _global_shift(stack: np.ndarray, pool: Callable[[np.ndarray], np.ndarray], cells: int) -> Shift:
    after = [pool(np.roll(stack, cells, axis=axis)) for axis in (0, 1)]
    off = _root(np.mean([(one - pool(stack)) ** 2 for one in after]), 2.0)
    return Shift(cells, off, off)


def _root(square: Any, scale: float) -> float:
    return float(np.sqrt(square / scale)) if scale > 0 else float("nan")
