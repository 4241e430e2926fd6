"""`evrisim explain`: where a run's model looks, as pictures."""

from pathlib import Path
from typing import Annotated, Any

import typer

from evrisim._validate import InputError, check_choice
from evrisim.cli import heavy, options
from evrisim.messages import translate as _

METHODS = (
    "grad-cam",
    "grad-cam++",
    "hirescam",
    "layer-cam",
    "xgrad-cam",
    "cam",
    "eigen-cam",
    "score-cam",
    "ablation-cam",
    "guided-grad-cam",
    "saliency",
    "smooth-grad",
    "integrated-gradients",
    "occlusion",
    "rise",
)
"""As in `evrisim.explain`, which loads Keras."""


ALL = "all"


def explain(
    run: Annotated[Path, typer.Argument(help=_("Folder of a run."))],
    image: Annotated[list[Path], typer.Argument(help=_("Images, or folders of images."))],
    method: Annotated[
        str, typer.Option("--method", help=_("One or more ways of explaining, with commas."))
    ] = "grad-cam",
    class_name: Annotated[
        list[str] | None,
        typer.Option("--class", help=_("Class to look for; default the predicted; repeatable.")),
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
    from evrisim.training.run import Run

    methods = methods_named(method)
    opened = Run.open(run)
    names = opened.facts["data"]["class_names"]
    for name in class_name or ():
        check_choice("--class", name, names)
    heavy.load()
    from evrisim import looking, workflow

    with output.progress(_("reading images")) as progress:
        read = workflow.read_images(opened, image, skip_broken=skip_broken, progress=progress)
    if not read.names:
        raise InputError(_("There is no image to explain."))
    wanted = [names.index(name) for name in class_name] if class_name else [None]
    with output.progress(_("explaining")) as progress:
        found = looking.explain_images(
            opened, read, wanted, methods=methods, layer=layer, progress=progress
        )
    path = out or opened.figures / "heat_maps.png"
    looking.save_explanations(path, opened, read, found)
    of_classes = found[: len(wanted)]  # the same for every method
    value: dict[str, Any] = {
        "picture": str(path),
        "methods": [
            {"method": one.method, "layer": one.layer or None} for one in found[:: len(wanted)]
        ],
        "skipped": list(read.skipped),
        "images": [
            {"name": name, "class": names[one.classes[row]], "logit": float(one.scores[row])}
            for row, name in enumerate(read.names)
            for one in of_classes
        ],
    }
    rows = [(entry["name"], entry["class"], f"{entry['logit']:.2f}") for entry in value["images"]]
    skipped = [_("skipped: {reason}").format(reason=sentence) for sentence in read.skipped]
    said = [_said(one["method"], one["layer"]) for one in value["methods"]]
    header = (_("image"), _("class"), _("logit"))
    output.result(value, [*output.table(header, rows), *skipped, *said, str(path)])


def methods_named(text: str) -> list[str]:
    """Give the ways of explaining that are named with commas; `all` of them.

    Raises:
        InputError: If there is none of such a name.
    """
    names = list(METHODS) if text == ALL else [word.strip() for word in text.split(",")]
    for name in names:
        check_choice("--method", name, (*METHODS, ALL))
    return list(dict.fromkeys(names))


def _said(method: str, layer: str | None) -> str:
    if layer is None:
        return _("{method} at the pixels").format(method=method)
    return _("{method} at {layer}").format(method=method, layer=layer)
