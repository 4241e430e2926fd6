"""Signals, gradients and fields of nets of several depths: a column for each kind of net."""

from collections.abc import Callable, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evrisim.depth import Case, Field
from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.plots import house

_COLUMN, _ROW = 4.4, 2.5
"""Inches of a panel."""

_SHADES = (0.35, 1.0)
"""How dark the shallowest and the deepest net's line is."""

_STYLES = (":", "-.", "--", (0, (5, 1)), (0, (1, 1)))

_LARGE: dict[Any, Any] = {"font.size": 11, "axes.titlesize": 12.5}


def net_names() -> dict[str, str]:
    """Name the kinds of nets."""
    return {
        "plain": _("plain: no shortcuts"),
        "resnet": _("residual: shortcuts"),
        "preact_resnet": _("residual, version 2"),
    }


@house.drawn
def flows(cases: Sequence[Case]) -> Figure:
    """Draw, layer by layer, gradients before and after training, their agreement, and signals.

    A line is the median over the seeds, and the mean of two neighbouring layers. Each row has one
    scale, so that kinds of nets can be compared; the place of a layer is its share of the way from
    the image to the logits.
    """
    nets = list(dict.fromkeys(case.net for case in cases))
    trained = any(case.end is not None for case in cases)
    rows = _rows(cases, trained=trained)
    with matplotlib.rc_context(_LARGE):
        figure = house.figure(0.7 + _ROW * len(rows), _COLUMN * len(nets))
        grid = figure.subplots(len(rows), len(nets), squeeze=False, sharex=True, sharey="row")
        for column, net in enumerate(nets):
            mine = [case for case in cases if case.net == net]
            for axes, (title, take, look) in zip(grid[:, column], rows, strict=True):
                _lines(axes, mine, take)
                look(axes)
                if column == 0:
                    axes.set_title(title)
            grid[0, column].annotate(
                net_names()[net],
                (0.5, 1.0),
                xycoords="axes fraction",
                xytext=(0, 26),
                textcoords="offset points",
                ha="center",
                fontweight="bold",
                fontsize=13.5,
            )
            grid[-1, column].set_xlabel(_("from the image (left) to the logits (right)"))
        handles, names = grid[0, 0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=len(handles))
    return figure


Take = Callable[[Case], np.ndarray | None]
Row = tuple[str, Take, Callable[[Axes], None]]


def _rows(cases: Sequence[Case], *, trained: bool) -> list[Row]:
    def of_start(name: str) -> Take:
        return lambda case: getattr(case.start, name)

    def of_end(name: str) -> Take:
        return lambda case: None if case.end is None else getattr(case.end, name)

    found: list[Row] = [
        (_("gradient norm, untrained"), of_start("gradient"), _logarithmic),
        (_("do batches agree on the gradient? untrained"), of_start("agreement"), _cosine),
        (_("spread of what goes in, untrained"), of_start("std"), _logarithmic),
    ]
    if trained:
        steps = max(len(case.losses) for case in cases)
        after = _("after {steps} steps").format(steps=numbers.whole(steps))
        found += [
            (_("gradient norm, {after}").format(after=after), of_end("gradient"), _logarithmic),
            (
                _("do batches agree on the gradient? {after}").format(after=after),
                of_end("agreement"),
                _cosine,
            ),
        ]
    return found


def _lines(axes: Axes, cases: Sequence[Case], take: Take) -> None:
    depths = list(dict.fromkeys(case.depth for case in cases))
    shades = np.linspace(*_SHADES, max(len(depths), 2))[-len(depths) :]
    styles = [*_STYLES[: len(depths) - 1], "-"]
    for depth, shade, style in zip(depths, shades, styles, strict=True):
        found = [take(case) for case in cases if case.depth == depth]
        seen = [one for one in found if one is not None]
        if not seen:
            continue
        values = _paired(np.median(seen, axis=0))
        axes.plot(
            np.linspace(0, 1, len(values)),
            values,
            color=house.BLUE,
            alpha=float(shade),
            ls=style,
            lw=1.2 + 1.2 * float(shade),
            label=_("{depth} layers").format(depth=depth),
        )


def _paired(values: np.ndarray) -> np.ndarray:
    """Take means of two neighbours: the first layer of a block differs from its second."""
    return (values[:-1] + values[1:]) / 2 if len(values) > 1 else values


def _logarithmic(axes: Axes) -> None:
    axes.set_yscale("log")
    axes.yaxis.set_minor_formatter(matplotlib.ticker.NullFormatter())
    _ends(axes)


def _cosine(axes: Axes) -> None:
    axes.set_ylim(-0.15, 1.0)
    axes.axhline(0, color=house.INK, lw=0.8)
    axes.set_yticks((0, 0.5, 1.0), (_("0: noise"), numbers.decimal(0.5, 1), _("1: all alike")))
    _ends(axes)


def _ends(axes: Axes) -> None:
    axes.set_xlim(-0.02, 1.02)
    axes.set_xticks((0, 0.5, 1), ("", "", ""))


@house.drawn
def fields(found: Sequence[Field]) -> Figure:
    """Draw where what the middle cell of the first stage sees comes from, a row for each net."""
    nets = list(dict.fromkeys(one.net for one in found))
    depths = list(dict.fromkeys(one.depth for one in found))
    with matplotlib.rc_context(_LARGE):
        figure = house.figure(0.5 + 2.55 * len(nets), 2.25 * len(depths))
        grid = figure.subplots(len(nets), len(depths), squeeze=False)
        for one in found:
            axes = grid[nets.index(one.net), depths.index(one.depth)]
            _heat(axes, one)
            if one.net == nets[0]:
                axes.set_title(_("{depth} layers").format(depth=one.depth), loc="center")
            if one.depth == depths[0]:
                axes.set_ylabel(net_names()[one.net], fontweight="bold")
    return figure


def _heat(axes: Axes, one: Field) -> None:
    heat = one.effective.heat
    side = heat.shape[0]
    top = float(heat.max())
    axes.imshow(np.sqrt(heat / top) if top else heat, cmap="inferno", vmin=0, vmax=1)
    for size, colour in ((one.theoretical, "white"), (one.effective.side, house.GREEN)):
        first = (side - size) / 2 - 0.5
        axes.add_patch(
            matplotlib.patches.Rectangle(
                (first, first), size, size, fill=False, edgecolor=colour, lw=1.4
            )
        )
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.set_xlabel(
        _("field {theoretical}, most from {effective}").format(
            theoretical=one.theoretical, effective=one.effective.side
        )
    )
