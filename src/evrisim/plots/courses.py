"""How the arms of a study learned: training and validation accuracy over the epochs."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from evrisim.messages import translate as _
from evrisim.plots import house

COLOURS = ("#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7", "#000000")
"""Okabe and Ito 2008, without yellow, which no line on white is seen in."""

STYLES = ("-", "--", "-.", ":")
LARGE: dict[Any, Any] = {"font.size": 12, "axes.titlesize": 13, "legend.fontsize": 11.5}

History = Sequence[Mapping[str, Any]]


@house.drawn
def courses(found: Mapping[str, Sequence[History]]) -> Figure:
    """Draw each arm's mean accuracy over the epochs, and the range of its seeds as a band.

    At the left training images, as augmented and while weights move; at the right validation
    images. A deep net that does worse on both is not overfitting: it is hard to train.

    Args:
        found: By arm the histories of its trainings, rows as `Run.history` gives them; a training
            that stopped early counts up to the epochs that all of its arm have.
    """
    rows = -(-len(found) // 3)
    with matplotlib.rc_context(LARGE):
        figure = house.figure(3.9 + 0.26 * rows, 9.2)
        left, right = figure.subplots(1, 2, sharey=True)
        for place, (name, histories) in enumerate(found.items()):
            look = {
                "color": COLOURS[place % len(COLOURS)],
                "ls": STYLES[place % len(STYLES)],
            }
            _line(left, histories, "accuracy", name, look)
            _line(right, histories, "val_accuracy", name, look)
        left.set_title(_("Training images"))
        right.set_title(_("Validation images"))
        left.set_ylabel(_("top-1"))
        for axes in (left, right):
            house.percent_axis(axes, "y")
            axes.set_xlabel(_("epoch"))
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
        handles, names = left.get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=3, handlelength=3)
    return figure


def _line(
    axes: Axes, histories: Sequence[History], column: str, name: str, look: Mapping[str, Any]
) -> None:
    length = min((len(history) for history in histories), default=0)
    if not length:
        return
    values = np.array([[row[column] for row in history[:length]] for history in histories])
    epochs = np.arange(1, length + 1)
    sign = "o" if length == 1 else ""  # one epoch is no line
    axes.plot(epochs, values.mean(0), marker=sign, label=house.label(name), **look)
    if len(values) > 1:
        axes.fill_between(
            epochs, values.min(0), values.max(0), color=look["color"], alpha=0.18, lw=0
        )
