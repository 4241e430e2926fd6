"""Images with what the model said of them and where it looked."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from evrisim.plots import house


@house.drawn
def gallery(pictures: Sequence[np.ndarray], titles: Sequence[str], *, columns: int = 4) -> Figure:
    """Draw pictures in a grid, each under its title (lines of plain text).

    Args:
        pictures: `(height, width, 1 or 3)` uint8 each.
        titles: one a picture.
        columns: pictures in a row.
    """
    rows = max(1, -(-len(pictures) // columns))
    # Equal cells need no solver, which is slow with many axes.
    figure = house.figure(1.9 * rows, 2.6 * columns, solved=False)
    figure.subplots_adjust(left=0.01, right=0.99, bottom=0.01, top=1 - 0.3 / rows, hspace=0.4)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid:
        axes.axis("off")
    for axes, picture, title in zip(grid, pictures, titles, strict=False):
        shown = np.broadcast_to(picture, (*picture.shape[:2], 3))
        axes.imshow(shown, interpolation="nearest")
        lines = [house.label(line, 30) for line in title.splitlines()]
        axes.set_title("\n".join(lines), fontsize=8, fontweight="normal", loc="center")
    return figure
