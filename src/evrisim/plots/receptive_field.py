"""Receptive fields drawn over an image."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from evrisim.images import colour
from evrisim.messages import translate as _
from evrisim.plots import house

if TYPE_CHECKING:  # not at run time: drawing needs no Keras
    from evrisim.cost import Field
    from evrisim.explain import EffectiveField

_BEYOND = 0.5
"""How far around the image the picture goes at most, in parts of the image."""


@dataclass(frozen=True, eq=False)
class FieldView:
    """What is drawn of a layer.

    Attributes:
        layer: its path.
        field: the theoretical field; the box is that of the middle cell.
        effective: the effective field, if heat is to be drawn.
    """

    layer: str
    field: "Field"
    effective: "EffectiveField | None" = None


@house.drawn
def receptive_fields(image: np.ndarray, views: Sequence[FieldView]) -> Figure:
    """Draw the receptive field of the middle cell of layers over an image, one panel a layer.

    The box is the theoretical field, dashed where it lies outside the image, in the padding; heat
    is the effective field: the hotter, the thicker it lies over the image, which is grey and pale.
    Its square root is shown, or little but the peak would be seen. A box that goes far beyond the
    image leaves the picture.

    Args:
        image: `(rows, columns, 1 or 3)` uint8, of the size the fields are for.
        views: the layers, in order.
    """
    columns = max(1, min(3, math.isqrt(max(0, len(views) - 1)) + 1))
    rows = max(1, -(-len(views) // columns))
    figure = house.figure(3.3 * rows, 2.9 * columns, solved=False)
    figure.subplots_adjust(0.01, 0.01, 0.99, 1 - 0.6 / (3.3 * rows), wspace=0.04, hspace=0.26)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid:
        axes.axis("off")
    for axes, view in zip(grid, views, strict=False):
        _draw(axes, image, view)
    return figure


def _draw(axes: Axes, image: np.ndarray, view: FieldView) -> None:
    height, width = image.shape[:2]
    shown = np.broadcast_to(image, (height, width, 3))
    if view.effective is not None:
        from evrisim.explain import normalise

        shown = _heated(shown, normalise(np.sqrt(view.effective.heat))[..., None])
    axes.imshow(shown, interpolation="nearest", extent=(0, width, height, 0))
    axes.set_title(_title(view), fontsize=10, loc="center")
    if view.field.unknown or view.field.rows.spans is None or view.field.columns.spans is None:
        return
    middle = [count // 2 for count in view.field.cells]
    top, bottom = view.field.rows.seen(middle[0])
    left, right = view.field.columns.seen(middle[1])
    _box(axes, (left, top, right + 1, bottom + 1), (width, height))
    axes.set_xlim(*_limits(left, right + 1, width))
    axes.set_ylim(*_limits(top, bottom + 1, height)[::-1])


def _heated(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Lay heat over a paler, grey image, the thicker the hotter: without heat the image stays."""
    grey = 0.7 * image.mean(axis=2, keepdims=True) + 0.3 * 255
    mixed = (1 - heat) * grey + heat * colour(heat[..., 0]).astype(np.float32)
    return np.rint(mixed).astype(np.uint8)


def _box(axes: Axes, box: tuple[int, int, int, int], size: tuple[int, int]) -> None:
    """Draw a box dashed, and solid over it the edges of the part inside the image."""
    for (left, top, right, bottom), dashed in ((box, True), (_clipped(box, size), False)):
        for ink, thickness in (("white", 4.0), (house.VERMILION, 2.2)):
            axes.add_patch(
                Rectangle(
                    (left, top),
                    right - left,
                    bottom - top,
                    fill=False,
                    edgecolor=ink,
                    linewidth=thickness,
                    linestyle=(0, (3, 2)) if dashed else "-",
                    joinstyle="miter",
                )
            )


def _clipped(box: tuple[int, int, int, int], size: tuple[int, int]) -> tuple[int, int, int, int]:
    left, top, right, bottom = box
    return max(left, 0), max(top, 0), min(right, size[0]), min(bottom, size[1])


def _limits(low: int, high: int, size: int) -> tuple[float, float]:
    around = _BEYOND * size
    edge = 0.03 * size
    return max(min(low, 0), -around) - edge, min(max(high, size), size + around) + edge


def _title(view: FieldView) -> str:
    name = house.label(view.layer.split("/")[-1], 26)
    rows, columns = view.field.size
    if rows is None or columns is None:
        size = _("not known") if view.field.unknown else _("misaligned")
    else:
        size = _("{rows} × {columns} pixels").format(rows=rows, columns=columns)
    if view.effective is None:
        return f"{name}\n{size}"
    felt = _("95 % within {side} × {side}").format(side=view.effective.side)
    return f"{name}\n{size}\n{felt}"
