"""`evrisim study agree`: does a short training rank designs as a long one does?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evrisim._validate import check_picture
from evrisim.cli import options
from evrisim.cli.output import Output
from evrisim.messages import numbers
from evrisim.messages import translate as _

if TYPE_CHECKING:
    from evrisim.study.agreement import Agreement


def agree_studies(
    short: Annotated[Path, typer.Argument(help=_("Folder of a study with short trainings."))],
    long: Annotated[Path, typer.Argument(help=_("Folder of the same study, trained longer."))],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help=_("Picture; default agreement.png in the long one.")),
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    lang: options.Lang = None,
) -> None:
    """Compare how two runs of a study rank its arms: Kendall's rank correlation.

    Both must have at least five arms in common, by name, and be judged.
    """
    from evrisim import plots
    from evrisim.study.agreement import agreement
    from evrisim.study.record import StudyRun

    output = options.output(json, quiet)
    runs = [StudyRun.open(one) for one in (short, long)]
    path = check_picture("--out", out or long / "figures" / "agreement.png")
    found = agreement(*(run.findings().arms for run in runs))
    plots.save(plots.agreement(found), path)
    output.result(
        {**found.to_json(), "picture": str(path)},
        [*_table(output, found), "", found.sentence, str(path)],
    )


def _table(output: Output, found: "Agreement") -> list[str]:
    order = (-found.long).argsort()
    rows = [
        (
            found.names[place],
            numbers.percent(float(found.long[place])),
            numbers.percent(float(found.short[place])),
            1 + int((found.short > found.short[place]).sum()),
        )
        for place in order
    ]
    heads = (_("arm"), _("long training"), _("short training"), _("its place there"))
    return output.table(heads, rows)
