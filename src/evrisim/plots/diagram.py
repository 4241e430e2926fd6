"""A small net as a drawing: its layers from top to bottom, what goes around them at the side."""

from dataclasses import dataclass
from typing import Any

import keras
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.plots import house

_WIDE, _TALL, _GAP = 2.6, 0.5, 0.32
"""Inches of a box, and between boxes."""

_LANE = 2.9
_ASIDE = {"_shortcut": 1, "_se_": -1}
"""Layers whose names hold these stand beside the way, to its right or left."""

_QUIET = ("ReLU", "Activation", "Dropout")


@dataclass(frozen=True)
class _Node:
    layer: keras.Layer
    lane: int
    row: int
    before: tuple[str, ...]


@house.drawn
def diagram(model: keras.Model) -> Figure:
    """Draw a functional model of few layers: each as a box with its output and its parameters.

    Args:
        model: A block or a small net; layers named after a shortcut or squeeze-and-excite stand
            aside, all others on the way in the middle.
    """
    nodes = _nodes(model)
    lanes = sorted({node.lane for node in nodes.values()})
    rows = 1 + max(node.row for node in nodes.values())
    width = _LANE * (lanes[-1] - lanes[0]) + _WIDE + 1.3
    height = rows * (_TALL + _GAP) + 0.2
    figure = house.figure(height, width, solved=False)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(_LANE * lanes[0] - _WIDE / 2 - 0.4, _LANE * lanes[-1] + _WIDE / 2 + 0.9)
    axes.set_ylim(height, -0.1)
    axes.axis("off")
    for node in nodes.values():
        _box(axes, node)
        for name in node.before:
            _arrow(axes, nodes[name], node, passes=_passes(nodes[name], node, nodes))
    return figure


def _nodes(model: keras.Model) -> dict[str, _Node]:
    found: dict[str, _Node] = {}
    for layer in model.layers:
        before = _before(layer, found)
        row = 1 + max((found[name].row for name in before), default=-1)
        found[layer.name] = _Node(layer, _lane(layer.name), row, before)
    return found


def _before(layer: keras.Layer, known: dict[str, _Node]) -> tuple[str, ...]:
    """Name the layers whose outputs a layer takes."""
    if isinstance(layer, keras.layers.InputLayer):
        return ()
    taken = layer.input if isinstance(layer.input, list) else [layer.input]
    makers = [tensor._keras_history.operation.name for tensor in taken]
    return tuple(name for name in makers if name in known)


def _lane(name: str) -> int:
    if name.endswith("_se_scale"):  # where squeeze-and-excite comes back to the way
        return 0
    return next((lane for part, lane in _ASIDE.items() if part in name), 0)


def _place(node: _Node) -> tuple[float, float]:
    return _LANE * node.lane, node.row * (_TALL + _GAP) + _TALL / 2


def _box(axes: Axes, node: _Node) -> None:
    x, y = _place(node)
    kind = type(node.layer).__name__
    has_weights = bool(node.layer.weights)
    colour = house.BLUE if has_weights and "Norm" not in kind else house.INK
    joins = kind in ("Add", "Multiply", "Concatenate")
    axes.add_patch(
        FancyBboxPatch(
            (x - _WIDE / 2, y - _TALL / 2),
            _WIDE,
            _TALL,
            boxstyle="round,pad=0,rounding_size=0.12",
            facecolor=house.GREEN if joins else colour if colour == house.BLUE else "none",
            alpha=0.18 if joins or colour == house.BLUE else 1.0,
            edgecolor="none",
            lw=0,
        )
    )
    axes.add_patch(
        FancyBboxPatch(
            (x - _WIDE / 2, y - _TALL / 2),
            _WIDE,
            _TALL,
            boxstyle="round,pad=0,rounding_size=0.12",
            facecolor="none",
            edgecolor=house.GREEN if joins else colour,
            lw=0.9 if kind in _QUIET else 1.3,
        )
    )
    axes.text(x, y - 0.09, _title(node.layer), ha="center", va="center", fontweight="bold")
    axes.text(x, y + 0.12, _facts(node.layer), ha="center", va="center", fontsize=8)


def _title(layer: keras.Layer) -> str:
    kind = type(layer).__name__
    if kind == "InputLayer":
        return _("what goes in")
    size = getattr(layer, "kernel_size", None)
    if size is None:
        return kind
    stride = layer.strides[0]
    said = f"{kind} {size[0]}×{size[1]}"
    return said if stride == 1 else _("{layer}, stride {stride}").format(layer=said, stride=stride)


def _facts(layer: keras.Layer) -> str:
    shape: Any = layer.output.shape
    size = "×".join(str(one) for one in shape[1:])
    count = layer.count_params()
    if not count:
        return size
    return _("{size} · {count} parameters").format(size=size, count=numbers.whole(count))


def _passes(start: _Node, end: _Node, nodes: dict[str, _Node]) -> bool:
    """Tell whether a straight line between two boxes would run through another."""
    return start.lane == end.lane and any(
        node.lane == start.lane and start.row < node.row < end.row for node in nodes.values()
    )


def _arrow(axes: Axes, start: _Node, end: _Node, *, passes: bool) -> None:
    """Draw an arrow from box to box; one that passes others bends around them at the right."""
    (x0, y0), (x1, y1) = _place(start), _place(end)
    style: dict[str, Any] = {
        "arrowstyle": "-|>",
        "mutation_scale": 11,
        "color": house.INK,
        "lw": 1.2,
    }
    if passes:
        begin, stop = (x0 + _WIDE / 2, y0), (x1 + _WIDE / 2, y1)
        bend = f"bar,fraction={-0.55 / max(y1 - y0, 0.1):.3f}"
        axes.add_patch(FancyArrowPatch(begin, stop, connectionstyle=bend, shrinkA=0, **style))
        return
    begin, stop = (x0, y0 + _TALL / 2), (x1, y1 - _TALL / 2)
    if start.lane != end.lane and end.lane == 0:  # back from the side, into the box's flank
        side = 1 if x0 > x1 else -1
        stop = (x1 + side * _WIDE / 2, y1)
        corner = "angle,angleA=90,angleB=0,rad=6"
        axes.add_patch(FancyArrowPatch(begin, stop, connectionstyle=corner, shrinkA=0, **style))
        return
    if start.lane != end.lane:
        side = 1 if x1 > x0 else -1
        begin = (x0 + side * _WIDE / 2, y0)
        corner = "angle,angleA=0,angleB=90,rad=6"
        axes.add_patch(FancyArrowPatch(begin, stop, connectionstyle=corner, shrinkA=0, **style))
        return
    axes.add_patch(FancyArrowPatch(begin, stop, shrinkA=0, shrinkB=0, **style))
