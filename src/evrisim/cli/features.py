"""`evrisim features`: what the layers of a model make of an image, as pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evrisim import pretrained
from evrisim._validate import InputError, check_choice, check_picture
from evrisim.cli import heavy, options
from evrisim.messages import translate as _

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

    from evrisim.cli.output import Output
    from evrisim.data.dataset import DataSet, Split
    from evrisim.features import Exciting, FeatureMaps
    from evrisim.opening import Opened

MEASURES = ("mean", "max")
SPLITS = ("train", "validation")
_IMAGES_PER_MAP = 8
_LISTED = 8


def features(
    run: Annotated[Path, typer.Argument(help=_("Folder of a run, or any .keras file."))],
    image: Annotated[Path | None, typer.Argument(help=_("Image to look at."))] = None,
    layer: Annotated[
        list[str] | None,
        typer.Option("--layer", help=_("Layer by its path; repeatable. Default: one a stage.")),
    ] = None,
    maps: Annotated[
        int,
        typer.Option("--maps", min=1, max=1000, help=_("Maps shown per layer, strongest first.")),
    ] = 8,
    by: Annotated[str, typer.Option("--by", help=_("Strength: mean (default) or max."))] = "mean",
    layers: Annotated[bool, typer.Option("--layers", help=_("List the layers that give maps."))] = (
        False
    ),
    kernels: Annotated[
        bool, typer.Option("--kernels", help=_("Draw the learned kernels, too."))
    ] = False,
    exciting: Annotated[
        bool, typer.Option("--exciting", help=_("Draw the images that excite the maps most, too."))
    ] = False,
    data: Annotated[
        str | None,
        typer.Option("--data", help=_("Where exciting images are sought; default the run's data.")),
    ] = None,
    split: Annotated[
        str, typer.Option("--split", help=_("Of the data: validation (default) or train."))
    ] = "validation",
    data_dir: options.DataDir = None,
    offline: options.Offline = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help=_("Picture to write; further ones go beside it.")),
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    lang: options.Lang = None,
) -> None:
    """Show what the layers of a model make of an image."""
    output = options.output(json, quiet)
    check_choice("--by", by, MEASURES)
    check_choice("--split", split, SPLITS)
    _check_request(run, image, out, anything=layers or kernels or exciting)
    heavy.load()
    from evrisim.opening import open_model, read_image

    opened = open_model(run)
    pixels = None if image is None else read_image(opened, image)
    shape = _image_shape(opened, pixels)
    if layers:
        _list_layers(output, opened, shape)
        return
    if opened.run is None:
        output.note(
            _(
                "{model} is given raw values, 0 to 255; if it was trained on others, put a "
                "Rescaling layer in front of it."
            ).format(model=opened.name)
        )
    parts: list[_Part] = []
    if pixels is not None and image is not None:
        parts.append(_look(opened, pixels, image.name, layer, maps, by))
    if kernels:
        parts.append(_kernels(opened, layer, shape))
    if exciting:
        dataset = _load(output, opened, data, data_dir, offline, shape)
        parts.append(_excite(output, opened, dataset, split, layer, maps, by))
    pictures = _save(opened, [named for part in parts for named in part.figures], out)
    value = {"model": opened.name, "image": image and str(image), "pictures": pictures}
    lines = [line for part in parts for line in (*part.lines(output), "")]
    said = [_("picture: {path}").format(path=path) for path in pictures]
    output.result(value | {part.key: part.value for part in parts}, [*lines, *said])


@dataclass(frozen=True)
class _Part:
    """One part of the result: for JSON, as a table, and as figures by name."""

    key: str
    value: Any
    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    figures: list[tuple[str, "Figure"]]

    def lines(self, output: "Output") -> list[str]:
        return output.table(self.header, self.rows)


def _check_request(run: Path, image: Path | None, out: Path | None, *, anything: bool) -> None:
    if not run.exists() and pretrained.folder(run) is None:
        raise InputError(
            _("There is no run or .keras file {path}; runs lie under runs/ by default.").format(
                path=run
            )
        )
    if image is None and not anything:
        raise InputError(_("Give an image to look at, or --layers, --kernels or --exciting."))
    if out is not None:
        check_picture("--out", out)


def _image_shape(opened: "Opened", pixels: "np.ndarray | None") -> tuple[int, ...]:
    """Give `(rows, columns, channels)` of the image, else of what the model was built for."""
    from evrisim.opening import input_size

    if pixels is not None:
        return pixels.shape
    rows, columns, channels = input_size(opened)
    if rows is None or columns is None:
        raise InputError(
            _("{model} takes images of any size; give an IMAGE, so that it is known.").format(
                model=opened.name
            )
        )
    return rows, columns, channels


def _list_layers(output: "Output", opened: "Opened", shape: tuple[int, ...]) -> None:
    from evrisim.features import default_layers, list_layers

    found = list_layers(opened.model, shape)
    usual = {one.name for one in default_layers(opened.model, shape)} if found else set()
    value: list[dict[str, Any]] = [
        {
            "layer": one.name,
            "kind": one.kind,
            "shape": list(one.shape),
            "call": one.call,
            "calls": one.calls,
            "default": one.name in usual,
        }
        for one in found
    ]
    header = (_("layer"), _("kind"), _("rows × columns × maps"), _("shown by default"))
    rows = [
        (row["layer"], row["kind"], _times(row["shape"]), "*" if row["default"] else "")
        for row in value
    ]
    output.result({"model": opened.name, "layers": value}, output.table(header, rows))


def _look(
    opened: "Opened",
    pixels: "np.ndarray",
    name: str,
    layers: Sequence[str] | None,
    shown: int,
    by: str,
) -> _Part:
    from evrisim import plots
    from evrisim.features import feature_maps

    found = feature_maps(opened.model, pixels[None], layers)
    value = [_maps_facts(one, shown, by) for one in found]
    header = (_("layer"), _("rows × columns × maps"), _("values"), _("dead"), _("strongest"))
    rows = [
        (
            row["layer"],
            _times(row["shape"]),
            "{:.3g} … {:.3g}".format(*row["range"]),
            str(len(row["dead"])),
            ", ".join(str(one["map"]) for one in row["strongest"][:_LISTED]),
        )
        for row in value
    ]
    title = f"{opened.name} · {name}"
    figure = plots.feature_maps(pixels, found, title=title, shown=shown, by=by)
    return _Part("layers", value, header, rows, [("feature_maps", figure)])


def _maps_facts(found: "FeatureMaps", shown: int, by: str) -> dict[str, Any]:
    strength = found.strength(by)
    relative = strength.relative
    return {
        "layer": found.layer,
        "kind": found.kind,
        "shape": list(found.shape),
        "range": list(found.range),
        "by": by,
        "dead": strength.dead.nonzero()[0].tolist(),
        "strongest": [
            {
                "map": int(number),
                "strength": float(strength.values[number]),
                "relative": float(relative[number]),
            }
            for number in strength.order[:shown]
        ],
    }


def _kernels(opened: "Opened", layers: Sequence[str] | None, shape: tuple[int, ...]) -> _Part:
    from evrisim import plots
    from evrisim.features import learned_kernels

    wanted: Sequence[str | None] = layers or [None]
    found = [learned_kernels(opened.model, layer, image_shape=shape) for layer in wanted]
    value: list[dict[str, Any]] = [
        {"layer": one.layer, "shape": list(one.kernels.shape), "scale": one.scale} for one in found
    ]
    header = (_("layer"), _("kernel"), _("largest weight"))
    rows = [(row["layer"], _times(row["shape"]), f"{row['scale']:.3g}") for row in value]
    figures = [
        (_file_name("learned_kernels", one.layer, layers), plots.learned_kernels(one))
        for one in found
    ]
    return _Part("kernels", value, header, rows, figures)


def _load(
    output: "Output",
    opened: "Opened",
    data: str | None,
    data_dir: Path | None,
    offline: bool,
    shape: tuple[int, ...],
) -> "DataSet":
    """Load the run's own data, or other data, a folder of it sized as the model takes images."""
    from evrisim.data.source import Source
    from evrisim.data.sources import DATA_SETS
    from evrisim.opening import source_of

    if opened.run is not None:
        source = source_of(opened.run, data, data_dir)
    elif data is not None:
        reading = {} if data in DATA_SETS else {"size": shape[:2]}
        source = Source(data, data_dir=str(data_dir) if data_dir else None, reading=reading)
    else:
        raise InputError(
            _("{model} comes without data; say with --data where to look for images.").format(
                model=opened.name
            )
        )
    return options.load(output, source, offline=offline)


