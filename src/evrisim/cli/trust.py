"""`evrisim trust`: how far the heat maps of a run's model can be trusted."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evrisim._validate import check_picture, check_whole
from evrisim.cli import heavy, options, pictures
from evrisim.cli.explain import methods_named
from evrisim.cli.output import Output
from evrisim.messages import translate as _

if TYPE_CHECKING:
    from evrisim.explain import Trust

USUAL = "grad-cam,layer-cam,score-cam,integrated-gradients"
"""Methods of four kinds that take no more than a minute or two together."""

FEWEST = 10


def trust(
    run: Annotated[Path, typer.Argument(help=_("Folder of a run."))],
    method: Annotated[
        str, typer.Option("--method", help=_("Ways of explaining, with commas, or all."))
    ] = USUAL,
    images: Annotated[
        int, typer.Option("--images", "-n", help=_("Validation images that are explained."))
    ] = 200,
    layer: Annotated[
        str | None, typer.Option("--layer", help=_("Layer whose feature maps are weighed."))
    ] = None,
    seed: Annotated[int, typer.Option("--seed", "-s", help=_("Seed of what is drawn."))] = 0,
    out: pictures.Picture = None,
    data_dir: options.DataDir = None,
    offline: options.Offline = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    lang: options.Lang = None,
) -> None:
    """Score ways of explaining a run's model: do their maps show what it uses?"""
    output = options.output(json, quiet)
    methods = methods_named(method)
    check_whole("--images", images, FEWEST)
    check_whole("--seed", seed, 0)
    if out is not None:
        check_picture("--out", out)
    from evrisim.training.run import Run

    opened = Run.open(run)
    heavy.load()
    from evrisim import looking, opening, plots

    dataset = options.load(output, opening.source_of(opened, None, data_dir), offline=offline)
    with output.progress(_("scoring heat maps")) as progress:
        found = looking.trusted(
            opened,
            dataset,
            methods=methods,
            layer=layer,
            images=images,
            seed=seed,
            progress=progress,
        )
    path = out or opened.figures / "trust.png"
    plots.save(plots.trust(found), path)
    value = {"picture": str(path), "methods": [one.to_json() for one in found]}
    output.result(value, [*_table(output, found), "", *_readings(found), str(path)])


def _table(output: Output, found: "list[Trust]") -> list[str]:
    """Lay out each score with that of random maps, and what shuffled weights leave."""
    from evrisim.messages import numbers

    def beside(score: float, chance: float) -> str:
        return f"{numbers.decimal(score)} ({numbers.decimal(chance)})"

    rows = [
        (
            one.method,
            *(beside(part.score, part.chance) for part in one.removals),
            numbers.decimal(one.sanity.correlation[-1]),
            *(beside(part.score, part.chance) for part in one.masked.values()),
        )
        for one in found
    ]
    first = found[0]
    arrows = ["↑" if part.higher_is_better else "↓" for part in first.removals]
    header = (
        _("method"),
        *(f"{part.name} {arrow}" for part, arrow in zip(first.removals, arrows, strict=True)),
        _("shuffled ↓"),
        *(f"{name} ↑" for name in first.masked),
    )
    return output.table(header, rows)


def _readings(found: "list[Trust]") -> list[str]:
    lines: list[str] = [_("In brackets: random maps. ↑ high is good, ↓ low is good.")]
    for one in found:
        lines += ["", f"{one.method}: {' '.join(one.reading())}"]
    return [*lines, ""]
