"""`evrisim robustness`: how much accuracy a run's model keeps on corrupted test images."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evrisim._validate import check_picture, check_whole
from evrisim.cli import heavy, options, pictures
from evrisim.cli.output import Output
from evrisim.messages import translate as _

if TYPE_CHECKING:
    from evrisim.data.dataset import DataSet
    from evrisim.robustness import Robustness
    from evrisim.statistics import Interval

SHOWN = 3
"""Severity of the pictures: strong enough to be seen, weak enough to be recognised."""


def robustness(
    run: Annotated[Path, typer.Argument(help=_("Folder of a run."))],
    data: Annotated[
        str | None,
        typer.Option("--data", help=_("Judge on the corrupted test split of other data.")),
    ] = None,
    images: Annotated[
        int, typer.Option("--images", "-n", help=_("Test images to corrupt, drawn by the seed."))
    ] = 1000,
    seed: Annotated[
        int, typer.Option("--seed", "-s", help=_("Seed of which images, and how corrupted."))
    ] = 0,
    out: pictures.Picture = None,
    data_dir: options.DataDir = None,
    offline: options.Offline = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    lang: options.Lang = None,
) -> None:
    """Judge a run's model under fifteen common corruptions at five severities."""
    output = options.output(json, quiet)
    check_whole("--images", images, 1)
    check_whole("--seed", seed, 0)
    if out is not None:
        check_picture("--out", out)
    from evrisim.training.run import Run

    opened = Run.open(run)
    heavy.load()
    from evrisim import opening
    from evrisim.messages import numbers
    from evrisim.robustness import measure_other, measure_run

    dataset = options.load(output, opening.source_of(opened, data, data_dir), offline=offline)
    own = dataset.content_hash() == opened.facts["data"]["content_hash"] or data is None
    with output.progress(_("judging corrupted images")) as progress:
        judge = measure_run if own else measure_other
        found = judge(opened, dataset, images=images, seed=seed, progress=progress)
    kept = opened.directory / "figures" / "robustness.png" if own else Path("robustness.png")
    path = out or kept
    _draw(found, dataset, path)
    notes = [_("Picture: {path}").format(path=path)]
    if own:
        notes += [
            _(
                "{count} corrupted versions of {images} test images were judged; run.json counts "
                "it as a look at the test images."
            ).format(count=numbers.whole(found.corrupted), images=numbers.whole(found.count)),
            _("`evrisim report {run}` puts the table into the report.").format(run=run),
        ]
    value = {**found.to_json(), "picture": str(path)}
    head = [found.sentence, "", _("Right answers in %, ± half the 95 % interval, by severity:")]
    output.result(value, [*head, *_table(output, found), "", *notes])


def _draw(found: "Robustness", dataset: "DataSet", path: Path) -> None:
    """Show the table, and every corruption on the first image that is named rightly as it is."""
    import numpy as np

    from evrisim import plots
    from evrisim.corruptions import CORRUPTIONS, corrupt

    number = int(found.numbers[found.clean.argmax()])
    image = np.asarray(dataset.test.images[number : number + 1])
    shown = [
        image[0],
        *(corrupt(image, name, SHOWN, found.seed, numbers=[number])[0] for name in CORRUPTIONS),
    ]
    plots.save(plots.robustness(found.to_json(), shown, SHOWN), path)


def _table(output: Output, found: "Robustness") -> list[str]:
    """Lay out right answers in percent by corruption and severity, with half the interval."""
    from evrisim.corruptions import CORRUPTIONS, SEVERITIES, display_names
    from evrisim.messages import numbers

    named, means = display_names(), found.by_corruption
    rows = [
        (
            named[name],
            named[CORRUPTIONS[name].group],
            *map(_share, cells),
            numbers.decimal(100 * means[name], 1),
        )
        for name, cells in found.cells.items()
    ]
    header = (_("corruption"), _("group"), *map(str, SEVERITIES), _("mean"))
    return output.table(header, rows)


def _share(one: "Interval") -> str:
    from evrisim.messages import numbers

    value, half = numbers.decimal(100 * one.value, 1), numbers.decimal(50 * (one.high - one.low), 1)
    return f"{value} ± {half}"
