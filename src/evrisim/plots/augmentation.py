"""What augmentation does to an image: draws, steps, and a ladder of severities."""

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.plots import house

_CELL = 1.5
"""Inches of an image's width."""

_LETTERS = 24
"""Letters of the small size that stand under an image."""


@house.drawn
def draws(
    original: np.ndarray | None,
    images: Sequence[np.ndarray],
    titles: Sequence[str],
    *,
    columns: int = 5,
) -> Figure:
    """Draw the original and then draws of it, each over what was drawn.

    Args:
        original: `(rows, columns, 1 or 3)` uint8; None for draws of several images.
        images: The draws, of the same shape.
        titles: Lines of plain text for each.
        columns: Images in a row.
    """
    shown = [*images] if original is None else [original, *images]
    said = [_wrapped(title) for title in titles]
    if original is not None:
        said.insert(0, _("original"))
    rows = -(-len(shown) // columns)
    lines = max(text.count("\n") + 1 for text in said)
    figure, grid = _grid(rows, columns, shown[0].shape, under=0.17 * lines + 0.12)
    for axes, image, text in zip(grid.ravel(), shown, said, strict=False):
        _show(axes, image)
        axes.set_xlabel(text, fontsize=8, labelpad=3)
    return figure


@house.drawn
def ladder(severities: Sequence[float], rows: Sequence[Sequence[np.ndarray]]) -> Figure:
    """Draw a row of draws for each severity: the same draws, growing.

    Args:
        severities: 0 to 1, one a row.
        rows: The draws of each severity; those of a column belong together.
    """
    figure, grid = _grid(len(rows), len(rows[0]), rows[0][0].shape, left=0.75)
    for severity, images, cells in zip(severities, rows, grid, strict=True):
        for axes, image in zip(cells, images, strict=True):
            _show(axes, image)
        cells[0].set_ylabel(
            numbers.decimal(severity, 2), rotation=0, ha="right", va="center", labelpad=8
        )
    figure.text(0.008, 0.5, _("severity"), rotation=90, va="center", ha="left", fontsize=10)
    return figure


@house.drawn
def steps(
    original: np.ndarray,
    names: Sequence[str],
    alone: Sequence[np.ndarray],
    so_far: Sequence[np.ndarray],
) -> Figure:
    """Draw each step of a policy by itself, and below it all steps up to it.

    Args:
        original: `(rows, columns, 1 or 3)` uint8.
        names: Of the steps.
        alone: The original through each of them.
        so_far: The original through it and all before it.
    """
    figure, grid = _grid(2, len(names) + 1, original.shape, left=0.9, over=0.3)
    for cells, images, title in zip(grid, (alone, so_far), (_("alone"), _("so far")), strict=True):
        for axes, image in zip(cells, [original, *images], strict=True):
            _show(axes, image)
        cells[0].set_ylabel(title, rotation=0, ha="right", va="center", labelpad=8)
    for axes, name in zip(grid[0], [_("original"), *names], strict=True):
        axes.set_title(house.label(name), fontsize=9, fontweight="normal", loc="center")
    return figure


def _grid(
    rows: int,
    columns: int,
    shape: tuple[int, ...],
    *,
    left: float = 0.06,
    over: float = 0.06,
    under: float = 0.06,
) -> tuple[Figure, np.ndarray]:
    """Make a grid of equal cells with so many inches beside, over and under the images."""
    high = _CELL * shape[0] / shape[1]
    width = left + columns * (_CELL + 0.06)
    height = over + rows * (high + under) + 0.06
    figure = house.figure(height, width, solved=False)
    figure.subplots_adjust(
        left=left / width,
        right=1 - 0.06 / width,
        top=1 - over / height,
        bottom=under / height,
        wspace=0.06 / _CELL,
        hspace=under / high,
    )
    return figure, figure.subplots(rows, columns, squeeze=False, subplot_kw={"visible": True})


def _show(axes: Axes, image: np.ndarray) -> None:
    axes.imshow(np.broadcast_to(image, (*image.shape[:2], 3)), interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    for edge in axes.spines.values():
        edge.set_visible(False)


def _wrapped(title: str) -> str:
    """Break lines of plain text to the width of an image."""
    lines = [part for line in title.splitlines() for part in textwrap.wrap(line, _LETTERS)]
    return "\n".join(house.label(line, _LETTERS + 2) for line in lines)
