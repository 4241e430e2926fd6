"""A question settled: its study run, the test split opened, the report written."""

from pathlib import Path

from evrisim import _files
from evrisim.data import sources
from evrisim.data.source import Source
from evrisim.messages import translate as _
from evrisim.report.study import write_study_report
from evrisim.study import record, runner
from evrisim.study.design import Study
from evrisim.study.plan import Order
from evrisim.study.record import StudyRun
from evrisim.study.results import Findings
from evrisim.study.runner import Show, quiet
from evrisim.study.sentences import sentences
from evrisim.study.verdict import to_json


def settle(
    study: Study,
    source: Source | None = None,
    *,
    budget: str = "quick",
    seeds: int | None = None,
    directory: Path | None = None,
    jobs: int | None = None,
    show: Show = quiet,
) -> StudyRun:
    """Run a study as far as it is not done, open its test split once, and write its report.

    Args:
        study: The question with its arms.
        source: The data; None for the study's own.
        budget: `smoke` (seconds: to see that it runs), `quick` (minutes) or `full`.
        seeds: How many paired seeds; None for the study's number.
        directory: Of the study; None for `runs/<study>-<data>-<budget>`.
        jobs: How many trainings run at a time; None for one a core.
        show: Called with a `runner.Progress`.

    Returns:
        The study with status `done`, or `failed` where trainings failed (the others are judged).

    Raises:
        InputError: If a setting is wrong, or the directory holds something else.
    """
    source = source or Source(study.data)
    directory = directory or default_directory(study, source, budget)
    order = Order(study, source, budget, seeds)
    return _reported(runner.run(order, directory, jobs=jobs, show=show, then_open_test=True))


def report(found: StudyRun, *, jobs: int | None = None, show: Show = quiet) -> StudyRun:
    """Open the test split of a study's finished trainings, once, and write its report.

    Raises:
        InputError: If no training is finished.
    """
    return _reported(runner.open_test(found, jobs=jobs, show=show))


def _reported(found: StudyRun) -> StudyRun:
    if found.study.timed:
        found = _timed(found)
    findings, study = found.findings(), found.study
    _files.write_json(found.directory / "results.json", to_json(findings))
    failed = any(arm.failed for arm in findings.arms)
    complete = all(len(arm.seeds) == len(found.facts["seeds"]) for arm in findings.arms)
    status = "done" if complete else "failed" if failed else "unfinished"
    found = found.updated(status=status)
    write_study_report(
        found.directory / "report.html",
        found.facts,
        study,
        findings,
        answers(found, findings),
        found.courses(),
    )
    return found


def _timed(found: StudyRun) -> StudyRun:
    """Measure the latency of every arm's model, once: all in turn, when all are there."""
    arms = found.facts["arms"]
    if all("latency" in arm for arm in arms):
        return found
    runs = [record.open_run(found.directory / next(iter(arm["runs"].values()))) for arm in arms]
    if not all(run and run.facts["status"] in record.TRAINED for run in runs):
        return found
    from evrisim import cost

    models = {arm["name"]: run.model() for arm, run in zip(arms, runs, strict=True) if run}
    measured = cost.latencies(models)
    timed = [
        {
            **arm,
            "latency": {
                str(size): [one.median, one.low, one.high]
                for size, one in measured[arm["name"]].items()
            },
        }
        for arm in arms
    ]
    return found.updated(arms=timed)


def answers(found: StudyRun, findings: Findings) -> list[str]:
    """Say what a study found, and first, if it is so, that it is not finished."""
    told = sentences(findings, found.study)
    done = sum(len(arm.seeds) + len(arm.failed) for arm in findings.arms)
    total = len(findings.arms) * len(found.facts["seeds"])
    if done == total:
        return told
    first = _(
        "Only {done} of {total} trainings are done. What follows is a first look: the verdict is "
        "that of the finished study, whose command goes on where it was."
    ).format(done=done, total=total)
    return [first, *told]


def default_directory(study: Study, source: Source, budget: str) -> Path:
    """Give where a study goes unless told otherwise."""
    return Path("runs") / f"{study.name}-{sources.stem(source.name)}-{budget}"
