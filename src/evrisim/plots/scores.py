"""One measured share beside what chance reaches."""

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.plots import house

HIGH = 0.8
"""A bar that reaches so far has its number inside."""


@house.drawn
def score(value: float, low: float, high: float, chance: float) -> Figure:
    """Draw a share of right answers (0–1) with its interval, and what chance reaches."""
    figure = house.figure(1.35)
    axes = figure.subplots()
    axes.barh(0, value, height=0.5, color=house.BLUE, alpha=0.3)
    axes.errorbar(
        value,
        0,
        xerr=[[value - low], [high - value]],
        fmt="o",
        color=house.BLUE,
        capsize=6,
        markersize=7,
    )
    axes.axvline(chance, color=house.VERMILION, linestyle="--", linewidth=1.6)
    axes.annotate(
        _("always the commonest class: {share}").format(share=numbers.percent(chance)),
        (chance, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(5 if chance < 0.5 else -5, -2),
        textcoords="offset points",
        ha="left" if chance < 0.5 else "right",
        va="top",
        fontsize=9,
    )
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    _scale(axes, (-0.45, 0.95))
    return figure


@house.drawn
def faithfulness(measured: Mapping[str, tuple[float, float]]) -> Figure:
    """Draw scores of explanations as bars, each with a mark where a blind map would be.

    Args:
        measured: name of the score to (score, chance), each 0–1.
    """
    figure = house.figure(1.2 + 0.65 * len(measured))
    axes = figure.subplots()
    for place, (reached, chance) in enumerate(measured.values()):
        axes.barh(place, reached, height=0.6, color=house.BLUE, alpha=0.85)
        name = "_" if place else _("chance: {share}").format(share=numbers.percent(chance))
        axes.plot([chance] * 2, [place - 0.4, place + 0.4], color=house.VERMILION, lw=3, label=name)
        outside = reached < HIGH
        axes.annotate(
            numbers.percent(reached),
            (reached, place),
            xytext=(5 if outside else -5, 0),
            textcoords="offset points",
            ha="left" if outside else "right",
            va="center",
            color=house.INK if outside else "white",
        )
    axes.set_yticks(range(len(measured)), list(measured))
    figure.legend(loc="outside upper left")
    _scale(axes, (len(measured) - 0.5, -0.5))
    return figure


def _scale(axes: Axes, limits: tuple[float, float]) -> None:
    axes.set_ylim(*limits)
    axes.set_xlim(-0.005, 1.005)
    axes.grid(visible=False, axis="y")
    house.percent_axis(axes, "x")
