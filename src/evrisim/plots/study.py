"""What a study found: paired differences, and every arm's seeds."""

from collections.abc import Sequence
from math import isfinite
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator

from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.plots import house
from evrisim.plots.interactions import effects
from evrisim.plots.trade_off import pareto
from evrisim.study import wording
from evrisim.study.results import ArmResult, Comparison, Findings

__all__ = ["arms", "differences", "effects", "pareto"]

_ROW = 0.95  # inches a comparison
_LANE = (0.42, 0.92)  # of a row, below its words: dots, interval, claimed region
_SEEDS = (0.47, 0.67)
_MEAN = 0.80
_REACH = 0.75  # intervals may pass the seeds by this share of what they span; then they are cut

_ARM = 0.62  # inches an arm
_LONGEST = 17  # letters of each side of a comparison


@house.drawn
def differences(findings: Findings) -> Figure:
    """Draw every comparison in percentage points: seeds, mean with interval, claim, verdict.

    Each seed is a dot, at the same height in every row. The bar is the 95 % interval of the mean;
    where it passes the edge it ends in an arrow. The region for which the claim would be true is
    shaded; it goes on beyond the edge where the claim does.

    Args:
        findings: Of a study.
    """
    rows = findings.comparisons
    figure = house.figure(1.15 + _ROW * max(len(rows), 1))
    axes = figure.subplots()
    seeds = sorted({seed for one in rows for seed in one.seeds})
    limits = _limits(rows)
    axes.set_xlim(*limits)
    axes.set_ylim(max(len(rows), 1), 0)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 5, 10]))
    for place, one in enumerate(rows):
        _head(axes, place, one)
        _lane(axes, place, one.claim.region if one.claim else None)
        _dots(axes, place, one, seeds)
        _bar(axes, place, one)
    axes.grid(visible=False)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(_("difference in top-1, percentage points"))
    house.number_axis(axes, "x")
    _explain(figure, any(one.claim for one in rows))
    return figure


def _limits(rows: Sequence[Comparison]) -> tuple[float, float]:
    """Find ends of the axis that show every seed, zero and where claims begin."""
    shown = [0.0]
    for one in rows:
        shown += list(100 * one.differences)
        if one.claim:
            shown += [100 * end for end in one.claim.region if isfinite(end)]
    low, high = min(shown), max(shown)
    span = (high - low) or 2.0
    ends = [
        100 * end for one in rows if one.interval for end in (one.interval.low, one.interval.high)
    ]
    low = min(low, max(min(ends, default=low), low - _REACH * span))
    high = max(high, min(max(ends, default=high), high + _REACH * span))
    margin = 0.07 * ((high - low) or 2.0)
    return low - margin, high + margin


def _head(axes: Axes, place: int, one: Comparison) -> None:
    """Write what is compared and the verdict, below it the claim and the mean in numbers."""
    colour = {"supported": house.GREEN, "refuted": house.VERMILION}.get(one.verdict or "")
    across = axes.get_yaxis_transform()
    claim = _("claimed: {claim}").format(claim=wording.claimed(one.claim))
    small: dict[str, Any] = {"transform": across, "va": "center", "fontsize": 8.8}
    large: dict[str, Any] = {"transform": across, "va": "center", "fontweight": "bold"}
    name = house.label(wording.compared(one, _LONGEST), 3 * _LONGEST)
    axes.text(0, place + 0.13, name, **large)
    if one.claim:
        verdict = wording.verdict(one.verdict)
        axes.text(1, place + 0.13, verdict, ha="right", color=colour or house.INK, **large)
    axes.text(0, place + 0.32, claim if one.claim else wording.claimed(None), **small)
    axes.text(1, place + 0.32, _in_numbers(one), ha="right", **small)


def _in_numbers(one: Comparison) -> str:
    if not len(one.differences):
        return _("no pair of seeds")
    mean = wording.signed(float(np.mean(one.differences)))
    if one.interval is None:
        return _("{mean}; one pair").format(mean=mean)
    low, high = wording.signed(one.interval.low), wording.signed(one.interval.high)
    return f"{mean}  [{low} … {high}]"


def _lane(axes: Axes, place: int, region: tuple[float, float] | None) -> None:
    """Draw the ground of a row: its grid, zero, and the claimed region."""
    low, high = axes.get_xlim()
    top, bottom = (place + share for share in _LANE)
    frame = Rectangle(
        (low, top), high - low, bottom - top, facecolor=house.INK, alpha=0.045, lw=0, zorder=0
    )
    axes.add_patch(frame)
    ticks = [tick for tick in axes.get_xticks() if low < tick < high]
    axes.vlines(ticks, top, bottom, color=house.INK, alpha=0.15, lw=0.8, zorder=0.5)
    axes.vlines(0, top, bottom, color=house.INK, lw=1.4, zorder=1.5)
    if region is None:
        return
    start, end = max(100 * region[0], low), min(100 * region[1], high)
    shade = Rectangle(
        (start, top), end - start, bottom - top, facecolor=house.GREEN, alpha=0.2, lw=0, zorder=1
    )
    shade.set_gid(f"claimed-{place}")
    axes.add_patch(shade)
    edges = [100 * edge for edge in region if low < 100 * edge < high]
    axes.vlines(edges, top, bottom, color=house.GREEN, lw=1.4, ls="--", zorder=1.2)


def _dots(axes: Axes, place: int, one: Comparison, seeds: Sequence[int]) -> None:
    heights = np.linspace(*_SEEDS, len(seeds)) if len(seeds) > 1 else [np.mean(_SEEDS)]
    at = [place + heights[seeds.index(seed)] for seed in one.seeds]
    axes.plot(
        100 * one.differences, at, "o", color=house.BLUE, ms=5.5, mec="white", mew=0.6, zorder=3
    )


