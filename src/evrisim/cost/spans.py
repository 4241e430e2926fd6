"""Which pixels the cells of a feature map see along one axis, as exact whole-number arithmetic.

Along one axis of the image, cell `i` of a map sees the pixels from `low` to `high`. Both repeat
with a period: every `period` cells they move on by `jump` pixels. A convolution or a pooling has
period 1, a map enlarged twofold has period 2, and so on; every such map goes over into another
one under convolutions, enlargements, slices and joins, so nothing is ever rounded or guessed.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

_FAR = 2**60  # beyond any pixel: a cell that sees nothing lies from here back to there


@dataclass(frozen=True, eq=False)
class Span:
    """The pixels seen by the cells of a map along one axis.

    Attributes:
        low: `(period,)` int64, first pixel that cells 0 … period − 1 see; may lie in the padding.
        high: `(period,)` int64, last pixel; below `low` for a cell that sees nothing.
        jump: pixels from a cell to the one a period later.
    """

    low: np.ndarray
    high: np.ndarray
    jump: int

    @property
    def period(self) -> int:
        """Cells after which the pattern repeats."""
        return len(self.low)

    @property
    def constant(self) -> bool:
        """Whether all cells see the same pixels."""
        return self.jump == 0 and self.period == 1

    def at(self, cells: Any) -> tuple[np.ndarray, np.ndarray]:
        """Give first and last pixel of cells, whichever shape the array of them has."""
        turns, phase = np.divmod(np.asarray(cells, np.int64), self.period)
        empty = (self.low > self.high)[phase]
        low, high = self.low[phase] + turns * self.jump, self.high[phase] + turns * self.jump
        return np.where(empty, _FAR, low), np.where(empty, -_FAR, high)


@dataclass(frozen=True, eq=False)
class Window:
    """Which cells of one map the cells of the next are made of, along one axis.

    Cell `i` is made of `cells[i % period] + (i // period) * advance`, without the absent ones.

    Attributes:
        cells: `(period, taps)` int64.
        advance: cells of the first map to each period of the next.
        present: `(period, taps)` bool; None for all.
    """

    cells: np.ndarray
    advance: int
    present: np.ndarray | None = None


def pixels() -> Span:
    """Give the image itself: each cell is its own pixel."""
    return _span([0], [0], 1)


def sliding(kernel: int, stride: int, dilation: int, before: int) -> Window:
    """Give a window of a convolution or pooling with `before` cells of padding in front."""
    return Window(np.arange(kernel)[None] * dilation - before, stride)


def picked(start: int, step: int) -> Window:
    """Give every `step`-th cell from `start`: slices and croppings; padding has one below 0."""
    return Window(np.array([[start]]), step)


def repeated(times: int) -> Window:
    """Give each cell `times` in a row."""
    return Window(np.zeros((times, 1), np.int64), 1)


def wrapped(count: int) -> Window:
    """Give the first `count` cells over and over."""
    return Window(np.arange(count)[:, None], 0)


def spread(kernel: int, stride: int, dilation: int, before: int) -> Window:
    """Give a window of a transposed convolution that cuts off `before` cells in front."""
    source = np.arange(stride)[:, None] + before - np.arange(kernel)[None] * dilation
    return Window(source // stride, 1, source % stride == 0)


def resized(old: int, new: int, taps: int) -> Window:
    """Give a window of resizing between aligned centres: the nearest cell, or the two around it."""
    common = math.gcd(old, new)
    # Doubled, so that half cells stay whole numbers: centre = (2i + 1) · old / new − 1.
    centre, whole = (2 * np.arange(new // common) + 1) * old, 2 * new
    if taps == 1:
        return Window((centre // whole)[:, None], old // common)
    first, rest = np.divmod(centre - new, whole)
    second = np.where(rest > 0, first + 1, first)
    return Window(np.stack([first, second], axis=1), old // common)


def through(span: Span, window: Window) -> Span:
    """Give what the next map sees: the hull of what each of the cells it is made of sees."""
    period = len(window.cells)
    turns = span.period // math.gcd(span.period, window.advance)
    index = np.arange(period * turns)
    cells = window.cells[index % period] + (index // period)[:, None] * window.advance
    low, high = span.at(cells)
    if window.present is not None:
        present = window.present[index % period]
        low, high = np.where(present, low, _FAR), np.where(present, high, -_FAR)
    jump = span.jump * window.advance * turns // span.period
    return _simplest(low.min(axis=1), high.max(axis=1), jump)


def whole(span: Span, count: int, size: int) -> Span:
    """Give what all of `count` cells see together, of an image of `size` pixels."""
    low, high = _inside(span, count, size)
    return _span([low.min()], [high.max()], 0)


def joined(one: Span, other: Span) -> Span | None:
    """Give what both see together, cell by cell; None if they move at different rates."""
    if one.jump * other.period != other.jump * one.period:
        return None
    period = math.lcm(one.period, other.period)
    index = np.arange(period)
    (low, high), (other_low, other_high) = one.at(index), other.at(index)
    jump = one.jump * (period // one.period)
    return _simplest(np.minimum(low, other_low), np.maximum(high, other_high), jump)


def covers(one: Span, other: Span, count: int, size: int) -> bool:
    """Say whether a constant span holds all that `count` cells of another see of the image."""
    low, high = _inside(other, count, size)
    return bool(((one.low[0] <= low) & (high <= one.high[0])).all())


def _inside(span: Span, count: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    low, high = span.at(np.arange(count))
    low, high = np.maximum(low, 0), np.minimum(high, size - 1)
    return np.where(low > high, _FAR, low), np.where(low > high, -_FAR, high)


def _simplest(low: np.ndarray, high: np.ndarray, jump: int) -> Span:
    """Give the same span with its shortest period."""
    count = len(low)
    for period in (p for p in range(1, count) if count % p == 0 and jump * p % count == 0):
        step = jump * period // count
        shift = np.arange(count) // period * step
        first, last = np.where(low > high, _FAR, low - shift), np.where(low > high, 0, high - shift)
        if all((rows.reshape(-1, period) == rows[:period]).all() for rows in (first, last)):
            return _span(low[:period], high[:period], step)
    return _span(low, high, jump)


def settled(span: Span, count: int) -> Span:
    """Give the same span on cells 0 … count − 1 with the pattern those show, if there is one."""
    low, high = span.at(np.arange(count))
    for period in range(1, min(span.period, count // 2 + 1)):
        ahead = [rows[period:] - rows[:-period] for rows in (low, high)]
        if (ahead[0] == ahead[0][0]).all() and (ahead[1] == ahead[0][0]).all():
            return _span(low[:period], high[:period], int(ahead[0][0]))
    return span


def _span(low: Sequence[int] | np.ndarray, high: Sequence[int] | np.ndarray, jump: int) -> Span:
    return Span(np.asarray(low, np.int64), np.asarray(high, np.int64), int(jump))


def nothing() -> Span:
    """Give the span of cells that see no pixel."""
    return _span([_FAR], [-_FAR], 0)
