"""`evrisim data`: what there is, what is in it, whether it is sound."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evrisim._validate import InputError
from evrisim.cli import labels, options
from evrisim.cli.output import Output
from evrisim.messages import translate as _

if TYPE_CHECKING:
    from evrisim.data.dataset import DataSet


_NAMED = 8


def app() -> typer.Typer:
    """Give the group of commands on data."""
    group = typer.Typer(
        help=_("List, show, check and fetch data sets."),
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    commands: dict[str, Callable[..., None]] = {
        "list": list_all,
        "show": show,
        "check": check,
        "labels": labels.labels,
        "fetch": fetch,
    }
    for name, function in commands.items():
        options.add(group, name, function)
    return group


def list_all(
    json: options.Json = False, quiet: options.Quiet = False, lang: options.Lang = None
) -> None:
    """List the data sets there are."""
    output = options.output(json, quiet)
    from evrisim.data.sources import describe

    described = describe()
    output.result(described, output.table((_("data set"), _("what it is")), [*described.items()]))


def show(
    data: options.Data,
    picture: Annotated[
        Path | None, typer.Option("--picture", help=_("Write a PNG with images of each class."))
    ] = None,
    data_dir: options.DataDir = None,
    offline: options.Offline = False,
    size: options.Size = None,
    policy: options.Policy = None,
    skip_broken: options.SkipBroken = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    lang: options.Lang = None,
) -> None:
    """Show the splits and classes of a data set, and a picture of it."""
    output = options.output(json, quiet)
    reading = options.reading(size, policy, skip_broken)
    dataset = _loaded(output, data, data_dir, offline, reading)
    counts = _counts(dataset)
    value = {
        "name": dataset.name,
        "image_shape": dataset.image_shape,
        "classes": counts,
        "content_hash": dataset.content_hash(),
        "origin": dataset.origin,
        "picture": str(picture) if picture else None,
    }
    if picture:
        _draw(dataset, picture)
    header = (_("class"), _("train"), _("validation"), _("test"))
    rows = [(name, *split.values()) for name, split in counts.items()]
    rows.append((_("all"), *(len(split) for split in dataset.splits.values())))
    shape = "×".join(map(str, dataset.image_shape))
    lines = [_("{name}: images of {shape}").format(name=dataset.name, shape=shape)]
    output.result(value, [*lines, "", *output.table(header, rows)])


def check(
    data: options.Data,
    data_dir: options.DataDir = None,
    offline: options.Offline = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    lang: options.Lang = None,
) -> None:
    """Look for broken files, copies, leaks across the split, and lopsided classes."""
    output = options.output(json, quiet)
    from evrisim.data import audit, sources

    sources.check_source(data)
    if data in sources.DATA_SETS:
        dataset = _loaded(output, data, data_dir, offline, {})
        output.note(_("looking for copies"))
        found = audit.audit_dataset(dataset)
    else:
        with output.progress(_("reading {data}").format(data=data)) as progress:
            found = audit.audit_folder(data, progress=progress)
    marks = {"error": _("error"), "warning": _("warning"), "note": _("note")}
    lines = [
        _("{name}: {images} images, {classes} classes").format(
            name=found.name, images=found.images, classes=len(found.classes)
        )
    ]
    for finding in found.findings:
        lines.append(f"{marks[finding.severity]}: {finding.text}")
        lines += [f"    {name}" for name in finding.files[:_NAMED]]
        if len(finding.files) > _NAMED:
            lines.append(_("    … and {count} more").format(count=len(finding.files) - _NAMED))
    output.result(found.to_json(), lines)
    if not found.ok:
        raise InputError(
            _(
                "{name} has errors that a training would stumble over; they are listed above."
            ).format(name=found.name)
        )


def fetch(
    data: options.Data,
    data_dir: options.DataDir = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    lang: options.Lang = None,
) -> None:
    """Download a data set unless it is there, and verify it."""
    output = options.output(json, quiet)
    dataset = _loaded(output, data, data_dir, False, {})
    where = dataset.origin.get("path") or _("embedded")
    output.result(
        {"name": dataset.name, "where": where, "origin": dataset.origin},
        [_("{name} is there and sound: {where}").format(name=dataset.name, where=where)],
    )


def _loaded(
    output: Output, data: str, data_dir: Path | None, offline: bool, reading: dict[str, Any]
) -> "DataSet":
    from evrisim.data import sources

    sources.check_source(data)
    place = sources.Place(data_dir, offline)
    with output.progress(_("reading {data}").format(data=data)) as progress:
        return sources.load(data, place=place, progress=progress, reading=reading)


def _counts(dataset: "DataSet") -> dict[str, dict[str, int]]:
    import numpy as np

    by_split = {
        name: np.bincount(split.labels, minlength=dataset.num_classes)
        for name, split in dataset.splits.items()
    }
    return {
        class_name: {split: int(counts[label]) for split, counts in by_split.items()}
        for label, class_name in enumerate(dataset.class_names)
    }


def _draw(dataset: "DataSet", path: Path) -> None:
    import numpy as np
    from PIL import Image

    from evrisim import _files, images

    columns = 10
    rows = []
    for label in range(dataset.num_classes):
        index = np.flatnonzero(dataset.train.labels == label)[:columns]
        found = dataset.train.images[index]
        blank = np.full((columns - len(index), *found.shape[1:]), 255, np.uint8)
        rows.append(np.concatenate([found, blank]))
    tiled = images.tile(np.concatenate(rows), columns)
    enlarged = Image.fromarray(tiled.squeeze())
    factor = max(1, 640 // tiled.shape[1])
    enlarged = enlarged.resize(
        (tiled.shape[1] * factor, tiled.shape[0] * factor), Image.Resampling.NEAREST
    )
    _files.write_with(path, lambda place: enlarged.save(place, "PNG"))
