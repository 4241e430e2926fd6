"""Names beside points, none over another."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes

_SIZE = 9.0
_RINGS = (8.0, 14.0, 22.0, 32.0, 44.0, 58.0, 74.0, 92.0, 112.0, 134.0)  # typographic points
_NEAR = 14.0  # a name farther off is joined to its point by a line
_DIRECTIONS = 16
_MARK, _THIN = 6.0, 1.5  # half of what a point and a line take
_PAD = 2.0
_SAMPLES = 24  # points of a line that are looked at
_COVERED = 1000.0  # price of a square point that is covered, or lies outside
_DOUBTFUL = 60.0  # price of standing as near to another point as to the own

_SIDES = ("left", "center", "right")
_HEIGHTS = ("bottom", "center", "top")


@dataclass(frozen=True, eq=False)
class _Places:
    """Where a name may stand around its point; boxes are left, low, right, high.

    Attributes:
        point: `(2,)`, in typographic points, like all here.
        offsets: `(places, 2)` from the point.
        sides: `(places, 2)`, the index of the alignment in `_SIDES` and `_HEIGHTS`.
        boxes: `(places, 4)`, what the name covers.
    """

    point: np.ndarray
    offsets: np.ndarray
    sides: np.ndarray
    boxes: np.ndarray

    @property
    def rings(self) -> np.ndarray:
        """How far off each place is, `(places,)`."""
        return np.hypot(*self.offsets.T)

    def lines(self) -> np.ndarray:
        """Give points on the way to each place, beyond the own mark: `(places, samples, 2)`."""
        start = np.minimum(1.2 * _MARK / self.rings, 1.0)[:, None]
        steps = start + (1 - start) * np.linspace(0, 1, _SAMPLES)
        return self.point + steps[..., None] * self.offsets[:, None]


def name_points(
    axes: Axes,
    names: Sequence[str],
    places: Sequence[tuple[float, float]],
    *,
    avoid: Sequence[Sequence[tuple[float, float]]] = (),
) -> None:
    """Write a name beside each point where it covers no other name, no point and no line.

    The axes must have their final size and limits (`Figure.draw_without_rendering`).

    Args:
        axes: Where the points are drawn.
        names: One a point.
        places: (x, y) of each, in the units of the axes.
        avoid: Lines to keep clear of, each by its corners.
    """
    scale = _scale(axes)
    inside = axes.get_window_extent().get_points().reshape(1, 4) / scale
    points = axes.transData.transform(np.reshape(places, (-1, 2))) / scale
    lines = [axes.transData.transform(np.reshape(line, (-1, 2))) / scale for line in avoid]
    strips = (_strip(*ends) for line in lines for ends in pairwise(line))
    taken = [_around(points, _MARK), *strips]
    for index, name in enumerate(names):
        around = _candidates(points[index], _measured(axes, name))
        doubt = _doubt(around, np.delete(points, index, axis=0))
        best = int(np.argmin(_price(around, np.concatenate(taken), inside) + doubt))
        joined = bool(around.rings[best] > _NEAR + 0.1 or doubt[best])
        taken.append(around.boxes[best : best + 1])
        if joined:  # later names keep off its line
            taken.append(_around(around.lines()[best], _THIN))
        _write(axes, name, places[index], around, (best, joined))


def _scale(axes: Axes) -> float:
    """Give the pixels of a typographic point."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    return figure.dpi / 72


def _around(points: np.ndarray, half: float) -> np.ndarray:
    return np.concatenate([points - half, points + half], axis=-1)


def _strip(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Cover a line with small boxes, `(boxes, 4)`."""
    count = max(2, int(np.hypot(*(end - start)) / (2 * _THIN)))
    return _around(start + np.linspace(0, 1, count)[:, None] * (end - start), _THIN)


def _measured(axes: Axes, name: str) -> np.ndarray:
    text = axes.text(0, 0, name, fontsize=_SIZE)
    box = text.get_window_extent()
    text.remove()
    return np.array([box.width, box.height]) / _scale(axes)


def _candidates(point: np.ndarray, size: np.ndarray) -> _Places:
    """List the places around a point; above and below it, a name may begin or end there, too."""
    angles = 2 * np.pi * np.arange(_DIRECTIONS) / _DIRECTIONS
    offsets, sides = [], []
    for ring in _RINGS:
        for across, up in zip(np.cos(angles), np.sin(angles), strict=True):
            height = 0 if up > 0.3 else 2 if up < -0.3 else 1
            beside = 0 if across > 0 else 2
            for side in (beside,) if height == 1 else (0, 1, 2):
                offsets.append((ring * across, ring * up))
                sides.append((side, height))
    low = point + np.array(offsets) - np.array(sides) / 2 * size
    boxes = np.concatenate([low - _PAD, low + size + _PAD], axis=1)
    return _Places(point, np.array(offsets), np.array(sides), boxes)


def _price(around: _Places, taken: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Give the area that is covered or sticks out, far above how far off each place is."""
    area = (around.boxes[:, 2] - around.boxes[:, 0]) * (around.boxes[:, 3] - around.boxes[:, 1])
    outside = area - _shared(around.boxes, inside)[:, 0]
    lines = around.lines()[:, :, None]
    crossing = ((lines >= taken[:, :2]) & (lines <= taken[:, 2:])).all(axis=-1).any(axis=-1)
    crossed = crossing.sum(axis=1) * (around.rings > _NEAR + 0.1)
    covered = _shared(around.boxes, taken).sum(axis=1)
    return _COVERED * (covered + outside + crossed) + around.rings


def _shared(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Give the area that each box shares with each other, `(boxes, others)`."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    return np.asarray(np.maximum(high - low, 0).prod(axis=-1))


def _doubt(around: _Places, others: np.ndarray) -> np.ndarray:
    """Give the price of places that are as near to another point as to their own."""
    own = _distances(around.boxes, around.point[None])[:, 0]
    nearest = _distances(around.boxes, others).min(axis=1, initial=np.inf)
    return np.where(nearest < own + 3, _DOUBTFUL, 0.0)


def _distances(boxes: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Give how far each box is from each point, `(boxes, points)`."""
    beyond = np.maximum(boxes[:, None, :2] - points, points - boxes[:, None, 2:])
    return np.asarray(np.hypot(*np.moveaxis(np.maximum(beyond, 0), -1, 0)))


def _write(
    axes: Axes, name: str, at: tuple[float, float], around: _Places, chosen: tuple[int, bool]
) -> None:
    place, joined = chosen
    line: dict[str, Any] = {"arrowstyle": "-", "lw": 0.8, "alpha": 0.6, "shrinkA": 0, "shrinkB": 3}
    text = axes.annotate(
        name,
        at,
        xytext=tuple(around.offsets[place]),
        textcoords="offset points",
        ha=_SIDES[around.sides[place, 0]],
        va=_HEIGHTS[around.sides[place, 1]],
        fontsize=_SIZE,
        arrowprops=line if joined else None,
    )
    text.set_in_layout(False)
