"""What a tensor inside a model sees of the image: spans of pixels tied to the tensor's axes."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from evrisim.cost import spans
from evrisim.cost.spans import Span, Window

Shape = tuple[int, ...]
ROWS, COLUMNS = 0, 1


class Unknowable(Exception):
    """What a step does with positions cannot be said."""


@dataclass(frozen=True, eq=False)
class Strand:
    """One way in which a tensor depends on the image.

    Attributes:
        side: `ROWS` or `COLUMNS` of the image.
        axis: of the tensor, along which the pixels move; None when they stay the same.
        span: the pixels, by the index along `axis`.
    """

    side: int
    axis: int | None
    span: Span


@dataclass(frozen=True, eq=False)
class Placed:
    """A tensor: its shape, and all the ways in which it depends on an image of `frame` pixels."""

    strands: tuple[Strand, ...]
    shape: Shape
    frame: tuple[int, int]

    def moved(self, places: Mapping[int, int]) -> list[Strand]:
        """Give the strands with their axes at new places."""
        return [s if s.axis is None else replace(s, axis=places[s.axis]) for s in self.strands]

    def slid(self, windows: Mapping[int, Window]) -> list[Strand]:
        """Give the strands after windows along some axes."""
        return [
            replace(s, span=spans.through(s.span, windows[s.axis]))
            if s.axis is not None and s.axis in windows
            else s
            for s in self.strands
        ]

    def mixed(self, axes: Iterable[int]) -> "Placed":
        """Give the same with all positions along `axes` seen at once."""
        gone = {axis % len(self.shape) for axis in axes}
        kept = [self.flat(s) if s.axis in gone else s for s in self.strands]
        return replace(self, strands=tuple(kept))

    def flat(self, strand: Strand) -> Strand:
        """Give what all cells of a strand see together."""
        if strand.axis is None:
            return strand
        count, size = self.shape[strand.axis], self.frame[strand.side]
        return Strand(strand.side, None, spans.whole(strand.span, count, size))


def gather(strands: Iterable[Strand], shape: Shape, frame: tuple[int, int]) -> Placed:
    """Join the strands of one tensor where they run alike."""
    kept: list[Strand] = []
    for strand in strands:
        for number, other in enumerate(kept):
            if (other.side, other.axis) != (strand.side, strand.axis):
                continue
            span = spans.joined(other.span, strand.span)
            if span is not None:
                kept[number] = replace(other, span=span)
                break
        else:
            kept.append(strand)
    return Placed(tuple(kept), shape, frame)


def broadcast(given: Placed, shape: Shape) -> list[Strand]:
    """Fit a tensor to a larger shape as NumPy does: from the last axis, ones repeated."""
    ahead = len(shape) - len(given.shape)
    return [
        given.flat(s)
        if s.axis is None or (given.shape[s.axis] == 1 and shape[s.axis + ahead] > 1)
        else replace(s, axis=s.axis + ahead)
        for s in given.strands
    ]


def reduced(given: Placed, axes: Iterable[int] | None, *, keepdims: bool) -> list[Strand]:
    """Sum, average or the like over some axes, None for all."""
    gone = {axis % len(given.shape) for axis in (range(len(given.shape)) if axes is None else axes)}
    kept = [axis for axis in range(len(given.shape)) if keepdims or axis not in gone]
    return given.mixed(gone).moved({axis: place for place, axis in enumerate(kept)})


def reshaped(given: Placed, shape: Shape) -> list[Strand]:
    """Read the same numbers with other axes.

    Raises:
        Unknowable: If a strand would run along several axes at once.
    """
    return [s if s.axis is None else _reshaped(given, s, s.axis, shape) for s in given.strands]


def _reshaped(given: Placed, strand: Strand, axis: int, shape: Shape) -> Strand:
    count = given.shape[axis]
    old, new = next((pair for pair in _blocks(given.shape, shape) if axis in pair[0]), (None, None))
    if count == 1 or old is None or new is None:
        return given.flat(strand)
    inner = math.prod(given.shape[axis + 1 : old.stop])
    place = np.arange(math.prod(shape[new.start : new.stop]))
    seen = np.stack(strand.span.at(place // inner % count))
    for axis in new:
        step = math.prod(shape[axis + 1 : new.stop])
        along = np.stack(strand.span.at(np.arange(shape[axis]) * step // inner % count))
        if (seen == along[:, place // step % shape[axis]]).all():
            return Strand(
                strand.side, axis, _restepped(strand.span, shape[axis], step, inner, count)
            )
    raise Unknowable


def _restepped(span: Span, cells: int, step: int, inner: int, count: int) -> Span:
    """Give the span of cells `i * step // inner % count`."""
    if (cells - 1) * step // inner >= count:
        span = spans.through(span, spans.wrapped(count))
    common = math.gcd(step, inner)
    span = spans.through(span, spans.repeated(inner // common))
    span = spans.through(span, spans.picked(0, step // common))
    return spans.settled(span, cells)


def _blocks(old: Shape, new: Shape) -> Iterator[tuple[range, range]]:
    """Pair the axes of two shapes, as few at a time as hold the same numbers."""
    i = j = 0
    while i < len(old) and j < len(new):
        start, a, b = (i, j), old[i], new[j]
        i, j = i + 1, j + 1
        while a != b:
            if a < b:
                a, i = a * old[i], i + 1
            else:
                b, j = b * new[j], j + 1
        yield range(start[0], i), range(start[1], j)


@dataclass(frozen=True, eq=False)
class Passage:
    """One call of a step.

    Attributes:
        step: the layer or operation.
        args: what it was called with, tensors and all.
        inputs: the tensors among that, and what they see.
        shape: of the output.
    """

    step: Any
    args: tuple[Any, ...]
    inputs: tuple[Placed, ...]
    shape: Shape


def listed(axes: Any) -> list[int]:
    """Give axes as a list, of one or several."""
    return [axes] if isinstance(axes, int) else list(axes)
