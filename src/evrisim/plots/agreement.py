"""Two rankings of the same designs: after a short training, and after a long one."""

from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.plots import house
from evrisim.plots.labelling import name_points

if TYPE_CHECKING:
    from evrisim.study.agreement import Agreement


@house.drawn
def agreement(found: "Agreement") -> Figure:
    """Draw each design's top-1 after the short training against that after the long one.

    Where both rank alike, the points climb from left to right. Pairs that the long training tells
    apart and the short one orders the other way are joined by a dashed line, which falls.

    Args:
        found: As `study.agreement` gives it.
    """
    figure = house.figure(4.6)
    axes = figure.subplots()
    place = dict(zip(found.names, zip(found.short, found.long, strict=True), strict=True))
    turned = [[place[pair.better], place[pair.worse]] for pair in found.turned]
    for line in turned:
        axes.plot(*zip(*line, strict=True), color=house.VERMILION, ls="--", lw=1.2, zorder=2)
    axes.plot(found.short, found.long, "o", color=house.BLUE, ms=8, mec="white", zorder=3)
    axes.set_title(
        _("Kendall's τ = {tau} ({low} to {high})").format(
            tau=numbers.decimal(found.tau.value),
            low=numbers.decimal(found.tau.low),
            high=numbers.decimal(found.tau.high),
        )
    )
    axes.set_xlabel(_("top-1 after the short training"))
    axes.set_ylabel(_("top-1 after the long training"))
    axes.margins(0.18)
    house.percent_axis(axes, "x")
    house.percent_axis(axes, "y")
    figure.draw_without_rendering()
    names = [house.label(name) for name in found.names]
    name_points(axes, names, list(place.values()), avoid=turned)
    return figure
