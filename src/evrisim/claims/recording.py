"""Put a result into the ledger: `python -m evrisim.claims.recording DIR… CLAIM`.

DIR is the folder of a finished study (for C9, C12 and C21 too, which measure its trainings); for
C20 of a measured forgetting; for C27 and C29 of one or several finished runs. C28
needs none and is measured; so are C13 and C15 if none is named.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from evrisim import machine
from evrisim._validate import InputError
from evrisim.claims import augmenting, deep, fine_tuning, pointing, stored, waiting
from evrisim.claims.ledger import ENTRIES, check_id
from evrisim.data import sources
from evrisim.messages import translate as _
from evrisim.study.design import SEEDS
from evrisim.study.record import StudyRun
from evrisim.training.recipe import Recipe
from evrisim.training.run import Run

if TYPE_CHECKING:
    from evrisim.study.results import ArmResult, Comparison, Findings

QUICK_DEMO = ("demo", {"epochs": 3}, {"width": 32})
"""Recipe of `evrisim demo --quick`, what it changes, and the model's options."""

_KNOWN: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "course": ("course", {}, {}),
    "demo": ("demo", {}, {"width": 32}),
    "demo-quick": QUICK_DEMO,
}
_MADE_BY = {"course": "evrisim train cifar10 --recipe course", "demo": "evrisim demo"}

KEPT = {"C27": "course", "C28": "pause", "C29": "demo"}
"""What must have been done for the ledger to keep a measurement that is not of a study."""

OWN = "own"
NOISE = "noise"
"""Data of C28: random pixels, for only the time they take counts."""


def record(
    directories: Path | Sequence[Path], claim: str, *, folder: Path = stored.RESULTS
) -> Path:
    """Write the file that puts what was measured into the ledger, and give its path.

    Args:
        directories: A finished study; for C27 and C29 finished runs; for C28 none.
        claim: Id of the claim.
        folder: Where the file goes.

    Raises:
        InputError: If it is not finished, does not settle this claim, or was not made with a
            data set and recipe that everybody has.
    """
    places = [directories] if isinstance(directories, Path) else list(directories)
    result = _result(places, check_id(claim))
    if result.data not in (*sources.DATA_SETS, NOISE):
        raise InputError(
            _("The ledger keeps results on data sets that everybody has: {known}.").format(
                known=", ".join(sources.DATA_SETS)
            )
        )
    kept = KEPT.get(result.claim)
    if isinstance(result, stored.Measured) and kept is not None and result.recipe != kept:
        raise InputError(
            _(
                "For {claim} the ledger keeps runs of `{command}`, unchanged but for the seed."
            ).format(claim=result.claim, command=_MADE_BY[kept])
        )
    return stored.write(result, folder)


def _result(places: list[Path], claim: str) -> stored.Result:
    if claim == "C28":
        return of_waiting()
    if claim in deep.NETS and not places:
        return of_depth(claim)
    if claim == "C20":
        return of_forgetting(_one(claim, places))
    if not ENTRIES[claim].runs:
        return of_runs(claim, [Run.open(place) for place in places])
    place = _one(claim, places)
    run = StudyRun.open(place)
    if run.facts["status"] != "done":
        raise InputError(_("{path} is not finished; run it again to go on.").format(path=place))
    if ENTRIES[claim].trainings:
        return of_trainings(claim, run)
    return of_study(claim, run.facts, run.findings())


def _one(claim: str, places: list[Path]) -> Path:
    if len(places) != 1:
        raise InputError(
            _("{claim} is settled by one folder of results; name it.").format(claim=claim)
        )
    return places[0]


def of_trainings(claim: str, study: StudyRun) -> stored.Measured:
    """Measure the trainings of a finished study for a claim that its comparisons do not settle.

    Raises:
        InputError: If it is another study, or lacks what is measured.
    """
    facts, wanted = study.facts, ENTRIES[claim].trainings
    if facts["name"] != wanted:
        raise InputError(
            _("{claim} is settled by the study {study}, not by {other}.").format(
                claim=claim, study=wanted, other=facts["name"]
            )
        )
    take = _TAKEN[claim]
    data, budget = Path(facts["source"]["name"]).name, facts["budget"]
    return stored.Measured(
        claim=claim,
        data=data,
        date=_day(facts),
        machine=_machine(facts),
        versions=facts["versions"],
        seeds=tuple(facts["seeds"]),
        seconds=None,
        command=_command(claim, facts, len(facts["seeds"])),
        recipe=f"{wanted}-{budget}",
        values={**take(study), "official": float(facts.get("official") is not False)},
    )


