"""`evrisim evaluate`: how good a run's model is."""

from pathlib import Path
from typing import Annotated

import typer

from evrisim.cli import heavy, options
from evrisim.messages import translate as _


def evaluate(
    run: Annotated[Path, typer.Argument(help=_("Folder of a run."))],
    data: Annotated[
        str | None, typer.Option("--data", help=_("Judge on the test split of other data."))
    ] = None,
    data_dir: options.DataDir = None,
    offline: options.Offline = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    lang: options.Lang = None,
) -> None:
    """Say how good a run's model is, with intervals; its own test images are judged only once."""
    output = options.output(json, quiet)
    from evrisim.training.run import Run

    opened = Run.open(run)
    heavy.load()
    from evrisim import judging, opening, workflow

    source = opening.source_of(opened, data, data_dir)
    if data is None and (opened.directory / "predictions.npz").is_file():
        found = judging.saved_evaluation(opened)
    else:
        dataset = options.load(output, source, offline=offline)
        with output.progress(_("evaluating")) as progress:
            judge = workflow.evaluate_other if data else judging.evaluate_run
            found = judge(opened, dataset, progress=progress)
    rows = [
        (row.name, row.support, *(_number(value) for value in (row.precision, row.recall, row.f1)))
        for row in found.per_class
    ]
    header = (_("class"), _("images"), _("precision"), _("recall"), _("F1"))
    output.result(found.to_json(), [found.sentence, "", *output.table(header, rows)])


def _number(value: float | None) -> str:
    return _("n/a") if value is None or value != value else f"{value:.3f}"