def _excite(
    output: "Output",
    opened: "Opened",
    dataset: "DataSet",
    split: str,
    layers: Sequence[str] | None,
    shown: int,
    by: str,
) -> _Part:
    from evrisim import cost, plots
    from evrisim.features import most_exciting, seen_by

    chosen = dataset.splits[split]
    with output.progress(_("looking for exciting images")) as progress:
        found = most_exciting(
            opened.model, chosen.images, layers, count=_IMAGES_PER_MAP, progress=progress
        )
    names = [dataset.class_names[label] for label in chosen.labels]
    fields = cost.receptive_fields(opened.model, image_shape=chosen.images.shape[1:])
    value, rows, figures = [], [], []
    for one in found:
        strongest = one.strengths[by].order[:shown].tolist()
        # Of a shared layer the field of the first call is known, and any may be meant.
        boxes = one.boxes(seen_by(fields[one.layer])) if one.layer in fields else None
        best = [_exciting_facts(one, number, names, chosen, boxes) for number in strongest]
        value.append({"layer": one.layer, "split": split, "images": one.seen, "maps": best})
        rows += [
            (one.layer, str(row["map"]), ", ".join(image["name"] for image in row["images"][:3]))
            for row in best
        ]
        title = f"{opened.name} · {dataset.name} ({split})"
        figure = plots.exciting_images(
            chosen.images, one, title=title, maps=strongest, names=names, boxes=boxes
        )
        figures.append((_file_name("exciting_images", one.layer), figure))
    header = (_("layer"), _("map"), _("most exciting images"))
    return _Part("exciting", value, header, rows, figures)


