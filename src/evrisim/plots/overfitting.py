"""How far training images are ahead of validation and test images, a row for each setting."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.plots import house
from evrisim.plots.severity import interval_half

_ROW = 0.62
"""Inches of a row's height."""

_ASIDE = 0.16
"""How far, in rows, the marks of training and test stand above and below that of validation."""


@house.drawn
def overfitting(
    names: Sequence[str],
    training: Sequence[np.ndarray],
    validation: Sequence[np.ndarray],
    test: Sequence[np.ndarray],
) -> Figure:
    """Draw means with 95 % intervals over seeds, and write the gap of training and test beside.

    Args:
        names: Of the rows, from top to bottom.
        training: `(seeds,)` top-1 on training images as they are, 0–1, of each row.
        validation: The same, the best epoch's, on validation images.
        test: The same on test images.
    """
    figure = house.figure(1.1 + _ROW * len(names))
    axes = figure.subplots()
    rows = np.arange(len(names))
    splits = (
        (_("training images"), training, house.VERMILION, "s", -_ASIDE),
        (_("validation images"), validation, house.GREEN, "^", 0.0),
        (_("test images"), test, house.BLUE, "o", _ASIDE),
    )
    for name, found, colour, mark, aside in splits:
        means = [float(one.mean()) for one in found]
        halves = [interval_half(one) for one in found]
        look: dict[str, Any] = {
            "color": colour,
            "marker": mark,
            "linestyle": "",
            "capsize": 3,
            "label": name,
        }
        axes.errorbar(means, rows + aside, xerr=halves, **look)
    for row, seen, unseen in zip(rows, training, test, strict=True):
        axes.annotate(
            numbers.points(float((seen - unseen).mean())),
            (1.0, float(row)),
            xycoords=("axes fraction", "data"),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
        )
    axes.set_yticks(rows, [house.label(name) for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    house.percent_axis(axes, "x")
    axes.set_xlabel(_("top-1; at the right how far training is above test"))
    figure.legend(loc="outside upper center", ncols=3, columnspacing=1.0, handletextpad=0.2)
    return figure
