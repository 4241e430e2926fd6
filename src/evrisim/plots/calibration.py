"""How far a model's confidence can be believed."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evrisim.messages import translate as _
from evrisim.metrics import Bin
from evrisim.plots import house

FIRM = 5
"""Bins with fewer images, or under one in a hundred of all, are drawn hollow and off the line."""


@house.drawn
def reliability_diagram(before: Sequence[Bin], after: Sequence[Bin] | None = None) -> Figure:
    """Draw how often the model is right against how sure it is, with how many images say so.

    Below the diagonal a model is too sure of itself, above it not sure enough.

    Args:
        before: the reliability table of the model as it is.
        after: the same with its temperature, if there is one.
    """
    figure = house.figure(5.4)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3.2, 1))
    upper.plot([0, 1], [0, 1], ":", color=house.INK, label=_("perfectly calibrated"))
    _curve(upper, before, house.VERMILION, "s--", _("as trained") if after else _("the model"))
    if after:
        _curve(upper, after, house.BLUE, "o-", _("with temperature"))
    upper.set_ylabel(_("how often it is right"))
    figure.legend(loc="outside upper left", ncols=1)
    upper.set_ylim(-0.02, 1.02)
    house.percent_axis(upper, "y")
    _histogram(lower, before)
    return figure


def _curve(axes: Axes, bins: Sequence[Bin], colour: str, sign: str, name: str) -> None:
    total = sum(one.count for one in bins)
    enough = max(FIRM, total / 100)
    firm = [one for one in bins if one.count >= enough]
    thin = [one for one in bins if 0 < one.count < enough]
    axes.plot(*_points(firm), sign, color=colour, label=name, markersize=5.5)
    axes.plot(*_points(thin), sign[0], color=colour, mfc="none", markersize=4, alpha=0.7)


def _points(bins: Sequence[Bin]) -> tuple[list[float], list[float]]:
    return [one.confidence for one in bins], [one.accuracy for one in bins]


def _histogram(axes: Axes, bins: Sequence[Bin]) -> None:
    total = max(1, sum(one.count for one in bins))
    axes.bar(
        [one.low for one in bins],
        [one.count / total for one in bins],
        width=np.array([one.high - one.low for one in bins]),
        align="edge",
        color=house.VERMILION,
        alpha=0.55,
        edgecolor=house.VERMILION,
    )
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylabel(_("images"))
    axes.set_xlabel(_("how sure the model is (confidence)"))
    axes.locator_params(axis="y", nbins=3)
    house.percent_axis(axes, "x")
    house.percent_axis(axes, "y")
