"""`evrisim shortcuts`: classes that a run's model knows by a mark in one place."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evrisim._validate import check_picture, check_whole
from evrisim.cli import heavy, options, pictures
from evrisim.cli.output import Output
from evrisim.messages import numbers
from evrisim.messages import translate as _

if TYPE_CHECKING:
    from evrisim.data.dataset import DataSet
    from evrisim.explain import Place

DRAWN = 12
FEWEST = 10


def shortcuts(
    run: Annotated[Path, typer.Argument(help=_("Folder of a run."))],
    images: Annotated[
        int, typer.Option("--images", "-n", help=_("Validation images that are explained."))
    ] = 1000,
    seed: Annotated[int, typer.Option("--seed", "-s", help=_("Seed of what is drawn."))] = 0,
    out: pictures.Picture = None,
    data_dir: options.DataDir = None,
    offline: options.Offline = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    lang: options.Lang = None,
) -> None:
    """Find classes that a run's model knows by a mark in one place, such as a watermark."""
    output = options.output(json, quiet)
    check_whole("--images", images, FEWEST)
    check_whole("--seed", seed, 0)
    if out is not None:
        check_picture("--out", out)
    from evrisim.training.run import Run

    opened = Run.open(run)
    heavy.load()
    from evrisim import looking, opening

    dataset = options.load(output, opening.source_of(opened, None, data_dir), offline=offline)
    with output.progress(_("explaining")) as progress:
        found = looking.shortcuts(opened, dataset, images=images, seed=seed, progress=progress)
    path = out or opened.figures / "shortcuts.png"
    _draw(found, dataset, path)
    names = dataset.class_names
    value = {
        "picture": str(path),
        "classes": [
            {
                "class": names[one.label],
                "shortcut": one.is_shortcut,
                "heat": one.heat,
                "turned": one.turned.value,
                "control": one.control.value,
                "kept": one.kept,
            }
            for one in found
        ],
    }
    output.result(value, [*_table(output, found, dataset), "", *_said(found, dataset), str(path)])


def _table(output: Output, found: "tuple[Place, ...]", dataset: "DataSet") -> list[str]:
    header = (
        _("class"),
        _("heat in its place"),
        _("others turned by it"),
        _("by another's"),
        _("own kept without it"),
    )
    rows = [
        (
            dataset.class_names[one.label],
            numbers.percent(one.heat, 0),
            numbers.percent(one.turned.value, 0),
            numbers.percent(one.control.value, 0),
            numbers.percent(one.kept, 0),
        )
        for one in found
    ]
    return output.table(header, rows)


def _said(found: "tuple[Place, ...]", dataset: "DataSet") -> list[str]:
    marked = [one for one in found if one.is_shortcut]
    if not marked:
        return [_("No class is known by one place alone.")]
    return [
        _(
            "{name} is known by one place: copied into images of other classes, it turns {turned} "
            "of them. Look at it in the picture."
        ).format(name=dataset.class_names[one.label], turned=numbers.percent(one.turned.value, 0))
        for one in marked
    ]


def _draw(found: "tuple[Place, ...]", dataset: "DataSet", path: Path) -> None:
    """Show an image of each class with its place in the light, the rest dimmed."""
    import numpy as np

    from evrisim import plots

    split = dataset.validation
    shown, titles = [], []
    for one in found[:DRAWN]:
        image = np.asarray(split.images[int(np.flatnonzero(split.labels == one.label)[0])])
        shown.append(np.where(one.mask[..., None], image, image // 3).astype(np.uint8))
        mark = _("a shortcut") if one.is_shortcut else _("no shortcut")
        titles.append(f"{dataset.class_names[one.label]}\n{mark}")
    plots.save(plots.gallery(shown, titles, columns=min(6, max(len(shown), 3))), path)
