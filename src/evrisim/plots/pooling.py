"""Pooled maps side by side, what each kind of pooling keeps, and how it bears a shift."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.plots import house
from evrisim.pooling import METHODS, Comparison, Shift, average_pool, global_average, global_max

CLOSE = 14
"""Windows along a side of the close-up."""

BARS = 8
"""Maps whose global averages and maxima are drawn: the strongest."""

PANEL = 3.8
"""Inches; the side of a close-up."""

BRIGHTEST = 0.995
"""Share of a map's cells that its colours cover; the few brighter ones are drawn as its end."""

Pair = tuple[int, int]

_COLOURS = {"max": house.VERMILION, "average": house.BLUE, "stride": house.GREEN}
_SIGNS = {"max": "s-", "average": "o--", "stride": "^-"}
_MARKS = {"max": 10, "average": 6, "stride": 8}
_HATCHES = {"max": "", "average": "//", "stride": ".."}
_LARGE: dict[Any, Any] = {"font.size": 13, "axes.titlesize": 14, "legend.fontsize": 12}


def names() -> dict[str, str]:
    """Name the kinds of pooling in words."""
    return {
        "max": _("max pooling"),
        "average": _("average pooling"),
        "stride": _("stride only"),
        "global average": _("global average"),
        "global max": _("global max"),
    }


@house.drawn
def pooling(
    maps: np.ndarray,
    found: Comparison,
    shifts: Mapping[str, Sequence[Shift]],
    *,
    map_names: Sequence[str] | None = None,
) -> Figure:
    """Draw one map before and after pooling, a part of it enlarged, and the measurements.

    Args:
        maps: `(rows, columns, channels)`; the one that varies most is shown.
        found: What `pooling.compare` measured on them.
        shifts: What `pooling.compare_shifts` measured on them.
        map_names: One a channel, for the bars; default their numbers.
    """
    with matplotlib.rc_context(_LARGE):
        tall = min(max(PANEL * maps.shape[0] / maps.shape[1], 1), 1.5 * PANEL) + 0.7
        # A small map needs no close-up: its cells can be seen as it is.
        heights = (tall, PANEL, 4.9) if max(found.cells) > CLOSE else (tall, 4.9)
        figure, rows = house.stacked(heights, 4.1 * PANEL)
        chosen = int(maps.std(axis=(0, 1)).argmax())
        one = maps[..., chosen : chosen + 1]
        shown = {"": one}
        for kind, method in METHODS.items():
            shown[kind] = method(one, found.size, stride=found.stride, padding=found.padding)
        whole_maps = _whole(rows[0], shown)
        if len(rows) == 3:
            _enlarged(rows[1], whole_maps, shown, found)
        keeps, moves, rest, whole = rows[-1].subplots(1, 4, width_ratios=(1.7, 1.1, 1.1, 1.1))
        _bars(keeps, found)
        _curves(moves, shifts, "difference", _("Change by a shift"))
        _curves(rest, shifts, "remainder", _("… once moved back"))
        # Colours mean the same in all four.
        rows[-1].legend(*moves.get_legend_handles_labels(), loc="outside lower center", ncols=4)
        _globals(whole, maps, map_names or [str(i) for i in range(maps.shape[-1])])
    return figure


def _whole(row: Any, shown: Mapping[str, np.ndarray]) -> list[Axes]:
    """Show the map and what each kind makes of it, all on one scale of colours."""
    # A few cells outshine all others of a photograph's map; its range would leave it dark.
    low, high = np.quantile(shown[""], (0, BRIGHTEST))
    titles = {"": _("feature map"), **names()}
    all_axes = list(row.subplots(1, 4))
    for axes, (kind, array) in zip(all_axes, shown.items(), strict=True):
        _cells(axes, array, low, high)
        size = "{}×{}".format(*array.shape[:2])
        axes.set_title(f"{titles[kind]}\n{size}, {_range(array)}")
    all_axes[0].set_ylabel(_("the whole map"))
    return all_axes


def _enlarged(
    row: Any, whole: Sequence[Axes], shown: Mapping[str, np.ndarray], found: Comparison
) -> None:
    """Show the same part of each, and frame it in the whole maps."""
    corner, sides = _close_up(shown["max"] - shown["average"])
    cut = _part(shown[""], corner, sides, found.stride)
    all_axes = row.subplots(1, 4)
    for axes, framed, (kind, array) in zip(all_axes, whole, shown.items(), strict=True):
        step = (1, 1) if kind else found.stride
        _cells(axes, _part(array, corner, sides, step), cut.min(), cut.max())
        (top, left), (down, across) = _scaled(corner, step), _scaled(sides, step)
        frame = Rectangle((left - 0.5, top - 0.5), across, down, fill=False, lw=2.5, ec="white")
        framed.add_patch(frame)
    all_axes[0].set_ylabel(_("the white frame"))


