"""The stages of an input pipeline as bars, and training with and without prefetching over time."""

from collections.abc import Iterable
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.pipeline import Course, Stages
from evrisim.pipeline.saying import milliseconds
from evrisim.pipeline.stages import Span
from evrisim.plots import house

TURNS = 4
"""Turns of the training loop that are drawn, of the slower of the two."""

_WIDTH = 9.0
_LARGE: dict[Any, Any] = {"font.size": 12, "axes.titlesize": 13, "legend.fontsize": 11.5}
_PREPARING, _STEP = house.BLUE, house.VERMILION
_WAIT: dict[str, Any] = {"facecolor": "white", "edgecolor": house.INK, "hatch": "xxxx"}
_ROWS = {"preparing": 0.0, "training": 1.25}
_TALL = 0.62


def stage_names() -> dict[str, str]:
    """Name the stages in words, in the order in which an image meets them."""
    return {
        "decode": _("decode the files"),
        "cache": _("or read the cache"),
        "gather": _("order and batch"),
        "augment": _("augment"),
        "step": _("training step"),
    }


@house.drawn
def pipeline(found: Stages) -> Figure:
    """Draw what each stage takes, and some turns of the loop without and with prefetching."""
    with matplotlib.rc_context(_LARGE):
        figure, (above, below) = house.stacked((3.1, 4.3), _WIDTH)
        _bars(above.subplots(), found)
        shown = (found.courses[0], found.courses[-1])
        length = max(one.moments[:TURNS][-1].done for one in shown)
        both = below.subplots(2, 1, sharex=True)
        for axes, one in zip(both, shown, strict=True):
            _timeline(axes, one, 1000 * length)
        both[-1].set_xlabel(_("milliseconds"))
        below.legend(handles=_legend(), loc="outside lower center", ncols=3)
    return figure


def _bars(axes: Axes, found: Stages) -> None:
    names = stage_names()
    colours = {"step": _STEP, "gather": _PREPARING, "augment": _PREPARING}
    for place, key in enumerate(names):
        spread = getattr(found, key)
        value, low, high = (1000 * one for one in (spread.median, spread.low, spread.high))
        once = key not in colours
        axes.barh(
            place,
            value,
            height=_TALL,
            color="white" if once else colours[key],
            edgecolor=house.INK if once else "none",
            hatch="///" if once else "",
        )
        axes.plot([low, high], [place, place], color=house.INK, linewidth=1.6)
        axes.annotate(
            milliseconds(spread.median) if high else "0",
            (high, place),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
        )
    axes.set_yticks(range(len(names)), list(names.values()))
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(0, 1.12 * max(1000 * getattr(found, key).high for key in names))
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(_("milliseconds a batch (hatched: once, not in each epoch)"))
    axes.set_title(
        _("{model}, {batch} images a batch: what each stage takes").format(
            model=house.label(found.model), batch=numbers.whole(found.batch_size)
        )
    )
    house.number_axis(axes, "x")


def _timeline(axes: Axes, one: Course, length: float) -> None:
    """Draw two rows over milliseconds: batches being prepared; waits and steps, by number."""
    _spans(axes, _ROWS["preparing"], one.preparing, length, color=_PREPARING, alpha=0.8)
    waits = [(turn.asked, turn.got) for turn in one.moments]
    _spans(axes, _ROWS["training"], waits, length, numbered=False, **_WAIT)
    steps = [(turn.got, turn.done) for turn in one.moments]
    _spans(axes, _ROWS["training"], steps, length, facecolor=_STEP, edgecolor="white", alpha=0.8)
    axes.set_yticks(list(_ROWS.values()), (_("preparing"), _("training")))
    axes.set_ylim(1.9, -0.8)
    axes.set_xlim(0, length)
    axes.grid(visible=False, axis="y")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8))
    house.number_axis(axes, "x")
    axes.set_title(_title(one))


def _spans(
    axes: Axes,
    row: float,
    spans: Iterable[Span],
    length: float,
    *,
    numbered: bool = True,
    **look: Any,
) -> None:
    """Draw spans of seconds as bars of milliseconds, with the numbers of their batches above."""
    for number, (began, ended) in enumerate(spans, start=1):
        left, right = max(1000 * began, 0.0), min(1000 * ended, length)
        if right <= left:
            continue
        axes.barh(row, right - left, left=left, height=_TALL, **look)
        if numbered:
            axes.annotate(
                str(number),
                ((left + right) / 2, row - _TALL / 2),
                xytext=(0, 2),
                textcoords="offset points",
                ha="center",
                fontsize=10.5,
            )


def _title(one: Course) -> str:
    text = (
        _("{ahead} batches ahead: {share} of the time is waiting")
        if one.ahead
        else _("No prefetching: {share} of the time is waiting")
    )
    return text.format(ahead=one.ahead, share=numbers.percent(one.waiting.median))


def _legend() -> list[Patch]:
    return [
        Patch(color=_PREPARING, alpha=0.8, label=_("preparing a batch")),
        Patch(label=_("waiting for it"), **_WAIT),
        Patch(color=_STEP, alpha=0.8, label=_("training step")),
    ]
