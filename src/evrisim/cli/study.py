"""`evrisim study`: list, show, run and report studies."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evrisim._validate import InputError
from evrisim.cli import agreement, heavy, options, study_progress
from evrisim.cli.output import Output
from evrisim.messages import translate as _

if TYPE_CHECKING:
    from evrisim.study.design import Study
    from evrisim.study.record import StudyRun

Which = Annotated[str, typer.Argument(help=_("Name of a study, or a YAML file."))]


def app() -> typer.Typer:
    """Give the group of commands."""
    group = typer.Typer(
        help=_("Questions settled by experiment: paired seeds, intervals, a verdict."),
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    for name, function in (
        ("list", list_studies),
        ("show", show_study),
        ("run", run_study),
        ("report", report_study),
        ("agree", agreement.agree_studies),
    ):
        options.add(group, name, function)
    return group


def list_studies(
    json: options.Json = False, quiet: options.Quiet = False, lang: options.Lang = None
) -> None:
    """List the studies that come with evrisim."""
    from evrisim.study.shipped import NAMES, named

    output = options.output(json, quiet)
    studies = [named(name) for name in NAMES]
    facts = [
        {"name": one.name, "question": one.question, "arms": [arm.name for arm in one.arms]}
        for one in studies
    ]
    rows = [(one.name, len(one.arms), one.question) for one in studies]
    output.result(facts, output.table((_("study"), _("arms"), _("question")), rows))


def show_study(
    study: Which,
    budget: Annotated[
        str, typer.Option("--budget", "-b", help=_("smoke, quick or full."))
    ] = "quick",
    json: options.Json = False,
    quiet: options.Quiet = False,
    lang: options.Lang = None,
) -> None:
    """Show a study: its question, its arms with their settings, what is claimed."""
    from evrisim.study import settings
    from evrisim.study.record import claim_facts, factor_facts

    output = options.output(json, quiet)
    plan = find(study)
    merged = {arm.name: settings.merged(plan, arm, budget) for arm in plan.arms}
    keys = settings.differing(list(merged.values()))
    varied = {
        name: {key: value for key, value in chosen.items() if key in keys}
        for name, chosen in merged.items()
    }
    first = merged[plan.arms[0].name]
    common = {key: value for key, value in first.items() if key not in keys}
    facts = {
        "name": plan.name,
        "question": plan.question,
        "data": plan.data,
        "seeds": plan.seeds,
        "budget": budget,
        "common": common,
        "arms": [
            {
                "name": arm.name,
                "settings": varied[arm.name],
                "against": arm.against,
                "claim": claim_facts(arm.claim),
            }
            for arm in plan.arms
        ],
        "factors": factor_facts(plan.factors),
    }
    output.result(facts, _shown(plan, varied, common))


def run_study(
    study: Which,
    data: Annotated[
        str | None, typer.Option("--data", "-d", help=_("Other data: a name or a folder."))
    ] = None,
    budget: Annotated[
        str, typer.Option("--budget", "-b", help=_("smoke, quick or full."))
    ] = "quick",
    seeds: Annotated[
        int | None, typer.Option("--seeds", "-n", help=_("How many paired seeds; default 6."))
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", help=_("Trainings at a time; default one a core.")),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help=_("Folder of the study; default runs/STUDY-DATA-BUDGET.")),
    ] = None,
    data_dir: options.DataDir = None,
    size: options.Size = None,
    policy: options.Policy = None,
    skip_broken: options.SkipBroken = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    lang: options.Lang = None,
) -> None:
    """Train every arm with every seed, judge them and write a report.

    What is trained already is not trained again: the same command goes on where a stopped one was.
    """
    from evrisim import experiments
    from evrisim.data import sources
    from evrisim.data.source import Source

    output = options.output(json, quiet)
    plan = find(study)
    sources.check_source(data or plan.data)
    source = Source(
        data or plan.data,
        data_dir=str(data_dir) if data_dir else None,
        reading=options.reading(size, policy, skip_broken),
    )
    directory = out or experiments.default_directory(plan, source, budget)
    output.note(_("{question} ({path})").format(question=plan.question, path=directory))
    with study_progress.shown(output) as show:
        found = experiments.settle(
            plan, source, budget=budget, seeds=seeds, directory=directory, jobs=jobs, show=show
        )
    tell(output, found)


def report_study(
    study: Annotated[Path, typer.Argument(help=_("Folder of a study."))],
    json: options.Json = False,
    quiet: options.Quiet = False,
    lang: options.Lang = None,
) -> None:
    """Judge a study's finished trainings and write its report anew."""
    from evrisim import experiments
    from evrisim.study.record import StudyRun

    output = options.output(json, quiet)
    opened = StudyRun.open(study)
    with study_progress.shown(output) as show:
        found = experiments.report(opened, show=show)
    tell(output, found)


def find(study: str) -> "Study":
    """Give a study by its name, or from a file.

    Raises:
        InputError: If there is neither, or something in the file is wrong.
    """
    from evrisim.study import reading
    from evrisim.study.shipped import NAMES, named

    if Path(study).suffix in (".yaml", ".yml"):
        return reading.load(study, prepare=heavy.load)
    if study not in NAMES and Path(study).exists():
        raise InputError(
            _("{path} is not a study file: its name must end in .yaml or .yml.").format(path=study)
        )
    return named(study)


def tell(output: Output, found: "StudyRun") -> None:
    """Print what a study found: a table of the arms, then each answer in words."""
    from evrisim import experiments
    from evrisim.study.verdict import to_json

    findings = found.findings()
    told = experiments.answers(found, findings)
    facts: dict[str, Any] = {
        "directory": str(found.directory),
        "study": found.facts,
        "findings": to_json(findings),
        "sentences": told,
    }
    lines = study_progress.table(output, findings)
    path = found.directory / "report.html"
    output.result(facts, [*lines, "", *told, _("Report: {path}").format(path=path)])


def _shown(plan: "Study", varied: dict[str, dict[str, Any]], common: dict[str, Any]) -> list[str]:
    lines = [plan.question, ""]
    for arm in plan.arms:
        changed = ", ".join(f"{key}={value}" for key, value in varied[arm.name].items())
        against = arm.against or plan.arms[0].name
        if arm is plan.arms[0]:
            lines.append(_("{arm} (the base): {settings}").format(arm=arm.name, settings=changed))
        else:
            lines.append(
                _("{arm}, against {against}: {settings}").format(
                    arm=arm.name, against=against, settings=changed
                )
            )
    everything = ", ".join(f"{key}={value}" for key, value in common.items())
    return [*lines, _("all arms: {settings}").format(settings=everything)]
