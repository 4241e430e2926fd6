"""What a kernel does to an image: filter, detect, condense; and one of its sums written out."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.image import AxesImage
from matplotlib.ticker import FuncFormatter

from evrisim.kernels import Extraction
from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.plots import house, signed

PANEL = 3.7
"""Inches across one picture: projected, its words are read from the back row."""

WORDS, TITLE = 14, 16
_BAR = 0.16
MOST_CELLS = 9
"""Kernels with more rows or columns are drawn without numbers."""


@house.drawn
def filter_detect_condense(extractions: Mapping[str, Extraction]) -> Figure:
    """Draw image → kernel → filtered → ReLU → max-pooled, one row a kernel.

    Filtered, detected and condensed share the colours of a row: white is zero, orange positive,
    blue negative; so one sees the ReLU take the blue away. Below each picture stand its size
    (rows × columns) and the smallest and largest value in it.

    Args:
        extractions: by what stands at the row.
    """
    first = next(iter(extractions.values()))
    tall = PANEL * min(1.6, max(0.35, first.image.shape[0] / first.image.shape[1]))
    height = (max(tall, 1.7) + 0.8) * len(extractions) + 0.7
    figure = house.figure(height, 4 * PANEL + 4.1)
    grid = GridSpec(
        len(extractions), 6, figure, width_ratios=[PANEL, 2.0, PANEL, PANEL, PANEL, _BAR]
    )
    for row, (name, found) in enumerate(extractions.items()):
        axes = [figure.add_subplot(grid[row, column]) for column in range(6)]
        _draw_row(axes, name, found, first=row == 0)
    house.spread(figure, w_pad=0.06, h_pad=0.08)
    return figure


def _draw_row(axes: list[Axes], name: str, found: Extraction, *, first: bool) -> None:
    limit = signed.limit_of(found.filtered)
    tall = PANEL * found.condensed.shape[0] / found.condensed.shape[1]
    show_image(axes[0], found.image)
    _show_kernel(axes[1], found.kernel)
    for place, values in zip(
        axes[2:5], (found.filtered, found.detected, found.condensed), strict=True
    ):
        drawn = _show_signed(place, values, limit)
    _add_scale(axes[5], drawn, limit, tall / _BAR)
    titles = (
        _("image"),
        _("kernel"),
        _("1 filter\nconvolution"),
        _("2 detect\nReLU"),
        _("3 condense\nmax-pooling {size} × {size}").format(size=found.pool),
    )
    for place, title in zip(axes, titles, strict=False):
        if first:
            place.set_title(title, fontsize=TITLE, loc="center")
    axes[0].set_ylabel(house.label(name, 28), fontsize=WORDS, fontweight="bold", labelpad=8)
    shown = (found.image, found.kernel, found.filtered, found.detected, found.condensed)
    for place, values in zip(axes, shown, strict=False):
        place.set_xlabel(caption(values), fontsize=WORDS, labelpad=6)


def caption(values: np.ndarray) -> str:
    """Write size and range of an array below each other.

    Example:
        >>> caption(np.array([[-1.0, 2.5, 0.0]]))
        '1 × 3\\n−1 … 2.5'
    """
    size = " × ".join(str(side) for side in values.shape)
    return f"{size}\n{short(values.min())} … {short(values.max())}"


def short(value: float) -> str:
    """Write a number for the eye: whole where it is large, else with three figures."""
    value = float(value) + 0.0  # minus zero, which a sum of zeros can be, is no news
    return numbers.whole(value) if abs(value) >= 100 else numbers.general(value, 3)


def bare(axes: Axes) -> None:
    """Take ticks and grid away and draw a frame: a picture has no axes."""
    axes.grid(visible=False)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(True)
        spine.set_linewidth(0.8)


def show_image(axes: Axes, image: np.ndarray) -> None:
    """Show an image in grey or, with three channels, in colour."""
    low, high = brightness(image)
    picture = np.clip((image - low) / (high - low), 0, 1)
    if picture.ndim == 3 and picture.shape[2] != 3:
        picture = picture.mean(axis=2)
    axes.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation=_interpolation(picture))
    bare(axes)


def _interpolation(picture: np.ndarray) -> str:
    """Keep the pixels of a small picture square; average over those of a large one."""
    return "nearest" if picture.shape[1] <= 100 * PANEL else "antialiased"


def brightness(image: np.ndarray) -> tuple[float, float]:
    """Guess from which to which value an image is meant: 0–255, 0–1, or what it holds."""
    low, high = float(image.min()), float(image.max())
    if low >= 0 and high <= 255:
        return 0.0, 255.0 if high > 1 else 1.0
    return low, high if high > low else low + 1


def _show_signed(axes: Axes, values: np.ndarray, limit: float) -> AxesImage:
    if values.ndim == 3:  # channels filtered apart: their mean, for the eye alone
        values = values.mean(axis=2)
    drawn = axes.imshow(
        values,
        cmap=signed.colour_map(),
        vmin=-limit,
        vmax=limit,
        interpolation=_interpolation(values),
    )
    bare(axes)
    return drawn


def _show_kernel(axes: Axes, kernel: np.ndarray) -> None:
    limit = float(np.abs(kernel).max()) or 1.0
    if kernel.ndim == 3 and kernel.shape[2] == 3:
        # A kernel over colours is seen as one: grey is zero, a channel's weight brightens it.
        axes.imshow(0.5 + kernel / (2 * limit))
        bare(axes)
        return
    weights = kernel.mean(axis=2) if kernel.ndim == 3 else kernel
    _show_signed(axes, weights, limit)
    write_cells(axes, weights, limit, room=2.0)


def write_cells(axes: Axes, values: np.ndarray, limit: float, *, room: float) -> None:
    """Write each number into its cell, light on dark, unless there are too many to be read.

    Args:
        axes: shows `values` in the colours of `signed`.
        values: `(rows, columns)`.
        limit: where the colours end.
        room: width of the panel in inches.
    """
    if max(values.shape) > MOST_CELLS:
        return
    size = cell_size(values, room)
    for (row, column), value in np.ndenumerate(values):
        ink = "white" if abs(value) > 0.6 * limit else house.INK
        axes.text(column, row, cell(value), ha="center", va="center", color=ink, fontsize=size)


def cell_size(values: np.ndarray, room: float) -> float:
    """Choose the size of letters, in points, at which every number fits into its cell."""
    longest = max(3, *(len(cell(value)) for value in values.flat))
    return min(17.0, 72 * room / max(values.shape) / (0.72 * longest))


def cell(value: float) -> str:
    """Write a number shortly enough for a cell."""
    value = float(value) + 0.0
    if value == round(value):
        return numbers.general(value, 7)
    return numbers.decimal(value, 2) if abs(value) < 10 else numbers.general(round(value), 7)


def _add_scale(axes: Axes, drawn: AxesImage, limit: float, aspect: float) -> None:
    axes.set_box_aspect(aspect)  # as high as the picture beside it
    bar = axes.figure.colorbar(
        drawn, cax=axes, extend="both", ticks=[-limit, 0, limit], extendfrac=0.04
    )
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _at: short(value)))
    bar.ax.tick_params(labelsize=WORDS, length=0)
    bar.outline.set_visible(False)
