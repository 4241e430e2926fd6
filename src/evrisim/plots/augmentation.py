"""What augmentation does to an image: draws, steps, and a ladder of severities."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evrisim.augment.views import Shown, Stage
from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.plots import house

_CELL = 2.0
"""Inches of an image's width."""

_GAP, _EDGE = 0.08, 0.1
"""Inches between images and around them."""

_HEAD = 0.42
"""Inches of the line over a picture."""

_LINE = 0.19
"""Inches of a line of words."""

_LETTERS = 22
"""Letters that stand under an image in a line."""

_MOST_LINES = 6

_WORDS = 10.5

_LARGE = 200
"""Pixels of a side from which on an image is smoothed, not shown as squares."""


@house.drawn
def draws(
    series: Sequence[Shown], *, title: str = "", columns: int = 5, original: bool = True
) -> Figure:
    """Draw images, each with draws of it and over what was drawn.

    Args:
        series: One is broken into rows, several have a row each.
        title: Stands over them.
        columns: Images in a row, for one series.
        original: The first image of each is the original, and called so.
    """
    rows = [list(zip(one.images, one.titles, strict=True)) for one in series]
    if original:
        rows = [[(cells[0][0], _named(cells[0][1])), *cells[1:]] for cells in rows]
    if len(rows) == 1:
        rows = [rows[0][start : start + columns] for start in range(0, len(rows[0]), columns)]
    said = [[_wrapped(text) for _image, text in row] for row in rows]
    under = _LINE * max(text.count("\n") + 1 for row in said for text in row) + 0.14
    shape = series[0].images[0].shape
    figure, grid = _grid(len(rows), len(rows[0]), shape, title, _Room(under=under, last=under))
    for cells, row, texts in zip(grid, rows, said, strict=True):
        for axes in cells[len(row) :]:
            axes.set_axis_off()
        for axes, (image, _text), text in zip(cells, row, texts, strict=False):
            _show(axes, image)
            axes.set_xlabel(text, fontsize=_WORDS, labelpad=3)
    return figure


@house.drawn
def ladder(rungs: Sequence[tuple[float, Shown]], *, title: str = "") -> Figure:
    """Draw a row of draws for each severity: the same draws, growing.

    Args:
        rungs: Severity and draws; those of a column belong together.
        title: Stands over them.
    """
    shape = rungs[0][1].images[0].shape
    figure, grid = _grid(len(rungs), len(rungs[0][1].images), shape, title, _Room(left=0.85))
    for (severity, row), cells in zip(rungs, grid, strict=True):
        for axes, image in zip(cells, row.images, strict=True):
            _show(axes, image)
        _beside(cells[0], numbers.general(severity))
    figure.text(0.01, 0.5, _("severity"), rotation=90, va="center", ha="left", fontsize=_WORDS + 2)
    return figure


@house.drawn
def steps(original: np.ndarray, stages: Sequence[Stage], *, title: str = "") -> Figure:
    """Draw each step of a policy by itself, and below it all steps up to it.

    Args:
        original: `(rows, columns, 1 or 3)` uint8.
        stages: What each step did to it.
        title: Stands over them.
    """
    said = ["", *(_wrapped(one.told) for one in stages)]
    lines = max(text.count("\n") + 1 for text in said)
    rows = [[original, *(one.alone for one in stages)], [original, *(one.so_far for one in stages)]]
    figure, grid = _grid(
        2,
        len(rows[0]),
        original.shape,
        title,
        _Room(left=0.95, over=0.36, under=_LINE * lines + 0.14),
    )
    for cells, images, told in zip(grid, rows, (_("alone"), _("so far")), strict=True):
        for axes, image in zip(cells, images, strict=True):
            _show(axes, image)
        _beside(cells[0], told)
    for axes, name in zip(grid[0], [_("original"), *(one.name for one in stages)], strict=True):
        axes.set_title(house.label(name), fontsize=_WORDS + 0.5, loc="center")
    for axes, text in zip(grid[0], said, strict=True):
        axes.set_xlabel(text, fontsize=_WORDS, labelpad=3)
    return figure


@dataclass(frozen=True)
class _Room:
    """Inches left of the images, over and under each row, and below the last."""

    left: float = _EDGE
    over: float = 0.0
    under: float = _GAP
    last: float = _EDGE


def _grid(
    rows: int, columns: int, shape: tuple[int, ...], title: str, room: _Room
) -> tuple[Figure, np.ndarray]:
    """Make a grid of equal cells with room for words."""
    high = _CELL * shape[0] / shape[1]
    head = _EDGE + room.over + (_HEAD if title else 0)
    width = room.left + columns * _CELL + (columns - 1) * _GAP + _EDGE
    height = head + rows * high + (rows - 1) * room.under + room.last
    figure = house.figure(height, width, solved=False)
    figure.subplots_adjust(
        left=room.left / width,
        right=1 - _EDGE / width,
        top=1 - head / height,
        bottom=room.last / height,
        wspace=_GAP / _CELL,
        hspace=room.under / high,
    )
    if title:
        figure.text(
            _EDGE / width, 1 - 0.12 / height, title, va="top", fontsize=13, fontweight="bold"
        )
    return figure, figure.subplots(rows, columns, squeeze=False)


def _show(axes: Axes, image: np.ndarray) -> None:
    how = "nearest" if image.shape[1] <= _LARGE else "antialiased"
    axes.imshow(np.broadcast_to(image, (*image.shape[:2], 3)), interpolation=how)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(visible=False)
    for edge in axes.spines.values():
        edge.set_visible(False)


def _beside(axes: Axes, text: str) -> None:
    lines = textwrap.fill(text, 8, break_long_words=False)
    axes.set_ylabel(lines, rotation=0, ha="right", va="center", labelpad=8, fontsize=_WORDS + 2)


def _named(title: str) -> str:
    """Call an image the original, and by its class where it has one."""
    return f"{_('original')}\n{title}" if title else _("original")


def _wrapped(title: str) -> str:
    """Break lines of plain text to the width of an image; of very many the last are left out."""
    lines = [part for line in title.splitlines() for part in textwrap.wrap(line, _LETTERS)]
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 1], "…"]
    return "\n".join(house.label(line, _LETTERS + 6) for line in lines)
