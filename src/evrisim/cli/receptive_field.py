"""`evrisim receptive-field`: how far each layer of a model sees."""

from pathlib import Path
from typing import Annotated, Any

import typer

from evrisim._validate import InputError, check_picture
from evrisim.cli import heavy, options
from evrisim.messages import translate as _


def receptive_field(
    target: Annotated[
        str, typer.Argument(metavar="MODEL", help=_("A model's name, a run, or a .keras file."))
    ],
    image: Annotated[
        str | None,
        typer.Argument(help=_("Image to draw on: a file, or the photograph china or flower.")),
    ] = None,
    layer: Annotated[
        list[str] | None, typer.Option("--layer", help=_("Layer to draw, by its path; repeatable."))
    ] = None,
    input_shape: Annotated[
        str | None, typer.Option("--input", help=_("Size of the input, such as 32x32x3."))
    ] = None,
    effective: Annotated[
        bool, typer.Option("--effective", help=_("Measure effective fields of the layers drawn."))
    ] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help=_("Seed of effective fields."))] = 0,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help=_("Picture to write (png, svg or pdf)."))
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    lang: options.Lang = None,
) -> None:
    """Tell how far each layer of a model sees, and draw it over an image."""
    output = options.output(json, quiet)
    shape = (
        None if input_shape is None else options.check_image_shape(options.parse_shape(input_shape))
    )
    if out is not None:
        check_picture("--out", out)
    heavy.load()
    from evrisim import cost, taps
    from evrisim.opening import open_model

    opened = open_model(target, image_shape=shape)
    fields = cost.receptive_fields(opened.model, image_shape=shape)
    chosen = [taps.check_path(opened.model, path, fields) for path in layer or ()]
    chosen = chosen or cost.landmarks(fields)
    picture = None if image is None else _picture(image, _frame(opened.model, shape))
    felt: dict[str, Any] = {}
    if effective:
        with output.progress(_("measuring effective fields")) as progress:
            felt = _effective(opened.model, chosen, (picture, shape, seed), progress)
    if out is not None:
        _draw(out, picture, [(path, fields[path], felt.get(path)) for path in chosen])
    entries = [_entry(path, one, felt.get(path)) for path, one in fields.items()]
    value = {
        "model": opened.name,
        "layers": entries,
        "picture": None if out is None else str(out),
    }
    lines = output.table(_header(effective), [_row(e, effective) for e in entries])
    output.result(value, [*lines, *([_("picture: {path}").format(path=out)] if out else [])])


def _frame(model: Any, shape: Any) -> tuple[int, int, int]:
    """Give rows, columns and channels of the images the model takes."""
    from evrisim import taps

    rows, columns, channels = taps.known_image_shape(model, shape)
    return rows, columns, channels


def _picture(name: str, frame: tuple[int, int, int]) -> Any:
    """Read an image and bring it to a model's size, `(rows, columns, channels)` uint8."""
    import numpy as np

    from evrisim.images import fit
    from evrisim.pictures import grey, read_picture

    fitted = fit(read_picture(name), frame[:2], "crop")
    if frame[2] == fitted.shape[2]:
        return fitted
    if frame[2] != 1:
        raise InputError(
            _("The model takes images of {count} channels; leave the image out.").format(
                count=frame[2]
            )
        )
    return np.rint(255 * grey(fitted)).astype(np.uint8)[:, :, None]


def _effective(model: Any, chosen: list[str], settings: Any, progress: Any) -> dict[str, Any]:
    from evrisim.explain import effective_field

    picture, shape, seed = settings
    # The same picture several times: each time the channels are added up with other signs.
    images = None if picture is None else picture[None].repeat(8, axis=0)
    found: dict[str, Any] = {}
    for done, path in enumerate(chosen, start=1):
        found[path] = effective_field(model, path, images, image_shape=shape, seed=seed)
        progress(done, len(chosen))
    return found


def _draw(out: Path, picture: Any, chosen: list[tuple[str, Any, Any]]) -> None:
    import numpy as np

    from evrisim import plots

    if not chosen:
        raise InputError(_("No layer of the model has a map to draw; name one with `--layer`."))
    if picture is None:
        picture = np.full((*chosen[0][1].image, 3), 150, np.uint8)
    figure = plots.receptive_fields(picture, [plots.FieldView(*one) for one in chosen])
    plots.save(figure, out, dots=150)


def _entry(path: str, one: Any, felt: Any) -> dict[str, Any]:
    return {
        "layer": path,
        "size": one.size,
        "stride": one.stride,
        "start": one.start,
        "cells": one.cells,
        "everything": one.everything,
        "clipped": one.clipped,
        "uniform": one.uniform,
        "misaligned": one.misaligned,
        "unknown": one.unknown or None,
        "effective_side": None if felt is None else felt.side,
    }


def _header(effective: bool) -> tuple[str, ...]:
    header = (_("layer"), _("sees"), _("stride"), _("first pixel"), _("remark"))
    return (*header, _("95 % within")) if effective else header


def _row(entry: dict[str, Any], effective: bool) -> tuple[str, ...]:
    row = (
        entry["layer"],
        _pair(entry["size"], " × "),
        _pair(entry["stride"], " × "),
        _pair(entry["start"], ", "),
        _remark(entry),
    )
    side = entry["effective_side"]
    return (*row, "" if side is None else str(side)) if effective else row


def _pair(values: tuple[Any, Any], between: str) -> str:
    return between.join("?" if value is None else f"{value:g}" for value in values)


def _remark(entry: dict[str, Any]) -> str:
    if entry["unknown"]:
        return _("unknown: depends on {layer}").format(layer=entry["unknown"])
    if entry["misaligned"]:
        return _("misaligned: unequal strides meet")
    if entry["everything"]:
        return _("sees the whole image")
    return "" if entry["uniform"] else _("cells differ; the largest is given")
