"""What commands that end in a picture share: where it goes, and the maps it is about."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from evrisim._validate import InputError
from evrisim.cli import heavy
from evrisim.messages import translate as _

Image = Annotated[
    str, typer.Argument(help=_("A picture: a file, or china or flower (scikit-learn's)."))
]
Model = Annotated[
    str | None,
    typer.Option("--run", help=_("Maps of this model: a run, a .keras file or a name.")),
]
Layer = Annotated[
    str | None,
    typer.Option("--layer", help=_("Layer of the model; default its first with a kernel.")),
]
Picture = Annotated[Path | None, typer.Option("--out", "-o", help=_("Picture to write."))]


@dataclass(frozen=True, eq=False)
class Material:
    """Feature maps to compare methods on.

    Attributes:
        maps: `(count, rows, columns, channels)`.
        source: What they are, in words.
        names: of the channels.
        layer: its path when they are a layer's, else None.
        classes: how many a head on them would tell apart: the model's, else 10.
        notes: what was done to the picture, in sentences.
    """

    maps: Any
    source: str
    names: list[str]
    layer: str | None
    classes: int
    notes: tuple[str, ...] = ()


def material(image: str, run: str | None, layer: str | None, *, tiles: bool = False) -> Material:
    """Find the edges of a picture, or run it through a model; whole, or cut into 4×4 tiles."""
    if run is None and layer is not None:
        raise InputError(_("`--layer` names a layer of a model; give the model with `--run`."))
    import numpy as np

    from evrisim import pictures

    picture = pictures.read_picture(image)
    sized = pictures.at_most(picture)
    parts = pictures.tiles(sized) if tiles else [sized]
    if run is None:
        maps = np.stack([pictures.edge_maps(part) for part in parts])
        names = [_("bright below"), _("bright above"), _("bright right"), _("bright left")]
        source, notes = _("Sobel edges of {image}").format(image=image), _shrunk(picture, sized)
        return Material(maps, source, names, None, 10, notes)
    heavy.load()
    from evrisim.features import feature_maps
    from evrisim.opening import fit_image, open_model

    opened = open_model(run)
    batch = np.stack([fit_image(opened, part) for part in parts])
    found = feature_maps(opened.model, batch, layer)[0]
    source = _("{layer} of {model} for {image}").format(
        layer=found.layer, model=opened.name, image=image
    )
    names = [str(number) for number in range(found.maps.shape[-1])]
    outputs = getattr(opened.model, "output_shape", None)
    classes = outputs[-1] if isinstance(outputs, tuple) and len(outputs) == 2 else 10
    return Material(found.maps, source, names, found.layer, classes)


def _shrunk(before: Any, after: Any) -> tuple[str, ...]:
    if before.shape == after.shape:
        return ()
    sizes = ["{}×{}".format(*picture.shape[:2]) for picture in (before, after)]
    return (
        _("The picture was shrunk from {before} to {after} pixels.").format(
            before=sizes[0], after=sizes[1]
        ),
    )
