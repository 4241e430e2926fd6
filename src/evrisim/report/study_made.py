"""The sections of a study's report that say what was done and how to do it again."""

from collections.abc import Mapping
from typing import Any

from evrisim.messages import numbers
from evrisim.messages import translate as _
from evrisim.report.blocks import Block, Heading, Row, Section, Table, Text
from evrisim.report.making import command, meanings, named, plain, surroundings
from evrisim.study import wording
from evrisim.study.design import Study
from evrisim.study.results import Findings
from evrisim.study.settings import differing


def done(facts: Mapping[str, Any], plan: Study, findings: Findings) -> Section:
    """Say what was trained, on what, with which settings, and what was claimed beforehand."""
    blocks: list[Block] = [
        Text(_openings(int(facts.get("test_openings") or 0))),
        Row([[_data(facts, plan)], [_effort(facts)]]),
        Heading(_("Settings")),
        *_settings(findings),
        Heading(_("What was claimed")),
        Text(_("A study names its claims before its first training.")),
        _factors(plan) if plan.factors else _claims(plan),
    ]
    return Section("done", _("What was done"), blocks)


def _openings(count: int) -> str:
    if count == 1:
        return _(
            "The test split was opened once, after the last training: nothing was chosen by it."
        )
    if count > 1:
        return _(
            "The test split has been opened {count} times in this study. Whoever looks, adds seeds "
            "and looks again can choose by luck when to stop: take the verdict with that much more "
            "caution."
        ).format(count=numbers.whole(count))
    return _("The test split has not been opened in this study.")


def _data(facts: Mapping[str, Any], plan: Study) -> Table:
    source = facts.get("source") or {"name": plan.data}
    rows = [(_named(key), plain(value)) for key, value in source.items()]
    return Table(_("Data set"), (_("What"), _("Value")), rows)


def _named(key: str) -> str:
    return _("name") if key == "name" else named(key)


def _effort(facts: Mapping[str, Any]) -> Table:
    seconds = facts.get("seconds") or {}
    rows = [
        (_("budget"), plain(facts.get("budget"))),
        (_("seeds"), ", ".join(str(seed) for seed in facts.get("seeds") or ()) or "–"),
        (_("trainings at once"), plain(facts.get("jobs"))),
        (_("threads of each"), plain(facts.get("threads"))),
        (_("training time, all together"), numbers.duration(seconds.get("training"))),
        (_("time on the clock"), numbers.duration(seconds.get("wall"))),
    ]
    return Table(_("Effort"), (_("What"), _("Value")), rows)


def _settings(findings: Findings) -> list[Block]:
    """Tabulate the settings in which arms differ, one arm a row, and those they share."""
    keys = differing([arm.settings for arm in findings.arms])
    headers = (_("Arm"), *keys)
    rows = [(arm.name, *(plain(arm.settings.get(key)) for key in keys)) for arm in findings.arms]
    blocks: list[Block] = [Table(_("In what the arms differ"), headers, rows)]
    if not keys:
        blocks = [Text(_("The arms have the same settings."), "warning")]
    known = meanings()
    common = [
        (key, plain(value), known.get(key, ""))
        for arm in findings.arms[:1]
        for key, value in arm.settings.items()
        if key not in keys
    ]
    headings = (_("Setting"), _("Value"), _("Meaning"))
    return [*blocks, Table(_("What all arms have in common"), headings, common)]


def _claims(plan: Study) -> Table:
    base = plan.arms[0].name if plan.arms else "–"
    rows = [(arm.name, arm.against or base, wording.claimed(arm.claim)) for arm in plan.arms[1:]]
    headers = (_("Arm"), _("Compared with"), _("Claim about the difference in top-1"))
    return Table(_("Claims"), headers, rows)


def _factors(plan: Study) -> Table:
    rows = [
        (
            factor.setting,
            " · ".join(wording.value(level) for level in factor.levels),
            wording.claimed(factor.claim),
        )
        for factor in plan.factors
    ]
    headers = (
        _("Setting"),
        _("Levels, the base's first"),
        _("Claim about each further level against the first"),
    )
    return Table(_("Claims"), headers, rows)


def repeat(facts: Mapping[str, Any]) -> Section:
    """Give the command, the versions and the machine."""
    blocks = command(
        facts,
        _("This command, with the versions below, makes the same study again:"),
        _("The study was started from Python; data, budget and settings are given above."),
    )
    return Section("repeat", _("How to repeat it"), [*blocks, *surroundings(facts)])
