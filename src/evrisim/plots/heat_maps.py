"""Heat maps side by side: of several methods, or of several classes."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from evrisim import images as pixels
from evrisim.plots import house

_SIDE, _HEAD, _LINE = 1.7, 0.55, 0.42


@house.drawn
def heat_maps(
    images: Sequence[np.ndarray] | np.ndarray,
    names: Sequence[str],
    columns: Sequence[tuple[str, np.ndarray]],
    captions: Sequence[Sequence[str]],
) -> Figure:
    """Draw a row an image, with the image first and a heat map for each column.

    Each map is stretched to the full range of colours for itself: what is compared is where the
    heat lies, not how much there is.

    Args:
        images: `(height, width, 1 or 3)` uint8 each.
        names: one an image.
        columns: what a column is called, and its maps `(count, rows, columns)` of any size.
        captions: under each map, by column and image.
    """
    across, down = 1 + len(columns), len(images)
    figure = house.figure(
        _HEAD + down * (_SIDE + _LINE), max(across * (_SIDE + 0.15), 4.0), solved=False
    )
    high = figure.get_figheight()
    figure.subplots_adjust(
        left=0.01, right=0.99, bottom=_LINE / high, top=1 - _HEAD / high, hspace=0.3, wspace=0.06
    )
    grid = figure.subplots(down, across, squeeze=False)
    for axes in grid.ravel():
        axes.set(xticks=[], yticks=[])
        axes.grid(visible=False)
        for spine in axes.spines.values():
            spine.set_visible(False)
    for row, (image, name) in enumerate(zip(images, names, strict=True)):
        large = pixels.enlarged(image)
        grid[row, 0].imshow(large, interpolation="nearest")
        grid[row, 0].set_xlabel(house.label(name, 24), fontsize=9)
        for place, (_title, maps) in enumerate(columns):
            axes = grid[row, 1 + place]
            axes.imshow(pixels.overlay(large, pixels.stretch(maps[row])), interpolation="nearest")
            axes.set_xlabel(house.label(captions[place][row], 24), fontsize=9)
    for place, (title, _maps) in enumerate(columns):
        grid[0, 1 + place].set_title(
            house.label(title, 24), fontsize=10, fontweight="bold", loc="center"
        )
    return figure