def _exciting_facts(
    found: "Exciting",
    number: int,
    names: Sequence[str],
    split: "Split",
    boxes: "np.ndarray | None",
) -> dict[str, Any]:
    row = int((found.maps == number).argmax())
    framed = found.boxes() if boxes is None else boxes
    columns = zip(found.images[row], found.values[row], found.places[row], framed[row], strict=True)
    return {
        "map": number,
        "images": [
            {
                "index": int(index),
                "name": split.name(int(index)),
                "class": names[index],
                "value": float(value),
                "place": place.tolist(),
                "box": box.tolist(),
            }
            for index, value, place, box in columns
        ],
    }


def _save(opened: "Opened", figures: Sequence[tuple[str, "Figure"]], out: Path | None) -> list[str]:
    """Write figures into the run or here, or the first to `out` and the others beside it."""
    from evrisim import plots

    folder = opened.run.figures if opened.run else Path()
    stem = "" if opened.run else f"{Path(opened.name).stem}-"
    paths: list[str] = []
    for name, figure in figures:
        path = folder / f"{stem}{name}.png"
        if out is not None:
            path = out if not paths else out.with_name(f"{out.stem}-{name}{out.suffix}")
        plots.save(figure, path)
        paths.append(str(path))
    return paths


def _file_name(kind: str, layer: str, asked: Any = True) -> str:
    return f"{kind}-{layer.replace('/', '.')}" if asked else kind


def _times(sizes: Sequence[int]) -> str:
    return " × ".join(map(str, sizes))
