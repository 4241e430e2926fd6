"""`evrisim report`: write a run's report anew."""

from pathlib import Path
from typing import Annotated

import typer

from evrisim.cli import heavy, options
from evrisim.messages import translate as _


def report(
    run: Annotated[Path, typer.Argument(help=_("Folder of a run."))],
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
    from evrisim import workflow

    source = workflow.Source.of(opened)
    with output.progress(_("reading {data}").format(data=source.name)) as progress:
        dataset = source.load(offline=offline, progress=progress)
    with output.progress(_("explaining")) as progress:
        written = workflow.report_run(opened, dataset, progress=progress)
    path = written.directory / "report.html"
    output.result({"report": str(path)}, [_("Report: {path}").format(path=path)])
