"""The table of `evrisim cost`, as wide as the terminal allows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evrisim.messages import numbers
from evrisim.messages import translate as _

if TYPE_CHECKING:
    from evrisim.cost import Cost, Field, LayerCost

ROOMY = 120
"""Columns of a terminal from which on all columns of the table are shown."""

_HEAVY = 0.05  # from this share of the work on a layer stands out


@dataclass(frozen=True)
class Column:
    """A column: its head, what it says of a layer, and how it behaves.

    Attributes:
        head: what stands above it.
        cell: from a layer to text.
        right: numbers stand to the right.
        always: it is shown in a narrow terminal, too.
    """

    head: str
    cell: Callable[["LayerCost"], str]
    right: bool = False
    always: bool = True


def layout(
    cost: "Cost",
    fields: Mapping[str, "Field"],
    name: str,
    *,
    training: bool,
    top: int | None,
    terminal: bool,
) -> list[str]:
    """Lay the table out as lines: with Rich for a terminal, else as plain text.

    Args:
        cost: What to show.
        fields: How far each layer sees, by its path.
        name: What the model is called.
        training: Whether the work of training gets a column.
        top: Show the so many layers with most work only, heaviest first.
        terminal: Whether a terminal shows it.
    """
    layers = _chosen(cost, top, training)
    title = _("{name}: batch of {count}, {shown} of {all} layers").format(
        name=name, count=cost.batch_size, shown=len(layers), all=len(cost.layers)
    )
    if terminal:
        return [title, *_for_terminal(cost, fields, layers, training)]
    return [title, "", *_plain(_columns(cost, fields, training, roomy=True), layers)]


def foot(cost: "Cost", *, training: bool, terms: bool) -> list[str]:
    """Say the totals, what is missing in them, and what the words mean."""
    lines = [
        _("Parameters: {count}, of which training changes {trainable}.").format(
            count=numbers.whole(cost.parameters),
            trainable=numbers.whole(cost.trainable_parameters),
        ),
        _work(cost),
    ]
    if training:
        lines.append(
            _("Work of a training step, forward and backward: {macs}, {times} × forward.").format(
                macs=units(cost.training_macs, "MAC"),
                times=numbers.decimal(cost.training_macs / max(cost.macs, 1)),
            )
        )
    lines.append(
        _("Activations (the outputs of all layers): {size}.").format(
            size=_bytes(cost.activation_bytes)
        )
    )
    if cost.uncounted:
        lines.append(
            _("Not known, and not in the totals: {names}.").format(names=", ".join(cost.uncounted))
        )
    return [*lines, *(_terms() if terms else [])]


def share(layer: "LayerCost", cost: "Cost") -> float | None:
    """Give a layer's part of the known work, 0–1; None where it is not known."""
    return None if layer.macs is None else layer.macs / max(cost.macs, 1)


def units(value: int, unit: str) -> str:
    """Write a large number with a prefix, four significant figures.

    Example:
        >>> units(3_857_973_248, "MAC"), units(950, "MAC")
        ('3.858 GMAC', '950 MAC')
    """
    for factor, prefix in ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k")):
        if value >= factor:
            return f"{numbers.general(value / factor, 4)} {prefix}{unit}"
    return f"{value} {unit}"


def _work(cost: "Cost") -> str:
    macs, flops = units(cost.macs, "MAC"), units(cost.flops, "FLOP")
    if cost.uncounted:
        return _("Work of one pass: at least {macs} = {flops}.").format(macs=macs, flops=flops)
    return _("Work of one pass: {macs} = {flops}.").format(macs=macs, flops=flops)


def _terms() -> list[str]:
    return [
        "",
        _(
            "A MAC is one multiplication and the addition of its product; 1 MAC = 2 FLOPs "
            "(operations, not a speed)."
        ),
        _(
            "Counted: the products of convolutions, dense layers, attention and matrices, those "
            "with padded zeros too."
        ),
        _("Not counted: biases, normalisation, activations, pooling, additions."),
        _("Sees: the theoretical receptive field, the pixels that can change one of its cells."),
    ]


