"""Settle a claim again: run its study, or measure anew. The ledger itself stays as it is."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evrisim._validate import InputError, check_choice, check_whole
from evrisim.claims import fine_tuning, judged, measuring, recording
from evrisim.claims.ledger import ENTRIES, Ruling
from evrisim.data import sources
from evrisim.messages import translate as _
from evrisim.study.design import BUDGETS
from evrisim.training.run import Run

Show = Callable[[Any], None]

FROM_SCRATCH = "cifar10"


@dataclass(frozen=True)
class Wanted:
    """How a claim is to be settled again; what is None is left to the claim.

    Attributes:
        data: Name of a data set, or a folder.
        data_dir: Where data is looked for first.
        budget: Of a study.
        seeds: How many.
        jobs: Trainings of a study at a time.
        runs: Finished runs to measure instead of training.
        directory: Where new runs go.
    """

    data: str | None = None
    data_dir: Path | None = None
    budget: str | None = None
    seeds: int | None = None
    jobs: int | None = None
    runs: tuple[Path, ...] = ()
    directory: Path = Path("runs")


@dataclass(frozen=True)
class Rerun:
    """What came out, and where it lies (None where nothing is kept)."""

    ruling: Ruling
    directory: Path | None


def check(claim: str, wanted: Wanted) -> None:
    """Pass if `rerun` can do what is wanted; loads nothing heavy.

    Raises:
        InputError: If another command settles the claim, or an option has no meaning for it.
    """
    if claim in fine_tuning.COMMANDS:
        raise InputError(
            _("{claim} is measured by another command: `{command}`.").format(
                claim=claim, command=fine_tuning.COMMANDS[claim]
            )
        )
    if wanted.data is not None and ENTRIES[claim].runs:
        sources.check_source(wanted.data)
    for option, value in (("--seeds", wanted.seeds), ("--jobs", wanted.jobs)):
        if value is not None:
            check_whole(option, value, 1)
    if wanted.budget is not None:
        check_choice("--budget", wanted.budget, BUDGETS)
    allowed = ("--of",) if wanted.runs and "--of" in _options(claim) else _options(claim)
    for option, value in _given(wanted).items():
        if value and option not in allowed:
            raise InputError(
                _("`{option}` has no meaning for {claim}.").format(option=option, claim=claim)
            )


def _given(wanted: Wanted) -> dict[str, Any]:
    return {
        "--data": wanted.data,
        "--data-dir": wanted.data_dir,
        "--budget": wanted.budget,
        "--seeds": wanted.seeds,
        "--jobs": wanted.jobs,
        "--of": wanted.runs,
    }


def _options(claim: str) -> tuple[str, ...]:
    if ENTRIES[claim].runs:
        return "--data", "--data-dir", "--budget", "--seeds", "--jobs"
    return {"C27": ("--data-dir", "--seeds", "--of"), "C29": ("--of",)}.get(claim, ())


def rerun(claim: str, wanted: Wanted, *, show: Show = lambda progress: None) -> Rerun:
    """Settle a claim again and say what came out; nothing is written into the ledger.

    Args:
        claim: One of `ledger.IDS`.
        wanted: How.
        show: Called as it goes on: with a `study.Progress` if a study settles the claim, else with
            a `training.Progress`.

    Raises:
        InputError: As `check`, and for data or runs that cannot be used.
    """
    check(claim, wanted)
    if ENTRIES[claim].runs:
        return _study(claim, wanted, show)
    if claim == "C26":
        from evrisim.claims import counting

        return Rerun(counting.table(build=True), None)
    if claim == "C28":
        return Rerun(judged.of_result(recording.of_waiting()), None)
    if claim in ("C27", "C29"):
        runs = [Run.open(path) for path in wanted.runs]
        runs = runs or _trained(claim, wanted, show)
        place = runs[0].directory if len(runs) == 1 else runs[0].directory.parent
        return Rerun(judged.of_result(recording.of_runs(claim, runs)), place)
    return Rerun(judged.rulings(claim)[0], None)


def _study(claim: str, wanted: Wanted, show: Show) -> Rerun:
    from evrisim import experiments, study
    from evrisim.data.source import Source

    place = str(wanted.data_dir) if wanted.data_dir else None
    plan = study.named(ENTRIES[claim].runs)
    source = Source(wanted.data or plan.data, data_dir=place)
    run = experiments.settle(
        plan,
        source,
        budget=wanted.budget or "quick",
        seeds=wanted.seeds,
        jobs=wanted.jobs,
        show=show,
    )
    if ENTRIES[claim].trainings:
        return Rerun(judged.of_result(recording.of_trainings(claim, run)), run.directory)
    result = recording.of_study(claim, run.facts, run.findings())
    return Rerun(judged.of_result(result), run.directory)


def _trained(claim: str, wanted: Wanted, show: Show) -> list[Run]:
    """Train what a claim needs, or go on with it, or take it where it is done."""
    from evrisim.data.source import Source
    from evrisim.training import Recipe

    if claim == "C29":
        name, changes, options = recording.QUICK_DEMO
        recipe = Recipe.load(name).with_settings(changes)
        source = Source("shapes", counts=(2000, 500, 500))
        return [_run(claim, source, recipe, options=options, wanted=wanted, show=show)]
    place = str(wanted.data_dir) if wanted.data_dir else None
    source = Source(FROM_SCRATCH, data_dir=place)
    course = Recipe.load("course")
    return [
        _run(claim, source, recipe, options={}, wanted=wanted, show=show)
        for recipe in (
            course.with_settings({"seed": seed}) for seed in range(wanted.seeds or measuring.FEWEST)
        )
    ]


def _run(
    claim: str,
    source: Any,
    recipe: Any,
    *,
    options: dict[str, Any],
    wanted: Wanted,
    show: Show,
) -> Run:
    from evrisim import workflow
    from evrisim.training import ModelChoice

    return workflow.train_run(
        source.load(),
        ModelChoice("convnet", options),
        recipe,
        directory=wanted.directory / f"claim-{claim}-s{recipe.seed}",
        resume=True,
        show=show,
        facts={"command": f"evrisim claims {claim} --run", "source": source.to_json()},
    )