_TAKEN: Mapping[str, Callable[[StudyRun], Mapping[str, Any]]] = {
    "C9": augmenting.gaps,
    "C12": augmenting.validations,
    "C21": fine_tuning.by_images,
}
"""What of a study's trainings a claim is judged by."""


def _command(claim: str, facts: Mapping[str, Any], asked: int) -> str:
    """Give the command that settles a claim again as a study with so many seeds did."""
    data, budget = Path(facts["source"]["name"]).name, facts["budget"]
    command = f"evrisim claims {claim} --run --data {data} --budget {budget}"
    return command if asked == SEEDS else f"{command} --seeds {asked}"


def of_study(claim: str, facts: Mapping[str, Any], findings: "Findings") -> stored.StudyResult:
    """Take from a study what the ledger keeps of the comparison that settles a claim.

    Args:
        claim: Id of the claim.
        facts: What `study.json` holds.
        findings: What the study found.

    Raises:
        InputError: If the study does not hold the comparison, or its test images are unopened.
    """
    found = _comparison(claim, facts, findings)
    if found.claim is None or found.verdict is None or not len(found.differences):
        raise InputError(
            _("The study {study} has no verdict on {claim} yet.").format(
                study=facts["name"], claim=claim
            )
        )
    data, budget = Path(facts["source"]["name"]).name, facts["budget"]
    return stored.StudyResult(
        claim=claim,
        data=data,
        date=_day(facts),
        machine=_machine(facts),
        versions=facts["versions"],
        seeds=found.seeds,
        seconds=round(sum(float(arm.seconds.sum()) for arm in findings.arms), 1),
        command=_command(claim, facts, len(found.seeds) + len(found.missing)),
        study=facts["name"],
        arm=found.arm,
        against=found.against,
        budget=budget,
        official=facts.get("official"),
        claimed=stored.Claimed(kind=found.claim.kind, points=found.claim.points),
        differences=tuple(found.differences.tolist()),
        mean=float(np.mean(found.differences)),
        interval=None if found.interval is None else (found.interval.low, found.interval.high),
        verdict=found.verdict,
        verdict_p=found.verdict_p,
        missing=found.missing,
        arms={arm.name: _side(arm) for arm in findings.arms if len(arm.seeds)},
    )


def _comparison(claim: str, facts: Mapping[str, Any], findings: "Findings") -> "Comparison":
    entry = ENTRIES[claim]
    for comparison in findings.comparisons:
        if (comparison.arm, comparison.against) == (entry.arm, entry.against):
            return comparison
    raise InputError(
        _("{claim} is settled by {study}, {arm} against {against}; {other} has no such.").format(
            claim=claim,
            study=entry.study,
            arm=entry.arm,
            against=entry.against,
            other=facts["name"],
        )
    )


def _side(arm: "ArmResult") -> stored.Side:
    if arm.test is None:
        raise InputError(_("The test images of arm {arm} are not opened yet.").format(arm=arm.name))
    return stored.Side(
        top1=float(arm.test.mean()),
        parameters=arm.parameters,
        macs=arm.macs,
        seconds=float(arm.seconds.mean()),
    )


def of_runs(claim: str, runs: Sequence[Run]) -> stored.Measured:
    """Take from finished runs what C27 (top-1) or C29 (pointing game) needs.

    Raises:
        InputError: If a run is not finished, lacks what is measured, or two are not comparable.
    """
    take = {"C27": _accuracy, "C29": _pointing}.get(claim)
    if take is None or not runs:
        raise InputError(
            _("The ledger keeps runs for C27 and C29; received {claim} with {count} runs.").format(
                claim=claim, count=len(runs)
            )
        )
    for run in runs:
        if run.status != "done":
            raise InputError(
                _("{path} is not finished; go on with it with --resume.").format(path=run.directory)
            )
    first = runs[0].facts
    recipe = _recipe(runs)
    return stored.Measured(
        claim=claim,
        data=Path(first["data"]["name"]).name,
        date=_day(first),
        machine=_machine(first),
        versions=first["versions"],
        seeds=tuple(run.facts["seed"] for run in runs),
        seconds=round(sum(run.facts["seconds"] for run in runs), 1),
        command=_MADE_BY.get(recipe, f"evrisim claims {claim} --run"),
        recipe=recipe,
        values=take(runs),
    )