def _chosen(cost: "Cost", top: int | None, training: bool) -> Sequence["LayerCost"]:
    if top is None:
        return cost.layers
    work = "training_macs" if training else "macs"
    return sorted(cost.layers, key=lambda layer: -(getattr(layer, work) or 0))[:top]


def _columns(
    cost: "Cost", fields: Mapping[str, "Field"], training: bool, *, roomy: bool
) -> list[Column]:
    """List the columns; a further figure of a layer is a further line here."""
    exact = numbers.whole if roomy else _short
    columns = [
        Column(_("layer"), _name),
        Column(_("kind"), lambda layer: layer.kind, always=False),
        Column(_("output"), lambda layer: "×".join(map(str, layer.output_shape[1:]))),
        Column(_("sees"), lambda layer: _sees(fields.get(layer.path)), always=False),
        Column(_("parameters"), _parameters, right=True),
        Column(_("MACs"), lambda layer: _known(layer.macs, exact), right=True),
        Column(
            _("share"),
            lambda layer: _known(share(layer, cost), _percent),
            right=True,
            always=not training,
        ),
        Column(
            _("memory"),
            lambda layer: _known(layer.activation_bytes or None, _bytes, ""),
            right=True,
            always=False,
        ),
    ]
    if training:
        head = _("training MACs")
        cell = Column(head, lambda layer: _known(layer.training_macs, exact), right=True)
        columns.insert(7, cell)
    return [column for column in columns if roomy or column.always]


def _sees(field: "Field | None") -> str:
    """Write a receptive field as rows×columns."""
    if field is None:
        return ""
    if field.everything:
        return _("all")
    return "×".join("?" if size is None else str(size) for size in field.size)


def _name(layer: "LayerCost") -> str:
    return layer.path if layer.calls == 1 else f"{layer.path} (×{layer.calls})"


def _parameters(layer: "LayerCost") -> str:
    if not layer.parameters:
        return ""
    total = numbers.whole(layer.parameters)
    return f"{layer.parameter_formula} = {total}"


def _known(value: Any, write: Callable[[Any], str], unknown: str = "?") -> str:
    if value is None:
        return unknown
    return write(value) if value else ""


def _percent(part: float) -> str:
    return numbers.percent(part)


def _bytes(count: int) -> str:
    """Write an amount of memory in the unit that suits it."""
    for factor, unit in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if count >= factor:
            return f"{numbers.decimal(count / factor, 1)} {unit}"
    return f"{count} B"


def _short(value: int) -> str:
    return units(value, "").rstrip()


def _plain(columns: Sequence[Column], layers: Sequence["LayerCost"]) -> list[str]:
    cells = [[column.head for column in columns]]
    cells += [[column.cell(layer) for column in columns] for layer in layers]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(
            text.rjust(width) if column.right else text.ljust(width)
            for text, width, column in zip(row, widths, columns, strict=True)
        ).rstrip()
        for row in cells
    ]


def _for_terminal(
    cost: "Cost", fields: Mapping[str, "Field"], layers: Sequence["LayerCost"], training: bool
) -> list[str]:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    roomy = console.width >= ROOMY
    columns = _columns(cost, fields, training, roomy=roomy)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    longest = console.width // (3 if roomy else 4)
    for position, column in enumerate(columns):
        table.add_column(
            column.head,
            justify="right" if column.right else "left",
            # Formulas may break; a number or a name broken in two cannot be read.
            no_wrap=column.head != _("parameters"),
            max_width=longest if position == 0 else None,
        )
    for layer in layers:
        heavy = (share(layer, cost) or 0) >= _HEAVY or layer.macs is None
        first, *others = (column.cell(layer) for column in columns)
        cells = [Text(_shortened(first, longest)), *map(Text, others)]
        table.add_row(*cells, style="bold" if heavy else None)
    with console.capture() as captured:
        console.print(table)
    return [line for line in captured.get().splitlines() if line.strip()]


def _shortened(path: str, longest: int) -> str:
    """Keep the end of a long path, which tells layers apart.

    Example:
        >>> _shortened("backbone/stage1/block2_conv", 16)
        '…ge1/block2_conv'
    """
    return path if len(path) <= longest else "…" + path[1 - longest :]
