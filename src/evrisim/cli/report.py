"""`evrisim report`: write a run's report anew."""

from pathlib import Path
from typing import Annotated

import typer

from evrisim.cli import heavy, options
from evrisim.messages import translate as _


def report(
    run: Annotated[Path, typer.Argument(help=_("Folder of a run."))],
    data: Annotated[
        str | None, typer.Option("--data", help=_("The data it was trained on, if moved."))
    ] = None,
    data_dir: options.DataDir = None,
    offline: options.Offline = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    lang: options.Lang = None,
) -> None:
    """Write the report of a run, one HTML file that opens anywhere."""
    output = options.output(json, quiet)
    from evrisim.training.run import Run

    opened = Run.open(run)
    opened.predictions()
    heavy.load()
    from evrisim import opening, workflow

    source = opening.source_of(opened, data, data_dir)
    dataset = options.load(output, source, offline=offline)
    with output.progress(_("explaining")) as progress:
        written = workflow.report_run(opened, dataset, progress=progress)
    path = written.directory / "report.html"
    output.result({"report": str(path)}, [_("Report: {path}").format(path=path)])
