"""`evrisim trust`: how far the heat maps of a run's model can be trusted."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evrisim._plain import plain
from evrisim._validate import check_picture, check_whole
from evrisim.cli import heavy, options, pictures, training_progress
from evrisim.cli.explain import methods_named
from evrisim.cli.output import Output
from evrisim.messages import translate as _

if TYPE_CHECKING:
    from evrisim.explain import Trust
    from evrisim.relearning import Relearned

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
    shuffled: Annotated[
        int,
        typer.Option(
            "--labels-shuffled",
            help=_("Train the net anew on shuffled labels, so many epochs, and compare its maps."),
        ),
    ] = 0,
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
    check_whole("--labels-shuffled", shuffled, 0)
    check_whole("--seed", seed, 0)
    if out is not None:
        check_picture("--out", out)
    from evrisim.training.run import Run

    opened = Run.open(run)
    heavy.load()
    from evrisim import looking, opening, plots, relearning

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
    taught: dict[str, Relearned] = {}
    if shuffled:
        with training_progress.shown(output) as show:
            others = relearning.relearned(
                opened,
                dataset,
                methods=methods,
                epochs=shuffled,
                layer=layer,
                seed=seed,
                show=show,
            )
        taught = {one.method: one for one in others}
    path = out or opened.figures / "trust.png"
    plots.save(plots.trust(found), path)
    output.result(
        {"picture": str(path), "methods": [_value(one, taught.get(one.method)) for one in found]},
        [*_table(output, found), "", *_readings(found, taught), str(path)],
    )


def _value(one: "Trust", taught: "Relearned | None") -> dict[str, Any]:
    return one.to_json() | ({"labels_shuffled": plain(taught)} if taught else {})


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


def _readings(found: "list[Trust]", taught: "dict[str, Relearned]") -> list[str]:
    lines: list[str] = [_("In brackets: random maps. ↑ high is good, ↓ low is good.")]
    for one in found:
        told = [*one.reading(), *([taught[one.method].sentence] if taught else [])]
        lines += ["", f"{one.method}: {' '.join(told)}"]
    return [*lines, ""]
