"""How far heat maps can be trusted: what pixels and weights do when they go."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evrisim.messages import translate as _
from evrisim.plots import house
from evrisim.plots.courses import COLOURS, LARGE, STYLES

if TYPE_CHECKING:
    from evrisim.explain import Removal, Trust


@house.drawn
def trust(found: "Sequence[Trust]") -> Figure:
    """Draw three panels: hot pixels deleted, hot pixels inserted, weights shuffled.

    Below the dashed grey line of random maps is good where pixels are deleted, above it where they
    come. Where weights are shuffled a curve should fall.

    Args:
        found: One a method, all of the same model and images.
    """
    with matplotlib.rc_context(LARGE):
        rows = -(-len(found) // 4)
        figure = house.figure(4.2 + 0.28 * rows, 12.5)
        gone, come, shuffled = figure.subplots(1, 3)
        _removed(gone, [_named(one, "deletion") for one in found])
        _removed(come, [_named(one, "insertion") for one in found])
        for place, one in enumerate(found):
            steps = range(len(one.sanity.correlation) + 1)
            shuffled.plot(
                steps,
                (1, *one.sanity.correlation),
                marker="o",
                label=one.method,
                **_look(place),
            )
        layers = found[0].sanity.layers
        shuffled.set_xticks(range(len(layers) + 1), ["0", *map(str, layers)])
        shuffled.axhline(0, color=house.INK, lw=0.8)
        gone.set_title(_("Hottest pixels deleted: should fall"))
        come.set_title(_("Hottest pixels inserted: should rise"))
        shuffled.set_title(_("Weights shuffled: should fall"))
        for axes in (gone, come):
            axes.set_xlabel(_("share of the pixels"))
            axes.set_ylabel(_("probability of the class"))
            house.percent_axis(axes, "x")
            house.percent_axis(axes, "y")
        shuffled.set_xlabel(_("layers shuffled, from the end"))
        shuffled.set_ylabel(_("rank correlation with the map before"))
        handles, names = shuffled.get_legend_handles_labels()
        grey, _names = gone.get_legend_handles_labels()
        figure.legend(
            [*handles, grey[0]],
            [*map(house.label, names), _("random maps")],
            loc="outside lower center",
            ncols=5,
            handlelength=3,
        )
    return figure


def _named(one: "Trust", name: str) -> "Removal":
    return next(part for part in one.removals if part.name == name)


def _removed(axes: Axes, found: "Sequence[Removal]") -> None:
    chance = np.mean([one.chance_curve for one in found], axis=0)
    axes.plot(found[0].shares, chance, color="0.5", ls="--", lw=2, label="chance")
    for place, one in enumerate(found):
        axes.plot(one.shares, one.curve, **_look(place))


def _look(place: int) -> dict[str, Any]:
    return {"color": COLOURS[place % len(COLOURS)], "ls": STYLES[place // len(COLOURS) % 4]}
