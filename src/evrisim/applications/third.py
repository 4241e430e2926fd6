"""Application 3, residual and efficient blocks: what each part shows, as blocks of a page."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from evrisim.applications import model as trainings
from evrisim.applications import parts
from evrisim.applications.asked import Asked
from evrisim.applications.parts import picture
from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.report.blocks import Block, Code, Row, Table, Text

if TYPE_CHECKING:
    import keras

    from evrisim.study.record import StudyRun

CLAIMS = ("C3", "C13", "C14", "C15", "C16")
"""What the course says of blocks."""

SIZE = 16
"""Rows and columns of the maps that go into a block shown alone."""

DEPTHS = {"smoke": (8, 20), "quick": (8, 20, 56), "full": (8, 20, 56, 110)}
STEPS = {"smoke": 4, "quick": 60, "full": 100}
"""Depths of the nets that are watched, and steps of their training, by budget."""


@dataclass(frozen=True)
class Chosen:
    """A block as chosen from the menus."""

    name: str = "basic"
    channels: int = 32
    filters: int = 32
    stride: int = 1
    squeeze: int = 0


def block_names() -> list[str]:
    """Name the blocks to choose from: those of one kind, from maps to as many as asked for."""
    from evrisim import blocks

    return [name for name in blocks.BLOCKS if name != "dense"]


def built(chosen: Chosen) -> "keras.Model":
    """Build the library's block by itself."""
    import keras

    from evrisim import blocks

    inputs = keras.Input((SIZE, SIZE, chosen.channels), name="maps")
    style = blocks.Style(condense="stride", squeeze=chosen.squeeze)
    make = blocks.BLOCKS[chosen.name]
    outputs = make(inputs, chosen.filters, name="b", strides=chosen.stride, style=style)
    return keras.Model(inputs, outputs, name=chosen.name.replace("-", "_"))


def block(chosen: Chosen) -> list[Block]:
    """Show a block as a drawing, and what it costs against one 3×3 convolution."""
    from evrisim import cost
    from evrisim._validate import InputError
    from evrisim.plots.diagram import diagram

    try:
        model = built(chosen)
    except InputError as error:
        return [Text(str(error), "warning")]
    measured = cost.measure(model)
    alt = _("The layers of a {name} block, from top to bottom.").format(name=chosen.name)
    convolution = 9 * chosen.channels * chosen.filters
    said = _(
        "{name}: {parameters} parameters and {macs} MACs on maps of {size}×{size}. One 3×3 "
        "convolution alone has {convolution} weights."
    ).format(
        name=chosen.name,
        parameters=numbers.whole(measured.parameters),
        macs=numbers.large(measured.macs),
        size=SIZE,
        convolution=numbers.whole(convolution),
    )
    return [Text(said, "reading"), picture("block", diagram(model), alt, wide=False)]


def costs(chosen: Chosen) -> list[Block]:
    """Tabulate what every block costs from as many maps to as many maps."""
    from dataclasses import replace

    from evrisim import cost
    from evrisim._validate import InputError

    rows = []
    for name in block_names():
        try:
            measured = cost.measure(built(replace(chosen, name=name)))
        except InputError:
            continue  # groups that do not divide these maps
        rows.append((name, numbers.whole(measured.parameters), numbers.large(measured.macs)))
    headers = (_("block"), _("parameters"), _("MACs"))
    return [Table(_("All blocks, from as many maps to as many"), headers, rows, frozenset({1, 2}))]


def by_hand(name: str) -> list[Block]:
    """Show a block in plain Keras, and that it gives the same maps as the library's."""
    from evrisim.applications import by_hand as hand

    if name not in hand.BLOCKS:
        return [Text(_("This block is not written out by hand here; its drawing shows it whole."))]
    difference = _difference(name)
    said = _(
        "With the same weights both give the same maps: the largest difference is {difference}, "
        "of values up to {largest}."
    ).format(
        difference=numbers.general(difference[0], 1), largest=numbers.general(difference[1], 2)
    )
    return [Code(hand.code(hand.BLOCKS[name])), Text(said, "reading")]


