"""What one convolution layer costs, against the same layer with other kernels and strides."""

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.plots import house


@house.drawn
def one_layer(
    parameters: Mapping[str, int], macs: Mapping[str, int], chosen: tuple[str, str]
) -> Figure:
    """Draw the parameters and the MACs of variants of a layer, the chosen one filled.

    Args:
        parameters: by variant.
        macs: by variant.
        chosen: the variant to fill in each of them.
    """
    figure = house.figure(0.75 + 0.36 * max(len(parameters), len(macs)), 9.2)
    left, right = figure.subplots(1, 2)
    _bars(left, parameters, chosen[0], house.VERMILION)
    left.set_title(_("Parameters"))
    _bars(right, macs, chosen[1], house.BLUE)
    right.set_title(_("MACs for one image"))
    house.spread(figure, w_pad=0.12)
    return figure


def _bars(axes: Axes, counts: Mapping[str, int], chosen: str, colour: str) -> None:
    for place, (name, count) in enumerate(counts.items()):
        mine = name == chosen
        axes.barh(
            place, count, color=colour if mine else "none", edgecolor=colour, lw=1.4, height=0.68
        )
        axes.annotate(
            numbers.large(count),
            (count, place),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontweight="bold" if mine else "normal",
        )
    axes.set_yticks(range(len(counts)), list(counts))
    axes.set_ylim(len(counts) - 0.4, -0.6)
    axes.set_xlim(0, 1.45 * max(counts.values()))
    axes.set_xticks([])
    axes.grid(visible=False)
    for side in ("bottom", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0)
