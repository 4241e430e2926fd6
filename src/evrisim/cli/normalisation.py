"""`evrisim normalisation`: batch, layer, group and instance normalisation on the same maps."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from evrisim._plain import plain
from evrisim._validate import check_picture
from evrisim.cli import options, pictures
from evrisim.messages import translate as _


def normalisation(
    image: pictures.Image = "china",
    groups: Annotated[
        int | None,
        typer.Option("--groups", help=_("Of group norm; default 32 or the next possible.")),
    ] = None,
    run: pictures.Model = None,
    layer: pictures.Layer = None,
    out: pictures.Picture = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    lang: options.Lang = None,
) -> None:
    """Compare normalisations on the maps of 16 tiles of a picture: what depends on the batch."""
    output = options.output(json, quiet)
    path = check_picture("--out", out or Path("normalisation.png"))
    from evrisim import normalising

    found = pictures.material(image, run, layer, tiles=True)
    maps = found.maps
    wanted = normalising.possible_groups(maps.shape[-1]) if groups is None else groups
    dependence = {
        name: normalising.batch_dependence(normalise, maps)
        for name, normalise in normalising.methods(wanted).items()
    }
    noise = normalising.batch_noise(maps, (1, 2, 4, 8, 16))
    from evrisim.plots import normalisation as plots
    from evrisim.plots import save

    save(plots.normalisation(maps, wanted, dependence, noise), path, dots=100)
    value: dict[str, Any] = {
        "picture": str(path),
        "maps": found.source,
        "layer": found.layer,
        "notes": list(found.notes),
        "map_shape": list(maps.shape),
        "groups": wanted,
        "batch_dependence": dependence,
        "batch_noise": [asdict(one) for one in noise],
    }
    lines = [
        _("{maps}, cut into {count} tiles of {size} with {channels} channels").format(
            maps=found.source,
            count=len(maps),
            size="{}×{}".format(*maps.shape[1:3]),
            channels=maps.shape[-1],
        ),
        *found.notes,
        "",
        *_dependence_table(output, dependence, plots.names(), wanted),
        "",
        *_noise_table(output, noise),
        "",
        str(path),
    ]
    output.result(plain(value), lines)


def _dependence_table(
    output: Any, dependence: dict[str, float], names: dict[str, str], groups: int
) -> list[str]:
    from evrisim.messages import numbers

    said = {**names, "group": _("group norm, {count} groups").format(count=groups)}
    rows = [(said[name], numbers.percent(value)) for name, value in dependence.items()]
    return output.table((_("normalisation"), _("change of an image without its batch")), rows)


def _noise_table(output: Any, noise: Any) -> list[str]:
    from evrisim.messages import numbers

    rows = [
        (
            numbers.whole(one.batch_size),
            numbers.decimal(one.mean_noise, 3),
            numbers.decimal(one.expected_mean_noise, 3),
            numbers.decimal(one.variance_ratio, 3),
            numbers.decimal(one.expected_variance_ratio, 3),
        )
        for one in noise
    ]
    header = (
        _("batch norm: images in a batch"),
        _("spread of its mean"),
        _("by the formula"),
        _("its variance"),
        _("by the formula"),
    )
    return output.table(header, rows)
