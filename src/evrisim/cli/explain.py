"""`evrisim explain`: where a run's model looks, as pictures."""

from pathlib import Path
from typing import Annotated, Any

import typer

from evrisim._validate import InputError
from evrisim.cli import heavy, options
from evrisim.messages import translate as _

METHODS = ("grad-cam",)


def explain(
    run: Annotated[Path, typer.Argument(help=_("Folder of a run."))],
    image: Annotated[list[Path], typer.Argument(help=_("Images, or folders of images."))],
    method: Annotated[str, typer.Option("--method", help=_("How: grad-cam."))] = "grad-cam",
    class_name: Annotated[
        str | None, typer.Option("--class", help=_("Class to look for; default the predicted."))
    ] = None,
    layer: Annotated[
        str | None, typer.Option("--layer", help=_("Layer whose feature maps are weighed."))
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help=_("Picture to write; default in the run."))
    ] = None,
    skip_broken: options.SkipBroken = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    lang: options.Lang = None,
) -> None:
    """Show where a run's model looks for a class."""
    output = options.output(json, quiet)
    from evrisim._validate import check_choice
    from evrisim.training.run import Run

    check_choice("--method", method, METHODS)
    opened = Run.open(run)
    names = opened.facts["data"]["class_names"]
    if class_name is not None:
        check_choice("--class", class_name, names)
    heavy.load()
    from evrisim import workflow

    with output.progress(_("reading images")) as progress:
        read = workflow.read_images(opened, image, skip_broken=skip_broken, progress=progress)
    if not read.names:
        raise InputError(_("There is no image to explain."))
    wanted = None if class_name is None else names.index(class_name)
    found = workflow.explain_images(opened, read, wanted, layer=layer)
    path = out or opened.figures / "heat_maps.png"
    workflow.save_explanation(path, opened, read, found)
    value: dict[str, Any] = {
        "picture": str(path),
        "method": found.method,
        "layer": found.layer,
        "skipped": list(read.skipped),
        "images": [
            {"name": name, "class": names[label], "logit": float(score)}
            for name, label, score in zip(read.names, found.classes, found.scores, strict=True)
        ],
    }
    rows = [(entry["name"], entry["class"], f"{entry['logit']:.2f}") for entry in value["images"]]
    header = (_("image"), _("class"), _("logit"))
    said = _("{method} at {layer}: {path}").format(
        method=found.method, layer=found.layer, path=path
    )
    skipped = [_("skipped: {reason}").format(reason=sentence) for sentence in read.skipped]
    output.result(value, [*output.table(header, rows), *skipped, said])
