"""What accuracy costs: arms by MACs, parameters, seconds of training and measured latency."""

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
from evrisim.plots.severity import interval_half
from evrisim.statistics import pareto_front
from evrisim.study.results import ArmResult, Findings

_STEPS: tuple[tuple[float, ...], ...] = ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7))
_FEWEST = 3  # marks at an axis
_APART = 0.27  # of the axis, between two marks
_LINE = 0.21  # inches

PANELS = ("macs", "parameters")
TIMED = ("seconds", "latency_1", "latency_128")
"""Panels of what was measured on a machine: of a training, and of a batch in use."""

NAMED, LETTERS = 6, 90
"""Up to so many arms, with so many letters together, the names stand at the points."""


@dataclass(frozen=True)
class _Point:
    """An arm in one panel; `half` of its interval over seeds, and the range of its cost."""

    name: str
    cost: float
    mean: float
    half: float
    low: float
    high: float


@house.drawn
def pareto(findings: Findings, *, panels: Sequence[str] = PANELS) -> Figure:
    """Draw mean top-1 on test against MACs and against parameters, each with its front.

    Vertical bars are 95 % intervals over the seeds, horizontal ones the range of what was measured
    (trainings of all seeds, rounds of latency). On the front are the arms that no other arm beats
    in both. The front over MACs is that of `findings`; others are found here, in the same way. Of
    many arms, or arms with long names, numbers stand at the points and the names below.

    Args:
        findings: Of a study; arms without a result on test are left out.
        panels: Some of `PANELS` and `TIMED`; latencies only where they were measured.
    """
    measured = [arm for arm in findings.arms if arm.test is not None and len(arm.test)]
    listed = len(measured) > NAMED or sum(len(arm.name) for arm in measured) > LETTERS
    room = _LINE * -(-len(measured) // 2) if listed else 0
    figure = house.figure(0.7 + 3.25 * len(panels) + room)
    column = figure.subplots(len(panels), 1, squeeze=False)[:, 0]
    points = {panel: [_point(arm, panel) for arm in measured] for panel in panels}
    fronts = {
        panel: set(findings.pareto) if panel == "macs" else _front(points[panel])
        for panel in panels
    }
    for axes, panel in zip(column, panels, strict=True):
        _panel(axes, points[panel], fronts[panel])
        title, label = _names()[panel]
        axes.set_title(title)
        axes.set_xlabel(label)
    if measured:
        figure.legend(handles=_legend(), loc="outside upper left", handlelength=2.2)
    if listed:
        _list(figure, [arm.name for arm in measured])
    figure.draw_without_rendering()  # the places of the points are known from here on
    for axes, panel in zip(column, panels, strict=True):
        _name(axes, points[panel], fronts[panel], listed=listed)
    return figure


def _name(axes: Axes, points: Sequence[_Point], front: set[str], *, listed: bool) -> None:
    names = [
        str(place + 1) if listed else house.label(one.name) for place, one in enumerate(points)
    ]
    places = [(float(one.cost), one.mean) for one in points]
    stairs = _stairs([one for one in points if one.name in front])
    name_points(axes, names, places, avoid=[stairs])


def _names() -> dict[str, tuple[str, str]]:
    """Give each panel's title and what its axis is."""
    return {
        "macs": (_("Accuracy and work"), _("MACs for one image")),
        "parameters": (_("Accuracy and size"), _("parameters")),
        "seconds": (_("Accuracy and training"), _("seconds a training, measured here")),
        "latency_1": (_("Accuracy and one image"), _("milliseconds for 1 image, measured here")),
        "latency_128": (
            _("Accuracy and many images"),
            _("milliseconds for 128 images, measured here"),
        ),
    }


def _point(arm: ArmResult, panel: str) -> _Point:
    assert arm.test is not None
    if panel == "seconds":
        cost, low, high = (float(take(arm.seconds)) for take in (np.mean, np.min, np.max))
    elif panel in TIMED:
        cost, low, high = (1000 * one for one in arm.latency[int(panel.rpartition("_")[2])])
    else:
        cost = low = high = max(getattr(arm, panel), 1)
    half = interval_half(arm.test)
    return _Point(arm.name, cost, float(np.mean(arm.test)), half, low, high)


def _front(points: Sequence[_Point]) -> set[str]:
    gains, costs = (np.array([getattr(one, what) for one in points]) for what in ("mean", "cost"))
    return {one.name for one, on in zip(points, pareto_front(gains, costs), strict=True) if on}


def _panel(axes: Axes, points: Sequence[_Point], front: set[str]) -> None:
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
        bars: dict[str, Any] = {"color": colour, "lw": 1.2, "alpha": 0.6, "zorder": 2}
        axes.vlines(
            costs, [p.mean - p.half for p in group], [p.mean + p.half for p in group], **bars
        )
        axes.hlines(means, [p.low for p in group], [p.high for p in group], **bars)
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
    ends = [one.mean + sign * one.half for one in points for sign in (-1, 1)]
    margin = max(0.2 * (max(means) - min(means)), 0.002)
    # Intervals of two seeds are so wide that they would press all points into a line.
    low_end, high_end = (
        max(min(ends), min(means) - 3 * margin),
        min(max(ends), max(means) + 3 * margin),
    )
    low_end, high_end = min(low_end, min(means) - margin), max(high_end, max(means) + margin)
    # No share lies below 0 or above 1; a point at such an end keeps room for its mark.
    axes.set_ylim(
        low_end if min(means) < margin / 2 else max(low_end, 0.0),
        high_end if max(means) > 1 - margin / 2 else min(high_end, 1.0),
    )
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
