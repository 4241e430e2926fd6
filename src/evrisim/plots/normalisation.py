"""Which cells share a mean and a variance, what that does to maps, and what a small batch costs."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon
from matplotlib.ticker import FuncFormatter

from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.normalising import BatchNoise, methods, sharing
from evrisim.plots import house

CUBE = (4, 4, 1, 6)
"""Images, rows, columns and channels of the blocks that show which cells go together."""

CUBE_GROUPS = 3

_PALE = "#dfe3e8"
_DEPTH = (0.55, 0.42)
_LARGE: dict[Any, Any] = {"font.size": 13, "axes.titlesize": 14, "legend.fontsize": 12}


def names() -> dict[str, str]:
    """Name the normalisations in words."""
    return {
        "batch": _("batch norm"),
        "layer": _("layer norm"),
        "group": _("group norm"),
        "instance": _("instance norm"),
    }


@house.drawn
def normalisation(
    maps: np.ndarray,
    groups: int,
    dependence: Mapping[str, float],
    noise: Sequence[BatchNoise],
) -> Figure:
    """Draw what each normalisation joins, two images' maps before and after, and the small batch.

    Args:
        maps: `(images, rows, columns, channels)`, at least two images.
        groups: Of group normalisation, for the histograms.
        dependence: What `normalising.batch_dependence` found, by name of the method.
        noise: What `normalising.batch_noise` found.
    """
    with matplotlib.rc_context(_LARGE):
        figure, rows = house.stacked((3.0, 3.7, 4.0), 15.5)
        for axes, (name, normalise) in zip(
            rows[0].subplots(1, 4), methods(CUBE_GROUPS).items(), strict=True
        ):
            _block(axes, sharing(normalise, CUBE))
            axes.set_title(f"{names()[name]}\n{_joined()[name]}", loc="center")
        _histograms(rows[1], maps, groups)
        left, right = rows[2].subplots(1, 2)
        _dependence(left, dependence)
        _noise(right, noise)
    return figure


def _joined() -> dict[str, str]:
    """Say which cells share their statistics."""
    return {
        "batch": _("a channel, in all images"),
        "layer": _("a place, all its channels"),
        "group": _("some channels of an image"),
        "instance": _("a channel of an image"),
    }


def _block(axes: Axes, shared: np.ndarray) -> None:
    """Draw three faces of a block of images × places × channels, the first cell in front."""
    images, places, channels = shared.shape[0], shared.shape[1], shared.shape[3]
    cells = shared[:, :, 0, :]
    for place, channel in np.ndindex(places, channels):  # in front: the first image
        x, y = float(channel), float(-place)
        corners = [(x, y), (x + 1, y), (x + 1, y - 1), (x, y - 1)]
        _face(axes, corners, cells[0, place, channel])
    aside, up = _DEPTH
    for image, channel in np.ndindex(images, channels):  # on top: the first place
        x, y = channel + image * aside, image * up
        corners = [(x, y), (x + 1, y), (x + 1 + aside, y + up), (x + aside, y + up)]
        _face(axes, corners, cells[image, 0, channel])
    for image, place in np.ndindex(images, places):  # at the side: the last channel
        x, y = channels + image * aside, image * up - place
        corners = [(x, y), (x + aside, y + up), (x + aside, y + up - 1), (x, y - 1)]
        _face(axes, corners, cells[image, place, -1])
    axes.text(channels / 2, -places - 0.25, _("channels"), ha="center", va="top")
    axes.text(-0.25, -places / 2, _("places"), ha="right", va="center", rotation=90)
    axes.text(
        channels + images * aside / 2 + 0.3,
        images * up / 2 - places - 0.15,
        _("images"),
        ha="left",
        va="top",
    )
    axes.set_xlim(-1.2, channels + images * aside + 1.2)
    axes.set_ylim(-places - 1.2, images * up + 0.2)
    axes.set_aspect("equal")
    axes.axis("off")


def _face(axes: Axes, corners: list[tuple[float, float]], shared: bool) -> None:
    colour = house.VERMILION if shared else _PALE
    axes.add_patch(Polygon(corners, facecolor=colour, edgecolor="white", linewidth=1.5))


def _histograms(row: Any, maps: np.ndarray, groups: int) -> None:
    """Draw how the values of the quietest and the loudest image lie, before and after."""
    loudness = maps.std(axis=(1, 2, 3))
    chosen = {
        _("quietest image"): (int(loudness.argmin()), house.BLUE, "-"),
        _("loudest image"): (int(loudness.argmax()), house.VERMILION, "--"),
    }
    after = {name: normalise(maps) for name, normalise in methods(groups).items()}
    titles = {"": _("before"), **{name: names()[name] for name in after}}
    all_axes = row.subplots(1, 5)
    for axes, (name, values) in zip(all_axes, {"": maps, **after}.items(), strict=True):
        low, high = np.quantile(values, (0.002, 0.998))
        edges = np.linspace(low, high, 31) if high > low else np.linspace(low - 1, low + 1, 31)
        for label, (image, colour, line) in chosen.items():
            share = np.histogram(values[image], edges)[0] / values[image].size
            axes.stairs(share, edges, color=colour, linestyle=line, linewidth=2.2, label=label)
        axes.set_yscale("log")
        axes.set_title(titles[name])
        house.number_axis(axes, "x")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: _small_share(share)))
        axes.locator_params(axis="x", nbins=4)
    row.supxlabel(_("value of a cell (share of the cells at each value)"), fontsize=13)
    handles, labels = all_axes[0].get_legend_handles_labels()
    row.legend(handles, labels, loc="outside upper center", ncols=2)


def _small_share(share: float) -> str:
    digits = max(0, -int(np.floor(np.log10(max(share, 1e-9)))) - 2)
    return numbers.percent(share, digits)


def _dependence(axes: Axes, dependence: Mapping[str, float]) -> None:
    for place, value in enumerate(dependence.values()):
        axes.barh(place, value, height=0.6, color=house.BLUE)
        axes.annotate(
            numbers.percent(value),
            (value, place),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
        )
    axes.set_yticks(range(len(dependence)), [names()[name] for name in dependence])
    axes.set_ylim(len(dependence) - 0.5, -0.5)
    axes.set_xlim(0, 1.2 * max(0.1, *dependence.values()))
    axes.grid(visible=False, axis="y")
    axes.set_title(_("Change of an image's result without its batch"))
    house.percent_axis(axes, "x")


def _noise(axes: Axes, noise: Sequence[BatchNoise]) -> None:
    sizes = [one.batch_size for one in noise]
    measured = [one.mean_noise for one in noise]
    expected = [one.expected_mean_noise for one in noise]
    axes.plot(sizes, expected, "-", color=house.BLUE, label=_("by the formula"))
    axes.plot(sizes, measured, "o", color=house.VERMILION, markersize=8, label=_("measured"))
    axes.set_xscale("log", base=2)
    axes.set_xticks(sizes, [numbers.whole(size) for size in sizes])
    axes.minorticks_off()
    axes.set_ylim(bottom=0)
    axes.set_xlabel(_("images in a batch"))
    axes.set_ylabel(_("spread, in those of a channel"))
    axes.set_title(_("Batch norm: how unsteady a batch's mean is"))
    axes.legend()
    house.number_axis(axes, "y")