def _bar(axes: Axes, place: int, one: Comparison) -> None:
    if not len(one.differences):
        return
    mean = 100 * float(np.mean(one.differences))
    at, (low, high) = place + _MEAN, axes.get_xlim()
    colour = house.VERMILION
    if one.interval is not None:
        start, end = 100 * one.interval.low, 100 * one.interval.high
        inside = max(start, low), min(end, high)
        axes.plot(inside, [at, at], "-", color=colour, lw=3, solid_capstyle="butt", zorder=3)
        for edge, limit, cut, arrow in (
            (start, low, start < low, "<"),
            (end, high, end > high, ">"),
        ):
            sign: dict[str, Any] = {"marker": "|", "ms": 9, "mew": 2}
            if cut:
                sign = {"marker": arrow, "ms": 8}
            where = limit if cut else edge
            axes.plot(where, at, color=colour, ls="", zorder=3, clip_on=False, **sign)
    axes.plot(mean, at, "D", color=colour, ms=6.5, mec="white", mew=0.7, zorder=4)


def _explain(figure: Figure, claims: bool) -> None:
    handles: list[Line2D | Patch] = [
        Line2D([], [], ls="", marker="o", color=house.BLUE, label=_("one seed")),
        Line2D([], [], marker="D", color=house.VERMILION, lw=3, label=_("mean, 95 % interval")),
    ]
    if claims:
        handles.append(Patch(facecolor=house.GREEN, alpha=0.3, label=_("claimed")))
    figure.legend(
        handles=handles,
        loc="outside upper left",
        ncols=3,
        handlelength=1.6,
        columnspacing=1.1,
        handletextpad=0.5,
    )


@house.drawn
def arms(findings: Findings) -> Figure:
    """Draw the top-1 of every arm and seed, the same seed joined by a line, and their means.

    Shows the validation split as long as no arm has been judged on the test split.

    Args:
        findings: Of a study.
    """
    on_test = any(arm.test is not None for arm in findings.arms)
    columns = [arm.test if on_test else arm.validation for arm in findings.arms]
    seeds = sorted({seed for arm in findings.arms for seed in arm.seeds})
    figure = house.figure(1.15 + _ARM * len(columns))
    axes = figure.subplots()
    table = np.full((len(columns), len(seeds)), np.nan)
    for row, (arm, values) in enumerate(zip(findings.arms, columns, strict=True)):
        if values is not None:
            table[row, [seeds.index(seed) for seed in arm.seeds]] = values
    for column in range(len(seeds)):
        shift = 0.16 * (column / max(len(seeds) - 1, 1) - 0.5)
        at = np.arange(len(columns)) - 0.14 + shift
        axes.plot(table[:, column], at, "-", color=house.INK, alpha=0.3, lw=0.9, zorder=1.5)
        axes.plot(
            table[:, column], at, "o", color=house.BLUE, ms=5.5, mec="white", mew=0.6, zorder=3
        )
    for row, values in enumerate(table):
        _mean(axes, row, values[np.isfinite(values)])
    _name_arms(axes, findings.arms)
    axes.set_xlabel(_("top-1 on test") if on_test else _("best top-1 on validation"))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4, min_n_ticks=3, steps=[1, 2, 5, 10]))
    house.percent_axis(axes, "x")
    _explain_arms(figure)
    return figure


def _mean(axes: Axes, row: int, values: np.ndarray) -> None:
    beside: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "va": "center"}
    if not len(values):
        axes.text(0.5, row, _("no training done"), ha="center", fontsize=9, **beside)
        return
    mean = float(values.mean())
    text = numbers.percent(mean, 2)
    if len(values) > 1:
        spread = float(values.std(ddof=1))
        text += f"\n± {numbers.decimal(100 * spread, 2)}"
        ends = [mean - spread, mean + spread]
        axes.plot(ends, [row + 0.2] * 2, "|-", color=house.VERMILION, ms=8, lw=2.2, zorder=3)
    axes.plot(mean, row + 0.2, "D", color=house.VERMILION, ms=6.5, mec="white", mew=0.7, zorder=4)
    axes.text(1.03, row, text, fontsize=9, linespacing=1.3, **beside)


def _name_arms(axes: Axes, given: Sequence[ArmResult]) -> None:
    axes.set_yticks(range(len(given)), [_folded(arm.name) for arm in given], fontsize=9)
    axes.set_ylim(len(given) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.hlines(
        np.arange(1, len(given)) - 0.5,
        0,
        1,
        color=house.INK,
        alpha=0.12,
        lw=0.8,
        transform=axes.get_yaxis_transform(),
    )


def _folded(name: str, longest: int = 15) -> str:
    """Break a long name once, at a hyphen or space near its middle where it has one."""
    shown = house.visible(name)
    if len(shown) <= longest:
        return house.label(shown)
    breaks = [at + 1 for at, letter in enumerate(shown) if letter in "- _" and at < longest]
    at = min(breaks, key=lambda place: abs(place - len(shown) / 2), default=longest)
    return f"{house.label(shown[:at], longest + 1)}\n{house.label(shown[at:], longest + 1)}"


def _explain_arms(figure: Figure) -> None:
    handles = [
        Line2D([], [], marker="o", color=house.BLUE, mec="white", lw=0, label=_("one seed")),
        Line2D([], [], color=house.INK, alpha=0.4, lw=0.9, label=_("the same seed")),
        Line2D([], [], marker="D", color=house.VERMILION, label=_("mean ± std. deviation")),
    ]
    figure.legend(
        handles=handles,
        loc="outside upper left",
        ncols=3,
        handlelength=1.5,
        columnspacing=1.0,
        handletextpad=0.5,
    )
