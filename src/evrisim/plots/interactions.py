"""How the factors of a study act together."""

from itertools import combinations
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from evrisim.messages import translate as _
from evrisim.plots import house
from evrisim.study import wording
from evrisim.study.contrasts import rows
from evrisim.study.design import Factor, Study
from evrisim.study.results import Findings

_LINES = (
    (house.BLUE, "o-"),
    (house.VERMILION, "s--"),
    (house.GREEN, "D-."),
    ("#CC79A7", "^:"),
    ("#E69F00", "v-"),
    ("#56B4E9", "P--"),
)
"""Of the levels of a factor; Okabe and Ito's colours, each with its own marker and dashes."""


@house.drawn
def effects(findings: Findings, plan: Study) -> Figure:
    """Draw how each two factors of a factorial study act together.

    One factor runs along the axis, the other has a line for each level; parallel lines mean that
    the two do not interact. Further factors are averaged over, seed by seed.

    Args:
        findings: Of the study.
        plan: The study, with its factors.

    Raises:
        ValueError: If the study has no two factors.
    """
    pairs = list(combinations(plan.factors, 2))
    if not pairs:
        raise ValueError("`plan` must have two factors or more for a picture of their effects.")
    figure = house.figure(3.4 * len(pairs) + 0.1)
    for axes, pair in zip(figure.subplots(len(pairs), 1, squeeze=False)[:, 0], pairs, strict=True):
        _interaction(axes, findings, plan, pair)
    return figure


def _interaction(axes: Axes, findings: Findings, plan: Study, pair: tuple[Factor, Factor]) -> None:
    along, lines = pair
    for place, level in enumerate(lines.levels):
        colour, sign = _LINES[place % len(_LINES)]
        cells = [
            _cell(findings, plan, {along.setting: other, lines.setting: level})
            for other in along.levels
        ]
        shift = 0.1 * (place - (len(lines.levels) - 1) / 2)
        for at, seeds in enumerate(cells):
            axes.plot(
                np.full(len(seeds), at + shift + 0.04),
                seeds,
                sign[0],
                color=colour,
                ms=4.5,
                alpha=0.45,
                mew=0,
                zorder=2,
            )
        means = [float(cell.mean()) if len(cell) else np.nan for cell in cells]
        places = np.arange(len(cells)) + shift
        name = f"{wording.setting(lines.setting)} = {wording.value(level)}"
        axes.plot(places, means, sign, color=colour, ms=8, mec="white", label=house.label(name))
    axes.set_xticks(
        range(len(along.levels)), [house.label(wording.value(one), 14) for one in along.levels]
    )
    axes.set_xlim(-0.35, len(along.levels) - 0.65)
    axes.set_xlabel(house.label(wording.setting(along.setting)))
    axes.set_ylabel(_("top-1 on test"))
    axes.grid(visible=False, axis="x")
    axes.margins(y=0.1)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    house.percent_axis(axes, "y")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, handlelength=3.2)


def _cell(findings: Findings, plan: Study, levels: dict[str, Any]) -> np.ndarray:
    """Give the top-1 of each seed at some levels, averaged over the factors not named.

    Only seeds that all the arms concerned have are kept.
    """
    named = {
        arm.name
        for arm in plan.arms
        if all(arm.settings.get(key) == value for key, value in levels.items())
    }
    found = [arm for arm in findings.arms if arm.name in named and arm.test is not None]
    if not found:
        return np.zeros(0)
    common = sorted(set.intersection(*(set(arm.seeds) for arm in found)))
    values = [np.asarray(arm.test)[rows(arm, common)] for arm in found]
    return np.asarray(np.mean(values, axis=0))