def _difference(name: str) -> tuple[float, float]:
    """Give the largest difference of both blocks' maps, and the largest value."""
    import keras

    from evrisim.applications import by_hand as hand

    ours = built(Chosen(name, 16, 32, 2))
    inputs = keras.Input((SIZE, SIZE, 16))
    theirs = keras.Model(inputs, hand.BLOCKS[name](inputs, 32, 2))
    rng = np.random.default_rng(0)
    for layer in ours.layers:
        if layer.weights:
            values = [rng.uniform(0.5, 1.5, weight.shape) for weight in layer.weights]
            if len(layer.weights) == 1:
                values = [rng.normal(0, 0.1, layer.weights[0].shape)]
            layer.set_weights(values)
            theirs.get_layer(layer.name).set_weights(values)
    maps = rng.normal(size=(4, SIZE, SIZE, 16)).astype("float32")
    found, expected = (np.asarray(keras.ops.convert_to_numpy(one(maps))) for one in (ours, theirs))
    return float(np.abs(found - expected).max()), float(np.abs(expected).max())


def depth(asked: Asked, progress: Callable[[int, int], None]) -> list[Block]:
    """Watch gradients in plain and residual nets of several depths; `progress(done, total)`."""
    from evrisim import depth as room
    from evrisim.plots import depth as plots

    dataset = trainings.plan(asked).dataset
    plan = room.Plan(depths=DEPTHS[asked.budget], steps=STEPS[asked.budget])
    cases = room.survey(dataset.train, dataset.num_classes, plan, progress=progress)
    alt = _("Gradients and signals by layer, plain and residual nets of several depths.")
    deepest = {case.net: case for case in cases if case.depth == plan.depths[-1]}
    said = _(
        "At {depth} layers the gradient of the first third of the layers is {plain} times that of "
        "the last third without shortcuts, {residual} times with them, before training."
    ).format(
        depth=plan.depths[-1],
        plain=numbers.general(deepest["plain"].start.reach, 2),
        residual=numbers.general(deepest["resnet"].start.reach, 2),
    )
    return [Text(said, "reading"), picture("depth", plots.flows(cases), alt)]


def ratios() -> list[Block]:
    """Show what a bottleneck saves, against each block it may be compared with (C14)."""
    from evrisim import claims as room

    (ruling, *_others) = room.rulings("C14")
    blocks: list[Block] = [Text(ruling.evidence, "reading")]
    if ruling.table is not None:
        columns = frozenset(range(1, len(ruling.table.header)))
        blocks.append(
            Table(_("What a bottleneck saves"), ruling.table.header, ruling.table.rows, columns)
        )
    return blocks


def accuracy(found: "StudyRun") -> list[Block]:
    """Show accuracy against every cost: parameters, MACs, seconds, and latency where measured."""
    from evrisim import plots
    from evrisim.plots.trade_off import PANELS, TIMED

    findings = found.findings()
    timed = all(arm.latency for arm in findings.arms)
    panels = (*PANELS, *(TIMED if timed else TIMED[:1]))
    drawn = [
        [
            picture(
                f"{found.facts['name']}-{panel}",
                plots.pareto(findings, panels=(panel,)),
                _("Mean top-1 against {panel}.").format(panel=panel),
                wide=False,
            )
        ]
        for panel in panels
    ]
    best = max(findings.arms, key=lambda arm: float(np.mean(np.asarray(arm.test))))
    front = ", ".join(findings.pareto)
    said = _(
        "Most accurate is {best} with {top1}. On the front over MACs, where no net is better and "
        "cheaper, stand {front}."
    ).format(
        best=best.name, top1=numbers.percent(float(np.mean(np.asarray(best.test)))), front=front
    )
    rows = [Row(drawn[at : at + 2]) for at in range(0, len(drawn), 2)]
    return [Text(said, "reading"), *rows]


def claims() -> list[Block]:
    """Show what the course says of blocks, and what was measured on CIFAR-10."""
    return parts.claims(CLAIMS, _("Five claims of the course"))


def menus() -> dict[str, Any]:
    """Give what the menus offer: maps in and out, strides, what squeeze-and-excite divides by."""
    return {
        "channels": [16, 32, 64, 128, 256],
        "strides": [1, 2],
        "squeeze": {_("none"): 0, "1/4": 4, "1/8": 8, "1/16": 16},
    }
