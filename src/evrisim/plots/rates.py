"""Learning rates: how the loss goes while one climbs, and what a schedule has planned."""

from collections.abc import Sequence
from math import nan

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.plots import house
from evrisim.training.planned import Planned
from evrisim.training.rate_finder import Sweep

_BELOW, _ABOVE = 0.3, 0.9
"""Room under the lowest loss and over the first, as shares of what it fell; the rest is beyond."""

WIDE = 30.0
"""Rates of stages that differ by more than this are drawn on an axis of powers."""

_FAR = 1000.0


@house.drawn
def sweep(found: Sweep, *, own: float | None = None) -> Figure:
    """Draw the loss over a climbing rate: single batches, their average, and what is suggested.

    Args:
        found: As `rate_finder.sweep` gives it.
        own: The rate that the recipe has, marked too.
    """
    figure = house.figure(4.4)
    axes = figure.add_subplot()
    axes.plot(found.rates, found.losses, ".", color=house.BLUE, alpha=0.35, label=_("a batch"))
    axes.plot(found.rates, found.smoothed, color=house.BLUE, lw=2, label=_("smoothed"))
    marks = [
        (found.suggestion, house.VERMILION, "-", _("suggested")),
        (found.steepest, house.GREEN, "--", _("falls fastest")),
        (found.lowest, house.INK, ":", _("lowest")),
        (own, house.PURPLE, "-.", _("the recipe's")),
    ]
    for rate, colour, line, name in marks:
        if rate is not None:
            told = f"{name}: {numbers.general(rate, 2)}"
            axes.axvline(rate, color=colour, ls=line, lw=1.6, label=told, zorder=1)
    low, high = min(found.smoothed), found.smoothed[0]
    axes.set_ylim(low - _BELOW * (high - low), high + _ABOVE * (high - low))
    axes.set_title(_("Loss while the learning rate climbs"))
    axes.set_xlabel(_("learning rate"))
    axes.set_ylabel(_("loss on training batches"))
    house.number_axis(axes, "y")
    _powers(axes, "x")
    axes.legend(loc="best")
    return figure


@house.drawn
def schedule(stages: Sequence[Planned]) -> Figure:
    """Draw the rate over the epochs of a training, stage after stage.

    Args:
        stages: As `planned.planned` gives them; one for a plain training.
    """
    figure = house.figure(3.6)
    axes = figure.add_subplot()
    colours = (house.BLUE, house.VERMILION, house.GREEN, house.PURPLE)
    highest = [max(stage.rates) for stage in stages]
    powers = max(highest) > WIDE * min(highest)
    start = 0.0
    for number, stage in enumerate(stages):
        epochs = [start + epoch for epoch in stage.epochs]
        colour = colours[number % len(colours)]
        # On an axis of powers zero has no place: what is far below the peak is left out.
        least = max(stage.rates) / _FAR if powers else 0.0
        shown = [rate if rate >= least else nan for rate in stage.rates]
        axes.plot(epochs, shown, color=colour, lw=2, label=stage.name or None)
        if number:
            axes.axvline(start, color=house.INK, ls=":", lw=1.2)
        start = epochs[-1]
    if powers:
        _powers(axes, "y")
    else:
        axes.set_ylim(bottom=0)
        house.number_axis(axes, "y")
    axes.set_title(_("Learning rate"))
    axes.set_xlabel(_("epoch"))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    if any(stage.name for stage in stages):
        axes.legend(loc="best")
    return figure


def _powers(axes: Axes, which: str) -> None:
    """Make an axis one of powers of ten, written as the language does."""
    if which == "x":
        axes.set_xscale("log")
    else:
        axes.set_yscale("log")
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(LogLocator(numticks=6))
    axis.set_major_formatter(FuncFormatter(lambda rate, _place: numbers.general(rate, 3)))
    axis.set_minor_locator(NullLocator())
