"""Accuracy against the severity of augmentation, on training and on test images."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from evrisim.messages import translate as _
from evrisim.plots import house
from evrisim.statistics import paired_interval


@house.drawn
def severity(
    severities: Sequence[float],
    test: Sequence[np.ndarray],
    training: Sequence[np.ndarray] | None = None,
) -> Figure:
    """Draw the mean of the seeds with its 95 % interval at each severity, and every seed.

    Args:
        severities: 0 to 1, ascending.
        test: `(seeds,)` top-1 on test images, 0–1, at each severity.
        training: The same on training images as they are; None where they were not judged.
    """
    figure = house.figure(3.6)
    axes = figure.subplots()
    lines = [(_("test images"), test, house.BLUE, "o", -0.006)]
    if training is not None:
        lines.insert(0, (_("training images"), training, house.VERMILION, "s", 0.006))
    for name, found, colour, mark, aside in lines:
        means = np.array([one.mean() for one in found])
        halves = [interval_half(one) for one in found]
        places = np.asarray(severities) + aside
        axes.errorbar(places, means, yerr=halves, color=colour, marker=mark, capsize=4, label=name)
        for place, one in zip(places, found, strict=True):
            axes.plot(np.full(len(one), place), one, ".", color=colour, alpha=0.35, markersize=5)
    axes.set_xticks(list(severities))
    house.number_axis(axes, "x")
    house.percent_axis(axes, "y")
    axes.set_xlabel(_("severity"))
    axes.set_ylabel(_("top-1"))
    axes.legend()
    return figure


def interval_half(values: np.ndarray) -> float:
    """Give half the width of the 95 % interval of a mean; 0 where one value shows no spread."""
    return paired_interval(values).high - float(values.mean()) if len(values) > 1 else 0.0
