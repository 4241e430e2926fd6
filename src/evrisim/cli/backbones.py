"""`evrisim backbones`: nets with weights to take over, and which of these are here."""

from pathlib import Path
from typing import Annotated, Any

import typer

from evrisim import backbones as known
from evrisim.backbones import BACKBONES, WELL_KNOWN
from evrisim.cli import options
from evrisim.data.download import keras_folder
from evrisim.messages import numbers
from evrisim.messages import translate as _


def backbones(
    everything: Annotated[
        bool, typer.Option("--all", help=_("All of keras.applications, not the well-known alone."))
    ] = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    lang: options.Lang = None,
) -> None:
    """List the backbones to take over, and whose weights are on this machine."""
    output = options.output(json, quiet)
    folder, choice = keras_folder("models"), known.when_to_choose()
    values = [_value(name, folder, choice) for name in (BACKBONES if everything else WELL_KNOWN)]
    header = (
        _("backbone"),
        _("smallest input"),
        _("parameters"),
        _("MACs"),
        _("ImageNet top-1"),
        _("weights here"),
        _("when to choose it"),
    )
    output.result(
        values,
        [
            *output.table(header, [_row(value) for value in values]),
            *([] if quiet else _foot(folder, everything)),
        ],
    )


def _value(name: str, folder: Path, choice: dict[str, str]) -> dict[str, Any]:
    one = BACKBONES[name]
    pattern = one.weights_file.format(size="*")
    return {
        "name": name,
        "smallest": one.smallest,
        "parameters": one.parameters,
        "macs": one.macs,
        "size": one.size,
        "keras_top1": one.keras_top1,
        "weights_file": one.weights_file,
        "weights_here": sorted(path.name for path in folder.glob(pattern)),
        "when_to_choose": choice[name],
    }


def _row(value: dict[str, Any]) -> tuple[str, ...]:
    return (
        value["name"],
        f"{value['smallest']}×{value['smallest']}",
        numbers.large(value["parameters"]),
        numbers.large(value["macs"]),
        numbers.percent(value["keras_top1"]),
        _("yes") if value["weights_here"] else "",
        value["when_to_choose"],
    )


def _foot(folder: Path, everything: bool) -> list[str]:
    more = _("{count} more are listed by `evrisim backbones --all`.").format(
        count=len(BACKBONES) - len(WELL_KNOWN)
    )
    return [
        "",
        _(
            "Weights that are not here are fetched by Keras when they are first asked for, into "
            "{folder}. Parameters and MACs are those of the whole net at the size it was made for."
        ).format(folder=folder),
        _(
            "`evrisim transfer --backbone` takes a name of these, of a model of `evrisim models`, "
            "the folder of a run, a .keras file, or hub: and a preset of KerasHub (an extra)."
        ),
        *([] if everything else [more]),
    ]
