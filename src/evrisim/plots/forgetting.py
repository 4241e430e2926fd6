"""What was forgotten: the old task over the epochs of the new one, and what it was given for."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from evrisim.messages import translate as _
from evrisim.plots import house
from evrisim.plots.courses import COLOURS, STYLES
from evrisim.plots.labelling import name_points

if TYPE_CHECKING:
    from evrisim.forgetting import Case, Summary


@house.drawn
def forgetting(cases: "Sequence[Case]", summaries: "Sequence[Summary]") -> Figure:
    """Draw the old task's accuracy while the new one is learned, and forgetting by plasticity.

    Above, mean over seeds on validation images, epoch by epoch, with the range of the seeds as a
    band; below, on test images after the last epoch, with 95 % intervals over seeds. The best
    place is at the lower right: nothing forgotten, all learned.

    Args:
        cases: Of one or more remedies and seeds.
        summaries: As `forgetting.summaries` gives them for these.
    """
    figure = house.figure(7.4 + 0.2 * len(summaries))
    above, below = figure.subplots(2, 1)
    for place, summary in enumerate(summaries):
        courses = np.array([case.old for case in cases if case.remedy.name == summary.name])
        colour, style = COLOURS[place % len(COLOURS)], STYLES[place % len(STYLES)]
        epochs = np.arange(courses.shape[1])
        above.plot(epochs, courses.mean(axis=0), color=colour, ls=style, lw=2, label=summary.name)
        above.fill_between(
            epochs, courses.min(axis=0), courses.max(axis=0), color=colour, alpha=0.15, lw=0
        )
        x, y = summary.plasticity, summary.forgetting
        below.plot(x.value, y.value, "o", color=colour, ms=8, mec="white", zorder=3)
        for bar in _bars(summary):
            below.plot(*zip(*bar, strict=True), color=colour, lw=1.2, alpha=0.6)
    above.set_title(_("The old task while the new one is learned"))
    above.set_xlabel(_("epoch of the new task"))
    above.set_ylabel(_("top-1 of the old task"))
    above.xaxis.set_major_locator(MaxNLocator(integer=True))
    house.percent_axis(above, "y")
    above.legend(loc="best", ncols=2)
    below.set_title(_("Forgotten, and learned"))
    below.set_xlabel(_("top-1 of the new task, on test images"))
    below.set_ylabel(_("forgotten of the old task"))
    below.axhline(0, color=house.INK, lw=0.8)
    below.margins(0.16)
    house.percent_axis(below, "x")
    house.percent_axis(below, "y")
    figure.draw_without_rendering()
    places = [(one.plasticity.value, one.forgetting.value) for one in summaries]
    bars = [bar for one in summaries for bar in _bars(one)]
    name_points(below, [house.label(one.name) for one in summaries], places, avoid=bars)
    return figure


def _bars(summary: "Summary") -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Give the ends of both intervals: what was learned can be no share below 0 or above 1."""
    x, y = summary.plasticity, summary.forgetting
    across = [(max(x.low, 0), y.value), (min(x.high, 1), y.value)]
    return across, [(x.value, y.low), (x.value, y.high)]
