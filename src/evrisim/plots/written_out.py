"""One sum of a convolution written out: patch × kernel = products, and what they add up to."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.patches import Rectangle

from evrisim.kernels import Contributions
from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.plots import house, signed
from evrisim.plots.kernels import (
    MOST_CELLS,
    TITLE,
    WORDS,
    bare,
    brightness,
    cell,
    cell_size,
    show_image,
    write_cells,
)

_ROOM = 3.1  # inches across a patch
_MARK = house.VERMILION


@house.drawn
def written_out(found: Contributions, image: np.ndarray) -> Figure:
    """Draw where the kernel lies on the image, and the sum there.

    Zeros of the padding are hatched. A kernel over several channels takes a row for each.

    Args:
        found: from `kernels.contributions`.
        image: the image that it was made from.
    """
    channels = found.kernel.shape[2] if found.kernel.ndim == 3 else 1
    figure = house.figure(_ROOM * channels + 1.5, 17.0)
    grid = GridSpec(channels, 7, figure, width_ratios=[4.2, _ROOM, 0.3, _ROOM, 0.3, _ROOM, 1.3])
    _show_place(figure.add_subplot(grid[:, 0]), found, image)
    figure.add_subplot(grid[0, 6]).set_axis_off()  # room for the sums of the rows
    for channel in range(channels):
        axes = [figure.add_subplot(grid[channel, column]) for column in range(1, 6)]
        layers = [
            values[:, :, channel] if values.ndim == 3 else values
            for values in (found.patch, found.kernel, found.products)
        ]
        _draw_sum(axes, layers, found.padded, brightness(image), first=channel == 0)
        if channels == 3:
            name = (_("red"), _("green"), _("blue"))[channel]
            axes[0].set_ylabel(name, fontsize=WORDS, fontweight="bold")
    figure.suptitle(_sentence(found), fontsize=TITLE, fontweight="bold", y=0.02, va="bottom")
    below = 0.55 / (_ROOM * channels + 1.5)
    house.spread(figure, rect=(0, below, 1, 0.99 - below))
    return figure


def _sentence(found: Contributions) -> str:
    return _("sum of all products = {value}   →   ReLU: {kept}").format(
        value=_exact(found.value), kept=_exact(max(found.value, 0.0))
    )


def _exact(value: float) -> str:
    return numbers.general(round(float(value), 2) + 0.0, 7)


def _show_place(axes: Axes, found: Contributions, image: np.ndarray) -> None:
    show_image(axes, image)
    top, left = found.rows[0] - 0.5, found.columns[0] - 0.5
    height = found.rows[-1] - found.rows[0] + 1
    width = found.columns[-1] - found.columns[0] + 1
    # A window of a few pixels on a photograph would not be seen: the frame is drawn larger.
    least = 0.045 * max(image.shape[:2])
    more = [max(least - side, 0) / 2 for side in (height, width)]
    for colour, thickness in (("white", 5.5), (_MARK, 3.0)):
        frame = Rectangle(
            (left - more[1], top - more[0]),
            width + 2 * more[1],
            height + 2 * more[0],
            fill=False,
            edgecolor=colour,
            linewidth=thickness,
        )
        frame.set_in_layout(False)
        frame.set_clip_on(False)
        axes.add_patch(frame)
    axes.set_title(_("image"), fontsize=TITLE, loc="center", pad=16)  # the frame may stick out
    axes.set_xlabel(
        _("output pixel: row {row}, column {column}").format(row=found.row, column=found.column),
        fontsize=WORDS,
        labelpad=8,
    )


def _draw_sum(
    axes: list[Axes],
    layers: list[np.ndarray],
    padded: np.ndarray,
    scale: tuple[float, float],
    *,
    first: bool,
) -> None:
    patch, kernel, products = layers
    panels = (axes[0], axes[2], axes[4])
    _show_patch(panels[0], patch, padded, scale)
    for place, values in zip(panels[1:], (kernel, products), strict=True):
        limit = float(np.abs(values).max()) or 1.0
        place.imshow(values, cmap=signed.colour_map(), vmin=-limit, vmax=limit)
        write_cells(place, values, limit, room=_ROOM)
    for place, title in zip(panels, (_("patch"), _("kernel"), _("products")), strict=True):
        bare(place)
        if first:
            place.set_title(title, fontsize=TITLE, loc="center")
    for place, sign in ((axes[1], "×"), (axes[3], "=")):
        place.set_axis_off()
        place.text(0.5, 0.5, sign, ha="center", va="center", fontsize=30)
    _write_row_sums(axes[4], products)


def _show_patch(
    axes: Axes, patch: np.ndarray, padded: np.ndarray, scale: tuple[float, float]
) -> None:
    low, high = scale
    axes.imshow(patch, cmap="gray", vmin=low, vmax=high)
    for row, column in np.argwhere(padded):
        axes.add_patch(
            Rectangle((column - 0.5, row - 0.5), 1, 1, fc="white", ec="#9aa0a6", hatch="///", lw=0)
        )
    if max(patch.shape) > MOST_CELLS:
        return
    size = cell_size(patch, _ROOM)
    for (row, column), value in np.ndenumerate(patch):
        outside = padded[row, column]
        axes.text(
            column,
            row,
            cell(value),
            ha="center",
            va="center",
            color="white" if not outside and value < (low + high) / 2 else house.INK,
            fontsize=size,
            bbox={"fc": "white", "ec": "none", "pad": 2.0} if outside else None,
        )


def _write_row_sums(axes: Axes, products: np.ndarray) -> None:
    """Write the sum of each row beside it, into the room that the grid keeps there."""
    rows, columns = products.shape
    if max(rows, columns) > MOST_CELLS:
        return
    size = min(17.0, 72 * _ROOM / max(rows, columns) / 2.2)
    for row, total in enumerate(products.sum(axis=1)):
        text = axes.text(
            columns * 1.03 - 0.5, row, f"Σ = {_exact(total)}", va="center", fontsize=size
        )
        text.set_in_layout(False)