def of_waiting() -> stored.Measured:
    """Measure how long training waits for data (C28), now and here."""
    facts = {"machine": machine.describe()}
    return stored.Measured(
        claim="C28",
        data=NOISE,
        date=_day({}),
        machine=_machine(facts),
        versions=machine.versions(),
        seeds=(0,),
        seconds=None,
        command="evrisim claims C28 --run",
        recipe="pause",
        values=waiting.measure(),
    )


def of_depth(claim: str) -> stored.Measured:
    """Watch gradients in deep nets (C13, C15), now and here."""
    from evrisim.data.source import Source

    data = Source(deep.DATA).load()
    values = deep.measure(claim, data.train, len(data.class_names))
    facts = {"machine": machine.describe()}
    return stored.Measured(
        claim=claim,
        data=deep.DATA,
        date=_day({}),
        machine=_machine(facts),
        versions=machine.versions(),
        seeds=tuple(range(deep.SEEDS)),
        seconds=None,
        command=deep.command(claim),
        recipe=f"depth-{deep.DEPTHS[claim]}",
        values={**values, "official": float(data.origin.get("official") is not False)},
    )


def of_forgetting(place: Path) -> stored.Measured:
    """Take from a folder of `evrisim forgetting` what C20 needs."""
    from evrisim.forgetting import opened

    found = opened(place)
    facts = found.facts
    return stored.Measured(
        claim="C20",
        data=facts["data"][0]["name"],
        date=_day(facts),
        machine=_machine(facts),
        versions=facts["versions"],
        seeds=tuple(dict.fromkeys(case.seed for case in found.cases)),
        seconds=None,
        command=facts["command"],
        recipe="rates",
        values={
            **fine_tuning.rates(found),
            "official": float(facts["data"][0]["official"] is not False),
        },
    )


def _accuracy(runs: Sequence[Run]) -> dict[str, Any]:
    first = runs[0].facts
    same = {(run.facts["data"]["content_hash"], str(run.facts["model"])) for run in runs}
    if first["data"]["name"] != "cifar10" or len(same) > 1:
        raise InputError(_("C27 needs runs of one model on the same cifar10."))
    if len({run.facts["seed"] for run in runs}) < len(runs):
        raise InputError(_("Two of the runs have the same seed and count once only."))
    return {
        "top1": tuple(run.facts["metrics"]["top1"]["value"] for run in runs),
        "test_images": first["metrics"]["count"],
        "official": float(bool(first["data"]["origin"].get("official"))),
    }


def _pointing(runs: Sequence[Run]) -> dict[str, Any]:
    if len(runs) != 1:
        raise InputError(_("C29 is measured on one run."))
    (run,) = runs
    found = run.facts.get("explanation") or {}
    if "pointing_game" not in found:
        raise InputError(
            _("{path} was trained on data without object masks, so C29 has no answer.").format(
                path=run.directory
            )
        )
    return {
        "pointing_game": found["pointing_game"],
        "chance": found["pointing_game_chance"],
        "count": found["count"],
        "top1": run.facts["metrics"]["top1"]["value"],
        **pointing.by_method(run),
    }


def _recipe(runs: Sequence[Run]) -> str:
    """Name what made all the runs: recipe and model of ours, whatever the seed; else `own`."""
    made = {_made_by(run.facts) for run in runs}
    return made.pop() if len(made) == 1 else OWN


def _made_by(facts: Mapping[str, Any]) -> str:
    for name, (recipe, changes, options) in _KNOWN.items():
        made = Recipe.load(recipe).with_settings({**changes, "seed": facts["seed"]})
        model = {"name": "convnet", "options": options}
        if (made.model_dump(), model) == (facts["recipe"], facts["model"]):
            return name
    return OWN


def _machine(facts: Mapping[str, Any]) -> stored.Machine:
    return stored.Machine(processor=facts["machine"]["processor"], cores=facts["machine"]["cores"])


def _day(facts: Mapping[str, Any]) -> date:
    started = facts.get("started")
    return (datetime.fromisoformat(started) if started else datetime.now(UTC)).date()


if __name__ == "__main__":
    *given, last = sys.argv[1:]
    print(record([Path(place) for place in given], last))  # noqa: T201
