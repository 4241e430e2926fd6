"""`evrisim pooling`: max, average, stride and global pooling on the same maps."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from evrisim._plain import plain
from evrisim._validate import check_picture
from evrisim.cli import options, pictures
from evrisim.messages import translate as _


def pooling(
    image: pictures.Image,
    size: Annotated[int, typer.Option("--size", help=_("Rows and columns of a window."))] = 2,
    stride: Annotated[
        int | None, typer.Option("--stride", help=_("From window to window; default the size."))
    ] = None,
    padding: Annotated[str, typer.Option("--padding", help=_("valid or same."))] = "valid",
    run: pictures.Model = None,
    layer: pictures.Layer = None,
    out: pictures.Picture = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    lang: options.Lang = None,
) -> None:
    """Compare kinds of pooling on the maps of a picture: what they keep, how they bear a shift."""
    output = options.output(json, quiet)
    path = check_picture("--out", out or Path("pooling.png"))
    from evrisim import pooling as room

    room.pools.spans_of((size, size), size, stride, padding)  # before anything slow
    found = pictures.material(image, run, layer)
    maps = found.maps[0]
    kept = room.compare(maps, size, stride=stride, padding=padding)
    shifts = room.compare_shifts(maps, size, stride=stride)
    verdict = room.judge(kept, found.source)
    heads = room.compare_heads((*kept.cells, maps.shape[-1]), found.classes)
    from evrisim.plots import pooling as plots
    from evrisim.plots import save

    save(plots.pooling(maps, kept, shifts, map_names=found.names), path, dots=100)
    value: dict[str, Any] = {
        "picture": str(path),
        "maps": found.source,
        "layer": found.layer,
        "notes": list(found.notes),
        "map_shape": list(maps.shape),
        "comparison": asdict(kept),
        "shifts": {name: [asdict(one) for one in series] for name, series in shifts.items()},
        "verdict": asdict(verdict),
        "heads": {"classes": found.classes, **asdict(heads), "ratio": heads.ratio},
    }
    lines = [
        _("{maps}: {count} maps of {size}").format(
            maps=found.source, count=kept.maps, size="{}×{}".format(*maps.shape[:2])
        ),
        *_flat_maps(kept.flat),
        *found.notes,
        "",
        *_kept_table(output, kept, plots.names()),
        "",
        *_shift_table(output, shifts, plots.names()),
        "",
        verdict.sentence,
        _heads_sentence(heads, kept.cells, maps.shape[-1], found.classes),
        str(path),
    ]
    output.result(plain(value), lines)


def _flat_maps(count: int) -> list[str]:
    if not count:
        return []
    return [_("{count} more are flat (all cells equal) and not measured").format(count=count)]


def _kept_table(output: Any, found: Any, names: dict[str, str]) -> list[str]:
    from evrisim.messages import numbers

    said = {
        "line": _("bright line, one cell wide: height kept"),
        "dark_line": _("dark line, one cell wide: height kept"),
        "step": _("step: largest difference of neighbours"),
        "edges": _("edges: difference of neighbours, relative to before"),
        "peak": _("peak: the strongest activation"),
        "level": _("level raised, in standard deviations"),
        "noise": _("noise against signal, relative to before"),
    }
    rows = [
        (text, *(numbers.decimal(getattr(kept, measure)) for kept in found.kept.values()))
        for measure, text in said.items()
    ]
    return output.table((_("what is kept"), *(names[kind] for kind in found.kept)), rows)


def _shift_table(output: Any, shifts: Any, names: dict[str, str]) -> list[str]:
    from evrisim.messages import numbers

    rows = [
        (
            numbers.whole(same[0].cells),
            *(
                f"{numbers.decimal(one.difference)} ({numbers.decimal(one.remainder)})"
                for one in same
            ),
        )
        for same in zip(*shifts.values(), strict=True)
    ]
    header = (_("cells moved: change (once moved back)"), *(names[kind] for kind in shifts))
    return output.table(header, rows)


def _heads_sentence(heads: Any, cells: tuple[int, int], channels: int, classes: int) -> str:
    from evrisim.messages import numbers

    return _(
        "C2, a head of {classes} classes on the pooled maps, {shape}: Flatten + Dense has "
        "{flatten} parameters, {ratio} times as many as global average pooling + Dense with "
        "{average}."
    ).format(
        classes=classes,
        shape=f"{cells[0]}×{cells[1]}×{channels}",
        flatten=heads.flatten_formula,
        average=heads.average_formula,
        ratio=numbers.decimal(heads.ratio, 1),
    )
