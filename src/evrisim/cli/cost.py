"""`evrisim cost`: what a model costs, layer by layer."""

import csv as csv_files
import io
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evrisim import pretrained
from evrisim._validate import InputError, check_choice, check_picture, check_whole
from evrisim.cli import cost_table, heavy, models, options
from evrisim.messages import translate as _

if TYPE_CHECKING:
    from evrisim.cost import Cost, Field
    from evrisim.opening import Opened


def cost(
    model: Annotated[
        str, typer.Argument(help=_("Name of a model, folder of a run, or a .keras file."))
    ],
    size: Annotated[
        str | None, typer.Option("--input", help=_("Input of the model, such as 32x32x3."))
    ] = None,
    classes: Annotated[
        int | None, typer.Option("--classes", help=_("Number of classes of a model by name."))
    ] = None,
    batch: Annotated[int, typer.Option("--batch", help=_("Images in the batch."))] = 1,
    train: Annotated[
        bool, typer.Option("--train", help=_("Also the work of training, layer by layer."))
    ] = False,
    top: Annotated[
        int | None, typer.Option("--top", help=_("Show the so many layers with most work only."))
    ] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", help=_("Write the layers as a CSV file."))
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option("--picture", help=_("Draw where the work is, as a PNG, SVG or PDF.")),
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    lang: options.Lang = None,
) -> None:
    """Count parameters, MACs, FLOPs and memory of a model, layer by layer."""
    output = options.output(json, quiet)
    shape = None if size is None else options.parse_shape(size)
    _check(model, classes, batch, top)
    if picture is not None:
        check_picture("--picture", picture)
    heavy.load()
    from evrisim.cost import measure
    from evrisim.opening import open_model

    opened = open_model(model, image_shape=_as_image(model, shape), num_classes=classes)
    _check_known(opened, shape)
    found = measure(opened.model, input_shape=shape, batch_size=batch)
    fields = _fields(opened, shape)
    if csv is not None:
        _write_csv(csv, found, fields)
    if picture is not None:
        _draw(picture, found, opened.name)
    if output.json:
        output.result(to_json(opened.name, found, fields, csv=csv, picture=picture), [])
        return
    lines = cost_table.layout(
        found, fields, opened.name, training=train, top=top, terminal=sys.stdout.isatty()
    )
    foot = cost_table.foot(found, training=train, terms=not quiet)
    written = [
        _("Written: {path}").format(path=path) for path in (csv, picture) if path is not None
    ]
    output.result(None, [*lines, "", *foot, *written])


def to_json(
    name: str,
    found: "Cost",
    fields: Mapping[str, "Field"],
    *,
    csv: Path | None = None,
    picture: Path | None = None,
) -> dict[str, Any]:
    """Give a cost as plain JSON values; what is not known is null."""
    return {
        "name": name,
        "batch_size": found.batch_size,
        "parameters": found.parameters,
        "trainable_parameters": found.trainable_parameters,
        "macs": found.macs,
        "flops": found.flops,
        "training_macs": found.training_macs,
        "activation_bytes": found.activation_bytes,
        "uncounted": list(found.uncounted),
        "csv": str(csv) if csv else None,
        "picture": str(picture) if picture else None,
        "layers": _rows(found, fields),
    }


def _fields(opened: "Opened", shape: tuple[int, ...] | None) -> dict[str, "Field"]:
    """Give the receptive field of each layer; a model without one input of images has none."""
    from evrisim.cost import receptive_fields

    try:
        return receptive_fields(opened.model, image_shape=shape)
    except InputError:
        return {}


def _rows(found: "Cost", fields: Mapping[str, "Field"]) -> list[dict[str, Any]]:
    return [
        {
            "path": layer.path,
            "kind": layer.kind,
            "output_shape": list(layer.output_shape),
            "calls": layer.calls,
            "parameters": layer.parameters,
            "trainable_parameters": layer.trainable_parameters,
            "parameter_formula": layer.parameter_formula,
            "macs": layer.macs,
            "receptive_field": list(fields[layer.path].size) if layer.path in fields else None,
            "mac_formula": layer.formula,
            "mac_share": cost_table.share(layer, found),
            "flops": layer.flops,
            "training_macs": layer.training_macs,
            "activation_bytes": layer.activation_bytes,
        }
        for layer in found.layers
    ]


def _check(model: str, classes: int | None, batch: int, top: int | None) -> None:
    """Refuse what is wrong before anything heavy is loaded."""
    check_whole("--batch", batch, 1)
    if top is not None:
        check_whole("--top", top, 1)
    if classes is not None:
        check_whole("--classes", classes, 2)
    path = pretrained.folder(model) or Path(model)
    named = not path.exists() and path.name == model and path.suffix != ".keras"
    if named:
        check_choice("model", model, models.NAMES)
    elif classes is not None:
        raise InputError(
            _("`--classes` is for a model built by its name; {path} has its own.").format(path=path)
        )


def _as_image(model: str, shape: tuple[int, ...] | None) -> tuple[int, int, int] | None:
    if shape is None or model not in models.NAMES or Path(model).exists():
        return None
    return options.check_image_shape(shape)


def _check_known(opened: "Opened", shape: tuple[int, ...] | None) -> None:
    from evrisim import taps

    if shape is None and None in taps.input_shape(opened.model):
        raise InputError(
            _("{name} takes inputs of any size; say which with --input, such as 224x224x3.").format(
                name=opened.name
            )
        )


def _times(sizes: list[int | None] | None) -> str:
    return "x".join("?" if size is None else str(size) for size in sizes or ())


def _write_csv(path: Path, found: "Cost", fields: Mapping[str, "Field"]) -> None:
    from evrisim import _files

    text = io.StringIO()
    rows = [
        {
            **row,
            "output_shape": _times(row["output_shape"]),
            "receptive_field": _times(row["receptive_field"]),
        }
        for row in _rows(found, fields)
    ]
    writer = csv_files.DictWriter(text, list(rows[0]) if rows else ["path"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    _files.write_text(path, text.getvalue())


def _draw(path: Path, found: "Cost", name: str) -> None:
    from evrisim import plots

    title = _("What {name} costs, for a batch of {count}").format(name=name, count=found.batch_size)
    plots.save(plots.cost_by_layer(found, title), path, dots=160)
