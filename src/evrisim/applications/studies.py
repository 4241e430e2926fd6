"""The studies of the first application: settled once, their answers as blocks of a page."""

from typing import TYPE_CHECKING, Any

from evrisim.applications.asked import Asked
from evrisim.messages import translate as _
from evrisim.report.blocks import Block, Picture, Text

if TYPE_CHECKING:
    from pathlib import Path

    from evrisim.experiments import StudyRun

FILTERS, CONDENSING = "filters", "stride-vs-pooling"


def directory(name: str, asked: Asked) -> "Path":
    """Give the folder of a study."""
    return asked.out / f"{name}-{asked.stem}-{asked.budget}"


def settle(name: str, asked: Asked, show: Any) -> "StudyRun":
    """Run what of a study is not done, and judge it."""
    from evrisim import experiments, study
    from evrisim.workflow import Source

    return experiments.settle(
        study.named(name),
        Source(asked.data),
        budget=asked.budget,
        seeds=asked.seeds,
        directory=directory(name, asked),
        jobs=asked.jobs,
        show=show,
    )


def settled(name: str, asked: Asked) -> "StudyRun | None":
    """Give a study if it is done."""
    from evrisim._validate import InputError

    try:
        from evrisim.experiments import StudyRun

        found = StudyRun.open(directory(name, asked))
    except (ImportError, InputError):
        return None
    return found if found.facts.get("status") == "done" else None


def answer(found: "StudyRun") -> list[Block]:
    """Show what came out of a study: the verdicts in words and as pictures."""
    from evrisim import plots
    from evrisim.report.pictures import drawing
    from evrisim.study import sentences

    findings = found.findings()
    name = found.facts["name"]
    said: list[Block] = [Text(one, "reading") for one in sentences.verdicts(findings)]
    pictures: list[Block] = [
        Picture(
            drawing(f"{name}-differences", plots.differences(findings), _("Each difference.")),
            wide=True,
        ),
        Picture(drawing(f"{name}-arms", plots.arms(findings), _("Each arm and seed.")), wide=True),
    ]
    return [*said, *pictures]


def missing() -> list[Block]:
    """Say that a study has not been run yet."""
    return [Text(_("It has not been run yet: the button starts that."))]
