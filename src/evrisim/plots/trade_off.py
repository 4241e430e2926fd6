"""What accuracy costs: arms by their multiply–accumulates and by their parameters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log10
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.plots import house
from evrisim.plots.labelling import name_points
from evrisim.study.results import ArmResult, Findings

_STEPS: tuple[tuple[float, ...], ...] = ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7))
_FEWEST = 3  # marks at an axis
_APART = 0.27  # of the axis, between two marks
_LINE = 0.21  # inches

NAMED = 6
"""Up to so many arms, the names stand at the points."""


@dataclass(frozen=True)
class _Point:
    name: str
    cost: int
    mean: float


@house.drawn
def pareto(findings: Findings) -> Figure:
    """Draw mean top-1 on test against MACs and against parameters, each with its front.

    On the front are the arms that no other arm beats in both. The front over MACs is that of
    `findings`; the one over parameters is found here, in the same way. Of many arms, numbers
    stand at the points and the names below.

    Args:
        findings: Of a study; arms without a result on test are left out.
    """
    measured = [arm for arm in findings.arms if arm.test is not None and len(arm.test)]
    listed = len(measured) > NAMED
    figure = house.figure(7.2 + (_LINE * -(-len(measured) // 2) if listed else 0))
    panels = figure.subplots(2, 1)
    by_macs = [_point(arm, arm.macs) for arm in measured]
    by_parameters = [_point(arm, arm.parameters) for arm in measured]
    fronts = set(findings.pareto), _front(by_parameters)
    _panel(panels[0], by_macs, fronts[0], _("MACs for one image"))
    _panel(panels[1], by_parameters, fronts[1], _("parameters"))
    panels[0].set_title(_("Accuracy and work"))
    panels[1].set_title(_("Accuracy and size"))
    if measured:
        figure.legend(handles=_legend(), loc="outside upper left", handlelength=2.2)
    if listed:
        _list(figure, [one.name for one in by_macs])
    figure.draw_without_rendering()  # the places of the points are known from here on
    for axes, points, front in zip(panels, (by_macs, by_parameters), fronts, strict=True):
        names = [
            str(place + 1) if listed else house.label(one.name) for place, one in enumerate(points)
        ]
        places = [(float(one.cost), one.mean) for one in points]
        stairs = _stairs([one for one in points if one.name in front])
        name_points(axes, names, places, avoid=stairs)
    return figure


def _point(arm: ArmResult, cost: int) -> _Point:
    assert arm.test is not None
    return _Point(arm.name, max(cost, 1), float(np.mean(arm.test)))


def _front(points: Sequence[_Point]) -> set[str]:
    """Name the points that none other passes in one and equals in the other."""
    return {
        one.name
        for one in points
        if not any(
            other.cost <= one.cost
            and other.mean >= one.mean
            and (other.cost, other.mean) != (one.cost, one.mean)
            for other in points
        )
    }


def _panel(axes: Axes, points: Sequence[_Point], front: set[str], label: str) -> None:
    axes.set_xlabel(label)
    axes.set_ylabel(_("mean top-1 on test"))
    if not points:
        axes.text(0.5, 0.5, _("no result on test"), ha="center", transform=axes.transAxes)
        axes.set_xticks([])
        axes.set_yticks([])
        return
    best = [one for one in points if one.name in front]
    rest = [one for one in points if one.name not in front]
    across = [at for at, _up in _stairs(best)]
    axes.plot(across, [up for _at, up in _stairs(best)], color=house.GREEN, lw=1.6, ls="--")
    for group, colour, sign in ((rest, house.BLUE, "o"), (best, house.GREEN, "D")):
        costs, means = [one.cost for one in group], [one.mean for one in group]
        axes.plot(costs, means, sign, color=colour, ms=8, mec="white", mew=0.8, zorder=3)
    _scales(axes, points)


def _stairs(best: Sequence[_Point]) -> list[tuple[float, float]]:
    """Go from each point of a front to the next: what a budget buys stays until the next one."""
    ordered = sorted(best, key=lambda one: (one.cost, one.mean))
    corners = [(float(one.cost), one.mean) for one in ordered[:1]]
    for before, after in pairwise(ordered):
        corners += [(float(after.cost), before.mean), (float(after.cost), after.mean)]
    return corners


def _legend() -> list[Line2D]:
    best: dict[str, Any] = {"marker": "D", "color": house.GREEN, "ls": "--", "lw": 1.6}
    rest: dict[str, Any] = {"marker": "o", "color": house.BLUE, "ls": ""}
    return [
        Line2D([], [], ms=8, mec="white", label=_("front: no arm is better and cheaper"), **best),
        Line2D([], [], ms=8, mec="white", label=_("another arm is better and cheaper"), **rest),
    ]


def _list(figure: Figure, names: Sequence[str]) -> None:
    """Write below the panels which number is which arm."""
    handles = [
        Line2D([], [], ls="", label=f"{place + 1}  {house.label(name)}")
        for place, name in enumerate(names)
    ]
    figure.legend(
        handles=handles,
        loc="outside lower left",
        ncols=2,
        handlelength=0,
        handletextpad=0,
        columnspacing=1.5,
        labelspacing=0.25,
    )


def _scales(axes: Axes, points: Sequence[_Point]) -> None:
    costs, means = [one.cost for one in points], [one.mean for one in points]
    room = max((max(costs) / min(costs)) ** 0.18, 1.4)  # names need room beside the outer points
    low, high = min(costs) / room, max(costs) * room
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.xaxis.set_major_locator(FixedLocator(_ticks(low, high)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda count, _place: _short(count)))
    margin = max(0.2 * (max(means) - min(means)), 0.002)
    axes.set_ylim(min(means) - margin, max(means) + margin)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    house.percent_axis(axes, "y")


def _ticks(low: float, high: float) -> list[float]:
    """Choose round numbers between two ends for an axis of powers, so far apart as words need."""
    decades = range(int(np.floor(log10(low))), int(np.ceil(log10(high))) + 1)
    found: list[float] = []
    for steps in _STEPS:
        round_numbers = [step * 10.0**power for power in decades for step in steps]
        found = []
        for tick in round_numbers:
            far = not found or log10(tick / found[-1]) >= _APART * log10(high / low)
            if low <= tick <= high and far:
                found.append(tick)
        if len(found) >= _FEWEST:
            break
    return found


def _short(count: float) -> str:
    """Write a round number without the zeros that `numbers.large` keeps behind its point."""
    units: Mapping[float, str] = {
        1e9: _("{value} billion"),
        1e6: _("{value} million"),
        1e3: _("{value} thousand"),
    }
    for unit, text in units.items():
        if count >= unit:
            return text.format(value=numbers.general(count / unit, 4))
    return numbers.general(count, 4)