def _cells(axes: Axes, array: np.ndarray, low: float, high: float) -> None:
    axes.imshow(array[..., 0], cmap="cividis", vmin=low, vmax=high, interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.grid(visible=False)


def _close_up(gain: np.ndarray) -> tuple[Pair, Pair]:
    """Find where max and average pooling differ most: corner and sides in pooled cells."""
    down, across = (min(CLOSE, side) for side in gain.shape[:2])
    blocks = average_pool(gain, (down, across), stride=1)[..., 0]
    top, left = np.unravel_index(blocks.argmax(), blocks.shape)
    return (int(top), int(left)), (down, across)


def _scaled(pair: Pair, step: Pair) -> Pair:
    return pair[0] * step[0], pair[1] * step[1]


def _part(array: np.ndarray, corner: Pair, sides: Pair, step: Pair) -> np.ndarray:
    (top, left), (down, across) = _scaled(corner, step), _scaled(sides, step)
    return array[top : top + down, left : left + across]


def _range(array: np.ndarray) -> str:
    return _("{low} to {high}").format(
        low=numbers.decimal(float(array.min()), 2), high=numbers.decimal(float(array.max()), 2)
    )


def _bars(axes: Axes, found: Comparison) -> None:
    """Draw the measures that are 1 where nothing is lost, and the noise."""
    measures = {
        "line": _("bright line"),
        "dark_line": _("dark line"),
        "step": _("bright step"),
        "edges": _("edges"),
        "peak": _("peak"),
        "noise": _("noise"),
    }
    height = 0.27
    for place, (kind, kept) in enumerate(found.kept.items()):
        values = [getattr(kept, measure) for measure in measures]
        at = np.arange(len(measures)) + (place - 1) * height
        axes.barh(
            at,
            values,
            height=height,
            color=_COLOURS[kind],
            hatch=_HATCHES[kind],
            edgecolor="white",
        )
        for y, value in zip(at, values, strict=True):
            axes.annotate(
                numbers.decimal(value, 2),
                (value, y),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=10.5,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
            )
    axes.axvline(1, color=house.INK, linestyle=":", linewidth=1.6)
    axes.set_yticks(range(len(measures)), list(measures.values()))
    axes.set_ylim(len(measures) - 0.5, -0.5)
    axes.set_xlim(0, 1.12 * max(1.15, *axes.get_xlim()))
    axes.grid(visible=False, axis="y")
    axes.set_title(_("What is kept (before = 1)"))
    house.number_axis(axes, "x")


def _curves(axes: Axes, shifts: Mapping[str, Sequence[Shift]], measure: str, title: str) -> None:
    for kind, series in shifts.items():
        sign = _SIGNS.get(kind, "d--")
        colour = _COLOURS.get(kind, house.INK)
        if kind == "global max":  # on the same line of zeros as the global average
            continue
        label = names()[kind] if kind in METHODS else _("global")
        cells = [one.cells for one in series]
        values = [getattr(one, measure) for one in series]
        axes.plot(cells, values, sign, color=colour, label=label, markersize=_MARKS.get(kind, 6))
    axes.set_ylim(-0.04, 1.1)
    axes.set_xlabel(_("cells moved"))
    axes.set_title(title)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    house.number_axis(axes, "y")


def _globals(axes: Axes, maps: np.ndarray, map_names: Sequence[str]) -> None:
    highest, mean = global_max(maps), global_average(maps)
    first = np.argsort(-highest, kind="stable")[:BARS]
    at = np.arange(len(first))
    for values, kind, shift in ((highest, "max", -0.2), (mean, "average", 0.2)):
        axes.barh(
            at + shift,
            values[first],
            height=0.38,
            color=_COLOURS[kind],
            hatch=_HATCHES[kind],
            edgecolor="white",
        )
        for y, value in zip(at + shift, values[first], strict=True):
            axes.annotate(
                numbers.decimal(float(value), 2),
                (max(float(value), 0), y),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=10.5,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
            )
    axes.set_yticks(at, [house.label(map_names[i], 14) for i in first])
    axes.set_ylim(len(first) - 0.5, -0.5)
    axes.margins(x=0.25)
    axes.grid(visible=False, axis="y")
    axes.set_title(_("Global pooling"))
    house.number_axis(axes, "x")
