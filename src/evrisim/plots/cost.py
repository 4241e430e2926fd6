"""Where in a model its work, its parameters and its memory are."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.plots import house

if TYPE_CHECKING:  # not at run time: drawing needs no Keras
    from evrisim.cost import Cost, Group

_LINE = 0.29  # inches a bar, so that its name can be read beside it

_LONGEST = 36  # letters of a name; its end tells layers apart


@house.drawn
def cost_by_layer(cost: "Cost", title: str, *, most: int = 24) -> Figure:
    """Draw the shares of MACs, parameters and activations, layer by layer from top to bottom.

    Args:
        cost: What `evrisim.cost.measure` gives.
        title: What the figure is of.
        most: Rows at most; more layers than that are put together by block or stage.
    """
    from evrisim.cost import grouped

    groups = grouped(cost, most)
    figure = house.figure(1.5 + _LINE * len(groups), 10.0)
    figure.suptitle(house.label(title, 90), x=0.01, ha="left", fontweight="bold", fontsize=13)
    panels = figure.subplots(1, 3, sharey=True)
    totals = (cost.macs, cost.parameters, cost.activation_bytes)
    heads = (
        _("MACs: {total}").format(total=_total(cost)),
        _("Parameters: {total}").format(total=numbers.large(cost.parameters)),
        _("Activations: {total}").format(total=mebibytes(cost.activation_bytes)),
    )
    values = (
        [group.macs for group in groups],
        [group.parameters for group in groups],
        [group.activation_bytes for group in groups],
    )
    colours = (house.BLUE, house.VERMILION, house.GREEN)
    for axes, head, total, column, colour in zip(
        panels, heads, totals, values, colours, strict=True
    ):
        _bars(axes, [value / max(total, 1) for value in column], colour)
        axes.set_title(head)
    _marks(panels[0], groups)
    panels[0].set_yticks(range(len(groups)), [_name(group) for group in groups])
    panels[0].set_ylim(len(groups) - 0.4, -0.6)
    if any(group.layers > 1 for group in groups):
        note = _("In brackets: how many layers are put together.")
        figure.supxlabel(note, x=0.01, ha="left", fontsize=9)
    return figure


def mebibytes(count: int) -> str:
    """Write bytes as MiB.

    Example:
        >>> mebibytes(3 * 2**20)
        '3.0 MiB'
    """
    return f"{numbers.decimal(count / 2**20, 1)} MiB"


def _total(cost: "Cost") -> str:
    total = numbers.large(cost.macs)
    return _("at least {total}").format(total=total) if cost.uncounted else total


def _name(group: "Group") -> str:
    name = group.name if len(group.name) <= _LONGEST else "…" + group.name[1 - _LONGEST :]
    name = house.label(name, _LONGEST)
    return f"{name}  ({group.layers})" if group.layers > 1 else name


def _bars(axes: Axes, shares: Sequence[float], colour: str) -> None:
    axes.barh(range(len(shares)), shares, color=colour, height=0.72)
    widest = max(shares, default=0) or 1
    for row, share in enumerate(shares):
        if share:
            axes.text(share + 0.02 * widest, row, numbers.percent(share), va="center", fontsize=9)
    axes.set_xlim(0, 1.3 * widest)
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.grid(False)


def _marks(axes: Axes, groups: Sequence["Group"]) -> None:
    """Put a question mark where work is missing, as no bar would say none."""
    for row, group in enumerate(groups):
        if not group.complete:
            axes.text(0, row, " ?", va="center", fontweight="bold", fontsize=11)
