"""What layers make of an image: their feature maps, learned kernels, exciting images."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.plots import house, signed

if TYPE_CHECKING:  # not at run time: drawing needs no Keras
    from evrisim.features import Exciting, FeatureMaps, Kernels

ACTIVE = "cividis"
"""Colours of what is never negative; signed values have those of `signed`."""

# Inches. A figure is about as wide as a slide, so that letters of ten points can be read.
_SIDE, _GAP, _MARGIN, _BAR = 1.4, 0.14, 0.3, 0.95
_LINE, _HEAD, _CAPTION = 0.26, 0.76, 0.27
_ACROSS = 8


@house.drawn
def feature_maps(
    image: np.ndarray,
    found: Sequence["FeatureMaps"],
    *,
    title: str = "",
    shown: int = 8,
    by: str = "mean",
) -> Figure:
    """Draw an image and the strongest maps that layers make of it, one block a layer.

    All maps of a layer are drawn on one scale, written beside them: from 0 (dark blue) to the
    largest value shown (yellow), or, where a layer gives negative values too, from blue through
    white for 0 to orange. Every cell of a map is a square of one colour.

    Args:
        image: `(height, width, 1 or 3)` uint8.
        found: maps of that image alone, or of several with it as the first.
        title: what was looked at with what, one line.
        shown: maps to show for each layer, the strongest first.
        by: measure of strength, one of `features.MEASURES`; the percentage under a map is its
            strength relative to the layer's strongest.
    """
    heights = [_block_height(one.maps.shape[1:], shown) for one in found]
    picture_high = 1.6 * _SIDE * min(2.0, image.shape[0] / image.shape[1])
    legend = _legend(by)
    head = max(picture_high, 0.6 + len(legend) * _LINE) + 2 * _MARGIN
    sheet = _Sheet(head + sum(heights))
    axes = sheet.cell(_MARGIN, _MARGIN, 1.6 * _SIDE, picture_high)
    _show(axes, image)
    beside = _MARGIN + 1.6 * _SIDE + 0.3
    sheet.text(beside, _MARGIN + 0.1, house.label(title, 70), size=16, weight="bold")
    for number, line in enumerate(legend):
        sheet.text(beside, _MARGIN + 0.6 + number * _LINE, line)
    top = head
    for one, height in zip(found, heights, strict=True):
        _draw_block(sheet, top, one, shown, by)
        top += height
    return sheet.figure


@house.drawn
def learned_kernels(kernels: "Kernels", *, shown: int = 64) -> Figure:
    """Draw the kernels of a layer: in colour where they take one, else signed, channel by channel.

    Kernels over red, green and blue are pictures: middle grey is 0, and all share one scale.
    Kernels over one channel are drawn from blue through white for 0 to orange. Of kernels over more
    channels each row is a filter and each column a channel; the first 8 and 16 are drawn.

    Args:
        kernels: as `features.learned_kernels` gives them.
        shown: filters to show, the first ones.
    """
    _rows, _columns, channels, filters = kernels.kernels.shape
    across = 16 if channels in (1, 3) else min(16, channels)
    down = min(filters, shown) if channels in (1, 3) else min(filters, 8)
    cells, captions = _kernel_cells(kernels, across, down)
    side = 0.76
    sheet = _Sheet(_MARGIN + _HEAD + -(-len(cells) // across) * (side + _CAPTION) + _MARGIN)
    scale = numbers.general(kernels.scale)
    sheet.text(_MARGIN, _MARGIN, _kernels_title(kernels), size=14, weight="bold")
    meaning = (
        _("one scale for all: middle grey is 0, full colour {scale}, no colour −{scale}")
        if kernels.in_colour
        else _("one scale for all: white is 0, orange up to {scale}, blue down to −{scale}")
    )
    sheet.text(
        _MARGIN, _MARGIN + _LINE + 0.06, meaning.format(scale=scale) + _part(kernels, down, across)
    )
    for place, (cell, caption) in enumerate(zip(cells, captions, strict=True)):
        row, column = divmod(place, across)
        left = _MARGIN + column * (side + _GAP / 2)
        axes = sheet.cell(left, _MARGIN + _HEAD + row * (side + _CAPTION), side, side)
        axes.imshow(cell, **({} if kernels.in_colour else _signed(kernels.scale)))
        _caption(axes, caption)
    return sheet.figure


@house.drawn
def exciting_images(
    images: np.ndarray,
    found: "Exciting",
    *,
    title: str = "",
    maps: Sequence[int] | None = None,
    names: Sequence[str] | None = None,
    boxes: np.ndarray | None = None,
) -> Figure:
    """Draw the images that excite maps of a layer most, the exciting place of each in a box.

    Args:
        images: the data set `found` speaks of, `(n, height, width, 1 or 3)` uint8.
        found: as `features.most_exciting` gives it.
        title: what was looked at with what, one line.
        maps: numbers of the maps to show, in that order; None for all in `found`.
        names: one an image, such as its class; None for its number.
        boxes: what to frame, as `found.boxes` gives it; None for the cell's share of the image.
    """
    framed = found.boxes() if boxes is None else boxes
    rows = [
        int(np.flatnonzero(found.maps == one)[0]) for one in (found.maps if maps is None else maps)
    ]
    across = min(_ACROSS, found.images.shape[1])
    high = _SIDE * min(2.0, images.shape[1] / images.shape[2])
    step = high + 2 * _CAPTION
    sheet = _Sheet(2 * _MARGIN + _HEAD + step * len(rows))
    heading = _("Images that excite {layer} most").format(layer=house.label(found.layer, 48))
    sheet.text(_MARGIN, _MARGIN, heading, size=14, weight="bold")
    explained = _("of {count} images; framed is where the map is largest").format(
        count=numbers.whole(found.seen)
    )
    if boxes is not None:
        explained = _("of {count} images; framed is what the largest value can see").format(
            count=numbers.whole(found.seen)
        )
    line = f"{house.label(title, 60)} · {explained}" if title else explained
    sheet.text(_MARGIN, _MARGIN + _LINE + 0.06, line)
    for number, row in enumerate(rows):
        top = _MARGIN + _HEAD + number * step
        label = _("map {number}").format(number=int(found.maps[row]))
        sheet.text(_MARGIN, top + high / 2 - 0.1, label, size=12, weight="bold")
        for column in range(across):
            left = _MARGIN + 0.95 + column * (_SIDE + _GAP)
            image = int(found.images[row, column])
            name = f"#{image}" if names is None else house.label(names[image], 16)
            axes = sheet.cell(left, top, _SIDE, high)
            _show(axes, images[image])
            _frame(axes, framed[row, column], images.shape[2])
            _caption(axes, f"{name} · {numbers.general(float(found.values[row, column]))}")
    return sheet.figure


class _Sheet:
    """A figure on which things stand at inches from the left and from the top."""

    def __init__(self, height: float) -> None:
        self.width = 2 * _MARGIN + _ACROSS * (_SIDE + _GAP) + _BAR
        self.height = height
        self.figure = house.figure(height, self.width, solved=False)

    def cell(self, left: float, top: float, width: float, height: float) -> Axes:
        bottom = self.height - top - height
        place = (left / self.width, bottom / self.height, width / self.width, height / self.height)
        axes = self.figure.add_axes(place)
        axes.axis("off")
        return axes

    def text(
        self, left: float, top: float, text: str, *, size: float = 11, weight: str = "normal"
    ) -> None:
        self.figure.text(
            left / self.width, 1 - top / self.height, text, size=size, weight=weight, va="top"
        )


def _draw_block(sheet: _Sheet, top: float, found: "FeatureMaps", shown: int, by: str) -> None:
    one = found.maps[0]
    strength = type(found)(found.layer, found.kind, found.maps[:1]).strength(by)
    order = strength.order[:shown]
    rows, columns = one.shape[:2]
    name = f"{house.label(found.layer, 60)} ({house.label(found.kind)})"
    sheet.text(_MARGIN, top, name, size=13, weight="bold")
    sheet.text(_MARGIN, top + _LINE, _block_facts(one, int(strength.dead.sum())))
    across, side = _across(len(order)), _side(len(order))
    high = side * _proportion((rows, columns))
    limits = _limits(one[..., order])
    for place, number in enumerate(order):
        row, column = divmod(place, across)
        left = _MARGIN + column * (side + _GAP)
        axes = sheet.cell(left, top + _HEAD + row * (high + _CAPTION), side, high)
        drawn = axes.imshow(one[..., number], aspect="auto", interpolation="nearest", **limits)
        share = (
            _("dead") if strength.dead[number] else numbers.percent(strength.relative[number], 0)
        )
        _caption(axes, _("map {number}").format(number=number) + f" · {share}")
    _draw_scale(sheet, (_MARGIN + across * (side + _GAP) + 0.05, top + _HEAD), high, drawn)


def _draw_scale(sheet: _Sheet, corner: tuple[float, float], height: float, drawn: Any) -> None:
    axes = sheet.cell(*corner, 0.16, height)
    axes.axis("on")
    low, high = drawn.get_clim()
    bar = sheet.figure.colorbar(drawn, cax=axes, ticks=[low, high] if low == 0 else [low, 0, high])
    bar.ax.set_yticklabels([numbers.general(float(tick)) for tick in bar.get_ticks()])
    bar.outline.set_linewidth(0.5)
    axes.grid(False)


def _block_facts(one: np.ndarray, dead: int) -> str:
    rows, columns, maps = one.shape
    facts = [
        _("{rows} × {columns} cells, {maps} maps").format(
            rows=rows, columns=columns, maps=numbers.whole(maps)
        ),
        _("values from {low} to {high}").format(
            low=numbers.general(float(one.min())), high=numbers.general(float(one.max()))
        ),
    ]
    if dead:
        facts.append(_("dead (zero everywhere here): {count}").format(count=numbers.whole(dead)))
    return " · ".join(facts)


def _legend(by: str) -> list[str]:
    measure = {
        "mean": _("mean of what is positive"),
        "max": _("largest value"),
    }[by]
    return [
        _("Each block is a layer: its strongest maps, ordered by the {measure}.").format(
            measure=measure
        ),
        _("Percentages compare a map with the strongest of its layer."),
        _("Colours have one scale a layer. Dark blue is 0, yellow the most;"),
        _("where values are also negative, white is 0, orange positive, blue negative."),
    ]


def _block_height(shape: tuple[int, ...], shown: int) -> float:
    count = min(shown, shape[2])
    lines = -(-count // _across(count))
    return _HEAD + lines * (_side(count) * _proportion(shape[:2]) + _CAPTION) + 0.15


def _across(count: int) -> int:
    return min(count, _ACROSS)


def _side(count: int) -> float:
    """Let few maps be larger."""
    return min(1.6 * _SIDE, _ACROSS * (_SIDE + _GAP) / _across(count) - _GAP)


def _proportion(size: tuple[int, ...]) -> float:
    """Give height over width of a map, within what still fits a sheet."""
    return float(np.clip(size[0] / size[1], 0.25, 2.0))


def _limits(maps: np.ndarray) -> dict[str, Any]:
    """Choose one scale for all maps shown: from zero up, or even on both sides of it."""
    top = float(np.abs(maps).max(initial=0.0)) or 1.0
    if maps.min(initial=0.0) < 0:
        return {"cmap": signed.colour_map(), "vmin": -top, "vmax": top}
    return {"cmap": ACTIVE, "vmin": 0.0, "vmax": top}


def _signed(scale: float) -> dict[str, Any]:
    top = scale or 1.0
    return {"cmap": signed.colour_map(), "vmin": -top, "vmax": top, "interpolation": "nearest"}


def _kernel_cells(kernels: "Kernels", across: int, down: int) -> tuple[list[np.ndarray], list[str]]:
    if kernels.in_colour:
        return list(kernels.pictures()[:down]), [str(number) for number in range(down)]
    weights = kernels.kernels
    if weights.shape[2] == 1:
        return [weights[:, :, 0, n] for n in range(down)], [str(n) for n in range(down)]
    pairs = [(number, channel) for number in range(down) for channel in range(across)]
    return [weights[:, :, c, n] for n, c in pairs], [f"{n}←{c}" for n, c in pairs]


def _kernels_title(kernels: "Kernels") -> str:
    rows, columns, channels, filters = kernels.kernels.shape
    return _("{layer}: {filters} kernels of {rows} × {columns} over {channels} channels").format(
        layer=house.label(kernels.layer, 48),
        filters=filters,
        rows=rows,
        columns=columns,
        channels=channels,
    )


def _part(kernels: "Kernels", down: int, across: int) -> str:
    _rows, _columns, channels, filters = kernels.kernels.shape
    parts = []
    if down < filters:
        parts.append(_("the first {count} kernels").format(count=down))
    if channels not in (1, 3):
        parts.append(_("a row each, kernel ← channel"))
        if across < channels:
            parts.append(_("the first {count} channels").format(count=across))
    return "".join(f" · {part}" for part in parts)


def _frame(axes: Axes, box: np.ndarray, pixels_across: int) -> None:
    top, left, bottom, right = (int(side) for side in box)
    # The line runs around the place, not over it.
    aside = 2.0 * pixels_across / (_SIDE * 72)
    corner = (left - 0.5 - aside, top - 0.5 - aside)
    size = (right - left + 2 * aside, bottom - top + 2 * aside)
    for colour, width in (("white", 4.0), (house.VERMILION, 2.0)):
        drawn = Rectangle(corner, *size, fill=False, edgecolor=colour, linewidth=width)
        drawn.set_clip_on(False)
        axes.add_patch(drawn)


def _caption(axes: Axes, text: str) -> None:
    axes.set_title(text, fontsize=9.5, fontweight="normal", loc="center", pad=3)


def _show(axes: Axes, image: np.ndarray) -> None:
    shown = np.broadcast_to(image, (*image.shape[:2], 3)).astype(np.uint8)
    axes.imshow(shown, interpolation="nearest", aspect="auto")
