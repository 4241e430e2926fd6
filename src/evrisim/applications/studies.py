"""The studies of the applications: settled once, their answers as blocks of a page."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from evrisim.applications import data, taken
from evrisim.applications.asked import Asked
from evrisim.applications.parts import picture
from evrisim.messages import translate as _
from evrisim.report.blocks import Block, Row, Text

if TYPE_CHECKING:
    from pathlib import Path

    from evrisim.data.source import Source
    from evrisim.study.design import Study
    from evrisim.study.record import StudyRun
    from evrisim.study.results import Findings
    from evrisim.study.runner import Show

FILTERS, CONDENSING = "filters", "stride-vs-pooling"
MIXING, SEVERITY, POLICIES = "mixing", "severity", "augmentation"
SEPARABLE, PARETO = "separable", "pareto"
STRATEGIES = taken.STUDY


def planned(name: str, asked: Asked) -> "Study":
    """Give a study as the application asks it: of a transfer, with the trunk that is chosen."""
    from evrisim.study import named

    return taken.study(asked) if name == STRATEGIES else named(name)


def source(name: str, asked: Asked) -> "Source":
    """Give the data of a study."""
    from evrisim.data.source import Source

    return taken.source(asked) if name == STRATEGIES else Source(asked.data)


def directory(name: str, asked: Asked) -> "Path":
    """Give the folder of a study."""
    from evrisim import experiments

    usual = experiments.default_directory(
        planned(name, asked), source(name, asked), asked.budget
    ).name
    return asked.out / (f"{usual}-{asked.backbone}" if name == STRATEGIES else usual)


def settle(name: str, asked: Asked, show: "Show") -> "StudyRun":
    """Run what of a study is not done, and judge it."""
    from evrisim import experiments

    return experiments.settle(
        planned(name, asked),
        source(name, asked),
        budget=asked.budget,
        seeds=asked.seeds,
        directory=directory(name, asked),
        jobs=asked.jobs,
        show=show,
    )


def settled(name: str, asked: Asked) -> "StudyRun | None":
    """Give a study if it has been judged, with these settings, on the data as it is now."""
    from evrisim._validate import InputError
    from evrisim.study.record import StudyRun

    try:
        found = StudyRun.open(directory(name, asked))
    except InputError:
        return None
    judged = found.facts["status"] in ("done", "failed")
    return found if judged and _is_current(found, asked) else None


def is_complete(found: "StudyRun", asked: Asked) -> bool:
    """Tell whether a judged study has all that is asked for, so that nothing is left to train."""
    return found.facts["status"] == "done" and asked.seeds in (None, len(found.facts["seeds"]))


def _is_current(found: "StudyRun", asked: Asked) -> bool:
    """Tell whether a study is the one that is asked for: its arms' settings, its data's content."""
    from evrisim.study import settings

    name = found.facts["name"]
    study = planned(name, asked)
    wanted = {arm.name: settings.merged(study, arm, asked.budget) for arm in study.arms}
    arms = {arm["name"]: arm["settings"] for arm in found.facts["arms"]}
    return arms == wanted and all(
        _is_of(found.directory / run, source(name, asked), wanted[place.name])
        for place in found.results()
        for run in place.runs[:1]
    )


def _is_of(run: "Path", of: "Source", chosen: dict[str, Any]) -> bool:
    """Tell whether a run was trained on a source's images, as many as its arm is given."""
    from evrisim.study import settings
    from evrisim.training import Run

    dataset = data.loaded(replace(of, limits=settings.training(chosen).limits))
    return bool(Run.open(run).facts["data"]["content_hash"] == dataset.content_hash())


def missing() -> list[Block]:
    """Say that a study has not been run yet."""
    return [Text(_("It has not been run yet: the button starts that."))]


def answer(found: "StudyRun") -> list[Block]:
    """Show what came out of a study: the verdicts in words, every difference, every arm."""
    from evrisim import plots
    from evrisim.report import study_tables
    from evrisim.study import named

    findings, name = found.findings(), found.facts["name"]
    differences = picture(
        f"{name}-differences",
        plots.differences(findings),
        _("Each difference with its interval, what was claimed, and the verdict."),
        _(
            "A dot is a pair of trainings with the same seed, the bar is where the true "
            "difference probably lies. A claim holds if that is in the shaded region."
        ),
    )
    arms = picture(
        f"{name}-arms",
        plots.arms(findings),
        _("The accuracy of each arm and seed."),
        _("Dots joined by a line are trainings with the same seed."),
    )
    blocks: list[Block] = [
        Text(named(name).question, "lead"),  # of facts, it would be in the language it was run in
        *_taste(found),
        Row([_sentences(found, findings), [differences]]),
        Row([[arms], [*_together(found, findings)]]),
        study_tables.accuracy(findings),
        study_tables.cost(findings),
    ]
    return blocks


def _taste(found: "StudyRun") -> list[Block]:
    if found.facts["budget"] != "smoke":
        return []
    said = _("With the budget smoke hardly anything is trained: this answer means nothing.")
    return [Text(said, "warning")]


def _sentences(found: "StudyRun", findings: "Findings") -> list[Block]:
    """Say of each comparison what was found, and below it how far to trust that."""
    from evrisim.study import sentences

    blocks: list[Block] = []
    for said, notes in sentences.paragraphs(findings, found.study):
        blocks.append(Text(said, "reading"))
        if notes:
            blocks.append(Text(notes))
    return blocks


def _together(found: "StudyRun", findings: "Findings") -> list[Block]:
    """Show how two factors act together, where there are two."""
    from evrisim import plots

    plan = found.study
    if len(plan.factors) < 2:
        return []
    return [
        picture(
            f"{plan.name}-effects",
            plots.effects(findings, plan),
            _("The mean accuracy by both settings."),
            _("Parallel lines: each setting does the same whatever the other one is."),
        )
    ]
