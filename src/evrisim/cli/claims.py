"""`evrisim claims`: what the course asserts, with the verdict and the evidence for it."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evrisim._validate import InputError
from evrisim.cli import heavy, options, training_progress
from evrisim.cli.output import Output, Progress
from evrisim.messages import translate as _

if TYPE_CHECKING:
    from evrisim.claims.ledger import Ruling
    from evrisim.claims.rerunning import Rerun, Wanted


def claims(
    ids: Annotated[
        list[str] | None, typer.Argument(help=_("Ids of claims, such as C3; default all."))
    ] = None,
    run: Annotated[
        bool, typer.Option("--run", help=_("Settle the claims again: run studies, measure."))
    ] = False,
    data: Annotated[
        str | None, typer.Option("--data", help=_("Data of the study, if not its own."))
    ] = None,
    budget: Annotated[
        str | None, typer.Option("--budget", help=_("smoke, quick (default) or full."))
    ] = None,
    seeds: Annotated[int | None, typer.Option("--seeds", help=_("How many paired seeds."))] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", help=_("Trainings at a time, each its own process."))
    ] = None,
    of: Annotated[
        list[Path] | None,
        typer.Option("--of", help=_("Measure this finished run (C27, C29); repeatable.")),
    ] = None,
    data_dir: options.DataDir = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    lang: options.Lang = None,
) -> None:
    """Show the ledger: what the course claims, the verdict so far, the evidence."""
    output = options.output(json, quiet)
    from evrisim.claims import ledger

    chosen = list(dict.fromkeys(map(ledger.check_id, ids or ())))
    given = (data, budget, seeds, jobs, of, data_dir)
    if not run and any(option is not None for option in given):
        raise InputError(_("These options say how to settle a claim again; add --run."))
    if run:
        from evrisim.claims.rerunning import Wanted

        wanted = Wanted(data, data_dir, budget, seeds, jobs, tuple(of or ()))
        _rerun(output, chosen, wanted)
        return
    heavy.load()
    from evrisim.claims import rulings
    from evrisim.cli import claims_table

    found = {claim: rulings(claim) for claim in chosen or ledger.IDS}
    value = {"claims": [to_json(claim, those) for claim, those in found.items()]}
    output.result(value, [] if output.json else claims_table.layout(found, whole=len(chosen) == 1))


def to_json(claim: str, rulings: "list[Ruling]") -> dict[str, Any]:
    """Give a claim with its rulings as plain JSON values."""
    from evrisim.claims import ledger, sentences

    entry = ledger.ENTRIES[claim]
    return {
        "id": claim,
        "says": sentences.said()[claim],
        "settled_by": list(entry.ways),
        "study": entry.study or None,
        "commands": entry.commands,
        "rulings": [ruling.to_json() for ruling in rulings],
    }


def _counting(progress: Progress) -> Callable[[Any], None]:
    return lambda state: progress(state.done, state.total)


def _rerun(output: Output, chosen: list[str], wanted: "Wanted") -> None:
    from evrisim.claims import rerunning

    if not chosen:
        raise InputError(_("Say which claims to settle again, such as C1: all would take days."))
    for claim in chosen:
        rerunning.check(claim, wanted)
    heavy.load()
    from evrisim.cli import claims_table

    found: dict[str, Rerun] = {}
    for claim in chosen:
        with (
            output.progress(claim) as progress,
            training_progress.shown(output) as show,
        ):
            found[claim] = rerunning.rerun(
                claim,
                wanted,
                show_study=_counting(progress),
                show_training=show,
            )
    value = [
        {
            **to_json(claim, [one.ruling]),
            "directory": None if one.directory is None else str(one.directory),
        }
        for claim, one in found.items()
    ]
    lines = [] if output.json else claims_table.rerun_lines(found)
    output.result({"claims": value}, lines)
